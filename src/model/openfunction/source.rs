//! EventSource as it was shipped: what makes events, and where they go.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::model::kinds::Spec;
use crate::model::manifest::Typed;
use crate::model::mapping::from_mapping;
use crate::model::reading::Reading;

use super::parts::{AdvancedScaling, Build, ScalingAuthentication, SinkSpec};
use super::{Dialect, Event, EventSource, OpenFunction, source_rules};

/// Sources of events, by the name of the event that each makes. Needs `eventBus`, `sink` or both.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EventSourceSpec {
    /// The EventBus of the same namespace, or else the ClusterEventBus, that gets the events. None
    /// is the default.
    pub event_bus: Option<String>,
    /// Messages of Kafka topics, by event name.
    pub kafka: Option<BTreeMap<String, Kafka>>,
    /// Instants of a schedule, by event name.
    pub cron: Option<BTreeMap<String, Cron>>,
    /// Messages of MQTT topics, by event name.
    pub mqtt: Option<BTreeMap<String, Mqtt>>,
    /// Entries of Redis streams, by event name.
    pub redis: Option<BTreeMap<String, Redis>>,
    /// Gets the events by HTTP. Only `uri` works: the controller crashes on a `ref` alone.
    pub sink: Option<SinkSpec>,
    /// How the handler's image is built, where it is not the usual one.
    pub build: Option<Build>,
    /// How much the handler logs: `1` (the default), `2`, `3`…
    pub log_level: Option<String>,
}

/// Messages of a Kafka topic.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Kafka {
    /// The brokers, as `host:port`, separated by commas.
    pub brokers: String,
    /// Whether the brokers ask for SASL.
    pub auth_required: bool,
    /// The topic.
    pub topic: Option<String>,
    /// The SASL user.
    pub sasl_username: Option<String>,
    /// The SASL password.
    pub sasl_password: Option<String>,
    /// The largest message, in bytes.
    pub max_message_bytes: Option<i64>,
    /// How the handler is scaled by the topic's lag.
    pub scale_option: Option<KafkaScaling>,
}

/// How a handler is scaled by a topic's lag.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct KafkaScaling {
    /// Seconds between two looks at the lag.
    pub polling_interval: Option<i32>,
    /// Seconds of quiet before scaling to zero.
    pub cooldown_period: Option<i32>,
    /// The fewest replicas.
    pub min_replica_count: Option<i32>,
    /// The most replicas.
    pub max_replica_count: Option<i32>,
    /// How it is scaled further.
    pub advanced: Option<AdvancedScaling>,
    /// Further metadata of the scaler.
    pub metadata: Option<BTreeMap<String, String>>,
    /// How the scaler authenticates.
    pub auth_ref: Option<ScalingAuthentication>,
    /// Overwritten by the controller.
    pub consumer_group: Option<String>,
    /// Not read: the source's own topic counts.
    pub topic: Option<String>,
    /// Demanded by the CRD, and not read by the controller.
    pub lag_threshold: String,
}

/// Instants of a schedule.
#[derive(Debug, Clone, Default, PartialEq, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Cron {
    /// When, as Dapr's cron binding reads it: `@every 2s`, or fields of cron.
    pub schedule: String,
}

from_mapping!(Cron { schedule: String });

/// Messages of an MQTT topic.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Mqtt {
    /// The broker, such as `tcp://user:password@host:1883`.
    pub url: String,
    /// The topic.
    pub topic: String,
    /// Overwritten by the controller.
    #[serde(rename = "consumerID")]
    pub consumer_id: Option<String>,
    /// The quality of service, 0 to 2.
    pub qos: Option<i64>,
    /// Whether the broker keeps the last message.
    pub retain: Option<bool>,
    /// Whether a session begins without what came before.
    pub clean_session: Option<bool>,
    /// The certificate authority (PEM).
    pub ca_cert: Option<String>,
    /// The client's certificate (PEM).
    pub client_cert: Option<String>,
    /// The client's key (PEM).
    pub client_key: Option<String>,
}

/// Entries of a Redis stream.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Redis {
    /// The server, as `host:port`.
    pub redis_host: String,
    /// The password.
    pub redis_password: String,
    /// Whether to speak TLS.
    #[serde(rename = "enableTLS")]
    pub enable_tls: Option<bool>,
    /// Whether Sentinel takes care of failures.
    pub failover: Option<bool>,
    /// The name of Sentinel's master, with `failover`.
    pub sentinel_master_name: Option<String>,
    /// How often messages that wait are looked for, as a duration.
    pub redeliver_interval: Option<String>,
    /// How long a message may wait before it is delivered again, as a duration.
    pub processing_timeout: Option<String>,
    /// `node` or `cluster`.
    pub redis_type: Option<String>,
    /// The number of the database.
    #[serde(rename = "redisDB")]
    pub redis_db: Option<i64>,
    /// How often a command is tried again.
    pub redis_max_retries: Option<i64>,
    /// The shortest wait before trying again, as a duration.
    pub redis_min_retry_interval: Option<String>,
    /// The longest wait before trying again, as a duration.
    pub redis_max_retry_interval: Option<String>,
    /// How long connecting may take, as a duration.
    pub dial_timeout: Option<String>,
    /// How long reading may take, as a duration.
    pub read_timeout: Option<String>,
    /// How long writing may take, as a duration.
    pub write_timeout: Option<String>,
    /// The most connections.
    pub pool_size: Option<i64>,
    /// How long to wait for a connection, as a duration.
    pub pool_timeout: Option<String>,
    /// How old a connection gets, as a duration.
    pub max_conn_age: Option<String>,
    /// The fewest idle connections.
    pub min_idle_conns: Option<i64>,
    /// How often idle connections are looked at, as a duration.
    pub idle_check_frequency: Option<String>,
    /// How long a connection may be idle, as a duration.
    pub idle_timeout: Option<String>,
}

impl EventSourceSpec {
    /// The one form that all dialects share.
    pub(super) fn normal(&self) -> EventSource {
        EventSource {
            dialect: Dialect::Shipped,
            event_bus: self.event_bus.clone().filter(|name| !name.is_empty()),
            sink: self.sink.clone(),
            events: [
                events("kafka", self.kafka.as_ref()),
                events("cron", self.cron.as_ref()),
                events("mqtt", self.mqtt.as_ref()),
                events("redis", self.redis.as_ref()),
            ]
            .concat(),
        }
    }
}

/// The events of one map.
pub(super) fn events<T>(kind: &'static str, map: Option<&BTreeMap<String, T>>) -> Vec<Event> {
    map.into_iter()
        .flat_map(BTreeMap::keys)
        .map(|name| Event { kind, name: name.clone() })
        .collect()
}

impl Spec for EventSourceSpec {
    fn check(&self, reading: &mut Reading<'_>) {
        source_rules::shipped(self, reading);
    }

    fn typed(self) -> Typed {
        Typed::OpenFunction(OpenFunction::EventSource(Box::new(self.normal())))
    }
}
