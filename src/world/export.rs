//! Live objects as manifests that declare them as they are: what a server or controller wrote is left out,
//! and so is what controllers made. Must not know files, nor who reads the objects.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

use serde_json::{Map, Value, json};

use crate::jetstream::nack::declare::{Declared, Unsayable, declare_consumer, declare_stream};
use crate::model::ObjectKey;
use crate::model::nack::GROUP;

use super::{Key, Object};

/// What is taken over of a live world, in order.
#[derive(Debug, Default)]
pub struct Exported {
    /// Manifests by the file that they go to.
    pub files: BTreeMap<String, Vec<Value>>,
    /// What was left out and why, a sentence each.
    pub notes: Vec<String>,
    /// How many objects were left out that could not be said or read.
    pub left_out: usize,
}

/// How manifests are put into files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    Namespace,
    Kind,
}

/// Where what belongs to no namespace goes.
const CLUSTER: &str = "cluster";
const JETSTREAM: &str = "jetstream";

/// Annotations that Knative's webhooks write about who wrote an object, and which nobody may change.
const WRITTEN_BY: [&str; 2] = ["/creator", "/lastModifier"];
/// Labels that Knative's webhooks set by the rest of the object.
const WRITTEN_LABELS: [&str; 1] = ["eventing.knative.dev/broker"];

impl Exported {
    /// Takes a live Kubernetes object in, unless a controller made it or it is another project's.
    pub fn object(&mut self, object: Object, project: &str, by: By) {
        if is_generated(&object.body) {
            return;
        }
        let Some(key) = key_of(&object.body) else { return };
        if object.deleting {
            self.leave(Key::Object(key), "it is being deleted");
            return;
        }
        if self.is_anothers(&Key::Object(key.clone()), &object, project) {
            return;
        }
        let mut body = object.body.into_value();
        strip(&mut body);
        let file = match (by, &key.namespace) {
            (By::Kind, _) => key.kind.to_lowercase(),
            // The project file has that name.
            (By::Namespace, Some(namespace)) if namespace == "evctl" => {
                format!("{namespace}-namespace")
            }
            (By::Namespace, Some(namespace)) => namespace.clone().into(),
            (By::Namespace, None) => CLUSTER.to_owned(),
        };
        self.put(file, body);
    }

    /// Takes the live streams and consumers in that no manifest stands for yet.
    pub fn jetstream(
        &mut self,
        objects: &BTreeMap<Key, Object>,
        covered: &BTreeSet<Key>,
        project: &str,
        by: By,
    ) {
        let mut names = BTreeSet::new();
        for (key, object) in objects {
            let stream = key.stream();
            if stream.as_ref().is_none_or(|stream| covered.contains(stream) || is_a_lock(stream)) {
                continue;
            }
            if self.is_anothers(key, object, project) {
                continue;
            }
            if is_of_a_channel(stream.as_ref().and_then(|stream| objects.get(stream))) {
                self.notes.push(format!(
                    "{key} is left out: it is a NATS channel's, which is not among what was read"
                ));
                continue;
            }
            if object.body.get("sealed").is_some_and(|sealed| *sealed == true) {
                self.leave(key, "it is sealed, so that nobody can mark it as the project's");
                continue;
            }
            match declared(key, object) {
                None => {}
                Some(Ok(declared)) => {
                    let file = match by {
                        By::Kind => declared.kind.to_lowercase(),
                        By::Namespace => JETSTREAM.to_owned(),
                    };
                    self.put(file, manifest(key, &declared, &mut names));
                }
                Some(Err(Unsayable(fields))) => {
                    self.leave(key, &format!("no kind of NACK's says its {}", fields.join(", ")));
                }
            }
        }
    }

    /// Leaves a manifest out after all. False where there is none.
    pub fn take_out(&mut self, key: &ObjectKey, name: &str, why: &str) -> bool {
        let is_it = |body: &Value| {
            let of_body = key_of(body);
            of_body.is_some_and(|of_body| {
                let namespace = of_body.namespace.or_else(|| key.namespace.clone());
                ObjectKey { namespace, ..of_body } == *key
            })
        };
        let count = |exported: &Self| exported.files.values().map(Vec::len).sum::<usize>();
        let before = count(self);
        self.files.values_mut().for_each(|bodies| bodies.retain(|body| !is_it(body)));
        self.files.retain(|_, bodies| !bodies.is_empty());
        let is_taken = count(self) < before;
        if is_taken {
            self.leave(name, why);
        }
        is_taken
    }

    fn leave(&mut self, name: impl Display, why: &str) {
        self.left_out += 1;
        self.notes.push(format!("{name} is left out: {why}"));
    }

    fn put(&mut self, file: String, body: Value) {
        self.files.entry(file).or_default().push(body);
    }

    fn is_anothers(&mut self, key: &Key, object: &Object, project: &str) -> bool {
        let owner = object.owner.as_ref().map(|owner| owner.project.as_str());
        let Some(other) = owner.filter(|owner| *owner != project) else { return false };
        self.notes.push(format!("{key} is left out: it belongs to project {other}"));
        true
    }
}

/// Whether a controller keeps it for another object.
fn is_generated(body: &Value) -> bool {
    let owners = body.pointer("/metadata/ownerReferences").and_then(Value::as_array);
    owners.into_iter().flatten().any(|owner| owner["controller"] == true)
}

fn key_of(body: &Value) -> Option<ObjectKey> {
    let text = |at: &str| body.pointer(at).and_then(Value::as_str).map(str::to_owned);
    let version = text("/apiVersion")?;
    let group = version.split_once('/').map_or("", |(group, _)| group);
    Some(ObjectKey {
        group: group.into(),
        kind: text("/kind")?.into(),
        namespace: text("/metadata/namespace").map(Into::into),
        name: text("/metadata/name")?.into(),
    })
}

fn strip(body: &mut Value) {
    let Some(metadata) = body.get_mut("metadata").and_then(Value::as_object_mut) else { return };
    metadata.retain(|name, _| {
        !["finalizers", "ownerReferences", "generateName"].contains(&name.as_str())
    });
    let is_written = |name: &str| WRITTEN_BY.iter().any(|end| name.ends_with(end));
    without(metadata, "annotations", |name| name.contains("knative.dev/") && is_written(name));
    without(metadata, "labels", |name| WRITTEN_LABELS.contains(&name));
}

fn without(metadata: &mut Map<String, Value>, of: &str, is_written: impl Fn(&str) -> bool) {
    let Some(marks) = metadata.get_mut(of).and_then(Value::as_object_mut) else { return };
    marks.retain(|name, _| !is_written(name));
    if marks.is_empty() {
        metadata.remove(of);
    }
}

/// Who keeps runs apart is nobody's to declare.
fn is_a_lock(stream: &Key) -> bool {
    matches!(stream, Key::Stream { name, .. } if name == "KV_evctl-locks")
}

/// Whether a stream is one that the NATS channel's controller makes.
fn is_of_a_channel(stream: Option<&Object>) -> bool {
    let subjects = stream.and_then(|stream| stream.body.get("subjects")?.as_array());
    let mut subjects = subjects.into_iter().flatten().filter_map(Value::as_str);
    subjects.any(|subject| subject.ends_with("._knative"))
}

/// `None` for a consumer that goes with its client.
fn declared(key: &Key, object: &Object) -> Option<Result<Declared, Unsayable>> {
    let config = object.body.as_object()?;
    match key {
        Key::Stream { .. } => Some(declare_stream(config)),
        Key::Consumer { stream, .. } => {
            config.get("durable_name")?;
            Some(declare_consumer(stream, config))
        }
        Key::Object(_) => None,
    }
}

fn manifest(key: &Key, declared: &Declared, names: &mut BTreeSet<String>) -> Value {
    let name = match key {
        Key::Consumer { stream, name, .. } => format!("{stream}-{name}"),
        Key::Stream { name, .. } => name.clone().into(),
        Key::Object(key) => key.name.clone().into(),
    };
    let name = unused(&label(&name), declared.kind, names);
    json!({
        "apiVersion": format!("{GROUP}/v1beta2"),
        "kind": declared.kind,
        "metadata": {"name": name},
        "spec": declared.spec,
    })
}

/// A name as Kubernetes takes it.
fn label(name: &str) -> String {
    let lower = name.to_lowercase();
    let plain: String =
        lower.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let plain = plain.trim_matches('-');
    let cut: String = plain.chars().take(200).collect();
    if cut.is_empty() { "unnamed".to_owned() } else { cut }
}

fn unused(name: &str, kind: &str, names: &mut BTreeSet<String>) -> String {
    let mut free = name.to_owned();
    let mut number = 1;
    while !names.insert(format!("{kind}/{free}")) {
        number += 1;
        free = format!("{name}-{number}");
    }
    free
}

/// The groups whose objects evctl is for, but for those that say where NATS is.
pub const GROUPS: [&str; 7] = [
    "messaging.knative.dev",
    "eventing.knative.dev",
    "flows.knative.dev",
    "sources.knative.dev",
    "sinks.knative.dev",
    "events.openfunction.io",
    GROUP,
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::normal;

    fn exported(bodies: &[Value]) -> Exported {
        let mut exported = Exported::default();
        bodies.iter().for_each(|body| {
            exported.object(normal::live(body.clone(), ""), "p", By::Namespace);
        });
        exported
    }

    #[test]
    fn servers_and_controllers_words_are_left_out() {
        let trigger = json!({
            "apiVersion": "eventing.knative.dev/v1", "kind": "Trigger",
            "metadata": {
                "name": "t", "namespace": "n", "uid": "u", "generation": 2,
                "finalizers": ["triggers.eventing.knative.dev"],
                "labels": {"eventing.knative.dev/broker": "b"},
                "annotations": {"eventing.knative.dev/creator": "ann", "team": "x"},
            },
            "spec": {"broker": "b"}, "status": {"conditions": []},
        });
        let mut child = trigger.clone();
        child["metadata"]["ownerReferences"] = json!([{"controller": true, "name": "x"}]);
        let mut theirs = trigger.clone();
        theirs["metadata"]["labels"]["evctl.dev/project"] = json!("other");
        let object = "trigger.eventing.knative.dev/n/t";
        theirs["metadata"]["annotations"]["evctl.dev/object"] = json!(object);
        let all = exported(&[trigger, child, theirs]);
        let plain = json!({
            "apiVersion": "eventing.knative.dev/v1", "kind": "Trigger",
            "metadata": {"name": "t", "namespace": "n", "annotations": {"team": "x"}},
            "spec": {"broker": "b"},
        });
        assert_eq!(all.files, BTreeMap::from([("n".to_owned(), vec![plain])]));
        assert_eq!(all.notes, [format!("{object} is left out: it belongs to project other")]);
    }

    #[test]
    fn names_are_kubernetes_own() {
        let mut names = BTreeSet::new();
        assert_eq!(unused(&label("ORDERS_eu"), "Stream", &mut names), "orders-eu");
        assert_eq!(unused(&label("orders-EU"), "Stream", &mut names), "orders-eu-2");
        assert_eq!(label("__"), "unnamed");
    }
}
