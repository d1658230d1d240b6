//! The guard before each JetStream write: is the live object still what the plan was made from, as far
//! as it matters? Pure: what the server holds comes as an argument.

use serde_json::Value;

use crate::jetstream::change::{FieldChange, between};
use crate::jetstream::field::Field;
use crate::jetstream::{Config, consumer, stream};
use crate::world::{Key, mark};

use super::{Mode, Write};

/// What the server holds now.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// As the server says it, not in normal form.
    pub config: Config,
    /// Of a stream.
    pub messages: Option<u64>,
}

/// What the guard says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is as the plan saw it: write.
    Go,
    /// It is as planned already: nothing to write.
    Done,
    /// It is another than the plan saw, and how.
    Stale(String),
}

/// Judges one write by what the server holds.
pub fn judge(key: &Key, write: &Write, found: Option<&Found>) -> Verdict {
    match (write.mode, found) {
        (Mode::Put, None) if write.observed.is_none() => Verdict::Go,
        (Mode::Delete | Mode::Forget, None) => Verdict::Done,
        (_, None) => Verdict::Stale("it has gone since the plan was made".to_owned()),
        (Mode::Delete, Some(found)) => doomed(key, write, found),
        (Mode::Replace, Some(found)) if is_as_planned(key, write, found) => Verdict::Done,
        (Mode::Replace, Some(found)) => doomed(key, write, found),
        (Mode::Put, Some(found)) => put(key, write, found),
        (Mode::Forget, Some(found)) if mark::of_config(&found.config).is_none() => Verdict::Done,
        (Mode::Forget, Some(found)) => {
            other_owner(write, found).map_or(Verdict::Go, Verdict::Stale)
        }
    }
}

/// Whether the server holds what is planned, marked as planned.
pub fn is_as_planned(key: &Key, write: &Write, found: &Found) -> bool {
    let Some(planned) = write.body.as_object() else { return false };
    let is_ours = mark::of_config(&found.config).as_ref() == Some(&write.owner);
    is_ours && differences(key, write, planned, &found.config).is_empty()
}

/// How a configuration differs from what a write plans, or from what the plan saw. Metadata that the
/// write leaves as it was is whoever's it is, and no difference.
pub fn differences(key: &Key, write: &Write, from: &Config, now: &Config) -> Vec<FieldChange> {
    let mut changes = between(table(key), from, &normal(key, now));
    if leaves_metadata(write) {
        changes.retain(|change| change.field != METADATA);
    }
    changes
}

/// Whether a write leaves metadata, but for evctl's marks, as it was.
pub fn leaves_metadata(write: &Write) -> bool {
    let seen = write.observed.as_ref().and_then(|seen| seen.get(METADATA));
    write.mode == Mode::Delete || write.body.get(METADATA) == seen
}

const METADATA: &str = "metadata";

fn put(key: &Key, write: &Write, found: &Found) -> Verdict {
    if is_as_planned(key, write, found) {
        return Verdict::Done;
    }
    let (Some(seen), Some(planned)) =
        (write.observed.as_ref().and_then(Value::as_object), write.body.as_object())
    else {
        return Verdict::Stale("it has appeared since the plan was made".to_owned());
    };
    if let Some(why) = other_owner(write, found) {
        return Verdict::Stale(why);
    }
    let now = normal(key, &found.config);
    for field in differences(key, write, seen, &found.config) {
        // Somebody else has made it what the plan wants: no harm in that.
        if planned.get(field.field) == now.get(field.field) {
            continue;
        }
        let row = table(key).iter().find(|row| row.name == field.field);
        let to = row.map(|row| row.spoken(planned.get(field.field))).unwrap_or_default();
        return Verdict::Stale(format!(
            "{}: planned from {}, now {}, planned to {to}",
            field.field, field.from, field.to
        ));
    }
    Verdict::Go
}

/// What is about to be deleted must be what was meant, whole.
fn doomed(key: &Key, write: &Write, found: &Found) -> Verdict {
    if let Some(why) = other_owner(write, found) {
        return Verdict::Stale(why);
    }
    let seen = write.observed.as_ref().and_then(Value::as_object).cloned().unwrap_or_default();
    if let Some(field) = differences(key, write, &seen, &found.config).first() {
        return Verdict::Stale(format!(
            "{}: planned to be deleted at {}, now {}",
            field.field, field.from, field.to
        ));
    }
    match found.messages {
        Some(messages) if write.observed_empty && messages > 0 => Verdict::Stale(format!(
            "it was empty when the plan was made and holds {messages} messages now"
        )),
        _ => Verdict::Go,
    }
}

fn other_owner(write: &Write, found: &Found) -> Option<String> {
    let owner = mark::of_config(&found.config);
    if owner == write.observed_owner || owner.as_ref() == Some(&write.owner) {
        return None;
    }
    let name = |owner: Option<&crate::world::Owner>| {
        owner.map_or_else(|| "nobody".to_owned(), |owner| format!("project {}", owner.project))
    };
    Some(format!(
        "it belonged to {} when the plan was made and belongs to {} now",
        name(write.observed_owner.as_ref()),
        name(owner.as_ref())
    ))
}

/// The rows of the rule book for an object's kind.
pub fn table(key: &Key) -> &'static [Field] {
    match key {
        Key::Consumer { .. } => consumer::FIELDS,
        _ => stream::FIELDS,
    }
}

/// The form in which an object's kind is compared.
pub fn normal(key: &Key, config: &Config) -> Config {
    match key {
        Key::Consumer { .. } => consumer::normal(config),
        _ => stream::normal(config),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::world::Owner;

    fn key() -> Key {
        Key::Stream { site: "".into(), name: "A".into() }
    }

    fn owner(project: &str) -> Owner {
        Owner { project: project.into(), object: "a".into() }
    }

    fn config(max_msgs: i64, age: i64) -> Config {
        let Value::Object(config) = json!({"name": "A", "max_msgs": max_msgs, "max_age": age})
        else {
            panic!("a mapping")
        };
        config
    }

    fn body(config: &Config) -> Value {
        Value::Object(stream::normal(config))
    }

    #[track_caller]
    fn check(mode: Mode, from: Option<&Config>, now: Option<(Config, &str, u64)>, expected: &str) {
        let write = Write {
            mode,
            body: body(&config(6, 0)),
            owner: owner("p"),
            observed_owner: from.map(|_| owner("p")),
            observed: from.map(body),
            observed_uid: None,
            observed_empty: true,
            force: false,
            set: None,
            upgrade: false,
        };
        let found = now.map(|(mut config, project, messages)| {
            if !project.is_empty() {
                mark::put_on_config(&mut config, &owner(project));
            }
            Found { config, messages: Some(messages) }
        });
        let verdict = match judge(&key(), &write, found.as_ref()) {
            Verdict::Go => "go".to_owned(),
            Verdict::Done => "done".to_owned(),
            Verdict::Stale(why) => why,
        };
        assert_eq!(verdict, expected);
    }

    #[test]
    fn only_what_matters_is_stale() {
        let before = config(5, 0);
        let was = || Some(&before);
        let now = |max_msgs, age| Some((config(max_msgs, age), "p", 0));
        check(Mode::Put, None, None, "go");
        check(Mode::Put, None, now(6, 0), "done");
        check(Mode::Put, None, now(7, 0), "it has appeared since the plan was made");
        check(Mode::Put, was(), None, "it has gone since the plan was made");
        check(Mode::Put, was(), now(5, 0), "go");
        check(Mode::Put, was(), now(6, 0), "done");
        check(Mode::Put, was(), now(7, 0), "max_msgs: planned from 5, now 7, planned to 6");
        let aged = now(5, 3_600_000_000_000);
        check(Mode::Put, was(), aged, "max_age: planned from 0s, now 1h, planned to 0s");
        let theirs = Some((config(5, 0), "q", 0));
        let why = "it belonged to project p when the plan was made and belongs to project q now";
        check(Mode::Put, was(), theirs, why);
        let nobodys = Some((config(5, 0), "", 0));
        let why = "it belonged to project p when the plan was made and belongs to nobody now";
        check(Mode::Put, was(), nobodys, why);
    }

    #[test]
    fn what_goes_is_what_was_meant() {
        let before = config(5, 0);
        let was = || Some(&before);
        check(Mode::Delete, was(), None, "done");
        check(Mode::Delete, was(), Some((config(5, 0), "p", 0)), "go");
        let why = "max_msgs: planned to be deleted at 5, now 7";
        check(Mode::Delete, was(), Some((config(7, 0), "p", 0)), why);
        let why = "it was empty when the plan was made and holds 3 messages now";
        check(Mode::Delete, was(), Some((config(5, 0), "p", 3)), why);
        check(Mode::Replace, was(), Some((config(5, 0), "p", 0)), "go");
        check(Mode::Replace, was(), Some((config(6, 0), "p", 0)), "done");
        check(Mode::Replace, was(), None, "it has gone since the plan was made");
    }

    #[test]
    fn what_is_forgotten_may_have_changed() {
        let before = config(5, 0);
        let was = || Some(&before);
        check(Mode::Forget, was(), None, "done");
        check(Mode::Forget, was(), Some((config(5, 0), "p", 0)), "go");
        check(Mode::Forget, was(), Some((config(7, 0), "p", 3)), "go");
        check(Mode::Forget, was(), Some((config(5, 0), "", 0)), "done");
        let why = "it belonged to project p when the plan was made and belongs to project q now";
        check(Mode::Forget, was(), Some((config(5, 0), "q", 0)), why);
    }
}
