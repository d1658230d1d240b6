//! EventBus and ClusterEventBus as they were shipped: the server between sources and triggers.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::diag::Code;
use crate::model::kinds::Spec;
use crate::model::manifest::Typed;
use crate::model::path::Path;
use crate::model::reading::Reading;

use super::parts::{AdvancedScaling, ScalingAuthentication};
use super::{Dialect, EventBus, OpenFunction};

/// The server that carries events from sources to triggers.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EventBusSpec {
    /// Not read by any controller.
    pub topic: Option<String>,
    /// NATS Streaming, the only kind of server there is.
    pub nats_streaming: Option<NatsStreaming>,
}

/// How a subscription of NATS Streaming shares messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SubscriptionType {
    /// Each message goes to one of the replicas.
    Queue,
    /// Each message goes to all of them.
    Topic,
}

/// A server of NATS Streaming.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NatsStreaming {
    /// The server, such as `nats://nats.default:4222`.
    #[serde(rename = "natsURL")]
    pub nats_url: String,
    /// The cluster id of NATS Streaming.
    #[serde(rename = "natsStreamingClusterID")]
    pub nats_streaming_cluster_id: String,
    /// `queue` or `topic`.
    pub subscription_type: SubscriptionType,
    /// The name under which the server keeps the subscription's place.
    pub durable_subscription_name: String,
    /// How long an acknowledgement may take, as a duration.
    pub ack_wait_time: Option<String>,
    /// How many messages may wait for their acknowledgement.
    pub max_in_flight: Option<i64>,
    /// Whether a new subscription begins with what comes next.
    pub deliver_new: Option<bool>,
    /// The sequence number that a new subscription begins with.
    pub start_at_sequence: Option<i64>,
    /// Whether a new subscription begins with the last message.
    pub start_with_last_received: Option<bool>,
    /// Whether a new subscription begins with the first message.
    pub deliver_all: Option<bool>,
    /// How far back a new subscription begins, as a duration.
    pub start_at_time_delta: Option<String>,
    /// The time that a new subscription begins with, in `startAtTimeFormat`.
    pub start_at_time: Option<String>,
    /// The form of `startAtTime`, as a layout of Go.
    pub start_at_time_format: Option<String>,
    /// Overwritten by the controllers.
    #[serde(rename = "consumerID")]
    pub consumer_id: Option<String>,
    /// How handlers are scaled by the bus's lag.
    pub scale_option: Option<StreamingScaling>,
}

/// How handlers are scaled by the bus's lag.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StreamingScaling {
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
    /// The monitoring endpoint, as `host:port`.
    pub nats_server_monitoring_endpoint: String,
    /// The queue group whose lag counts.
    pub queue_group: Option<String>,
    /// The durable subscription whose lag counts.
    pub durable_name: Option<String>,
    /// The subject whose lag counts.
    pub subject: Option<String>,
    /// The lag of one replica.
    pub lag_threshold: String,
}

impl Spec for EventBusSpec {
    fn check(&self, reading: &mut Reading<'_>) {
        if self.topic.is_some() {
            let message = "no controller reads `topic`: topics are named after sources and events";
            let path = Path::of("spec.topic");
            reading.fault_at_key(Code::InertField, &path, message, "take it away");
        }
        let Some(server) = &self.nats_streaming else {
            let help = "add it; without a server, an EventSource on this bus ends in \
                        ErrorConfiguration, and a Trigger listens to nothing";
            return reading.missing(&Path::of("spec.natsStreaming"), help);
        };
        let path = Path::of("spec.natsStreaming");
        removed(&path, reading);
        if server.consumer_id.is_some() {
            let message = "the controllers write over `consumerID`";
            reading.fault_at_key(
                Code::InertField,
                &path.key("consumerID"),
                message,
                "take it away",
            );
        }
    }

    fn typed(self) -> Typed {
        let server = self.nats_streaming;
        let bus = EventBus {
            dialect: Dialect::Shipped,
            scaled: server.as_ref().is_some_and(|server| server.scale_option.is_some()),
            server: server.map(|server| (server.nats_url, server.nats_streaming_cluster_id)),
        };
        Typed::OpenFunction(OpenFunction::EventBus(Box::new(bus)))
    }
}

/// NATS Streaming is no more.
pub(super) fn removed(path: &Path, reading: &mut Reading<'_>) {
    let message = "NATS Streaming is no longer supported: Dapr took pubsub.natsstreaming away in \
                   2023, KEDA its scaler in 2.19";
    let help = "stay on the versions before that, or move to channels on JetStream";
    reading.fault_at_key(Code::RemovedBackend, path, message, help);
}
