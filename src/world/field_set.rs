//! A set of fields as Kubernetes writes one down (`fieldsV1`): which fields of an object a manager owns. There is
//! one for each live object, so it is kept small: nearly all of its levels have one or two entries, for which a
//! tree of maps has far too much room. Knows nothing of managers.

use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use smol_str::SmolStr;

/// Entries by name (`f:NAME`, `k:{KEY}`, `v:VALUE`, `.`), in the order of names, each with what is below it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FieldSet(Box<[(SmolStr, FieldSet)]>);

/// Up to so many entries a field is found faster than its entry's name is made.
const FEW: usize = 16;

impl FieldSet {
    /// The set that a document says; nothing where it says none.
    pub fn of(value: &Value) -> Self {
        let entries = value.as_object().into_iter().flatten();
        Self::sorted(entries.map(|(name, below)| (SmolStr::new(name), Self::of(below))).collect())
    }

    fn sorted(mut entries: Vec<(SmolStr, Self)>) -> Self {
        entries.sort_by(|(a, _), (b, _)| a.cmp(b));
        Self(entries.into_boxed_slice())
    }

    /// Whether nothing is below: the field is owned as a whole.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &Self)> {
        self.0.iter().map(|(name, below)| (name.as_str(), below))
    }

    /// The entry of this name.
    pub fn get(&self, name: &str) -> Option<&Self> {
        let at = self.0.binary_search_by(|(own, _)| own.as_str().cmp(name)).ok()?;
        Some(&self.0[at].1)
    }

    /// What is owned of a field.
    pub fn field(&self, name: &str) -> Option<&Self> {
        if self.0.len() > FEW {
            return self.get(&format!("f:{name}"));
        }
        self.iter().find(|(own, _)| own.strip_prefix("f:") == Some(name)).map(|(_, below)| below)
    }

    /// What either set holds. A field that is there by itself in one and with parts in the other is both: `.`
    /// stands for itself.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        let mut all: Vec<(SmolStr, Self)> = self.0.to_vec();
        for (name, below) in &other.0 {
            match all.iter_mut().find(|(own, _)| own == name) {
                Some((_, mine)) => *mine = mine.union(below),
                None => all.push((name.clone(), below.clone())),
            }
        }
        if self.is_empty() != other.is_empty() && !all.iter().any(|(name, _)| name == ".") {
            all.push((SmolStr::new("."), Self::default()));
        }
        Self::sorted(all)
    }
}

impl Serialize for FieldSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, below) in &self.0 {
            map.serialize_entry(name.as_str(), below)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for FieldSet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Entries)
    }
}

struct Entries;

impl<'de> Visitor<'de> for Entries {
    type Value = FieldSet;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a set of fields")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<FieldSet, A::Error> {
        let mut entries = Vec::new();
        while let Some(name) = map.next_key::<SmolStr>()? {
            entries.push((name, map.next_value()?));
        }
        Ok(FieldSet::sorted(entries))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(one: &Value, other: &Value, expected: &Value) {
        let (one, other) = (FieldSet::of(one), FieldSet::of(other));
        assert_eq!(one.union(&other), FieldSet::of(expected));
        assert_eq!(other.union(&one), FieldSet::of(expected));
    }

    #[test]
    fn sets_of_fields_are_joined() {
        check(&json!({"f:a": {}}), &json!({"f:b": {}}), &json!({"f:a": {}, "f:b": {}}));
        let parts = json!({"f:a": {".": {}, "f:b": {}}});
        check(&json!({"f:a": {}}), &json!({"f:a": {"f:b": {}}}), &parts);
        check(
            &parts,
            &json!({"f:a": {"f:c": {}}}),
            &json!({"f:a": {".": {}, "f:b": {}, "f:c": {}}}),
        );
        check(&json!({"f:a": {}}), &json!({"f:a": {}}), &json!({"f:a": {}}));
    }

    #[test]
    fn fields_are_found_among_few_and_many() {
        for count in [1, FEW, FEW + 1, 100] {
            let names = (0..count).map(|at| (format!("f:n{at}"), json!({"f:below": {}})));
            let set = FieldSet::of(&Value::Object(names.collect()));
            assert!(set.field("n0").is_some_and(|below| below.field("below").is_some()), "{count}");
            assert!(
                set.field("m0").is_none() && set.get("n0").is_none() && set.get("f:n0").is_some()
            );
        }
    }

    #[test]
    fn it_is_written_as_it_is_read() {
        let value = json!({".": {}, "f:b": {"k:{\"a\":1}": {"f:a": {}}}, "f:a": {}});
        let text = serde_json::to_string(&FieldSet::of(&value)).unwrap();
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
        assert_eq!(serde_json::from_str::<FieldSet>(&text).unwrap(), FieldSet::of(&value));
        assert!(serde_json::from_str::<FieldSet>("[1]").is_err());
    }
}
