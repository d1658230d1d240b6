//! Accounts with limits: flat ones, tiers by copies, and limits of the server's own.

use std::collections::BTreeMap;

use evctl::jetstream::server::OwnLimits;
use serde_json::{Map, Value, json};

use super::dice::Dice;
use super::judge::{Judge, consumer_case, stream_case};
use super::{cases, consumers, streams};
use crate::servers::nats::Nats;
use crate::servers::nats_operator::Operator;
use crate::servers::nats_wire::Wire;

const FLAT: &str = "accounts { A { users: [{user: a, password: a}], jetstream {
    max_mem: 10000, max_store: 20000, max_streams: 9, max_consumers: 5, max_ack_pending: 300,
    mem_max_stream_bytes: 4000, store_max_stream_bytes: 6000 } } }";

const REQUIRED: &str = "accounts { A { users: [{user: a, password: a}], jetstream {
    max_mem: 10000, max_store: 20000, max_bytes_required: true } } }";

/// An account that is nearly full now and then.
pub(super) fn flat(version: &str) {
    for (salt, config) in [FLAT, REQUIRED].into_iter().enumerate() {
        let nats = Nats::start_version_with(version, config);
        let mut judge = Judge::new(Wire::connect(&nats.url_with("a", "a")));
        filling(&mut judge, salt);
    }
}

/// An account with tiers for one copy and for three.
pub(super) fn tiers(version: &str) {
    let operator = Operator::new();
    let tier = |bytes: i64, streams: i64| {
        json!({"mem_storage": bytes, "disk_storage": bytes * 2, "streams": streams,
            "consumer": 4, "max_ack_pending": 200, "mem_max_stream_bytes": 3000})
    };
    let limits = json!({"tiered_limits": {"R1": tier(10_000, 8), "R3": tier(5000, 4)}});
    let nats = Nats::start_version_with(version, &operator.config_with(&limits));
    let wire = Wire::connect_bearer(&nats.url(), &operator.user(true).jwt);
    filling(&mut Judge::new(wire), 2);
}

/// Streams that come and go, so that the account is now full and now empty.
fn filling(judge: &mut Judge, salt: usize) {
    judge.counts = true;
    judge.least = 12;
    judge.keep(&json!({"name": "ANCHOR", "subjects": ["anchor"], "max_bytes": 1}));
    let mut kept: Vec<String> = Vec::new();
    for case in cases() {
        let mut dice = Dice::new(case * 8 + u64::try_from(salt).expect("a small number"));
        judge.look_again();
        let name = format!("C{case}x{salt}");
        let config = sized(&mut dice, &name);
        if dice.percent(40) && kept.len() < 12 {
            if judge.try_keep(case, &config) {
                kept.push(name);
            }
            continue;
        }
        if !kept.is_empty() && dice.percent(35) {
            let at = dice.below(kept.len());
            judge.drop_kept(&kept.remove(at));
            judge.look_again();
        }
        let mut changed = if dice.percent(50) {
            sized(&mut dice, &name)
        } else {
            streams::changed(&mut dice, &config, &name)
        };
        if dice.percent(60)
            && let Some(storage) = config.get("storage")
        {
            changed.insert("storage".to_owned(), storage.clone());
        }
        stream_case(judge, case, &config, &changed);
    }
    judge.verdict();
}

/// A stream that says how large it gets.
fn sized(dice: &mut Dice, name: &str) -> Map<String, Value> {
    let mut config = if dice.percent(15) { streams::config(dice, name) } else { Map::new() };
    config.insert("name".to_owned(), json!(name));
    config.insert("subjects".to_owned(), json!([format!("s.{name}")]));
    let bytes = dice.pick(&[-1, 0, 1, 1000, 2000, 3000, 4000, 4001, 6000, 6001, 9999, 20_001]);
    config.insert("max_bytes".to_owned(), json!(bytes));
    config.insert("storage".to_owned(), json!(dice.pick(&["file", "memory"])));
    if dice.percent(20) {
        config.insert("max_consumers".to_owned(), json!(dice.pick(&[-1, 4, 5, 6])));
    }
    if dice.percent(20) {
        config.insert("num_replicas".to_owned(), json!(dice.pick(&[1, 2, 3])));
    }
    config
}

/// Limits that only the server's configuration says; the API does not tell them.
pub(super) fn own(version: &str) {
    let config = "jetstream { max_memory_store: 8TB, max_file_store: 8TB, limits {
        duplicate_window: \"45s\", max_ack_pending: 700, max_request_batch: 50 } }";
    let nats = Nats::start_version_with(version, config);
    let mut judge = Judge::new(nats.wire());
    judge.server.own =
        OwnLimits { duplicate_window: 45_000_000_000, max_ack_pending: 700, max_request_batch: 50 };
    judge.keep(&json!({"name": "ANCHOR", "subjects": ["anchor"]}));
    judge.keep(&json!({"name": "LIMITS", "subjects": ["w.>"], "storage": "memory"}));
    let none = BTreeMap::new();
    for case in cases() {
        let mut dice = Dice::new(case * 8 + 3);
        let name = format!("C{case}");
        if dice.percent(50) {
            let config = streams::config(&mut dice, &name);
            let changed = streams::changed(&mut dice, &config, &name);
            stream_case(&mut judge, case, &config, &changed);
        } else {
            let config = consumers::config(&mut dice, &name);
            let changed = consumers::changed(&mut dice, &config);
            consumer_case(&mut judge, case, ("LIMITS", &none), &config, &changed);
        }
    }
    judge.verdict();
}
