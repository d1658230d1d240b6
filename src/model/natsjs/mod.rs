//! NatsJetStreamChannel, messaging.knative.dev/v1alpha1: the fields of the shipped CRD
//! (shared/facts/jetstream.md §4). Stricter than its webhook where a typo would fall back silently:
//! the enumerations are closed. Knows nothing of the streams that channels become.

pub mod admitted;
pub mod proposal;
pub mod rules;
mod template_rules;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::duration::GoDuration;
use super::kinds::{Kind, Spec};
use super::knative::duck::DeliverySpec;
use super::manifest::Typed;
use super::quantity::Quantity;
use super::reading::Reading;
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

    fn check(&self, reading: &mut Reading<'_>) {
        rules::scope(reading);
        let faults = rules::faults(reading.place, &super::Path::of("spec"), self);
        reading.findings.extend(faults);
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
    pub subscribers: Option<Vec<Subscriber>>,
}

/// One Subscription as the subscription controller writes it into the channel.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Subscriber {
    /// The Subscription's name.
    pub name: Option<String>,
    /// The Subscription's uid, after which its consumer is called.
    pub uid: Option<String>,
    /// The Subscription's generation.
    pub generation: Option<i64>,
    /// Where events go.
    pub subscriber_uri: Option<String>,
    /// Certificates (PEM) to trust there.
    #[serde(rename = "subscriberCACerts")]
    pub subscriber_ca_certs: Option<String>,
    /// The OIDC audience of `subscriberUri`.
    pub subscriber_audience: Option<String>,
    /// Where replies go.
    pub reply_uri: Option<String>,
    /// Certificates (PEM) to trust there.
    #[serde(rename = "replyCACerts")]
    pub reply_ca_certs: Option<String>,
    /// The OIDC audience of `replyUri`.
    pub reply_audience: Option<String>,
    /// How to deliver to it.
    pub delivery: Option<DeliverySpec>,
    /// As whom events are sent to it.
    pub auth: Option<SubscriberAuth>,
}

/// As whom events are sent to a subscriber.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SubscriberAuth {
    /// The service account that the Subscription's controller made.
    pub service_account_name: String,
    /// All of them, where there are several.
    pub service_account_names: Option<Vec<String>>,
}

/// How the dispatcher's Deployment looks. The last channel reconciled decides for the one there is.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DeploymentTemplate {
    /// Where its pods may run (core/v1 Affinity). The CRD demands it; `{}` is enough.
    pub affinity: Affinity,
    /// Annotations of the Deployment.
    pub annotations: Option<BTreeMap<String, String>>,
    /// Labels of the Deployment.
    pub labels: Option<BTreeMap<String, String>>,
    /// Labels that a node must have.
    pub node_selector: Option<BTreeMap<String, String>>,
    /// What its container asks for and may use.
    pub resources: Option<Resources>,
}

/// Where pods may run (core/v1 Affinity).
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Affinity {
    /// Which nodes (core/v1 NodeAffinity).
    pub node_affinity: Option<BTreeMap<String, Value>>,
    /// Beside which pods (core/v1 PodAffinity).
    pub pod_affinity: Option<BTreeMap<String, Value>>,
    /// Away from which pods (core/v1 PodAntiAffinity).
    pub pod_anti_affinity: Option<BTreeMap<String, Value>>,
}

/// What a container asks for and may use (core/v1 ResourceRequirements).
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Resources {
    /// Claims of the pod that the container uses (core/v1 ResourceClaim).
    pub claims: Option<Vec<BTreeMap<String, String>>>,
    /// The most it may use, such as `cpu: 200m` and `memory: 200Mi`.
    pub limits: Option<BTreeMap<String, Quantity>>,
    /// What is set aside for it, such as `cpu: 20m` and `memory: 20Mi`.
    pub requests: Option<BTreeMap<String, Quantity>>,
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
