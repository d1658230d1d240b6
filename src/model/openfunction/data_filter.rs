//! Filters on payloads, of the first proposal: they are borrowed from Argo Events, so they mean
//! what they mean there (shared/facts/openfunction-and-argo.md §2.2). Says what is wrong with a
//! filter; does not carry it out.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::diag::Code;
use crate::model::path::Path;
use crate::model::reading::Reading;

/// What one value of a payload must be.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DataFilter {
    /// Which value, as a path of gjson: `body.value`. A payload without it does not pass.
    pub path: String,
    /// What the value is read as.
    #[serde(rename = "type")]
    pub reading: ValueType,
    /// How it is compared; `=` where it is absent.
    pub comparator: Option<Comparator>,
    /// What it is compared with; one of them must fit. Texts are regular expressions, and fit
    /// anywhere in the value unless `^` and `$` say otherwise.
    pub value: Vec<String>,
}

/// What a value is read as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ValueType {
    Bool,
    Number,
    String,
}

/// How two values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum Comparator {
    #[serde(rename = "=")]
    Equal,
    #[serde(rename = "!=")]
    NotEqual,
    #[serde(rename = "<")]
    Less,
    #[serde(rename = "<=")]
    LessOrEqual,
    #[serde(rename = ">")]
    Greater,
    #[serde(rename = ">=")]
    GreaterOrEqual,
}

/// The words that Go reads as booleans.
const BOOLEANS: &[&str] =
    &["1", "t", "T", "TRUE", "true", "True", "0", "f", "F", "FALSE", "false", "False"];

pub(super) fn check(filters: &[DataFilter], path: &Path, reading: &mut Reading<'_>) {
    for (at, filter) in filters.iter().enumerate() {
        let path = path.index(at);
        if filter.path.is_empty() {
            let help = "write a path such as body.value";
            reading.fault(
                Code::InvalidValue,
                &path.key("path"),
                "an empty path finds nothing",
                help,
            );
        }
        if filter.value.is_empty() {
            let message = "a filter without values lets nothing pass";
            reading.fault(Code::NeverFires, &path.key("value"), message, "add a value");
        }
        filter.comparator(&path, reading);
        for (at, value) in filter.value.iter().enumerate() {
            filter.value(value, &path.key("value").index(at), reading);
        }
    }
}

impl DataFilter {
    fn comparator(&self, path: &Path, reading: &mut Reading<'_>) {
        let Some(comparator) = self.comparator else { return };
        let at = path.key("comparator");
        match (self.reading, comparator) {
            (ValueType::Bool, comparator) if comparator != Comparator::Equal => {
                let message = "booleans are compared by `=`, whatever the comparator";
                let help = "take it away, and turn the value round";
                reading.fault(Code::OddFilter, &at, message, help);
            }
            (ValueType::String, Comparator::Equal | Comparator::NotEqual)
            | (ValueType::Bool | ValueType::Number, _) => {}
            (ValueType::String, _) => {
                let message =
                    "texts know `=` and `!=` only: with another comparator nothing passes";
                reading.fault(Code::OddFilter, &at, message, "write = or !=, or type: number");
            }
        }
        let excludes = comparator == Comparator::NotEqual && self.reading != ValueType::Bool;
        if excludes && self.value.len() > 1 {
            let message =
                "`!=` with several values passes where any of them differs: nearly always";
            let help = "write one filter for each value; all filters must pass";
            reading.fault(Code::OddFilter, &path.key("value"), message, help);
        }
    }

    fn value(&self, value: &str, path: &Path, reading: &mut Reading<'_>) {
        match self.reading {
            ValueType::Number if value.parse::<f64>().is_err() => {
                let message = format!("`{value}` is not a number");
                reading.fault(Code::InvalidValue, path, message, "write a number, quoted");
            }
            ValueType::Bool if !BOOLEANS.contains(&value) => {
                let message = format!("`{value}` is not a boolean");
                reading.fault(Code::InvalidValue, path, message, "write \"true\" or \"false\"");
            }
            ValueType::String => pattern(value, path, reading),
            ValueType::Number | ValueType::Bool => {}
        }
    }
}

fn pattern(value: &str, path: &Path, reading: &mut Reading<'_>) {
    if let Err(error) = regex_syntax::parse(value) {
        let why = error.to_string();
        let why = why.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
        let message = format!("`{value}` is not a regular expression: {why}");
        let help = "write \\ before a sign that stands for itself";
        reading.fault(Code::InvalidValue, path, message, help);
    } else if !(value.starts_with('^') && value.ends_with('$')) {
        let message = format!("`{value}` fits any text that has it somewhere, not that text alone");
        let help = format!("write ^{value}$ to mean the whole text");
        reading.fault(Code::UnanchoredPattern, path, message, help);
    }
}
