//! The dialects of the two proposals (shared/seeds/openfunction-events-proposal.md, and that on
//! conditions): every field of their examples, normalised into the shared form.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::model::kinds::Spec;
use crate::model::manifest::Typed;
use crate::model::mapping::from_mapping;
use crate::model::path::Path;
use crate::model::reading::Reading;

use super::bus::{SubscriptionType, removed};
use super::data_filter::{self, DataFilter};
use super::parts::{SinkReference, SinkSpec};
use super::source::{Cron, Mqtt, Redis, events};
use super::trigger::SubscriberSpec;
use super::{
    Destination, Dialect, EventBus, EventSource, Input, OpenFunction, Subscriber, Target, Trigger,
    trigger_rules,
};

/// A Trigger of the first proposal, with filters on what events hold.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FirstTriggerSpec {
    /// Which events to listen to.
    pub event_sources: Vec<FirstInput>,
    /// Where events go.
    pub subscribers: Vec<FirstSubscriber>,
}

/// One kind of event, and which of them count.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FirstInput {
    /// The name that conditions use.
    pub name: String,
    /// The EventSource.
    pub event_source_name: String,
    /// The name of the event there.
    pub event_name: String,
    /// What an event must hold.
    pub filters: Option<Filters>,
}

/// What an event must hold.
#[derive(Debug, Clone, Default, PartialEq, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Filters {
    /// Filters on the payload; all of them must pass.
    pub data: Option<Vec<DataFilter>>,
}

from_mapping!(Filters { data: Option<Vec<DataFilter>> });

/// Where events go while a condition holds.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FirstSubscriber {
    /// A condition over the names of inputs, with `!`, `&&` and `||`.
    pub condition: String,
    /// A Knative Service, or a Component of Dapr.
    #[serde(rename = "ref")]
    pub reference: SinkReference,
    /// Where events go that could not be delivered.
    pub dead_letter_sink: Option<ReferenceOnly>,
}

/// A sink that can only be referred to.
#[derive(Debug, Clone, PartialEq, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReferenceOnly {
    /// A Knative Service, or a Component of Dapr.
    pub r#ref: SinkReference,
}

from_mapping!(ReferenceOnly { r#ref: SinkReference });

/// A Trigger of the second proposal: the shipped one, with a list of inputs.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SecondTriggerSpec {
    /// The event bus to listen on.
    pub event_bus: Option<String>,
    /// Which events to listen to.
    pub inputs: Vec<SecondInput>,
    /// Where events go.
    pub subscribers: Vec<SubscriberSpec>,
}

/// One kind of event.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SecondInput {
    /// The name that conditions use.
    pub name: String,
    /// The EventSource.
    pub event_source_name: String,
    /// The name of the event there.
    pub event_name: String,
}

/// An EventSource of the first proposal. Its example has Kafka alone; the other sources are read as
/// they were shipped.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FirstEventSourceSpec {
    /// Messages of Kafka topics, by event name.
    pub kafka: Option<BTreeMap<String, FirstKafka>>,
    /// Instants of a schedule, by event name.
    pub cron: Option<BTreeMap<String, Cron>>,
    /// Messages of MQTT topics, by event name.
    pub mqtt: Option<BTreeMap<String, Mqtt>>,
    /// Entries of Redis streams, by event name.
    pub redis: Option<BTreeMap<String, Redis>>,
    /// Gets the events by HTTP.
    pub sink: Option<SinkSpec>,
}

/// Messages of a Kafka topic.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FirstKafka {
    /// The broker, as `host:port`.
    pub url: String,
    /// The topic.
    pub topic: String,
    /// Whether every payload is JSON.
    pub json_body: Option<bool>,
    /// How connecting is tried again.
    pub connection_backoff: Option<ConnectionBackoff>,
    /// The group that shares the topic.
    pub consumer_group: Option<ConsumerGroup>,
}

/// How connecting is tried again.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ConnectionBackoff {
    /// The first wait, as a duration: `10s`.
    pub duration: Option<String>,
    /// How many waits.
    pub steps: Option<i64>,
    /// By how much each wait is longer than the one before.
    pub factor: Option<f64>,
    /// By how much of itself a wait varies.
    pub jitter: Option<f64>,
}

/// The group that shares a topic.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ConsumerGroup {
    /// The name of the group.
    pub group_name: Option<String>,
    /// Whether a new group begins with the oldest message.
    pub oldest: Option<bool>,
    /// How partitions are shared: `range`, `sticky`, `roundrobin`.
    pub rebalance_strategy: Option<String>,
}

/// An event bus of the first proposal.
#[derive(Debug, Clone, PartialEq, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FirstEventBusSpec {
    /// NATS Streaming.
    pub nats: FirstNats,
}

from_mapping!(FirstEventBusSpec { nats: FirstNats });

/// NATS Streaming.
#[derive(Debug, Clone, PartialEq, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FirstNats {
    /// A server that is already there.
    pub native: NativeNats,
}

from_mapping!(FirstNats { native: NativeNats });

/// A server of NATS Streaming.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NativeNats {
    /// The server, such as `nats://localhost:4222`.
    #[serde(rename = "natsURL")]
    pub nats_url: String,
    /// `queue` or `topic`.
    pub subscription_type: SubscriptionType,
    /// The cluster id of NATS Streaming.
    #[serde(rename = "natsStreamingClusterID")]
    pub nats_streaming_cluster_id: String,
}

fn referred(path: Path, reference: &SinkReference) -> Destination {
    let sink = SinkSpec { reference: Some(reference.clone()), uri: None };
    Destination { path, to: Target::Sink(sink) }
}

impl FirstTriggerSpec {
    fn normal(&self) -> Trigger {
        let inputs = self.event_sources.iter().enumerate().map(|(at, input)| Input {
            path: Path::of("spec.eventSources").index(at),
            name: input.name.clone(),
            namespace: None,
            source: input.event_source_name.clone(),
            event: input.event_name.clone(),
            filters: input.filters.iter().flat_map(|f| &f.data).flatten().cloned().collect(),
        });
        let subscribers = self.subscribers.iter().enumerate().map(|(at, subscriber)| {
            let path = Path::of("spec.subscribers").index(at);
            let dead = subscriber.dead_letter_sink.as_ref();
            Subscriber {
                condition: subscriber.condition.clone(),
                // The path of a sink is that of what holds `ref`.
                destinations: vec![referred(path.clone(), &subscriber.reference)],
                dead_letters: dead
                    .map(|dead| referred(path.key("deadLetterSink"), &dead.r#ref))
                    .into_iter()
                    .collect(),
                path,
            }
        });
        Trigger {
            dialect: Dialect::First,
            event_bus: None,
            inputs: inputs.collect(),
            subscribers: subscribers.collect(),
        }
    }
}

impl SecondTriggerSpec {
    fn normal(&self) -> Trigger {
        let inputs = self.inputs.iter().enumerate().map(|(at, input)| Input {
            path: Path::of("spec.inputs").index(at),
            name: input.name.clone(),
            namespace: None,
            source: input.event_source_name.clone(),
            event: input.event_name.clone(),
            filters: Vec::new(),
        });
        let subscribers = Path::of("spec.subscribers");
        Trigger {
            dialect: Dialect::Second,
            event_bus: self.event_bus.clone(),
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

impl Spec for FirstTriggerSpec {
    fn check(&self, reading: &mut Reading<'_>) {
        let trigger = self.normal();
        trigger_rules::every_dialect(&trigger, reading);
        for input in &trigger.inputs {
            data_filter::check(&input.filters, &input.path.key("filters").key("data"), reading);
        }
    }

    fn typed(self) -> Typed {
        Typed::OpenFunction(OpenFunction::Trigger(Box::new(self.normal())))
    }
}

impl Spec for SecondTriggerSpec {
    fn check(&self, reading: &mut Reading<'_>) {
        trigger_rules::every_dialect(&self.normal(), reading);
    }

    fn typed(self) -> Typed {
        Typed::OpenFunction(OpenFunction::Trigger(Box::new(self.normal())))
    }
}

impl Spec for FirstEventSourceSpec {
    fn typed(self) -> Typed {
        let source = EventSource {
            dialect: Dialect::First,
            event_bus: None,
            events: [
                events("kafka", self.kafka.as_ref()),
                events("cron", self.cron.as_ref()),
                events("mqtt", self.mqtt.as_ref()),
                events("redis", self.redis.as_ref()),
            ]
            .concat(),
            sink: self.sink,
        };
        Typed::OpenFunction(OpenFunction::EventSource(Box::new(source)))
    }
}

impl Spec for FirstEventBusSpec {
    fn check(&self, reading: &mut Reading<'_>) {
        removed(&Path::of("spec.nats.native"), reading);
    }

    fn typed(self) -> Typed {
        let native = self.nats.native;
        let bus = EventBus {
            dialect: Dialect::First,
            server: Some((native.nats_url, native.nats_streaming_cluster_id)),
            scaled: false,
        };
        Typed::OpenFunction(OpenFunction::EventBus(Box::new(bus)))
    }
}
