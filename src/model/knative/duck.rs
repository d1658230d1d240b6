//! The parts that Knative's kinds share: references, destinations, delivery
//! (shared/facts/knative.md §1.2-1.3).

use schemars::JsonSchema;
use serde::Deserialize;

use crate::model::duration::{IsoDuration, PositiveIsoDuration};

/// A reference to an object.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct KReference {
    /// The kind of the object.
    pub kind: String,
    /// The name of the object.
    pub name: String,
    /// The namespace of the object; that of the object with the reference where it is absent.
    pub namespace: Option<String>,
    /// Group and version of the kind.
    pub api_version: Option<String>,
    /// Group alone, an experimental alternative to apiVersion.
    pub group: Option<String>,
    /// Which of the object's addresses, by name.
    pub address: Option<String>,
}

impl KReference {
    /// The group of the kind, from `group` or `apiVersion`.
    pub fn group(&self) -> &str {
        match (&self.group, &self.api_version) {
            (Some(group), _) => group,
            (None, Some(api_version)) => crate::model::object::group_of(api_version),
            (None, None) => "",
        }
    }
}

/// Where events go: an object that has an address, a URI, or a URI relative to an object's.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Destination {
    /// An object that has an address.
    #[serde(rename = "ref")]
    pub reference: Option<KReference>,
    /// Absolute without `ref`, relative to its address with it.
    pub uri: Option<String>,
    /// Certificates (PEM) to trust besides the address's own.
    #[serde(rename = "CACerts")]
    pub ca_certs: Option<String>,
    /// The OIDC audience, where the target is not an object.
    pub audience: Option<String>,
}

/// How waits between attempts grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum BackoffPolicy {
    Linear,
    Exponential,
}

/// The form in which an event is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    Json,
    Binary,
}

/// How often, how soon and where else to deliver an event that could not be delivered.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DeliverySpec {
    /// Where an event goes that was given up.
    pub dead_letter_sink: Option<Destination>,
    /// Attempts after the first.
    #[schemars(range(min = 0))]
    #[serde(default, deserialize_with = "retry_count")]
    pub retry: Option<i32>,
    /// How waits grow: `linear` or `exponential`.
    pub backoff_policy: Option<BackoffPolicy>,
    /// The wait that the policy starts from.
    pub backoff_delay: Option<IsoDuration>,
    /// The time limit of one request.
    pub timeout: Option<PositiveIsoDuration>,
    /// The longest `Retry-After` to obey. Alpha; the NATS channel does not read it.
    pub retry_after_max: Option<IsoDuration>,
    /// The form in which events are sent.
    pub format: Option<Format>,
}

fn retry_count<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<i32>, D::Error> {
    let retry = Option::<i32>::deserialize(from)?;
    match retry {
        Some(retry) if retry < 0 => Err(serde::de::Error::custom("retry is at least 0")),
        retry => Ok(retry),
    }
}
