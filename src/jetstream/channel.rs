//! What the NATS channel's controller and dispatcher ask of JetStream for a channel and its
//! subscriptions (shared/facts/jetstream.md §4; recorded in shared/data/natss-channel).

use serde_json::{Value, json};

use crate::model::duration::Nanoseconds;
use crate::model::knative::duck::DeliverySpec;
use crate::model::natsjs::{
    ConsumerTemplate, ConsumerType, DeliverPolicy, Discard, NatsJetStreamChannelSpec, Placement,
    ReplayPolicy, Retention, Storage, StreamConfig, StreamSource,
};

use super::Config;
use super::field::{set, set_nonzero};
use super::naming;

/// What the dispatcher adds to a delivery's timeout before the server gives up waiting.
const TIMEOUT_MARGIN: Nanoseconds = 500_000_000;

/// The name of a channel's stream.
pub fn stream_name(namespace: &str, channel: &str, spec: &NatsJetStreamChannelSpec) -> String {
    let overridden = spec.stream.as_ref().and_then(|stream| stream.override_name.clone());
    overridden.filter(|name| !name.is_empty()).unwrap_or_else(|| naming::stream(namespace, channel))
}

/// The stream that the controller asks for.
pub fn stream(namespace: &str, channel: &str, spec: &NatsJetStreamChannelSpec) -> Config {
    let mut config = Config::new();
    config.insert("name".to_owned(), json!(stream_name(namespace, channel, spec)));
    let mut subjects = vec![naming::subject(namespace, channel)];
    let settings = spec.stream.as_ref().and_then(|stream| stream.config.as_ref());
    if let Some(settings) = settings {
        subjects.extend(settings.additional_subjects.iter().flatten().cloned());
        stream_settings(&mut config, settings);
    }
    config.insert("subjects".to_owned(), json!(subjects));
    config
}

fn stream_settings(config: &mut Config, settings: &StreamConfig) {
    set(config, "retention", settings.retention.map(retention));
    set_nonzero(config, "max_consumers", settings.max_consumers);
    set_nonzero(config, "max_msgs", settings.max_msgs);
    set_nonzero(config, "max_bytes", settings.max_bytes);
    set(config, "discard", settings.discard.map(discard));
    set_nonzero(config, "max_age", settings.max_age.as_ref().map(|age| age.nanoseconds()));
    set_nonzero(config, "max_msg_size", settings.max_msg_size);
    set(config, "storage", settings.storage.map(storage));
    set_nonzero(config, "num_replicas", settings.replicas);
    set(config, "no_ack", settings.no_ack.filter(|no_ack| *no_ack));
    let window = settings.duplicate_window.as_ref().map(|window| window.nanoseconds());
    set_nonzero(config, "duplicate_window", window);
    set(config, "placement", settings.placement.as_ref().map(placement));
    set(config, "mirror", settings.mirror.as_ref().map(source));
    let sources = settings.sources.as_ref().filter(|sources| !sources.is_empty());
    set(config, "sources", sources.map(|sources| sources.iter().map(source).collect::<Vec<_>>()));
}

fn retention(retention: Retention) -> &'static str {
    match retention {
        Retention::Limits => "limits",
        Retention::Interest => "interest",
        Retention::Work => "workqueue",
    }
}

fn discard(discard: Discard) -> &'static str {
    match discard {
        Discard::Old => "old",
        Discard::New => "new",
    }
}

fn storage(storage: Storage) -> &'static str {
    match storage {
        Storage::File => "file",
        Storage::Memory => "memory",
    }
}

fn placement(placement: &Placement) -> Value {
    let mut value = Config::new();
    set(&mut value, "cluster", placement.cluster.clone().filter(|cluster| !cluster.is_empty()));
    set(&mut value, "tags", placement.tags.clone().filter(|tags| !tags.is_empty()));
    Value::Object(value)
}

fn source(source: &StreamSource) -> Value {
    let mut value = Config::new();
    set(&mut value, "name", source.name.clone());
    set_nonzero(&mut value, "opt_start_seq", source.opt_start_seq);
    set(&mut value, "opt_start_time", source.opt_start_time.as_ref().map(|at| at.as_str()));
    set(&mut value, "filter_subject", source.filter_subject.clone().filter(|s| !s.is_empty()));
    Value::Object(value)
}

/// Whose consumer: the channel it reads, and the uid that names it. The uid may be a placeholder
/// for one that only the API server can give.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'a> {
    pub namespace: &'a str,
    pub channel: &'a str,
    /// In upper case without hyphens, for the durable.
    pub upper_uid: &'a str,
    /// In lower case without hyphens, for the deliver subject.
    pub lower_uid: &'a str,
}

/// The consumer that the dispatcher asks for, for a Subscription with this delivery (its own, or
/// the channel's as a whole).
pub fn consumer(
    reader: Reader<'_>,
    spec: &NatsJetStreamChannelSpec,
    delivery: Option<&DeliverySpec>,
) -> Config {
    let template = spec.consumer_config_template.clone().unwrap_or_default();
    let durable = naming::durable(reader.upper_uid);
    let mut config = Config::new();
    config.insert("durable_name".to_owned(), json!(durable));
    config.insert("ack_policy".to_owned(), json!("explicit"));
    set(&mut config, "max_deliver", max_deliver(delivery));
    set_nonzero(&mut config, "ack_wait", ack_wait(&template, delivery));
    if template.consumer_type != Some(ConsumerType::Pull) {
        let subject = naming::deliver_subject(reader.namespace, reader.channel, reader.lower_uid);
        config.insert("deliver_subject".to_owned(), json!(subject));
        config.insert("deliver_group".to_owned(), json!(durable));
    }
    consumer_settings(&mut config, &template);
    config
}

fn consumer_settings(config: &mut Config, template: &ConsumerTemplate) {
    set(config, "deliver_policy", template.deliver_policy.map(deliver_policy));
    set_nonzero(config, "opt_start_seq", template.opt_start_seq);
    set(config, "opt_start_time", template.opt_start_time.as_ref().map(|at| at.as_str()));
    set(config, "filter_subject", template.filter_subject.clone().filter(|s| !s.is_empty()));
    set(config, "replay_policy", template.replay_policy.map(replay_policy));
    set_nonzero(config, "rate_limit_bps", template.rate_limit_bps);
    set(config, "sample_freq", template.sample_frequency.as_ref().map(|share| share.as_str()));
    set_nonzero(config, "max_ack_pending", template.max_ack_pending);
}

/// Attempts in all: `retry + 1` once anything of a delivery is said, else for ever.
pub fn max_deliver(delivery: Option<&DeliverySpec>) -> Option<i64> {
    let delivery = delivery.filter(|delivery| **delivery != DeliverySpec::default())?;
    Some(i64::from(delivery.retry.unwrap_or(0)) + 1)
}

/// How long the server waits for an acknowledgement; `None` is the server's default.
pub fn ack_wait(
    template: &ConsumerTemplate,
    delivery: Option<&DeliverySpec>,
) -> Option<Nanoseconds> {
    let timeout = delivery.and_then(|delivery| delivery.timeout.as_ref());
    match timeout {
        Some(timeout) => Some(timeout.nanoseconds() + TIMEOUT_MARGIN),
        None => template.ack_wait.as_ref().map(|wait| wait.nanoseconds()),
    }
}

fn deliver_policy(policy: DeliverPolicy) -> &'static str {
    match policy {
        DeliverPolicy::All => "all",
        DeliverPolicy::Last => "last",
        DeliverPolicy::New => "new",
        DeliverPolicy::ByStartSequence => "by_start_sequence",
        DeliverPolicy::ByStartTime => "by_start_time",
    }
}

fn replay_policy(policy: ReplayPolicy) -> &'static str {
    match policy {
        ReplayPolicy::Instant => "instant",
        ReplayPolicy::Original => "original",
    }
}
