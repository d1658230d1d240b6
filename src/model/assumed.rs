//! What is taken for granted about the servers while none is asked: feature flags and defaults, as
//! Knative Eventing 0.50 ships them unless the project file says otherwise. Values only: read from
//! a project file elsewhere.

use std::collections::BTreeMap;

use super::duration::IsoDuration;
use super::knative::duck::{BackoffPolicy, DeliverySpec, KReference};
use super::knative::messaging::ChannelTemplate;
use super::project::{self, Defaults};

/// The settings of the servers that will receive the manifests.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Assumed {
    pub features: Features,
    pub channel: ChannelDefaults,
    pub broker: BrokerDefaults,
}

/// What Knative makes of a Broker without a class, a config or a delivery (`clusterDefault` of
/// ConfigMap `config-br-defaults`).
#[derive(Debug, Clone, PartialEq)]
pub struct BrokerDefault {
    pub class: String,
    pub config: KReference,
    /// All or nothing: a Broker that says anything about delivery takes none of it.
    pub delivery: Option<DeliverySpec>,
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
        Self { class: "MTChannelBasedBroker".to_owned(), config, delivery: Some(delivery) }
    }
}

/// What Knative makes of Brokers, by namespace (ConfigMap `config-br-defaults`).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct BrokerDefaults {
    cluster: BrokerDefault,
    namespaces: BTreeMap<String, BrokerDefault>,
    /// Whether a Broker's config and dead letter sink must be in its own namespace
    /// (`disallowDifferentNamespaceConfig`).
    pub own_namespace_only: bool,
}

impl BrokerDefaults {
    /// What a Broker of a namespace is given.
    pub fn of(&self, namespace: Option<&str>) -> &BrokerDefault {
        namespace.and_then(|name| self.namespaces.get(name)).unwrap_or(&self.cluster)
    }
}

impl From<&Defaults> for BrokerDefaults {
    fn from(defaults: &Defaults) -> Self {
        let cluster = match &defaults.broker {
            Some(said) => BrokerDefault::default().with(said),
            None => BrokerDefault::default(),
        };
        let own = defaults.namespaces.iter().flatten();
        let own = own.filter_map(|(name, own)| {
            Some((name.as_str().to_owned(), cluster.clone().with(own.broker.as_ref()?)))
        });
        Self { namespaces: own.collect(), cluster, own_namespace_only: false }
    }
}

impl BrokerDefault {
    /// These defaults, with what a project says in their place. A project that says anything says
    /// all of the delivery.
    fn with(self, said: &project::BrokerDefaults) -> Self {
        Self {
            class: said.class.clone().unwrap_or(self.class),
            config: said.config.clone().unwrap_or(self.config),
            delivery: said.delivery.clone(),
        }
    }
}

/// What Knative makes of a Channel, Sequence or Parallel without a template (ConfigMap
/// `default-ch-webhook`).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ChannelDefaults {
    cluster: Option<ChannelTemplate>,
    namespaces: BTreeMap<String, ChannelTemplate>,
}

impl ChannelDefaults {
    /// The template for a namespace; InMemoryChannel as released.
    pub fn of(&self, namespace: Option<&str>) -> ChannelTemplate {
        let own = namespace.and_then(|namespace| self.namespaces.get(namespace));
        own.or(self.cluster.as_ref()).cloned().unwrap_or_else(|| ChannelTemplate {
            api_version: "messaging.knative.dev/v1".to_owned(),
            kind: "InMemoryChannel".to_owned(),
            spec: None,
        })
    }
}

impl From<&Defaults> for Assumed {
    fn from(defaults: &Defaults) -> Self {
        let namespaces = defaults.namespaces.iter().flatten();
        let channels = namespaces
            .filter_map(|(name, own)| Some((name.as_str().to_owned(), own.channel.clone()?)));
        let channel =
            ChannelDefaults { cluster: defaults.channel.clone(), namespaces: channels.collect() };
        Self { channel, broker: BrokerDefaults::from(defaults), ..Self::default() }
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
