//! What happens while a plan is carried out, one JSON object for each event. Must not know where the
//! lines go.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::plan::json::{API_VERSION, value};

use super::ApplyEvent;

/// What can happen, by name. What is `unconfirmed` was `done` before, and so was what is waited for,
/// unless it was as declared from the start.
const EVENTS: [&str; 11] = [
    "started",
    "done",
    "stale",
    "failed",
    "broken",
    "unconfirmed",
    "held",
    "skipped",
    "waits",
    "ready",
    "unready",
];

/// One event of an apply: each line but the last of what `evctl apply -o jsonl` prints.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EventDocument<'a> {
    api_version: &'static str,
    kind: &'static str,
    /// What happened.
    #[schemars(extend("enum" = EVENTS))]
    event: &'static str,
    /// The object, as every output names it.
    object: String,
    /// How many objects have come to an end, this one included where the event is its end.
    n: usize,
    /// How many objects the plan writes.
    m: usize,
    /// Why it ended so, or what it waits for; null where it is done, ready or only started.
    why: Option<&'a str>,
}

/// The event as a line of `-o jsonl`, after so many ends of so many writes.
pub fn document(event: &ApplyEvent, n: usize, m: usize) -> Value {
    let (event, key, why) = match event {
        ApplyEvent::Started { key } => ("started", key, None),
        ApplyEvent::Done { key, .. } => ("done", key, None),
        ApplyEvent::Stale { key, why, .. } => ("stale", key, Some(why.as_str())),
        ApplyEvent::Failed { key, why, .. } => ("failed", key, Some(why.as_str())),
        ApplyEvent::Broken { key, why, .. } => ("broken", key, Some(why.as_str())),
        ApplyEvent::Unconfirmed { key, why, .. } => ("unconfirmed", key, Some(why.as_str())),
        ApplyEvent::Held { key, why, .. } => ("held", key, Some(why.as_str())),
        ApplyEvent::Waits { key, why, .. } => ("waits", key, Some(why.as_str())),
        ApplyEvent::Ready { key, .. } => ("ready", key, None),
        ApplyEvent::Unready { key, why, .. } => ("unready", key, Some(why.as_str())),
        ApplyEvent::Skipped { key, .. } => ("skipped", key, Some("interrupted")),
    };
    let object = key.to_string();
    value(&EventDocument { api_version: API_VERSION, kind: "ApplyEvent", event, object, n, m, why })
}
