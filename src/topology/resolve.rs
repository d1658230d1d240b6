//! Manifests to a topology: duplicates, declared objects, references, then one lowering per family.

use std::collections::{BTreeMap, BTreeSet};

use foldhash::fast::RandomState;
use indexmap::map::Entry;
use smol_str::SmolStr;

use crate::diag::{Code, Finding, Location};
use crate::model::hashed::Hashed;
use crate::model::load::cluster_kinds;
use crate::model::manifest::Typed;
use crate::model::{Assumed, Manifest, ObjectKey, Path};

use super::nack::StreamKey;
use super::{Channel, Node, NodeIndex, NodeName, Role, Topology};

/// A topology and all that is wrong with it.
#[derive(Default)]
pub struct Resolved {
    pub topology: Topology,
    pub findings: Vec<Finding>,
    /// References to what is declared nowhere. A live cluster may have the object, which then takes
    /// the finding away.
    pub dangling: Vec<(ObjectKey, Finding)>,
}

/// Resolves every reference and lowers every kind. `assumed` is what the servers are taken to be.
pub fn resolve(manifests: &[Manifest], assumed: &Assumed) -> Resolved {
    let mut resolver = Resolver {
        manifests,
        assumed,
        declared: Hashed::with_capacity_and_hasher(manifests.len(), RandomState::default()),
        cluster_kinds: cluster_kinds(manifests),
        nodes: Hashed::with_capacity_and_hasher(manifests.len(), RandomState::default()),
        streams: BTreeMap::new(),
        consumers: BTreeMap::new(),
        buses: BTreeMap::new(),
        deliveries: BTreeMap::new(),
        topology: Topology::with_room(manifests.len()),
        findings: Vec::new(),
        dangling: Vec::new(),
    };
    resolver.declare();
    resolver.lower();
    Resolved {
        topology: resolver.topology,
        findings: resolver.findings,
        dangling: resolver.dangling,
    }
}

pub(super) struct Resolver<'a> {
    pub(super) manifests: &'a [Manifest],
    pub(super) assumed: &'a Assumed,
    /// Every declared object and its manifest; in the order of the keys where anything of the object
    /// model is declared, which looks for neighbours.
    pub(super) declared: Hashed<&'a ObjectKey, usize>,
    /// Kinds that CRDs of the input declare for the whole cluster.
    pub(super) cluster_kinds: BTreeSet<(SmolStr, SmolStr)>,
    pub(super) nodes: Hashed<NodeName, NodeIndex>,
    /// Every stream that is declared, or that a channel stands for.
    pub(super) streams: BTreeMap<StreamKey, NodeIndex>,
    /// The first Consumer of NACK for each site, stream and name, and where it is.
    pub(super) consumers: BTreeMap<(String, String, String), (ObjectKey, Location)>,
    /// The first event bus of each server, by URL and cluster id.
    pub(super) buses: BTreeMap<(String, String), ObjectKey>,
    /// Where the delivery of a route stands, by the route's number, where that is not `spec.delivery`
    /// of its object.
    pub(super) deliveries: BTreeMap<usize, Path>,
    pub(super) topology: Topology,
    pub(super) findings: Vec<Finding>,
    pub(super) dangling: Vec<(ObjectKey, Finding)>,
}

impl Resolver<'_> {
    fn declare(&mut self) {
        for (at, manifest) in self.manifests.iter().enumerate() {
            let first = match self.declared.entry(&manifest.key) {
                Entry::Occupied(first) => *first.get(),
                Entry::Vacant(free) => {
                    free.insert(at);
                    continue;
                }
            };
            let message = format!("{} is declared twice", manifest.key);
            let finding = Finding::new(Code::DuplicateObject, message, "keep one of the two")
                .at(manifest.name_location())
                .path("metadata.name")
                .object(manifest.key.to_string())
                .related(self.manifests[first].name_location(), "first declared here");
            self.findings.push(finding);
        }
        let is_object_model = |manifest: &Manifest| matches!(manifest.typed, Typed::ObjectModel(_));
        if self.manifests.iter().any(is_object_model) {
            self.declared.sort_unstable_keys();
        }
    }

    /// Nodes come first, so that whatever refers to one finds it, in whatever order they stand.
    fn lower(&mut self) {
        for manifest in self.manifests {
            self.nodes(manifest);
        }
        self.channel_streams();
        for manifest in self.manifests {
            self.routes(manifest);
        }
        self.stream_names();
        self.nats_channels();
    }

    fn nodes(&mut self, manifest: &Manifest) {
        match &manifest.typed {
            Typed::Messaging(kind) => self.messaging_nodes(manifest, kind),
            Typed::NatsJetStreamChannel(spec) => self.nats_channel(manifest, spec),
            Typed::Eventing(kind) => self.eventing_nodes(manifest, kind),
            Typed::Flow(kind) => self.flow_nodes(manifest, kind),
            Typed::Source(kind) => self.source_nodes(manifest, kind),
            Typed::Sink(_) => {
                self.sink(NodeName::Object(manifest.key.clone()), manifest.name_location());
            }
            Typed::Other => self.other_node(manifest),
            Typed::Nack(kind) => self.nack_nodes(manifest, kind),
            Typed::ObjectModel(kind) => self.object_model_nodes(manifest, kind),
            Typed::OpenFunction(kind) => self.openfunction_nodes(manifest, kind),
            Typed::ConfigMap(_) | Typed::Broken => {}
        }
    }

    fn routes(&mut self, manifest: &Manifest) {
        match &manifest.typed {
            Typed::Messaging(kind) => self.messaging_routes(manifest, kind),
            Typed::NatsJetStreamChannel(spec) => {
                self.dead_letter_sink(manifest, spec.delivery.as_ref());
            }
            Typed::Eventing(kind) => self.eventing_routes(manifest, kind),
            Typed::Flow(kind) => self.flow_routes(manifest, kind),
            Typed::Source(kind) => self.source_routes(manifest, kind),
            Typed::Other => self.other_route(manifest),
            Typed::Nack(kind) => self.nack_routes(manifest, kind),
            Typed::ConfigMap(kind) => self.config_map(manifest, kind),
            Typed::ObjectModel(kind) => self.object_model_routes(manifest, kind),
            Typed::OpenFunction(kind) => self.openfunction_routes(manifest, kind),
            Typed::Sink(_) | Typed::Broken => self.broken(manifest),
        }
    }

    /// Takes findings about a manifest in.
    pub(super) fn tell_all(&mut self, manifest: &Manifest, findings: Vec<Finding>) {
        let object = manifest.key.to_string();
        self.findings.extend(findings.into_iter().map(|finding| finding.object(object.clone())));
    }

    /// The node of a channel; a second declaration of it is left aside.
    pub(super) fn channel_node(&mut self, manifest: &Manifest, channel: Channel) {
        let name = NodeName::Object(manifest.key.clone());
        if self.nodes.contains_key(&name) {
            return;
        }
        let at = manifest.name_location();
        let role = Role::Channel(Box::new(channel));
        let node = Node { name: name.clone(), role, at, generated_by: None };
        let index = self.topology.graph.add_node(node);
        self.nodes.insert(name, index);
    }

    /// The node of a name, made a sink where it is not yet there.
    pub(super) fn sink(&mut self, name: NodeName, at: Location) -> NodeIndex {
        if let Some(index) = self.nodes.get(&name) {
            return *index;
        }
        let node = Node { name: name.clone(), role: Role::Sink, at, generated_by: None };
        let index = self.topology.graph.add_node(node);
        self.nodes.insert(name, index);
        index
    }
}
