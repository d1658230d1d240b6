//! What the API server says to the changes of a plan when it is asked without writing (server-side
//! dry-run), worked into the plan. Pure: the answers come as an argument.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::world::body::Body;
use crate::world::{Key, World};

use super::allowed::Options;
use super::hold::hold;
use super::impact::Scales;
use super::{Action, Change, Conflict, FieldDiff, Mode, Plan, Rule, Write, membership};

/// The API server's answer to a change.
#[derive(Debug, Clone, PartialEq)]
pub enum Preview {
    /// The object as it would be, in normal form, and what it would take from other managers.
    Becomes { body: Body, taken: Vec<Conflict> },
    /// It would refuse: HTTP status and words.
    Refused { status: u16, text: String },
    /// Other field managers own what the change writes.
    Conflict(Vec<Conflict>),
    /// It could not be asked, and why.
    Unknown(String),
}

/// The plan with every answer worked in.
#[must_use]
pub fn verify(
    plan: Plan,
    live: &World,
    previews: &BTreeMap<Key, Preview>,
    options: &Options,
) -> Plan {
    let changes = plan
        .changes
        .into_iter()
        .map(|change| match previews.get(&change.key) {
            Some(preview) if change.action.writes() => worked_in(change, live, preview, options),
            Some(Preview::Becomes { body, .. }) if change.probe.is_some() => {
                probed(change, live, body)
            }
            _ => change,
        })
        .collect();
    Plan { changes: hold(changes), ..plan }
}

fn worked_in(change: Change, live: &World, preview: &Preview, options: &Options) -> Change {
    match preview {
        Preview::Becomes { body, taken } => {
            let mut change = becomes(change, live, body);
            if let Some(write) = &mut change.write {
                // Nothing is taken that the plan does not show.
                write.force = !taken.is_empty();
                change.conflicts.clone_from(taken);
            }
            change
        }
        Preview::Refused { status, text } => {
            let rule =
                Rule { code: "server-refuses".into(), err_code: Some(*status), text: text.clone() };
            if change.action == Action::Update && is_immutable(*status, text) {
                return replaced_or_refused(change, live, rule, options);
            }
            change.stopped(Action::Refused, format!("{text} ({status})"), Some(rule))
        }
        Preview::Conflict(conflicts) => conflicting(change, conflicts),
        Preview::Unknown(why) => Change { unverified: Some(why.clone()), ..change },
    }
}

fn conflicting(change: Change, conflicts: &[Conflict]) -> Change {
    let named: Vec<String> =
        conflicts.iter().map(|one| format!("{} ({})", one.path, one.manager)).collect();
    let text = format!("another field manager owns fields of it: {}", named.join(", "));
    let rule = Rule { code: "field-conflict".into(), err_code: Some(409), text: text.clone() };
    let reason = format!("{text}; --force-conflicts takes them (409)");
    let refused = change.stopped(Action::Refused, reason, Some(rule));
    Change { conflicts: conflicts.to_vec(), ..refused }
}

/// Whether the server says that the object can be had so, and not be made so.
fn is_immutable(status: u16, text: &str) -> bool {
    let text = text.to_lowercase();
    let says = ["immutable", "may not change fields", "updates to statefulset spec"];
    matches!(status, 400 | 403 | 422) && says.iter().any(|says| text.contains(says))
}

/// What the server does not change in place: made anew where that is allowed.
fn replaced_or_refused(change: Change, live: &World, rule: Rule, options: &Options) -> Change {
    let key = change.key.clone();
    let rule = Rule { code: "immutable-field".into(), ..rule };
    let said = format!("{} ({})", rule.text, rule.err_code.unwrap_or_default());
    let impact = Scales { live, now: options.now }.of_replacement(&key, &Value::Null);
    let marked = live.objects.get(&key).is_some_and(|object| object.protected);
    if !options.replaces(&key, marked) {
        let reason = format!("{said}; --allow-replace {key} makes it anew");
        return Change { impact, ..change.stopped(Action::Refused, reason, Some(rule)) };
    }
    Change {
        action: Action::Replace,
        reason: format!("is made anew: {said}"),
        rule: Some(rule),
        impact,
        unverified: Some(ANEW.to_owned()),
        write: change.write.map(|write| Box::new(Write { mode: Mode::Replace, ..*write })),
        ..change
    }
}

/// Why the server is not asked about a replacement.
pub const ANEW: &str = "what is made anew cannot be asked about while the old one is there";

/// What exists, is not owned, and only looked different.
fn probed(change: Change, live: &World, body: &Body) -> Change {
    if live.objects.get(&change.key).is_some_and(|object| object.body == *body) {
        let equal =
            change.stopped(Action::None, "exists, is equal and not owned: left alone", None);
        return Change { diff: Vec::new(), ..equal };
    }
    change
}

/// What will really be: the server's own defaults and spellings are no difference.
fn becomes(change: Change, live: &World, body: &Body) -> Change {
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
