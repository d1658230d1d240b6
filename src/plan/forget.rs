//! What the project is to have no longer and what is to stay as it is (`removed` in the project file): only
//! the marks are taken off. A stream's consumers go on with it. Pure.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::world::{Key, World};

use super::allowed::Options;
use super::{Action, Change, Mode, Write};

/// Takes what is to be forgotten out of what is declared no longer.
pub(super) fn forget(undeclared: &mut Vec<Key>, live: &World, options: &Options) -> Vec<Change> {
    let named: BTreeSet<&Key> =
        undeclared.iter().filter(|key| options.removed.contains(&key.to_string())).collect();
    let of_stream =
        |key: &Key| key.object().is_none() && key.stream().is_some_and(|s| named.contains(&s));
    let gone: BTreeSet<Key> =
        undeclared.iter().filter(|key| named.contains(key) || of_stream(key)).cloned().collect();
    undeclared.retain(|key| !gone.contains(key));
    gone.into_iter().filter_map(|key| one(key, live)).collect()
}

fn one(key: Key, live: &World) -> Option<Change> {
    let object = live.objects.get(&key)?;
    // A consumer may be the project's by its stream's mark alone: there is nothing to take off.
    let owner = object.owner.clone()?;
    let api_version = key.object().and(object.body.get("apiVersion")).and_then(Value::as_str);
    let mut change =
        Change::blank(key, Action::Forget, "is to be forgotten: its marks are taken off");
    change.exists = true;
    change.api_version = api_version.map(str::to_owned);
    change.write = Some(Write {
        mode: Mode::Forget,
        body: object.body.clone(),
        owner,
        observed: Some(object.body.clone()),
        observed_uid: object.uid.clone(),
        observed_owner: object.owner.clone(),
        observed_empty: false,
        force: false,
        set: None,
        upgrade: false,
    });
    Some(change)
}

/// What `removed` and `moved` name and no longer applies to anything, a sentence each.
pub fn idle(options: &Options, changes: &[Change]) -> Vec<String> {
    let done = |name: &String| {
        !changes.iter().any(|c| c.action == Action::Forget && c.key.to_string() == *name)
    };
    let removed = options.removed.iter().filter(|name| done(name));
    let mut notes: Vec<String> = removed
        .map(|name| {
            format!("`removed` names {name}, which is the project's no longer: the line can go")
        })
        .collect();
    let is_from = |change: &Change, from: &str| {
        let owner = change.write.as_ref().and_then(|write| write.observed_owner.as_ref());
        owner.is_some_and(|owner| owner.project == from)
    };
    let moved = options.moved.iter().map(|moved| moved.from.as_str());
    let moved = moved.filter(|from| !changes.iter().any(|change| is_from(change, from)));
    notes.extend(moved.map(|from| {
        format!(
            "nothing that is declared is project {from}'s any longer: its line under `moved` can go"
        )
    }));
    notes
}
