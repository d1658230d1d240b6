//! The entries of a mapping while it is read: which keys it has said itself, and what merge keys bring
//! in, in the order that Kubernetes gives them. Knows nothing of events.

use std::collections::BTreeMap;

use smol_str::SmolStr;

use crate::diag::Span;

use super::{Entry, Node, Value};

/// As many keys as are compared one by one.
const FEW: usize = 16;

/// A mapping that is still open. Its entries are the last of a list that all open mappings share.
pub(super) struct Entries {
    /// Where in the list its entries begin.
    pub(super) first: usize,
    /// Where in the list each key is, once there are so many that a look at each takes too long.
    places: BTreeMap<SmolStr, usize>,
    /// The entries that a merge key has brought in, by their place in the list, and where the
    /// mapping itself has written the key before.
    merged: BTreeMap<usize, Option<Span>>,
}

impl Entries {
    pub(super) fn from(first: usize) -> Self {
        Self { first, places: BTreeMap::new(), merged: BTreeMap::new() }
    }

    /// Adds an entry that the mapping writes itself, over one that was merged in. Where it has
    /// written the key before, that stays: the answer is its place, and the entry.
    pub(super) fn own(&mut self, list: &mut Vec<Entry>, entry: Entry) -> Option<(Span, Entry)> {
        let Some((place, known)) = self.find(list, &entry.key) else {
            self.push(list, entry);
            return None;
        };
        let first = self.merged.get(&place).map_or(Some(known.key_span), |own| *own);
        if let Some(first) = first {
            return Some((first, entry));
        }
        self.merged.remove(&place);
        *known = entry;
        None
    }

    /// Sets what a merge key brings in, over what stands before it, as Kubernetes does; in a list
    /// the first mapping wins. `None` for a value of another form; an alias must be of a mapping.
    /// The answer is the keys of the mapping itself that have another value now.
    pub(super) fn merge(
        &mut self,
        list: &mut Vec<Entry>,
        value: Node,
        is_alias: bool,
    ) -> Option<Vec<(SmolStr, Span)>> {
        let sources: Vec<Node> = match value.value {
            Value::Mapping(_) => vec![value],
            Value::Sequence(items) if !is_alias => items.into_iter().rev().collect(),
            _ => return None,
        };
        let mut changed = Vec::new();
        for source in sources {
            let Value::Mapping(more) = source.value else { return None };
            changed.extend(more.into_iter().filter_map(|entry| self.set(list, entry)));
        }
        Some(changed)
    }

    /// Sets an entry that is merged in; the answer is the mapping's own that it changes.
    fn set(&mut self, list: &mut Vec<Entry>, entry: Entry) -> Option<(SmolStr, Span)> {
        let Some((place, known)) = self.find(list, &entry.key) else {
            self.merged.insert(list.len(), None);
            self.push(list, entry);
            return None;
        };
        let own = *self.merged.entry(place).or_insert(Some(known.key_span));
        let changes = known.value.to_json() != entry.value.to_json();
        *known = entry;
        own.filter(|_| changes).map(|own| (known.key.clone(), own))
    }

    fn find<'a>(&self, list: &'a mut [Entry], key: &str) -> Option<(usize, &'a mut Entry)> {
        let own = list.get_mut(self.first..)?;
        let place = if own.len() < FEW {
            own.iter().position(|entry| entry.key == key)?
        } else {
            *self.places.get(key)?
        };
        own.get_mut(place).map(|entry| (self.first + place, entry))
    }

    fn push(&mut self, list: &mut Vec<Entry>, entry: Entry) {
        list.push(entry);
        let own = list.get(self.first..).unwrap_or_default();
        let known = match own.len() {
            ..FEW => return,
            FEW => 0,
            count => count - 1,
        };
        let new = own.iter().enumerate().skip(known);
        self.places.extend(new.map(|(place, entry)| (entry.key.clone(), place)));
    }
}

#[cfg(test)]
mod tests {
    use crate::model::yaml::documents;

    #[test]
    fn a_key_is_found_twice_however_many_there_are() {
        for keys in [2, 15, 16, 17, 40] {
            for twice in [0, keys / 2, keys - 1] {
                let line = |key| format!("  key{key}: {{a: 1, b: 2}}\n");
                let mut text = format!("outer:\n{}", (0..keys).map(line).collect::<String>());
                assert_eq!(documents(&text).1, [], "{text}");
                text.push_str(&line(twice));
                let (documents, problems) = documents(&text);
                assert_eq!(problems.len(), 1, "{text}");
                let line = format!("line {}", twice + 2);
                assert!(problems[0].message.contains(&line), "{problems:?}");
                let root = documents[0].root.as_ref().unwrap().to_json();
                assert_eq!(root["outer"].as_object().unwrap().len(), keys);
            }
        }
    }
}
