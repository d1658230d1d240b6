//! What an account holds: every stream by LIST, and the consumers of those that matter to the run, many
//! streams at once. Must not know what is done about it.

use std::collections::{BTreeMap, BTreeSet};

use futures::stream::{self, StreamExt};
use serde_json::Value;

use crate::jetstream::{consumer, stream as rules};
use crate::live::nats::{Connection, RequestError};
use crate::live::{LiveError, Wanted};
use crate::world::{Account, Key, Object, Owner, StreamState, World, mark};

use super::list::{ConsumerEntry, Listed, StreamEntry, Unlisted, list};
use super::peers::peers;

/// How many lists of consumers are asked for at once. The server works a connection's requests off one
/// by one; so many keep it busy while answers are on their way and decoded.
const READING: usize = 32;

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

/// A stream as it is kept of its entry.
struct Seen {
    name: String,
    owner: Option<Owner>,
    protected: bool,
    body: Value,
    state: StreamState,
}

impl Seen {
    fn of(entry: &StreamEntry) -> Self {
        Self {
            name: entry.config.get("name").and_then(Value::as_str).unwrap_or_default().to_owned(),
            owner: mark::of_config(&entry.config),
            protected: mark::is_protected(&entry.config),
            state: entry.state(),
            body: Value::Object(rules::normal(&entry.config)),
        }
    }
}

/// Reads every stream that is wanted or owned by the project, and their consumers. What the server names
/// and cannot list goes to the account's `unread`.
pub(in crate::live) async fn observe(
    nats: &Connection,
    site: &Site<'_>,
    wanted: &Wanted,
    world: &mut World,
) -> Result<(), LiveError> {
    const STREAMS: &str = "STREAM.LIST";
    let streams = list(nats, STREAMS, |entry| Seen::of(&entry));
    let (listed, peers) = tokio::join!(streams, peers(nats));
    let listed = listed.map_err(|error| error.spoken(nats, STREAMS))?;
    let mut unread = listed.unread;
    let mut read = Vec::new();
    for Seen { name, owner, protected, body, state } in listed.entries {
        let key = site.stream(&name);
        let ours = owner.as_ref().is_some_and(|owner| owner.project == wanted.project);
        match site.wants(&name, ours, wanted) {
            None => {}
            Some(false) => {
                world.others.insert(key, body);
            }
            Some(true) => {
                if state.consumers > 0 && !unread.contains_key(&name) {
                    read.push(name);
                }
                let object =
                    Object { body, owner, protected, state: Some(state), ..Object::default() };
                world.objects.insert(key, object);
            }
        }
    }
    consumers(nats, site, read, &mut unread, world).await?;
    let same = site.same.iter().map(|other| (*other).to_owned()).collect();
    let account = Account { peers, unread, same, ..nats.account.clone() };
    world.accounts.insert(site.name.to_owned(), account);
    Ok(())
}

/// Reads the consumers of these streams.
async fn consumers(
    nats: &Connection,
    site: &Site<'_>,
    streams: Vec<String>,
    unread: &mut BTreeMap<String, String>,
    world: &mut World,
) -> Result<(), LiveError> {
    let mut reading = stream::iter(streams)
        .map(|stream| async move {
            let subject = format!("CONSUMER.LIST.{stream}");
            let listed = list(nats, &subject, |entry| kept(site.name, &stream, &entry)).await;
            (stream, subject, listed)
        })
        .buffer_unordered(READING);
    while let Some((stream, subject, listed)) = reading.next().await {
        match listed {
            Ok(Listed { entries, unread: missing }) => {
                world.objects.extend(entries);
                if let Some((consumer, why)) = missing.first_key_value() {
                    unread.insert(stream, format!("its consumer {consumer} is not listed: {why}"));
                }
            }
            // It has gone since the streams were listed.
            Err(Unlisted::Request(RequestError::Api(error))) if error.err_code == 10059 => {
                world.objects.remove(&site.stream(&stream));
            }
            // The server knows of the stream and cannot run it.
            Err(Unlisted::Request(RequestError::Api(error))) if error.code == 500 => {
                let why = format!("its consumers are not listed: {}", error.text);
                unread.insert(stream, why);
            }
            Err(error) => return Err(error.spoken(nats, &subject)),
        }
    }
    Ok(())
}

fn kept(site: &str, stream: &str, entry: &ConsumerEntry) -> (Key, Object) {
    let key = Key::Consumer {
        site: site.to_owned(),
        stream: stream.to_owned(),
        name: entry.name.clone(),
    };
    let object = Object {
        body: Value::Object(consumer::normal(&entry.config)),
        owner: mark::of_config(&entry.config),
        protected: mark::is_protected(&entry.config),
        position: Some(entry.position()),
        ..Object::default()
    };
    (key, object)
}
