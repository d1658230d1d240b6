//! Draws of consumer configurations: near to valid, and at the edges of each rule.

use serde_json::{Map, Value, json};

use super::dice::Dice;

const BAD: usize = 12;
const MS: i64 = 1_000_000;
const S: i64 = 1_000_000_000;

/// Draws a value for a field.
type Draw = fn(&mut Dice) -> Value;

/// A configuration with a few fields said, mostly a durable one.
pub(super) fn config(dice: &mut Dice, name: &str) -> Map<String, Value> {
    let mut config = Map::new();
    let named = if dice.percent(88) { "durable_name" } else { "name" };
    config.insert(named.to_owned(), json!(name));
    if dice.percent(60) {
        config.insert("ack_policy".to_owned(), json!("explicit"));
    }
    if dice.percent(40) {
        config.insert("deliver_subject".to_owned(), json!(format!("d.{name}")));
    }
    for _ in 0..dice.below(6) {
        say(dice, &mut config);
    }
    config
}

/// Another configuration for the same consumer, that says something else in a field or a few.
pub(super) fn changed(dice: &mut Dice, config: &Map<String, Value>) -> Map<String, Value> {
    let mut changed = config.clone();
    for _ in 0..=dice.below(3) {
        let names = ["durable_name", "name"];
        let said: Vec<String> =
            changed.keys().filter(|key| !names.contains(&key.as_str())).cloned().collect();
        if !said.is_empty() && dice.percent(30) {
            let gone = dice.pick(&said).clone();
            changed.remove(&gone);
        } else if !said.is_empty() && dice.percent(40) {
            let again = dice.pick(&said).clone();
            if let Some((field, draw)) = MENU.iter().find(|(field, _)| *field == again) {
                changed.insert((*field).to_owned(), draw(dice));
            }
        } else {
            say(dice, &mut changed);
        }
    }
    changed
}

fn say(dice: &mut Dice, config: &mut Map<String, Value>) {
    let (field, draw) = dice.pick(MENU);
    config.insert((*field).to_owned(), draw(dice));
    let with: &[(&str, Value)] = match *field {
        "flow_control" => &[("idle_heartbeat", json!(S)), ("deliver_subject", json!("d.flow"))],
        "backoff" => &[("ack_policy", json!("explicit"))],
        "opt_start_seq" => &[("deliver_policy", json!("by_start_sequence"))],
        "opt_start_time" => &[("deliver_policy", json!("by_start_time"))],
        "priority_policy" => &[("priority_groups", json!(["a"]))],
        "priority_groups" => &[("priority_policy", json!("overflow"))],
        _ => return,
    };
    for (field, value) in with {
        if dice.percent(70) {
            config.insert((*field).to_owned(), value.clone());
        }
    }
}

const MENU: &[(&str, Draw)] = &[
    ("description", |dice| {
        let long = "d".repeat(4097);
        json!(dice.mostly(&["", "a", "some words"], 5, &[long.as_str()]))
    }),
    ("deliver_policy", |dice| {
        let usual =
            ["all", "last", "new", "by_start_sequence", "by_start_time", "last_per_subject"];
        json!(dice.mostly(&usual, 5, &["", "All"]))
    }),
    ("opt_start_seq", |dice| json!(dice.mostly(&[0, 1, 7], 4, &[-1]))),
    ("opt_start_time", |dice| {
        let usual = ["2026-01-01T00:00:00Z", "2026-01-01T02:00:00+02:00", "2026-01-01T00:00:00.5Z"];
        json!(dice.mostly(&usual, 5, &["yesterday"]))
    }),
    ("ack_policy", |dice| {
        json!(dice.mostly(
            &["none", "all", "explicit", "explicit", "flow_control"],
            4,
            &["", "some"]
        ))
    }),
    ("ack_wait", |dice| json!(dice.mostly(&[0, 1, S, 30 * S, 3600 * S], BAD, &[-1, -S]))),
    ("max_deliver", count),
    ("backoff", |dice| {
        dice.mostly(
            &[json!([]), json!([S]), json!([S, 5 * S]), json!([S, 2 * S, 3 * S])],
            BAD,
            &[json!([-1]), json!([S, -S]), json!([0]), json!("1s")],
        )
        .clone()
    }),
    ("filter_subject", |dice| json!(filter(dice))),
    ("filter_subjects", |dice| {
        let count = dice.below(4);
        json!((0..count).map(|_| filter(dice)).collect::<Vec<_>>())
    }),
    ("replay_policy", |dice| json!(dice.mostly(&["instant", "original"], 5, &["", "Instant"]))),
    ("rate_limit_bps", |dice| json!(dice.mostly(&[0, 1, 1_000_000], 4, &[-1]))),
    ("sample_freq", |dice| {
        json!(dice.mostly(&["", "30", "100%", "0", "250"], 15, &["x", "-1", "30%%", "1.5", " 5"]))
    }),
    ("max_waiting", |dice| json!(dice.mostly(&[0, 1, 512, 1000], BAD, &[-1]))),
    ("max_ack_pending", |dice| json!(dice.mostly(&[0, -1, 1, 100, 1000, 5000], BAD, &[-2, -7]))),
    ("flow_control", |dice| json!(!dice.percent(25))),
    ("idle_heartbeat", |dice| {
        json!(dice.mostly(&[0, 100 * MS, S, 5 * S], BAD, &[-1, 1, 100 * MS - 1]))
    }),
    ("headers_only", |dice| json!(!dice.percent(25))),
    ("max_batch", |dice| json!(dice.mostly(&[0, 1, 100], BAD, &[-1]))),
    ("max_expires", |dice| json!(dice.mostly(&[0, MS, S, 60 * S], BAD, &[-1, 1, MS - 1]))),
    ("max_bytes", |dice| json!(dice.mostly(&[0, 1, 1024], BAD, &[-1]))),
    ("deliver_subject", |dice| {
        json!(dice.mostly(
            &["d.one", "d.two", ""],
            20,
            &["d.*", "d.>", "d..x", "wLIMITS.a.b", "d x"]
        ))
    }),
    ("deliver_group", |dice| json!(dice.pick(&["", "g", "other"]))),
    ("inactive_threshold", |dice| {
        json!(dice.mostly(&[0, S, 30 * S, 60 * S, 3600 * S], BAD, &[-1]))
    }),
    ("num_replicas", |dice| json!(dice.mostly(&[0, 0, 1], BAD, &[-1, 2, 3]))),
    ("mem_storage", |dice| json!(!dice.percent(25))),
    ("metadata", |dice| {
        let large = "m".repeat(128 * 1024);
        dice.mostly(
            &[json!({}), json!({"a": "b"}), Value::Null],
            6,
            &[json!({"a": 1}), json!({"a": large})],
        )
        .clone()
    }),
    ("pause_until", |dice| {
        let usual = ["2020-01-01T00:00:00Z", "2100-01-01T00:00:00Z", "2100-01-01T02:00:00+02:00"];
        json!(dice.mostly(&usual, 5, &["never"]))
    }),
    ("priority_policy", |dice| {
        let usual = ["none", "overflow", "pinned_client", "prioritized"];
        json!(dice.mostly(&usual, 5, &["", "x"]))
    }),
    ("priority_groups", |dice| {
        dice.mostly(
            &[json!([]), json!(["a"]), json!(["a", "b"]), json!(["a/b_c=-1"])],
            20,
            &[json!([""]), json!(["a b"]), json!(["abcdefghijklmnopq"]), json!(["a."])],
        )
        .clone()
    }),
    ("priority_timeout", |dice| json!(dice.mostly(&[0, S, 120 * S], BAD, &[-1]))),
    ("direct", |dice| json!(dice.percent(15))),
    ("no_such_field", |dice| if dice.percent(30) { json!(1) } else { json!(null) }),
    ("max_deliver", |dice| dice.pick(&[json!("1"), json!(1.5), json!(true), Value::Null]).clone()),
    ("Ack_Wait", |_| json!(7 * S)),
];

fn count(dice: &mut Dice) -> Value {
    json!(dice.mostly(&[-1, 0, 1, 2, 5, 100], BAD, &[-2, -7]))
}

/// The streams of the consumers have subjects under `w`.
fn filter(dice: &mut Dice) -> String {
    (*dice.mostly(
        &["w.a", "w.b", "w.*", "w.>", "w.a.b", "w.*.b", "w.a.*", "other.x", ""],
        8,
        &["w..a", "w a", "w.>.a", "."],
    ))
    .to_owned()
}
