//! A Broker of Knative's own class that keeps its events in a NATS channel: which channel that is, and
//! what of Broker and Triggers does not come through it.

use smol_str::format_smolstr;

use crate::diag::{Code, Finding, Severity};
use crate::model::config_maps::Settings;
use crate::model::knative::duck::{DeliverySpec, KReference};
use crate::model::knative::messaging::{ChannelTemplate, GROUP};
use crate::model::manifest::Typed;
use crate::model::natsjs;
use crate::model::{Manifest, ObjectKey, Path};
use crate::topology::messaging::nats_default;
use crate::topology::resolve::Resolver;
use crate::topology::{Backing, Channel, Node, NodeIndex, NodeName, Role};

use super::{NatsChannel, tell_at_key};

/// The class whose Brokers are made of a channel.
const CLASS: &str = "MTChannelBasedBroker";
/// What the channel of a Broker is called, after the Broker.
const SUFFIX: &str = "-kne-trigger";
const UNRESOLVED: &str = "the NATS channel never resolves the Broker's dead letter sink, so a Trigger that has a \
    delivery without one of its own never becomes Ready (DeadLetterSinkResolveFailed)";

impl Resolver<'_> {
    /// The node of the NATS channel that a Broker is made of, where its settings are declared and say so.
    pub(in crate::topology) fn broker_channel(
        &mut self,
        manifest: &Manifest,
        class: &str,
        settings: &KReference,
        delivery: Option<DeliverySpec>,
    ) -> Option<NodeIndex> {
        if class != CLASS || settings.kind != "ConfigMap" {
            return None;
        }
        let spec = nats_default(self.channel_template(manifest, settings)?)?;
        let key = ObjectKey {
            group: GROUP.into(),
            kind: natsjs::KIND.into(),
            namespace: manifest.key.namespace.clone(),
            name: format_smolstr!("{}{SUFFIX}", manifest.key.name),
        };
        let name = NodeName::Object(key);
        if self.nodes.contains_key(&name) {
            return None;
        }
        let channel = Channel { backing: Backing::NatsJetStream(Box::new(spec)), delivery };
        let node = self.topology.graph.add_node(Node {
            name: name.clone(),
            role: Role::Channel(Box::new(channel)),
            at: manifest.name_location(),
            generated_by: Some(manifest.key.clone()),
        });
        self.nodes.insert(name, node);
        Some(node)
    }

    fn channel_template(
        &self,
        manifest: &Manifest,
        settings: &KReference,
    ) -> Option<&ChannelTemplate> {
        let namespace =
            settings.namespace.clone().or_else(|| manifest.key.namespace.clone().map(Into::into));
        let (kind, name) = (settings.kind.clone(), settings.name.clone());
        let key = ObjectKey {
            group: "".into(),
            kind: kind.into(),
            namespace: namespace.map(Into::into),
            name: name.into(),
        };
        let Typed::ConfigMap(map) = &self.manifest(&key)?.typed else { return None };
        map.settings.iter().find_map(|settings| match settings {
            Settings::BrokerChannel(template) => Some(template),
            _ => None,
        })
    }
}

/// Why a Trigger of a Broker gets no consumer, where that is known.
pub(in crate::topology) fn unserved_trigger(
    broker: &Channel,
    own: Option<&DeliverySpec>,
) -> Option<&'static str> {
    let on_stream = matches!(broker.backing, Backing::Broker { channel: Some(_), .. });
    let sink = broker.delivery.as_ref().and_then(|delivery| delivery.dead_letter_sink.as_ref());
    let own = own.filter(|delivery| delivery.dead_letter_sink.is_none());
    (on_stream && sink.is_some() && own.is_some()).then_some(UNRESOLVED)
}

/// Triggers that never become Ready for the Broker's sink.
pub(super) fn sink_never_resolved(
    resolver: &Resolver<'_>,
    channel: &NatsChannel<'_>,
) -> Vec<Finding> {
    let routes = channel.routes.iter().map(|number| &resolver.topology.routes[*number]);
    let unserved = routes.filter(|route| route.unserved == Some(UNRESOLVED));
    unserved
        .filter_map(|route| {
            let manifest = resolver.manifest(&route.object)?;
            let path = Path::of("spec.delivery");
            let help = "write the Broker's deadLetterSink here too, or take `delivery` away for all of the Broker's";
            let sink = channel.manifest.place().key(&path.key("deadLetterSink"));
            let finding = tell_at_key(manifest, Code::UnworkableSetting, &path, UNRESOLVED, help);
            Some(finding.related(sink, "the Broker's sink"))
        })
        .collect()
}

/// Subjects besides the channel's own, which no ingress has stamped.
pub(super) fn other_subjects(_: &Resolver<'_>, channel: &NatsChannel<'_>) -> Vec<Finding> {
    let subjects = channel.config().and_then(|config| config.additional_subjects.as_ref());
    if channel.manifest.key.kind != "Broker" || subjects.is_none_or(Vec::is_empty) {
        return Vec::new();
    }
    let message = "events on the `additionalSubjects` of this Broker's channel never reach a Trigger: they did \
                   not come through the Broker's ingress, and its filter drops what has no TTL";
    let help = "send them to the Broker, or subscribe to a channel of its own";
    let path = Path::of("spec.config");
    let finding = tell_at_key(channel.manifest, Code::UnworkableSetting, &path, message, help);
    vec![Finding { severity: Severity::Warning, ..finding }]
}
