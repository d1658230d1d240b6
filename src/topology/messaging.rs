//! Lowers the messaging family: Channel, NatsJetStreamChannel and Subscription.

use crate::diag::{Code, Finding};
use crate::model::decode::decode;
use crate::model::knative::messaging::{
    ChannelSpec, ChannelTemplate, GROUP, IN_MEMORY_CHANNEL, Messaging, SubscriptionSpec,
};
use crate::model::natsjs::{self, NatsJetStreamChannelSpec};
use crate::model::object::group_of;
use crate::model::{Manifest, Path};

use super::reference::Wanted;
use super::resolve::Resolver;
use super::{Answers, Backing, Channel, Filter, NodeIndex, NodeName, Role, Route};

pub(super) const SINK_NEVER_RESOLVES: &str = "the NATS channel never resolves a channel's dead letter sink, so \
    a Subscription without one of its own never becomes Ready (DeadLetterSinkResolveFailed)";

/// A Channel takes the sink of the channel behind it for its own condition.
const CHANNEL_NEVER_READY: &str = "the NATS channel never resolves a channel's dead letter sink, so the \
    Channel over it never becomes Ready, nor any Subscription of it";

impl Resolver<'_> {
    pub(super) fn messaging_nodes(&mut self, manifest: &Manifest, kind: &Messaging) {
        match kind {
            Messaging::Channel(spec) => self.channel(manifest, spec),
            Messaging::InMemoryChannel(spec) => {
                let backing = Backing::Other {
                    api_version: manifest.api_version.clone(),
                    kind: IN_MEMORY_CHANNEL.to_owned(),
                };
                let delivery = spec.delivery.clone();
                self.channel_node(manifest, Channel { backing, delivery });
            }
            Messaging::Subscription(_) => {}
        }
    }

    pub(super) fn messaging_routes(&mut self, manifest: &Manifest, kind: &Messaging) {
        match kind {
            Messaging::Channel(spec) => {
                self.dead_letter_sink(manifest, spec.delivery.as_ref());
            }
            Messaging::InMemoryChannel(spec) => {
                self.dead_letter_sink(manifest, spec.delivery.as_ref());
            }
            Messaging::Subscription(spec) => self.subscription(manifest, spec),
        }
    }

    pub(super) fn nats_channel(&mut self, manifest: &Manifest, spec: &NatsJetStreamChannelSpec) {
        let channel = Channel {
            backing: Backing::NatsJetStream(Box::new(spec.clone())),
            delivery: spec.delivery.clone(),
        };
        self.channel_node(manifest, channel);
    }

    fn channel(&mut self, manifest: &Manifest, spec: &ChannelSpec) {
        let Some(backing) = self.backing(manifest, spec.channel_template.as_ref()) else { return };
        // The template's spec is laid over the Channel's own when the backing channel is made.
        let inner = match &backing {
            Backing::NatsJetStream(spec) => spec.delivery.clone(),
            _ => None,
        };
        let delivery = inner.or_else(|| spec.delivery.clone());
        self.channel_node(manifest, Channel { backing, delivery });
    }

    /// What stands behind a channel that is made from `spec.channelTemplate`.
    pub(super) fn backing(
        &mut self,
        manifest: &Manifest,
        template: Option<&ChannelTemplate>,
    ) -> Option<Backing> {
        let other = |api_version: &str, kind: &str| Backing::Other {
            api_version: api_version.to_owned(),
            kind: kind.to_owned(),
        };
        let Some(template) = template else {
            let default = self.assumed.channel.of(manifest.key.namespace.as_deref());
            return Some(match nats_default(&default) {
                Some(spec) => Backing::NatsJetStream(Box::new(spec)),
                None => other(&default.api_version, &default.kind),
            });
        };
        if group_of(&template.api_version) != GROUP || template.kind != natsjs::KIND {
            return Some(other(&template.api_version, &template.kind));
        }
        let at = Path::of("spec.channelTemplate.spec");
        match decode::<NatsJetStreamChannelSpec>(manifest.place(), &at) {
            Ok(spec) => {
                let faults = natsjs::rules::faults(manifest.place(), &at, &spec);
                self.tell_all(manifest, faults);
                Some(Backing::NatsJetStream(Box::new(spec)))
            }
            Err(findings) => {
                self.tell_all(manifest, findings);
                None
            }
        }
    }

    pub(super) fn dead_letter_sink(
        &mut self,
        manifest: &Manifest,
        delivery: Option<&crate::model::knative::duck::DeliverySpec>,
    ) -> Option<NodeIndex> {
        let sink = delivery?.dead_letter_sink.as_ref()?;
        let path = Path::of("spec.delivery.deadLetterSink");
        let name = self.destination(manifest, &path, sink)?;
        Some(self.sink(name, manifest.place().value(&path)))
    }

    fn subscription(&mut self, manifest: &Manifest, spec: &SubscriptionSpec) {
        let crossing = self.assumed.features.enabled("cross-namespace-event-links");
        if spec.channel.namespace.is_some() && !crossing {
            let place = manifest.place();
            let path = Path::of("spec.channel.namespace");
            let message = "a Subscription's channel is always in its own namespace";
            let help = "take `namespace` away; the webhook refuses even the Subscription's own";
            let finding =
                place.finding(Code::ForbiddenField, &path, message, help).at(place.key(&path));
            self.findings.push(finding.object(manifest.key.to_string()));
        }
        let at = |path: &str| manifest.place().value(&Path::of(path));
        let from =
            self.reference(manifest, &Path::of("spec.channel"), &spec.channel, Wanted::Channel);
        let call = self
            .destination(manifest, &Path::of("spec.subscriber"), &spec.subscriber)
            .map(|name| self.sink(name, at("spec.subscriber")));
        let reply =
            spec.reply.as_ref().filter(|reply| reply.reference.is_some() || reply.uri.is_some());
        let reply = reply
            .and_then(|reply| self.destination(manifest, &Path::of("spec.reply"), reply))
            .map(|name| self.sink(name, at("spec.reply")));
        let own_sink = self.dead_letter_sink(manifest, spec.delivery.as_ref());
        let (Some(from), Some(call)) = (from, call) else { return };
        let Some(from) = self.nodes.get(&NodeName::Object(from.clone())).copied() else {
            // A channel that is declared and not there is broken, and a finding says so already.
            if !self.declared.contains_key(&from) {
                self.unplanned(manifest, &format!("{from} is not declared here"));
            }
            return;
        };
        self.route(manifest, spec, from, call, reply, own_sink);
    }

    fn route(
        &mut self,
        manifest: &Manifest,
        spec: &SubscriptionSpec,
        from: NodeIndex,
        call: NodeIndex,
        reply: Option<NodeIndex>,
        dead_letter: Option<NodeIndex>,
    ) {
        let Role::Channel(channel) = &self.topology.graph[from].role else {
            let name = self.topology.graph[from].name.to_string();
            return self
                .unplanned(manifest, &format!("{name} is a kind of channel evctl does not know"));
        };
        let on_stream = matches!(channel.backing, Backing::NatsJetStream(_));
        let channel_sink = channel.delivery.as_ref().and_then(|d| d.dead_letter_sink.as_ref());
        let owner = self.topology.graph[from].name.object().cloned();
        let outer = owner.as_ref().is_some_and(|key| key.is(GROUP, "Channel"));
        let unserved = match (on_stream && channel_sink.is_some(), outer, dead_letter) {
            (true, true, _) => Some(CHANNEL_NEVER_READY),
            (true, false, None) => Some(SINK_NEVER_RESOLVES),
            _ => None,
        };
        let delivery = spec.delivery.clone().or_else(|| channel.delivery.clone());
        // On other channels the channel's sink stands in on its own.
        let inherited = channel_sink.filter(|_| !on_stream && dead_letter.is_none()).cloned();
        let inherited = inherited.and_then(|sink| self.inherited_sink(&owner?, &sink));
        let route = Route {
            object: manifest.key.clone(),
            at: manifest.name_location(),
            from,
            filter: Filter::Everything,
            call,
            reply,
            answers: Answers::default(),
            dead_letter: dead_letter.or(inherited),
            delivery,
            unserved,
            generated: None,
        };
        let maker = self.topology.graph[from].generated_by.as_ref().filter(|_| on_stream);
        if let Some(maker) = maker {
            self.unplanned(manifest, &format!("its channel is made by the controller of {maker}"));
        }
        if let Some(why) = unserved {
            self.unplanned(manifest, why);
        }
        self.topology.add_route(route);
    }

    fn unplanned(&mut self, manifest: &Manifest, why: &str) {
        let help = match why {
            SINK_NEVER_RESOLVES => "give the Subscription a deadLetterSink of its own",
            CHANNEL_NEVER_READY => {
                "take the sink out of the Channel, and give each Subscription its own"
            }
            _ => "declare the channel, or have its own controller make the consumer",
        };
        let message = format!("no consumer is planned for this Subscription: {why}");
        let finding = Finding::new(Code::ConsumerNotPlanned, message, help)
            .at(manifest.place().value(&Path::of("spec.channel")))
            .path("spec.channel")
            .object(manifest.key.to_string());
        self.findings.push(finding);
    }
}

/// The settings of a default template of the NATS channel; a project file's are checked with it.
pub(super) fn nats_default(template: &ChannelTemplate) -> Option<NatsJetStreamChannelSpec> {
    if group_of(&template.api_version) != GROUP || template.kind != natsjs::KIND {
        return None;
    }
    let spec = template.spec.clone().unwrap_or_default().into_iter().collect();
    serde_json::from_value(serde_json::Value::Object(spec)).ok()
}
