//! What data a change costs: messages that a lower limit drops, said as an estimate where it is one.

use serde_json::Value;

use crate::jetstream::field::bytes_spoken;
use crate::model::duration::spoken;
use crate::world::{Object, StreamState};

/// What is lost when a live stream gets another configuration, where something is.
pub fn of(desired: &Value, live: &Object) -> Option<String> {
    let state = live.state.as_ref().filter(|state| state.messages > 0)?;
    let text =
        |body: &Value, name: &str| body.get(name).and_then(Value::as_str).unwrap_or("").to_owned();
    let trims = text(desired, "discard") == "old";
    let begins_to_trim = trims && text(&live.body, "discard") == "new";
    let limit = |name: &str| lowered(desired, &live.body, name, begins_to_trim);
    let mut losses = Vec::new();
    if trims {
        losses.extend(limit("max_msgs").and_then(|limit| oldest(limit, state)));
        losses.extend(limit("max_bytes").and_then(|limit| bytes(limit, state)));
    }
    let messages = state.messages;
    losses
        .extend(lowered(desired, &live.body, "max_age", false).map(|age| {
            format!("drops what is older than {}, of {messages} messages", spoken(age))
        }));
    losses.extend(
        lowered(desired, &live.body, "max_msgs_per_subject", false)
            .map(|limit| format!("keeps at most {limit} messages of each subject, of {messages}")),
    );
    if text(desired, "retention") == "interest" && text(&live.body, "retention") == "limits" {
        losses.push(format!("drops what no consumer still waits for, of {messages} messages"));
    }
    (!losses.is_empty()).then(|| losses.join("; "))
}

/// A limit that gets tighter, or that begins to count. Unlimited is -1, for an age 0.
fn lowered(desired: &Value, live: &Value, name: &str, counts_now: bool) -> Option<u64> {
    let limit = |body: &Value| {
        body.get(name)
            .and_then(Value::as_i64)
            .and_then(|limit| u64::try_from(limit).ok())
            .filter(|n| *n > 0)
    };
    let to = limit(desired)?;
    let tighter = limit(live).is_none_or(|from| to < from);
    (tighter || counts_now).then_some(to)
}

fn oldest(limit: u64, state: &StreamState) -> Option<String> {
    let over = state.messages.saturating_sub(limit);
    (over > 0).then(|| format!("drops the {over} oldest messages of {}", state.messages))
}

fn bytes(limit: u64, state: &StreamState) -> Option<String> {
    let stored = bytes_spoken(i64::try_from(state.bytes).unwrap_or(i64::MAX));
    (state.bytes > limit)
        .then(|| format!("drops the oldest of {} messages ({stored} are stored)", state.messages))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(from: Value, to: Value, messages: u64, expected: Option<&str>) {
        let mut both = [
            json!({"discard": "old", "retention": "limits"}),
            json!({"discard": "old", "retention": "limits"}),
        ];
        for (body, fields) in both.iter_mut().zip([from, to]) {
            body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        }
        let [live, desired] = both;
        let state = Some(StreamState { messages, bytes: 2048, ..StreamState::default() });
        let live = Object { body: live, state, ..Object::default() };
        assert_eq!(of(&desired, &live).as_deref(), expected);
    }

    #[test]
    fn losses_are_counted_and_a_raised_limit_costs_nothing() {
        let hour = 3_600_000_000_000_i64;
        check(
            json!({"max_msgs": -1}),
            json!({"max_msgs": 3}),
            10,
            Some("drops the 7 oldest messages of 10"),
        );
        check(json!({"max_msgs": 20}), json!({"max_msgs": 15}), 10, None);
        check(json!({"max_msgs": 3}), json!({"max_msgs": -1}), 10, None);
        check(
            json!({"max_bytes": -1}),
            json!({"max_bytes": 1024}),
            10,
            Some("drops the oldest of 10 messages (2 KiB are stored)"),
        );
        check(json!({"max_bytes": 4096}), json!({"max_bytes": 3000}), 10, None);
        check(json!({"max_bytes": 1024}), json!({"max_bytes": 2048}), 10, None);
        check(
            json!({"max_age": 0}),
            json!({"max_age": hour}),
            10,
            Some("drops what is older than 1h, of 10 messages"),
        );
        check(json!({"max_age": hour}), json!({"max_age": 2 * hour}), 10, None);
        check(json!({"max_age": 0}), json!({"max_age": hour}), 0, None);
        check(json!({"max_msgs_per_subject": 1}), json!({"max_msgs_per_subject": 5}), 10, None);
        check(
            json!({"max_msgs": 3, "discard": "new"}),
            json!({"max_msgs": 3}),
            10,
            Some("drops the 7 oldest messages of 10"),
        );
        check(
            json!({}),
            json!({"retention": "interest"}),
            10,
            Some("drops what no consumer still waits for, of 10 messages"),
        );
    }
}
