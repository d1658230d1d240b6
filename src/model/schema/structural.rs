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
        if keyword != "allOf" && is_choice_of_types(branches) {
            put(out, OPEN, json!(true));
            return;
        }
        // References of an allOf are taken in already.
        let own = branches.iter().filter_map(Value::as_object);
        let own: Vec<_> = own.filter(|branch| !branch.contains_key("$ref")).collect();
        for branch in &own {
            let fixed = out.contains_key("type");
            for key in ["properties", "type"] {
                if let Some(value) = branch.get(key).filter(|_| key != "type" || !fixed) {
                    self.keyword(key, value, out);
                }
            }
        }
        let conditions: Vec<Value> = own.iter().copied().filter_map(condition).collect();
        // A branch that asks for nothing is always true, and makes the others mean nothing.
        let all_said = conditions.len() == branches.len();
        if !conditions.is_empty() && (keyword == "allOf" || all_said) {
            put(out, keyword, Value::Array(conditions));
        }
    }
}

/// Whether branches allow values of several types, which a CRD cannot say.
fn is_choice_of_types(branches: &[Value]) -> bool {
    let mut types = branches.iter().map(|branch| branch.get("type"));
    let first = types.next().flatten();
    let referring = branches.iter().any(|branch| branch.get("$ref").is_some());
    referring || branches.iter().any(|branch| branch.get("type") != first)
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

/// The API server keeps bounds as floating point: one that it cannot keep exactly becomes greater than
/// any number of 64 bits, and every object is refused. The format says the same as such a bound.
fn is_in_reach(bound: &Number) -> bool {
    const EXACT: i64 = 1 << 53;
    bound.as_i64().map_or(bound.is_f64(), |whole| (-EXACT..=EXACT).contains(&whole))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(schema: &Value, expected: &Value) {
        assert_eq!(structural(schema), *expected);
    }

    #[test]
    fn a_type_within_itself_is_left_open() {
        let filter = json!({"type": "object", "properties": {
            "not": {"allOf": [{"$ref": "#/definitions/Filter"}], "description": "Not this."},
            "all": {"type": "array", "items": {"$ref": "#/definitions/Filter"}},
        }, "additionalProperties": false});
        let open = json!({"type": "object", OPEN: true});
        check(
            &json!({"$ref": "#/definitions/Filter", "definitions": {"Filter": filter}}),
            &json!({"type": "object", "properties": {
                "not": {"type": "object", OPEN: true, "description": "Not this."},
                "all": {"type": "array", "items": open},
            }}),
        );
    }

    #[test]
    fn mappings_with_free_keys() {
        let free = |values: Value| json!({"type": "object", "additionalProperties": values});
        check(&free(json!({"type": "string"})), &free(json!({"type": "string"})));
        check(&free(json!(true)), &json!({"type": "object", OPEN: true}));
        check(
            &json!({"type": "object", "patternProperties": {"^a": {"type": "string"}}, "additionalProperties": false}),
            &free(json!({"type": "string"})),
        );
        check(
            &json!({"type": "object", "propertyNames": {"pattern": "^a"}, "additionalProperties": {"type": "string"}}),
            &free(json!({"type": "string"})),
        );
        check(
            &json!({"properties": {"a": {"type": "string"}}, "additionalProperties": {"type": "string"}}),
            &json!({"type": "object", "properties": {"a": {"type": "string"}}, OPEN: true}),
        );
    }

    #[test]
    fn values_of_several_types() {
        check(&json!({"type": ["integer", "string"]}), &json!({INT_OR_STRING: true}));
        check(
            &json!({"type": ["number", "string"], "pattern": "a"}),
            &json!({OPEN: true, "pattern": "a"}),
        );
        check(&json!(true), &open());
        check(
            &json!({"anyOf": [{"type": "string"}, {"$ref": "#/definitions/A"}], "definitions": {"A": {"type": "object"}}}),
            &open(),
        );
    }

    #[test]
    fn branches_say_no_more_than_conditions() {
        check(
            &json!({"type": "object", "oneOf": [
                {"required": ["a"], "properties": {"a": {"type": "string"}}},
                {"required": ["b"], "properties": {"b": {"type": "string"}}},
            ]}),
            &json!({
                "type": "object",
                "properties": {"a": {"type": "string"}, "b": {"type": "string"}},
                "oneOf": [{"required": ["a"]}, {"required": ["b"]}],
            }),
        );
    }

    #[test]
    fn numbers_stay_within_what_servers_keep() {
        check(
            &json!({"type": "integer", "format": "uint64", "minimum": 0, "maximum": u64::MAX}),
            &json!({"type": "integer", "format": "int64", "minimum": 0}),
        );
        check(
            &json!({"type": "integer", "format": "int64", "minimum": i64::MIN, "maximum": i64::MAX}),
            &json!({"type": "integer", "format": "int64"}),
        );
        check(
            &json!({"type": "number", "exclusiveMinimum": 0, "default": 1, "examples": [2], "const": 3}),
            &json!({"type": "number", "minimum": 0, "exclusiveMinimum": true, "enum": [3]}),
        );
    }
}
