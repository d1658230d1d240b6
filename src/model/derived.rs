//! The JSON Schema of a type, derived from it: such that it holds exactly where the type decodes, and
//! says no more than draft 7 has words for. Knows nothing of values.

use schemars::generate::SchemaSettings;
use schemars::transform::{Transform, transform_subschemas};
use schemars::{JsonSchema, Schema};
use serde_json::{Value, json};

/// The schema of a type: draft 7, each named type once under `definitions`, without nulls (a null
/// field is an absent one).
pub fn schema_of<T: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft07().with_transform(Strict);
    let mut schema = settings.into_generator().into_root_schema_for::<T>();
    schema.remove("$schema");
    schema.to_value()
}

/// The schema of what is printed: a null is there, and so is every field that is not left out.
pub fn schema_of_output<T: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft07().for_serialize().with_transform(Enumerations);
    settings.into_generator().into_root_schema_for::<T>().to_value()
}

/// Says enumerations in one list.
#[derive(Clone)]
struct Enumerations;

impl Transform for Enumerations {
    fn transform(&mut self, schema: &mut Schema) {
        transform_subschemas(self, schema);
        on_one_line(schema);
        as_enumeration(schema);
    }
}

/// Lines of a doc comment end where the code's do; readers have lines of their own.
fn on_one_line(schema: &mut Schema) {
    if let Some(Value::String(description)) = schema.get_mut("description") {
        let paragraphs = description.split("\n\n").map(|paragraph| paragraph.replace('\n', " "));
        *description = paragraphs.collect::<Vec<_>>().join("\n\n");
    }
}

/// Takes nulls away and gives integers the bounds of their format, so that the schema says what
/// serde does.
#[derive(Clone)]
struct Strict;

impl Transform for Strict {
    fn transform(&mut self, schema: &mut Schema) {
        transform_subschemas(self, schema);
        on_one_line(schema);
        without_null_branch(schema);
        reference_apart(schema);
        as_enumeration(schema);
        if schema.get("default").is_some_and(Value::is_null) {
            schema.remove("default");
        }
        if let Some(Value::Array(types)) = schema.get_mut("type") {
            types.retain(|kind| kind != "null");
            if let [only] = types.as_slice() {
                let only = only.clone();
                schema.insert("type".to_owned(), only);
            }
        }
        if let Some(Value::Array(options)) = schema.get_mut("enum") {
            options.retain(|option| !option.is_null());
        }
        let (low, high) = match schema.get("format").and_then(Value::as_str) {
            Some("int32") => (json!(i32::MIN), json!(i32::MAX)),
            Some("int64") => (json!(i64::MIN), json!(i64::MAX)),
            Some("uint8") => (json!(0), json!(u8::MAX)),
            Some("uint16") => (json!(0), json!(u16::MAX)),
            Some("uint32") => (json!(0), json!(u32::MAX)),
            Some("uint64" | "uint") => (json!(0), json!(u64::MAX)),
            _ => return,
        };
        for (bound, value) in [("minimum", low), ("maximum", high)] {
            if schema.get(bound).is_none() {
                schema.insert(bound.to_owned(), value);
            }
        }
    }
}

/// `anyOf: [X, null]` is X.
fn without_null_branch(schema: &mut Schema) {
    let Some(Value::Array(branches)) = schema.get_mut("anyOf") else { return };
    branches.retain(|branch| branch.get("type").is_none_or(|kind| kind != "null"));
    let Some(Value::Object(only)) = branches.first().filter(|_| branches.len() == 1).cloned()
    else {
        return;
    };
    schema.remove("anyOf");
    for (key, value) in only {
        if schema.get(&key).is_none() {
            schema.insert(key, value);
        }
    }
}

/// In draft 7 nothing may stand beside a `$ref`: it goes into an `allOf` where something does.
fn reference_apart(schema: &mut Schema) {
    let several = schema.as_object().is_some_and(|keywords| keywords.len() > 1);
    if let Some(reference) = schema.get("$ref").cloned().filter(|_| several) {
        schema.remove("$ref");
        schema.insert("allOf".to_owned(), json!([{"$ref": reference}]));
    }
}

/// `oneOf` of constants, each with its description, is an enumeration. Descriptions stay, one for
/// each value, in the keyword that editors read.
fn as_enumeration(schema: &mut Schema) {
    let Some(Value::Array(branches)) = schema.get("oneOf") else { return };
    let options: Option<Vec<(Value, Value)>> =
        branches.iter().map(options).collect::<Option<Vec<_>>>().map(|all| all.concat());
    let Some((options, descriptions)) = options.map(|all| all.into_iter().unzip()) else { return };
    schema.remove("oneOf");
    schema.insert("type".to_owned(), json!("string"));
    schema.insert("enum".to_owned(), Value::Array(options));
    schema.insert("markdownEnumDescriptions".to_owned(), Value::Array(descriptions));
}

/// The texts that a branch of an enumeration allows, each with its description.
fn options(branch: &Value) -> Option<Vec<(Value, Value)>> {
    let described = |option: &Value| {
        let description = branch.get("description").cloned().unwrap_or_else(|| json!(""));
        option.is_string().then(|| (option.clone(), description))
    };
    match (branch.get("const"), branch.get("enum")) {
        (Some(option), _) => described(option).map(|option| vec![option]),
        (None, Some(Value::Array(options))) => options.iter().map(described).collect(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::Code;
    use crate::model::shape::Shape;

    /// A filter of filters.
    #[derive(JsonSchema)]
    #[serde(rename_all = "camelCase", deny_unknown_fields)]
    #[expect(dead_code, reason = "only its schema is wanted")]
    struct Nested {
        /// Those within.
        all: Option<Vec<Nested>>,
        /// The one within.
        not: Option<Box<Nested>>,
        /// Which.
        policy: Option<Policy>,
    }

    #[derive(JsonSchema)]
    #[expect(dead_code, reason = "only its schema is wanted")]
    enum Policy {
        /// Said.
        One,
        Two,
        Three,
    }

    #[test]
    fn types_that_hold_themselves_have_a_schema() {
        let shape = Shape::of::<Nested>();
        assert_eq!(shape.faults(&json!({"all": [{"not": {"all": []}}]})), []);
        let faults = shape.faults(&json!({"all": [{"not": {"al": [], "all": 1}}]}));
        let said: Vec<_> =
            faults.iter().map(|f| (f.code, f.path.to_string(), f.help.clone())).collect();
        assert_eq!(
            said,
            [
                (
                    Code::WrongType,
                    "all[0].not.all".to_owned(),
                    "write a value of the field's type".to_owned()
                ),
                (Code::UnknownField, "all[0].not.al".to_owned(), "did you mean `all`?".to_owned()),
            ]
        );
    }

    #[test]
    fn enumerations_keep_what_each_value_means() {
        let schema = schema_of::<Policy>();
        assert_eq!(schema["enum"], json!(["Two", "Three", "One"]));
        assert_eq!(schema["markdownEnumDescriptions"], json!(["", "", "Said."]));
        let field = &schema_of::<Nested>()["properties"]["policy"];
        assert_eq!(field["description"], "Which.");
        assert_eq!(field["allOf"], json!([{"$ref": "#/definitions/Policy"}]));
    }
}
