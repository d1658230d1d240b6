//! The plan's own invariants, whoever made it: tests call this on every plan.

use std::collections::BTreeSet;

use crate::world::placeholder;

use super::{Action, Plan, hold};

/// Every invariant that the plan breaks, in words; empty for a sound plan.
pub fn faults(plan: &Plan) -> Vec<String> {
    let mut faults = Vec::new();
    let mut seen = BTreeSet::new();
    let mut stopped = BTreeSet::new();
    for change in &plan.changes {
        let key = &change.key;
        if !seen.insert(key.clone()) {
            faults.push(format!("{key} is there twice"));
        }
        if change.action.writes() != change.write.is_some() {
            faults.push(format!(
                "{key} is {} and its write is not as that demands",
                change.action.word()
            ));
        }
        if let Some(need) = change.needs.iter().find(|need| !seen.contains(need)) {
            faults.push(format!("{key} comes before {need}, which it needs"));
        }
        if change.action.writes() && change.needs.iter().any(|need| stopped.contains(need)) {
            faults.push(format!("{key} is written although it needs what is not"));
        }
        if change.reason.is_empty() {
            faults.push(format!("{key} has no reason"));
        }
        if matches!(change.action, Action::Refused) && change.rule.is_none() {
            faults.push(format!("{key} is refused without a rule"));
        }
        for name in change.write.iter().flat_map(|write| open_names(&write.body.to_string())) {
            if !change.needs.iter().any(|need| need.to_string() == name) {
                faults.push(format!("{key} waits for the uid of {name} and does not need it"));
            }
        }
        if hold::leaves_a_gap(change) {
            stopped.insert(key.clone());
        }
    }
    faults
}

fn open_names(text: &str) -> Vec<String> {
    placeholder::waits_for(text).into_iter().map(str::to_owned).collect()
}
