//! NACK's KeyValue and ObjectStore as the streams that they are on the wire (ADR-8, ADR-20, and what
//! the Go client writes, through which NACK's controllers make them).

use serde_json::{Value, json};

use crate::jetstream::Config;
use crate::jetstream::field::{set, set_nonzero};
use crate::model::nack::{KeyValueSpec, ObjectStoreSpec, StreamSource};

use super::{lasting, placement, republish, said, source, storage};

/// Two minutes, in nanoseconds: the longest duplicate window that the client asks for.
const DUPLICATE_WINDOW: u64 = 120_000_000_000;

/// The stream of a key-value bucket.
pub fn bucket_stream(bucket: &str) -> String {
    format!("KV_{bucket}")
}

/// The stream of a bucket that is copied from; the client takes the stream's own name as well.
pub fn origin_stream(bucket: &str) -> String {
    bucket_stream(plain(bucket))
}

/// The stream of an object store.
pub fn store_stream(bucket: &str) -> String {
    format!("OBJ_{bucket}")
}

/// The stream that a KeyValue asks for.
pub fn key_value(spec: &KeyValueSpec) -> Config {
    let bucket = spec.bucket.as_str();
    let age = lasting(spec.ttl.as_ref()).unwrap_or_default();
    let window = if age == 0 { DUPLICATE_WINDOW } else { age.min(DUPLICATE_WINDOW) };
    let history = spec.history.map_or(1, |history| history.0.max(1));
    let mut config = Config::new();
    config.insert("name".to_owned(), json!(bucket_stream(bucket)));
    set(&mut config, "description", said(spec.description.as_ref()));
    config.insert("max_msgs_per_subject".to_owned(), json!(history));
    config.insert("duplicate_window".to_owned(), json!(window));
    for (name, on) in [("allow_rollup_hdrs", true), ("deny_delete", true), ("allow_direct", true)] {
        config.insert(name.to_owned(), json!(on));
    }
    config.insert("discard".to_owned(), json!("new"));
    set_nonzero(&mut config, "max_age", Some(age));
    set_nonzero(&mut config, "max_bytes", spec.max_bytes.map(|limit| limit.0));
    set_nonzero(&mut config, "max_msg_size", spec.max_value_size.map(|limit| limit.0));
    set(&mut config, "storage", spec.storage.map(storage));
    set_nonzero(&mut config, "num_replicas", spec.replicas.map(|replicas| replicas.0));
    set(&mut config, "placement", spec.placement.as_ref().map(placement));
    set(&mut config, "republish", spec.republish.as_ref().map(republish));
    set(&mut config, "compression", spec.compression.filter(|on| *on).map(|_| "s2"));
    if let Some(markers) = spec.limit_marker_ttl.filter(|markers| markers.0 > 0) {
        config.insert("allow_msg_ttl".to_owned(), json!(true));
        config.insert("subject_delete_marker_ttl".to_owned(), json!(markers.0));
    }
    origins(&mut config, spec, bucket);
    config
}

/// What a bucket copies from, and so whether it has keys of its own.
fn origins(config: &mut Config, spec: &KeyValueSpec, bucket: &str) {
    if let Some(mirror) = &spec.mirror {
        let from = source(mirror, &origin_stream(mirror.name.as_str()));
        config.insert("mirror".to_owned(), Value::Object(from));
        config.insert("mirror_direct".to_owned(), json!(true));
        return;
    }
    config.insert("subjects".to_owned(), json!([subjects(bucket)]));
    let sources = spec.sources.as_ref().filter(|sources| !sources.is_empty());
    let sources =
        sources.map(|all| all.iter().map(|from| copied(from, bucket)).collect::<Vec<_>>());
    set(config, "sources", sources);
}

/// A source whose subjects are said is any stream; else it is a bucket, whose keys become this one's.
fn copied(from: &StreamSource, bucket: &str) -> Value {
    if from.subject_transforms.as_ref().is_some_and(|transforms| !transforms.is_empty()) {
        return Value::Object(source(from, from.name.as_str()));
    }
    let origin = plain(from.name.as_str());
    let mut value = source(from, &bucket_stream(origin));
    if !from.is_external() || origin != bucket {
        let renamed = json!([{"src": subjects(origin), "dest": subjects(bucket)}]);
        value.insert("subject_transforms".to_owned(), renamed);
    }
    Value::Object(value)
}

fn plain(bucket: &str) -> &str {
    bucket.strip_prefix("KV_").unwrap_or(bucket)
}

fn subjects(bucket: &str) -> String {
    format!("$KV.{bucket}.>")
}

/// The stream that an ObjectStore asks for.
pub fn object_store(spec: &ObjectStoreSpec) -> Config {
    let bucket = spec.bucket.as_str();
    let mut config = Config::new();
    config.insert("name".to_owned(), json!(store_stream(bucket)));
    set(&mut config, "description", said(spec.description.as_ref()));
    let subjects = json!([format!("$O.{bucket}.C.>"), format!("$O.{bucket}.M.>")]);
    config.insert("subjects".to_owned(), subjects);
    config.insert("discard".to_owned(), json!("new"));
    config.insert("allow_rollup_hdrs".to_owned(), json!(true));
    config.insert("allow_direct".to_owned(), json!(true));
    set_nonzero(&mut config, "max_age", lasting(spec.ttl.as_ref()));
    set_nonzero(&mut config, "max_bytes", spec.max_bytes.map(|limit| limit.0));
    set(&mut config, "storage", spec.storage.map(storage));
    set_nonzero(&mut config, "num_replicas", spec.replicas.map(|replicas| replicas.0));
    set(&mut config, "placement", spec.placement.as_ref().map(placement));
    set(&mut config, "compression", spec.compression.filter(|on| *on).map(|_| "s2"));
    config
}
