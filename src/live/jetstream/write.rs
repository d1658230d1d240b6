//! Writes to JetStream: read, compare with what the plan saw, change, and compare what was stored with
//! what was meant (shared/facts/jetstream.md §2.1).

use serde_json::{Map, Value, json};

use crate::apply::rollout::{Outcome, Step};
use crate::jetstream::change::between;
use crate::jetstream::field::Field;
use crate::jetstream::{Config, consumer, stream};
use crate::live::nats::{Connection, RequestError};
use crate::world::{Key, mark};

/// Writes one stream or consumer, if it is still what the plan saw.
pub(in crate::live) async fn write(nats: &Connection, step: &Step) -> Outcome {
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
