//! A schema as CRDs take it: structural OpenAPI v3. Everything stands where it is used, each place
//! has one type, and what a CRD cannot say is left out: it then accepts more, never less.

use serde_json::{Map, Number, Value, json};

const OPEN: &str = "x-kubernetes-preserve-unknown-fields";
const INT_OR_STRING: &str = "x-kubernetes-int-or-string";

/// Keywords that mean the same in both.
const SAME: &[&str] = &[
    "description",
    "enum",
    "pattern",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "minProperties",
    "maxProperties",
    "multipleOf",
];

/// Translates a schema of draft 7 that is complete in itself.
pub(super) fn structural(schema: &Value) -> Value {
    let definitions = schema.get("definitions").and_then(Value::as_object);
    Translation { definitions, within: Vec::new() }.place(schema)
}

struct Translation<'s> {
    definitions: Option<&'s Map<String, Value>>,
    /// The definitions that the present place lies in.
    within: Vec<&'s str>,
}

impl<'s> Translation<'s> {
    /// A place where a value stands.
    fn place(&mut self, schema: &'s Value) -> Value {
        let Value::Object(keywords) = schema else { return open() };
        let mut out = Map::new();
        for name in references(keywords) {
            self.referred(name, &mut out);
        }
        for (keyword, value) in keywords {
            self.keyword(keyword, value, &mut out);
        }
        settle(&mut out);
        Value::Object(out)
    }

    /// What a reference stands for. A type within itself is left open, as an expansion has no end.
    fn referred(&mut self, name: &'s str, out: &mut Map<String, Value>) {
        let Some(definition) = self.definitions.and_then(|all| all.get(name)) else { return };
        if self.within.contains(&name) {
            if let Some(kind) = definition.get("type").filter(|kind| kind.is_string()) {
                out.insert("type".to_owned(), kind.clone());
            }
            out.insert(OPEN.to_owned(), json!(true));
            return;
        }
        self.within.push(name);
        if let Value::Object(keywords) = self.place(definition) {
            out.extend(keywords);
        }
        self.within.pop();
    }

    fn keyword(&mut self, keyword: &str, value: &'s Value, out: &mut Map<String, Value>) {
        match (keyword, value) {
            ("properties", Value::Object(properties)) => {
                let places: Map<String, Value> = properties
                    .iter()
                    .map(|(name, schema)| (name.clone(), self.place(schema)))
                    .collect();
                match out.get_mut("properties") {
                    Some(Value::Object(all)) => all.extend(places),
                    _ => put(out, "properties", Value::Object(places)),
                }
            }
            ("items", _) => put(out, "items", self.place(value)),
            ("additionalProperties", Value::Bool(false)) => {}
            ("additionalProperties", _) => self.values(value, out),
            ("patternProperties", Value::Object(patterns)) => {
                patterns.values().for_each(|schema| self.values(schema, out));
            }
            ("required", Value::Array(names)) => require(out, names),
            ("const", _) => put(out, "enum", json!([value])),
            ("type", Value::String(_)) => put(out, "type", value.clone()),
            ("type", Value::Array(types)) => several_types(types, out),
            ("format", Value::String(format)) => {
                if let Some(format) = known_format(format) {
                    put(out, "format", json!(format));
                }
            }
            ("minimum" | "maximum", Value::Number(bound)) if is_in_reach(bound) => {
                put(out, keyword, value.clone());
            }
            ("exclusiveMinimum" | "exclusiveMaximum", Value::Number(bound))
                if is_in_reach(bound) =>
            {
                // OpenAPI 3.0 keeps draft 4's booleans beside the bounds.
                put(
                    out,
                    if keyword == "exclusiveMinimum" { "minimum" } else { "maximum" },
                    value.clone(),
                );
                put(out, keyword, json!(true));
            }
            ("allOf" | "anyOf" | "oneOf", Value::Array(branches)) => {
                self.junctor(keyword, branches, out);
            }
            ("not", Value::Object(keywords)) => {
                if let Some(condition) = condition(keywords) {
                    put(out, "not", condition);
                }
            }
            _ if SAME.contains(&keyword) || keyword.starts_with("x-kubernetes-") => {
                put(out, keyword, value.clone());
            }
            _ => {}
        }
    }

    /// The values of a mapping with free keys.
    fn values(&mut self, schema: &'s Value, out: &mut Map<String, Value>) {
        let place = self.place(schema);
        if place == open() {
            put(out, OPEN, json!(true));
        } else {
            put(out, "additionalProperties", place);
        }
    }

    /// Branches may only narrow what stands outside of them, so their properties are said there.
    fn junctor(&mut self, keyword: &str, branches: &'s [Value], out: &mut Map<String, Value>) {
        let mut conditions = Vec::new();
        for branch in branches.iter().filter_map(Value::as_object) {
            if branch.contains_key("$ref") {
                // Taken in already under allOf; elsewhere a choice of types, which a CRD cannot say.
                if keyword != "allOf" {
                    put(out, OPEN, json!(true));
                    return;
                }
                continue;
            }
            for key in ["properties", "type"] {
                if let Some(value) =
                    branch.get(key).filter(|_| key != "type" || !out.contains_key(key))
                {
                    self.keyword(key, value, out);
                }
            }
            conditions.extend(condition(branch));
        }
        let all_said = conditions.len() == branches.len();
        if !conditions.is_empty() && (keyword == "allOf" || all_said) {
            put(out, keyword, Value::Array(conditions));
        }
    }
}

/// What a branch asks of a value besides its type.
fn condition(branch: &Map<String, Value>) -> Option<Value> {
    let mut out = Map::new();
    for (keyword, value) in branch {
        match (keyword.as_str(), value) {
            ("required", _) => put(&mut out, keyword, value.clone()),
            ("const", _) => put(&mut out, "enum", json!([value])),
            ("description", _) => {}
            (same, _) if SAME.contains(&same) => put(&mut out, same, value.clone()),
            _ => {}
        }
    }
    (!out.is_empty()).then_some(Value::Object(out))
}

/// The definitions that a schema takes in.
fn references(keywords: &Map<String, Value>) -> Vec<&str> {
    let own = keywords.get("$ref");
    let all = keywords.get("allOf").and_then(Value::as_array);
    let branches = all.into_iter().flatten().filter_map(|branch| branch.get("$ref"));
    own.into_iter()
        .chain(branches)
        .filter_map(|reference| reference.as_str()?.strip_prefix("#/definitions/"))
        .collect()
}

/// Puts right what only shows once all keywords are there.
fn settle(out: &mut Map<String, Value>) {
    if out.contains_key("properties") {
        // Fields that are named and fields that are not cannot both be described.
        if out.remove("additionalProperties").is_some() {
            put(out, OPEN, json!(true));
        }
        out.entry("type").or_insert_with(|| json!("object"));
    }
    let has_type = out.contains_key("type") || out.contains_key(INT_OR_STRING);
    if !has_type {
        put(out, OPEN, json!(true));
    }
    // Free keys with values of any kind are open, and say no more.
    if out.contains_key(OPEN) {
        out.remove("additionalProperties");
    }
}

fn several_types(types: &[Value], out: &mut Map<String, Value>) {
    let is = |name: &str| types.iter().any(|kind| kind == name);
    if types.len() == 2 && is("integer") && is("string") {
        put(out, INT_OR_STRING, json!(true));
    }
}

fn known_format(format: &str) -> Option<&str> {
    match format {
        "int32" | "int64" | "float" | "double" | "date-time" | "byte" => Some(format),
        "uint64" | "uint32" | "uint" => Some("int64"),
        "uint8" | "uint16" | "int8" | "int16" => Some("int32"),
        _ => None,
    }
}

/// The API server keeps whole numbers in 64 bits with a sign.
fn is_in_reach(bound: &Number) -> bool {
    bound.is_i64() || bound.is_f64()
}

fn open() -> Value {
    json!({OPEN: true})
}

fn put(out: &mut Map<String, Value>, keyword: &str, value: Value) {
    out.insert(keyword.to_owned(), value);
}

fn require(out: &mut Map<String, Value>, names: &[Value]) {
    if let Value::Array(required) = out.entry("required").or_insert_with(|| json!([])) {
        for name in names {
            if !required.contains(name) {
                required.push(name.clone());
            }
        }
    }
}
