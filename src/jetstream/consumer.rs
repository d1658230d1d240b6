//! The rule book of ConsumerConfig: what the server fills in and lets change.

use serde_json::{Value, json};

use super::Config;
use super::field::{Field, Rule, Unit, normal as by_table, row};

/// Thirty seconds, in nanoseconds: the server's ack wait where acknowledgements are wanted.
const ACK_WAIT: i64 = 30_000_000_000;

/// Every field of ConsumerConfig that evctl compares, in the order in which they are shown.
pub const FIELDS: &[Field] = &[
    row("durable_name", "").rule(Rule::Fixed(
        10017,
        "consumer name in subject does not match durable name in request",
    )),
    row("description", ""),
    row("deliver_policy", "\"all\"").rule(Rule::Fixed(10012, "deliver policy can not be updated")),
    row("opt_start_seq", "").rule(Rule::Fixed(10012, "start sequence can not be updated")),
    row("opt_start_time", "").rule(Rule::Fixed(10012, "start time can not be updated")),
    row("ack_policy", "\"none\"").rule(Rule::Fixed(10012, "ack policy can not be updated")),
    row("ack_wait", "").unit(Unit::Nanoseconds),
    row("max_deliver", "-1").unit(Unit::Limit),
    row("backoff", ""),
    row("filter_subject", ""),
    row("filter_subjects", ""),
    row("replay_policy", "\"instant\"")
        .rule(Rule::Fixed(10012, "replay policy can not be updated")),
    row("rate_limit_bps", ""),
    row("sample_freq", ""),
    row("max_waiting", "").rule(Rule::Fixed(10012, "max waiting can not be updated")),
    row("max_ack_pending", ""),
    row("flow_control", "").rule(Rule::Fixed(10012, "flow control can not be updated")),
    row("idle_heartbeat", "")
        .unit(Unit::Nanoseconds)
        .rule(Rule::Fixed(10012, "heart beats can not be updated")),
    row("headers_only", ""),
    row("max_batch", ""),
    row("max_expires", "").unit(Unit::Nanoseconds),
    row("max_bytes", ""),
    row("deliver_subject", "").rule(Rule::Presence(
        10012,
        "can not update pull consumer to push based",
        "can not update push consumer to pull based",
    )),
    row("deliver_group", ""),
    row("inactive_threshold", "").unit(Unit::Nanoseconds),
    row("num_replicas", ""),
    row("mem_storage", "").rule(Rule::Fixed(10012, "storage type can not be updated")),
    row("pause_until", "").rule(Rule::Ignored),
    row("priority_policy", ""),
    row("priority_groups", ""),
    row("priority_timeout", "").unit(Unit::Nanoseconds),
];

/// The configuration as the server stores it: what is left out filled in, in normal form, without
/// metadata and without what the rule book does not know.
pub fn normal(config: &Config) -> Config {
    let mut stored = by_table(FIELDS, config);
    if stored.get("priority_policy").is_some_and(|policy| policy == "none") {
        stored.remove("priority_policy");
    }
    if stored.get("ack_policy").is_some_and(|policy| policy != "none") {
        if !stored.contains_key("ack_wait") {
            stored.insert("ack_wait".to_owned(), json!(ACK_WAIT));
        }
        if !stored.contains_key("max_ack_pending") {
            stored.insert("max_ack_pending".to_owned(), json!(1000));
        }
    }
    if let Some(first) = stored.get("backoff").and_then(|waits| waits.get(0)).cloned() {
        stored.insert("ack_wait".to_owned(), first);
    }
    if !stored.contains_key("deliver_subject") && !stored.contains_key("max_waiting") {
        stored.insert("max_waiting".to_owned(), json!(512));
    }
    if stored.get("max_ack_pending").and_then(Value::as_i64).is_some_and(|pending| pending < -1) {
        stored.insert("max_ack_pending".to_owned(), json!(-1));
    }
    if stored.get("opt_start_time").is_some_and(Value::is_null) {
        stored.remove("opt_start_time");
    }
    stored
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_is_the_same_in_every_zone() {
        let at = |text: &str| {
            let Value::Object(config) = json!({"opt_start_time": text}) else {
                panic!("a mapping")
            };
            normal(&config)["opt_start_time"].clone()
        };
        for text in
            ["2026-01-01T00:00:00Z", "2026-01-01T02:00:00+02:00", "2026-01-01T00:00:00.000Z"]
        {
            assert_eq!(at(text), "2026-01-01T00:00:00Z");
        }
        assert_eq!(at("2026-01-01T00:00:00.500Z"), "2026-01-01T00:00:00.5Z");
    }

    #[test]
    fn what_is_left_out_is_filled_in() {
        let Value::Object(config) = json!({"durable_name": "A", "ack_policy": "explicit"}) else {
            panic!("a mapping")
        };
        let stored = normal(&config);
        assert_eq!(stored["ack_wait"], json!(ACK_WAIT));
        assert_eq!(stored["max_waiting"], json!(512));
        assert_eq!(stored["max_deliver"], json!(-1));
        assert_eq!(normal(&stored), stored);
    }
}
