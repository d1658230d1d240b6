//! How each field of a configuration is called by NACK's kinds, and how its value is said there.

use serde_json::{Map, Value, json};

/// How a value is said.
#[derive(Debug, Clone, Copy)]
pub(super) enum How {
    /// As it is.
    Same,
    /// Nanoseconds, as Go writes durations.
    Duration,
    Durations,
    /// `by_start_time` as `byStartTime`.
    Camel,
    /// A mapping of fields, or a list of such.
    Parts(&'static [Word]),
}

/// A field: in JetStream, in the manifest, and how it is said.
pub(super) type Word = (&'static str, &'static str, How);

const TRANSFORM: &[Word] = &[("src", "source", How::Same), ("dest", "dest", How::Same)];
const SOURCE: &[Word] = &[
    ("name", "name", How::Same),
    ("opt_start_seq", "optStartSeq", How::Same),
    ("opt_start_time", "optStartTime", How::Same),
    ("filter_subject", "filterSubject", How::Same),
    ("subject_transforms", "subjectTransforms", How::Parts(TRANSFORM)),
];
const PLACEMENT: &[Word] = &[("cluster", "cluster", How::Same), ("tags", "tags", How::Same)];
const LIMITS: &[Word] = &[
    ("inactive_threshold", "inactiveThreshold", How::Duration),
    ("max_ack_pending", "maxAckPending", How::Same),
];
const REPUBLISH: &[Word] = &[("src", "source", How::Same), ("dest", "destination", How::Same)];

/// The fields of a Stream.
pub(super) const STREAM: &[Word] = &[
    ("name", "name", How::Same),
    ("description", "description", How::Same),
    ("subjects", "subjects", How::Same),
    ("retention", "retention", How::Same),
    ("max_consumers", "maxConsumers", How::Same),
    ("max_msgs", "maxMsgs", How::Same),
    ("max_bytes", "maxBytes", How::Same),
    ("discard", "discard", How::Same),
    ("discard_new_per_subject", "discardPerSubject", How::Same),
    ("max_age", "maxAge", How::Duration),
    ("max_msgs_per_subject", "maxMsgsPerSubject", How::Same),
    ("max_msg_size", "maxMsgSize", How::Same),
    ("storage", "storage", How::Same),
    ("num_replicas", "replicas", How::Same),
    ("no_ack", "noAck", How::Same),
    ("duplicate_window", "duplicateWindow", How::Duration),
    ("placement", "placement", How::Parts(PLACEMENT)),
    ("mirror", "mirror", How::Parts(SOURCE)),
    ("sources", "sources", How::Parts(SOURCE)),
    ("sealed", "sealed", How::Same),
    ("deny_delete", "denyDelete", How::Same),
    ("deny_purge", "denyPurge", How::Same),
    ("allow_rollup_hdrs", "allowRollup", How::Same),
    ("compression", "compression", How::Same),
    ("first_seq", "firstSequence", How::Same),
    ("subject_transform", "subjectTransform", How::Parts(TRANSFORM)),
    ("republish", "republish", How::Parts(REPUBLISH)),
    ("allow_direct", "allowDirect", How::Same),
    ("mirror_direct", "mirrorDirect", How::Same),
    ("allow_msg_ttl", "allowMsgTtl", How::Same),
    ("subject_delete_marker_ttl", "subjectDeleteMarkerTtl", How::Duration),
    ("allow_msg_counter", "allowMsgCounter", How::Same),
    ("allow_atomic", "allowAtomicPublish", How::Same),
    ("allow_msg_schedules", "allowMsgSchedules", How::Same),
    ("persist_mode", "persistMode", How::Same),
    ("consumer_limits", "consumerLimits", How::Parts(LIMITS)),
    ("metadata", "metadata", How::Same),
];

/// The fields of a Consumer.
pub(super) const CONSUMER: &[Word] = &[
    ("durable_name", "durableName", How::Same),
    ("description", "description", How::Same),
    ("deliver_policy", "deliverPolicy", How::Camel),
    ("opt_start_seq", "optStartSeq", How::Same),
    ("opt_start_time", "optStartTime", How::Same),
    ("deliver_subject", "deliverSubject", How::Same),
    ("deliver_group", "deliverGroup", How::Same),
    ("ack_policy", "ackPolicy", How::Same),
    ("ack_wait", "ackWait", How::Duration),
    ("max_deliver", "maxDeliver", How::Same),
    ("backoff", "backoff", How::Durations),
    ("filter_subject", "filterSubject", How::Same),
    ("filter_subjects", "filterSubjects", How::Same),
    ("replay_policy", "replayPolicy", How::Same),
    ("sample_freq", "sampleFreq", How::Same),
    ("max_waiting", "maxWaiting", How::Same),
    ("rate_limit_bps", "rateLimitBps", How::Same),
    ("max_ack_pending", "maxAckPending", How::Same),
    ("flow_control", "flowControl", How::Same),
    ("headers_only", "headersOnly", How::Same),
    ("idle_heartbeat", "heartbeatInterval", How::Duration),
    ("max_batch", "maxRequestBatch", How::Same),
    ("max_expires", "maxRequestExpires", How::Duration),
    ("max_bytes", "maxRequestMaxBytes", How::Same),
    ("inactive_threshold", "inactiveThreshold", How::Duration),
    ("pause_until", "pauseUntil", How::Same),
    ("priority_policy", "priorityPolicy", How::Same),
    ("priority_timeout", "pinnedTtl", How::Duration),
    ("priority_groups", "priorityGroups", How::Same),
    ("num_replicas", "replicas", How::Same),
    ("mem_storage", "memStorage", How::Same),
    ("metadata", "metadata", How::Same),
];

/// The fields of a KeyValue beside its bucket.
pub(super) const KEY_VALUE: &[Word] = &[
    ("description", "description", How::Same),
    ("max_msg_size", "maxValueSize", How::Same),
    ("max_msgs_per_subject", "history", How::Same),
    ("max_age", "ttl", How::Duration),
    ("subject_delete_marker_ttl", "limitMarkerTtl", How::Same),
    ("max_bytes", "maxBytes", How::Same),
    ("storage", "storage", How::Same),
    ("num_replicas", "replicas", How::Same),
    ("placement", "placement", How::Parts(PLACEMENT)),
    ("republish", "republish", How::Parts(REPUBLISH)),
    ("mirror", "mirror", How::Parts(SOURCE)),
    ("sources", "sources", How::Parts(SOURCE)),
];

/// The fields of an ObjectStore beside its bucket.
pub(super) const OBJECT_STORE: &[Word] = &[
    ("description", "description", How::Same),
    ("max_age", "ttl", How::Duration),
    ("max_bytes", "maxBytes", How::Same),
    ("storage", "storage", How::Same),
    ("num_replicas", "replicas", How::Same),
    ("placement", "placement", How::Parts(PLACEMENT)),
    ("metadata", "metadata", How::Same),
];

/// The fields of a configuration as a manifest says them; what has no word is left out.
pub(super) fn translated(config: &Map<String, Value>, words: &[Word]) -> Map<String, Value> {
    let mut said: Map<String, Value> = words
        .iter()
        .filter_map(|(from, to, how)| Some(((*to).to_owned(), how.say(config.get(*from)?))))
        .collect();
    // A source in another account is said by two fields of its own.
    if let Some(external) = config.get("external").and_then(Value::as_object) {
        for (from, to) in [("api", "externalApiPrefix"), ("deliver", "externalDeliverPrefix")] {
            let text = external.get(from).and_then(Value::as_str).filter(|text| !text.is_empty());
            said.extend(text.map(|text| (to.to_owned(), json!(text))));
        }
    }
    said
}

impl How {
    fn say(self, value: &Value) -> Value {
        match (self, value) {
            (Self::Duration, Value::Number(number)) => {
                json!(go(number.as_u64().unwrap_or_default()))
            }
            (Self::Durations, Value::Array(items)) => {
                items.iter().map(|item| Self::Duration.say(item)).collect()
            }
            (Self::Camel, Value::String(text)) => json!(camel(text)),
            (Self::Parts(words), Value::Object(fields)) => Value::Object(translated(fields, words)),
            (Self::Parts(_), Value::Array(items)) => {
                items.iter().map(|item| self.say(item)).collect()
            }
            _ => value.clone(),
        }
    }
}

fn camel(text: &str) -> String {
    let mut words = text.split('_');
    let mut said = words.next().unwrap_or_default().to_owned();
    for word in words {
        let (first, rest) = word.split_at(word.len().min(1));
        said += &first.to_ascii_uppercase();
        said += rest;
    }
    said
}

/// Nanoseconds as Go writes durations, exactly.
pub(super) fn go(nanoseconds: u64) -> String {
    const SECOND: u64 = 1_000_000_000;
    let small = [(SECOND, ""), (1_000_000, "ms"), (1_000, "us"), (1, "ns")];
    let (unit, name) =
        small.into_iter().find(|(unit, _)| nanoseconds.is_multiple_of(*unit)).unwrap_or((1, "ns"));
    if unit < SECOND {
        return format!("{}{name}", nanoseconds / unit);
    }
    let seconds = nanoseconds / SECOND;
    let parts = [(seconds / 3600, "h"), (seconds / 60 % 60, "m"), (seconds % 60, "s")];
    let said: String = parts
        .iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, unit)| format!("{number}{unit}"))
        .collect();
    if said.is_empty() { "0s".to_owned() } else { said }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_gos() {
        for (nanoseconds, text) in [
            (0, "0s"),
            (1, "1ns"),
            (1_500, "1500ns"),
            (2_000, "2us"),
            (500_000_000, "500ms"),
            (90_000_000_000, "1m30s"),
            (604_800_000_000_000, "168h"),
            (3_601_000_000_000, "1h1s"),
        ] {
            assert_eq!(go(nanoseconds), text);
        }
        assert_eq!(camel("by_start_time"), "byStartTime");
        assert_eq!(camel("all"), "all");
    }
}
