//! Makes a schema read well in editors: descriptions where a field is used rather than where its
//! type is defined, words instead of patterns. What it allows stays the same.

use serde_json::{Map, Value, json};

const REFERENCE: &str = "#/definitions/";

/// Rewrites a schema that is complete in itself.
pub(super) fn make(schema: &mut Value) {
    inline_enumerations(schema);
    describe_where_used(schema);
    each(schema, &mut without_machine_format);
    each(schema, &mut with_words_for_patterns);
    each(schema, &mut with_code_set_off);
}

/// Visits every mapping, from the outside in; a place and what it refers to are one.
fn each(value: &mut Value, visit: &mut impl FnMut(&mut Map<String, Value>)) {
    match value {
        Value::Object(keywords) => {
            visit(keywords);
            let is_place = referred(keywords).is_some();
            for (_, value) in keywords.iter_mut().filter(|(key, _)| !(is_place && *key == "allOf"))
            {
                each(value, visit);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| each(item, visit)),
        _ => {}
    }
}

/// The definition that a place refers to, alone or beside its own description.
fn referred(keywords: &Map<String, Value>) -> Option<&str> {
    let beside = || keywords.get("allOf").and_then(|branches| branches.get(0)?.get("$ref"));
    let reference = keywords.get("$ref").or_else(beside);
    reference.and_then(Value::as_str).and_then(|text| text.strip_prefix(REFERENCE))
}

fn definitions(schema: &mut Value) -> Option<&mut Map<String, Value>> {
    schema.get_mut("definitions").and_then(Value::as_object_mut)
}

/// Formats such as `int32` are none of JSON Schema's; bounds say the same.
fn without_machine_format(keywords: &mut Map<String, Value>) {
    let machine = |format: &str| format.starts_with("int") || format.starts_with("uint");
    if keywords.get("format").and_then(Value::as_str).is_some_and(machine) {
        keywords.remove("format");
    }
}

/// Editors show this instead of the pattern, which says little to people.
fn with_words_for_patterns(keywords: &mut Map<String, Value>) {
    let title = keywords.get("title").and_then(Value::as_str).map(str::to_owned);
    if let Some(title) = title.filter(|_| keywords.contains_key("pattern")) {
        keywords.insert("patternErrorMessage".to_owned(), json!(format!("This is not {title}.")));
    }
}

/// Editors take a description for plain text, where backquotes would be shown as such.
fn with_code_set_off(keywords: &mut Map<String, Value>) {
    let description = keywords.get("description").and_then(Value::as_str);
    if let Some(description) = description.filter(|text| text.contains('`')).map(str::to_owned) {
        keywords.insert("markdownDescription".to_owned(), json!(description));
    }
}

/// Puts each enumeration where it is used.
fn inline_enumerations(schema: &mut Value) {
    let is_enumeration = |definition: &Value| definition.get("enum").is_some();
    let Some(all) = definitions(schema) else { return };
    let mut enumerations = all.clone();
    enumerations.retain(|_, definition| is_enumeration(definition));
    all.retain(|_, definition| !is_enumeration(definition));
    each(schema, &mut |keywords| {
        let found = referred(keywords).and_then(|name| enumerations.get(name));
        let Some(Value::Object(found)) = found else { return };
        keywords.remove("$ref");
        keywords.remove("allOf");
        for (keyword, value) in found {
            keywords.entry(keyword.clone()).or_insert_with(|| value.clone());
        }
    });
}

/// Editors show the description of a definition rather than that of the field that refers to it, so
/// a definition gives its own to the fields that have none.
fn describe_where_used(schema: &mut Value) {
    let Some(all) = definitions(schema) else { return };
    let mut descriptions = Map::new();
    for (name, definition) in all {
        let keywords = definition.as_object_mut();
        if let Some(description) = keywords.and_then(|keywords| keywords.remove("description")) {
            descriptions.insert(name.clone(), description);
        }
    }
    each(schema, &mut |keywords| {
        let described = keywords.contains_key("description");
        let description = referred(keywords).and_then(|name| descriptions.get(name));
        let Some(description) = description.filter(|_| !described).cloned() else { return };
        if let Some(reference) = keywords.remove("$ref") {
            keywords.insert("allOf".to_owned(), json!([{"$ref": reference}]));
        }
        keywords.insert("description".to_owned(), description);
    });
}
