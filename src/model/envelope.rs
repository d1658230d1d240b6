//! What every manifest has around its spec: apiVersion, kind, metadata, status.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::text::{NamespaceName, ObjectName, Parsed, SegmentName, Word};

/// A manifest of a kind that evctl knows.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Document<S> {
    pub api_version: String,
    pub kind: String,
    pub metadata: ObjectMeta,
    pub spec: Option<S>,
    /// Written by controllers. Read, never planned.
    pub status: Option<BTreeMap<String, Value>>,
}

/// What the API server keeps about every object (meta/v1 ObjectMeta).
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ObjectMeta {
    /// Which object this is, within its kind and namespace.
    pub name: Option<ObjectName>,
    /// Where the object lives; the namespace of the run where it is absent.
    pub namespace: Option<NamespaceName>,
    /// Marks that queries select by.
    pub labels: Option<Texts>,
    /// Marks for tools.
    pub annotations: Option<Texts>,
    /// Set by the API server. Never sent by evctl.
    pub uid: Option<String>,
    /// Set by the API server. Never sent by evctl.
    pub resource_version: Option<String>,
    /// Set by the API server. Never sent by evctl.
    pub generation: Option<i64>,
    /// Set by the API server. Never sent by evctl.
    pub creation_timestamp: Option<String>,
    /// Set by the API server. Never sent by evctl.
    pub deletion_timestamp: Option<String>,
    /// Set by the API server. Never sent by evctl.
    pub deletion_grace_period_seconds: Option<i64>,
    /// Set by the API server. Never sent by evctl.
    pub managed_fields: Option<Vec<Value>>,
    /// Set by old API servers. Never sent by evctl.
    pub self_link: Option<String>,
    /// What must happen before the object goes.
    pub finalizers: Option<Vec<String>>,
    /// The objects that this one goes with.
    pub owner_references: Option<Vec<Value>>,
}

/// As much of a manifest as a kind must have that evctl passes through.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Envelope {
    #[expect(
        dead_code,
        reason = "checked by decoding; read from the tree before the kind is known"
    )]
    api_version: Word,
    #[expect(
        dead_code,
        reason = "checked by decoding; read from the tree before the kind is known"
    )]
    kind: Word,
    pub metadata: EnvelopeMeta,
}

/// As much metadata as a kind must have that evctl passes through. Names are left to the API
/// server: some kinds allow what others do not (`system:node`).
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub struct EnvelopeMeta {
    /// Which object this is, within its kind and namespace.
    pub name: SegmentName,
    /// Where the object lives; the namespace of the run where it is absent.
    pub namespace: Option<NamespaceName>,
    /// Marks that queries select by.
    #[expect(dead_code, reason = "checked by decoding; planned from the whole document")]
    labels: Option<Texts>,
    /// Marks for tools.
    #[expect(dead_code, reason = "checked by decoding; planned from the whole document")]
    annotations: Option<Texts>,
}

/// A mapping of texts of which nothing is kept: that it is one was to be checked.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Texts;

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(TextsVisitor)
    }
}

struct TextsVisitor;

impl<'de> Visitor<'de> for TextsVisitor {
    type Value = Texts;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a mapping of texts")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Texts, A::Error> {
        while fields.next_key::<IgnoredAny>()?.is_some() {
            fields.next_value_seed(AnyText)?;
        }
        Ok(Texts)
    }
}

/// A text, which is looked at and left.
struct AnyText;

impl<'de> DeserializeSeed<'de> for AnyText {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_str(Parsed(|_| Ok(())))
    }
}

impl JsonSchema for Texts {
    fn schema_name() -> Cow<'static, str> {
        BTreeMap::<String, String>::schema_name()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        BTreeMap::<String, String>::json_schema(generator)
    }
}
