//! NACK's Consumer: its fields, and the rules and traps of its CRD and controllers.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::diag::{Code, Severity};
use crate::model::duration::GoDurationOrEmpty;
use crate::model::number::{Count, Limit};
use crate::model::path::Path;
use crate::model::reading::Reading;
use crate::model::text::{
    AccountName, InstantOrEmpty, SampleFrequency, StreamName, Subject, SubjectOrEmpty,
};

use super::shared::{Tls, check_metadata};

/// A consumer of JetStream that NACK makes and keeps up to date.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ConsumerSpec {
    /// The consumer's name in JetStream. The CRD does not demand it; the controllers cannot do without.
    pub durable_name: StreamName,
    /// The name in JetStream of the stream to read, which is a Stream's `spec.name`.
    pub stream_name: StreamName,
    /// Where in the stream the consumer starts; `all` where it is left out.
    pub deliver_policy: Option<DeliverPolicy>,
    /// The first sequence, with `byStartSequence`.
    pub opt_start_seq: Option<Count>,
    /// The first instant, with `byStartTime`.
    pub opt_start_time: Option<InstantOrEmpty>,
    /// The subject that messages are pushed to. Without it, they are pulled.
    pub deliver_subject: Option<SubjectOrEmpty>,
    /// How messages are acknowledged. Left out: **none**, unlike what most clients do.
    pub ack_policy: Option<AckPolicy>,
    /// How long the server waits for an acknowledgement, as Go writes durations (`30s`). Left out:
    /// **one nanosecond** with NACK, 30 s where evctl makes the consumer itself; empty: 30 s.
    pub ack_wait: Option<GoDurationOrEmpty>,
    /// How often a message is delivered at most; -1 is unlimited.
    pub max_deliver: Option<Limit>,
    /// The waits between attempts, as Go writes durations; the last repeats. Replaces `ackWait`.
    pub backoff: Option<Vec<crate::model::duration::GoDuration>>,
    /// Which of the stream's subjects, wildcards allowed.
    pub filter_subject: Option<SubjectOrEmpty>,
    /// Which of the stream's subjects, where it is more than one (nats-server 2.10).
    pub filter_subjects: Option<Vec<Subject>>,
    /// How fast old messages are delivered; `instant` where it is left out.
    pub replay_policy: Option<ReplayPolicy>,
    /// How many acknowledgements are sampled, in percent. The default controller reads no `%`.
    pub sample_freq: Option<SampleFrequency>,
    /// How many pulls may wait.
    pub max_waiting: Option<i64>,
    /// Bits per second that are pushed.
    pub rate_limit_bps: Option<i64>,
    /// How many messages may wait for their acknowledgement.
    pub max_ack_pending: Option<i64>,
    /// The queue group of those who listen, with `deliverSubject`.
    pub deliver_group: Option<String>,
    /// What the consumer is for.
    pub description: Option<String>,
    /// Whether the server holds back while messages are not taken, with `deliverSubject`.
    pub flow_control: Option<bool>,
    /// Whether only headers are delivered.
    pub headers_only: Option<bool>,
    /// How often the server says that it is there, as Go writes durations, with `deliverSubject`.
    pub heartbeat_interval: Option<GoDurationOrEmpty>,
    /// The most messages that one pull may ask for.
    pub max_request_batch: Option<i64>,
    /// The longest that one pull may wait, as Go writes durations.
    pub max_request_expires: Option<GoDurationOrEmpty>,
    /// The most bytes that one pull may ask for.
    pub max_request_max_bytes: Option<i64>,
    /// After how much idleness the consumer goes, as Go writes durations.
    pub inactive_threshold: Option<GoDurationOrEmpty>,
    /// Until when nothing is delivered (nats-server 2.11). On an existing consumer the server keeps
    /// what it has.
    pub pause_until: Option<InstantOrEmpty>,
    /// Who of several that pull gets messages (nats-server 2.11).
    pub priority_policy: Option<PriorityPolicy>,
    /// After how much silence another one is pinned, as Go writes durations, with `pinned_client`.
    pub pinned_ttl: Option<GoDurationOrEmpty>,
    /// The groups of `priorityPolicy`; one, for now.
    pub priority_groups: Option<Vec<String>>,
    /// How many servers keep the consumer; as many as the stream where it is left out.
    pub replicas: Option<i64>,
    /// Whether the consumer's position is kept in memory alone.
    pub mem_storage: Option<bool>,
    /// Labels of the consumer in JetStream.
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

/// Where in a stream a consumer starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum DeliverPolicy {
    All,
    Last,
    New,
    ByStartSequence,
    ByStartTime,
    LastPerSubject,
}

/// How messages are acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum AckPolicy {
    /// Not at all: what is delivered counts as done.
    None,
    /// An acknowledgement counts for all before it.
    All,
    /// Each on its own.
    Explicit,
}

/// How fast old messages are delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ReplayPolicy {
    Instant,
    Original,
}

/// Who of several that pull gets messages. The CRD takes any text; the controllers refuse others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PriorityPolicy {
    /// One, until it falls silent.
    PinnedClient,
    /// Those that ask while much waits.
    Overflow,
    /// The one of the lowest priority number.
    Prioritized,
    /// Whoever asks first.
    None,
    /// Nothing said.
    #[serde(rename = "")]
    Unset,
}

impl ConsumerSpec {
    /// The subjects that the consumer reads; empty is all.
    pub fn filters(&self) -> Vec<String> {
        let one = self.filter_subject.as_ref().map(SubjectOrEmpty::as_str);
        let several = self.filter_subjects.iter().flatten().map(Subject::as_str);
        one.filter(|subject| !subject.is_empty())
            .into_iter()
            .chain(several)
            .map(str::to_owned)
            .collect()
    }
}

/// The rules and traps of a Consumer.
pub(super) fn check(spec: &ConsumerSpec, reading: &mut Reading<'_>) {
    check_metadata(spec.metadata.as_ref(), reading);
    acknowledgement(spec, reading);
    start(spec, reading);
    priority(spec, reading);
    let at = Path::of("spec");
    let several = spec.filter_subjects.as_ref().is_some_and(|subjects| !subjects.is_empty());
    if several && spec.filters().len() > spec.filter_subjects.iter().flatten().count() {
        let message =
            "`filterSubject` and `filterSubjects` are both there; NACK's controllers refuse that";
        let path = at.key("filterSubject");
        reading.fault(Code::InvalidValue, &path, message, "put it among `filterSubjects`");
    }
    if spec.sample_freq.as_ref().is_some_and(|share| share.as_str().ends_with('%')) {
        let message = "NACK's default controller reads `sampleFreq` as a plain number and fails on `%`; \
                       with `--control-loop` it is fine";
        let path = at.key("sampleFreq");
        reading.fault(Code::UnworkableSetting, &path, message, "write the number alone, in quotes");
        reading.weigh_last(Severity::Warning);
    }
}

fn acknowledgement(spec: &ConsumerSpec, reading: &mut Reading<'_>) {
    let at = Path::of("spec");
    match spec.ack_policy {
        None => {
            let message = "`ackPolicy` is left out, and NACK's CRD, as the server, then says none: \
                           nothing is ever delivered a second time (most clients say explicit)";
            let help = "write `ackPolicy: explicit`, or `ackPolicy: none` if that is meant";
            reading.fault_at_key(Code::ImplicitDefault, &at, message, help);
        }
        Some(AckPolicy::None) => {}
        Some(AckPolicy::All | AckPolicy::Explicit) => ack_wait(spec, reading),
    }
}

/// What NACK's CRD fills in, and what its pedantic requests meet (nats-server 2.11 and newer).
fn ack_wait(spec: &ConsumerSpec, reading: &mut Reading<'_>) {
    let at = Path::of("spec");
    let first = spec.backoff.iter().flatten().next();
    match (&spec.ack_wait, first) {
        (None, None) => {
            let message = "`ackWait` is left out, and NACK's CRD then says one nanosecond: every message \
                           is delivered again at once, until `maxDeliver` is used up (30 s where evctl \
                           makes the consumer itself)";
            let help = "write `ackWait: 30s`, which is the server's own default";
            reading.fault_at_key(Code::ImplicitDefault, &at, message, help);
        }
        (None, Some(first)) => {
            let message = "`ackWait` is left out, and NACK's CRD then says one nanosecond: beside \
                           `backoff` NACK's request is refused (10157; where evctl makes the consumer \
                           itself, the first of `backoff` counts)";
            let help = format!("write `ackWait: {}`, the first of `backoff`", first.as_str());
            reading.fault_at_key(Code::ImplicitDefault, &at, message, help);
        }
        (Some(wait), Some(first)) => {
            let wait = wait.nanoseconds();
            if wait.is_some_and(|wait| wait != first.nanoseconds()) {
                let message = "`ackWait` has no effect beside `backoff`, whose first wait counts; NACK's \
                               request is refused for it (10157)";
                let help = format!("write `ackWait: {}`, or take `backoff` away", first.as_str());
                reading.fault(Code::IgnoredField, &at.key("ackWait"), message, help);
            }
        }
        (Some(_), None) => {}
    }
}

fn start(spec: &ConsumerSpec, reading: &mut Reading<'_>) {
    let at = Path::of("spec");
    let by_sequence = spec.deliver_policy == Some(DeliverPolicy::ByStartSequence);
    let by_time = spec.deliver_policy == Some(DeliverPolicy::ByStartTime);
    let sequence = spec.opt_start_seq.is_some_and(|sequence| sequence.0 > 0);
    let time = spec.opt_start_time.as_ref().is_some_and(|time| !time.as_str().is_empty());
    if by_sequence && !sequence {
        let help =
            "add the first sequence, from 1 on; the server refuses the consumer without (10094)";
        reading.missing(&at.key("optStartSeq"), help);
    }
    if by_time && !time {
        reading.missing(
            &at.key("optStartTime"),
            "add it; NACK's controllers refuse the consumer without",
        );
    }
    for (field, given, policy) in [
        ("optStartSeq", sequence && !by_sequence, "byStartSequence"),
        ("optStartTime", time && !by_time, "byStartTime"),
    ] {
        if given {
            let message = format!("`{field}` has no effect without `deliverPolicy: {policy}`");
            let help = "write that policy, or take the field away";
            reading.fault(Code::IgnoredField, &at.key(field), message, help);
        }
    }
}

fn priority(spec: &ConsumerSpec, reading: &mut Reading<'_>) {
    let at = Path::of("spec");
    let pinned = spec.priority_policy == Some(PriorityPolicy::PinnedClient);
    let ttl = spec.pinned_ttl.as_ref().is_some_and(|ttl| !ttl.as_str().is_empty());
    let policy =
        !matches!(spec.priority_policy, None | Some(PriorityPolicy::None | PriorityPolicy::Unset));
    let groups = spec.priority_groups.as_ref().is_some_and(|groups| !groups.is_empty());
    if policy && !groups {
        let message = "`priorityPolicy` has no effect without `priorityGroups`";
        let help = "name a group, or take the policy away";
        reading.fault(Code::IgnoredField, &at.key("priorityPolicy"), message, help);
    } else if pinned && !ttl {
        let message = "`priorityPolicy: pinned_client` has no effect without `pinnedTtl`: NACK then sets \
                       no policy at all (where evctl makes the consumer itself, it is set, with the \
                       server's own 2m)";
        let help = "add `pinnedTtl`, such as 2m";
        reading.fault(Code::IgnoredField, &at.key("priorityPolicy"), message, help);
    }
    if ttl && !pinned {
        let message = "`pinnedTtl` has no effect without `priorityPolicy: pinned_client`";
        reading.fault(
            Code::IgnoredField,
            &at.key("pinnedTtl"),
            message,
            "write it, or take this away",
        );
    }
    if !policy && groups {
        let message = "`priorityGroups` has no effect without a `priorityPolicy`";
        let help = "write the policy, or take the groups away";
        reading.fault(Code::IgnoredField, &at.key("priorityGroups"), message, help);
    }
}
