//! What came of an apply, counted from its events: the summary, the JSON document and the exit code
//! all come from here.

use serde_json::{Value, json};

use crate::diag::Sources;
use crate::plan::json::{API_VERSION, change_value};
use crate::plan::text::Head;
use crate::plan::{Action, Plan};

use super::ApplyEvent;

/// How many steps came to which end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    pub created: usize,
    pub updated: usize,
    pub adopted: usize,
    pub failed: usize,
    pub stale: usize,
    pub held: usize,
    pub skipped: usize,
}

impl Tally {
    /// Counts the events of one apply.
    pub fn of(plan: &Plan, events: &[ApplyEvent]) -> Self {
        let mut tally = Self::default();
        for event in events {
            match event {
                ApplyEvent::Started { .. } => {}
                ApplyEvent::Done { at, .. } => match plan.changes[*at].action {
                    Action::Create => tally.created += 1,
                    Action::Adopt => tally.adopted += 1,
                    _ => tally.updated += 1,
                },
                ApplyEvent::Stale { .. } => tally.stale += 1,
                ApplyEvent::Failed { .. } => tally.failed += 1,
                ApplyEvent::Held { .. } => tally.held += 1,
                ApplyEvent::Skipped { .. } => tally.skipped += 1,
            }
        }
        tally
    }

    /// How many objects were written.
    pub fn written(self) -> usize {
        self.created + self.updated + self.adopted
    }

    /// Whether every step was carried out.
    pub fn is_complete(self) -> bool {
        self.failed + self.stale + self.held + self.skipped == 0
    }

    /// The line that closes an apply.
    pub fn line(self) -> String {
        let mut more = Vec::new();
        for (count, what) in [
            (self.adopted, "adopted"),
            (self.failed, "failed"),
            (self.stale, "stale"),
            (self.held, "held"),
            (self.skipped, "not begun"),
        ] {
            more.extend((count > 0).then(|| format!("{count} {what}")));
        }
        let more = if more.is_empty() { String::new() } else { format!(" ({})", more.join(", ")) };
        let verdict = if self.is_complete() { "Apply complete!" } else { "Apply incomplete." };
        format!(
            "{verdict} Objects: {} added, {} changed, 0 destroyed.{more}",
            self.created, self.updated
        )
    }
}

/// The report as a document of `-o json`.
pub fn document(head: &Head, plan: &Plan, events: &[ApplyEvent], sources: &Sources) -> Value {
    let steps: Vec<Value> = plan
        .changes
        .iter()
        .enumerate()
        .map(|(number, change)| {
            let mut value = change_value(change, sources);
            if let (Some(fields), Some((key, outcome, error))) =
                (value.as_object_mut(), end(number, events))
            {
                fields.insert("name".to_owned(), json!(key));
                fields.insert("outcome".to_owned(), json!(outcome));
                fields.insert("error".to_owned(), json!(error));
            }
            value
        })
        .collect();
    let tally = Tally::of(plan, events);
    json!({
        "apiVersion": API_VERSION,
        "kind": "ApplyReport",
        "project": plan.project,
        "kubernetes": head.cluster,
        "jetstream": head.account,
        "changes": steps,
        "summary": {
            "created": tally.created, "updated": tally.updated, "adopted": tally.adopted,
            "failed": tally.failed, "stale": tally.stale, "held": tally.held, "skipped": tally.skipped,
        },
    })
}

fn end(number: usize, events: &[ApplyEvent]) -> Option<(String, &'static str, Option<String>)> {
    events.iter().find_map(|event| match event {
        ApplyEvent::Done { at, key } if *at == number => Some((key.to_string(), "done", None)),
        ApplyEvent::Stale { at, key, why } if *at == number => {
            Some((key.to_string(), "stale", Some(why.clone())))
        }
        ApplyEvent::Failed { at, key, why } if *at == number => {
            Some((key.to_string(), "failed", Some(why.clone())))
        }
        ApplyEvent::Held { at, key, why } if *at == number => {
            Some((key.to_string(), "held", Some(why.clone())))
        }
        ApplyEvent::Skipped { at, key } if *at == number => {
            Some((key.to_string(), "skipped", None))
        }
        _ => None,
    })
}
