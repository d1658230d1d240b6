//! Two configurations of one stream or consumer: how they differ, and what the server will make of
//! the change: take it, refuse it but make it anew, or refuse it whatever is done.

use super::Config;
use super::field::{Field, Rule};
use super::version::Version;

pub use super::refusal::Refusal;

/// One field that differs, and what the server will say to it.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldChange {
    pub field: &'static str,
    /// As people write it.
    pub from: String,
    pub to: String,
    /// The server's code and words, where it refuses this field's change.
    pub refusal: Option<Refusal>,
}

/// What becomes of a change.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// Nothing differs that a write would change.
    Same,
    /// The server takes it.
    Update(Vec<FieldChange>),
    /// The server refuses the update, and would make the object anew in this form.
    Replace { changes: Vec<FieldChange>, refusal: Refusal },
    /// The server would refuse it even when made anew.
    Impossible { changes: Vec<FieldChange>, refusal: Refusal },
}

impl Verdict {
    /// Puts together what was found: `update` are the refusals of the update, `create` those of
    /// making it anew; both in the server's order.
    pub fn of(changes: Vec<FieldChange>, update: Vec<Refusal>, create: &[Refusal]) -> Self {
        if changes.is_empty() {
            return Self::Same;
        }
        match update.into_iter().next() {
            None => Self::Update(changes),
            Some(refusal) if create.is_empty() => Self::Replace { changes, refusal },
            Some(refusal) => Self::Impossible { changes, refusal },
        }
    }

    /// Every field that differs.
    pub fn changes(&self) -> &[FieldChange] {
        match self {
            Self::Same => &[],
            Self::Update(changes)
            | Self::Replace { changes, .. }
            | Self::Impossible { changes, .. } => changes,
        }
    }

    /// The server's answer to the update, where it is a refusal.
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Same | Self::Update(_) => None,
            Self::Replace { refusal, .. } | Self::Impossible { refusal, .. } => Some(refusal),
        }
    }
}

/// Every compared field in which two configurations in normal form differ, in the table's order; what
/// the newest server says to it.
pub fn between(table: &[Field], live: &Config, desired: &Config) -> Vec<FieldChange> {
    differences(table, live, desired, Version::NEWEST)
}

/// As `between`, by the rules of a version.
pub fn differences(
    table: &[Field],
    live: &Config,
    desired: &Config,
    version: Version,
) -> Vec<FieldChange> {
    // Most are equal, and a look at the whole is cheaper than one for each field.
    if live == desired {
        return Vec::new();
    }
    table
        .iter()
        .filter(|field| field.compared)
        .filter_map(|field| {
            let (from, to) = (live.get(field.name), desired.get(field.name));
            let rule = field.rule_of(version);
            // Writing it would have no effect.
            let inert = matches!(rule, Rule::CreateOnly | Rule::Ignored);
            if from == to || inert {
                return None;
            }
            let refusal = rule.refusal(from, to);
            Some(FieldChange {
                field: field.name,
                from: field.spoken(from),
                to: field.spoken(to),
                refusal: refusal.map(|(code, text)| Refusal::new(code, field.name, text)),
            })
        })
        .collect()
}

/// The fields that the server's version would drop, as changes to what it holds.
pub fn dropped(
    table: &[Field],
    live: &Config,
    desired: &Config,
    refusals: &[Refusal],
) -> Vec<FieldChange> {
    let dropped = refusals.iter().filter(|refusal| refusal.err_code.is_none());
    let change = |refusal: &Refusal| {
        let field = table.iter().find(|field| field.name == refusal.field)?;
        let (from, to) = (live.get(field.name), desired.get(field.name));
        Some(FieldChange {
            field: field.name,
            from: field.spoken(from),
            to: field.spoken(to),
            refusal: Some(refusal.clone()),
        })
    };
    dropped.filter_map(change).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::jetstream::{consumer, stream};

    #[track_caller]
    fn check(table: &[Field], live: Value, desired: Value, expected: &[(&str, Option<u16>)]) {
        let (Value::Object(live), Value::Object(desired)) = (live, desired) else {
            panic!("mappings")
        };
        let changes = between(table, &live, &desired);
        let found: Vec<_> = changes
            .iter()
            .map(|change| (change.field, change.refusal.as_ref().and_then(|no| no.err_code)))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn refusals_are_the_servers() {
        check(stream::FIELDS, json!({"max_age": 1}), json!({"max_age": 2}), &[("max_age", None)]);
        check(
            stream::FIELDS,
            json!({"storage": "file", "retention": "limits"}),
            json!({"storage": "memory", "retention": "interest"}),
            &[("retention", None), ("storage", Some(10052))],
        );
        check(
            stream::FIELDS,
            json!({"retention": "limits"}),
            json!({"retention": "workqueue"}),
            &[("retention", Some(10052))],
        );
        check(
            stream::FIELDS,
            json!({"deny_delete": false}),
            json!({"deny_delete": true}),
            &[("deny_delete", None)],
        );
        check(
            stream::FIELDS,
            json!({"deny_delete": true}),
            json!({"deny_delete": false}),
            &[("deny_delete", Some(10052))],
        );
        check(stream::FIELDS, json!({"first_seq": 1}), json!({}), &[]);
        check(
            consumer::FIELDS,
            json!({"deliver_subject": "a"}),
            json!({"deliver_subject": "b"}),
            &[("deliver_subject", None)],
        );
        check(
            consumer::FIELDS,
            json!({"deliver_subject": "a"}),
            json!({}),
            &[("deliver_subject", Some(10012))],
        );
    }
}
