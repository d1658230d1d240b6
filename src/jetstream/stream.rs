//! The rule book of StreamConfig: what the server fills in and lets change.

use serde_json::{Value, json};

use super::Config;
use super::field::{Field, Rule, Unit, normal as by_table, row};

/// Two minutes, in nanoseconds: the server's duplicate window where nothing shortens it.
const DUPLICATE_WINDOW: i64 = 120_000_000_000;

/// Every field of StreamConfig that evctl compares, in the order in which they are shown.
pub const FIELDS: &[Field] = &[
    row("name", "").rule(Rule::Fixed(10056, "stream name in subject does not match request")),
    row("description", ""),
    row("subjects", ""),
    row("retention", "\"limits\"").rule(Rule::NotWorkqueue(
        10052,
        "stream configuration update can not change retention policy to/from workqueue",
    )),
    row("max_consumers", "-1").unit(Unit::Limit),
    row("max_msgs", "-1").unit(Unit::Limit),
    row("max_bytes", "-1").unit(Unit::Bytes),
    row("max_msgs_per_subject", "-1").unit(Unit::Limit),
    row("max_msg_size", "-1").unit(Unit::Bytes),
    row("max_age", "0").unit(Unit::Nanoseconds),
    row("discard", "\"old\""),
    row("discard_new_per_subject", ""),
    row("storage", "\"file\"")
        .rule(Rule::Fixed(10052, "stream configuration update can not change storage type")),
    row("num_replicas", "1"),
    row("no_ack", ""),
    row("duplicate_window", "").unit(Unit::Nanoseconds),
    row("placement", ""),
    row("mirror", "")
        .rule(Rule::RemovalOnly(10055, "stream mirror configuration can not be updated")),
    row("sources", ""),
    row("compression", "\"none\""),
    row("first_seq", "").rule(Rule::CreateOnly),
    row("subject_transform", ""),
    row("republish", ""),
    row("allow_direct", "false"),
    row("mirror_direct", "false"),
    row("sealed", "false").rule(Rule::NoTurningOff(
        10052,
        "stream configuration update can not unseal a sealed stream",
    )),
    row("deny_delete", "false").rule(Rule::NoTurningOff(
        10052,
        "stream configuration update can not cancel deny message deletes",
    )),
    row("deny_purge", "false")
        .rule(Rule::NoTurningOff(10052, "stream configuration update can not cancel deny purge")),
    row("allow_rollup_hdrs", "false"),
    row("consumer_limits", ""),
    row("allow_msg_ttl", "false")
        .rule(Rule::NoTurningOff(10052, "message TTL status can not be disabled")),
    row("subject_delete_marker_ttl", "").unit(Unit::Nanoseconds),
    row("allow_msg_counter", "").rule(Rule::Fixed(
        10052,
        "stream configuration update can not change message counter setting",
    )),
    row("allow_atomic", ""),
    row("allow_msg_schedules", "")
        .rule(Rule::NoTurningOff(10052, "message schedules can not be disabled")),
    row("persist_mode", "")
        .rule(Rule::Fixed(10052, "stream configuration update can not change persist mode")),
    row("allow_batched", ""),
];

/// The configuration as the server stores it: what is left out filled in, in normal form, without
/// metadata and without what the rule book does not know.
pub fn normal(config: &Config) -> Config {
    let mut stored = by_table(FIELDS, config);
    if stored.get("persist_mode").is_some_and(|mode| mode == "default") {
        stored.remove("persist_mode");
    }
    let replicas_left_out =
        stored.get("num_replicas").is_some_and(|replicas| *replicas == json!(0));
    if replicas_left_out {
        stored.insert("num_replicas".to_owned(), json!(1));
    }
    let copies = stored.contains_key("mirror") || stored.contains_key("sources");
    if !stored.contains_key("subjects")
        && !copies
        && let Some(name) = stored.get("name").cloned()
    {
        stored.insert("subjects".to_owned(), Value::Array(vec![name]));
    }
    if !stored.contains_key("duplicate_window") && !copies {
        let age = stored.get("max_age").and_then(Value::as_i64).filter(|age| *age > 0);
        let window = age.map_or(DUPLICATE_WINDOW, |age| age.min(DUPLICATE_WINDOW));
        stored.insert("duplicate_window".to_owned(), json!(window));
    }
    stored
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn window(config: Value, nanoseconds: Option<i64>) {
        let Value::Object(config) = config else { panic!("a mapping") };
        assert_eq!(normal(&config).get("duplicate_window").and_then(Value::as_i64), nanoseconds);
    }

    #[test]
    fn the_duplicate_window_follows_the_age() {
        window(json!({"name": "A"}), Some(DUPLICATE_WINDOW));
        window(json!({"name": "A", "max_age": 30_000_000_000_i64}), Some(30_000_000_000));
        window(json!({"name": "A", "duplicate_window": 5}), Some(5));
        window(json!({"name": "A", "sources": [{"name": "B"}]}), None);
    }

    #[test]
    fn what_is_left_out_is_filled_in() {
        let Value::Object(config) = json!({"name": "A", "max_msgs": 0, "num_replicas": 0}) else {
            panic!("a mapping")
        };
        let stored = normal(&config);
        assert_eq!(stored["subjects"], json!(["A"]));
        assert_eq!(stored["max_msgs"], json!(-1));
        assert_eq!(stored["num_replicas"], json!(1));
        assert_eq!(stored["storage"], json!("file"));
        assert_eq!(normal(&stored), stored);
    }
}
