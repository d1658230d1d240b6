//! NACK's Consumer as a consumer's configuration.

use serde_json::json;

use crate::jetstream::Config;
use crate::jetstream::field::{set, set_nonzero};
use crate::model::duration::GoDuration;
use crate::model::nack::{AckPolicy, ConsumerSpec, DeliverPolicy, PriorityPolicy, ReplayPolicy};
use crate::model::text::{InstantOrEmpty, SampleFrequency};

use super::{lasting, said, subject};

/// Two minutes, in nanoseconds: after how much silence the server pins another client where nothing
/// is said.
const PRIORITY_TIMEOUT: u64 = 120_000_000_000;

/// The consumer that a Consumer asks for.
pub fn consumer(spec: &ConsumerSpec) -> Config {
    let mut config = Config::new();
    config.insert("durable_name".to_owned(), json!(spec.durable_name.as_str()));
    set(&mut config, "description", said(spec.description.as_ref()));
    start(&mut config, spec);
    acknowledgement(&mut config, spec);
    filters(&mut config, spec);
    delivery(&mut config, spec);
    priority(&mut config, spec);
    config
}

fn start(config: &mut Config, spec: &ConsumerSpec) {
    set(config, "deliver_policy", spec.deliver_policy.map(deliver_policy));
    match spec.deliver_policy {
        Some(DeliverPolicy::ByStartSequence) => {
            set_nonzero(config, "opt_start_seq", spec.opt_start_seq.map(|first| first.0));
        }
        Some(DeliverPolicy::ByStartTime) => {
            set(config, "opt_start_time", instant(spec.opt_start_time.as_ref()));
        }
        _ => {}
    }
    set(config, "replay_policy", spec.replay_policy.map(replay_policy));
    set(config, "pause_until", instant(spec.pause_until.as_ref()));
}

fn acknowledgement(config: &mut Config, spec: &ConsumerSpec) {
    set(config, "ack_policy", spec.ack_policy.map(ack_policy));
    set_nonzero(config, "ack_wait", lasting(spec.ack_wait.as_ref()));
    set_nonzero(config, "max_deliver", spec.max_deliver.map(|limit| limit.0));
    let waits = spec.backoff.as_ref().filter(|waits| !waits.is_empty());
    let waits = waits.map(|all| all.iter().map(GoDuration::nanoseconds).collect::<Vec<_>>());
    set(config, "backoff", waits);
    set_nonzero(config, "max_ack_pending", spec.max_ack_pending);
    set(config, "sample_freq", spec.sample_freq.as_ref().and_then(sampled));
}

/// One subject is written as one, whichever of the two fields it stands in.
fn filters(config: &mut Config, spec: &ConsumerSpec) {
    let filters = spec.filters();
    match filters.as_slice() {
        [] => {}
        [one] => set(config, "filter_subject", Some(one.as_str())),
        _ => set(config, "filter_subjects", Some(filters)),
    }
}

fn delivery(config: &mut Config, spec: &ConsumerSpec) {
    set(config, "deliver_subject", subject(spec.deliver_subject.as_ref()));
    set(config, "deliver_group", said(spec.deliver_group.as_ref()));
    set(config, "flow_control", spec.flow_control);
    set_nonzero(config, "idle_heartbeat", lasting(spec.heartbeat_interval.as_ref()));
    set_nonzero(config, "rate_limit_bps", spec.rate_limit_bps);
    set(config, "headers_only", spec.headers_only);
    set_nonzero(config, "max_waiting", spec.max_waiting);
    set_nonzero(config, "max_batch", spec.max_request_batch);
    set_nonzero(config, "max_expires", lasting(spec.max_request_expires.as_ref()));
    set_nonzero(config, "max_bytes", spec.max_request_max_bytes);
    set_nonzero(config, "inactive_threshold", lasting(spec.inactive_threshold.as_ref()));
    set_nonzero(config, "num_replicas", spec.replicas);
    set(config, "mem_storage", spec.mem_storage);
}

/// A policy without groups is none, and groups without a policy are none: so do the controllers.
fn priority(config: &mut Config, spec: &ConsumerSpec) {
    let groups = spec.priority_groups.as_ref().filter(|groups| !groups.is_empty());
    let (Some(policy), Some(groups)) = (spec.priority_policy.and_then(priority_policy), groups)
    else {
        return;
    };
    set(config, "priority_policy", Some(policy));
    set(config, "priority_groups", Some(groups.clone()));
    if spec.priority_policy == Some(PriorityPolicy::PinnedClient) {
        let silence = lasting(spec.pinned_ttl.as_ref()).unwrap_or(PRIORITY_TIMEOUT);
        set_nonzero(config, "priority_timeout", Some(silence));
    }
}

fn instant(at: Option<&InstantOrEmpty>) -> Option<&str> {
    at.map(InstantOrEmpty::as_str).filter(|at| !at.is_empty())
}

/// As the controllers write it, with the sign; nothing for none.
fn sampled(share: &SampleFrequency) -> Option<String> {
    let digits = share.as_str().trim_end_matches('%');
    (digits != "0").then(|| format!("{digits}%"))
}

fn deliver_policy(policy: DeliverPolicy) -> &'static str {
    match policy {
        DeliverPolicy::All => "all",
        DeliverPolicy::Last => "last",
        DeliverPolicy::New => "new",
        DeliverPolicy::ByStartSequence => "by_start_sequence",
        DeliverPolicy::ByStartTime => "by_start_time",
        DeliverPolicy::LastPerSubject => "last_per_subject",
    }
}

fn ack_policy(policy: AckPolicy) -> &'static str {
    match policy {
        AckPolicy::None => "none",
        AckPolicy::All => "all",
        AckPolicy::Explicit => "explicit",
    }
}

fn replay_policy(policy: ReplayPolicy) -> &'static str {
    match policy {
        ReplayPolicy::Instant => "instant",
        ReplayPolicy::Original => "original",
    }
}

fn priority_policy(policy: PriorityPolicy) -> Option<&'static str> {
    match policy {
        PriorityPolicy::PinnedClient => Some("pinned_client"),
        PriorityPolicy::Overflow => Some("overflow"),
        PriorityPolicy::Prioritized => Some("prioritized"),
        PriorityPolicy::None | PriorityPolicy::Unset => None,
    }
}
