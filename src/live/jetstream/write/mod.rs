//! Writes to JetStream: read, compare with what the plan saw (`plan::guard`), change, and compare what
//! was stored with what was meant (shared/facts/jetstream.md §2.1). Decides nothing: what is written
//! stands in the step.

mod confirm;
mod subjects;

use serde_json::{Map, Value};

use crate::apply::rollout::{Outcome, Step};
use crate::jetstream::Config;
use crate::live::jetstream_api::{ApiError, RequestError};
use crate::live::nats::Connection;
use crate::plan::Mode;
use crate::plan::guard::{
    Found, Verdict, differences, is_as_planned, judge, leaves_metadata, normal, table,
};
use crate::world::{Key, mark};

use subjects::{Intent, Subjects};

pub(in crate::live) use confirm::confirm;

/// "stream not found" and "consumer not found".
const ABSENT: [u64; 2] = [10059, 10014];
/// "stream name already in use with a different configuration" and "consumer already exists".
const DIFFERENT: [u64; 2] = [10058, 10148];

/// What is said where marks were to go and did not.
const MARKED: &str = "it still has the project's marks";

/// "error creating store for stream".
const STORE: u64 = 10049;

/// Writes one stream or consumer, if it is still what the plan saw.
pub(in crate::live) async fn write(nats: &Connection, step: &Step) -> Outcome {
    let Some(subjects) = Subjects::of(&step.key) else {
        return Outcome::Failed("it is no object of JetStream".to_owned());
    };
    let writing = Writing { nats, step, subjects };
    if writing.is_made_blindly() {
        return writing.create().await;
    }
    match writing.find().await {
        Ok(found) => writing.guarded(found).await,
        Err(error) => Outcome::Failed(format!("it cannot be read: {error}")),
    }
}

struct Writing<'a> {
    nats: &'a Connection,
    step: &'a Step,
    subjects: Subjects,
}

impl Writing<'_> {
    /// A create of what was absent needs no look: the server takes an identical one for done, and
    /// answers that a different one exists. Before 2.14.6 a consumer's create could hurt one that
    /// exists (nats-server #8491).
    fn is_made_blindly(&self) -> bool {
        let safe = match self.step.key {
            Key::Consumer { .. } => self.nats.is_at_least((2, 14, 6)),
            _ => true,
        };
        safe && self.step.write.mode == Mode::Put && self.step.write.observed.is_none()
    }

    async fn find(&self) -> Result<Option<Found>, RequestError> {
        match self.nats.request(&self.subjects.info, None).await {
            Ok(info) => Ok(Some(Found {
                messages: info.get("state").and_then(|state| state.get("messages")?.as_u64()),
                config: info.get("config").and_then(Value::as_object).cloned().unwrap_or_default(),
            })),
            Err(RequestError::Api(error)) if ABSENT.contains(&error.err_code) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn guarded(&self, found: Option<Found>) -> Outcome {
        match judge(&self.step.key, &self.step.write, found.as_ref()) {
            Verdict::Done => Outcome::Done { uid: None },
            Verdict::Stale(why) => Outcome::Stale(why),
            Verdict::Go => match (self.step.write.mode, found) {
                (Mode::Put, Some(found)) => self.update(found.config).await,
                (Mode::Put, None) => self.create().await,
                (Mode::Replace, _) => self.replace().await,
                (Mode::Delete, _) => self.delete().await,
                (Mode::Forget, Some(found)) => self.forget(found.config).await,
                (Mode::Forget, None) => Outcome::Done { uid: None },
            },
        }
    }

    async fn create(&self) -> Outcome {
        self.send(Config::new(), Intent::Create).await
    }

    async fn update(&self, live: Config) -> Outcome {
        self.send(live, Intent::Update).await
    }

    async fn send(&self, live: Config, intent: Intent) -> Outcome {
        match self.request(live, intent).await {
            Ok(answer) => match self.stored(&answer) {
                Outcome::Failed(why) => self.looked_at_again(why).await,
                stored => stored,
            },
            Err(error) => self.after(error).await,
        }
    }

    async fn request(
        &self,
        live: Config,
        intent: Intent,
    ) -> Result<Map<String, Value>, RequestError> {
        let (subject, body) = self.subjects.request(merged(self.step, live), intent);
        self.nats.request(subject, Some(&body)).await
    }

    /// An error does not prove that nothing was written: the reply may be what was lost, and some
    /// servers answer an error to what they did.
    async fn after(&self, error: RequestError) -> Outcome {
        match self.find().await {
            Ok(Some(found)) if is_as_planned(&self.step.key, &self.step.write, &found) => {
                Outcome::Done { uid: None }
            }
            Ok(found) if is_difference(&error) => {
                match judge(&self.step.key, &self.step.write, found.as_ref()) {
                    Verdict::Stale(why) => Outcome::Stale(why),
                    _ => Outcome::Failed(refused(&error)),
                }
            }
            Ok(_) => Outcome::Failed(refused(&error)),
            Err(_) => {
                Outcome::Failed(format!("{}; what is there now cannot be read", refused(&error)))
            }
        }
    }

    async fn delete(&self) -> Outcome {
        let answer = self.nats.request(&self.subjects.delete, None).await;
        match (answer, self.find().await) {
            (_, Ok(None)) => Outcome::Done { uid: None },
            (Ok(_), Ok(Some(_))) => {
                Outcome::Failed("the server says it is deleted, and it is still there".to_owned())
            }
            (Ok(_), Err(error)) => {
                Outcome::Failed(format!("whether it is gone cannot be read: {error}"))
            }
            (Err(error), _) => Outcome::Failed(refused(&error)),
        }
    }

    /// Takes the marks off, and leaves all else as it is.
    async fn forget(&self, mut config: Config) -> Outcome {
        mark::take_from_config(&mut config);
        let (subject, body) = self.subjects.request(config, Intent::Update);
        let answer = self.nats.request(subject, Some(&body)).await;
        // An error does not prove that nothing was written.
        match (answer, self.find().await) {
            (_, Ok(None)) => Outcome::Done { uid: None },
            (_, Ok(Some(found))) if mark::of_config(&found.config).is_none() => {
                Outcome::Done { uid: None }
            }
            (Err(error), _) => Outcome::Failed(refused(&error)),
            (Ok(_), _) => Outcome::Failed(MARKED.to_owned()),
        }
    }

    /// Deletes and makes anew. While the server still removes the folder of what was deleted, it may
    /// refuse the new one (10049), or bring the old messages back into it: then once more.
    async fn replace(&self) -> Outcome {
        const TRIES: usize = 50;
        match self.delete().await {
            Outcome::Done { .. } => {}
            other => return other,
        }
        let mut why = String::new();
        for _ in 0..TRIES {
            match self.request(Config::new(), Intent::Create).await {
                Ok(answer) if !self.is_revived().await => return self.stored(&answer),
                Ok(_) => {
                    why = "the server brought the old messages back".to_owned();
                    if let Outcome::Failed(why) = self.delete().await {
                        return Outcome::Broken(why);
                    }
                }
                Err(RequestError::Api(error)) if error.err_code == STORE => {
                    why = error.text;
                }
                Err(error) => {
                    return match self.after(error).await {
                        Outcome::Failed(why) => Outcome::Broken(why),
                        other => other,
                    };
                }
            }
            crate::live::pause().await;
        }
        Outcome::Broken(why)
    }

    /// Whether a stream holds messages that are older than itself.
    async fn is_revived(&self) -> bool {
        let Ok(info) = self.nats.request(&self.subjects.info, None).await else { return false };
        let time = |at: Option<&Value>| at?.as_str()?.parse::<jiff::Timestamp>().ok();
        let state = info.get("state");
        let holds = state.and_then(|state| state.get("messages")?.as_u64()) > Some(0);
        let first = time(state.and_then(|state| state.get("first_ts")));
        holds && first.is_some() && first < time(info.get("created"))
    }

    /// What is there after an answer that does not say what was meant. After a restart that nobody
    /// ordered, nats-server 2.15.2 answers the first update of a consumer with what it was before, and
    /// has stored what it was sent.
    async fn looked_at_again(&self, why: String) -> Outcome {
        match self.find().await {
            Ok(Some(found)) if is_as_planned(&self.step.key, &self.step.write, &found) => {
                Outcome::Done { uid: None }
            }
            _ => Outcome::Failed(why),
        }
    }

    /// Compares what the server says it stored with what was meant: older servers drop fields that
    /// they do not know, and say nothing.
    fn stored(&self, answer: &Map<String, Value>) -> Outcome {
        let Some(config) = answer.get("config").and_then(Value::as_object) else {
            return Outcome::Failed("the server's answer holds no configuration".to_owned());
        };
        match difference(self.step, config) {
            None => Outcome::Done { uid: None },
            Some(why) => Outcome::Failed(why),
        }
    }
}

/// How a configuration differs from what a step was to write.
fn difference(step: &Step, config: &Config) -> Option<String> {
    let planned = step.write.body.as_object()?;
    if mark::of_config(config).as_ref() != Some(&step.write.owner) {
        return Some("the server does not keep metadata: evctl needs 2.10 or newer".to_owned());
    }
    let changes = differences(&step.key, &step.write, planned, config);
    let field = changes.first()?;
    Some(format!("the server stored {} as {}, not {}", field.field, field.to, field.from))
}

fn is_difference(error: &RequestError) -> bool {
    matches!(error, RequestError::Api(ApiError { err_code, .. }) if DIFFERENT.contains(err_code))
}

fn refused(error: &RequestError) -> String {
    match error {
        RequestError::Api(_) => format!("the server refuses it: {error}"),
        _ => format!("no answer that can be relied on: {error}"),
    }
}

/// The live configuration with every field that the rule book knows, and that differs, set as planned. What
/// the rule book does not know stays as it is: an update replaces all that it leaves out by defaults.
fn merged(step: &Step, live: Config) -> Config {
    let same = normal(&step.key, &live);
    let mut config = live;
    let keeps_metadata = leaves_metadata(&step.write);
    for field in table(&step.key) {
        if keeps_metadata && field.name == "metadata" {
            continue;
        }
        match step.write.body.get(field.name) {
            // A time may be the same and spelt otherwise, which the server takes for a change.
            Some(value)
                if config.contains_key(field.name) && same.get(field.name) == Some(value) =>
            {
                None
            }
            Some(value) => config.insert(field.name.to_owned(), value.clone()),
            None => config.remove(field.name),
        };
    }
    mark::put_on_config(&mut config, &step.write.owner);
    config
}
