//! The entries of one mapping while it is read: no key twice, and what merge keys bring in.
//! Knows nothing of events.

use std::collections::{BTreeMap, BTreeSet};

use smol_str::SmolStr;

use super::{Entry, Node, Value};

/// A mapping that is still open. Its entries are the last of a list that all open mappings share.
pub(super) struct Keys {
    /// Where in the list its entries begin.
    pub first: usize,
    /// The values of its merge keys.
    pub merged: Vec<Node>,
    /// Where in the list each key is, once there are so many that a look at each takes too long.
    places: BTreeMap<SmolStr, usize>,
}

/// As many keys as are compared one by one.
const FEW: usize = 16;

impl Keys {
    pub(super) fn from(first: usize) -> Self {
        Self { first, merged: Vec::new(), places: BTreeMap::new() }
    }

    /// The entry that has the key.
    pub(super) fn find<'a>(&self, entries: &'a [Entry], key: &str) -> Option<&'a Entry> {
        let own = entries.get(self.first..)?;
        if own.len() < FEW {
            return own.iter().find(|entry| entry.key == key);
        }
        self.places.get(key).and_then(|place| entries.get(*place))
    }

    /// Takes note of the entry that has been added to the list.
    pub(super) fn added(&mut self, entries: &[Entry]) {
        let known = match entries.len() - self.first {
            ..FEW => return,
            FEW => self.first,
            _ => entries.len() - 1,
        };
        let new = entries.iter().enumerate().skip(known);
        self.places.extend(new.map(|(place, entry)| (entry.key.clone(), place)));
    }

    /// Takes the entries off the list, with those that merge keys bring in.
    pub(super) fn take(self, entries: &mut Vec<Entry>) -> Box<[Entry]> {
        let own = entries.drain(self.first..);
        if self.merged.is_empty() { own.collect() } else { merge(own.collect(), self.merged) }
    }
}

/// Whether a merge key may have this value. With any other, `<<` is a key like others.
pub(super) fn is_mergeable(value: &Node) -> bool {
    match &value.value {
        Value::Mapping(_) => true,
        Value::Sequence(items) => items.iter().all(|item| matches!(item.value, Value::Mapping(_))),
        _ => false,
    }
}

/// Adds what merge keys bring in: a key of the mapping itself wins, then the first that brings it.
fn merge(mut entries: Vec<Entry>, merged: Vec<Node>) -> Box<[Entry]> {
    let mut sources = Vec::new();
    for node in merged {
        match node.value {
            Value::Mapping(more) => sources.push(more),
            Value::Sequence(items) => sources.extend(items.into_iter().filter_map(|item| {
                if let Value::Mapping(more) = item.value { Some(more) } else { None }
            })),
            _ => {}
        }
    }
    let mut known: BTreeSet<SmolStr> = entries.iter().map(|entry| entry.key.clone()).collect();
    for entry in sources.into_iter().flatten() {
        if known.insert(entry.key.clone()) {
            entries.push(entry);
        }
    }
    entries.into_boxed_slice()
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
                assert!(problems[0].message.contains(&format!("line {}", twice + 2)), "{problems:?}");
                let root = documents[0].root.as_ref().unwrap().to_json();
                assert_eq!(root["outer"].as_object().unwrap().len(), keys);
            }
        }
    }
}
