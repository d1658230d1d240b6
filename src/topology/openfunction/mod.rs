//! Lowers the family of `model::openfunction`: an EventSource sends to topics of its bus and to its
//! sink; a Trigger carries on from every topic that it listens to, as the condition of each
//! subscriber says.

mod bus;
mod event;
mod sink;

use crate::model::openfunction::{
    Destination, Dialect, EventSource, OpenFunction, Subscriber, Target, Trigger, topic,
};
use crate::model::{Manifest, Path};

use super::object_model::route;
use super::resolve::Resolver;
use super::{ConditionInput, Filter, NodeIndex, Route};

impl Resolver<'_> {
    pub(super) fn openfunction_nodes(&mut self, manifest: &Manifest, kind: &OpenFunction) {
        match kind {
            OpenFunction::EventSource(_) => {
                self.model_producer(manifest);
            }
            OpenFunction::EventBus(bus) => self.event_bus(manifest, bus),
            OpenFunction::Trigger(_) => {}
        }
    }

    pub(super) fn openfunction_routes(&mut self, manifest: &Manifest, kind: &OpenFunction) {
        match kind {
            OpenFunction::EventSource(source) => self.event_source(manifest, source),
            OpenFunction::Trigger(trigger) => self.event_trigger(manifest, trigger),
            OpenFunction::EventBus(_) => {}
        }
    }

    fn event_source(&mut self, manifest: &Manifest, source: &EventSource) {
        let from = self.model_producer(manifest);
        let bus = source.event_bus.as_ref().map(|name| self.refer_to_bus(manifest, name));
        if bus.is_some() || source.dialect == Dialect::First {
            let namespace = manifest.key.namespace.clone().unwrap_or_default();
            for event in &source.events {
                let topic = topic(&namespace, &manifest.key.name, &event.name);
                self.cross_talk(manifest, bus.as_ref(), &topic, event);
                let at = manifest.place().key(&event.path());
                let to = self.topic_node(bus.clone(), topic, at);
                self.topology.add_route(route(manifest, from, to));
            }
        }
        let Some(sink) = &source.sink else { return };
        if let Some(to) = self.event_sink(manifest, source.dialect, sink, &Path::of("spec.sink")) {
            self.topology.add_route(route(manifest, from, to));
        }
    }

    fn event_trigger(&mut self, manifest: &Manifest, trigger: &Trigger) {
        let bus = trigger.event_bus.as_ref().map(|name| self.refer_to_bus(manifest, name));
        self.scaled_inputs(manifest, trigger, bus.as_ref());
        let own = manifest.key.namespace.clone().unwrap_or_default();
        let mut inputs = Vec::new();
        for input in &trigger.inputs {
            self.input(manifest, trigger, input, bus.as_ref());
            let namespace = input.namespace.as_deref().unwrap_or(&own);
            let topic = topic(namespace, &input.source, &input.event);
            let at = manifest.place().value(&input.path);
            let topic = self.topic_node(bus.clone(), topic, at);
            let (name, data) = (input.name.clone(), input.filters.clone());
            inputs.push(ConditionInput { name, topic, data });
        }
        for subscriber in &trigger.subscribers {
            self.event_subscriber(manifest, trigger, subscriber, &inputs);
        }
    }

    /// Every event of the Trigger has every condition looked at, whichever inputs the condition
    /// names, so routes come from all of its topics.
    fn event_subscriber(
        &mut self,
        manifest: &Manifest,
        trigger: &Trigger,
        subscriber: &Subscriber,
        inputs: &[ConditionInput],
    ) {
        let mut node = |destination: &Destination| self.receiver(manifest, trigger, destination);
        let calls: Vec<NodeIndex> = subscriber.destinations.iter().filter_map(&mut node).collect();
        let dead: Vec<NodeIndex> = subscriber.dead_letters.iter().filter_map(&mut node).collect();
        for input in inputs {
            for call in &calls {
                let filter = Filter::Condition {
                    expression: Some(subscriber.condition.clone()),
                    inputs: inputs.to_vec(),
                };
                let at = manifest.place().value(&subscriber.path);
                let dead_letter = dead.first().copied();
                let plain = route(manifest, input.topic, *call);
                self.topology.add_route(Route { at, filter, dead_letter, ..plain });
            }
        }
    }

    fn receiver(
        &mut self,
        manifest: &Manifest,
        trigger: &Trigger,
        destination: &Destination,
    ) -> Option<NodeIndex> {
        match &destination.to {
            Target::Sink(sink) => {
                self.event_sink(manifest, trigger.dialect, sink, &destination.path)
            }
            Target::Topic(topic) => {
                let bus = trigger.event_bus.as_ref().map(|name| self.bus(manifest, name));
                let at = manifest.place().value(&destination.path);
                Some(self.topic_node(bus, topic.clone(), at))
            }
        }
    }
}
