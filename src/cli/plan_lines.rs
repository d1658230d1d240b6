//! `evctl plan -o jsonl`: a line for each finding, one for each change, and one for the whole. Must not
//! know how a plan is made.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::plan::json::{API_VERSION, ChangeDocument, WholeDocument, change, value, whole};

use super::findings;
use super::outputs::Finding;
use super::pipeline::Planned;
use super::plan::told;

/// One line of what `evctl plan -o jsonl` prints: a finding, a change, or at the end the whole.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct PlanLine<'a> {
    api_version: &'static str,
    kind: &'static str,
    /// What is wrong with the input, or worth knowing. First come all of these.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Finding>")]
    finding: Option<Value>,
    /// What happens to one object, each after what it needs.
    #[serde(skip_serializing_if = "Option::is_none")]
    change: Option<ChangeDocument<'a>>,
    /// The plan but for its changes. The last line.
    #[serde(skip_serializing_if = "Option::is_none")]
    plan: Option<WholeDocument<'a>>,
}

impl PlanLine<'_> {
    const EMPTY: Self = Self {
        api_version: API_VERSION,
        kind: "PlanLine",
        finding: None,
        change: None,
        plan: None,
    };
}

/// All lines.
pub(super) fn print(planned: &Planned) -> String {
    let findings = findings::values(&told(planned), &planned.read.sources);
    let findings = findings.into_iter().map(|it| PlanLine { finding: Some(it), ..PlanLine::EMPTY });
    let changes = planned.plan.changes.iter();
    let changes = changes.map(|it| PlanLine { change: Some(change(it)), ..PlanLine::EMPTY });
    let end = PlanLine { plan: Some(whole(&planned.head, &planned.plan)), ..PlanLine::EMPTY };
    let lines = findings.chain(changes).chain([end]);
    lines.map(|line| findings::line(&value(&line))).collect()
}
