//! A topology and its manifests, lowered to the world they ask for: Kubernetes objects as declared,
//! streams and consumers as the controllers of the NATS channel and of NACK would make them.

mod channel;
mod copies;
mod metadata;
mod nack;
mod objects;
mod references;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use uuid::Uuid;

use crate::diag::Location;
use crate::model::{Manifest, ObjectKey};
use crate::topology::Topology;

use super::body::Body;
use super::secret::Vault;
use super::site::scopes;
use super::{Key, Keyed, Object, Owner, World};

pub use nack::{is_made, streams as nack_streams};
pub use objects::Bodies;
pub use references::definition;

/// Under which names are derived that no server gives: version 5 uuids of `namespace/name`.
const SUBSCRIPTIONS: Uuid = Uuid::from_u128(0x5b4f_3c0e_6a54_4f0b_9d53_6576_6374_6c00);

/// Where a desired object comes from.
#[derive(Debug, Clone, PartialEq)]
pub struct Origin {
    /// The declared object.
    pub object: ObjectKey,
    pub at: Location,
}

/// What is wanted, why, and in which order it makes sense.
#[derive(Default)]
pub struct Desired {
    pub world: World,
    pub origins: Keyed<Origin>,
    /// What each object needs to be there first.
    pub needs: Keyed<Vec<Key>>,
    /// Streams that controllers make for Brokers and flows: theirs to keep, and in the way of others.
    pub generated: Keyed<Value>,
    /// Streams and consumers that are made and then left as they are (`preventUpdate`).
    pub frozen: BTreeSet<Key>,
    /// Streams and consumers that are declared, and that a controller in the cluster makes.
    pub observed: BTreeSet<Key>,
    /// What a reader of the plan must know about it, a sentence each.
    pub notes: Vec<String>,
    /// Secret values, for the servers alone.
    pub vault: Vault,
}

impl Desired {
    /// The same servers with nothing wanted of them.
    #[must_use]
    pub fn nothing(self) -> Self {
        let world = World { objects: Keyed::default(), ..self.world };
        Self { world, vault: self.vault, ..Self::default() }
    }

    /// Whether the input declares an object, whoever makes it.
    pub fn declares(&self, key: &Key) -> bool {
        self.world.objects.contains_key(key) || self.observed.contains(key)
    }
}

/// Lowers a topology against a live world, from which come uids, scopes, and which planes take part.
pub fn lower(topology: &Topology, manifests: &[Manifest], project: &str, live: &World) -> Desired {
    lower_with(None, topology, manifests, project, live)
}

/// As `lower`, where the objects' bodies have been made already.
pub fn lower_with(
    bodies: Option<Bodies>,
    topology: &Topology,
    manifests: &[Manifest],
    project: &str,
    live: &World,
) -> Desired {
    let scopes = scopes(manifests);
    let mut lowering = Lowering { topology, project, live, scopes, desired: Desired::default() };
    lowering.desired.world = World {
        objects: Keyed::default(),
        cluster: live.cluster.clone(),
        accounts: live.accounts.clone(),
        others: Keyed::default(),
        streams: live.streams,
        salt: live.salt.clone(),
    };
    let most = manifests.len();
    lowering.desired.world.objects.reserve(most);
    lowering.desired.origins.reserve(most);
    lowering.desired.needs.reserve(most);
    if live.cluster.is_some() {
        let bodies = bodies.unwrap_or_else(|| Bodies::of(manifests, &live.salt));
        lowering.objects(manifests, bodies);
    }
    if live.account().is_some() {
        lowering.channels();
        lowering.nack(manifests);
        lowering.copies();
    }
    if live.cluster.is_some() {
        lowering.references(manifests);
    }
    lowering.desired.world.objects.sort_unstable_keys();
    lowering.desired
}

/// The uid that names a Subscription's consumer where no Kubernetes plane can say it.
pub fn derived_uid(subscription: &ObjectKey) -> String {
    let namespace = subscription.namespace.as_deref().unwrap_or_default();
    Uuid::new_v5(&SUBSCRIPTIONS, format!("{namespace}/{}", subscription.name).as_bytes())
        .to_string()
}

/// An object as it is wanted.
struct Wanted {
    key: Key,
    object: Object,
    origin: Origin,
}

struct Lowering<'a> {
    topology: &'a Topology,
    project: &'a str,
    live: &'a World,
    /// The namespaces of channels that are scoped to them.
    scopes: BTreeMap<&'a ObjectKey, &'a str>,
    desired: Desired,
}

impl Lowering<'_> {
    /// An object as it is wanted, with the declared one that asks for it.
    fn wanted(&self, key: Key, body: impl Into<Body>, object: &ObjectKey, at: Location) -> Wanted {
        let owner = Owner { project: self.project.into(), object: object.to_string().into() };
        let origin = Origin { object: object.clone(), at };
        let mut object = Object { body: body.into(), owner: Some(owner), ..Object::default() };
        if key.object().is_none() {
            self.metadata(&key, &mut object, None, None);
        }
        Wanted { key, object, origin }
    }

    fn add(&mut self, wanted: Wanted) {
        let Wanted { key, object, origin } = wanted;
        self.desired.origins.insert(key.clone(), origin);
        self.desired.world.objects.insert(key, object);
    }

    fn need(&mut self, from: &Key, to: &Key) {
        // Without its plane nothing of it is there, which is cheaper to see than by a search.
        let plane = |key: &Key| key.object().is_none() || self.live.cluster.is_some();
        let is_there = |key: &Key| plane(key) && self.desired.world.objects.contains_key(key);
        if from != to && is_there(from) && is_there(to) {
            // Most need one thing.
            let needs = self.desired.needs.entry(from.clone());
            let needs = needs.or_insert_with(|| Vec::with_capacity(1));
            if !needs.contains(to) {
                needs.push(to.clone());
            }
        }
    }
}

fn namespace(key: &ObjectKey) -> &str {
    key.namespace.as_deref().unwrap_or_default()
}
