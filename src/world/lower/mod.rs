//! A topology and its manifests, lowered to the world they ask for: Kubernetes objects as declared,
//! streams and consumers as the controllers of the NATS channel and of NACK would make them.

mod ahead;
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

pub use ahead::Ahead;
pub use nack::{is_made, streams as nack_streams};
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

/// As `lower`, where the Kubernetes objects have been lowered already.
pub fn lower_with(
    ahead: Option<Ahead>,
    topology: &Topology,
    manifests: &[Manifest],
    project: &str,
    live: &World,
) -> Desired {
    let mut lowering = Lowering::of(topology, manifests, project, live);
    if let Some(cluster) = &live.cluster {
        match ahead.and_then(|ahead| ahead.against(cluster)) {
            Some(desired) => lowering.resume(desired),
            None => lowering.objects(manifests),
        }
    }
    if live.account().is_some() {
        lowering.channels();
        lowering.nack(manifests);
        lowering.copies();
        lowering.desired.world.objects.sort_unstable_keys();
    }
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

impl<'a> Lowering<'a> {
    /// With nothing lowered yet.
    fn of(
        topology: &'a Topology,
        manifests: &'a [Manifest],
        project: &'a str,
        live: &'a World,
    ) -> Self {
        let desired = Desired { world: live.without_objects(), ..Desired::default() };
        let mut lowering = Self { topology, project, live, scopes: scopes(manifests), desired };
        let most = manifests.len();
        lowering.desired.world.objects.reserve(most);
        lowering.desired.origins.reserve(most);
        lowering.desired.needs.reserve(most);
        lowering
    }

    /// Takes in what was lowered against another world.
    fn resume(&mut self, other: Desired) {
        let world = World { objects: other.world.objects, ..self.live.without_objects() };
        self.desired = Desired { world, ..other };
    }
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
