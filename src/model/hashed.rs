//! Maps and sets that are searched often and gone through seldom. Inputs of tens of thousands of objects
//! are searched by name at every stage, and a tree of texts is slow at that: each step of a search
//! misses the processor's caches. Knows nothing of what is kept.

use std::hash::Hash;

use indexmap::{IndexMap, IndexSet};

/// In the order in which it was filled. Whoever goes through one in the order of its keys sorts it first.
pub type Hashed<K, V> = IndexMap<K, V, foldhash::fast::RandomState>;

/// The keys alone.
pub type HashedSet<K> = IndexSet<K, foldhash::fast::RandomState>;

/// A map in the order of its keys.
pub fn sorted<K: Hash + Ord, V>(entries: impl IntoIterator<Item = (K, V)>) -> Hashed<K, V> {
    let mut map: Hashed<K, V> = entries.into_iter().collect();
    map.sort_unstable_keys();
    map
}
