//! A stream that gets another configuration: what is dropped, what cannot be undone, what is copied
//! once more.

use serde_json::Value;

use crate::world::{ConsumerState, Key, Object, StreamState};

use super::trim::Trim;
use super::{Impact, Scales, count, is_true, note, share, text};

/// Fields that can be switched on and never off again, and what that means.
const ONE_WAY: &[(&str, &str)] = &[
    ("deny_delete", "deny_delete cannot be taken back: no message can be deleted any more"),
    ("deny_purge", "deny_purge cannot be taken back: the stream can be purged no more"),
    ("allow_msg_ttl", "allow_msg_ttl cannot be taken back"),
    ("allow_msg_schedules", "allow_msg_schedules cannot be taken back"),
];

impl Scales<'_> {
    pub(super) fn stream_update(&self, key: &Key, desired: &Value, live: &Object) -> Vec<Impact> {
        let mut parts = Vec::new();
        if let Some(state) = live.state.as_ref().filter(|state| state.messages > 0) {
            let trims_subjects = self.server_is(key, (2, 12, 0));
            let trim = Trim { desired, live, state, now: self.now, trims_subjects };
            parts.extend(trim.losses());
            let from_limits = matches!(text(&live.body, "retention"), "limits" | "");
            if from_limits && text(desired, "retention") == "interest" {
                parts.extend(self.turned_to_interest(key, state));
            }
        }
        parts.extend(one_way(desired, &live.body));
        parts.extend(promoted(desired, &live.body));
        parts.extend(self.copied_again(key, desired, &live.body));
        parts
    }

    /// What has been acknowledged by every consumer that it was for goes; without consumers all goes,
    /// since 2.14.7.
    fn turned_to_interest(&self, key: &Key, state: &StreamState) -> Option<Impact> {
        let mut consumers = Vec::new();
        for (_, consumer) in self.consumers(key) {
            consumers.push((waits_for(consumer.position.as_ref()?), is_filtered(&consumer.body)));
        }
        let most = consumers.iter().map(|(waits, _)| *waits).max().unwrap_or_default();
        let dropped = state.messages.saturating_sub(most);
        let messages = count(state.messages, "message");
        let (estimate, text) = match consumers.as_slice() {
            [] if !self.server_is(key, (2, 14, 7)) => return None,
            [] => (false, format!("drops all {messages}: no consumer waits for them")),
            [(_, false)] => {
                (false, format!("drops the {dropped} of {messages} that its consumer has done"))
            }
            // What no filter of a consumer wants stays, and is not counted anywhere.
            _ => {
                (true, format!("drops up to {dropped} of {messages}: what all consumers have done"))
            }
        };
        (dropped > 0).then(|| Impact {
            text,
            messages: Some(dropped),
            bytes: Some(share(state.bytes, dropped.into(), state.messages.into())),
            estimate,
            destructive: true,
        })
    }

    /// A source is known by its filter and transforms: with others it is copied from the start.
    fn copied_again(&self, key: &Key, desired: &Value, live: &Value) -> Vec<Impact> {
        let list = |body: &Value| {
            body.get("sources").and_then(Value::as_array).cloned().unwrap_or_default()
        };
        let before = list(live);
        let known: Vec<Value> = before.iter().map(identity).collect();
        let again = |source: &Value| {
            let same_origin = |of: &Value| {
                text(of, "name") == text(source, "name")
                    && of.get("external") == source.get("external")
            };
            !known.contains(&identity(source)) && before.iter().any(same_origin)
        };
        let said = |source: Value| {
            let name = text(&source, "name");
            let held = self.messages_of(key, name);
            let held = held.map(|held| format!(", {}", count(held, "message"))).unwrap_or_default();
            note(format!(
                "copies source {name} from its start once more{held}: what was copied before is \
                 there twice"
            ))
        };
        list(desired).into_iter().filter(again).map(said).collect()
    }

    /// How many messages another stream of the same site holds, where that is known.
    fn messages_of(&self, key: &Key, name: &str) -> Option<u64> {
        let Key::Stream { site, .. } = key else { return None };
        let origin = Key::Stream { site: site.clone(), name: name.into() };
        Some(self.live.objects.get(&origin)?.state.as_ref()?.messages)
    }
}

/// How many messages a consumer has not done: not delivered, or not acknowledged.
pub(super) fn waits_for(position: &ConsumerState) -> u64 {
    position.pending.saturating_add(position.ack_pending)
}

/// Whether a consumer wants some subjects only.
pub(super) fn is_filtered(body: &Value) -> bool {
    let said = |name| body.get(name).is_some_and(|value| !matches!(value.as_str(), Some("" | ">")));
    said("filter_subject") || said("filter_subjects")
}

fn one_way(desired: &Value, live: &Value) -> Vec<Impact> {
    let begins = |name: &str| is_true(desired, name) && !is_true(live, name);
    if begins("sealed") {
        return vec![note(
            "sealing cannot be taken back: no message can be stored or deleted any more, nor expire",
        )];
    }
    ONE_WAY.iter().filter(|(name, _)| begins(name)).map(|(_, text)| note(*text)).collect()
}

/// A mirror that is a mirror no more.
fn promoted(desired: &Value, live: &Value) -> Option<Impact> {
    let origin = live.get("mirror").filter(|_| desired.get("mirror").is_none())?;
    Some(note(format!(
        "stops copying {} for good: a stream cannot be made a mirror again",
        text(origin, "name")
    )))
}

/// What the server knows a source by, whatever its starting point.
fn identity(source: &Value) -> Value {
    let mut source = source.clone();
    if let Some(fields) = source.as_object_mut() {
        fields.retain(|name, value| {
            let empty = matches!(value.as_str(), Some("")) || value.is_null();
            matches!(name.as_str(), "name" | "external" | "filter_subject" | "subject_transforms")
                && !empty
        });
    }
    source
}
