//! What a change costs beyond its fields: messages that are dropped, delivered again or skipped, and
//! what cannot be undone. Numbers are the server's own where its state decides them, and said as an
//! estimate where it does not. Rules: shared/facts/jetstream.md §2.1-2.3. Asks no server and no clock.

mod consumer;
mod loss;
mod object;
mod stream;
mod trim;

#[cfg(test)]
mod cases;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::jetstream::field::bytes_spoken;
use crate::world::{Key, Object, World};

/// What a change costs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Impact {
    /// In words.
    pub text: String,
    /// How many messages are dropped. Where only bounds are known, the upper one.
    pub messages: Option<u64>,
    /// How many bytes these take in the store.
    pub bytes: Option<u64>,
    /// Whether the numbers are estimates.
    pub estimate: bool,
    /// Whether messages are dropped, or a consumer loses its place. What is merely one-way, or takes
    /// effect in an unexpected manner, is not.
    pub destructive: bool,
}

/// The live world that changes are weighed against, and when.
#[derive(Debug, Clone, Copy)]
pub struct Scales<'a> {
    pub live: &'a World,
    /// The time of the change; ages are not judged without it.
    pub now: Option<Timestamp>,
}

impl Scales<'_> {
    /// What it costs to give a live object another configuration.
    pub fn of_update(&self, key: &Key, desired: &Value) -> Option<Impact> {
        let live = self.live.objects.get(key)?;
        let parts = match key {
            Key::Object(key) => object::update(key, &live.body, desired),
            Key::Stream { .. } => self.stream_update(key, desired, live),
            Key::Consumer { .. } => self.consumer_update(key, desired, live),
        };
        joined(parts)
    }

    /// What it costs to delete a live stream or consumer.
    pub fn of_delete(&self, key: &Key) -> Option<Impact> {
        let live = self.live.objects.get(key)?;
        match key {
            Key::Object(key) => object::loss(key),
            Key::Stream { .. } => joined(self.stream_loss(key, live)),
            Key::Consumer { .. } => joined(self.consumer_loss(key, live)),
        }
    }

    /// What it costs to delete a live stream or consumer and to make it again as desired.
    pub fn of_replacement(&self, key: &Key, desired: &Value) -> Option<Impact> {
        let live = self.live.objects.get(key)?;
        match key {
            Key::Object(key) => object::loss(key),
            Key::Stream { .. } => joined(self.stream_loss(key, live)),
            Key::Consumer { .. } => joined(self.consumer_replacement(key, desired, live)),
        }
    }

    /// The live consumers of a stream, whoever owns them.
    fn consumers(&self, stream: &Key) -> impl Iterator<Item = (&str, &Object)> {
        self.live.objects.iter().filter_map(move |(key, object)| match key {
            Key::Consumer { name, .. } if key.stream().as_ref() == Some(stream) => {
                Some((name.as_str(), object))
            }
            _ => None,
        })
    }

    /// Whether the server that holds this object is of this version or newer; newer than any where
    /// its version is not known.
    fn server_is(&self, key: &Key, version: (u64, u64, u64)) -> bool {
        let site = match key {
            Key::Object(_) => "",
            Key::Stream { site, .. } | Key::Consumer { site, .. } => site.as_str(),
        };
        let known = self.live.accounts.get(site).and_then(|account| numbers(&account.version));
        known.is_none_or(|known| known >= version)
    }
}

/// Major, minor and patch number of a version.
pub(super) fn numbers(version: &str) -> Option<(u64, u64, u64)> {
    let mut parts = version.trim_start_matches('v').split(['.', '-', '+']).map(str::parse::<u64>);
    let mut next = || parts.next().and_then(Result::ok);
    Some((next()?, next()?, next().unwrap_or_default()))
}

/// One thing that a change costs, of those that are joined to one impact.
fn note(text: impl Into<String>) -> Impact {
    Impact { text: text.into(), ..Impact::default() }
}

/// Several costs as one. Most limits drop the oldest messages, so that what two of them drop is no
/// sum: the larger number stands for both.
fn joined(parts: Vec<Impact>) -> Option<Impact> {
    let mut parts = parts.into_iter();
    let first = parts.next()?;
    Some(parts.fold(first, |both, part| {
        let counted = |part: &Impact| part.messages.is_some_and(|messages| messages > 0);
        Impact {
            text: format!("{}; {}", both.text, part.text),
            messages: both.messages.max(part.messages),
            bytes: both.bytes.max(part.bytes),
            estimate: both.estimate || part.estimate || (counted(&both) && counted(&part)),
            destructive: both.destructive || part.destructive,
        }
    }))
}

/// A number of things, with the word for one or many.
fn count(number: u64, one: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {one}s") }
}

/// Bytes as people write them.
fn size(bytes: u64) -> String {
    bytes_spoken(i64::try_from(bytes).unwrap_or(i64::MAX))
}

fn text<'a>(body: &'a Value, name: &str) -> &'a str {
    body.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn is_true(body: &Value, name: &str) -> bool {
    body.get(name).and_then(Value::as_bool).unwrap_or_default()
}

/// A limit that is set. Unlimited is -1, for an age 0.
fn limit(body: &Value, name: &str) -> Option<u64> {
    let limit = body.get(name).and_then(Value::as_i64)?;
    u64::try_from(limit).ok().filter(|limit| *limit > 0)
}

/// `part` of `total` in proportion to `of` of `all`, without overflow.
fn share(total: u64, of: u128, all: u128) -> u64 {
    let part = u128::from(total).saturating_mul(of).checked_div(all).unwrap_or_default();
    u64::try_from(part).unwrap_or(total).min(total)
}
