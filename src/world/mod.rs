//! Objects of both planes under one key type, normalised so that equal means equal. Desired and live
//! are this one type, which is what makes a plan a pure function of two equal arguments.
//! Knows nothing of plans, and of servers only what they said when they were observed.

pub mod applyset;
pub mod body;
pub mod export;
pub mod field_set;
pub mod item;
pub mod lower;
pub mod managed;
pub mod mark;
pub mod normal;
pub mod placeholder;
pub mod readiness;
pub mod reading;
pub mod saved;
pub mod secret;
pub mod site;
pub mod tree;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use smol_str::SmolStr;

use crate::jetstream::server::Peer;
use crate::model::ObjectKey;
use crate::model::hashed::Hashed;
use crate::model::project::Streams;

use body::Body;
use field_set::FieldSet;

/// By key, in the order of keys once it is whole.
pub type Keyed<V> = Hashed<Key, V>;

/// Which object, on which plane. The site tells NATS accounts apart: it is empty for the account that
/// the run itself connects to, else `[NAMESPACE/ACCOUNT][#DOMAIN]`, after NACK's Account object and the
/// JetStream domain, or `NAMESPACE`, as the NATS channel's dispatcher of that namespace connects.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Key {
    Object(ObjectKey),
    Stream { site: SmolStr, name: SmolStr },
    Consumer { site: SmolStr, stream: SmolStr, name: SmolStr },
}

/// The two kinds of server that objects live on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Plane {
    Kubernetes,
    Jetstream,
}

impl Plane {
    /// The word that output uses.
    pub fn word(self) -> &'static str {
        match self {
            Self::Kubernetes => "kubernetes",
            Self::Jetstream => "jetstream",
        }
    }
}

impl Key {
    pub fn plane(&self) -> Plane {
        match self {
            Self::Object(_) => Plane::Kubernetes,
            Self::Stream { .. } | Self::Consumer { .. } => Plane::Jetstream,
        }
    }

    /// The Kubernetes object, where it is one.
    pub fn object(&self) -> Option<&ObjectKey> {
        match self {
            Self::Object(key) => Some(key),
            _ => None,
        }
    }

    /// The account that it is in; `None` for Kubernetes objects.
    pub fn site(&self) -> Option<&str> {
        match self {
            Self::Object(_) => None,
            Self::Stream { site, .. } | Self::Consumer { site, .. } => Some(site),
        }
    }

    /// The stream that a consumer reads, or the stream itself.
    pub fn stream(&self) -> Option<Self> {
        match self {
            Self::Object(_) => None,
            Self::Stream { .. } => Some(self.clone()),
            Self::Consumer { site, stream, .. } => {
                Some(Self::Stream { site: site.clone(), name: stream.clone() })
            }
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Object(key) => key.fmt(out),
            Self::Stream { site, name } => write!(out, "stream/{name}{}", at_site(site)),
            Self::Consumer { site, stream, name } => {
                write!(out, "consumer/{stream}/{name}{}", at_site(site))
            }
        }
    }
}

/// How a key names the account that it is in, where it is not the run's own.
fn at_site(site: &str) -> String {
    if site.is_empty() { String::new() } else { format!("@{site}") }
}

/// Whose an object is: the project, and the declared object it was made for. The second tells an
/// object from a copy of its marks that a controller put on a child.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    pub project: SmolStr,
    pub object: SmolStr,
}

/// What a stream holds, as LIST says it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct StreamState {
    pub messages: u64,
    pub bytes: u64,
    /// Sequence of the oldest message; one more than the last where there is none.
    pub first_sequence: u64,
    pub last_sequence: u64,
    /// When the oldest message came, RFC 3339; empty where there is none.
    pub first_time: String,
    /// When the newest message came, RFC 3339; empty where there is none.
    pub last_time: String,
    pub subjects: u64,
    pub consumers: u64,
}

/// How far a consumer has come, as LIST says it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ConsumerState {
    /// Sequence in the stream of the last message that was handed out.
    pub delivered: u64,
    /// Sequence in the stream up to which every message is acknowledged.
    pub ack_floor: u64,
    /// How many messages are handed out and not acknowledged.
    pub ack_pending: u64,
    /// How many messages are not handed out yet.
    pub pending: u64,
    /// Whether a client listens to its deliver subject.
    pub push_bound: bool,
}

/// One object, in normal form.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Object {
    /// Kubernetes: the object without what the server owns. JetStream: the configuration as the
    /// server stores it. Both without evctl's marks.
    pub body: Body,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<Owner>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uid: Option<String>,
    /// Whether it is on its way out and waits for finalizers. Live Kubernetes objects only.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub deleting: bool,
    /// Whether it says of itself that nobody deletes or replaces it unasked.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub protected: bool,
    /// The fields that evctl's field manager owns (fieldsV1). Live Kubernetes objects only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claimed: Option<FieldSet>,
    /// The fields that client-side apply owns, which an adoption takes over. Live Kubernetes objects only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inherited: Option<FieldSet>,
    /// The id of the ApplySet that it is a member of. Kubernetes objects only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub set: Option<String>,
    /// What it waits for until it is ready, as its controller says. Live Kubernetes objects only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unready: Option<String>,
    /// Live streams only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<Box<StreamState>>,
    /// Live consumers only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<Box<ConsumerState>>,
}

impl Object {
    /// Whether it is a live stream without a message.
    pub fn is_empty_stream(&self) -> bool {
        self.state.as_ref().is_some_and(|state| state.messages == 0)
    }
}

/// What is known of a cluster.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Cluster {
    /// Context and server, as output names it.
    pub name: String,
    pub version: String,
    /// Kinds that belong to the whole cluster, as (group, kind).
    pub cluster_scoped: BTreeSet<(SmolStr, SmolStr)>,
    /// Objects that are referred to, declared nowhere, and live.
    pub referred: BTreeSet<ObjectKey>,
    /// Where objects live that do not say: the context's namespace.
    #[serde(default)]
    pub namespace: String,
    /// Namespaces that are live, of those the run speaks of.
    pub namespaces: BTreeSet<String>,
    /// Declared kinds that the cluster does not know and that can do without it, as (group, kind).
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub unserved: BTreeSet<(SmolStr, SmolStr)>,
    /// Whether the NATS channel's controller runs here, which makes its streams and consumers.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub channel_controller: bool,
    /// Kinds that could not be listed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unread: Vec<reading::Unread>,
    /// The project's ApplySet; `None` where no server was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub set: Option<applyset::ApplySet>,
    /// What was taken for granted where it could not be asked, a sentence each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// What is known of a JetStream account.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Account {
    /// The server, as output names it, without credentials.
    pub name: String,
    pub version: String,
    /// Absent from servers before 2.11.
    pub api_level: Option<u64>,
    pub domain: String,
    /// The account's own name or key, where the server was asked and says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// The name of the server's cluster; `None` for a server that stands alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster: Option<String>,
    /// Other sites that turned out to be the same account: each wanted stream is under one of them.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub same: BTreeSet<String>,
    /// The servers of the cluster, as far as they were heard.
    #[serde(default, skip_serializing_if = "Peers::is_unheard")]
    pub peers: Peers,
    /// Streams that the server could not list, with its reason: neither there nor absent.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub unread: BTreeMap<String, String>,
    /// What `$JS.API.INFO` answered: limits, tiers and what is used of them.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub info: Value,
}

/// Servers that can hold streams.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Peers {
    pub heard: Vec<Peer>,
    /// Whether every server answered that is connected to the cluster. One that is down still counts for
    /// the cluster, and nobody says so.
    pub complete: bool,
}

impl Peers {
    fn is_unheard(&self) -> bool {
        *self == Self::default()
    }

    /// How many more there can be at most: fewer are down than up, or nobody would answer for the cluster.
    pub fn most_unheard(&self) -> Option<usize> {
        self.complete.then(|| self.heard.len().saturating_sub(1))
    }
}

/// Objects of both planes, and of which planes at all.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct World {
    /// In the order of keys.
    pub objects: Keyed<Object>,
    /// `None` where no Kubernetes plane takes part.
    pub cluster: Option<Cluster>,
    /// NATS accounts by their site; empty where no JetStream plane takes part.
    pub accounts: BTreeMap<String, Account>,
    /// Configurations of live streams that are neither wanted nor owned: their subjects and limits
    /// stand in the way of others.
    pub others: Keyed<Value>,
    /// Who makes the streams of NACK's kinds, where the project says it.
    pub streams: Option<Streams>,
    /// What secret values are hashed with, so that equal shows and nothing else does.
    pub salt: String,
}

/// One difference between two worlds.
#[derive(Debug, Clone, PartialEq)]
pub struct Written {
    pub key: Key,
    /// `None` where it is deleted; a stream's consumers go with it.
    pub object: Option<Object>,
}

impl World {
    /// The same servers, with nothing on them.
    #[must_use]
    pub fn without_objects(&self) -> Self {
        Self {
            objects: Keyed::default(),
            cluster: self.cluster.clone(),
            accounts: self.accounts.clone(),
            others: Keyed::default(),
            streams: self.streams,
            salt: self.salt.clone(),
        }
    }

    /// The account that the run itself connects to.
    pub fn account(&self) -> Option<&Account> {
        self.accounts.get("")
    }

    /// The uid of a live Kubernetes object.
    pub fn uid(&self, key: &ObjectKey) -> Option<&str> {
        self.objects.get(&Key::Object(key.clone()))?.uid.as_deref()
    }

    /// The configurations of every live stream and consumer that is known, whoever's they are.
    pub fn configs(&self) -> impl Iterator<Item = (&Key, &Value)> {
        let own = self.objects.iter().filter(|(key, _)| key.object().is_none());
        own.map(|(key, object)| (key, &*object.body)).chain(&self.others)
    }

    fn remove(&mut self, key: &Key) {
        self.objects.shift_remove(key);
        if matches!(key, Key::Stream { .. }) {
            self.objects.retain(|other, _| other.stream().as_ref() != Some(key));
        }
    }

    /// The world once these objects are written, in this order. `uid` gives what a server would
    /// give to a new object.
    #[must_use]
    pub fn after(&self, written: &[Written], uid: impl Fn(&ObjectKey) -> String) -> Self {
        let mut world = self.clone();
        for Written { key, object } in written {
            let known = |of: &ObjectKey| world.uid(of).map(str::to_owned);
            let key = placeholder::fill_key(key, &known);
            let Some(object) = object else {
                world.remove(&key);
                continue;
            };
            let mut object =
                Object { body: placeholder::fill(&object.body, &known).into(), ..object.clone() };
            let before = world.objects.get(&key);
            object.uid = match (&key, before) {
                (_, Some(before)) => before.uid.clone(),
                (Key::Object(key), None) => Some(uid(key)),
                _ => None,
            };
            object.state = before.and_then(|before| before.state.clone());
            object.protected = match key {
                Key::Object(_) => mark::is_protected_object(&object.body),
                _ => object.body.as_object().is_some_and(mark::is_protected),
            };
            object.position = before.and_then(|before| before.position.clone());
            world.objects.insert(key, object);
        }
        world.objects.sort_unstable_keys();
        world
    }
}
