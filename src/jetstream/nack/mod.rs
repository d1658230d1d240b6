//! What NACK's kinds ask of JetStream (its controllers at f6dad09, its CRDs; shared/facts/jetstream.md
//! §1): every field that is written, in the server's words. What is left out stays out, so that the
//! server's own default counts, and not the CRD's (docs/decisions/0007-nack.md).

mod consumer;
pub mod declare;
mod store;
mod stream;

use serde_json::{Value, json};

use crate::model::duration::{GoDurationOrEmpty, Nanoseconds};
use crate::model::nack::{Placement, Republish, Storage, StreamSource, SubjectTransform};
use crate::model::text::{InstantOrEmpty, SubjectOrEmpty};

use super::Config;
use super::field::{set, set_nonzero};

pub use consumer::consumer;
pub use store::{bucket_stream, key_value, object_store, origin_stream, store_stream};
pub use stream::stream;

/// A text, unless it is empty.
fn said(text: Option<&String>) -> Option<String> {
    text.filter(|text| !text.is_empty()).cloned()
}

/// A duration, unless it is empty.
fn lasting(duration: Option<&GoDurationOrEmpty>) -> Option<Nanoseconds> {
    duration.and_then(GoDurationOrEmpty::nanoseconds)
}

fn storage(storage: Storage) -> &'static str {
    match storage {
        Storage::File => "file",
        Storage::Memory => "memory",
    }
}

fn placement(placement: &Placement) -> Value {
    let mut value = Config::new();
    set(&mut value, "cluster", said(placement.cluster.as_ref()));
    set(&mut value, "tags", placement.tags.clone().filter(|tags| !tags.is_empty()));
    Value::Object(value)
}

/// Another stream to copy from, by the name that it has in JetStream.
fn source(source: &StreamSource, name: &str) -> Config {
    let mut value = Config::new();
    value.insert("name".to_owned(), json!(name));
    set_nonzero(&mut value, "opt_start_seq", source.opt_start_seq.map(|first| first.0));
    let time = source.opt_start_time.as_ref().map(InstantOrEmpty::as_str);
    set(&mut value, "opt_start_time", time.filter(|time| !time.is_empty()));
    set(&mut value, "filter_subject", subject(source.filter_subject.as_ref()));
    let api = said(source.external_api_prefix.as_ref());
    let deliver = said(source.external_deliver_prefix.as_ref());
    if source.is_external() {
        let external =
            json!({"api": api.unwrap_or_default(), "deliver": deliver.unwrap_or_default()});
        value.insert("external".to_owned(), external);
    }
    let transforms = source.subject_transforms.as_ref().filter(|all| !all.is_empty());
    let transforms = transforms.map(|all| all.iter().map(transform).collect::<Vec<_>>());
    set(&mut value, "subject_transforms", transforms);
    value
}

fn subject(subject: Option<&SubjectOrEmpty>) -> Option<&str> {
    subject.map(SubjectOrEmpty::as_str).filter(|subject| !subject.is_empty())
}

fn transform(transform: &SubjectTransform) -> Value {
    let source = subject(transform.source.as_ref()).unwrap_or_default();
    json!({"src": source, "dest": transform.dest.as_deref().unwrap_or_default()})
}

fn republish(republish: &Republish) -> Value {
    let mut value = Config::new();
    set(&mut value, "src", subject(republish.source.as_ref()));
    set(&mut value, "dest", republish.destination.clone());
    Value::Object(value)
}
