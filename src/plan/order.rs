//! The order of work: what something needs comes first; else namespaces, definitions, plain
//! objects, streams, channels, subscriptions, consumers, and last what sends events, so that
//! subscribers stand before producers. Two objects that refer to each other are no obstacle.

use std::collections::{BTreeMap, BTreeSet};

use petgraph::algo::tarjan_scc;
use petgraph::graphmap::DiGraphMap;

use crate::model::hashed::Hashed;
use crate::world::Key;

use super::{Change, prune_order};

/// Sorts changes, and leaves of each one's needs, where anything is written, only those that come before it.
pub fn sort(changes: Vec<Change>) -> Vec<Change> {
    let mut changes = changes;
    changes.sort_by(|a, b| (rank(a), &a.key).cmp(&(rank(b), &b.key)));
    // Where nothing is written nothing comes first, and a settled project is most often looked at.
    if !changes.iter().any(|change| change.action.writes()) {
        return changes;
    }
    let numbers = numbers(&changes);
    let mut needs: Vec<BTreeSet<usize>> =
        numbers.iter().map(|needs| needs.iter().flatten().copied().collect()).collect();
    break_cycles(&mut needs);
    for (at, change) in changes.iter_mut().enumerate() {
        let mut named = numbers[at].iter();
        change.needs.retain(|_| {
            named.next().is_some_and(|need| need.is_some_and(|need| needs[at].contains(&need)))
        });
    }
    arrange(&mut changes, first_free(&needs));
    changes
}

/// Puts at each place the item that the order names there. Nothing is copied: a plan can be large.
fn arrange<T>(items: &mut [T], mut order: Vec<usize>) {
    for at in 0..items.len() {
        // What stood here may have been moved on already.
        while order[at] < at {
            order[at] = order[order[at]];
        }
        items.swap(at, order[at]);
    }
}

/// The numbers of what each change needs, in the order of its needs; `None` for what is no change.
fn numbers(changes: &[Change]) -> Vec<Vec<Option<usize>>> {
    let number: Hashed<&Key, usize> =
        changes.iter().enumerate().map(|(at, change)| (&change.key, at)).collect();
    changes
        .iter()
        .map(|change| change.needs.iter().map(|need| number.get(need).copied()).collect())
        .collect()
}

/// Takes away needs inside of a circle that point forward in the order of ranks.
fn break_cycles(needs: &mut [BTreeSet<usize>]) {
    let edges =
        needs.iter().enumerate().flat_map(|(at, needs)| needs.iter().map(move |need| (at, *need)));
    let graph: DiGraphMap<usize, ()> = edges.map(|(at, need)| (at, need, ())).collect();
    for circle in tarjan_scc(&graph).into_iter().filter(|circle| circle.len() > 1) {
        let members: BTreeSet<usize> = circle.into_iter().collect();
        for at in &members {
            needs[*at].retain(|need| !members.contains(need) || need < at);
        }
    }
}

/// Each as soon as all that it needs is placed; the smallest number first.
fn first_free(needs: &[BTreeSet<usize>]) -> Vec<usize> {
    let mut waiting: Vec<usize> = needs.iter().map(BTreeSet::len).collect();
    let mut wanted_by: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (at, needs) in needs.iter().enumerate() {
        for need in needs {
            wanted_by.entry(*need).or_default().push(at);
        }
    }
    let mut free: BTreeSet<usize> = (0..needs.len()).filter(|at| waiting[*at] == 0).collect();
    let mut order = Vec::with_capacity(needs.len());
    while let Some(at) = free.pop_first() {
        order.push(at);
        for next in wanted_by.get(&at).into_iter().flatten() {
            waiting[*next] -= 1;
            if waiting[*next] == 0 {
                free.insert(*next);
            }
        }
    }
    order
}

fn rank(change: &Change) -> u8 {
    let key = match &change.key {
        // A stream's consumers go with it: their own steps find them gone.
        Key::Stream { .. } if change.is_prune() => return 13,
        Key::Consumer { .. } if change.is_prune() => return 14,
        Key::Stream { .. } => return 4,
        Key::Consumer { .. } => return 7,
        Key::Object(_) if change.is_prune() => return prune_order::rank(change),
        Key::Object(key) => key,
    };
    match (key.group.as_str(), key.kind.as_str()) {
        ("", "Namespace") => 0,
        ("apiextensions.k8s.io", "CustomResourceDefinition") => 1,
        ("", "ConfigMap" | "Secret" | "ServiceAccount") | ("rbac.authorization.k8s.io", _) => 2,
        ("messaging.knative.dev", "Subscription") => 6,
        ("messaging.knative.dev", _) => 5,
        ("sources.knative.dev", _) => 8,
        _ if sends(change) => 8,
        _ => 3,
    }
}

/// Whether a pass-through object names a sink, as sources do.
fn sends(change: &Change) -> bool {
    change.write.as_ref().is_some_and(|write| write.body.pointer("/spec/sink").is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(needs: &[&[usize]], expected: &[usize]) {
        let mut needs: Vec<BTreeSet<usize>> =
            needs.iter().map(|needs| needs.iter().copied().collect()).collect();
        break_cycles(&mut needs);
        assert_eq!(first_free(&needs), expected);
    }

    #[test]
    fn items_are_arranged_in_place() {
        for order in [vec![0, 1, 2, 3], vec![3, 2, 1, 0], vec![1, 2, 3, 0], vec![2, 0, 3, 1]] {
            let mut items = [10, 11, 12, 13];
            arrange(&mut items, order.clone());
            assert_eq!(items.to_vec(), order.iter().map(|at| at + 10).collect::<Vec<_>>());
        }
    }

    #[test]
    fn needs_come_first_and_circles_are_cut() {
        check(&[&[], &[], &[]], &[0, 1, 2]);
        check(&[&[2], &[], &[]], &[1, 2, 0]);
        check(&[&[1], &[2], &[]], &[2, 1, 0]);
        check(&[&[1], &[0], &[]], &[0, 1, 2]);
        check(&[&[1], &[2], &[0]], &[0, 1, 2]);
    }
}
