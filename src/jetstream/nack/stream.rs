//! NACK's Stream as a stream's configuration.

use serde_json::{Value, json};

use crate::jetstream::Config;
use crate::jetstream::field::{set, set_nonzero};
use crate::model::nack::{
    Compression, ConsumerLimits, Discard, PersistMode, Retention, StreamSpec,
};
use crate::model::text::Subject;

use super::{lasting, placement, republish, said, source, storage, transform};

/// The stream that a Stream asks for.
pub fn stream(spec: &StreamSpec) -> Config {
    let mut config = Config::new();
    config.insert("name".to_owned(), json!(spec.name.as_str()));
    set(&mut config, "description", said(spec.description.as_ref()));
    let subjects = spec.subjects.as_ref().filter(|subjects| !subjects.is_empty());
    let subjects = subjects.map(|all| all.iter().map(Subject::as_str).collect::<Vec<_>>());
    set(&mut config, "subjects", subjects);
    limits(&mut config, spec);
    copies(&mut config, spec);
    switches(&mut config, spec);
    config
}

fn limits(config: &mut Config, spec: &StreamSpec) {
    set(config, "retention", spec.retention.map(retention));
    set_nonzero(config, "max_consumers", spec.max_consumers.map(|limit| limit.0));
    set_nonzero(config, "max_msgs", spec.max_msgs.map(|limit| limit.0));
    set_nonzero(config, "max_bytes", spec.max_bytes.map(|limit| limit.0));
    set(config, "discard", spec.discard.map(discard));
    set(config, "discard_new_per_subject", spec.discard_per_subject);
    set_nonzero(config, "max_age", lasting(spec.max_age.as_ref()));
    // The controllers pass nothing below 1 on.
    let per_subject = spec.max_msgs_per_subject.filter(|limit| *limit > 0);
    set(config, "max_msgs_per_subject", per_subject);
    set_nonzero(config, "max_msg_size", spec.max_msg_size.map(|limit| limit.0));
    set(config, "storage", spec.storage.map(storage));
    set_nonzero(config, "num_replicas", spec.replicas.map(|replicas| replicas.0));
    set_nonzero(config, "duplicate_window", lasting(spec.duplicate_window.as_ref()));
    set(config, "placement", spec.placement.as_ref().map(placement));
    set(config, "compression", spec.compression.and_then(compression));
    set_nonzero(config, "first_seq", spec.first_sequence.map(|first| first.0));
    set(config, "consumer_limits", spec.consumer_limits.as_ref().map(consumer_limits));
}

fn copies(config: &mut Config, spec: &StreamSpec) {
    let own_name = |from| Value::Object(source(from, from.name.as_str()));
    set(config, "mirror", spec.mirror.as_ref().map(own_name));
    let sources = spec.sources.as_ref().filter(|sources| !sources.is_empty());
    set(config, "sources", sources.map(|all| all.iter().map(own_name).collect::<Vec<_>>()));
    set(config, "subject_transform", spec.subject_transform.as_ref().map(transform));
    set(config, "republish", spec.republish.as_ref().map(republish));
}

fn switches(config: &mut Config, spec: &StreamSpec) {
    for (name, value) in [
        ("no_ack", spec.no_ack),
        ("sealed", spec.sealed),
        ("deny_delete", spec.deny_delete),
        ("deny_purge", spec.deny_purge),
        ("allow_rollup_hdrs", spec.allow_rollup),
        ("allow_direct", spec.allow_direct),
        ("mirror_direct", spec.mirror_direct),
        ("allow_msg_ttl", spec.allow_msg_ttl),
        ("allow_msg_counter", spec.allow_msg_counter),
        ("allow_atomic", spec.allow_atomic_publish),
        ("allow_msg_schedules", spec.allow_msg_schedules),
    ] {
        set(config, name, value);
    }
    let markers = lasting(spec.subject_delete_marker_ttl.as_ref());
    set_nonzero(config, "subject_delete_marker_ttl", markers);
    set(config, "persist_mode", spec.persist_mode.and_then(persist_mode));
}

fn retention(retention: Retention) -> &'static str {
    match retention {
        Retention::Limits => "limits",
        Retention::Interest => "interest",
        Retention::Workqueue => "workqueue",
    }
}

fn discard(discard: Discard) -> &'static str {
    match discard {
        Discard::Old => "old",
        Discard::New => "new",
    }
}

fn compression(compression: Compression) -> Option<&'static str> {
    match compression {
        Compression::S2 => Some("s2"),
        Compression::None => Some("none"),
        Compression::Unset => None,
    }
}

fn persist_mode(mode: PersistMode) -> Option<&'static str> {
    match mode {
        PersistMode::Default => Some("default"),
        PersistMode::Async => Some("async"),
        PersistMode::Unset => None,
    }
}

fn consumer_limits(limits: &ConsumerLimits) -> Value {
    let mut value = Config::new();
    let idle = lasting(limits.inactive_threshold.as_ref());
    set_nonzero(&mut value, "inactive_threshold", idle);
    set_nonzero(&mut value, "max_ack_pending", limits.max_ack_pending);
    Value::Object(value)
}
