//! JetStream: LIST to observe, read-modify-write to change, and a look at what was stored after
//! each write (shared/facts/jetstream.md §2.1).

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::apply::rollout::{Outcome, Step};
use crate::jetstream::change::between;
use crate::jetstream::field::Field;
use crate::jetstream::{Config, consumer, stream};
use crate::world::{ConsumerState, Key, Object, StreamState, World, mark};

use super::nats::{Connection, RequestError};
use super::{LiveError, Wanted};

/// Which entries a list has, and where its next page starts.
struct Page {
    entries: Vec<Value>,
    total: u64,
}

/// Reads every stream that is wanted or owned by the project, and their consumers.
pub(super) async fn observe(
    nats: &Connection,
    wanted: &Wanted,
    world: &mut World,
) -> Result<(), LiveError> {
    world.accounts.insert(String::new(), nats.account.clone());
    for entry in list(nats, "STREAM.LIST", "streams").await? {
        let Some(config) = entry.get("config").and_then(Value::as_object) else { continue };
        let name = text(config, "name");
        let owner = mark::of_config(config);
        let ours = owner.as_ref().is_some_and(|owner| owner.project == wanted.project);
        if !ours && !wanted.streams.contains(&name) {
            continue;
        }
        let state = stream_state(&entry);
        let has_consumers = state.consumers > 0;
        let body = Value::Object(stream::normal(config));
        let key = Key::Stream { site: String::new(), name: name.clone() };
        world.objects.insert(key, Object { body, owner, state: Some(state), ..Object::default() });
        if has_consumers {
            consumers(nats, &name, world).await?;
        }
    }
    Ok(())
}

async fn consumers(nats: &Connection, stream: &str, world: &mut World) -> Result<(), LiveError> {
    for entry in list(nats, &format!("CONSUMER.LIST.{stream}"), "consumers").await? {
        let Some(config) = entry.get("config").and_then(Value::as_object) else { continue };
        let name = entry.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
        let key = Key::Consumer { site: String::new(), stream: stream.to_owned(), name };
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

/// Writes one stream or consumer, if it is still what the plan saw.
pub(super) async fn write(nats: &Connection, step: &Step) -> Outcome {
    let Some(subjects) = Subjects::of(&step.key) else {
        return Outcome::Failed("it is no object of JetStream".to_owned());
    };
    let live = match nats.request(&subjects.info, None).await {
        Ok(info) => info.get("config").and_then(Value::as_object).cloned(),
        Err(RequestError::Api(error)) if matches!(error.err_code, 10014 | 10059) => None,
        Err(error) => return Outcome::Failed(format!("it cannot be read: {error}")),
    };
    if let Some(why) = stale(&subjects, step, live.as_ref()) {
        return Outcome::Stale(why);
    }
    let Some(config) = merged(subjects.table, step, live.clone()) else {
        return Outcome::Failed("the plan holds no configuration for it".to_owned());
    };
    let (subject, payload) = subjects.request(config, live.is_some());
    match nats.request(&subject, Some(&payload)).await {
        Ok(answer) => stored(&subjects, step, &answer),
        Err(error) => Outcome::Failed(format!("the server refuses it: {error}")),
    }
}

/// How the API speaks of one object.
struct Subjects {
    info: String,
    create: String,
    update: String,
    /// A consumer's stream.
    stream: Option<String>,
    table: &'static [Field],
    normal: fn(&Config) -> Config,
}

impl Subjects {
    /// `None` for what is not JetStream's.
    fn of(key: &Key) -> Option<Self> {
        match key {
            Key::Object(_) => None,
            Key::Consumer { stream, name, .. } => Some(Self {
                info: format!("CONSUMER.INFO.{stream}.{name}"),
                create: format!("CONSUMER.CREATE.{stream}.{name}"),
                update: format!("CONSUMER.CREATE.{stream}.{name}"),
                stream: Some(stream.clone()),
                table: consumer::FIELDS,
                normal: consumer::normal,
            }),
            Key::Stream { name, .. } => Some(Self {
                info: format!("STREAM.INFO.{name}"),
                create: format!("STREAM.CREATE.{name}"),
                update: format!("STREAM.UPDATE.{name}"),
                stream: None,
                table: stream::FIELDS,
                normal: stream::normal,
            }),
        }
    }

    fn request(&self, mut config: Config, exists: bool) -> (String, Value) {
        let subject = if exists { &self.update } else { &self.create }.clone();
        let Some(stream) = &self.stream else { return (subject, Value::Object(config)) };
        let name = config.get("durable_name").cloned().unwrap_or_default();
        config.insert("name".to_owned(), name);
        let action = if exists { "update" } else { "create" };
        (subject, json!({"stream_name": stream, "config": config, "action": action}))
    }
}

fn stale(subjects: &Subjects, step: &Step, live: Option<&Config>) -> Option<String> {
    let seen = step.write.observed.as_ref().and_then(Value::as_object);
    match (seen, live) {
        (None, None) => None,
        (None, Some(_)) => Some("it has appeared since the plan was made".to_owned()),
        (Some(_), None) => Some("it has gone since the plan was made".to_owned()),
        (Some(_), Some(live)) if mark::of_config(live) != step.write.observed_owner => {
            Some("its owner has changed since the plan was made".to_owned())
        }
        (Some(seen), Some(live)) => {
            let changes = between(subjects.table, seen, &(subjects.normal)(live));
            let first = changes.first()?;
            Some(format!(
                "{} was {} when the plan was made and is {} now",
                first.field, first.from, first.to
            ))
        }
    }
}

/// The live configuration with every field that the rule book knows set as planned. What the rule
/// book does not know stays as it is: an update replaces all that it leaves out by defaults.
fn merged(table: &[Field], step: &Step, live: Option<Config>) -> Option<Config> {
    let planned = step.write.body.as_object()?;
    let mut config = live.unwrap_or_default();
    for field in table {
        match planned.get(field.name) {
            Some(value) => config.insert(field.name.to_owned(), value.clone()),
            None => config.remove(field.name),
        };
    }
    mark::put_on_config(&mut config, &step.write.owner);
    Some(config)
}

/// Compares what the server says it stored with what was meant: older servers drop fields that they
/// do not know, and say nothing.
fn stored(subjects: &Subjects, step: &Step, answer: &Map<String, Value>) -> Outcome {
    let (Some(planned), Some(config)) =
        (step.write.body.as_object(), answer.get("config").and_then(Value::as_object))
    else {
        return Outcome::Failed("the server's answer holds no configuration".to_owned());
    };
    if mark::of_config(config).as_ref() != Some(&step.write.owner) {
        return Outcome::Failed(
            "the server does not keep metadata: evctl needs 2.10 or newer".to_owned(),
        );
    }
    match between(subjects.table, planned, &(subjects.normal)(config)).first() {
        None => Outcome::Done { uid: None },
        Some(field) => Outcome::Failed(format!(
            "the server stored {} as {}, not {}",
            field.field, field.to, field.from
        )),
    }
}

fn text(config: &Config, name: &str) -> String {
    config.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}
