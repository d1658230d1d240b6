//! What the API server says to the changes of a plan when it is asked without writing (server-side
//! dry-run), worked into the plan. Pure: the answers come as an argument.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::world::{Key, World};

use super::hold::hold;
use super::{Action, Change, FieldDiff, Plan, Rule, membership};

/// The API server's answer to a change.
#[derive(Debug, Clone, PartialEq)]
pub enum Preview {
    /// The object as it would be, in normal form.
    Becomes(Value),
    /// It would refuse: HTTP status and words.
    Refused { status: u16, text: String },
    /// Other field managers own what the change writes: its words name them and the fields.
    Conflict { text: String },
    /// It could not be asked, and why.
    Unknown(String),
}

/// The plan with every answer worked in.
#[must_use]
pub fn verify(plan: Plan, live: &World, previews: &BTreeMap<Key, Preview>) -> Plan {
    let changes = plan
        .changes
        .into_iter()
        .map(|change| match previews.get(&change.key) {
            Some(preview) if change.action.writes() => worked_in(change, live, preview),
            Some(Preview::Becomes(body)) if change.probe.is_some() => probed(change, live, body),
            _ => change,
        })
        .collect();
    Plan { changes: hold(changes), ..plan }
}

fn worked_in(change: Change, live: &World, preview: &Preview) -> Change {
    match preview {
        Preview::Becomes(body) => becomes(change, live, body),
        Preview::Refused { status, text } => {
            let rule =
                Rule { code: "server-refuses".into(), err_code: Some(*status), text: text.clone() };
            change.stopped(Action::Refused, format!("{text} ({status})"), Some(rule))
        }
        Preview::Conflict { text } => {
            let rule =
                Rule { code: "field-conflict".into(), err_code: Some(409), text: text.clone() };
            change.stopped(
                Action::Refused,
                format!("another field manager owns fields of it: {text} (409)"),
                Some(rule),
            )
        }
        Preview::Unknown(why) => Change { unverified: Some(why.clone()), ..change },
    }
}

/// What exists, is not owned, and only looked different.
fn probed(change: Change, live: &World, body: &Value) -> Change {
    if live.objects.get(&change.key).is_some_and(|object| object.body == *body) {
        let equal =
            change.stopped(Action::None, "exists, is equal and not owned: left alone", None);
        return Change { diff: Vec::new(), ..equal };
    }
    change
}

/// What will really be: the server's own defaults and spellings are no difference.
fn becomes(change: Change, live: &World, body: &Value) -> Change {
    let Some(object) = live.objects.get(&change.key) else {
        return Change { unverified: None, ..change };
    };
    let now = &object.body;
    let set = change.write.as_ref().and_then(|write| write.set.as_deref());
    let moved = membership::difference(object, set);
    if now == body && change.action == Action::Update && moved.is_none() {
        return Change {
            diff: Vec::new(),
            unverified: None,
            ..change.stopped(Action::None, "is as declared", None)
        };
    }
    let mut diff = super::fields::object_diff(body, now, None);
    let gone = super::fields::object_diff(now, body, None);
    diff.extend(gone.into_iter().filter(|field| field.from.is_none()).map(|field| FieldDiff {
        path: field.path,
        from: field.to,
        to: None,
    }));
    // A dry-run knows nothing of fields that only go once they are evctl's.
    if change.write.as_ref().is_some_and(|write| write.upgrade) {
        let goes =
            |field: &&FieldDiff| field.to.is_none() && !diff.iter().any(|d| d.path == field.path);
        let going: Vec<FieldDiff> = change.diff.iter().filter(goes).cloned().collect();
        diff.extend(going);
    }
    diff.extend(moved);
    Change { diff, unverified: None, ..change }
}
