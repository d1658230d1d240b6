//! The documents that evctl prints with `-o json` and `-o jsonl`, each with the schema of the type that it is printed
//! from; `Findings` is described here, beside what prints it.

use schemars::JsonSchema;

use crate::apply::lines::EventDocument;
use crate::apply::report::ReportDocument;
use crate::model::schema::Subject;
use crate::model::shape::schema_of_output;
use crate::plan::json::PlanDocument;
use crate::simulate::Trace;

use super::plan_lines::PlanLine;

/// Every document that evctl prints.
pub(super) const ALL: &[Subject] = &[
    Subject::output("Findings", schema_of_output::<Findings>),
    Subject::output("Plan", schema_of_output::<PlanDocument<'static>>),
    Subject::output("PlanLine", schema_of_output::<PlanLine<'static>>),
    Subject::output("ApplyReport", schema_of_output::<ReportDocument<'static>>),
    Subject::output("ApplyEvent", schema_of_output::<EventDocument<'static>>),
    Subject::output("Trace", schema_of_output::<Trace>),
];

/// What is wrong with the input: what `evctl validate -o json` prints.
#[derive(JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(dead_code, reason = "it describes what `findings` builds; a test holds the two together")]
struct Findings {
    api_version: String,
    kind: String,
    /// Every finding, in the order of files and lines.
    findings: Vec<Finding>,
}

/// One thing that is wrong, or worth knowing.
#[derive(JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(dead_code, reason = "it describes what `findings` builds; a test holds the two together")]
pub(super) struct Finding {
    /// Kebab-case and stable: docs/diagnostics.md explains each.
    code: String,
    /// How much it weighs.
    #[schemars(extend("enum" = ["error", "warning", "note"]))]
    severity: String,
    /// What is wrong, in one sentence.
    message: String,
    /// What to do.
    help: String,
    /// The file, as it was named.
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    /// The first line, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    /// The first character in its line, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<usize>,
    /// The last line.
    #[serde(skip_serializing_if = "Option::is_none")]
    end_line: Option<usize>,
    /// The character behind the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    end_column: Option<usize>,
    /// Where in the object, such as `spec.delivery.retry`.
    path: Option<String>,
    /// The object, as every output names it.
    object: Option<String>,
    /// Other places that it speaks of.
    related: Vec<Related>,
}

/// Another place that a finding speaks of.
#[derive(JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(dead_code, reason = "it describes what `findings` builds; a test holds the two together")]
struct Related {
    /// What is there.
    message: String,
    /// The file, as it was named.
    file: Option<String>,
    /// The first line, from 1.
    line: Option<usize>,
    /// The first character in its line, from 1.
    column: Option<usize>,
    /// The last line.
    end_line: Option<usize>,
    /// The character behind the last.
    end_column: Option<usize>,
}
