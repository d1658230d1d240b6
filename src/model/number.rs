//! Whole numbers with bounds, whose decoding and whose schema say the same thing.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::{Deserializer, Error};

/// A whole number from `LOW` to `HIGH`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bounded<const LOW: i64, const HIGH: i64>(pub i64);

/// A limit of a server, -1 for none.
pub type Limit = Bounded<-1, { i64::MAX }>;

/// A limit that the server keeps in 32 bits, -1 for none.
pub type SmallLimit = Bounded<-1, { i32::MAX as i64 }>;

/// A count that begins at 0.
pub type Count = Bounded<0, { i64::MAX }>;

impl<const LOW: i64, const HIGH: i64> JsonSchema for Bounded<LOW, HIGH> {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("IntegerFrom{LOW}To{HIGH}").into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "integer", "minimum": LOW, "maximum": HIGH})
    }
}

impl<'de, const LOW: i64, const HIGH: i64> Deserialize<'de> for Bounded<LOW, HIGH> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let number = i64::deserialize(from)?;
        if (LOW..=HIGH).contains(&number) {
            return Ok(Self(number));
        }
        Err(D::Error::custom(format!("{number} is not from {LOW} to {HIGH}")))
    }
}
