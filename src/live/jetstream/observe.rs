//! What an account holds: every stream by LIST, and the consumers of those that matter to the run, many
//! streams at once. Must not know what is done about it.

use std::collections::{BTreeMap, BTreeSet};

use futures::stream::{self, StreamExt};
use serde_json::Value;

use crate::jetstream::{consumer, stream as rules};
use crate::live::jetstream_api::RequestError;
use crate::live::nats::Connection;
use crate::live::{LiveError, Wanted};
use crate::model::hashed::Hashed;
use crate::world::{Account, Key, Object, Owner, Peers, StreamState, World, mark};

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
        Key::Stream { site: self.name.into(), name: name.into() }
    }

    fn consumer(&self, stream: &str, name: String) -> Key {
        Key::Consumer { site: self.name.into(), stream: stream.into(), name: name.into() }
    }

    /// Whether a stream is wanted under this site; `None` where another site of the same account has it.
    fn wants(&self, stream: &str, ours: bool, wanted: &Wanted) -> Option<bool> {
        let is_wanted = |site: &str| {
            let key = Key::Stream { site: site.into(), name: stream.into() };
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
    fn of(entry: StreamEntry) -> Self {
        Self {
            name: entry.config.get("name").and_then(Value::as_str).unwrap_or_default().to_owned(),
            owner: mark::of_config(&entry.config),
            protected: mark::is_protected(&entry.config),
            state: entry.state(),
            body: Value::Object(rules::into_normal(entry.config)),
        }
    }

    fn object(self) -> Object {
        Object {
            body: self.body.into(),
            owner: self.owner,
            protected: self.protected,
            state: Some(self.state.into()),
            ..Object::default()
        }
    }
}

/// An account as far as it can be read before anybody knows what is wanted of it.
pub(in crate::live) struct Ahead {
    streams: Listed<Seen>,
    /// By stream.
    consumers: Hashed<String, Consumers>,
    peers: Peers,
}

/// The consumers of a stream, each with its name.
type Consumers = Result<Listed<(String, Object)>, Unlisted>;

/// Reads every stream, and the consumers of those that the project owns, where it has a name.
pub(in crate::live) async fn ahead(
    nats: &Connection,
    project: Option<&str>,
) -> Result<Ahead, LiveError> {
    const STREAMS: &str = "STREAM.LIST";
    let (streams, peers) = tokio::join!(list(nats, STREAMS, Seen::of), peers(nats));
    let streams = streams.map_err(|error| error.spoken(nats, STREAMS))?;
    let is_ours = |seen: &&Seen| {
        let owner = seen.owner.as_ref().map(|owner| owner.project.as_str());
        owner.is_some_and(|owner| Some(owner) == project) && is_read(seen, &streams.unread)
    };
    let ours = streams.entries.iter().filter(is_ours).map(|seen| seen.name.clone()).collect();
    let consumers = consumers(nats, ours).await;
    Ok(Ahead { streams, consumers, peers })
}

/// Takes in every stream that is wanted or owned by the project, and their consumers. What the server
/// names and cannot list goes to the account's `unread`.
pub(in crate::live) async fn observe(
    nats: &Connection,
    site: &Site<'_>,
    wanted: &Wanted,
    ahead: Ahead,
    world: &mut World,
) -> Result<(), LiveError> {
    let Ahead { streams, consumers: mut read, peers } = ahead;
    let mut unread = streams.unread;
    let mut kept = Vec::new();
    for seen in streams.entries {
        let ours = seen.owner.as_ref().is_some_and(|owner| owner.project == wanted.project);
        match site.wants(&seen.name, ours, wanted) {
            None => {}
            Some(false) => {
                world.others.insert(site.stream(&seen.name), seen.body);
            }
            Some(true) => kept.push(seen),
        }
    }
    let of_kept = kept.iter().filter(|seen| is_read(seen, &unread));
    let later = of_kept.filter(|seen| !read.contains_key(&seen.name));
    let later = later.map(|seen| seen.name.clone()).collect();
    read.extend(consumers(nats, later).await);
    kept.retain(|seen| !is_gone(read.get(&seen.name)));
    let names: Vec<String> = kept.iter().map(|seen| seen.name.clone()).collect();
    let objects = kept.into_iter().map(|seen| (site.stream(&seen.name), seen.object()));
    world.objects.extend(objects);
    for name in names {
        let listed = read.swap_remove(&name);
        take(nats, site, &name, listed, &mut unread, world)?;
    }
    let same = site.same.iter().map(|other| (*other).to_owned()).collect();
    let account = Account { peers, unread, same, ..nats.account.clone() };
    world.accounts.insert(site.name.to_owned(), account);
    Ok(())
}

/// Every stream and consumer of an account, as they are.
///
/// # Errors
/// The server could not be reached, or named something that it did not list.
pub(in crate::live) async fn everything(
    nats: &Connection,
) -> Result<BTreeMap<Key, Object>, LiveError> {
    const STREAMS: &str = "STREAM.LIST";
    let site = Site { name: "", same: BTreeSet::new() };
    let streams =
        list(nats, STREAMS, Seen::of).await.map_err(|error| error.spoken(nats, STREAMS))?;
    let names: Vec<String> = streams.entries.iter().map(|seen| seen.name.clone()).collect();
    let (mut world, mut unread) = (World::default(), streams.unread);
    for (name, listed) in consumers(nats, names).await {
        take(nats, &site, &name, Some(listed), &mut unread, &mut world)?;
    }
    if let Some((name, why)) = unread.first_key_value() {
        return Err(LiveError::new(
            format!("stream {name} of {} could not be read", nats.account.name),
            why.clone(),
            "import once the server lists everything",
        ));
    }
    let mut all: BTreeMap<Key, Object> = world.objects.into_iter().collect();
    all.extend(streams.entries.into_iter().map(|seen| (site.stream(&seen.name), seen.object())));
    Ok(all)
}

/// Whether a stream has consumers that can be asked for.
fn is_read(seen: &Seen, unread: &BTreeMap<String, String>) -> bool {
    seen.state.consumers > 0 && !unread.contains_key(&seen.name)
}

/// Reads the consumers of these streams.
async fn consumers(nats: &Connection, streams: Vec<String>) -> Hashed<String, Consumers> {
    stream::iter(streams)
        .map(|stream| async move {
            let listed = list(nats, &list_of(&stream), kept).await;
            (stream, listed)
        })
        .buffer_unordered(READING)
        .collect()
        .await
}

fn list_of(stream: &str) -> String {
    format!("CONSUMER.LIST.{stream}")
}

/// Whether a stream has gone since the streams were listed.
fn is_gone(consumers: Option<&Consumers>) -> bool {
    match consumers {
        Some(Err(Unlisted::Request(RequestError::Api(error)))) => error.err_code == 10059,
        _ => false,
    }
}

/// Takes the consumers of a stream into the world.
fn take(
    nats: &Connection,
    site: &Site<'_>,
    stream: &str,
    consumers: Option<Consumers>,
    unread: &mut BTreeMap<String, String>,
    world: &mut World,
) -> Result<(), LiveError> {
    match consumers {
        None => {}
        Some(Ok(Listed { entries, unread: missing })) => {
            let consumer = |name| site.consumer(stream, name);
            let entries = entries.into_iter().map(|(name, object)| (consumer(name), object));
            world.objects.extend(entries);
            if let Some((consumer, why)) = missing.first_key_value() {
                let why = format!("its consumer {consumer} is not listed: {why}");
                unread.insert(stream.to_owned(), why);
            }
        }
        // The server knows of the stream and cannot run it.
        Some(Err(Unlisted::Request(RequestError::Api(error)))) if error.code == 500 => {
            let why = format!("its consumers are not listed: {}", error.text);
            unread.insert(stream.to_owned(), why);
        }
        Some(Err(error)) => return Err(error.spoken(nats, &list_of(stream))),
    }
    Ok(())
}

fn kept(entry: ConsumerEntry) -> (String, Object) {
    let object = Object {
        owner: mark::of_config(&entry.config),
        protected: mark::is_protected(&entry.config),
        position: Some(entry.position().into()),
        body: Value::Object(consumer::into_normal(entry.config)).into(),
        ..Object::default()
    };
    (entry.name, object)
}
