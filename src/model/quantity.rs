//! Amounts of resources as Kubernetes reads them (`200m`, `20Mi`, `1.5`, `2`). Only their form: what
//! they come to is nobody's business here.

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::{Deserializer, Error, Visitor};

/// An amount of a resource: a number, or text with a unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quantity(String);

const FORM: &str = "an amount of a resource, such as 200m, 1.5, 20Mi or 1G";

impl Quantity {
    /// The amount as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl JsonSchema for Quantity {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Quantity".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": ["string", "number"],
            "title": FORM,
            "pattern": r"^[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([KMGTPE]i|[numkMGTPE]|[eE][-+]?[0-9]+)?$",
        })
    }
}

impl<'de> Deserialize<'de> for Quantity {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Written)
    }
}

struct Written;

impl Visitor<'_> for Written {
    type Value = Quantity;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(FORM)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Quantity, E> {
        if is_quantity(text) {
            return Ok(Quantity(text.to_owned()));
        }
        Err(E::custom(format!("`{text}` is not {FORM}")))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Quantity, E> {
        Ok(Quantity(number.to_string()))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Quantity, E> {
        Ok(Quantity(number.to_string()))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Quantity, E> {
        Ok(Quantity(number.to_string()))
    }
}

fn is_quantity(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let end = unsigned.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(unsigned.len());
    let (number, unit) = unsigned.split_at(end);
    let has_digit = number.bytes().any(|b| b.is_ascii_digit());
    has_digit && number.matches('.').count() <= 1 && is_unit(unit)
}

fn is_unit(unit: &str) -> bool {
    const UNITS: &[&str] =
        &["", "n", "u", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
    UNITS.contains(&unit) || unit.strip_prefix(['e', 'E']).is_some_and(is_exponent)
}

fn is_exponent(text: &str) -> bool {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_have_kubernetes_form() {
        for text in ["200m", "1.5", "20Mi", "1G", "0", "1e3", "1E", "1E-2", "+1", "-1", ".5", "1."]
        {
            assert!(is_quantity(text), "{text}");
        }
        for text in ["", "lots", "1 Mi", "1mi", "1KB", "e3", ".", "1.2.3", "--1", "1e", "1ki"] {
            assert!(!is_quantity(text), "{text}");
        }
    }
}
