//! NACK's Stream: its fields, and the rules and traps of its CRD and controllers.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::diag::{Code, Severity};
use crate::model::duration::GoDurationOrEmpty;
use crate::model::number::{Bounded, Count, Limit, SmallLimit};
use crate::model::path::Path;
use crate::model::reading::Reading;
use crate::model::text::{AccountName, StreamName, Subject};

use super::shared::{
    Placement, Republish, Storage, StreamSource, SubjectTransform, Tls, check_metadata,
};

/// A stream of JetStream that NACK makes and keeps up to date.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StreamSpec {
    /// The stream's name in JetStream, such as `ORDERS`.
    pub name: StreamName,
    /// What the stream is for.
    pub description: Option<String>,
    /// The subjects whose messages are kept, wildcards allowed; the stream's name where it is left out
    /// and nothing is copied.
    pub subjects: Option<Vec<Subject>>,
    /// Which messages are kept; limits where it is left out.
    pub retention: Option<Retention>,
    /// How many consumers; -1 (the default) is unlimited.
    pub max_consumers: Option<Limit>,
    /// How many messages; -1 (the default) is unlimited.
    pub max_msgs: Option<Limit>,
    /// How many bytes; -1 (the default) is unlimited.
    pub max_bytes: Option<Limit>,
    /// What a full stream does; `old` where it is left out.
    pub discard: Option<Discard>,
    /// Whether `maxMsgsPerSubject` refuses new messages. Needs `discard: new`.
    pub discard_per_subject: Option<bool>,
    /// How old a message gets, as Go writes durations (`24h`). Left out or empty: for ever, but with
    /// `--control-loop` a year.
    pub max_age: Option<GoDurationOrEmpty>,
    /// How many messages of one subject; 0 (the default) is unlimited.
    pub max_msgs_per_subject: Option<i64>,
    /// How big one message may be, in bytes; -1 (the default) is unlimited.
    pub max_msg_size: Option<SmallLimit>,
    /// Where messages are kept. Left out: **memory** with NACK, on disk where evctl makes the stream
    /// itself.
    pub storage: Option<Storage>,
    /// How many servers of a cluster keep the stream; 1 where it is left out.
    pub replicas: Option<Bounded<1, { i32::MAX as i64 }>>,
    /// Whether publishers get no acknowledgement.
    pub no_ack: Option<bool>,
    /// How long a message id is remembered, as Go writes durations (`2m`).
    pub duplicate_window: Option<GoDurationOrEmpty>,
    /// Where in a cluster the stream lives.
    pub placement: Option<Placement>,
    /// The stream that this one is a copy of. Then it has no subjects of its own.
    pub mirror: Option<StreamSource>,
    /// Streams that this one copies from.
    pub sources: Option<Vec<StreamSource>>,
    /// Whether nothing may be added or deleted any more. For an existing stream.
    pub sealed: Option<bool>,
    /// Whether messages cannot be deleted by the API. Never to be taken back.
    pub deny_delete: Option<bool>,
    /// Whether the stream cannot be purged by the API. Never to be taken back.
    pub deny_purge: Option<bool>,
    /// Whether a message with the header `Nats-Rollup` replaces all before it.
    pub allow_rollup: Option<bool>,
    /// How messages are compressed on disk; not at all where it is left out or empty.
    pub compression: Option<Compression>,
    /// The sequence of the first message.
    pub first_sequence: Option<Count>,
    /// How the subject of a message changes as it comes in.
    pub subject_transform: Option<SubjectTransform>,
    /// Messages that are published once more after they were stored.
    pub republish: Option<Republish>,
    /// Whether single messages can be read from every replica.
    pub allow_direct: Option<bool>,
    /// Whether single messages of the origin can be read from this mirror.
    pub mirror_direct: Option<bool>,
    /// Whether a header can say how old a message gets (nats-server 2.11).
    pub allow_msg_ttl: Option<bool>,
    /// How long marks of deleted subjects stay, as Go writes durations (nats-server 2.11).
    pub subject_delete_marker_ttl: Option<GoDurationOrEmpty>,
    /// Whether messages are counters (nats-server 2.12).
    pub allow_msg_counter: Option<bool>,
    /// Whether messages can be published in batches, all or none (nats-server 2.12).
    pub allow_atomic_publish: Option<bool>,
    /// Whether messages can be scheduled (nats-server 2.12).
    pub allow_msg_schedules: Option<bool>,
    /// Whether writes are answered before they are on disk (nats-server 2.12).
    pub persist_mode: Option<PersistMode>,
    /// What consumers of the stream may ask for.
    pub consumer_limits: Option<ConsumerLimits>,
    /// Labels of the stream in JetStream.
    pub metadata: Option<BTreeMap<String, String>>,
    /// The Account, in the same namespace, that says how to connect; only controllers that run with
    /// `--crd-connect` (or `--control-loop`) look.
    pub account: Option<AccountName>,
    /// The path of a credentials file that is mounted into the controller.
    pub creds: Option<String>,
    /// The path of an nkey seed that is mounted into the controller.
    pub nkey: Option<String>,
    /// URLs of servers; the controller's own where it is left out.
    pub servers: Option<Vec<String>>,
    /// Certificates to connect with.
    pub tls: Option<Tls>,
    /// Whether TLS begins before the server has said anything.
    pub tls_first: Option<bool>,
    /// The JetStream domain; the server's own where it is left out.
    pub js_domain: Option<String>,
    /// Whether what was made stays when this object goes. Without it, it is deleted with its data.
    pub prevent_delete: Option<bool>,
    /// Whether what was made stays as it is when this object changes.
    pub prevent_update: Option<bool>,
}

/// Which messages a stream keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Retention {
    /// All, within the limits.
    Limits,
    /// Those that a consumer still wants.
    Interest,
    /// Those that nobody has acknowledged.
    Workqueue,
}

/// What a full stream does with one more message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Discard {
    /// Drops the oldest.
    Old,
    /// Refuses the new one.
    New,
}

/// How messages are compressed on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Compression {
    /// With S2.
    S2,
    /// Not at all.
    None,
    /// Nothing said.
    #[serde(rename = "")]
    Unset,
}

/// When a write is answered. The CRD takes any text, and what is none of these has no effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum PersistMode {
    /// Once it is on disk.
    Default,
    /// At once.
    Async,
    /// Nothing said.
    #[serde(rename = "")]
    Unset,
}

/// What consumers of a stream may ask for.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ConsumerLimits {
    /// After how much idleness a consumer goes, as Go writes durations.
    pub inactive_threshold: Option<GoDurationOrEmpty>,
    /// How many messages may wait for their acknowledgement.
    pub max_ack_pending: Option<i64>,
}

/// The rules and traps of a Stream.
pub(super) fn check(spec: &StreamSpec, reading: &mut Reading<'_>) {
    check_metadata(spec.metadata.as_ref(), reading);
    let at = Path::of("spec");
    if spec.storage.is_none() {
        let message = "`storage` is left out, and NACK's CRD then says memory: a restart of the \
                       servers loses every message (file where evctl makes the stream itself)";
        let help = "write `storage: file`, or `storage: memory` if that is meant";
        reading.fault_at_key(Code::ImplicitDefault, &at, message, help);
    }
    if spec.max_age.as_ref().is_none_or(|age| age.as_str().is_empty()) {
        let message = "`maxAge` is left out: messages stay for ever, but a year only with NACK's \
                       `--control-loop`, although its CRD says \"empty for unlimited\"";
        let help = "write the age that is meant; with `--control-loop` unlimited cannot be said";
        let path = if spec.max_age.is_some() { at.key("maxAge") } else { at.clone() };
        reading.fault_at_key(Code::ImplicitDefault, &path, message, help);
        reading.weigh_last(Severity::Note);
    }
    if spec.discard_per_subject == Some(true)
        && (spec.discard != Some(Discard::New) || spec.max_msgs_per_subject.is_none_or(|n| n <= 0))
    {
        let path = at.key("discardPerSubject");
        let message = "`discardPerSubject` needs `discard: new` and a `maxMsgsPerSubject` above 0; \
                       the server refuses the stream without (10052)";
        reading.fault(Code::InvalidValue, &path, message, "write both, or take it away");
    }
}
