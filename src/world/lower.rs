//! A topology and its manifests, lowered to the world they ask for: Kubernetes objects as declared,
//! streams and consumers as the NATS channel's controller would make them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use uuid::Uuid;

use crate::diag::Location;
use crate::jetstream::channel::{Reader, consumer, stream};
use crate::jetstream::{consumer as consumer_rules, stream as stream_rules};
use crate::model::natsjs::NatsJetStreamChannelSpec;
use crate::model::object::is_cluster_scoped;
use crate::model::{Manifest, ObjectKey};
use crate::topology::{Backing, Node, NodeName, Route, Topology};

use super::secret::Vault;
use super::{Key, Object, Owner, World, normal, placeholder};

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
    pub origins: BTreeMap<Key, Origin>,
    /// What each object needs to be there first.
    pub needs: BTreeMap<Key, BTreeSet<Key>>,
    /// Secret values, for the servers alone.
    pub vault: Vault,
}

/// Lowers a topology against a live world, from which come uids, scopes, and which planes take part.
pub fn lower(topology: &Topology, manifests: &[Manifest], project: &str, live: &World) -> Desired {
    let mut lowering = Lowering { topology, project, live, desired: Desired::default() };
    lowering.desired.world = World {
        objects: BTreeMap::new(),
        cluster: live.cluster.clone(),
        accounts: live.accounts.clone(),
        others: BTreeMap::new(),
        salt: live.salt.clone(),
    };
    if live.cluster.is_some() {
        lowering.objects(manifests);
    }
    if live.account().is_some() {
        lowering.streams();
    }
    if live.cluster.is_some() {
        lowering.references(manifests);
    }
    lowering.desired
}

/// The uid that names a Subscription's consumer where no Kubernetes plane can say it.
pub fn derived_uid(subscription: &ObjectKey) -> String {
    let namespace = subscription.namespace.as_deref().unwrap_or_default();
    Uuid::new_v5(&SUBSCRIPTIONS, format!("{namespace}/{}", subscription.name).as_bytes())
        .to_string()
}

struct Lowering<'a> {
    topology: &'a Topology,
    project: &'a str,
    live: &'a World,
    desired: Desired,
}

impl Lowering<'_> {
    fn add(&mut self, key: Key, body: Value, object: &ObjectKey, at: Location) {
        let owner = Owner { project: self.project.to_owned(), object: object.to_string() };
        self.desired.origins.insert(key.clone(), Origin { object: object.clone(), at });
        let object = Object { body, owner: Some(owner), ..Object::default() };
        self.desired.world.objects.insert(key, object);
    }

    fn need(&mut self, from: &Key, to: &Key) {
        let is_there = |key: &Key| self.desired.world.objects.contains_key(key);
        if from != to && is_there(from) && is_there(to) {
            self.desired.needs.entry(from.clone()).or_default().insert(to.clone());
        }
    }

    fn objects(&mut self, manifests: &[Manifest]) {
        for manifest in manifests {
            let key = self.scoped(&manifest.key);
            let mut body =
                normal::declared(manifest.body().clone(), &self.live.salt, &mut self.desired.vault);
            if let Some(metadata) = body.get_mut("metadata").and_then(Value::as_object_mut) {
                match &key.namespace {
                    Some(namespace) => {
                        metadata.insert("namespace".into(), namespace.clone().into())
                    }
                    None => metadata.remove("namespace"),
                };
            }
            self.add(Key::Object(key.clone()), body, &key, manifest.name_location());
        }
    }

    /// The key as the cluster has it: a kind that its discovery calls cluster-scoped loses the
    /// namespace that loading gave it.
    fn scoped(&self, key: &ObjectKey) -> ObjectKey {
        let kind = (key.group.clone(), key.kind.clone());
        let discovered =
            self.live.cluster.as_ref().is_some_and(|c| c.cluster_scoped.contains(&kind));
        if discovered || is_cluster_scoped(&key.group, &key.kind) {
            return ObjectKey { namespace: None, ..key.clone() };
        }
        key.clone()
    }

    fn streams(&mut self) {
        let topology = self.topology;
        for (index, node, channel) in topology.channels() {
            let (NodeName::Object(object), Backing::NatsJetStream(spec)) =
                (&node.name, &channel.backing)
            else {
                continue;
            };
            // What another object's controller makes is that controller's to keep.
            if node.generated_by.is_some() {
                continue;
            }
            let config = stream_rules::normal(&stream(namespace(object), &object.name, spec));
            let key = self.stream_key(&config);
            self.add(key.clone(), Value::Object(config), object, node.at);
            self.need(&Key::Object(object.clone()), &key);
            for (_, route) in
                topology.routes_from(index).filter(|(_, route)| route.unserved.is_none())
            {
                self.consumer(&key, node, spec, route);
            }
        }
        self.copied_streams();
    }

    fn stream_key(&self, config: &serde_json::Map<String, Value>) -> Key {
        let name = config.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
        Key::Stream { site: String::new(), name }
    }

    fn consumer(
        &mut self,
        stream: &Key,
        node: &Node,
        spec: &NatsJetStreamChannelSpec,
        route: &Route,
    ) {
        let (Some(channel), Key::Stream { site, name: stream_name }) = (node.name.object(), stream)
        else {
            return;
        };
        let (upper, lower) = self.uid(&route.object);
        let reader = Reader {
            namespace: namespace(channel),
            channel: &channel.name,
            upper_uid: &upper,
            lower_uid: &lower,
        };
        let config = consumer_rules::normal(&consumer(reader, spec, route.delivery.as_ref()));
        let name =
            config.get("durable_name").and_then(Value::as_str).unwrap_or_default().to_owned();
        let key = Key::Consumer { site: site.clone(), stream: stream_name.clone(), name };
        self.add(key.clone(), Value::Object(config), &route.object, route.at);
        self.need(&key, stream);
        self.need(&key, &Key::Object(route.object.clone()));
    }

    /// The uid that names a Subscription's consumer, in upper and lower case without hyphens: the
    /// live object's, a placeholder for a new one's, or derived where there is no Kubernetes plane.
    fn uid(&self, subscription: &ObjectKey) -> (String, String) {
        let uid = match (&self.live.cluster, self.live.uid(subscription)) {
            (_, Some(uid)) => uid.to_owned(),
            (None, None) => derived_uid(subscription),
            (Some(_), None) => {
                return (placeholder::upper(subscription), placeholder::lower(subscription));
            }
        };
        let plain = uid.replace('-', "");
        (plain.to_uppercase(), plain.to_lowercase())
    }

    /// A stream that copies from another comes after it.
    fn copied_streams(&mut self) {
        let streams: Vec<_> =
            self.desired.world.objects.iter().map(|(k, o)| (k.clone(), o.body.clone())).collect();
        for (key, body) in streams.iter().filter(|(key, _)| matches!(key, Key::Stream { .. })) {
            let sources = body.get("sources").and_then(Value::as_array).into_iter().flatten();
            for source in sources.chain(body.get("mirror")) {
                let name = source.get("name").and_then(Value::as_str).unwrap_or_default();
                self.need(key, &Key::Stream { site: String::new(), name: name.to_owned() });
            }
        }
    }

    fn references(&mut self, manifests: &[Manifest]) {
        for reference in &self.topology.references {
            let (from, to) = (self.scoped(&reference.from), self.scoped(&reference.to));
            self.need(&Key::Object(from), &Key::Object(to));
        }
        let definitions: BTreeMap<_, _> = manifests.iter().filter_map(definition).collect();
        let keys: Vec<ObjectKey> =
            self.desired.world.objects.keys().filter_map(|key| key.object().cloned()).collect();
        for key in keys {
            if let Some(namespace) = &key.namespace {
                let namespace = ObjectKey {
                    group: String::new(),
                    kind: "Namespace".into(),
                    namespace: None,
                    name: namespace.clone(),
                };
                self.need(&Key::Object(key.clone()), &Key::Object(namespace));
            }
            if let Some(definition) = definitions.get(&(key.group.clone(), key.kind.clone())) {
                self.need(&Key::Object(key.clone()), &Key::Object(definition.clone()));
            }
        }
    }
}

/// The group and kind that a CRD of the input defines.
pub fn definition(manifest: &Manifest) -> Option<((String, String), ObjectKey)> {
    if !manifest.key.is("apiextensions.k8s.io", "CustomResourceDefinition") {
        return None;
    }
    let text = |at: &str| manifest.body().pointer(at).and_then(Value::as_str).map(str::to_owned);
    Some(((text("/spec/group")?, text("/spec/names/kind")?), manifest.key.clone()))
}

fn namespace(key: &ObjectKey) -> &str {
    key.namespace.as_deref().unwrap_or_default()
}
