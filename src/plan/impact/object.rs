//! What it costs when a Kubernetes object goes, be it for good or to be made anew.

use crate::model::ObjectKey;

use super::{Impact, note};

/// The groups whose objects hold events or hand them on.
const CARRIERS: &[&str] = &["messaging.knative.dev", "eventing.knative.dev", "flows.knative.dev"];

/// What is lost with the object.
pub(super) fn loss(key: &ObjectKey) -> Option<Impact> {
    if !CARRIERS.contains(&key.group.as_str()) {
        return None;
    }
    let text = if key.kind == "NatsJetStreamChannel" {
        "loses the events in flight, and its stream where the channel's controller made it"
    } else {
        "loses the events in flight"
    };
    Some(Impact { destructive: true, ..note(text) })
}
