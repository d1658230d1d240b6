//! evctl's marks of ownership: label `evctl.dev/project` and annotation `evctl.dev/object` on
//! Kubernetes objects (a label's value cannot hold the slashes of a name), metadata of both names on
//! streams and consumers.

use serde_json::{Map, Value};

use super::Owner;
use super::applyset::PART_OF;

pub use crate::jetstream::metadata::{OBJECT, PROJECT};

/// The mark, with the value `true`, of what nobody deletes or replaces unasked.
pub const PROTECT: &str = "evctl.dev/protect";

/// Takes the marks off a Kubernetes object.
pub fn take_from_object(body: &mut Value) -> Option<Owner> {
    let project = take(body, "labels", PROJECT);
    let object = take(body, "annotations", OBJECT);
    Some(Owner { project: project?.into(), object: object?.into() })
}

/// Puts the marks on a Kubernetes object, and the ApplySet that it is to be a member of.
pub fn put_on_object(body: &mut Value, owner: &Owner, set: Option<&str>) {
    put(body, "labels", PROJECT, &owner.project);
    put(body, "annotations", OBJECT, &owner.object);
    if let Some(set) = set {
        put(body, "labels", PART_OF, set);
    }
}

/// Takes the membership of an ApplySet off a Kubernetes object.
pub fn take_set(body: &mut Value) -> Option<String> {
    take(body, "labels", PART_OF)
}

/// The marks of a stream's or consumer's configuration.
pub fn of_config(config: &Map<String, Value>) -> Option<Owner> {
    let metadata = config.get("metadata")?;
    let text = |name: &str| metadata.get(name).and_then(Value::as_str).map(str::to_owned);
    Some(Owner { project: text(PROJECT)?.into(), object: text(OBJECT)?.into() })
}

/// Whether a stream's or consumer's configuration says that nobody deletes or replaces it unasked.
pub fn is_protected(config: &Map<String, Value>) -> bool {
    let mark = config.get("metadata").and_then(|metadata| metadata.get(PROTECT)?.as_str());
    mark == Some("true")
}

/// Whether a Kubernetes object's annotation says so.
pub fn is_protected_object(body: &Value) -> bool {
    let marks = body.pointer("/metadata/annotations");
    marks.and_then(|marks| marks.get(PROTECT)?.as_str()) == Some("true")
}

/// Puts the marks on a stream's or consumer's configuration; other metadata stays.
pub fn put_on_config(config: &mut Map<String, Value>, owner: &Owner) {
    let metadata = config.entry("metadata").or_insert_with(|| Value::Object(Map::new()));
    if let Value::Object(metadata) = metadata {
        metadata.insert(PROJECT.to_owned(), Value::String(owner.project.clone().into()));
        metadata.insert(OBJECT.to_owned(), Value::String(owner.object.clone().into()));
    }
}

/// Takes the marks off a stream's or consumer's configuration.
pub fn take_from_config(config: &mut Map<String, Value>) {
    if let Some(metadata) = config.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.retain(|name, _| name != PROJECT && name != OBJECT);
    }
}

fn take(body: &mut Value, marks: &str, name: &str) -> Option<String> {
    let metadata = body.get_mut("metadata")?.as_object_mut()?;
    let map = metadata.get_mut(marks)?.as_object_mut()?;
    let value = map.remove(name)?.as_str().map(str::to_owned);
    if map.is_empty() {
        metadata.remove(marks);
    }
    value
}

fn put(body: &mut Value, marks: &str, name: &str, value: &str) {
    let Some(metadata) = body.get_mut("metadata").and_then(Value::as_object_mut) else { return };
    let map = metadata.entry(marks).or_insert_with(|| Value::Object(Map::new()));
    if let Value::Object(map) = map {
        map.insert(name.to_owned(), Value::String(value.to_owned()));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn marks_go_on_and_come_off() {
        let owner = Owner { project: "p".into(), object: "service/default/a".into() };
        let plain = json!({"metadata": {"name": "a"}});
        let mut body = plain.clone();
        put_on_object(&mut body, &owner, Some("set"));
        assert_eq!(take_set(&mut body).as_deref(), Some("set"));
        assert_eq!(body["metadata"]["labels"][PROJECT], "p");
        assert_eq!(take_from_object(&mut body), Some(owner));
        assert_eq!(body, plain);
        assert_eq!(take_from_object(&mut body), None);
    }
}
