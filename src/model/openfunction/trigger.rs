//! Trigger as it was shipped: inputs by name, and subscribers with conditions over the names.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::model::kinds::Spec;
use crate::model::manifest::Typed;
use crate::model::path::Path;
use crate::model::reading::Reading;

use super::parts::SinkSpec;
use super::{
    Destination, Dialect, Input, OpenFunction, Subscriber, Target, Trigger, trigger_rules,
};

/// Which events go where.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TriggerSpec {
    /// The EventBus of the same namespace, or else the ClusterEventBus, to listen on.
    pub event_bus: String,
    /// Which events to listen to, by the names that conditions use.
    pub inputs: BTreeMap<String, InputSpec>,
    /// Where events go.
    pub subscribers: Vec<SubscriberSpec>,
    /// How much the handler logs: `1` (the default), `2`, `3`…
    pub log_level: Option<String>,
}

/// One kind of event.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct InputSpec {
    /// The namespace of the EventSource; that of the Trigger where it is absent.
    pub namespace: Option<String>,
    /// The EventSource.
    pub event_source: String,
    /// The name of the event there.
    pub event: String,
}

/// Where events go while a condition holds: to a sink, a topic, or both.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SubscriberSpec {
    /// A condition in CEL over the names of inputs, each of which is true for 60 seconds after an
    /// event of its kind: `a`, `a && b`, `a || !b`.
    pub condition: String,
    /// Gets the events by HTTP.
    pub sink: Option<SinkSpec>,
    /// The topic of the bus that gets the events; named as it is, without a namespace.
    pub topic: Option<String>,
    /// Not read by the handler: it ends when it cannot deliver, and the event is gone.
    pub dead_letter_sink: Option<SinkSpec>,
    /// Not read by the handler: it ends when it cannot deliver, and the event is gone.
    pub dead_letter_topic: Option<String>,
}

impl SubscriberSpec {
    /// The one form that all dialects share.
    pub(super) fn normal(&self, path: Path) -> Subscriber {
        Subscriber {
            condition: self.condition.clone(),
            destinations: destinations(
                &path,
                self.sink.as_ref(),
                "sink",
                self.topic.as_ref(),
                "topic",
            ),
            dead_letters: destinations(
                &path,
                self.dead_letter_sink.as_ref(),
                "deadLetterSink",
                self.dead_letter_topic.as_ref(),
                "deadLetterTopic",
            ),
            path,
        }
    }
}

fn destinations(
    path: &Path,
    sink: Option<&SinkSpec>,
    sink_field: &str,
    topic: Option<&String>,
    topic_field: &str,
) -> Vec<Destination> {
    let sink =
        sink.map(|sink| Destination { path: path.key(sink_field), to: Target::Sink(sink.clone()) });
    let topic = topic
        .filter(|topic| !topic.is_empty())
        .map(|topic| Destination { path: path.key(topic_field), to: Target::Topic(topic.clone()) });
    sink.into_iter().chain(topic).collect()
}

impl TriggerSpec {
    /// The one form that all dialects share.
    pub(super) fn normal(&self) -> Trigger {
        let inputs = self.inputs.iter().map(|(name, input)| Input {
            path: Path::of("spec.inputs").key(name),
            name: name.clone(),
            namespace: input.namespace.clone().filter(|namespace| !namespace.is_empty()),
            source: input.event_source.clone(),
            event: input.event.clone(),
            filters: Vec::new(),
        });
        let subscribers = Path::of("spec.subscribers");
        Trigger {
            dialect: Dialect::Shipped,
            event_bus: Some(self.event_bus.clone()).filter(|name| !name.is_empty()),
            inputs: inputs.collect(),
            subscribers: self
                .subscribers
                .iter()
                .enumerate()
                .map(|(at, subscriber)| subscriber.normal(subscribers.index(at)))
                .collect(),
        }
    }
}

impl Spec for TriggerSpec {
    fn check(&self, reading: &mut Reading<'_>) {
        let trigger = self.normal();
        trigger_rules::every_dialect(&trigger, reading);
        trigger_rules::shipped(&trigger, reading);
    }

    fn typed(self) -> Typed {
        Typed::OpenFunction(OpenFunction::Trigger(Box::new(self.normal())))
    }
}
