//! What the server will not change in place, as steps that lose nothing: a copy beside the original,
//! publishers and consumers moved over, the original replaced (docs/replacing-streams.md). Every step
//! is requests of JetStream's API that can be sent as they stand, and what must be true before the
//! next. Pure: carries nothing out, and knows positions as the plan saw them.

mod consumer;
mod stream;
mod text;

#[cfg(test)]
mod cases;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::jetstream::field::Field;
use crate::jetstream::{consumer as consumer_rules, stream as stream_rules};
use crate::world::{Account, Key, Object, World, mark};

/// How to replace a stream or consumer without losing a message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Recipe {
    pub method: Method,
    /// The account's JetStream domain, or empty.
    #[serde(default)]
    pub domain: String,
    /// What to know before one starts.
    pub notes: Vec<String>,
    /// In order; each only once the one before has come true.
    pub steps: Vec<Step>,
}

/// What carries the messages over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// A mirror that is promoted: sequences and times stay. Server 2.12 and newer.
    Mirror,
    /// A stream that sources the original: sequences and times are new.
    Source,
    /// The stream stays: a consumer is made again at its position.
    Position,
}

/// One step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Step {
    /// What it does, and what that means for publishers and consumers.
    pub what: String,
    /// What the clients of its consumers must do, where they cannot simply go on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clients: Option<Clients>,
    /// Requests to JetStream's API, in order.
    pub requests: Vec<Request>,
    /// What must be true before the next step; absent where the answers say enough.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Until>,
}

/// What clients of consumers must do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Clients {
    /// Stop before the step's requests are sent.
    Stop,
    /// Go on once the step has come true.
    Start,
}

/// One request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Request {
    /// The subject, after the API's prefix: `STREAM.CREATE.ORDERS`.
    pub api: String,
    /// The payload; null for none.
    pub body: Value,
    /// A number in the payload that is better read when the step is due.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start: Option<Start>,
}

/// Where a consumer begins in the copy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Start {
    /// Whose position it is.
    pub consumer: String,
    /// Where in the payload the number stands, as a JSON pointer.
    pub at: String,
    /// The acknowledgement floor that the plan saw. It only grows: a start from it repeats, and skips
    /// nothing.
    pub ack_floor: u64,
    /// The copies, one of the other, that give messages new sequences: the header
    /// `Nats-Stream-Source` of a message names its sequence in the one before. Empty where sequences
    /// stay.
    pub renumbered_by: Vec<String>,
}

/// What must be true before the next step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Until {
    /// The copy holds the newest message that its origin holds.
    CaughtUp {
        /// The stream that copies.
        copy: String,
        /// The stream that is copied.
        origin: String,
    },
    /// As `CaughtUp`, and the origin's last sequence has stood still for a second: what publishers had
    /// sent before it lost its subjects may still be on its way into it.
    Complete {
        /// The stream that copies.
        copy: String,
        /// The stream that is copied.
        origin: String,
    },
    /// The origin's newest message is not newer than the end that was noted of its copy: nothing came
    /// in that the copy lacks.
    Unchanged {
        /// The stream that is copied.
        origin: String,
    },
    /// The server no longer knows the stream.
    Gone {
        /// The stream.
        stream: String,
    },
}

/// The recipe for a stream or consumer that is live and cannot become as desired in place. Nothing
/// where the live object is absent, or where no copy can be had: a stream that is or becomes a mirror
/// holds what its origin holds, and counters cannot be copied.
pub fn of(key: &Key, desired: &World, live: &World) -> Option<Recipe> {
    let recipe = match key {
        Key::Object(_) => None,
        Key::Stream { .. } => stream::kept(key, desired, live),
        Key::Consumer { .. } => consumer::of(key, desired, live),
    };
    recipe.map(|recipe| Recipe { domain: domain(key, live), ..recipe })
}

/// As `of` for a stream, where it may be called `name` from now on: one copy instead of two.
pub fn renamed(key: &Key, name: &str, desired: &World, live: &World) -> Option<Recipe> {
    let recipe = stream::renamed(key, name, desired, live);
    recipe.map(|recipe| Recipe { domain: domain(key, live), ..recipe })
}

fn domain(key: &Key, live: &World) -> String {
    let account = key.site().and_then(|site| live.accounts.get(site));
    account.map(|account| account.domain.clone()).unwrap_or_default()
}

/// What the server can do for a recipe.
#[derive(Debug, Clone, Copy)]
struct Server {
    /// 2.12 and newer.
    promotes: bool,
    /// 2.14 and newer.
    resets: bool,
}

impl Server {
    fn of(key: &Key, live: &World) -> Self {
        let site = match key {
            Key::Object(_) => "",
            Key::Stream { site, .. } | Key::Consumer { site, .. } => site.as_str(),
        };
        let account = live.accounts.get(site);
        let level = account.map_or(Some(u64::MAX), |account: &Account| account.api_level);
        Self {
            promotes: level.is_some_and(|level| level >= 2),
            resets: level.is_some_and(|l| l >= 4),
        }
    }
}

type Config = Map<String, Value>;

/// An object's configuration with its marks, without what the server fills in.
fn said(object: &Object, table: &[Field]) -> Config {
    let mut config = object.body.as_object().cloned().unwrap_or_default();
    config.retain(|name, value| {
        let default = table.iter().find(|field| field.name == name).and_then(|f| f.normal(None));
        default.as_ref() != Some(value)
    });
    if let Some(owner) = &object.owner {
        mark::put_on_config(&mut config, owner);
    }
    config
}

fn stream_config(object: &Object, name: &str) -> Config {
    let mut config = said(object, stream_rules::FIELDS);
    config.insert("name".to_owned(), json!(name));
    config
}

fn consumer_config(object: &Object) -> Config {
    said(object, consumer_rules::FIELDS)
}

impl Step {
    fn new(what: impl Into<String>, requests: Vec<Request>) -> Self {
        Self { what: what.into(), clients: None, requests, until: None }
    }

    fn until(self, until: Until) -> Self {
        Self { until: Some(until), ..self }
    }

    fn clients(self, clients: Option<Clients>) -> Self {
        Self { clients, ..self }
    }
}

impl Request {
    fn new(api: String, body: Value) -> Self {
        Self { api, body, start: None }
    }

    fn with_start(self, start: Start) -> Self {
        Self { start: Some(start), ..self }
    }
}
