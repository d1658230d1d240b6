//! Every way in which a value falls short of its type's schema. Used only once decoding has failed:
//! decoding stops at the first error, a schema names them all. Knows nothing of texts and places.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::paths::LocationSegment;
use jsonschema::{ValidationError, Validator};
use schemars::JsonSchema;
use serde_json::Value;

use crate::diag::Code;

use super::path::{Path, Step};

pub use super::derived::{schema_of, schema_of_output};

/// One way in which a value falls short of its schema.
#[derive(Debug, Clone, PartialEq)]
pub struct Fault {
    pub code: Code,
    pub path: Path,
    /// Whether the key that the path ends in is wrong, not the value.
    pub at_key: bool,
    pub message: String,
    pub help: String,
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

    /// Every fault of a whole document, in the schema's order.
    pub fn faults(&self, value: &Value) -> Vec<Fault> {
        self.faults_at(&Path::default(), value)
    }

    /// Every fault of the value at a path of its document, in the schema's order.
    pub fn faults_at(&self, at: &Path, value: &Value) -> Vec<Fault> {
        let errors = self.validator.iter().flat_map(|validator| validator.iter_errors(value));
        let mut faults: Vec<Fault> = Vec::new();
        for fault in errors.flat_map(|error| fault(&self.schema, at, &error)) {
            // A form with several patterns falls short of each in the same words.
            if !faults.contains(&fault) {
                faults.push(fault);
            }
        }
        faults
    }
}

fn fault(schema: &Value, at: &Path, error: &ValidationError<'_>) -> Vec<Fault> {
    let path = at.join(&path_of(error));
    let keyword = schema.pointer(parent(error.schema_path().as_str()));
    if let ValidationErrorKind::PropertyNames { error: inner } = error.kind() {
        return vec![wrong_key(keyword, &path, inner)];
    }
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
            of_type(error.instance(), kind),
        ),
        _ => {
            let (what, help) = value_fault(keyword, error);
            (Code::InvalidValue, format!("{} {what}", named(&path)), help)
        }
    };
    vec![Fault { at_key: code == Code::UnknownField, code, path, message, help }]
}

/// A key of a mapping that is not of the form that its keys have.
fn wrong_key(keys: Option<&Value>, at: &Path, inner: &ValidationError<'_>) -> Fault {
    let key = inner.instance().as_str().unwrap_or_default();
    let title = keys.and_then(|keys| keys.get("title")).and_then(Value::as_str);
    let form = title.unwrap_or("of the form that the keys here have");
    Fault {
        code: Code::InvalidValue,
        path: at.key(key),
        at_key: true,
        message: format!("`{}` in {} is not {form}", short(key), named(at)),
        help: "write the key in that form".to_owned(),
    }
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
    // An option that is nothing at all is for what others have written.
    let options: Vec<&str> = options.into_iter().filter(|option| !option.is_empty()).collect();
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
        at_key: true,
        message: format!("{place} has no field `{field}`"),
        help,
    }
}

fn path_of(error: &ValidationError<'_>) -> Path {
    let steps = error.instance_path().iter().map(|segment| match segment {
        LocationSegment::Property(key) => Step::Key(key.into()),
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

/// What to do about a value of the wrong type.
fn of_type(value: &Value, kind: &TypeKind) -> String {
    let text = matches!(kind, TypeKind::Single(one) if one.to_string() == "string");
    match value {
        Value::Bool(_) if text => {
            "put it in quotes: YAML 1.1 reads y, n, yes, no, on and off as booleans".to_owned()
        }
        Value::Number(_) if text => "put it in quotes".to_owned(),
        _ => "write a value of the field's type".to_owned(),
    }
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
        .filter(|(distance, candidate)| {
            let shorter = candidate.chars().count().min(text.chars().count());
            *distance <= 1 + shorter / 4 && *distance < shorter
        })
        .min()
        .map(|(_, candidate)| candidate)
}
