//! The schema of one document, whole: what its type says, and what the kind adds: which apiVersion
//! and kind it goes by, and what every object must have.

use serde_json::{Map, Value, json};

use super::{Role, Subject, readable};

/// The dialect of every schema.
pub const DIALECT: &str = "http://json-schema.org/draft-07/schema#";
/// What the `$id` of every schema begins with.
pub const ID_PREFIX: &str = "urn:evctl:schema:";

/// The schema of a document, complete in itself.
pub fn of(subject: &Subject) -> Value {
    let mut schema = bare(subject);
    if let Value::Object(keywords) = &mut schema {
        keywords.insert("$schema".to_owned(), json!(DIALECT));
        let group = if subject.group.is_empty() { "core" } else { subject.group };
        let id = format!("{ID_PREFIX}{group}:{}:{}", subject.version, subject.kind);
        keywords.insert("$id".to_owned(), json!(id));
    }
    schema
}

/// The schema without dialect and id, to stand among others.
pub(super) fn bare(subject: &Subject) -> Value {
    let mut schema = (subject.schema)();
    let description = description_in(&schema);
    if let Value::Object(keywords) = &mut schema {
        let api_version = subject.api_version();
        keywords.insert("title".to_owned(), json!(format!("{} ({api_version})", subject.kind)));
        keywords.insert("description".to_owned(), json!(description));
        said(keywords, "apiVersion", &api_version, "Group and version of the kind.");
        said(keywords, "kind", subject.kind, "The kind of the document.");
        match subject.role {
            Role::Project => {}
            Role::Output => require(keywords, &["apiVersion", "kind"]),
            Role::Manifest => {
                require(keywords, &["apiVersion", "kind", "metadata"]);
                named(keywords);
            }
        }
    }
    readable::make(&mut schema);
    schema
}

/// What the kind is for.
pub(super) fn description(subject: &Subject) -> String {
    description_in(&(subject.schema)())
}

/// The description of the spec, else of the document.
fn description_in(schema: &Value) -> String {
    let spec = schema.pointer("/properties/spec");
    let reference = spec.and_then(|spec| {
        spec.get("$ref").or_else(|| spec.pointer("/allOf/0/$ref")).and_then(Value::as_str)
    });
    let definition = reference
        .and_then(|reference| schema.pointer(reference.strip_prefix('#')?))
        .and_then(|definition| definition.get("description"));
    let description = definition.or_else(|| schema.get("description")).and_then(Value::as_str);
    description.unwrap_or_default().to_owned()
}

/// A property that has one value.
fn said(keywords: &mut Map<String, Value>, name: &str, value: &str, description: &str) {
    let property = json!({"type": "string", "const": value, "description": description});
    if let Some(properties) = part(keywords, "properties") {
        properties.insert(name.to_owned(), property);
    }
}

fn require(keywords: &mut Map<String, Value>, names: &[&str]) {
    let required = keywords.entry("required").or_insert_with(|| json!([]));
    if let Value::Array(required) = required {
        for name in names.iter().filter(|name| !required.contains(&json!(name))).collect::<Vec<_>>()
        {
            required.push(json!(name));
        }
    }
}

/// The API server may make a name; evctl, which finds objects by it, asks for one.
fn named(keywords: &mut Map<String, Value>) {
    let Some(metadata) = part(keywords, "properties").and_then(|all| part(all, "metadata")) else {
        return;
    };
    if let Some(reference) = metadata.remove("$ref") {
        metadata.insert("allOf".to_owned(), json!([{"$ref": reference}]));
    }
    metadata
        .entry("description")
        .or_insert_with(|| json!("Which object this is: name, namespace, labels, annotations."));
    require(metadata, &["name"]);
}

fn part<'m>(map: &'m mut Map<String, Value>, key: &str) -> Option<&'m mut Map<String, Value>> {
    map.get_mut(key).and_then(Value::as_object_mut)
}
