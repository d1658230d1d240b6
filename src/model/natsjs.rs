//! NatsJetStreamChannel, messaging.knative.dev/v1alpha1: the fields of the shipped CRD
//! (shared/facts/jetstream.md §4). Stricter than its webhook where a typo would fall back silently:
//! the enumerations are closed.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::duration::GoDuration;
use super::kinds::{Kind, Spec};
use super::knative::duck::DeliverySpec;
use super::manifest::Typed;
use super::text::{Instant, SampleFrequency};

/// The kind.
pub const KIND: &str = "NatsJetStreamChannel";

/// The kinds of the family.
pub const KINDS: &[Kind] =
    &[Kind::of::<NatsJetStreamChannelSpec>("messaging.knative.dev", KIND, "v1alpha1")];

impl Spec for NatsJetStreamChannelSpec {
    fn absent() -> Option<Self> {
        Some(Self::default())
    }

    fn typed(self) -> Typed {
        Typed::NatsJetStreamChannel(Box::new(self))
    }
}

/// A channel that is one JetStream stream, with one consumer per subscription.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NatsJetStreamChannelSpec {
    /// The stream behind the channel.
    pub stream: Option<StreamSpec>,
    /// What every subscription's consumer starts from.
    pub consumer_config_template: Option<ConsumerTemplate>,
    /// How the dispatcher's Deployment looks, where the channel has its own.
    pub deployment_spec_template: Option<DeploymentTemplate>,
    /// For subscriptions that have no delivery of their own.
    pub delivery: Option<DeliverySpec>,
    /// Written by the subscription controller. Read, never planned.
    pub subscribers: Option<Vec<Value>>,
}

/// How the dispatcher's Deployment looks. The last channel reconciled decides for the one there is.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DeploymentTemplate {
    /// Where its pods may run (core/v1 Affinity). The CRD demands it.
    pub affinity: BTreeMap<String, Value>,
    /// Marks for tools, on the Deployment.
    pub annotations: Option<BTreeMap<String, String>>,
    /// Marks that queries select by, on the Deployment.
    pub labels: Option<BTreeMap<String, String>>,
    /// The labels of the nodes that its pods may run on.
    pub node_selector: Option<BTreeMap<String, String>>,
    /// What its container asks for (core/v1 ResourceRequirements).
    pub resources: Option<BTreeMap<String, Value>>,
}

/// The stream behind a channel.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StreamSpec {
    /// The stream's name, where it is not made from namespace and name.
    pub override_name: Option<String>,
    /// The stream's settings; the server's defaults where it is absent.
    pub config: Option<StreamConfig>,
}

/// Which messages a stream keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum Retention {
    /// All, within the limits.
    Limits,
    /// Those that a consumer still wants.
    Interest,
    /// Those that nobody has acknowledged.
    Work,
}

/// What a full stream does with one more message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum Discard {
    /// Drops the oldest.
    Old,
    /// Refuses the new one.
    New,
}

/// Where a stream keeps its messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum Storage {
    File,
    Memory,
}

/// The settings of the stream behind a channel.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StreamConfig {
    /// Subjects besides the channel's own.
    pub additional_subjects: Option<Vec<String>>,
    /// Which messages are kept.
    pub retention: Option<Retention>,
    /// How many consumers; 0 is unlimited.
    pub max_consumers: Option<i32>,
    /// How many messages; 0 is unlimited.
    pub max_msgs: Option<i64>,
    /// How many bytes; 0 is unlimited.
    pub max_bytes: Option<i64>,
    /// What a full stream does.
    pub discard: Option<Discard>,
    /// How old a message gets; 0 is unlimited.
    pub max_age: Option<GoDuration>,
    /// How big one message may be, in bytes; 0 is unlimited.
    pub max_msg_size: Option<i32>,
    /// Where messages are kept.
    pub storage: Option<Storage>,
    /// How many servers of a cluster keep the stream.
    pub replicas: Option<i32>,
    /// Publishers get no acknowledgement. The channel's ingress then answers 500 although the
    /// event is stored.
    pub no_ack: Option<bool>,
    /// How long a message id is remembered.
    pub duplicate_window: Option<GoDuration>,
    /// Where in a cluster the stream lives.
    pub placement: Option<Placement>,
    /// Another stream to mirror. Never works for a channel: it always has a subject of its own.
    pub mirror: Option<StreamSource>,
    /// Other streams to copy from.
    pub sources: Option<Vec<StreamSource>>,
}

/// Where in a cluster a stream lives.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Placement {
    /// The name of the cluster.
    pub cluster: Option<String>,
    /// Tags that a server must have, all of them.
    pub tags: Option<Vec<String>>,
}

/// Another stream to copy from.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StreamSource {
    /// The other stream.
    pub name: Option<String>,
    /// The first sequence to copy.
    pub opt_start_seq: Option<u64>,
    /// The first instant to copy from.
    pub opt_start_time: Option<Instant>,
    /// Which subjects to copy.
    pub filter_subject: Option<String>,
}

/// Where in a stream a consumer starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum DeliverPolicy {
    All,
    Last,
    New,
    ByStartSequence,
    ByStartTime,
}

/// How fast old messages are delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum ReplayPolicy {
    Instant,
    Original,
}

/// Who asks for messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum ConsumerType {
    /// The server sends.
    Push,
    /// The dispatcher fetches.
    Pull,
}

/// What every subscription's consumer starts from.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ConsumerTemplate {
    /// Where the consumer starts.
    pub deliver_policy: Option<DeliverPolicy>,
    /// The first sequence, with ByStartSequence.
    pub opt_start_seq: Option<u64>,
    /// The first instant, with ByStartTime.
    pub opt_start_time: Option<Instant>,
    /// How long the server waits for an acknowledgement; a delivery's timeout overrides it.
    pub ack_wait: Option<GoDuration>,
    /// Ignored by the controller: attempts come from the delivery's retry.
    pub max_deliver: Option<i32>,
    /// Which of the stream's subjects.
    pub filter_subject: Option<String>,
    /// How fast old messages are delivered.
    pub replay_policy: Option<ReplayPolicy>,
    /// Bits per second.
    #[serde(rename = "rateLimitBPS")]
    pub rate_limit_bps: Option<u64>,
    /// How many acknowledgements are sampled, in percent.
    pub sample_frequency: Option<SampleFrequency>,
    /// How many messages may wait for their acknowledgement.
    pub max_ack_pending: Option<i32>,
    /// Push or Pull. Frozen once the consumer exists.
    pub consumer_type: Option<ConsumerType>,
    /// How long a fetch waits, with Pull.
    pub fetch_max_wait: Option<GoDuration>,
    /// Ignored by the dispatcher: it reads FETCH_BATCH_SIZE from its environment.
    #[schemars(range(min = 1))]
    #[serde(default, deserialize_with = "batch_size")]
    pub fetch_batch_size: Option<i32>,
}

fn batch_size<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<i32>, D::Error> {
    match Option::<i32>::deserialize(from)? {
        Some(size) if size < 1 => Err(serde::de::Error::custom("a batch holds at least 1")),
        size => Ok(size),
    }
}
