//! Decodes plain serde types from a located tree, as from its JSON but without making it: a null in
//! a mapping is a field that is not there. Knows no type.

use std::slice::Iter;

use serde::de::value::BorrowedStrDeserializer;
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error as _, IntoDeserializer, MapAccess, SeqAccess,
    Unexpected, VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;
use serde_json::Error;

use super::{Entry, Node, Value};

impl<'de> Deserializer<'de> for &'de Node {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match &self.value {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::Number(number) => number.deserialize_any(visitor),
            Value::String(text) => visitor.visit_borrowed_str(text),
            Value::Sequence(items) => {
                let mut items = Items(items.iter());
                let value = visitor.visit_seq(&mut items)?;
                items.end().map(|()| value)
            }
            Value::Mapping(entries) => {
                let mut fields = Fields { entries: entries.iter(), value: None };
                let value = visitor.visit_map(&mut fields)?;
                fields.end().map(|()| value)
            }
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match &self.value {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match &self.value {
            Value::String(text) => visitor.visit_enum(BorrowedStrDeserializer::new(text)),
            Value::Mapping(entries) => {
                let mut set = entries.iter().filter(|entry| entry.value.value != Value::Null);
                match (set.next(), set.next()) {
                    (Some(entry), None) => visitor.visit_enum(Variant(entry)),
                    _ => Err(Error::invalid_value(Unexpected::Map, &"a mapping with one key")),
                }
            }
            _ => Err(Error::invalid_type(self.unexpected(), &"text or a mapping with one key")),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map struct identifier
    }
}

impl Node {
    fn unexpected(&self) -> Unexpected<'_> {
        match &self.value {
            Value::Null => Unexpected::Unit,
            Value::Bool(value) => Unexpected::Bool(*value),
            Value::Number(_) => Unexpected::Other("number"),
            Value::String(text) => Unexpected::Str(text),
            Value::Sequence(_) => Unexpected::Seq,
            Value::Mapping(_) => Unexpected::Map,
        }
    }
}

impl<'de> IntoDeserializer<'de, Error> for &'de Node {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

/// What is left of a list.
struct Items<'de>(Iter<'de, Node>);

impl Items<'_> {
    fn end(&self) -> Result<(), Error> {
        match self.0.len() {
            0 => Ok(()),
            more => Err(Error::custom(format_args!("the list has {more} items too many"))),
        }
    }
}

impl<'de> SeqAccess<'de> for Items<'de> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Error> {
        self.0.next().map(|item| seed.deserialize(item)).transpose()
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.0.len())
    }
}

/// What is left of a mapping.
struct Fields<'de> {
    entries: Iter<'de, Entry>,
    value: Option<&'de Node>,
}

impl<'de> Fields<'de> {
    fn next(&mut self) -> Option<&'de Entry> {
        self.entries.find(|entry| entry.value.value != Value::Null)
    }

    fn end(&mut self) -> Result<(), Error> {
        match self.next() {
            None => Ok(()),
            Some(entry) => Err(Error::custom(format_args!("`{}` is not expected", entry.key))),
        }
    }
}

impl<'de> MapAccess<'de> for Fields<'de> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Error> {
        let Some(entry) = self.next() else { return Ok(None) };
        self.value = Some(&entry.value);
        seed.deserialize(BorrowedStrDeserializer::new(&entry.key)).map(Some)
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Error> {
        match self.value.take() {
            Some(value) => seed.deserialize(value),
            None => Err(Error::custom("a value is asked for before its key")),
        }
    }
}

/// `variant: value`.
struct Variant<'de>(&'de Entry);

impl<'de> EnumAccess<'de> for Variant<'de> {
    type Error = Error;
    type Variant = &'de Node;

    fn variant_seed<T: DeserializeSeed<'de>>(
        self,
        seed: T,
    ) -> Result<(T::Value, &'de Node), Error> {
        let name = seed.deserialize(BorrowedStrDeserializer::<Error>::new(&self.0.key))?;
        Ok((name, &self.0.value))
    }
}

impl<'de> VariantAccess<'de> for &'de Node {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        Err(Error::invalid_type(self.unexpected(), &"nothing"))
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Error> {
        seed.deserialize(self)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _len: usize, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_map(visitor)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use serde::Deserialize;
    use serde_json::json;

    use crate::model::yaml::documents;

    use super::*;

    fn tree(text: &str) -> Node {
        let (documents, problems) = documents(text);
        assert_eq!(problems, [], "{text}");
        documents[0].root.clone().unwrap()
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "camelCase", deny_unknown_fields)]
    enum Shape {
        Unit,
        New(i32),
        Pair(i32, String),
        Fields { a: Option<bool> },
    }

    #[track_caller]
    fn check<T: for<'de> Deserialize<'de> + std::fmt::Debug + PartialEq>(text: &str) {
        let node = tree(text);
        assert_eq!(T::deserialize(&node).ok(), T::deserialize(node.to_json()).ok(), "{text}");
    }

    #[test]
    fn types_decode_as_from_json() {
        for text in [
            "unit",
            "new",
            "{unit: ~, new: 1}",
            "{new: 1}",
            "{new: x}",
            "{pair: [1, x]}",
            "{pair: [1]}",
            "{pair: [1, x, y]}",
            "{fields: {a: true}}",
            "{fields: {a: ~}}",
            "{fields: {b: 1}}",
            "5",
            "[unit]",
        ] {
            check::<Shape>(text);
            check::<Option<Shape>>(text);
            check::<Vec<Shape>>(&format!("[{text}, {text}]"));
            check::<BTreeMap<String, Shape>>(&format!("{{x: {text}, y: ~}}"));
        }
        for text in ["1", "-1", "256", "1.5", "x", "true", "[1, ~]", "[1, 2, 3]", "{a: 1}"] {
            check::<u8>(text);
            check::<f64>(text);
            check::<char>(text);
            check::<(i64, Option<i64>)>(text);
            check::<serde_json::Value>(text);
        }
    }

    fn values() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(json!(null)),
            any::<bool>().prop_map(|value| json!(value)),
            any::<i64>().prop_map(|value| json!(value)),
            any::<f64>().prop_map(|value| json!(value)),
            "[ -~]{0,30}".prop_map(|value| json!(value)),
        ];
        leaf.prop_recursive(4, 40, 20, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..20).prop_map(|items| json!(items)),
                proptest::collection::btree_map("[a-z]{1,2}", inner, 0..20)
                    .prop_map(|fields| json!(fields)),
            ]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn trees_decode_as_their_json(value in values()) {
            let node = tree(&format!("root: {value}"));
            prop_assert_eq!(serde_json::Value::deserialize(&node).unwrap(), node.to_json());
        }
    }
}
