//! What it costs when a Kubernetes object goes, be it for good or to be made anew, and what a change of one
//! brings about that its fields do not say.

use serde_json::Value;

use crate::model::ObjectKey;
use crate::model::knative::change::{is_in_vain, resubscribes};

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

/// What comes of a change beside the change.
pub(super) fn update(key: &ObjectKey, live: &Value, desired: &Value) -> Vec<Impact> {
    if is_in_vain(key, live, desired) {
        let text = "Knative accepts a changed branch and never carries it out: the Parallel stays ready with \
                    the old one; --allow-replace makes it anew";
        return vec![note(text)];
    }
    if resubscribes(key, live, desired) {
        let text =
            "its Subscriptions are deleted and made anew: events that come in between are lost";
        return vec![Impact { destructive: true, ..note(text) }];
    }
    Vec::new()
}
