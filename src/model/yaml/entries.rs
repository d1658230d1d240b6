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
    pub(super) fn merge(&mut self, value: Node, is_alias: bool) -> Option<()> {
        match value.value {
            Value::Mapping(more) => more.into_iter().for_each(|entry| self.set(entry)),
            Value::Sequence(items) if !is_alias => {
                for item in items.into_iter().rev() {
                    let Value::Mapping(more) = item.value else { return None };
                    more.into_iter().for_each(|entry| self.set(entry));
                }
            }
            _ => return None,
        }
        Some(())
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
