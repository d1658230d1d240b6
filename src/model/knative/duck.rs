//! The parts that Knative's kinds share: references, destinations, delivery
//! (shared/facts/knative.md §1.2-1.3).

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use crate::model::duration::{IsoDuration, PositiveIsoDuration};

/// A reference to an object.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct KReference {
    /// The kind of the object, such as `Service` or `Broker`.
    #[schemars(length(min = 1))]
    #[serde(deserialize_with = "filled")]
    pub kind: String,
    /// The name of the object.
    #[schemars(length(min = 1))]
    #[serde(deserialize_with = "filled")]
    pub name: String,
    /// The namespace of the object; that of the object with the reference where it is absent.
    pub namespace: Option<String>,
    /// Group and version of the kind, such as `v1` or `serving.knative.dev/v1`.
    pub api_version: Option<String>,
    /// Group alone, in place of apiVersion. Needs the feature `kreference-group`.
    pub group: Option<String>,
    /// Which of the object's addresses, by name; the first where it is absent.
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
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Destination {
    /// An object that has an address.
    #[serde(rename = "ref")]
    pub reference: Option<KReference>,
    /// Absolute without `ref`, such as `http://billing.example/in`; relative to the object's
    /// address with it, such as `orders`.
    pub uri: Option<String>,
    /// Certificates (PEM) to trust besides the address's own.
    #[serde(rename = "CACerts")]
    pub ca_certs: Option<String>,
    /// The OIDC audience, where the target is not an object.
    pub audience: Option<String>,
}

/// How waits between attempts grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum BackoffPolicy {
    /// Each wait is longer than the last by the delay.
    Linear,
    /// Each wait is twice the last.
    Exponential,
}

/// The form in which an event is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Structured mode: one JSON document.
    Json,
    /// Binary mode: attributes in headers.
    Binary,
}

/// How often, how soon and where else to deliver an event that could not be delivered.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DeliverySpec {
    /// Where an event goes that was given up.
    pub dead_letter_sink: Option<Destination>,
    /// Attempts after the first; none where it is absent.
    #[schemars(range(min = 0))]
    #[serde(default, deserialize_with = "retry_count")]
    pub retry: Option<i32>,
    /// How waits between attempts grow. Without it, or without `backoffDelay`, there is no wait.
    pub backoff_policy: Option<BackoffPolicy>,
    /// The wait that the policy starts from, in ISO 8601, such as `PT0.2S`.
    pub backoff_delay: Option<IsoDuration>,
    /// The time limit of one attempt, in ISO 8601, such as `PT5S`.
    pub timeout: Option<PositiveIsoDuration>,
    /// The longest `Retry-After` of an answer to obey, in ISO 8601. Needs the feature
    /// `delivery-retryafter`; the NATS channel does not read it.
    pub retry_after_max: Option<IsoDuration>,
    /// The form in which events are sent. Only Triggers heed it.
    pub format: Option<Format>,
}

/// A text that is not empty.
pub(in crate::model) fn filled<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let text = String::deserialize(from)?;
    if text.is_empty() {
        Err(serde::de::Error::custom("a text that is not empty"))
    } else {
        Ok(text)
    }
}

fn retry_count<'de, D: Deserializer<'de>>(from: D) -> Result<Option<i32>, D::Error> {
    let retry = Option::<i32>::deserialize(from)?;
    match retry {
        Some(retry) if retry < 0 => Err(serde::de::Error::custom("retry is at least 0")),
        retry => Ok(retry),
    }
}
