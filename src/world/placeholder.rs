//! What only the server can know, by name: the uid of a Subscription that is not there yet, inside
//! of its consumer's name and configuration. A placeholder is text, so that a plan can be shown and
//! saved with it; the step takes the uid from the Subscription's reply.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::model::ObjectKey;

use super::Key;

const UPPER: &str = "(UID of ";
const LOWER: &str = "(uid of ";

/// The uid of an object, in upper case without hyphens, known after apply.
pub fn upper(object: &ObjectKey) -> String {
    format!("{UPPER}{object})")
}

/// The uid of an object, in lower case without hyphens, known after apply.
pub fn lower(object: &ObjectKey) -> String {
    format!("{LOWER}{object})")
}

/// Whether a text holds a placeholder.
pub fn is_open(text: &str) -> bool {
    text.contains(UPPER) || text.contains(LOWER)
}

/// Whether a key holds a placeholder. Names of consumers alone do.
pub fn is_open_key(key: &Key) -> bool {
    matches!(key, Key::Consumer { name, .. } if is_open(name))
}

/// Whether any text in a value holds a placeholder.
pub fn holds_open(value: &Value) -> bool {
    match value {
        Value::String(text) => is_open(text),
        Value::Array(items) => items.iter().any(holds_open),
        Value::Object(fields) => fields.values().any(holds_open),
        _ => false,
    }
}

/// The objects whose uids a text waits for, as written in it.
pub fn waits_for(text: &str) -> BTreeSet<&str> {
    let mut names = BTreeSet::new();
    for mark in [UPPER, LOWER] {
        for part in text.split(mark).skip(1) {
            names.extend(part.split(')').next());
        }
    }
    names
}

/// The text with every placeholder filled whose object's uid is known by name.
pub fn fill_text(text: &str, uid: &impl Fn(&str) -> Option<String>) -> String {
    let mut filled = text.to_owned();
    for name in waits_for(text) {
        if let Some(uid) = uid(name) {
            let plain = uid.replace('-', "");
            filled = filled
                .replace(&format!("{UPPER}{name})"), &plain.to_uppercase())
                .replace(&format!("{LOWER}{name})"), &plain.to_lowercase());
        }
    }
    filled
}

/// Every text in a value filled, by the object's name.
pub fn fill_named(value: &Value, uid: &impl Fn(&str) -> Option<String>) -> Value {
    match value {
        Value::String(text) if is_open(text) => Value::String(fill_text(text, uid)),
        Value::Array(items) => items.iter().map(|item| fill_named(item, uid)).collect(),
        Value::Object(fields) => {
            fields.iter().map(|(name, value)| (name.clone(), fill_named(value, uid))).collect()
        }
        other => other.clone(),
    }
}

/// Every text in a value filled, by the object's key.
pub fn fill(value: &Value, uid: &impl Fn(&ObjectKey) -> Option<String>) -> Value {
    fill_named(value, &|name| parse(name).and_then(|key| uid(&key)))
}

/// A consumer's key with its name filled.
pub fn fill_key(key: &Key, uid: &impl Fn(&ObjectKey) -> Option<String>) -> Key {
    match key {
        Key::Consumer { site, stream, name } if is_open(name) => Key::Consumer {
            site: site.clone(),
            stream: stream.clone(),
            name: fill_text(name, &|name| parse(name).and_then(|key| uid(&key))).into(),
        },
        other => other.clone(),
    }
}

/// Reads back the name of a Subscription, the one kind that gives its uid away.
fn parse(name: &str) -> Option<ObjectKey> {
    let rest = name.strip_prefix("subscription.")?;
    let (group, rest) = rest.split_once('/')?;
    let (namespace, name) = rest.split_once('/')?;
    Some(ObjectKey {
        group: group.into(),
        kind: "Subscription".into(),
        namespace: Some(namespace.into()),
        name: name.into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_filled_where_the_uid_is_known() {
        let billing = ObjectKey {
            group: "messaging.knative.dev".into(),
            kind: "Subscription".into(),
            namespace: Some("default".into()),
            name: "billing".into(),
        };
        let text = format!("KN_SUB_{}", upper(&billing));
        assert!(is_open(&text));
        assert_eq!(waits_for(&text), BTreeSet::from([billing.to_string().as_str()]));
        let value = serde_json::json!({"a": [text, lower(&billing)], "b": 1});
        let known = |key: &ObjectKey| (*key == billing).then(|| "0a-B1".to_owned());
        assert_eq!(fill(&value, &known), serde_json::json!({"a": ["KN_SUB_0AB1", "0ab1"], "b": 1}));
        assert_eq!(fill(&value, &|_| None), value);
    }
}
