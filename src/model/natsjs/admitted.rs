//! A NatsJetStreamChannel as the webhook writes it back: what admission adds, takes away and spells
//! another way (shared/facts/jetstream.md §4). Pure: a document in, a document out, without the
//! annotations that say who it was.

use serde_json::{Map, Value, json};

use crate::model::duration::{GoDuration, Nanoseconds};

/// Which fields of a part are durations, always there once the part is.
const STREAM_DURATIONS: &[&str] = &["maxAge", "duplicateWindow"];
const CONSUMER_DURATIONS: &[&str] = &["ackWait", "fetchMaxWait"];

/// The document after admission.
pub fn admitted(mut body: Value) -> Value {
    if let Some(annotations) =
        mapping(&mut body, "metadata").and_then(|metadata| mapping(metadata, "annotations"))
    {
        annotations["messaging.knative.dev/subscribable"] = json!("v1");
    }
    if let Some(spec) = mapping(&mut body, "spec") {
        spec_admitted(spec);
    }
    body
}

fn spec_admitted(spec: &mut Value) {
    let stream = mapping(spec, "stream").and_then(Value::as_object_mut);
    if let Some(stream) = stream {
        without_zeros(stream);
        if let Some(config) = stream.get_mut("config").and_then(Value::as_object_mut) {
            without_zeros(config);
            durations(config, STREAM_DURATIONS);
        }
    }
    let template = spec.get_mut("consumerConfigTemplate").and_then(Value::as_object_mut);
    if let Some(template) = template {
        without_zeros(template);
        durations(template, CONSUMER_DURATIONS);
        template.entry("replayPolicy").or_insert_with(|| json!(""));
    }
    let deployment = spec.get_mut("deploymentSpecTemplate").and_then(Value::as_object_mut);
    if let Some(deployment) = deployment {
        deployment.entry("resources").or_insert_with(|| json!({}));
    }
}

/// The mapping under a key, made where it is not there.
fn mapping<'v>(of: &'v mut Value, key: &str) -> Option<&'v mut Value> {
    let value = of.as_object_mut()?.entry(key).or_insert_with(|| json!({}));
    value.is_object().then_some(value)
}

/// Go leaves out what is zero or empty; objects behind pointers stay.
fn without_zeros(fields: &mut Map<String, Value>) {
    fields.retain(|_, value| match value {
        Value::Null => false,
        Value::Bool(value) => *value,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(_) => true,
    });
}

fn durations(fields: &mut Map<String, Value>, names: &[&str]) {
    for name in names {
        let value = fields.entry(*name).or_insert_with(|| json!("0s"));
        let read = value.as_str().and_then(|text| GoDuration::parse(text).ok());
        if let Some(duration) = read {
            *value = json!(as_go_writes(duration.nanoseconds()));
        }
    }
}

/// A duration as Go writes it: `1h2m3.004s`, `1m30s`, `250ms`, `0s`.
pub fn as_go_writes(nanoseconds: Nanoseconds) -> String {
    const SECOND: u64 = 1_000_000_000;
    match nanoseconds {
        0 => "0s".to_owned(),
        1..1_000 => format!("{nanoseconds}ns"),
        1_000..1_000_000 => format!("{}µs", with_fraction(nanoseconds, 1_000)),
        1_000_000..SECOND => format!("{}ms", with_fraction(nanoseconds, 1_000_000)),
        _ => {
            let (minutes, rest) = (nanoseconds / (60 * SECOND), nanoseconds % (60 * SECOND));
            let seconds = with_fraction(rest, SECOND);
            match (minutes / 60, minutes % 60) {
                (0, 0) => format!("{seconds}s"),
                (0, minutes) => format!("{minutes}m{seconds}s"),
                (hours, minutes) => format!("{hours}h{minutes}m{seconds}s"),
            }
        }
    }
}

fn with_fraction(value: u64, unit: u64) -> String {
    let digits = unit.ilog10() as usize;
    let fraction = format!("{:0digits$}", value % unit);
    let fraction = fraction.trim_end_matches('0');
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{}{point}{fraction}", value / unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_written_as_go_writes_them() {
        for (nanoseconds, text) in [
            (0, "0s"),
            (1, "1ns"),
            (1_500, "1.5µs"),
            (250_000_000, "250ms"),
            (90_000_000_000, "1m30s"),
            (3_600_000_000_000, "1h0m0s"),
            (3_723_004_000_000, "1h2m3.004s"),
        ] {
            assert_eq!(as_go_writes(nanoseconds), text);
        }
    }
}
