//! The entries of a mapping while it is read: which keys it has said itself, and what merge keys bring
//! in, in the order that Kubernetes gives them. Knows nothing of events.

use std::collections::BTreeMap;

use crate::diag::Span;

use super::{Entry, Node, Value};

/// The entries so far.
#[derive(Default)]
pub(super) struct Entries {
    pub(super) list: Vec<Entry>,
    /// By key: its place in the list, and where the mapping itself has written it.
    known: BTreeMap<String, (usize, Option<Span>)>,
}

impl Entries {
    /// Adds an entry that the mapping writes itself, over one that was merged in. Where it has
    /// written the key before, that stays and its place is the answer.
    pub(super) fn own(&mut self, entry: Entry) -> Option<Span> {
        if let Some((_, Some(first))) = self.known.get(&entry.key) {
            return Some(*first);
        }
        let (key, span) = (entry.key.clone(), entry.key_span);
        self.set(entry);
        if let Some((_, own)) = self.known.get_mut(&key) {
            *own = Some(span);
        }
        None
    }

    /// Sets what a merge key brings in, over what stands before it, as Kubernetes does; in a list
    /// the first mapping wins. `None` for a value of another form; an alias must be of a mapping.
    /// The answer is the keys of the mapping itself that have another value now.
    pub(super) fn merge(&mut self, value: Node, is_alias: bool) -> Option<Vec<(String, Span)>> {
        let mut changed = Vec::new();
        match value.value {
            Value::Mapping(more) => self.set_all(more, &mut changed),
            Value::Sequence(items) if !is_alias => {
                for item in items.into_iter().rev() {
                    let Value::Mapping(more) = item.value else { return None };
                    self.set_all(more, &mut changed);
                }
            }
            _ => return None,
        }
        Some(changed)
    }

    fn set_all(&mut self, entries: Vec<Entry>, changed: &mut Vec<(String, Span)>) {
        for entry in entries {
            if let Some((at, Some(own))) = self.known.get(&entry.key)
                && let Some(known) = self.list.get(*at)
                && known.value.to_json() != entry.value.to_json()
            {
                changed.push((entry.key.clone(), *own));
            }
            self.set(entry);
        }
    }

    fn set(&mut self, entry: Entry) {
        match self.known.get(&entry.key).and_then(|(at, _)| self.list.get_mut(*at)) {
            Some(known) => *known = entry,
            None => {
                self.known.insert(entry.key.clone(), (self.list.len(), None));
                self.list.push(entry);
            }
        }
    }
}
