//! One account on paper: its streams and consumers as they are between two steps, and what is used of
//! its limits. Knows nothing of plans.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::jetstream::decode::Read;
use crate::jetstream::server::{Beside, Server};
use crate::jetstream::subject_index::{Held, SubjectIndex};
use crate::jetstream::{Config, stream};
use crate::world::Account;

/// Streams or consumers by name.
pub(super) type Named<'a> = BTreeMap<&'a str, &'a Config>;

/// An account between two steps.
pub(super) struct Paper<'a> {
    pub(super) server: Server,
    pub(super) streams: Named<'a>,
    subjects: SubjectIndex<'a>,
    consumers: BTreeMap<&'a str, Named<'a>>,
}

impl<'a> Paper<'a> {
    /// An account without its streams. What they use is in what the server said of its limits.
    pub(super) fn new(account: &Account) -> Self {
        let cluster = account.cluster.as_deref();
        let server = Server::new(&account.version, account.api_level, cluster, &account.info);
        Self {
            server,
            streams: Named::new(),
            subjects: SubjectIndex::default(),
            consumers: BTreeMap::new(),
        }
    }

    /// Notes a stream that is there, in its present form.
    pub(super) fn note(&mut self, config: &'a Config) {
        let name = config.text("name");
        self.forget(name);
        for subject in config.texts("subjects") {
            self.subjects.insert(subject, name);
        }
        self.streams.insert(name, config);
    }

    fn forget(&mut self, name: &str) -> Option<&'a Config> {
        let config = self.streams.remove(name)?;
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
        ask: impl FnOnce(&Server, Option<&Config>, &Beside<'_>) -> T,
    ) -> T {
        let consumers = std::mem::take(self.consumers(stream));
        let beside = Beside { streams: BTreeMap::new(), consumers };
        let answer = ask(&self.server, self.streams.get(stream).copied(), &beside);
        self.consumers.insert(stream, beside.consumers);
        answer
    }

    /// What of the account can matter to a stream: itself, those with common subjects, and those that
    /// it copies from however far.
    pub(super) fn beside(&self, config: &Config) -> Beside<'a> {
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
        Beside { streams: near, consumers }
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

/// The streams of the account that a stream copies from.
pub(super) fn origins(config: &Config) -> impl Iterator<Item = &str> {
    let sources = config.list("sources").iter().filter_map(Value::as_object);
    let copies = sources.chain(config.record("mirror"));
    copies.filter(|copy| !copy.contains_key("external")).map(|copy| copy.text("name"))
}
