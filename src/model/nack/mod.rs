//! jetstream.nats.io/v1beta2: the kinds of NACK, from its CRDs (shared/data/crds/nack) and what its
//! controllers do with them (shared/facts/jetstream.md §1). v1beta1 is no longer served. Stricter where
//! the CRD lets through what the controllers then drop, trip over or ignore.

mod account;
mod consumer;
mod shared;
mod stores;
mod stream;

use super::kinds::{Kind, Spec};
use super::manifest::Typed;
use super::reading::Reading;

pub use account::{AccountSpec, TlsSecret};
pub use consumer::{AckPolicy, ConsumerSpec, DeliverPolicy, PriorityPolicy, ReplayPolicy};
pub use shared::{Placement, Republish, Storage, StreamSource, SubjectTransform};
pub use stores::{KeyValueSpec, ObjectStoreSpec};
pub use stream::{Compression, ConsumerLimits, Discard, PersistMode, Retention, StreamSpec};

/// The group of every kind of NACK.
pub const GROUP: &str = "jetstream.nats.io";

/// The kinds of the family.
pub const KINDS: &[Kind] = &[
    Kind::of::<StreamSpec>(GROUP, "Stream", "v1beta2"),
    Kind::of::<ConsumerSpec>(GROUP, "Consumer", "v1beta2"),
    Kind::of::<KeyValueSpec>(GROUP, "KeyValue", "v1beta2"),
    Kind::of::<ObjectStoreSpec>(GROUP, "ObjectStore", "v1beta2"),
    Kind::of::<AccountSpec>(GROUP, "Account", "v1beta2"),
];

/// The site of what an object declares in its `account` and `jsDomain`: `[NAMESPACE/ACCOUNT][#DOMAIN]`.
/// Empty texts say nothing, and where neither says anything the site is the run's own: empty.
pub fn site_of(namespace: &str, account: &str, domain: &str) -> String {
    let account = if account.is_empty() { String::new() } else { format!("{namespace}/{account}") };
    if domain.is_empty() { account } else { format!("{account}#{domain}") }
}

/// What a manifest of the family says.
#[derive(Debug, Clone)]
pub enum Nack {
    Stream(Box<StreamSpec>),
    Consumer(Box<ConsumerSpec>),
    KeyValue(Box<KeyValueSpec>),
    ObjectStore(Box<ObjectStoreSpec>),
    Account(Box<AccountSpec>),
}

impl Spec for StreamSpec {
    fn check(&self, reading: &mut Reading<'_>) {
        stream::check(self, reading);
        let (creds, nkey) = (self.creds.as_ref(), self.nkey.as_ref());
        let (tls, servers) = (self.tls.as_ref(), self.servers.as_ref());
        shared::Connection { creds, nkey, tls, servers }.check(reading);
    }

    fn typed(self) -> Typed {
        Typed::Nack(Nack::Stream(Box::new(self)))
    }
}

impl Spec for ConsumerSpec {
    fn check(&self, reading: &mut Reading<'_>) {
        consumer::check(self, reading);
        let (creds, nkey) = (self.creds.as_ref(), self.nkey.as_ref());
        let (tls, servers) = (self.tls.as_ref(), self.servers.as_ref());
        shared::Connection { creds, nkey, tls, servers }.check(reading);
    }

    fn typed(self) -> Typed {
        Typed::Nack(Nack::Consumer(Box::new(self)))
    }
}

impl Spec for KeyValueSpec {
    fn check(&self, reading: &mut Reading<'_>) {
        stores::check(self, reading);
        let (creds, nkey) = (self.creds.as_ref(), self.nkey.as_ref());
        let (tls, servers) = (self.tls.as_ref(), self.servers.as_ref());
        shared::Connection { creds, nkey, tls, servers }.check(reading);
    }

    fn typed(self) -> Typed {
        Typed::Nack(Nack::KeyValue(Box::new(self)))
    }
}

impl Spec for ObjectStoreSpec {
    fn check(&self, reading: &mut Reading<'_>) {
        let (creds, nkey) = (self.creds.as_ref(), self.nkey.as_ref());
        let (tls, servers) = (self.tls.as_ref(), self.servers.as_ref());
        shared::Connection { creds, nkey, tls, servers }.check(reading);
        shared::check_metadata(self.metadata.as_ref(), reading);
    }

    fn typed(self) -> Typed {
        Typed::Nack(Nack::ObjectStore(Box::new(self)))
    }
}

impl Spec for AccountSpec {
    fn check(&self, reading: &mut Reading<'_>) {
        account::check(self, reading);
    }

    fn typed(self) -> Typed {
        Typed::Nack(Nack::Account(Box::new(self)))
    }
}
