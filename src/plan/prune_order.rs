//! The order in which Kubernetes objects go: what refers to another goes before it, so that producers go
//! before what they send to, and what somebody refers to that stays does not go at all. Live bodies alone
//! say who refers to whom.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::model::ObjectKey;
use crate::world::{Key, World};

use super::allowed::Options;
use super::{Action, Change};

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
    let numbers = numbers(changes);
    let mut waits = Vec::new();
    for change in changes.iter() {
        let (Some(key), Some(body)) = (change.key.object(), observed(change)) else { continue };
        let named = named_by(key, body);
        let found = named.iter().filter_map(|named| numbers.get(named));
        waits.extend(found.map(|at| (*at, change.key.clone())));
    }
    for (at, first) in waits {
        if changes[at].key != first {
            changes[at].wait_for(first);
        }
    }
}

/// Refuses the deletions of what something refers to that stays: declared, or refused to go.
pub(super) fn keep_referred(
    changes: &mut [Change],
    declared: &[Change],
    live: &World,
    options: &Options,
) {
    let numbers = numbers(changes);
    let refused = changes.iter().filter(|change| change.action == Action::Refused);
    let mut staying: Vec<(Key, Vec<ObjectKey>)> =
        declared.iter().chain(refused).filter_map(|change| names(change, live)).collect();
    while let Some((from, named)) = staying.pop() {
        for at in named.iter().filter_map(|named| numbers.get(named)) {
            let change = &mut changes[*at];
            if change.action != Action::Delete || options.names_for_deletion(&change.key) {
                continue;
            }
            let text = format!("{from} refers to it; --allow-delete {} lets it go", change.key);
            let reason = format!("{}, and stays: {text}", super::prune::why(options));
            let kept = change.clone().stopped(Action::Refused, reason, None);
            *change = kept.with_rule("still-referred-to", text);
            staying.extend(names(change, live));
        }
    }
}

/// What the object of a change refers to, as it is to be or else as it is.
fn names(change: &Change, live: &World) -> Option<(Key, Vec<ObjectKey>)> {
    let planned = change.write.as_ref().map(|write| &write.body).filter(|body| !body.is_null());
    let body = planned.or_else(|| live.objects.get(&change.key).map(|object| &*object.body))?;
    Some((change.key.clone(), named_by(change.key.object()?, body)))
}

fn numbers(changes: &[Change]) -> BTreeMap<ObjectKey, usize> {
    let objects = changes.iter().enumerate();
    objects.filter_map(|(at, change)| Some((change.key.object()?.clone(), at))).collect()
}

/// Everything that an object refers to, its namespace among it.
fn named_by(key: &ObjectKey, body: &Value) -> Vec<ObjectKey> {
    let mut named = Vec::new();
    named_in(body.get("spec").unwrap_or(&Value::Null), key, &mut named);
    let broker = body.pointer("/spec/broker").and_then(Value::as_str);
    if let (true, Some(broker)) = (key.is("eventing.knative.dev", "Trigger"), broker) {
        named.push(ObjectKey { kind: "Broker".into(), name: broker.into(), ..key.clone() });
    }
    named.extend(key.namespace.clone().map(|name| ObjectKey {
        group: "".into(),
        kind: "Namespace".into(),
        namespace: None,
        name,
    }));
    named
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
                let namespace =
                    text("namespace").map(str::to_owned).or(from.namespace.clone().map(Into::into));
                named.push(ObjectKey {
                    group: group.or(text("group")).unwrap_or_default().into(),
                    kind: kind.into(),
                    namespace: namespace.map(Into::into),
                    name: name.into(),
                });
            }
            fields.values().for_each(|below| named_in(below, from, named));
        }
        Value::Array(items) => items.iter().for_each(|below| named_in(below, from, named)),
        _ => {}
    }
}
