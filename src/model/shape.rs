//! The JSON Schema of a type, and every way in which a value falls short of it. Used only once
//! decoding has failed: decoding stops at the first error, a schema names them all.
//! Knows nothing of texts and places.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::paths::LocationSegment;
use jsonschema::{ValidationError, Validator};
use schemars::generate::SchemaSettings;
use schemars::transform::{Transform, transform_subschemas};
use schemars::{JsonSchema, Schema};
use serde_json::{Value, json};

use crate::diag::Code;

use super::path::{Path, Step};

/// One way in which a value falls short of its schema.
#[derive(Debug, Clone, PartialEq)]
pub struct Fault {
    pub code: Code,
    pub path: Path,
    pub message: String,
    pub help: String,
}

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
        as_enumeration(schema);
    }
}

/// Takes nulls away and gives integers the bounds of their format, so that the schema says what
/// serde does.
#[derive(Clone)]
struct Strict;

impl Transform for Strict {
    fn transform(&mut self, schema: &mut Schema) {
        transform_subschemas(self, schema);
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

/// A type's schema, ready to check values with.
pub struct Shape {
    schema: Value,
    /// `None` only for a schema that is itself wrong, which a test would show.
    validator: Option<Validator>,
}

/// The shapes that have been asked for, by the type's own id: making one takes longer than checking
/// a hundred documents, and a mistake is often made in many.
static SHAPES: Mutex<BTreeMap<Cow<'static, str>, Arc<Shape>>> = Mutex::new(BTreeMap::new());

impl Shape {
    /// The shape of a type.
    pub fn of<T: JsonSchema>() -> Arc<Self> {
        let mut shapes = SHAPES.lock().unwrap_or_else(PoisonError::into_inner);
        let made = shapes.entry(T::schema_id()).or_insert_with(|| {
            let schema = schema_of::<T>();
            Arc::new(Self { validator: jsonschema::validator_for(&schema).ok(), schema })
        });
        Arc::clone(made)
    }

    /// Every fault of a value, in the schema's order.
    pub fn faults(&self, value: &Value) -> Vec<Fault> {
        let errors = self.validator.iter().flat_map(|validator| validator.iter_errors(value));
        let mut faults: Vec<Fault> = Vec::new();
        for fault in errors.flat_map(|error| fault(&self.schema, &error)) {
            // A form with several patterns falls short of each in the same words.
            if !faults.contains(&fault) {
                faults.push(fault);
            }
        }
        faults
    }
}

fn fault(schema: &Value, error: &ValidationError<'_>) -> Vec<Fault> {
    let path = path_of(error);
    let keyword = schema.pointer(parent(error.schema_path().as_str()));
    let (code, message, help) = match error.kind() {
        ValidationErrorKind::AdditionalProperties { unexpected } => {
            return unexpected.iter().map(|field| unknown_field(keyword, &path, field)).collect();
        }
        ValidationErrorKind::Required { property } => (
            Code::MissingField,
            format!("{} is missing", said(&path, property)),
            "add it".to_owned(),
        ),
        ValidationErrorKind::Type { kind } => (
            Code::WrongType,
            format!("{} is {}, not {}", named(&path), written(error.instance()), expected(kind)),
            "write a value of the field's type".to_owned(),
        ),
        _ => {
            let (what, help) = value_fault(keyword, error);
            (Code::InvalidValue, format!("{} {what}", named(&path)), help)
        }
    };
    vec![Fault { code, path, message, help }]
}

/// What is wrong with a value of the right type, and what to do.
fn value_fault(keyword: Option<&Value>, error: &ValidationError<'_>) -> (String, String) {
    let value = error.instance();
    match error.kind() {
        ValidationErrorKind::Enum { options } => not_an_option(value, options),
        ValidationErrorKind::Pattern { .. } | ValidationErrorKind::MaxLength { .. } => {
            let title = keyword.and_then(|schema| schema.get("title")).and_then(Value::as_str);
            let form = title.unwrap_or("of the form that the field demands");
            (
                format!("is {}, which is not {form}", written(value)),
                "write it in that form".to_owned(),
            )
        }
        ValidationErrorKind::Minimum { limit } => (
            format!("is {value}, and at least {limit} is asked for"),
            "write a larger number".to_owned(),
        ),
        ValidationErrorKind::Maximum { limit } => (
            format!("is {value}, and at most {limit} is allowed"),
            "write a smaller number".to_owned(),
        ),
        ValidationErrorKind::MinLength { .. } => ("is empty".to_owned(), "write it out".to_owned()),
        _ => (format!("is not as it should be: {error}"), "change the value".to_owned()),
    }
}

fn not_an_option(value: &Value, options: &Value) -> (String, String) {
    let options: Vec<&str> =
        options.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let near = nearest(value.as_str().unwrap_or_default(), options.iter().copied());
    let help = match near {
        Some(near) => format!("did you mean `{near}`?"),
        None => "write one of them".to_owned(),
    };
    (format!("is {}, not one of {}", written(value), options.join(", ")), help)
}

fn unknown_field(schema: Option<&Value>, path: &Path, field: &str) -> Fault {
    let known = schema.and_then(|schema| schema.get("properties")).and_then(Value::as_object);
    let near =
        nearest(field, known.into_iter().flat_map(|fields| fields.keys().map(String::as_str)));
    let help = match near {
        Some(near) => format!("did you mean `{near}`?"),
        None => "take it away: servers refuse it or drop it silently".to_owned(),
    };
    let place = if path.0.is_empty() { "the object".to_owned() } else { format!("`{path}`") };
    Fault {
        code: Code::UnknownField,
        path: path.key(field),
        message: format!("{place} has no field `{field}`"),
        help,
    }
}

fn path_of(error: &ValidationError<'_>) -> Path {
    let steps = error.instance_path().iter().map(|segment| match segment {
        LocationSegment::Property(key) => Step::Key(key.into_owned()),
        LocationSegment::Index(index) => Step::Index(index),
    });
    Path(steps.collect())
}

fn parent(pointer: &str) -> &str {
    pointer.rsplit_once('/').map_or("", |(parent, _)| parent)
}

fn named(path: &Path) -> String {
    if path.0.is_empty() { "the document".to_owned() } else { format!("`{path}`") }
}

fn said(path: &Path, property: &Value) -> String {
    format!("`{}`", path.key(property.as_str().unwrap_or_default()))
}

/// A value as a message shows it, short.
fn written(value: &Value) -> String {
    match value {
        Value::Null => "empty".to_owned(),
        Value::Bool(_) => format!("the boolean `{value}`"),
        Value::Number(_) => format!("the number `{value}`"),
        Value::String(text) => format!("`{}`", short(text)),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "a mapping".to_owned(),
    }
}

/// At most some forty characters of a text.
pub fn short(text: &str) -> String {
    if text.chars().count() <= 40 {
        return text.to_owned();
    }
    text.chars().take(37).chain("...".chars()).collect()
}

fn expected(kind: &TypeKind) -> String {
    let word = |name: &str| match name {
        "string" => "text",
        "integer" => "a whole number",
        "number" => "a number",
        "boolean" => "a boolean",
        "array" => "a list",
        "object" => "a mapping",
        _ => "empty",
    };
    match kind {
        TypeKind::Single(one) => word(&one.to_string()).to_owned(),
        TypeKind::Multiple(several) => {
            several.iter().map(|one| word(&one.to_string())).collect::<Vec<_>>().join(" or ")
        }
    }
}

/// The candidate that a text was probably meant to be.
pub fn nearest<'c>(text: &str, candidates: impl Iterator<Item = &'c str>) -> Option<&'c str> {
    let lower = text.to_lowercase();
    candidates
        .map(|candidate| {
            (strsim::damerau_levenshtein(&lower, &candidate.to_lowercase()), candidate)
        })
        .filter(|(distance, candidate)| *distance <= 1 + candidate.len().min(text.len()) / 4)
        .min()
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

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
