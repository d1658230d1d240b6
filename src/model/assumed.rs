//! What is taken for granted about the servers while none is asked: feature flags and defaults, as
//! Knative Eventing 0.50 ships them unless the project file says otherwise. Values only: read from
//! a project file elsewhere.

use std::collections::BTreeMap;

use super::duration::IsoDuration;
use super::knative::duck::{BackoffPolicy, DeliverySpec, KReference};

/// The settings of the servers that will receive the manifests.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Assumed {
    pub features: Features,
    pub channel: ChannelDefault,
    pub broker: BrokerDefault,
}

/// What Knative makes of a Broker without a class, a config or a delivery (`clusterDefault` of
/// ConfigMap `config-br-defaults`).
#[derive(Debug, Clone, PartialEq)]
pub struct BrokerDefault {
    pub class: String,
    pub config: KReference,
    /// All or nothing: a Broker that says anything about delivery takes none of it.
    pub delivery: Option<DeliverySpec>,
    /// Whether a Broker's config and dead letter sink must be in its own namespace.
    pub own_namespace_only: bool,
}

impl Default for BrokerDefault {
    fn default() -> Self {
        let config = KReference {
            api_version: Some("v1".to_owned()),
            kind: "ConfigMap".to_owned(),
            name: "config-br-default-channel".to_owned(),
            namespace: Some("knative-eventing".to_owned()),
            group: None,
            address: None,
        };
        let delivery = DeliverySpec {
            retry: Some(10),
            backoff_policy: Some(BackoffPolicy::Exponential),
            backoff_delay: IsoDuration::parse("PT0.2S").ok(),
            ..DeliverySpec::default()
        };
        Self {
            class: "MTChannelBasedBroker".to_owned(),
            config,
            delivery: Some(delivery),
            own_namespace_only: false,
        }
    }
}

/// What Knative makes of a Channel, Sequence or Parallel without a template (`clusterDefault` of
/// ConfigMap `default-ch-webhook`).
#[derive(Debug, Clone, PartialEq)]
pub struct ChannelDefault {
    pub api_version: String,
    pub kind: String,
}

impl Default for ChannelDefault {
    fn default() -> Self {
        Self {
            api_version: "messaging.knative.dev/v1".to_owned(),
            kind: "InMemoryChannel".to_owned(),
        }
    }
}

/// The flags of ConfigMap `config-features` in knative-eventing, by name.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Features(BTreeMap<String, String>);

/// Flags that ship switched on (config/core/configmaps/features.yaml of Knative Eventing 0.50).
const ENABLED: &[&str] = &["delivery-timeout"];

impl Features {
    /// The flags that differ from what is shipped.
    pub fn new(flags: BTreeMap<String, String>) -> Self {
        Self(flags)
    }

    /// Whether a flag is on. Knative compares without regard to case.
    pub fn enabled(&self, flag: &str) -> bool {
        match self.0.get(flag) {
            Some(value) => value.eq_ignore_ascii_case("enabled"),
            None => ENABLED.contains(&flag),
        }
    }
}
