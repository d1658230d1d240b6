//! What Knative makes of objects that do not say it: `default-ch-config`, `default-br-config`, and the
//! channel of a Broker, `channel-template-spec`. Templates that ask for the NATS channel are checked as
//! such; the text is sent as it stands, so the proposal's spelling is not rewritten here.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::diag::Code;
use crate::model::knative::duck::DeliverySpec;
use crate::model::knative::messaging::{ChannelTemplate, GROUP};
use crate::model::natsjs::{self, NatsJetStreamChannelSpec, proposal, rules};
use crate::model::object::group_of;
use crate::model::path::Path;
use crate::model::text::NamespaceName;
use crate::model::yaml::{Node, Value};

use super::{Opened, Settings};

/// What a Channel, Sequence or Parallel without a template becomes.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChannelDefaults {
    /// In every namespace that is not named.
    pub cluster_default: Option<ChannelTemplate>,
    /// By namespace.
    pub namespace_defaults: Option<BTreeMap<NamespaceName, ChannelTemplate>>,
}

/// What a Broker that says nothing becomes.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BrokerDefaults {
    /// In every namespace that is not named.
    pub cluster_default: Option<BrokerDefault>,
    /// By namespace.
    pub namespace_defaults: Option<BTreeMap<NamespaceName, BrokerDefault>>,
}

/// The class of a Broker that names none, and the settings of each class.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BrokerDefault {
    /// The class, such as `MTChannelBasedBroker`.
    pub broker_class: Option<String>,
    /// The apiVersion of the Broker's settings; `v1` for a ConfigMap.
    pub api_version: Option<String>,
    /// The kind of the Broker's settings; ConfigMap, mostly.
    pub kind: Option<String>,
    /// Their name.
    pub name: Option<String>,
    /// Their namespace.
    pub namespace: Option<String>,
    /// Group alone, an experimental alternative to apiVersion.
    pub group: Option<String>,
    /// Which of the object's addresses. Nothing here has any.
    pub address: Option<String>,
    /// How a Broker without `delivery` delivers.
    pub delivery: Option<DeliverySpec>,
    /// Settings by class, where there are several.
    pub broker_classes: Option<BTreeMap<String, BrokerConfig>>,
    /// Whether a Broker may not take its settings from another namespace.
    pub disallow_different_namespace_config: Option<bool>,
}

/// The settings of one class of Brokers.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BrokerConfig {
    /// The apiVersion of the Broker's settings; `v1` for a ConfigMap.
    pub api_version: Option<String>,
    /// The kind of the Broker's settings; ConfigMap, mostly.
    pub kind: Option<String>,
    /// Their name.
    pub name: Option<String>,
    /// Their namespace.
    pub namespace: Option<String>,
    /// Group alone, an experimental alternative to apiVersion.
    pub group: Option<String>,
    /// Which of the object's addresses. Nothing here has any.
    pub address: Option<String>,
    /// How a Broker without `delivery` delivers.
    pub delivery: Option<DeliverySpec>,
}

pub(super) fn broker_channel(opened: &mut Opened<'_, '_>) -> Option<Settings> {
    let template = opened.settings::<ChannelTemplate>();
    let at = opened.at.clone();
    let sound = checked(opened, &at);
    template.filter(|_| sound).map(Settings::BrokerChannel)
}

pub(super) fn channels(opened: &mut Opened<'_, '_>) -> Option<Settings> {
    let defaults = opened.settings::<ChannelDefaults>();
    let at = opened.at.clone();
    let namespaces = at.key("namespaceDefaults");
    let mut templates = vec![at.key("clusterDefault")];
    if let Some(Node { value: Value::Mapping(entries), .. }) = opened.place.root.at(&namespaces) {
        templates.extend(entries.iter().map(|entry| namespaces.key(entry.key.as_str())));
    }
    let faulty = templates.iter().filter(|template| !checked(opened, template)).count();
    defaults.filter(|_| faulty == 0).map(Settings::Channels)
}

pub(super) fn brokers(opened: &mut Opened<'_, '_>) -> Option<Settings> {
    let defaults: BrokerDefaults = opened.settings()?;
    let names_settings = defaults.cluster_default.as_ref().is_some_and(|default| {
        default.name.is_some() || default.kind.is_some() || default.delivery.is_some()
    });
    if defaults.cluster_default.is_some() && !names_settings {
        let message = "`clusterDefault` names no settings, and Knative then refuses every Broker that \
                       names none itself";
        let help = "add apiVersion, kind, name and namespace of a ConfigMap";
        opened.fault_at_key(Code::UnworkableSetting, "clusterDefault", message, help);
    }
    Some(Settings::Brokers(Box::new(defaults)))
}

/// Checks the spec of a template that asks for the NATS channel, whatever else is wrong with it.
fn checked(opened: &mut Opened<'_, '_>, template: &Path) -> bool {
    let Some(node) = opened.place.root.at(template) else { return true };
    let text = |key: &str| node.get(key).and_then(Node::text).unwrap_or_default();
    if group_of(text("apiVersion")) != GROUP || text("kind") != natsjs::KIND {
        return true;
    }
    let at = template.key("spec");
    let Some(spec) = opened.part::<NatsJetStreamChannelSpec>(&at) else { return false };
    let faults = rules::faults(opened.place, &at, &spec);
    opened.reading.findings.extend(faults);
    true
}

/// Takes empty choices out of every template for the NATS channel: absent, they mean the same.
pub(super) fn without_empty_choices(node: &mut Node) {
    let asks = node.get("kind").and_then(Node::text) == Some(natsjs::KIND);
    let Value::Mapping(entries) = &mut node.value else { return };
    for entry in entries {
        if asks && entry.key == "spec" {
            proposal::without_empty_choices(&mut entry.value);
        } else {
            without_empty_choices(&mut entry.value);
        }
    }
}
