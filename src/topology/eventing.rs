//! Lowers the eventing family: Brokers and what else has an address become nodes, Triggers and what
//! else passes events on become routes.

use crate::model::knative::duck::{DeliverySpec, Destination, KReference};
use crate::model::knative::eventing::{
    BrokerSpec, CLASS_ANNOTATION, EventPolicySpec, EventTransformSpec, EventType, Eventing, GROUP,
    RequestReplySpec, TriggerSpec,
};
use crate::model::{Manifest, ObjectKey, Path};

use super::nats_channel;
use super::reference::Wanted;
use super::resolve::Resolver;
use super::{Answers, Backing, Channel, Filter, NodeIndex, NodeName, Role, Route};

impl Resolver<'_> {
    pub(super) fn eventing_nodes(&mut self, manifest: &Manifest, kind: &Eventing) {
        match kind {
            Eventing::Broker(spec) => self.broker(manifest, spec),
            Eventing::EventTransform(_) | Eventing::RequestReply(_) => {
                self.sink(NodeName::Object(manifest.key.clone()), manifest.name_location());
            }
            Eventing::Trigger(_) | Eventing::EventType(_) | Eventing::EventPolicy(_) => {}
        }
    }

    pub(super) fn eventing_routes(&mut self, manifest: &Manifest, kind: &Eventing) {
        match kind {
            Eventing::Broker(spec) => self.broker_references(manifest, spec),
            Eventing::Trigger(spec) => self.trigger(manifest, spec),
            Eventing::EventType(spec) => self.event_type(manifest, spec),
            Eventing::EventPolicy(spec) => self.event_policy(manifest, spec),
            Eventing::EventTransform(spec) => self.event_transform(manifest, spec),
            Eventing::RequestReply(spec) => self.request_reply(manifest, spec),
        }
    }

    fn broker(&mut self, manifest: &Manifest, spec: &BrokerSpec) {
        let default = self.assumed.broker.of(manifest.key.namespace.as_deref());
        let annotation = Path::of("metadata.annotations").key(CLASS_ANNOTATION);
        let class = manifest.root.at(&annotation).and_then(|node| node.text());
        let class = class.unwrap_or(&default.class).to_owned();
        // All or nothing: an empty delivery of its own keeps the default away.
        let delivery = spec.delivery.clone().or_else(|| default.delivery.clone());
        let settings = spec.config.as_ref().unwrap_or(&default.config);
        let channel = self.broker_channel(manifest, &class, settings, delivery.clone());
        self.channel_node(
            manifest,
            Channel { backing: Backing::Broker { class, channel }, delivery },
        );
    }

    fn broker_references(&mut self, manifest: &Manifest, spec: &BrokerSpec) {
        self.dead_letter_sink(manifest, spec.delivery.as_ref());
        if let Some(config) = &spec.config {
            let at = Path::of("spec.config");
            self.stays(manifest, &at, config);
            self.reference(manifest, &at, config, Wanted::Anything);
        }
    }

    fn trigger(&mut self, manifest: &Manifest, spec: &TriggerSpec) {
        let broker = self.trigger_broker(manifest, spec);
        let place = manifest.place();
        let at = Path::of("spec.subscriber");
        let call = self
            .destination(manifest, &at, &spec.subscriber)
            .map(|name| self.sink(name, place.value(&at)));
        let own_sink = self.dead_letter_sink(manifest, spec.delivery.as_ref());
        let (Some(from), Some(call)) = (broker, call) else { return };
        let Role::Channel(broker) = &self.topology.graph[from].role else { return };
        let delivery = spec.delivery.clone().or_else(|| broker.delivery.clone());
        let sink = broker.delivery.as_ref().and_then(|delivery| delivery.dead_letter_sink.clone());
        let unserved = nats_channel::unserved_trigger(broker, spec.delivery.as_ref());
        // The Broker's sink stands in on its own, whatever else the Trigger says of delivery.
        let dead_letter = own_sink.or_else(|| self.broker_sink(from, sink.as_ref()?));
        self.topology.add_route(Route {
            answers: Answers::default(),
            object: manifest.key.clone(),
            at: manifest.name_location(),
            from,
            generated: None,
            filter: filter(spec),
            call,
            reply: Some(from),
            dead_letter,
            delivery,
            unserved,
        });
    }

    fn broker_sink(&mut self, broker: NodeIndex, sink: &Destination) -> Option<NodeIndex> {
        let key = self.topology.graph[broker].name.object()?.clone();
        self.inherited_sink(&key, sink)
    }

    /// The node of a Trigger's Broker, where that is declared.
    fn trigger_broker(&mut self, manifest: &Manifest, spec: &TriggerSpec) -> Option<NodeIndex> {
        if let Some(reference) = &spec.broker_ref {
            let at = Path::of("spec.brokerRef");
            let key = self.reference(manifest, &at, reference, Wanted::Broker)?;
            return self.nodes.get(&NodeName::Object(key)).copied();
        }
        let name = spec.broker.as_ref().filter(|name| !name.is_empty())?;
        let key = self.broker_of(manifest, name);
        if self.injected(manifest, &key) {
            return self.nodes.get(&NodeName::Object(key)).copied();
        }
        self.refer(manifest, &Path::of("spec.broker"), &key);
        self.nodes.get(&NodeName::Object(key)).copied()
    }

    fn broker_of(&self, manifest: &Manifest, name: &str) -> ObjectKey {
        ObjectKey {
            group: GROUP.into(),
            kind: "Broker".into(),
            namespace: manifest.key.namespace.clone(),
            name: name.into(),
        }
    }

    /// Whether Knative itself makes a Broker, because the Trigger or its namespace asks for it.
    fn injected(&self, manifest: &Manifest, broker: &ObjectKey) -> bool {
        let asks = |manifest: &Manifest, at: &str| {
            let path = Path::of(at).key("eventing.knative.dev/injection");
            manifest.root.at(&path).and_then(|node| node.text()) == Some("enabled")
        };
        let namespace = ObjectKey {
            group: "".into(),
            kind: "Namespace".into(),
            namespace: None,
            name: broker.namespace.clone().unwrap_or_default(),
        };
        let namespace = self.declared.get(&namespace).map(|at| &self.manifests[*at]);
        broker.name == "default"
            && !self.declared.contains_key(broker)
            && (asks(manifest, "metadata.annotations")
                || namespace.is_some_and(|namespace| asks(namespace, "metadata.labels")))
    }

    fn event_type(&mut self, manifest: &Manifest, spec: &EventType) {
        if let Some(reference) = &spec.reference {
            self.reference(manifest, &Path::of("spec.reference"), reference, Wanted::Addressable);
        }
        if let Some(name) = spec.broker.as_ref().filter(|name| !name.is_empty()) {
            let key = self.broker_of(manifest, name);
            self.refer(manifest, &Path::of("spec.broker"), &key);
        }
    }

    fn event_policy(&mut self, manifest: &Manifest, spec: &EventPolicySpec) {
        let plain =
            |api_version: &str, kind: &str, name: &str, namespace: Option<&String>| KReference {
                api_version: Some(api_version.to_owned()),
                kind: kind.to_owned(),
                name: name.to_owned(),
                namespace: namespace.cloned(),
                group: None,
                address: None,
            };
        for (number, to) in spec.to.iter().flatten().enumerate() {
            if let Some(to) = &to.reference {
                let at = Path::of("spec.to").index(number).key("ref");
                let reference = plain(&to.api_version, &to.kind, &to.name, None);
                self.reference(manifest, &at, &reference, Wanted::Addressable);
            }
        }
        for (number, from) in spec.from.iter().flatten().enumerate() {
            if let Some(from) = &from.reference {
                let at = Path::of("spec.from").index(number).key("ref");
                let namespace = from.namespace.as_ref();
                let reference = plain(&from.api_version, &from.kind, &from.name, namespace);
                self.reference(manifest, &at, &reference, Wanted::Anything);
            }
        }
    }

    /// Without a sink, the transformed event is the answer, and nothing is sent on.
    fn event_transform(&mut self, manifest: &Manifest, spec: &EventTransformSpec) {
        let at = Path::of("spec.sink");
        let Some(sink) = &spec.sink else { return };
        let Some(name) = self.destination(manifest, &at, sink) else { return };
        let call = self.sink(name, manifest.place().value(&at));
        self.own_route(manifest, call, None);
    }

    fn request_reply(&mut self, manifest: &Manifest, spec: &RequestReplySpec) {
        self.dead_letter_sink(manifest, spec.delivery.as_ref());
        // A wrong kind or a namespace is a finding of the object alone.
        if spec.broker_ref.kind != "Broker" || spec.broker_ref.namespace.is_some() {
            return;
        }
        let at = Path::of("spec.brokerRef");
        let broker = self.reference(manifest, &at, &spec.broker_ref, Wanted::Broker);
        let broker = broker.and_then(|key| self.nodes.get(&NodeName::Object(key)).copied());
        if let Some(broker) = broker {
            self.own_route(manifest, broker, spec.delivery.clone());
        }
    }

    /// The route from an object that passes all events on by itself.
    fn own_route(&mut self, manifest: &Manifest, call: NodeIndex, delivery: Option<DeliverySpec>) {
        let own = NodeName::Object(manifest.key.clone());
        let Some(from) = self.nodes.get(&own).copied() else { return };
        self.topology.add_route(Route {
            answers: Answers::default(),
            object: manifest.key.clone(),
            at: manifest.name_location(),
            from,
            generated: None,
            filter: Filter::Everything,
            call,
            reply: None,
            dead_letter: None,
            delivery,
            unserved: None,
        });
    }
}

/// Which events a Trigger takes: `filters` where they say anything, or else `filter`.
fn filter(spec: &TriggerSpec) -> Filter {
    let filters = spec.filters.clone().unwrap_or_default();
    if !filters.is_empty() {
        return Filter::Subscriptions(filters);
    }
    let attributes = spec.filter.as_ref().and_then(|filter| filter.attributes.clone());
    match attributes.filter(|attributes| !attributes.0.is_empty()) {
        Some(attributes) => Filter::Attributes(attributes.0),
        None => Filter::Everything,
    }
}
