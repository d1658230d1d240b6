//! A consumer that gets another configuration, or is made again: messages that it skips, gets once
//! more, or stops holding in the stream.

use serde_json::Value;

use crate::model::duration::spoken;
use crate::world::{ConsumerState, Key, Object};

use super::stream::{is_filtered, waits_for};
use super::{Impact, Scales, count, limit, note, share, text};

impl Scales<'_> {
    pub(super) fn consumer_update(&self, key: &Key, desired: &Value, live: &Object) -> Vec<Impact> {
        let mut parts = Vec::new();
        let differs = |name: &str| desired.get(name) != live.body.get(name);
        if differs("filter_subject") || differs("filter_subjects") {
            parts.extend(self.refiltered(key, desired, live));
        }
        if differs("deliver_group") {
            parts.push(note(
                "the new deliver_group has no effect until the server starts again: until then it \
                 serves the old one",
            ));
        }
        let idle = |body: &Value| limit(body, "inactive_threshold");
        if let Some(to) = idle(desired).filter(|to| idle(&live.body).is_none_or(|from| *to < from))
        {
            parts.push(note(format!(
                "the server deletes it, with its position, once no client has used it for {}",
                spoken(to)
            )));
        }
        parts
    }

    /// On an interest stream, what only the old filter wanted goes at once.
    fn refiltered(&self, key: &Key, desired: &Value, live: &Object) -> Option<Impact> {
        let waits = live.position.as_deref().map(waits_for)?;
        // Everything is still wanted where the filter is taken away.
        (waits > 0 && self.retention(key) == "interest" && is_filtered(desired)).then(|| {
            let text =
                format!("drops up to {}: what only the old filter wants", count(waits, "message"));
            self.held(key, waits, true, text)
        })
    }

    pub(super) fn consumer_loss(&self, key: &Key, live: &Object) -> Vec<Impact> {
        let Some(position) = &live.position else { return Vec::new() };
        let waits = waits_for(position);
        let place = Impact {
            destructive: true,
            ..note(format!(
                "its position is lost: {} not yet acknowledged, ack floor {}",
                count(waits, "message"),
                position.ack_floor
            ))
        };
        std::iter::once(place).chain(self.no_longer_held(key, waits)).collect()
    }

    pub(super) fn consumer_replacement(
        &self,
        key: &Key,
        desired: &Value,
        live: &Object,
    ) -> Vec<Impact> {
        let Some(position) = &live.position else { return Vec::new() };
        let start =
            Impact { destructive: true, ..note(self.restart(key, desired, live, position)) };
        std::iter::once(start).chain(self.no_longer_held(key, waits_for(position))).collect()
    }

    /// Where a consumer that is made again starts, beside where it was.
    fn restart(
        &self,
        key: &Key,
        desired: &Value,
        live: &Object,
        position: &ConsumerState,
    ) -> String {
        let (waits, floor) = (waits_for(position), position.ack_floor);
        let from = format!("ack floor {floor}");
        let unfinished = format!("{} not yet acknowledged", count(waits, "message"));
        match text(desired, "deliver_policy") {
            // What is done is gone from these streams.
            "all" | "" if self.retention(key) == "workqueue" => {
                format!("starts again: {unfinished} ({from}) would be delivered again")
            }
            "all" | "" => {
                let done = self.messages_in_stream(key).map(|all| all.saturating_sub(waits));
                let done = match done {
                    Some(done) if is_filtered(&live.body) => {
                        format!("up to {done} messages that it")
                    }
                    Some(done) => format!("{} that it", count(done, "message")),
                    None => "what it".to_owned(),
                };
                format!(
                    "starts at the oldest message: {done} has done ({from}) would be delivered again"
                )
            }
            "new" => format!("starts with new messages: {unfinished} ({from}) would be skipped"),
            "last" | "last_per_subject" => format!(
                "starts with the last messages: of {unfinished} ({from}) the others would be skipped"
            ),
            "by_start_sequence" => {
                let start = desired.get("opt_start_seq").and_then(Value::as_u64).unwrap_or(1);
                by_sequence(start, floor, &from)
            }
            policy => format!(
                "starts by {policy}: {unfinished} ({from}) may be skipped, or others delivered again"
            ),
        }
    }

    /// Without it, an interest stream lets go what it alone waits for.
    fn no_longer_held(&self, key: &Key, waits: u64) -> Option<Impact> {
        if waits == 0 || self.retention(key) != "interest" {
            return None;
        }
        let alone = self.consumers(&key.stream()?).count() == 1;
        let up_to = if alone { "" } else { "up to " };
        let text =
            format!("drops {up_to}{}: what no other consumer waits for", count(waits, "message"));
        Some(self.held(key, waits, !alone, text))
    }

    fn held(&self, key: &Key, messages: u64, estimate: bool, text: String) -> Impact {
        let state = self.stream_of(key).and_then(|stream| stream.state.as_ref());
        let bytes = state.map(|state| share(state.bytes, messages.into(), state.messages.into()));
        Impact { text, messages: Some(messages), bytes, estimate, destructive: true }
    }

    fn stream_of(&self, key: &Key) -> Option<&Object> {
        self.live.objects.get(&key.stream()?)
    }

    fn messages_in_stream(&self, key: &Key) -> Option<u64> {
        Some(self.stream_of(key)?.state.as_ref()?.messages)
    }

    fn retention(&self, key: &Key) -> &str {
        self.stream_of(key).map(|stream| text(&stream.body, "retention")).unwrap_or_default()
    }
}

fn by_sequence(start: u64, floor: u64, from: &str) -> String {
    let next = floor.saturating_add(1);
    match start.cmp(&next) {
        std::cmp::Ordering::Equal => {
            format!(
                "starts at sequence {start}, where it was: what it has acknowledged above that \
                     would be delivered again"
            )
        }
        std::cmp::Ordering::Less => format!(
            "starts at sequence {start}: sequences {start} to {floor}, which are acknowledged, would \
             be delivered again"
        ),
        std::cmp::Ordering::Greater => {
            format!(
                "starts at sequence {start}: sequences {next} to {} ({from}) would be skipped",
                start - 1
            )
        }
    }
}
