//! What data a change costs: messages that a lower limit drops, said as an estimate where it is one.
//! Reads the limits in the words in which a plan shows them.

use crate::jetstream::field::bytes_spoken;
use crate::world::Object;

use super::FieldDiff;

/// What is lost, where something is.
pub fn of(diff: &[FieldDiff], live: &Object) -> Option<String> {
    let state = live.state.filter(|state| state.messages > 0)?;
    let config = &live.body;
    let keeps_old = config.get("discard").is_none_or(|discard| discard == "old");
    let mut losses = Vec::new();
    for field in diff {
        let to = field.to.as_ref().and_then(|value| value.as_str()).unwrap_or_default();
        match field.path.as_str() {
            "max_msgs" if keeps_old => {
                let limit: u64 = to.parse().unwrap_or(u64::MAX);
                let over = state.messages.saturating_sub(limit);
                losses
                    .extend((over > 0).then(|| {
                        format!("drops the {over} oldest messages of {}", state.messages)
                    }));
            }
            "max_bytes" if keeps_old && to != "unlimited" => {
                let bytes = bytes_spoken(i64::try_from(state.bytes).unwrap_or(i64::MAX));
                losses.push(format!(
                    "may drop the oldest of {} messages ({bytes} are stored)",
                    state.messages
                ));
            }
            "max_age" if to != "0s" => {
                losses
                    .push(format!("drops what is older than {to}, of {} messages", state.messages));
            }
            "max_msgs_per_subject" if to != "unlimited" => {
                losses.push(format!(
                    "keeps at most {to} messages of each subject, of {}",
                    state.messages
                ));
            }
            "retention" if to == "interest" => {
                losses.push(format!(
                    "drops what every consumer has acknowledged, of {} messages",
                    state.messages
                ));
            }
            _ => {}
        }
    }
    (!losses.is_empty()).then(|| losses.join("; "))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::world::StreamState;

    #[track_caller]
    fn check(field: &str, to: &str, messages: u64, expected: Option<&str>) {
        let diff = [FieldDiff { path: field.into(), from: None, to: Some(json!(to)) }];
        let live = Object {
            body: json!({}),
            state: Some(StreamState { messages, bytes: 2048 }),
            ..Object::default()
        };
        assert_eq!(of(&diff, &live).as_deref(), expected);
    }

    #[test]
    fn losses_are_counted() {
        check("max_msgs", "3", 10, Some("drops the 7 oldest messages of 10"));
        check("max_msgs", "30", 10, None);
        check("max_msgs", "unlimited", 10, None);
        check(
            "max_bytes",
            "1 KiB",
            10,
            Some("may drop the oldest of 10 messages (2 KiB are stored)"),
        );
        check("max_age", "1h", 10, Some("drops what is older than 1h, of 10 messages"));
        check("max_age", "1h", 0, None);
        check("description", "x", 10, None);
    }
}
