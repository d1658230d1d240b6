//! JetStream's lists: all pages of STREAM.LIST and CONSUMER.LIST, decoded as they come
//! (shared/facts/jetstream.md §2.1, "Reading everything"). Must not know which entries are wanted.

use std::collections::{BTreeMap, BTreeSet};

use futures::stream::{self, StreamExt, TryStreamExt};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::jetstream::Config;
use crate::live::LiveError;
use crate::live::jetstream_api::{RequestError, api_error};
use crate::live::nats::Connection;
use crate::world::{ConsumerState, StreamState};

/// How often a list is read that does not hold still.
const TRIES: usize = 5;
/// How many pages of one list are asked for at once.
const PAGES: usize = 4;

/// An entry of a list.
pub(super) trait Entry: DeserializeOwned {
    fn name(&self) -> &str;
}

/// A stream, as STREAM.LIST has it.
#[derive(Deserialize)]
pub(super) struct StreamEntry {
    pub(super) config: Config,
    #[serde(default)]
    state: Counted,
}

/// A consumer, as CONSUMER.LIST has it.
#[derive(Deserialize)]
pub(super) struct ConsumerEntry {
    pub(super) name: String,
    pub(super) config: Config,
    #[serde(default)]
    delivered: Sequence,
    #[serde(default)]
    ack_floor: Sequence,
    #[serde(default)]
    num_ack_pending: u64,
    #[serde(default)]
    num_pending: u64,
    #[serde(default)]
    push_bound: bool,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Counted {
    messages: u64,
    bytes: u64,
    first_seq: u64,
    last_seq: u64,
    first_ts: String,
    last_ts: String,
    num_subjects: u64,
    consumer_count: u64,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Sequence {
    stream_seq: u64,
}

impl Entry for StreamEntry {
    fn name(&self) -> &str {
        self.config.get("name").and_then(Value::as_str).unwrap_or_default()
    }
}

impl StreamEntry {
    pub(super) fn state(&self) -> StreamState {
        let state = &self.state;
        // An instant of the year 1 stands for none.
        let time =
            |said: &str| if said.starts_with("0001-") { String::new() } else { said.to_owned() };
        StreamState {
            messages: state.messages,
            bytes: state.bytes,
            first_sequence: state.first_seq,
            last_sequence: state.last_seq,
            first_time: time(&state.first_ts),
            last_time: time(&state.last_ts),
            subjects: state.num_subjects,
            consumers: state.consumer_count,
        }
    }
}

impl Entry for ConsumerEntry {
    fn name(&self) -> &str {
        &self.name
    }
}

impl ConsumerEntry {
    pub(super) fn position(&self) -> ConsumerState {
        ConsumerState {
            delivered: self.delivered.stream_seq,
            ack_floor: self.ack_floor.stream_seq,
            ack_pending: self.num_ack_pending,
            pending: self.num_pending,
            push_bound: self.push_bound,
        }
    }
}

/// A list that was read to its end.
pub(super) struct Listed<Kept> {
    pub(super) entries: Vec<Kept>,
    /// What the server names without being able to say more, with the reason. It may be among the
    /// entries too, and is never absent.
    pub(super) unread: BTreeMap<String, String>,
}

/// Why a list was not read.
pub(super) enum Unlisted {
    Request(RequestError),
    /// Every reading missed entries while others came and went.
    Torn,
}

impl Unlisted {
    /// For people. `subject` is what was asked for.
    pub(super) fn spoken(&self, nats: &Connection, subject: &str) -> LiveError {
        match self {
            Self::Request(error) => nats.unreadable(subject, error),
            Self::Torn => LiveError::new(
                format!("{subject} of {} does not hold still", nats.account.name),
                format!("{TRIES} readings each missed entries while others came and went"),
                "try again when nobody else is making or deleting streams and consumers",
            ),
        }
    }
}

impl From<RequestError> for Unlisted {
    fn from(error: RequestError) -> Self {
        Self::Request(error)
    }
}

/// Reads every page of a list, and keeps of each entry what `keep` makes of it. Paging is no snapshot:
/// entries shift when others come and go, so names are kept once and a short read is read again from
/// the start.
///
/// # Errors
/// A request failed, or the list did not hold still.
pub(super) async fn list<E: Entry, Kept>(
    nats: &Connection,
    subject: &str,
    keep: impl Fn(E) -> Kept,
) -> Result<Listed<Kept>, Unlisted> {
    for _ in 0..TRIES {
        if let Some(listed) = read_through(nats, subject, &keep).await? {
            return Ok(listed);
        }
    }
    Err(Unlisted::Torn)
}

async fn read_through<E: Entry, Kept>(
    nats: &Connection,
    subject: &str,
    keep: &impl Fn(E) -> Kept,
) -> Result<Option<Listed<Kept>>, RequestError> {
    let first = page::<E>(nats, subject, 0).await?;
    let mut reading = Reading::new(first.total, keep);
    reading.take(first);
    let (total, step) = (reading.total, reading.names.len());
    if step > 0 && step < total {
        let mut pages = stream::iter((step..total).step_by(step))
            .map(|offset| page::<E>(nats, subject, offset))
            .buffered(PAGES);
        while let Some(page) = pages.try_next().await? {
            if !reading.take(page) {
                return Ok(None);
            }
        }
    }
    // Pages that were shorter than the first leave a rest.
    while reading.names.len() < total {
        let before = reading.names.len();
        if !reading.take(page(nats, subject, before).await?) || reading.names.len() == before {
            return Ok(None);
        }
    }
    Ok(Some(reading.listed))
}

/// A list while it is read.
struct Reading<'k, Keep, Kept> {
    /// How many entries there are by the first page.
    total: usize,
    names: BTreeSet<String>,
    keep: &'k Keep,
    listed: Listed<Kept>,
}

impl<'k, Keep, Kept> Reading<'k, Keep, Kept> {
    fn new(total: usize, keep: &'k Keep) -> Self {
        let listed = Listed { entries: Vec::new(), unread: BTreeMap::new() };
        Self { total, names: BTreeSet::new(), keep, listed }
    }

    /// Takes a page in. Another total than before means that others came or went, and what was
    /// skipped is not known: then it says no.
    fn take<E: Entry>(&mut self, page: Page<E>) -> bool
    where
        Keep: Fn(E) -> Kept,
    {
        if page.total != self.total {
            return false;
        }
        for entry in page.entries.into_iter().flatten() {
            let name = entry.name();
            if !self.names.contains(name) {
                self.names.insert(name.to_owned());
                self.listed.entries.push((self.keep)(entry));
            }
        }
        let offline = page.offline.unwrap_or_default();
        for name in page.missing.into_iter().flatten() {
            let why = offline.get(&name).map_or_else(
                || "no server that holds it answers".to_owned(),
                |why| format!("the server cannot run it: {why}"),
            );
            self.names.insert(name.clone());
            self.listed.unread.insert(name, why);
        }
        for (name, why) in offline {
            self.names.insert(name.clone());
            self.listed.unread.insert(name, format!("the server cannot run it: {why}"));
        }
        true
    }
}

/// One page as the server sends it. Go writes null for what is empty.
#[derive(Deserialize)]
#[serde(bound = "E: Entry")]
struct Page<E> {
    #[serde(default)]
    total: usize,
    #[serde(default, alias = "streams", alias = "consumers")]
    entries: Option<Vec<E>>,
    #[serde(default)]
    missing: Option<Vec<String>>,
    #[serde(default)]
    offline: Option<BTreeMap<String, String>>,
    #[serde(default)]
    error: Option<Value>,
}

async fn page<E: Entry>(
    nats: &Connection,
    subject: &str,
    offset: usize,
) -> Result<Page<E>, RequestError> {
    let page: Page<E> = nats.decoded(subject, Some(&json!({"offset": offset}))).await?;
    match &page.error {
        None => Ok(page),
        Some(error) => Err(RequestError::Api(api_error(error))),
    }
}
