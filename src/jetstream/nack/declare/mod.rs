//! Streams and consumers as NACK's kinds declare them: the way back. What is declared is lowered again and
//! compared, so that what the kinds cannot say is found whatever it is.

mod words;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::jetstream::Config;
use crate::jetstream::field::Field;
use crate::jetstream::metadata::{OBJECT, PROJECT};
use crate::jetstream::{consumer as consumer_rules, stream as stream_rules};
use crate::model::nack::{ConsumerSpec, KeyValueSpec, ObjectStoreSpec, StreamSpec};

use super::{consumer, key_value, object_store, stream};

use words::{CONSUMER, KEY_VALUE, OBJECT_STORE, STREAM, Word, translated};

/// A manifest's kind and spec.
#[derive(Debug, Clone, PartialEq)]
pub struct Declared {
    pub kind: &'static str,
    pub spec: Value,
}

/// The fields of a configuration that no kind of NACK's says, as the server calls them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsayable(pub Vec<String>);

/// What declares a live stream: a KeyValue or ObjectStore where it is exactly such, else a Stream.
///
/// # Errors
/// The fields that cannot be declared.
pub fn declare_stream(live: &Config) -> Result<Declared, Unsayable> {
    let normal = stream_rules::normal(live);
    let name = normal.get("name").and_then(Value::as_str).unwrap_or_default();
    let stores = [("KV_", "KeyValue"), ("OBJ_", "ObjectStore")];
    for (prefix, kind) in stores {
        if let Some(bucket) = name.strip_prefix(prefix)
            && let Some(declared) = store(&normal, kind, bucket)
        {
            return Ok(declared);
        }
    }
    // Whatever is changed of such a stream, its server makes it republish everything.
    let republish = normal.get("republish").and_then(Value::as_object);
    if republish.is_some_and(|republish| republish.get("dest").is_none_or(|dest| dest == "")) {
        return Err(Unsayable(vec!["republish".to_owned()]));
    }
    let spec = spec(&normal, STREAM, stream_rules::FIELDS, &["name", "subjects", "storage"]);
    let lower = |spec: &StreamSpec| stream_rules::into_normal(stream(spec));
    let spec = settled(&normal, spec, lower)?;
    Ok(Declared { kind: "Stream", spec: Value::Object(spec) })
}

/// What declares a live consumer of a stream.
///
/// # Errors
/// The fields that cannot be declared.
pub fn declare_consumer(stream: &str, live: &Config) -> Result<Declared, Unsayable> {
    let normal = consumer_rules::normal(live);
    let firm = ["durable_name", "ack_policy", "ack_wait", "deliver_policy"];
    let mut spec = spec(&normal, CONSUMER, consumer_rules::FIELDS, &firm);
    // Without acknowledgements nothing is waited for.
    if normal.get("ack_policy").is_some_and(|policy| policy == "none") {
        spec.remove("ackWait");
    }
    spec.insert("streamName".to_owned(), json!(stream));
    let lower = |spec: &ConsumerSpec| consumer_rules::into_normal(consumer(spec));
    let spec = settled(&normal, spec, lower)?;
    Ok(Declared { kind: "Consumer", spec: Value::Object(spec) })
}

fn store(normal: &Config, kind: &'static str, bucket: &str) -> Option<Declared> {
    let words = if kind == "KeyValue" { KEY_VALUE } else { OBJECT_STORE };
    let mut spec = spec(normal, words, stream_rules::FIELDS, &["storage"]);
    spec.insert("bucket".to_owned(), json!(bucket));
    if normal.get("compression").is_some_and(|compression| compression == "s2") {
        spec.insert("compression".to_owned(), json!(true));
    }
    let spec = if kind == "KeyValue" {
        plain_sources(&mut spec);
        settled(normal, spec, |spec: &KeyValueSpec| stream_rules::into_normal(key_value(spec)))
    } else {
        settled(normal, spec, |spec: &ObjectStoreSpec| {
            stream_rules::into_normal(object_store(spec))
        })
    };
    Some(Declared { kind, spec: Value::Object(spec.ok()?) })
}

/// Buckets that are copied from are named without what the stream's name and the keys' subjects add.
fn plain_sources(spec: &mut Map<String, Value>) {
    let plain = |source: &mut Value| {
        let Some(source) = source.as_object_mut() else { return };
        let name = source.get("name").and_then(Value::as_str).and_then(|n| n.strip_prefix("KV_"));
        if let Some(name) = name.map(str::to_owned) {
            source.insert("name".to_owned(), json!(name));
            source.remove("subjectTransforms");
        }
    };
    if let Some(mirror) = spec.get_mut("mirror") {
        plain(mirror);
    }
    spec.get_mut("sources").and_then(Value::as_array_mut).into_iter().flatten().for_each(plain);
}

/// The fields that are not as the server would have them by itself, and those that are better said.
fn spec(normal: &Config, words: &[Word], table: &[Field], firm: &[&str]) -> Map<String, Value> {
    let is_default = |name: &str, value: &Value| {
        let field = table.iter().find(|field| field.name == name);
        field.is_some_and(|field| field.normal(None).as_ref() == Some(value))
    };
    let mut said: Config = normal
        .iter()
        .filter(|(name, value)| firm.contains(&name.as_str()) || !is_default(name, value))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    plain_metadata(&mut said);
    translated(&said, words)
}

/// Metadata as a manifest may say it: not at all where somebody has used names that are the server's, as what
/// no manifest says stays as it is.
fn plain_metadata(said: &mut Config) {
    let Some(metadata) = said.get_mut("metadata").and_then(Value::as_object_mut) else { return };
    metadata.retain(|name, _| ![PROJECT, OBJECT].contains(&name.as_str()));
    let is_server_s = metadata.keys().any(|name| name.starts_with("_nats."));
    if is_server_s || metadata.is_empty() {
        said.remove("metadata");
    }
}

/// What the server fills in by other fields: left out where it would fill in the same.
const FOLLOWING: [&str; 3] = ["duplicateWindow", "maxAckPending", "maxWaiting"];

/// The spec where it comes to what is live, without what follows from the rest of it.
fn settled<Spec: DeserializeOwned>(
    live: &Config,
    mut spec: Map<String, Value>,
    lower: impl Fn(&Spec) -> Config,
) -> Result<Map<String, Value>, Unsayable> {
    same(live, lowered(&spec, &lower))?;
    for name in FOLLOWING {
        if let Some(value) = spec.remove(name)
            && same(live, lowered(&spec, &lower)).is_err()
        {
            spec.insert(name.to_owned(), value);
        }
    }
    Ok(spec)
}

fn lowered<Spec: DeserializeOwned>(
    spec: &Map<String, Value>,
    lower: impl Fn(&Spec) -> Config,
) -> Option<Config> {
    let spec: Spec = serde_json::from_value(Value::Object(spec.clone())).ok()?;
    Some(lower(&spec))
}

/// Whether what was declared comes to what is live. Metadata is laid on apart from the rest.
fn same(live: &Config, again: Option<Config>) -> Result<(), Unsayable> {
    let Some(again) = again else {
        return Err(Unsayable(vec!["a value that the kind does not take".to_owned()]));
    };
    let names = live.keys().chain(again.keys()).filter(|name| *name != "metadata");
    let mut differing: Vec<String> =
        names.filter(|name| live.get(*name) != again.get(*name)).cloned().collect();
    differing.sort();
    differing.dedup();
    if differing.is_empty() { Ok(()) } else { Err(Unsayable(differing)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(value: Value) -> Config {
        let Value::Object(config) = value else { panic!("a mapping") };
        config
    }

    #[track_caller]
    fn check(live: Value, kind: &str, spec: &Value) {
        let declared = declare_stream(&config(live)).unwrap();
        assert_eq!((declared.kind, &declared.spec), (kind, spec));
    }

    #[test]
    fn streams_are_declared() {
        check(
            json!({"name": "A", "subjects": ["a"], "metadata": {"team": "x"}}),
            "Stream",
            &json!({"name": "A", "subjects": ["a"], "storage": "file", "metadata": {"team": "x"}}),
        );
        check(
            json!({
                "name": "B", "max_age": 90_000_000_000_u64, "retention": "workqueue",
                "sources": [{"name": "A", "external": {"api": "$JS.x.API", "deliver": ""}}],
            }),
            "Stream",
            &json!({
                "name": "B", "maxAge": "1m30s", "retention": "workqueue", "storage": "file",
                "sources": [{"name": "A", "externalApiPrefix": "$JS.x.API"}],
            }),
        );
    }

    #[test]
    fn buckets_are_what_they_are() {
        let bucket = serde_json::from_value::<KeyValueSpec>(json!({"bucket": "b", "history": 5}));
        let live = key_value(&bucket.unwrap());
        let spec = json!({"bucket": "b", "history": 5, "storage": "file"});
        check(Value::Object(live.clone()), "KeyValue", &spec);
        // One that is no bucket in something is a stream.
        let mut other = live;
        other.insert("deny_delete".to_owned(), json!(false));
        assert_eq!(declare_stream(&other).unwrap().kind, "Stream");
    }

    #[test]
    fn what_cannot_be_said_is_said() {
        let republish = json!({"src": "a", "dest": "b", "headers_only": true});
        let live = config(json!({"name": "A", "subjects": ["a"], "republish": republish}));
        assert_eq!(declare_stream(&live), Err(Unsayable(vec!["republish".to_owned()])));
    }

    #[test]
    fn consumers_are_declared() {
        let live = config(json!({
            "durable_name": "c", "ack_policy": "explicit", "ack_wait": 30_000_000_000_u64,
            "deliver_policy": "by_start_time", "opt_start_time": "2026-01-01T00:00:00Z",
        }));
        let declared = declare_consumer("A", &live).unwrap();
        assert_eq!(
            declared.spec,
            json!({
                "durableName": "c", "streamName": "A", "ackPolicy": "explicit", "ackWait": "30s",
                "deliverPolicy": "byStartTime", "optStartTime": "2026-01-01T00:00:00Z",
            })
        );
    }
}
