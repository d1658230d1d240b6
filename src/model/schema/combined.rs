//! One schema for files of any kind: it looks at apiVersion and kind and applies what belongs to
//! them. A chain of `if` and `then`, as with `oneOf` every mistake would be reported once for each
//! kind there is. A kind that evctl does not know passes.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::document::{self, DIALECT, ID_PREFIX};
use super::{Role, Subject};

const REFERENCE: &str = "#/definitions/";

/// The schema of everything that stands in a user's files, complete in itself.
pub fn of(subjects: &[Subject]) -> Value {
    let mut shared = Shared::default();
    let mut cases = Vec::new();
    let manifests = subjects.iter().filter(|subject| subject.role != Role::Output);
    let manifests: Vec<&Subject> = manifests.collect();
    for subject in &manifests {
        let name = shared.take(subject);
        cases.push(json!({
            "if": {
                "required": ["apiVersion", "kind"],
                "properties": {
                    "apiVersion": {"const": subject.api_version()},
                    "kind": {"const": subject.kind},
                },
            },
            "then": {"$ref": format!("{REFERENCE}{name}")},
        }));
    }
    json!({
        "$schema": DIALECT,
        "$id": format!("{ID_PREFIX}all"),
        "title": "Manifests",
        "description": "Every kind that evctl knows, chosen by apiVersion and kind.",
        "properties": {
            "apiVersion": open("Group and version of the kind.",
                manifests.iter().map(|subject| subject.api_version()).collect()),
            "kind": open("The kind of the document.",
                manifests.iter().map(|subject| subject.kind.to_owned()).collect()),
        },
        "allOf": cases,
        "definitions": shared.definitions,
    })
}

/// A property whose known values an editor offers, and that takes any other.
fn open(description: &str, mut known: Vec<String>) -> Value {
    known.sort();
    known.dedup();
    json!({"description": description, "anyOf": [{"enum": known}, {}]})
}

/// The definitions of many schemas in one room. Those that are equal are kept once.
#[derive(Default)]
struct Shared {
    definitions: Map<String, Value>,
}

impl Shared {
    /// Takes a document's schema with all its definitions, and says what it is called here.
    fn take(&mut self, subject: &Subject) -> String {
        let mut schema = document::bare(subject);
        let definitions =
            schema.as_object_mut().and_then(|keywords| keywords.remove("definitions"));
        let Some(Value::Object(definitions)) = definitions else {
            return self.add_root(subject, schema);
        };
        let names = self.names(&definitions);
        for (name, mut definition) in definitions {
            rename(&mut definition, &names);
            if let Some(name) = names.get(&name) {
                self.definitions.insert(name.clone(), definition);
            }
        }
        rename(&mut schema, &names);
        self.add_root(subject, schema)
    }

    fn add_root(&mut self, subject: &Subject, schema: Value) -> String {
        let name = format!("{}.{}", subject.api_version().replace('/', "."), subject.kind);
        self.definitions.insert(name.clone(), schema);
        name
    }

    /// A name here for each definition of a schema: its own, with a number behind it where another
    /// has that name. What refers to a renamed one differs from its namesake by that alone, and is
    /// renamed too.
    fn names(&self, definitions: &Map<String, Value>) -> BTreeMap<String, String> {
        let mut names: BTreeMap<String, String> =
            definitions.keys().map(|name| (name.clone(), name.clone())).collect();
        for number in 2.. {
            let taken: Vec<&String> = definitions
                .iter()
                .filter(|(name, definition)| self.is_taken(name, definition, &names))
                .map(|(name, _)| name)
                .collect();
            if taken.is_empty() {
                break;
            }
            names.extend(taken.into_iter().map(|name| (name.clone(), format!("{name}{number}"))));
        }
        names
    }

    /// Whether something else has the name that a definition would get.
    fn is_taken(&self, name: &str, definition: &Value, names: &BTreeMap<String, String>) -> bool {
        let mut renamed = definition.clone();
        rename(&mut renamed, names);
        let there = names.get(name).and_then(|name| self.definitions.get(name));
        there.is_some_and(|there| *there != renamed)
    }
}

/// Gives every reference its target's name in the common room.
fn rename(schema: &mut Value, names: &BTreeMap<String, String>) {
    match schema {
        Value::Object(keywords) => {
            for (key, value) in keywords {
                let target = value.as_str().filter(|_| key == "$ref");
                let name = target.and_then(|text| names.get(text.strip_prefix(REFERENCE)?));
                match name {
                    Some(name) => *value = json!(format!("{REFERENCE}{name}")),
                    None => rename(value, names),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| rename(item, names)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subject(kind: &'static str, schema: fn() -> Value) -> Subject {
        Subject { role: Role::Manifest, ..Subject::output(kind, schema) }
    }

    /// A document that refers to one definition, which refers to another.
    fn document(inner: &str) -> Value {
        json!({
            "properties": {"spec": {"$ref": "#/definitions/Outer"}},
            "definitions": {
                "Outer": {"properties": {"inner": {"$ref": "#/definitions/Inner"}}},
                "Inner": {"type": inner},
                "Same": {"type": "null"},
            },
        })
    }

    #[test]
    fn definitions_of_one_name_are_told_apart() {
        let subjects = [
            subject("A", || document("string")),
            subject("B", || document("integer")),
            subject("C", || document("string")),
        ];
        let schema = of(&subjects);
        let names: Vec<&String> = schema["definitions"].as_object().unwrap().keys().collect();
        let kinds = ["A", "B", "C"].map(|kind| format!("evctl.dev.v1alpha1.{kind}"));
        let mut expected: Vec<&str> = vec!["Inner", "Inner2", "Outer", "Outer3", "Same"];
        expected.extend(kinds.iter().map(String::as_str));
        assert_eq!(names, expected);
        let validator = jsonschema::validator_for(&schema).unwrap();
        let said = |kind: &str, inner: Value| {
            validator.is_valid(&json!({
                "apiVersion": "evctl.dev/v1alpha1", "kind": kind, "metadata": {},
                "spec": {"inner": inner},
            }))
        };
        for kind in ["A", "C"] {
            assert!(said(kind, json!("text")) && !said(kind, json!(1)), "{kind}");
        }
        assert!(said("B", json!(1)) && !said("B", json!("text")));
        assert!(said("Unheard", json!([])));
    }
}
