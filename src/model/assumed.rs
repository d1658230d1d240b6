//! What is taken for granted about the servers while none is asked: feature flags and defaults, as
//! Knative Eventing 0.50 ships them unless the project file says otherwise. Values only: read from
//! a project file elsewhere.

use std::collections::BTreeMap;

use super::knative::messaging::ChannelTemplate;
use super::project::Defaults;

/// The settings of the servers that will receive the manifests.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Assumed {
    pub features: Features,
    pub channel: ChannelDefaults,
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
        Self { channel, ..Self::default() }
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
