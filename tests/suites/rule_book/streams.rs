//! Draws of stream configurations: near to valid, and at the edges of each rule.

use serde_json::{Map, Value, json};

use super::dice::Dice;

/// How many of a hundred draws of a field are out of bounds.
const BAD: usize = 12;
const MS: i64 = 1_000_000;
const S: i64 = 1_000_000_000;

/// Draws a value for a field. The text is the stream's name, of which its subjects are made.
type Draw = fn(&mut Dice, &str) -> Value;

/// A configuration with a few fields said.
pub(super) fn config(dice: &mut Dice, name: &str) -> Map<String, Value> {
    let mut config = Map::new();
    config.insert("name".to_owned(), json!(name));
    // Memory is fast; what is drawn below may say otherwise.
    if dice.percent(60) {
        config.insert("storage".to_owned(), json!("memory"));
    }
    if dice.percent(50) {
        let subjects = subjects(dice, name);
        config.insert("subjects".to_owned(), subjects);
    }
    for _ in 0..dice.below(6) {
        say(dice, &mut config, name);
    }
    config
}

/// Another configuration for the same stream, that says something else in a field or a few.
pub(super) fn changed(
    dice: &mut Dice,
    config: &Map<String, Value>,
    name: &str,
) -> Map<String, Value> {
    let mut changed = config.clone();
    for _ in 0..=dice.below(3) {
        let said: Vec<String> = changed.keys().filter(|key| *key != "name").cloned().collect();
        if !said.is_empty() && dice.percent(30) {
            let gone = dice.pick(&said).clone();
            changed.remove(&gone);
        } else if !said.is_empty() && dice.percent(40) {
            // The same field otherwise.
            let again = dice.pick(&said).clone();
            if let Some((field, draw)) = MENU.iter().find(|(field, _)| *field == again) {
                let value = draw(dice, name);
                changed.insert((*field).to_owned(), value);
            }
        } else {
            say(dice, &mut changed, name);
        }
    }
    // Sealing is for updates alone, and rare.
    if dice.percent(3) {
        changed.insert("sealed".to_owned(), json!(true));
    }
    changed
}

fn say(dice: &mut Dice, config: &mut Map<String, Value>, name: &str) {
    let (field, draw) = dice.pick(MENU);
    let value = draw(dice, name);
    config.insert((*field).to_owned(), value);
    // What goes together is drawn together more often than by chance.
    let with: &[(&str, Value)] = match *field {
        "discard_new_per_subject" => {
            &[("discard", json!("new")), ("max_msgs_per_subject", json!(3))]
        }
        "opt" => &[],
        _ => return,
    };
    for (field, value) in with {
        if dice.percent(80) {
            config.insert((*field).to_owned(), value.clone());
        }
    }
}

const MENU: &[(&str, Draw)] = &[
    ("description", |dice, _| {
        let long = "d".repeat(4097);
        json!(dice.mostly(&["", "a", "some words"], 5, &[long.as_str()]))
    }),
    ("subjects", subjects),
    ("subjects", subjects),
    ("retention", |dice, _| {
        json!(dice.mostly(&["limits", "interest", "workqueue"], 4, &["Limits", "", "work"]))
    }),
    ("max_consumers", limit),
    ("max_msgs", limit),
    ("max_bytes", |dice, _| {
        json!(dice.mostly(&[-1_i64, 0, 1, 1024, 1 << 20], BAD, &[-7, 1_i64 << 40]))
    }),
    ("max_msgs_per_subject", limit),
    ("max_msg_size", |dice, _| {
        json!(dice.mostly(
            &[-1_i64, 0, 1, 500, 1000, 1024],
            BAD,
            &[-7, 1_i64 << 31, -(1_i64 << 31)]
        ))
    }),
    ("max_age", age),
    ("max_age", age),
    ("discard", |dice, _| json!(dice.mostly(&["old", "new"], 10, &["NEW", "Old", "", "none"]))),
    ("discard_new_per_subject", flag),
    ("storage", |dice, _| json!(dice.mostly(&["file", "memory"], 4, &["", "File", "disk"]))),
    ("num_replicas", |dice, _| json!(dice.mostly(&[0, 1, 1], BAD, &[-1, 2, 3, 5, 6]))),
    ("no_ack", flag),
    ("duplicate_window", |dice, _| {
        json!(dice.mostly(
            &[0, 100 * MS, S, 30 * S, 120 * S, 300 * S],
            BAD,
            &[-1, 1, 100 * MS - 1, -S]
        ))
    }),
    ("placement", placement),
    ("mirror", |dice, name| {
        let mut mirror = source(dice, name);
        // In the server's memory an empty list is not none until it restarts, and no one can see it.
        if mirror["subject_transforms"] == json!([]) {
            mirror["subject_transforms"] = Value::Null;
        }
        mirror
    }),
    ("sources", sources),
    ("sources", sources),
    ("compression", |dice, _| json!(dice.mostly(&["none", "s2"], 5, &["gzip", "S2", ""]))),
    ("first_seq", |dice, _| json!(dice.mostly(&[0, 1, 100], 3, &[-1]))),
    ("subject_transform", |dice, name| transform(dice, name)),
    ("republish", republish),
    ("republish", republish),
    ("allow_direct", flag),
    ("mirror_direct", |dice, _| json!(dice.percent(25))),
    ("sealed", |dice, _| json!(dice.percent(20))),
    ("deny_delete", flag),
    ("deny_purge", flag),
    ("allow_rollup_hdrs", flag),
    ("consumer_limits", |dice, _| {
        let idle = *dice.pick(&[0, S, 60 * S, -S]);
        let pending = *dice.pick(&[0, 1, 500, 5000, -5]);
        dice.pick(&[
            json!({}),
            json!({"inactive_threshold": idle}),
            json!({"max_ack_pending": pending}),
            json!({"inactive_threshold": idle, "max_ack_pending": pending}),
        ])
        .clone()
    }),
    ("allow_msg_ttl", flag),
    ("subject_delete_marker_ttl", |dice, _| {
        json!(dice.mostly(&[0, S, 60 * S, 3600 * S], BAD, &[-1, 1, S - 1]))
    }),
    ("allow_msg_counter", flag),
    ("allow_atomic", flag),
    ("allow_msg_schedules", flag),
    ("persist_mode", |dice, _| json!(dice.mostly(&["default", "async", "async"], 10, &["", "x"]))),
    ("allow_batched", flag),
    ("metadata", |dice, _| {
        let large = "m".repeat(128 * 1024);
        dice.mostly(
            &[json!({}), json!({"a": "b"}), json!({"a": "b", "_nats.own": "x"}), Value::Null],
            6,
            &[json!({"a": 1}), json!({"a": large}), json!({"a": null}), json!("x")],
        )
        .clone()
    }),
    ("template_owner", |dice, _| json!(dice.mostly(&["", "", ""], 20, &["t"]))),
    ("no_such_field", |dice, _| if dice.percent(30) { json!(1) } else { json!(null) }),
    ("Max_Msgs", |_, _| json!(7)),
    ("consumer_limits", |_, _| json!({"no_such_limit": 1})),
    ("max_msgs", |dice, _| {
        dice.pick(&[json!("1"), json!(1.5), json!(true), json!([1]), Value::Null]).clone()
    }),
];

fn flag(dice: &mut Dice, _: &str) -> Value {
    json!(!dice.percent(25))
}

fn limit(dice: &mut Dice, _: &str) -> Value {
    json!(dice.mostly(&[-1, 0, 1, 5, 1_000_000], BAD, &[-2, -7, i64::MIN, i64::MAX]))
}

fn age(dice: &mut Dice, _: &str) -> Value {
    let usual = [0, 100 * MS, S, 60 * S, 120 * S, 86_400 * S, 10 * 365 * 86_400 * S];
    json!(dice.mostly(&usual, BAD, &[-1, -S, 1, 100 * MS - 1]))
}

fn subjects(dice: &mut Dice, name: &str) -> Value {
    let one = |dice: &mut Dice| {
        let tail = *dice.mostly(
            &["", ".a", ".b", ".c.d", ".*", ".>", ".*.x", ".x.*"],
            6,
            &[".", "..a", ".a b", ".>.a", ".\t"],
        );
        match dice.below(40) {
            0 => ">".to_owned(),
            1 => "$JS.>".to_owned(),
            2 => "$JS.EVENT.>".to_owned(),
            3 => format!("$SYS.{name}"),
            4 => format!("$SYS.ACCOUNT.{name}"),
            5 => "taken.one".to_owned(),
            6 => "*".to_owned(),
            7 => "$NRG.x".to_owned(),
            8 => String::new(),
            _ => format!("s.{name}{tail}"),
        }
    };
    let count = *dice.pick(&[0, 1, 1, 1, 1, 2, 2, 3]);
    (0..count).map(|_| one(dice)).collect::<Vec<_>>().into()
}

fn placement(dice: &mut Dice, _: &str) -> Value {
    dice.mostly(
        &[
            json!({}),
            json!({"cluster": "C1"}),
            json!({"tags": ["a", "b"]}),
            json!({"cluster": "", "tags": []}),
            json!({"tags": ["b", "a"], "cluster": "X"}),
        ],
        BAD,
        &[json!({"preferred": "n1"}), json!({"preferred": ""}), json!({"zone": 1}), json!(1)],
    )
    .clone()
}

/// Streams that are there: `TAKEN` with subject `taken.>`, `LARGE` and `SMALL` by their messages.
const ORIGINS: &[&str] = &["TAKEN", "LARGE", "SMALL", "ABSENT"];

fn source(dice: &mut Dice, own: &str) -> Value {
    let mut source = Map::new();
    let others = ["", "a.b", "RING", "a/b", own];
    source.insert("name".to_owned(), json!(dice.mostly(ORIGINS, 12, &others)));
    for _ in 0..dice.below(3) {
        let (field, value) = match dice.below(8) {
            0 => ("opt_start_seq", json!(dice.mostly(&[0, 1, 5], 10, &[-1]))),
            1 => (
                "opt_start_time",
                json!(dice.mostly(
                    &["2026-01-01T00:00:00Z", "2026-01-01T02:00:00.500+02:00"],
                    10,
                    &["2026-01-01", "2026-01-01T00:00:00.123456789Z"]
                )),
            ),
            2 => (
                "filter_subject",
                json!(dice.mostly(
                    &["taken.a", "taken.*", "", ">", "large.x"],
                    15,
                    &["a..b", "a b"]
                )),
            ),
            3 | 4 => {
                let count = dice.below(3);
                let pairs: Vec<Value> = (0..count).map(|_| transform(dice, "taken")).collect();
                ("subject_transforms", json!(pairs))
            }
            5 => ("external", external(dice)),
            6 => (
                "consumer",
                dice.pick(&[
                    json!({"name": "C", "deliver_subject": "d.x"}),
                    json!({"name": "C"}),
                    json!({"name": "C.x", "deliver_subject": "d.x"}),
                    json!({"name": "C", "deliver_subject": "d.*"}),
                    json!({}),
                ])
                .clone(),
            ),
            _ => ("no_such_field", json!(1)),
        };
        if field != "no_such_field" || dice.percent(10) {
            source.insert(field.to_owned(), value);
        }
    }
    Value::Object(source)
}

fn external(dice: &mut Dice) -> Value {
    dice.mostly(
        &[
            json!({"api": "$JS.other.API", "deliver": "d.other"}),
            json!({"api": "$JS.other.API", "deliver": ""}),
            json!({"api": "", "deliver": ""}),
            json!({}),
        ],
        25,
        &[
            json!({"api": "$JS.API", "deliver": "d"}),
            json!({"api": "a.*", "deliver": "d"}),
            json!({"api": "a", "deliver": "d.>"}),
            json!({"api": "$JS.*", "deliver": "d"}),
        ],
    )
    .clone()
}

fn sources(dice: &mut Dice, own: &str) -> Value {
    let count = *dice.pick(&[0, 1, 1, 1, 2, 2, 3]);
    let mut sources: Vec<Value> = (0..count).map(|_| source(dice, own)).collect();
    if dice.percent(8)
        && let Some(first) = sources.first().cloned()
    {
        sources.push(first);
    }
    if dice.percent(3) {
        sources.push(Value::Null);
    }
    json!(sources)
}

fn transform(dice: &mut Dice, name: &str) -> Value {
    let head = if name == "taken" { name.to_owned() } else { format!("s.{name}") };
    let from = match dice.below(12) {
        0 => String::new(),
        1 => ">".to_owned(),
        2 => "a..b".to_owned(),
        3 | 4 => format!("{head}.*"),
        5 | 6 => format!("{head}.>"),
        7 => format!("{head}.*.*"),
        8 => head,
        _ => format!("{head}.{}", dice.pick(&["a", "b", "c.d"])),
    };
    let to = *dice.pick(&[
        "",
        "t.a",
        "t.$1",
        "t.>",
        "t.{{wildcard(1)}}",
        "t.{{Wildcard(2)}}",
        "t.{{partition(3,1)}}",
        "t.{{partition(3)}}",
        "t.{{random(5)}}",
        "t.{{split(1,-)}}",
        "t.{{splitfromleft(1,2)}}",
        "t.{{left(1,2)}}.>",
        "t.{{nope(1)}}",
        "t.{{wildcard()}}",
        "t.{{wildcard(x)}}",
        "t.{{slicefromright(1)}}",
        "t..a",
        "t.*",
        "t.$x.b",
        ">",
        "t.{{SliceFromLeft(1,2,3)}}",
        "t.{{ wildcard( 1 ) }}",
    ]);
    let mut pair = Map::new();
    pair.insert("src".to_owned(), json!(from));
    pair.insert("dest".to_owned(), json!(to));
    Value::Object(pair)
}

fn republish(dice: &mut Dice, name: &str) -> Value {
    if dice.percent(15) {
        return json!({"src": ">", "dest": ">"});
    }
    let from = match dice.below(6) {
        0 => None,
        1 => Some(String::new()),
        2 => Some(">".to_owned()),
        3 => Some(format!("s.{name}.*")),
        4 => Some("a..b".to_owned()),
        _ => Some(format!("s.{name}.a")),
    };
    let to = dice.pick(&["", "r.>", "r.$1", "r.a", ">", "r.{{wildcard(2)}}", "r.*", "taken.>"]);
    let to = if dice.percent(8) { format!("s.{name}.a") } else { (*to).to_owned() };
    let mut republish = Map::new();
    if let Some(from) = from {
        republish.insert("src".to_owned(), json!(from));
    }
    republish.insert("dest".to_owned(), json!(to));
    if dice.percent(30) {
        republish.insert("headers_only".to_owned(), json!(dice.percent(50)));
    }
    Value::Object(republish)
}
