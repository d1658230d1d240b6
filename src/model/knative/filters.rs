//! The filters of Triggers and their kin: by attributes, and the dialects of the CloudEvents
//! Subscriptions API (shared/facts/knative.md §1.4, §2.4). Does not carry them out.

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer};

/// Values by the name of a CloudEvents attribute.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Attributes(pub BTreeMap<String, String>);

/// What the name of an attribute looks like, for people.
const NAME: &str =
    "the name of a CloudEvents attribute: lower-case letters and digits, a letter first";

impl<'de> Deserialize<'de> for Attributes {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let attributes = BTreeMap::<String, String>::deserialize(from)?;
        match attributes.keys().find(|name| !is_attribute_name(name)) {
            Some(name) => Err(serde::de::Error::custom(format!("`{name}` is not {NAME}"))),
            None => Ok(Self(attributes)),
        }
    }
}

impl JsonSchema for Attributes {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Attributes".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "object",
            "propertyNames": {"title": NAME, "pattern": "^[a-z][a-z0-9]*$"},
            "additionalProperties": {"type": "string"}
        })
    }
}

/// Whether a text can be the name of an attribute, as Knative's webhook sees it.
pub fn is_attribute_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
}

/// The older way to say which events a Trigger takes.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TriggerFilter {
    /// The value that each of these attributes must have, such as `type: order.created`. An empty
    /// value stands for any, as long as the attribute is there.
    pub attributes: Option<Attributes>,
}

/// One filter of the CloudEvents Subscriptions API: exactly one of its fields.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SubscriptionsFilter {
    /// Attributes that have exactly these values, such as `type: order.created`; case counts.
    pub exact: Option<Attributes>,
    /// Attributes whose values begin with these, such as `type: order.`.
    pub prefix: Option<Attributes>,
    /// Attributes whose values end with these, such as `source: /shop`.
    pub suffix: Option<Attributes>,
    /// Filters that must all let the event pass.
    pub all: Option<Vec<SubscriptionsFilter>>,
    /// Filters of which one must let the event pass.
    pub any: Option<Vec<SubscriptionsFilter>>,
    /// A filter that must not let the event pass.
    pub not: Option<Box<SubscriptionsFilter>>,
    /// An expression of CloudEvents SQL, such as `type LIKE 'order.%' AND EXISTS subject`. An
    /// attribute that the event lacks makes it fail.
    pub cesql: Option<String>,
}

impl SubscriptionsFilter {
    /// The names of the dialects that say something, in the order of the fields.
    pub fn dialects(&self) -> Vec<&'static str> {
        let attributes = |map: &Option<Attributes>| map.as_ref().is_some_and(|m| !m.0.is_empty());
        let list = |filters: &Option<Vec<Self>>| filters.as_ref().is_some_and(|l| !l.is_empty());
        let said = [
            ("exact", attributes(&self.exact)),
            ("prefix", attributes(&self.prefix)),
            ("suffix", attributes(&self.suffix)),
            ("all", list(&self.all)),
            ("any", list(&self.any)),
            ("not", self.not.is_some()),
            ("cesql", self.cesql.as_ref().is_some_and(|text| !text.is_empty())),
        ];
        said.into_iter().filter(|(_, said)| *said).map(|(name, _)| name).collect()
    }

    /// The attribute maps of the filter itself, with the dialects that they belong to.
    pub fn attribute_maps(&self) -> impl Iterator<Item = (&'static str, &Attributes)> {
        let maps = [("exact", &self.exact), ("prefix", &self.prefix), ("suffix", &self.suffix)];
        maps.into_iter().filter_map(|(name, map)| Some((name, map.as_ref()?)))
    }

    /// Whether the broker's filter leaves it out, as it says nothing that could be asked of an
    /// event: an empty value, or nothing at all.
    pub fn is_skipped(&self) -> bool {
        let empty = |map: &Attributes| map.0.values().any(String::is_empty);
        self.dialects().is_empty() || self.attribute_maps().any(|(_, map)| empty(map))
    }
}
