//! The order in which Kubernetes objects go: what refers to another goes before it, so that producers go
//! before what they send to. Live bodies alone say who refers to whom.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::model::ObjectKey;
use crate::world::Key;

use super::Change;

/// Before JetStream's own; the reverse of the order in which they are made.
pub(super) fn rank(change: &Change) -> u8 {
    let Key::Object(key) = &change.key else { return 12 };
    let sends = observed(change).is_some_and(|body| body.pointer("/spec/sink").is_some());
    match (key.group.as_str(), key.kind.as_str()) {
        ("sources.knative.dev", _) => 9,
        ("messaging.knative.dev", "Subscription") | ("eventing.knative.dev", "Trigger") => 10,
        ("messaging.knative.dev" | "eventing.knative.dev" | "flows.knative.dev", _) => 11,
        ("", "ConfigMap" | "Secret" | "ServiceAccount") | ("rbac.authorization.k8s.io", _) => 15,
        ("apiextensions.k8s.io", "CustomResourceDefinition") => 16,
        ("", "Namespace") => 17,
        _ if sends => 9,
        _ => 12,
    }
}

/// Lets each deletion wait for those of what refers to its object.
pub(super) fn references(changes: &mut [Change]) {
    let numbers: BTreeMap<ObjectKey, usize> = changes
        .iter()
        .enumerate()
        .filter_map(|(at, change)| Some((change.key.object()?.clone(), at)))
        .collect();
    let mut waits = Vec::new();
    for change in changes.iter() {
        let (Some(key), Some(body)) = (change.key.object(), observed(change)) else { continue };
        let mut named = Vec::new();
        named_in(body.get("spec").unwrap_or(&Value::Null), key, &mut named);
        let broker = body.pointer("/spec/broker").and_then(Value::as_str);
        if let (true, Some(broker)) = (key.is("eventing.knative.dev", "Trigger"), broker) {
            named.push(ObjectKey { kind: "Broker".into(), name: broker.into(), ..key.clone() });
        }
        let home = key.namespace.clone().map(|name| ObjectKey {
            group: String::new(),
            kind: "Namespace".into(),
            namespace: None,
            name,
        });
        let found = named.iter().chain(&home).filter_map(|named| numbers.get(named));
        waits.extend(found.map(|at| (*at, change.key.clone())));
    }
    for (at, first) in waits {
        if changes[at].key != first {
            changes[at].needs.insert(first);
        }
    }
}

fn observed(change: &Change) -> Option<&Value> {
    change.write.as_ref()?.observed.as_ref()
}

/// Every reference by apiVersion, kind and name, however deep.
fn named_in(value: &Value, from: &ObjectKey, named: &mut Vec<ObjectKey>) {
    match value {
        Value::Object(fields) => {
            let text = |name: &str| fields.get(name).and_then(Value::as_str);
            if let (Some(kind), Some(name)) = (text("kind"), text("name")) {
                let group = text("apiVersion").map(crate::model::object::group_of);
                let namespace = text("namespace").map(str::to_owned).or(from.namespace.clone());
                named.push(ObjectKey {
                    group: group.or(text("group")).unwrap_or_default().to_owned(),
                    kind: kind.to_owned(),
                    namespace,
                    name: name.to_owned(),
                });
            }
            fields.values().for_each(|below| named_in(below, from, named));
        }
        Value::Array(items) => items.iter().for_each(|below| named_in(below, from, named)),
        _ => {}
    }
}
