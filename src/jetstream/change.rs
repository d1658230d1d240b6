//! Two configurations of one stream or consumer: how they differ, and which of the differences the
//! server refuses, with its code and words.

use serde_json::Value;

use super::Config;
use super::field::{Field, Rule};

/// One field that differs, and what the server will say to it.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldChange {
    pub field: &'static str,
    /// As people write it.
    pub from: String,
    pub to: String,
    /// The server's code and words, where it refuses.
    pub refusal: Option<Refusal>,
}

/// The server's no.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// `err_code` of the API's error.
    pub err_code: u16,
    /// `description` of the API's error.
    pub text: &'static str,
}

/// Every field in which two configurations in normal form differ, in the table's order.
pub fn between(table: &[Field], live: &Config, desired: &Config) -> Vec<FieldChange> {
    table
        .iter()
        .filter_map(|field| {
            let (from, to) = (live.get(field.name), desired.get(field.name));
            // Writing it would have no effect.
            let inert = matches!(field.rule, Rule::CreateOnly | Rule::Ignored);
            if from == to || inert {
                return None;
            }
            Some(FieldChange {
                field: field.name,
                from: field.spoken(from),
                to: field.spoken(to),
                refusal: refusal(field.rule, from, to),
            })
        })
        .collect()
}

fn refusal(rule: Rule, from: Option<&Value>, to: Option<&Value>) -> Option<Refusal> {
    let no = |err_code, text| Some(Refusal { err_code, text });
    let is_workqueue = |value: Option<&Value>| value.is_some_and(|value| value == "workqueue");
    match rule {
        Rule::Mutable | Rule::CreateOnly | Rule::Ignored => None,
        Rule::Fixed(code, text) => no(code, text),
        Rule::NoTurningOff(code, text) if from.is_some_and(|value| *value == true) => {
            no(code, text)
        }
        Rule::NotWorkqueue(code, text) if is_workqueue(from) || is_workqueue(to) => no(code, text),
        Rule::RemovalOnly(code, text) if to.is_some() => no(code, text),
        Rule::Presence(code, appears, _) if from.is_none() => no(code, appears),
        Rule::Presence(code, _, goes) if to.is_none() => no(code, goes),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::jetstream::{consumer, stream};

    #[track_caller]
    fn check(table: &[Field], live: Value, desired: Value, expected: &[(&str, Option<u16>)]) {
        let (Value::Object(live), Value::Object(desired)) = (live, desired) else {
            panic!("mappings")
        };
        let changes = between(table, &live, &desired);
        let found: Vec<_> =
            changes.iter().map(|c| (c.field, c.refusal.as_ref().map(|no| no.err_code))).collect();
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
