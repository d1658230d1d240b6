//! What it costs when a Kubernetes object goes, be it for good or to be made anew.

use crate::model::ObjectKey;

use super::{Impact, note};

/// The groups whose objects hold events or hand them on.
const CARRIERS: &[&str] = &["messaging.knative.dev", "eventing.knative.dev", "flows.knative.dev"];

/// What is lost with the object.
pub(super) fn loss(key: &ObjectKey) -> Option<Impact> {
    let text = match (key.group.as_str(), key.kind.as_str()) {
        ("", "Namespace") => "loses everything in the namespace",
        ("apiextensions.k8s.io", "CustomResourceDefinition") => "loses every object of the kind",
        (_, "NatsJetStreamChannel") => {
            "loses the events in flight, and its stream where the channel's controller made it"
        }
        (group, _) if CARRIERS.contains(&group) => "loses the events in flight",
        _ => return None,
    };
    Some(Impact { destructive: true, ..note(text) })
}
