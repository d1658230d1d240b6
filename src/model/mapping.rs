//! Types of a single field. serde would decode such a struct from a list of one value as well; these
//! decode from a mapping alone, as their schema says.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// A type that is decoded from a mapping, and from nothing else.
pub(super) struct Alone<T>(pub(super) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Alone<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(Mapping(PhantomData)).map(Self)
    }
}

struct Mapping<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Mapping<T> {
    type Value = T;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a mapping")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map))
    }
}

/// Decodes a mapping where there is one.
///
/// # Errors
/// Where it is neither null nor a mapping of the type.
pub(super) fn optional_mapping<'de, D, T>(from: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Ok(Option::<Alone<T>>::deserialize(from)?.map(|Alone(decoded)| decoded))
}

/// Decodes a struct of one field from a mapping, and from nothing else.
macro_rules! from_mapping {
    ($name:ident { $field:ident: $type:ty }) => {
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                #[derive(serde::Deserialize)]
                #[serde(rename_all = "camelCase", deny_unknown_fields)]
                struct Fields {
                    $field: $type,
                }
                let crate::model::mapping::Alone(fields): crate::model::mapping::Alone<Fields> =
                    serde::Deserialize::deserialize(from)?;
                Ok(Self { $field: fields.$field })
            }
        }
    };
}
pub(crate) use from_mapping;
