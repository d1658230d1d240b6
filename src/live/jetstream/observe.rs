//! What an account holds: every stream and consumer by LIST, all of its pages
//! (shared/facts/jetstream.md §2.1, "Reading everything").

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::jetstream::{Config, consumer, stream};
use crate::live::nats::Connection;
use crate::live::{LiveError, Wanted};
use crate::world::{ConsumerState, Key, Object, StreamState, World, mark};

/// Which entries a list has, and where its next page starts.
struct Page {
    entries: Vec<Value>,
    total: u64,
}

/// An account while it is read.
pub(in crate::live) struct Site<'a> {
    pub(in crate::live) name: &'a str,
    /// Other sites that lead to the same account: each stream is kept under one of them.
    pub(in crate::live) same: BTreeSet<&'a str>,
}

impl Site<'_> {
    fn stream(&self, name: &str) -> Key {
        Key::Stream { site: self.name.to_owned(), name: name.to_owned() }
    }

    /// Whether a stream is wanted under this site; `None` where another site of the same account has it.
    fn wants(&self, stream: &str, ours: bool, wanted: &Wanted) -> Option<bool> {
        let is_wanted = |site: &str| {
            let key = Key::Stream { site: site.to_owned(), name: stream.to_owned() };
            wanted.streams.contains(&key)
        };
        if is_wanted(self.name) {
            return Some(true);
        }
        let first = self.same.iter().all(|other| self.name < *other);
        let elsewhere = self.same.iter().any(|other| is_wanted(other));
        if elsewhere || (ours && !first) { None } else { Some(ours) }
    }
}

/// Reads every stream that is wanted or owned by the project, and their consumers.
pub(in crate::live) async fn observe(
    nats: &Connection,
    site: &Site<'_>,
    wanted: &Wanted,
    world: &mut World,
) -> Result<(), LiveError> {
    world.accounts.insert(site.name.to_owned(), nats.account.clone());
    for entry in list(nats, "STREAM.LIST", "streams").await? {
        let Some(config) = entry.get("config").and_then(Value::as_object) else { continue };
        let name = text(config, "name");
        let key = site.stream(&name);
        let owner = mark::of_config(config);
        let ours = owner.as_ref().is_some_and(|owner| owner.project == wanted.project);
        let body = Value::Object(stream::normal(config));
        match site.wants(&name, ours, wanted) {
            None => continue,
            Some(false) => {
                world.others.insert(key, body);
                continue;
            }
            Some(true) => {}
        }
        let state = stream_state(&entry);
        let has_consumers = state.consumers > 0;
        world.objects.insert(key, Object { body, owner, state: Some(state), ..Object::default() });
        if has_consumers {
            consumers(nats, site.name, &name, world).await?;
        }
    }
    Ok(())
}

async fn consumers(
    nats: &Connection,
    site: &str,
    stream: &str,
    world: &mut World,
) -> Result<(), LiveError> {
    for entry in list(nats, &format!("CONSUMER.LIST.{stream}"), "consumers").await? {
        let Some(config) = entry.get("config").and_then(Value::as_object) else { continue };
        let name = entry.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
        let key = Key::Consumer { site: site.to_owned(), stream: stream.to_owned(), name };
        let object = Object {
            body: Value::Object(consumer::normal(config)),
            owner: mark::of_config(config),
            position: Some(position(&entry)),
            ..Object::default()
        };
        world.objects.insert(key, object);
    }
    Ok(())
}

fn stream_state(entry: &Value) -> StreamState {
    let state = entry.get("state").unwrap_or(&Value::Null);
    let count = |name: &str| state.get(name).and_then(Value::as_u64).unwrap_or_default();
    // An instant of the year 1 stands for none.
    let time = |name: &str| {
        let said = state.get(name).and_then(Value::as_str).unwrap_or_default();
        if said.starts_with("0001-") { String::new() } else { said.to_owned() }
    };
    StreamState {
        messages: count("messages"),
        bytes: count("bytes"),
        first_sequence: count("first_seq"),
        last_sequence: count("last_seq"),
        first_time: time("first_ts"),
        last_time: time("last_ts"),
        subjects: count("num_subjects"),
        consumers: count("consumer_count"),
    }
}

fn position(entry: &Value) -> ConsumerState {
    let count = |at: &str| entry.pointer(at).and_then(Value::as_u64).unwrap_or_default();
    ConsumerState {
        delivered: count("/delivered/stream_seq"),
        ack_floor: count("/ack_floor/stream_seq"),
        ack_pending: count("/num_ack_pending"),
        pending: count("/num_pending"),
        push_bound: entry.get("push_bound").and_then(Value::as_bool).unwrap_or_default(),
    }
}

/// Reads every page of a list. Paging is no snapshot: entries shift when others come and go, so
/// names are kept once and a short read is read again from the start.
async fn list(nats: &Connection, subject: &str, field: &str) -> Result<Vec<Value>, LiveError> {
    const TRIES: usize = 5;
    for _ in 0..TRIES {
        if let Some(entries) = read_through(nats, subject, field).await? {
            return Ok(entries);
        }
    }
    Err(LiveError::new(
        format!("{subject} of {} does not hold still", nats.account.name),
        format!("{TRIES} readings each missed entries while others came and went"),
        "try again when nobody else is making or deleting streams and consumers",
    ))
}

async fn read_through(
    nats: &Connection,
    subject: &str,
    field: &str,
) -> Result<Option<Vec<Value>>, LiveError> {
    let mut entries = Vec::new();
    let mut names = BTreeSet::new();
    let mut total = None;
    loop {
        let page = page(nats, subject, field, entries.len()).await?;
        // Another total than before: others came or went, and what was skipped is not known.
        if *total.get_or_insert(page.total) != page.total {
            return Ok(None);
        }
        let before = entries.len();
        for entry in page.entries {
            let name = entry.get("name").or_else(|| entry.pointer("/config/name"));
            if names.insert(name.and_then(Value::as_str).unwrap_or_default().to_owned()) {
                entries.push(entry);
            }
        }
        if entries.len() as u64 >= page.total {
            return Ok(Some(entries));
        }
        if entries.len() == before {
            return Ok(None);
        }
    }
}

async fn page(
    nats: &Connection,
    subject: &str,
    field: &str,
    offset: usize,
) -> Result<Page, LiveError> {
    let answer = nats
        .request(subject, Some(&json!({"offset": offset})))
        .await
        .map_err(|error| nats.unreadable(subject, &error))?;
    for silent in ["missing", "offline"] {
        if let Some(names) = answer.get(silent).filter(|names| !is_nothing(names)) {
            return Err(LiveError::new(
                format!("{subject} of {} is incomplete", nats.account.name),
                format!("{silent}: {names}"),
                "what is not listed is not absent: bring the servers that hold it up, then try again",
            ));
        }
    }
    let entries = answer.get(field).and_then(Value::as_array).cloned().unwrap_or_default();
    let total = answer.get("total").and_then(Value::as_u64).unwrap_or_default();
    Ok(Page { entries, total })
}

fn is_nothing(names: &Value) -> bool {
    match names {
        Value::Null => true,
        Value::Array(names) => names.is_empty(),
        Value::Object(names) => names.is_empty(),
        _ => false,
    }
}

fn text(config: &Config, name: &str) -> String {
    config.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}
