//! One account on paper: its streams and consumers as they are between two steps, and what is used of
//! its limits. Knows nothing of plans.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::jetstream::decode::Read;
use crate::jetstream::server::{Beside, Holdings, Server};
use crate::jetstream::subject_index::{Held, SubjectIndex};
use crate::jetstream::{Config, stream};
use crate::world::{Account, Key, World};

/// Streams or consumers by name.
pub(super) type Named<'a> = BTreeMap<&'a str, &'a Config>;

/// An account between two steps.
pub(super) struct Paper<'a> {
    pub(super) account: &'a Account,
    pub(super) server: Server,
    pub(super) streams: Named<'a>,
    subjects: SubjectIndex<'a>,
    consumers: BTreeMap<&'a str, Named<'a>>,
    holdings: Holdings,
    /// Whether every stream of the account is known.
    pub(super) complete: bool,
}

impl<'a> Paper<'a> {
    /// An account without its streams. What they use is in what the server said of its limits.
    pub(super) fn new(account: &'a Account) -> Self {
        let cluster = account.cluster.as_deref();
        let server = Server::new(&account.version, account.api_level, cluster, &account.info);
        Self {
            account,
            server,
            streams: Named::new(),
            subjects: SubjectIndex::default(),
            consumers: BTreeMap::new(),
            holdings: Holdings::default(),
            complete: false,
        }
    }

    /// Notes a stream that is there, in its present form.
    pub(super) fn note(&mut self, config: &'a Config) {
        let name = config.text("name");
        self.forget(name);
        self.holdings.count(config, 1);
        for subject in config.texts("subjects") {
            self.subjects.insert(subject, name);
        }
        self.streams.insert(name, config);
    }

    fn forget(&mut self, name: &str) -> Option<&'a Config> {
        let config = self.streams.remove(name)?;
        self.holdings.count(config, -1);
        for subject in config.texts("subjects") {
            self.subjects.remove(subject, name);
        }
        Some(config)
    }

    /// Makes a stream, or gives it another form.
    pub(super) fn put(&mut self, config: &'a Config) {
        if let Some(before) = self.streams.get(config.text("name")) {
            stream::count(&mut self.server, before, -1);
        }
        stream::count(&mut self.server, config, 1);
        self.note(config);
    }

    /// Deletes a stream and its consumers, which are given back.
    pub(super) fn delete(&mut self, name: &str) -> Option<(&'a Config, Named<'a>)> {
        let config = self.forget(name)?;
        stream::count(&mut self.server, config, -1);
        Some((config, self.consumers.remove(name).unwrap_or_default()))
    }

    /// Takes a deletion back.
    pub(super) fn restore(&mut self, (config, consumers): (&'a Config, Named<'a>)) {
        self.put(config);
        self.consumers.insert(config.text("name"), consumers);
    }

    /// The consumers of a stream, to be changed.
    pub(super) fn consumers(&mut self, stream: &'a str) -> &mut Named<'a> {
        self.consumers.entry(stream).or_default()
    }

    /// Asks something about a consumer of a stream.
    pub(super) fn beside_consumers<T>(
        &mut self,
        stream: &'a str,
        bound: bool,
        ask: impl FnOnce(&Server, Option<&Config>, &Beside<'_>) -> T,
    ) -> T {
        let consumers = std::mem::take(self.consumers(stream));
        let beside = Beside { consumers, bound, ..Beside::default() };
        let answer = ask(&self.server, self.streams.get(stream).copied(), &beside);
        self.consumers.insert(stream, beside.consumers);
        answer
    }

    /// What of the account can matter to a stream: itself, those with common subjects, and those that
    /// it copies from however far.
    pub(super) fn beside(&self, config: &Config) -> Beside<'_> {
        let mut near: Named<'a> = BTreeMap::new();
        let mut names: Vec<&'a str> = self.meeting(config).iter().map(|held| held.holder).collect();
        names.extend(self.streams.get_key_value(config.text("name")).map(|(name, _)| *name));
        names.extend(origins(config).filter_map(|name| self.known(name)));
        while let Some(name) = names.pop() {
            let Some(stream) = self.streams.get(name).copied() else { continue };
            if near.insert(name, stream).is_none() {
                names.extend(origins(stream).filter_map(|name| self.known(name)));
            }
        }
        let consumers = self.consumers.get(config.text("name")).cloned().unwrap_or_default();
        let holdings = self.complete.then_some(&self.holdings);
        Beside { streams: near, holdings, consumers, ..Beside::default() }
    }

    /// The bytes that streams hold of what a stream with so many copies falls under.
    pub(super) fn reserved(&self, replicas: i64, memory: bool) -> Option<i64> {
        if !self.complete {
            let tier = self.server.tier(replicas).ok()??;
            return Some(if memory { tier.reserved_memory } else { tier.reserved_storage });
        }
        let tiered = self.server.is_tiered();
        let ours = self.holdings.0.iter().filter(|((copies, held_in_memory), _)| {
            *held_in_memory == memory && (!tiered || *copies == replicas)
        });
        let sums = ours.map(
            |((copies, _), (_, bytes))| {
                if tiered { *bytes } else { bytes.saturating_mul(*copies) }
            },
        );
        Some(sums.fold(0, i64::saturating_add))
    }

    fn known(&self, name: &str) -> Option<&'a str> {
        self.streams.get_key_value(name).map(|(name, _)| *name)
    }

    /// Subjects of other streams that a stream's own meet.
    pub(super) fn meeting(&self, config: &Config) -> Vec<Held<'a>> {
        let name = config.text("name");
        let subjects = config.texts("subjects").into_iter();
        let held = subjects.flat_map(|subject| self.subjects.meeting(subject));
        held.filter(|held| held.holder != name).collect()
    }
}

/// The first of the sites that are one account.
pub(super) fn first_site<'w>(live: &'w World, site: &'w str) -> &'w str {
    let same = live.accounts.get(site).and_then(|account| account.same.first());
    same.map(String::as_str).filter(|first| *first < site).unwrap_or(site)
}

/// The sites of accounts of which every stream is known.
pub(super) fn complete(live: &World) -> BTreeSet<&str> {
    let mut known: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for key in live.objects.keys().chain(live.others.keys()) {
        if let Key::Stream { site, name } = key {
            known.entry(first_site(live, site)).or_default().insert(name);
        }
    }
    let accounts = live.accounts.iter().filter(|(site, account)| {
        let known = known.get(first_site(live, site)).map_or(0, BTreeSet::len);
        account.unread.is_empty() && account.info["streams"].as_u64() == u64::try_from(known).ok()
    });
    accounts.map(|(site, _)| site.as_str()).collect()
}

/// The streams of the account that a stream copies from.
pub(super) fn origins(config: &Config) -> impl Iterator<Item = &str> {
    let sources = config.list("sources").iter().filter_map(Value::as_object);
    let copies = sources.chain(config.record("mirror"));
    copies.filter(|copy| !copy.contains_key("external")).map(|copy| copy.text("name"))
}
