//! Kubernetes objects in normal form: without status, without what the server or a controller
//! writes, without evctl's marks; secret values hashed.

use serde_json::{Map, Value};

use super::item::Item;
use super::readiness::{Readiness, readiness};
use super::secret::{Vault, conceal};
use super::{Object, managed, mark};

/// Metadata that only the server writes.
const SERVER_METADATA: &[&str] = &[
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

/// evctl's field manager.
pub const FIELD_MANAGER: &str = "evctl";

/// The object as it would be declared, and what is known of the live one.
pub fn live(item: impl Into<Item>, salt: &str) -> Object {
    let Item { mut body, managed } = item.into();
    let uid = body.pointer("/metadata/uid").and_then(Value::as_str).map(str::to_owned);
    let deleting = body.pointer("/metadata/deletionTimestamp").is_some();
    let (claimed, inherited) = managed::claims(managed);
    let unready = match readiness(&body) {
        Readiness::Ready => None,
        Readiness::Waits(why) => Some(why),
    };
    strip(&mut body);
    let owner = mark::take_from_object(&mut body);
    let set = mark::take_set(&mut body);
    let protected = mark::is_protected_object(&body);
    drop_empty_metadata(&mut body);
    conceal(&mut body, salt, None);
    Object {
        body,
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

/// A declared object without what only a server writes, so that a file made by `kubectl get -o
/// yaml` says no more than its author could. Secret values go to the vault.
pub fn declared(mut body: Value, salt: &str, vault: &mut Vault) -> Value {
    strip(&mut body);
    mark::take_from_object(&mut body);
    mark::take_set(&mut body);
    drop_empty_metadata(&mut body);
    conceal(&mut body, salt, Some(vault));
    body
}

fn strip(body: &mut Value) {
    let kind = body.get("kind").and_then(Value::as_str);
    let is_channel = kind.is_some_and(|kind| kind.ends_with("Channel"));
    if let Some(fields) = body.as_object_mut() {
        fields.remove("status");
    }
    // Written by the subscription controller alone.
    if is_channel && let Some(spec) = body.get_mut("spec").and_then(Value::as_object_mut) {
        spec.remove("subscribers");
    }
    let Some(metadata) = body.get_mut("metadata").and_then(Value::as_object_mut) else { return };
    metadata.retain(|name, _| !SERVER_METADATA.contains(&name.as_str()));
    if let Some(annotations) = metadata.get_mut("annotations").and_then(Value::as_object_mut) {
        annotations.retain(|name, _| !FOREIGN_ANNOTATIONS.contains(&name.as_str()));
    }
}

fn drop_empty_metadata(body: &mut Value) {
    if let Some(metadata) = body.get_mut("metadata").and_then(Value::as_object_mut) {
        let empty = |value: &Value| value.as_object().is_some_and(Map::is_empty);
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
