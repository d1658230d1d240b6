//! What Knative's webhooks let nobody change once an object exists. Needs both objects as the server
//! keeps them (`defaults::defaulted`), and nothing else; what a change costs is not known here.

use serde_json::{Map, Value};

use crate::model::object::ObjectKey;
use crate::model::path::Path;

use super::eventing::CLASS_ANNOTATION;

/// Which fields of a spec are frozen.
enum Frozen {
    /// All but these.
    AllBut(&'static [&'static str]),
    These(&'static [&'static str]),
}

/// The frozen fields that two versions of one object differ in.
pub fn frozen(key: &ObjectKey, before: &Value, after: &Value) -> Vec<Path> {
    let fields = match (key.group.as_str(), key.kind.as_str()) {
        ("eventing.knative.dev", "Broker") => Frozen::AllBut(&["delivery"]),
        ("eventing.knative.dev", "Trigger") => Frozen::These(&["broker"]),
        ("messaging.knative.dev", "Channel") => Frozen::AllBut(&["subscribers"]),
        ("messaging.knative.dev", "InMemoryChannel") => Frozen::These(&["subscribers"]),
        ("messaging.knative.dev", "Subscription") => {
            Frozen::AllBut(&["subscriber", "reply", "delivery"])
        }
        _ => Frozen::These(&[]),
    };
    let mut changed: Vec<Path> = differing(&before["spec"], &after["spec"])
        .filter(|field| match &fields {
            Frozen::AllBut(free) => !free.contains(&field.as_str()),
            Frozen::These(frozen) => frozen.contains(&field.as_str()),
        })
        .map(|field| Path::of("spec").key(field))
        .collect();
    let class = |object: &Value| object["metadata"]["annotations"].get(CLASS_ANNOTATION).cloned();
    if key.is("eventing.knative.dev", "Broker") && class(before) != class(after) {
        changed.push(Path::of("metadata.annotations").key(CLASS_ANNOTATION));
    }
    let transforms = |object: &Value| object["spec"].get("jsonata").is_some();
    if key.is("eventing.knative.dev", "EventTransform") && transforms(before) != transforms(after) {
        changed.push(Path::of("spec.jsonata"));
    }
    changed
}

/// Whether Knative accepts the change and its controller then never carries it out: the update of a
/// branch's Subscription is refused for ever, while the Parallel stays ready (shared/facts/knative.md §2).
pub fn is_in_vain(key: &ObjectKey, before: &Value, after: &Value) -> bool {
    let branches =
        |object: &Value| object["spec"]["branches"].as_array().cloned().unwrap_or_default();
    let (before, after) = (branches(before), branches(after));
    // A branch more or less is made or deleted, which works.
    key.is("flows.knative.dev", "Parallel") && before.iter().zip(&after).any(|(a, b)| a != b)
}

/// Whether the change makes the controller delete the object's Subscriptions and make them anew.
pub fn resubscribes(key: &ObjectKey, before: &Value, after: &Value) -> bool {
    let kinds = ["Broker", "Trigger"];
    kinds.iter().any(|kind| key.is("eventing.knative.dev", kind))
        && before["spec"].get("delivery") != after["spec"].get("delivery")
}

/// The fields that two mappings differ in; an absent field and an empty mapping are different.
fn differing(before: &Value, after: &Value) -> impl Iterator<Item = String> {
    let fields = |value: &Value| value.as_object().cloned().unwrap_or_else(Map::new);
    let (before, after) = (fields(before), fields(after));
    let mut names: Vec<String> = before.keys().chain(after.keys()).cloned().collect();
    names.sort();
    names.dedup();
    names.into_iter().filter(move |name| before.get(name) != after.get(name))
}
