//! Kinds as an API server takes them: one CustomResourceDefinition per kind with all its versions
//! (apiextensions.k8s.io/v1), structural. What controllers write under `status` is left open.

use serde_json::{Map, Value, json};

use super::structural::structural;
use super::{Role, Subject, document, names};

/// Whether an API server takes definitions of a kind: not of its own kinds, nor of what is no object.
pub fn is_definable(subject: &Subject) -> bool {
    subject.role == Role::Manifest && !subject.group.is_empty()
}

/// The definitions of kinds, one for each (group, kind), in the order given.
pub fn of(subjects: &[&Subject]) -> Vec<Value> {
    let mut kinds: Vec<(&str, &str)> = Vec::new();
    for subject in subjects.iter().filter(|subject| is_definable(subject)) {
        let kind = (subject.group, subject.kind);
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    kinds
        .into_iter()
        .filter_map(|kind| {
            let mut rows: Vec<&Subject> = subjects
                .iter()
                .copied()
                .filter(|subject| (subject.group, subject.kind) == kind)
                .collect();
            rows.sort_by_key(|subject| std::cmp::Reverse(names::priority(subject.version)));
            definition(&rows)
        })
        .collect()
}

/// Definitions as one YAML stream.
///
/// # Errors
/// What the writer complains of.
pub fn yaml(definitions: &[Value]) -> Result<String, String> {
    let texts: Result<Vec<String>, _> = definitions.iter().map(serde_saphyr::to_string).collect();
    Ok(texts.map_err(|error| error.to_string())?.join("---\n"))
}

/// The definition of one kind. The newest version is the one that is stored.
fn definition(rows: &[&Subject]) -> Option<Value> {
    let newest = rows.first()?;
    let plural = names::plural(newest.kind);
    let versions: Vec<Value> =
        rows.iter().enumerate().map(|(place, row)| version(row, place == 0)).collect();
    Some(json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("{plural}.{}", newest.group)},
        "spec": {
            "group": newest.group,
            "names": {
                "kind": newest.kind,
                "listKind": format!("{}List", newest.kind),
                "plural": plural,
                "singular": newest.kind.to_lowercase(),
            },
            "scope": if newest.cluster_scoped { "Cluster" } else { "Namespaced" },
            "versions": versions,
        },
    }))
}

fn version(subject: &Subject, stored: bool) -> Value {
    let mut schema = structural(&(subject.schema)());
    if let Value::Object(keywords) = &mut schema {
        keywords.insert("description".to_owned(), json!(document::description(subject)));
        object_parts(keywords);
    }
    json!({
        "name": subject.version,
        "served": true,
        "storage": stored,
        "subresources": {"status": {}},
        "schema": {"openAPIV3Schema": schema},
    })
}

/// What the API server itself knows about every object; it allows no more than this to be said.
fn object_parts(keywords: &mut Map<String, Value>) {
    let Some(Value::Object(properties)) = keywords.get_mut("properties") else { return };
    for name in ["apiVersion", "kind"] {
        properties.insert(name.to_owned(), json!({"type": "string"}));
    }
    properties.insert("metadata".to_owned(), json!({"type": "object"}));
    properties.insert(
        "status".to_owned(),
        json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true}),
    );
    if let Some(Value::Array(required)) = keywords.get_mut("required") {
        required.retain(|name| !["apiVersion", "kind", "metadata"].iter().any(|own| name == own));
        if required.is_empty() {
            keywords.remove("required");
        }
    }
}
