//! A JSON value that is mostly only looked at. Of live objects there are thousands, and nearly all are as declared: as
//! maps of serde_json each takes several times the room and time. One allocation for each collection, none for a short
//! text. Knows nothing of what it holds.

use std::fmt;

use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Number, Value};
use smol_str::SmolStr;

/// A value; the fields of a mapping in the order of their names.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Tree {
    #[default]
    Null,
    Bool(bool),
    Number(Number),
    Text(SmolStr),
    List(Vec<Tree>),
    Fields(Fields),
}

/// The fields of a mapping, in the order of their names.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Fields(Vec<(SmolStr, Tree)>);

/// Up to so many fields are looked through.
const FEW: usize = 8;

impl Fields {
    /// From fields in any order.
    pub(super) fn sorted(mut fields: Vec<(SmolStr, Tree)>) -> Self {
        // The API server writes those of custom resources in this order.
        if !fields.is_sorted_by(|(a, _), (b, _)| a <= b) {
            fields.sort_by(|(a, _), (b, _)| a.cmp(b));
        }
        Self(fields)
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn get(&self, name: &str) -> Option<&Tree> {
        self.find(name).ok().map(|at| &self.0[at].1)
    }

    pub(super) fn get_mut(&mut self, name: &str) -> Option<&mut Tree> {
        self.find(name).ok().map(|at| &mut self.0[at].1)
    }

    pub(super) fn insert(&mut self, name: &str, value: Tree) {
        match self.find(name) {
            Ok(at) => self.0[at].1 = value,
            Err(at) => self.0.insert(at, (name.into(), value)),
        }
    }

    pub(super) fn remove(&mut self, name: &str) -> Option<Tree> {
        let at = self.find(name).ok()?;
        Some(self.0.remove(at).1)
    }

    pub(super) fn retain(&mut self, keeps: impl Fn(&str, &Tree) -> bool) {
        self.0.retain(|(name, value)| keeps(name, value));
    }

    fn find(&self, name: &str) -> Result<usize, usize> {
        // Among few it is sooner found by its length and bytes than by order.
        if self.0.len() <= FEW
            && let Some(at) = self.0.iter().position(|(own, _)| own == name)
        {
            return Ok(at);
        }
        self.0.binary_search_by(|(own, _)| own.as_str().cmp(name))
    }
}

impl Tree {
    /// The same value.
    pub fn of(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(flag) => Self::Bool(*flag),
            Value::Number(number) => Self::Number(number.clone()),
            Value::String(text) => Self::Text(text.as_str().into()),
            Value::Array(items) => Self::List(items.iter().map(Self::of).collect()),
            Value::Object(fields) => {
                let fields = fields.iter().map(|(name, value)| (name.into(), Self::of(value)));
                Self::Fields(Fields::sorted(fields.collect()))
            }
        }
    }

    pub fn fields(&self) -> Option<&Fields> {
        match self {
            Self::Fields(fields) => Some(fields),
            _ => None,
        }
    }

    pub(super) fn fields_mut(&mut self) -> Option<&mut Fields> {
        match self {
            Self::Fields(fields) => Some(fields),
            _ => None,
        }
    }

    /// The fields of a field.
    pub(super) fn field_mut(&mut self, name: &str) -> Option<&mut Fields> {
        self.fields_mut()?.get_mut(name)?.fields_mut()
    }

    pub fn get(&self, name: &str) -> Option<&Self> {
        self.fields()?.get(name)
    }

    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The same value in the form in which it can be changed.
    pub fn to_value(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(flag) => Value::Bool(*flag),
            Self::Number(number) => Value::Number(number.clone()),
            Self::Text(text) => Value::String(text.as_str().to_owned()),
            Self::List(items) => items.iter().map(Self::to_value).collect(),
            Self::Fields(fields) => {
                let fields = fields.0.iter();
                let fields: Map<String, Value> = fields
                    .map(|(name, value)| (name.as_str().to_owned(), value.to_value()))
                    .collect();
                Value::Object(fields)
            }
        }
    }
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Any)
    }
}

struct Any;

impl<'de> Visitor<'de> for Any {
    type Value = Tree;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Tree, E> {
        Ok(Tree::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Tree, E> {
        Ok(Tree::Bool(flag))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Tree, E> {
        Ok(Tree::Number(number.into()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Tree, E> {
        Ok(Tree::Number(number.into()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Tree, E> {
        Ok(Number::from_f64(number).map_or(Tree::Null, Tree::Number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Tree, E> {
        Ok(Tree::Text(text.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Tree, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element()? {
            items.push(item);
        }
        Ok(Tree::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Tree, A::Error> {
        let mut fields = Vec::new();
        while let Some(field) = map.next_entry()? {
            fields.push(field);
        }
        Ok(Tree::Fields(Fields::sorted(fields)))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn it_is_the_value_that_was_read() {
        let value = json!({
            "b": [1, -2, 2.5, 18_446_744_073_709_551_615_u64, "a longer text than lies in place", null],
            "a": {"c": true, "": {}}, "aa": [], "quoted\"": "line\nend",
        });
        let tree: Tree = serde_json::from_str(&value.to_string()).unwrap();
        assert_eq!(tree.to_value(), value);
        assert_eq!(Tree::deserialize(&value).unwrap(), tree);
        assert_eq!(Tree::of(&value), tree);
        // Names come in any order, and are found.
        let unordered: Tree = serde_json::from_str(r#"{"c": 1, "a": 2, "b": 3}"#).unwrap();
        assert_eq!(unordered.to_value(), json!({"a": 2, "b": 3, "c": 1}));
        assert_eq!(unordered.get("b"), Some(&Tree::Number(3.into())));
        assert_eq!((unordered.get("d"), tree.get("a").and_then(|a| a.get("d"))), (None, None));
    }

    #[test]
    fn fields_are_put_and_taken() {
        let mut fields = Fields::default();
        ["b", "a", "c", "b"]
            .iter()
            .for_each(|name| fields.insert(name, Tree::Text((*name).into())));
        assert_eq!(fields.len(), 3);
        assert_eq!(fields.remove("b").as_ref().and_then(Tree::text), Some("b"));
        assert_eq!(fields.remove("b"), None);
        fields.retain(|name, _| name != "a");
        assert_eq!(Tree::Fields(fields).to_value(), json!({"c": "c"}));
    }
}
