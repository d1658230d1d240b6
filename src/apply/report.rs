//! What came of an apply, counted from its events: the summary, the JSON document and the exit code
//! all come from here.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::plan::json::{API_VERSION, ChangeDocument, change, value};
use crate::plan::text::Head;
use crate::plan::{Action, Plan};

use super::ApplyEvent;

/// How many steps came to which end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Tally {
    /// Objects that were made.
    pub created: usize,
    /// Objects that were changed.
    pub updated: usize,
    /// Objects that were deleted and made anew.
    pub replaced: usize,
    /// Objects that were taken over.
    pub adopted: usize,
    /// Objects that became the project's as they were.
    pub moved: usize,
    /// Objects that stayed and are the project's no longer.
    pub forgotten: usize,
    /// Objects that were deleted.
    pub deleted: usize,
    /// Objects that a server refused, or that could not be written.
    pub failed: usize,
    /// Objects that were no longer what the plan saw.
    pub stale: usize,
    /// Objects that were deleted to be made anew, and could not be.
    pub broken: usize,
    /// Objects that were written, and were not as written in the end.
    pub unconfirmed: usize,
    /// Objects that are as declared and were not ready when waiting ended.
    pub unready: usize,
    /// Objects that needed one of these.
    pub held: usize,
    /// Objects that were not begun, as the run was ended.
    pub skipped: usize,
}

impl Tally {
    /// Counts the events of one apply.
    pub fn of(plan: &Plan, events: &[ApplyEvent]) -> Self {
        let mut tally = Self::default();
        for event in events {
            match event {
                ApplyEvent::Started { .. }
                | ApplyEvent::Waits { .. }
                | ApplyEvent::Ready { .. } => {}
                ApplyEvent::Unready { .. } => tally.unready += 1,
                ApplyEvent::Done { at, .. } => match plan.changes[*at].action {
                    Action::Create => tally.created += 1,
                    Action::Adopt => tally.adopted += 1,
                    Action::Move => tally.moved += 1,
                    Action::Forget => tally.forgotten += 1,
                    Action::Replace => tally.replaced += 1,
                    Action::Delete => tally.deleted += 1,
                    _ => tally.updated += 1,
                },
                ApplyEvent::Stale { .. } => tally.stale += 1,
                ApplyEvent::Failed { .. } => tally.failed += 1,
                ApplyEvent::Broken { .. } => tally.broken += 1,
                ApplyEvent::Unconfirmed { .. } => tally.unconfirmed += 1,
                ApplyEvent::Held { .. } => tally.held += 1,
                ApplyEvent::Skipped { .. } => tally.skipped += 1,
            }
        }
        tally
    }

    /// How many objects were written.
    pub fn written(self) -> usize {
        self.created
            + self.updated
            + self.replaced
            + self.adopted
            + self.moved
            + self.forgotten
            + self.deleted
            + self.broken
    }

    /// Whether every step was carried out.
    pub fn is_complete(self) -> bool {
        self.is_written() && self.unready == 0
    }

    /// Whether every step was carried out, ready or not.
    pub fn is_written(self) -> bool {
        self.failed + self.stale + self.broken + self.unconfirmed + self.held + self.skipped == 0
    }

    /// The line that closes an apply of this plan.
    pub fn line(self, plan: &Plan) -> String {
        let mut more = Vec::new();
        for (count, what) in [
            (self.adopted, "adopted"),
            (self.moved, "moved"),
            (self.forgotten, "forgotten"),
            (self.failed, "failed"),
            (self.stale, "stale"),
            (self.broken, "deleted and not made anew"),
            (self.unconfirmed, "not as written"),
            (self.unready, "not ready"),
            (self.held, "held"),
            (self.skipped, "not begun"),
        ] {
            more.extend((count > 0).then(|| format!("{count} {what}")));
        }
        let more = if more.is_empty() { String::new() } else { format!(" ({})", more.join(", ")) };
        let verb = if plan.destroys { "Destroy" } else { "Apply" };
        let verdict = if self.is_complete() { "complete!" } else { "incomplete." };
        format!(
            "{verb} {verdict} Objects: {} added, {} changed, {} destroyed.{more}",
            self.created + self.replaced,
            self.updated,
            self.deleted + self.replaced + self.broken
        )
    }
}

/// What came of an apply: what `evctl apply -o json` prints.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReportDocument<'a> {
    api_version: &'static str,
    kind: &'static str,
    /// The project that owns what was written.
    project: &'a str,
    /// The cluster, where one took part.
    kubernetes: Option<&'a str>,
    /// The JetStream account, where one took part.
    jetstream: Option<&'a str>,
    /// Further JetStream accounts, by what stands behind `@` in the names of their objects.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    sites: &'a BTreeMap<String, String>,
    /// Every object of the plan; those that were to be written have an outcome.
    changes: Vec<ChangeDocument<'a>>,
    /// How many steps came to which end.
    summary: Tally,
}

/// The report as a document of `-o json`.
pub fn document(head: &Head, plan: &Plan, events: &[ApplyEvent]) -> Value {
    let ends: BTreeMap<usize, End> = events.iter().filter_map(end).collect();
    let steps = plan.changes.iter().enumerate().map(|(number, one)| {
        let mut step = change(one);
        if let Some(End { name, outcome, error }) = ends.get(&number).cloned() {
            step.name = name;
            step.outcome = Some(outcome);
            step.error = Some(error);
        }
        step
    });
    value(&ReportDocument {
        api_version: API_VERSION,
        kind: "ApplyReport",
        project: &plan.project,
        kubernetes: head.cluster.as_deref(),
        jetstream: head.account.as_deref(),
        sites: &head.sites,
        changes: steps.collect(),
        summary: Tally::of(plan, events),
    })
}

/// How a step ended.
#[derive(Clone)]
struct End {
    /// The object, with what a server gave to its name.
    name: String,
    outcome: &'static str,
    error: Option<String>,
}

/// The end that an event tells of, by the number of its step. The last that is told counts.
fn end(event: &ApplyEvent) -> Option<(usize, End)> {
    let (at, key, outcome, why) = match event {
        ApplyEvent::Started { .. } | ApplyEvent::Waits { .. } => return None,
        ApplyEvent::Ready { at, key } => (at, key, "ready", None),
        ApplyEvent::Unready { at, key, why } => (at, key, "unready", Some(why)),
        ApplyEvent::Done { at, key } => (at, key, "done", None),
        ApplyEvent::Stale { at, key, why } => (at, key, "stale", Some(why)),
        ApplyEvent::Failed { at, key, why } => (at, key, "failed", Some(why)),
        ApplyEvent::Broken { at, key, why } => (at, key, "broken", Some(why)),
        ApplyEvent::Unconfirmed { at, key, why } => (at, key, "unconfirmed", Some(why)),
        ApplyEvent::Held { at, key, why } => (at, key, "held", Some(why)),
        ApplyEvent::Skipped { at, key } => (at, key, "skipped", None),
    };
    Some((*at, End { name: key.to_string(), outcome, error: why.cloned() }))
}
