//! Kubernetes objects in normal form: without status, without what the server or a controller
//! writes, without evctl's marks; secret values hashed.

use std::sync::Arc;

use serde_json::{Map, Value as Json};
use smol_str::SmolStr;

use crate::model::Manifest;
use crate::model::yaml::{Entry, Node, Value};

use super::applyset::PART_OF;
use super::body::Body;
use super::item::Item;
use super::readiness::{Readiness, Said, readiness};
use super::secret::{Vault, conceal};
use super::tree::{Fields, Tree};
use super::{Object, Owner, managed, mark};

/// Metadata that only the server writes.
pub(super) const SERVER_METADATA: &[&str] = &[
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "generation",
    "managedFields",
    "resourceVersion",
    "selfLink",
    "uid",
];

/// Annotations that tools and controllers write about an object; the first repeats all of it,
/// secrets too.
const FOREIGN_ANNOTATIONS: &[&str] =
    &["kubectl.kubernetes.io/last-applied-configuration", "deployment.kubernetes.io/revision"];

/// In a channel's spec: written by the subscription controller alone.
const SUBSCRIBERS: &str = "subscribers";
/// The kind whose values are secret.
const SECRET: &str = "Secret";

/// evctl's field manager.
pub const FIELD_MANAGER: &str = "evctl";

/// The object as it would be declared, and what is known of the live one.
pub fn live(item: impl Into<Item>, salt: &str) -> Object {
    let Item { mut body, uid, deleting, generation, status, managed } = item.into();
    let (claimed, inherited) = managed::claims(managed);
    let text = |name: &str| body.get(name).and_then(Tree::text).unwrap_or_default();
    let unready = match readiness(&Said::of(text("apiVersion"), text("kind"), generation, &status))
    {
        Readiness::Ready => None,
        Readiness::Waits(why) => Some(why),
    };
    if text("kind").ends_with("Channel")
        && let Some(spec) = body.field_mut("spec")
    {
        spec.remove(SUBSCRIBERS);
    }
    let (mut owner, mut set, mut protected) = (None, None, false);
    if let Some(metadata) = body.field_mut("metadata") {
        let (project, object) =
            (take(metadata, "labels", mark::PROJECT), take(metadata, "annotations", mark::OBJECT));
        owner = project.zip(object).map(|(project, object)| Owner { project, object });
        set = take(metadata, "labels", PART_OF).map(String::from);
        if let Some(annotations) = metadata.get_mut("annotations").and_then(Tree::fields_mut) {
            annotations.retain(|name, _| !FOREIGN_ANNOTATIONS.contains(&name));
            protected = annotations.get(mark::PROTECT).and_then(Tree::text) == Some("true");
        }
        metadata.retain(|_, value| !value.fields().is_some_and(Fields::is_empty));
    }
    Object {
        body: concealed(body, salt),
        owner,
        uid,
        deleting,
        protected,
        claimed,
        inherited,
        set,
        unready,
        ..Object::default()
    }
}

/// Takes a label or an annotation off.
fn take(metadata: &mut Fields, marks: &str, name: &str) -> Option<SmolStr> {
    let mark = metadata.get_mut(marks)?.fields_mut()?.remove(name)?;
    mark.text().map(SmolStr::new)
}

fn concealed(body: Tree, salt: &str) -> Body {
    if body.get("kind").and_then(Tree::text) != Some(SECRET) {
        return body.into();
    }
    let mut body = body.to_value();
    conceal(&mut body, salt, None);
    body.into()
}

/// A declared object without what only a server writes, so that a file made by `kubectl get -o
/// yaml` says no more than its author could. Secret values go to the vault.
pub fn declared(manifest: &Manifest, salt: &str, vault: &mut Vault) -> Body {
    if is_normal(&manifest.root) {
        return Body::declared(Arc::clone(&manifest.root));
    }
    let mut body = manifest.own_body();
    strip(&mut body);
    mark::take_from_object(&mut body);
    mark::take_set(&mut body);
    drop_empty_metadata(&mut body);
    conceal(&mut body, salt, Some(vault));
    body.into()
}

/// Whether a manifest holds nothing that its normal form leaves out or has in other words.
fn is_normal(root: &Node) -> bool {
    let kind = root.get("kind").and_then(Node::text).unwrap_or_default();
    let says = |node: Option<&Node>, name: &str| node.is_some_and(|node| node.get(name).is_some());
    let metadata = root.get("metadata");
    let is_kept = |entry: &Entry| match &entry.value.value {
        Value::Mapping(marks) => {
            let is_other = |mark: &Entry| {
                let name = mark.key.as_str();
                !FOREIGN_ANNOTATIONS.contains(&name)
                    && ![mark::PROJECT, mark::OBJECT, PART_OF].contains(&name)
            };
            marks.iter().any(|mark| mark.value.value != Value::Null) && marks.iter().all(is_other)
        }
        _ => true,
    };
    let is_declared = |entry: &Entry| !SERVER_METADATA.contains(&entry.key.as_str());
    kind != SECRET
        && root.get("status").is_none()
        && !(kind.ends_with("Channel") && says(root.get("spec"), SUBSCRIBERS))
        && metadata
            .and_then(Node::entries)
            .is_some_and(|entries| entries.iter().all(|entry| is_declared(entry) && is_kept(entry)))
}

fn strip(body: &mut Json) {
    let kind = body.get("kind").and_then(Json::as_str);
    let is_channel = kind.is_some_and(|kind| kind.ends_with("Channel"));
    if let Some(fields) = body.as_object_mut() {
        fields.remove("status");
    }
    if is_channel && let Some(spec) = body.get_mut("spec").and_then(Json::as_object_mut) {
        spec.remove(SUBSCRIBERS);
    }
    let Some(metadata) = body.get_mut("metadata").and_then(Json::as_object_mut) else { return };
    metadata.retain(|name, _| !SERVER_METADATA.contains(&name.as_str()));
    if let Some(annotations) = metadata.get_mut("annotations").and_then(Json::as_object_mut) {
        annotations.retain(|name, _| !FOREIGN_ANNOTATIONS.contains(&name.as_str()));
    }
}

fn drop_empty_metadata(body: &mut Json) {
    if let Some(metadata) = body.get_mut("metadata").and_then(Json::as_object_mut) {
        let empty = |value: &Json| value.as_object().is_some_and(Map::is_empty);
        metadata.retain(|_, value| !empty(value));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::world::field_set::FieldSet;

    #[test]
    fn what_the_server_writes_is_left_out() {
        let object = live(
            json!({
                "kind": "Service",
                "metadata": {
                    "name": "a", "uid": "u", "resourceVersion": "7",
                    "labels": {"evctl.dev/project": "p"},
                    "annotations": {
                        "evctl.dev/object": "service/default/a",
                        "kubectl.kubernetes.io/last-applied-configuration": "{}"
                    },
                    "managedFields": [
                        {"manager": "evctl", "operation": "Apply", "fieldsV1": {"f:spec": {}}}
                    ]
                },
                "spec": {}, "status": {}
            }),
            "",
        );
        assert_eq!(object.body, json!({"kind": "Service", "metadata": {"name": "a"}, "spec": {}}));
        assert_eq!(object.uid.as_deref(), Some("u"));
        assert_eq!(object.claimed, Some(FieldSet::of(&json!({"f:spec": {}}))));
        assert_eq!(object.owner.unwrap().project, "p");
    }
}
