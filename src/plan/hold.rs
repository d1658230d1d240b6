//! Holds what waits for something that will not be there. Runs whenever changes were stopped: after
//! the plan is built, and after the API server's answers were worked in.

use std::collections::BTreeSet;

use crate::world::Key;

use super::{Action, Change};

/// The changes, in their order, with every dependent of a stopped one held.
#[must_use]
pub fn hold(mut changes: Vec<Change>) -> Vec<Change> {
    let mut missing: BTreeSet<Key> = BTreeSet::new();
    for change in &mut changes {
        if change.action.writes()
            && let Some(need) = change.needs.iter().find(|need| missing.contains(need))
        {
            let reason = format!("waits for {need}, which is not written");
            *change = change.clone().stopped(Action::Held, reason, None);
        }
        if leaves_a_gap(change) {
            missing.insert(change.key.clone());
        }
    }
    changes
}

/// Whether something is stopped that others need. What exists already serves as it is, but for a
/// stream: its consumers belong to whoever owns it.
pub fn leaves_a_gap(change: &Change) -> bool {
    let serves = change.exists && change.key.object().is_some();
    matches!(change.action, Action::Refused | Action::Held) && !serves
}
