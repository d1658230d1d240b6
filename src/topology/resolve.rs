//! Manifests to a topology: duplicates, declared objects, references, then one lowering per family.

use std::collections::{BTreeMap, BTreeSet};

use crate::diag::{Code, Finding, Location};
use crate::model::load::{Typed, cluster_kinds};
use crate::model::{Manifest, ObjectKey};

use super::reference::sink_reference;
use super::{Channel, Node, NodeIndex, NodeName, Reference, Role, Topology};

/// A topology and all that is wrong with it.
#[derive(Default)]
pub struct Resolved {
    pub topology: Topology,
    pub findings: Vec<Finding>,
    /// References to what is declared nowhere. A live cluster may have the object, which then takes
    /// the finding away.
    pub dangling: Vec<(ObjectKey, Finding)>,
}

/// Resolves every reference and lowers every kind.
pub fn resolve(manifests: &[Manifest]) -> Resolved {
    let mut resolver = Resolver {
        manifests,
        declared: BTreeMap::new(),
        cluster_kinds: cluster_kinds(manifests),
        nodes: BTreeMap::new(),
        topology: Topology::default(),
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
    /// Every declared object and its manifest.
    pub(super) declared: BTreeMap<ObjectKey, usize>,
    /// Kinds that CRDs of the input declare for the whole cluster.
    pub(super) cluster_kinds: BTreeSet<(String, String)>,
    pub(super) nodes: BTreeMap<NodeName, NodeIndex>,
    pub(super) topology: Topology,
    pub(super) findings: Vec<Finding>,
    pub(super) dangling: Vec<(ObjectKey, Finding)>,
}

impl Resolver<'_> {
    fn declare(&mut self) {
        for (at, manifest) in self.manifests.iter().enumerate() {
            let Some(first) = self.declared.get(&manifest.key) else {
                self.declared.insert(manifest.key.clone(), at);
                continue;
            };
            let message = format!("{} is declared twice", manifest.key);
            let finding = Finding::new(Code::DuplicateObject, message, "keep one of the two")
                .at(manifest.name_location())
                .path("metadata.name")
                .object(manifest.key.to_string())
                .related(self.manifests[*first].name_location(), "first declared here");
            self.findings.push(finding);
        }
    }

    /// Channels come first, so that whatever refers to one finds it, in whatever order they stand.
    fn lower(&mut self) {
        for manifest in self.manifests {
            match &manifest.typed {
                Typed::NatsJetStreamChannel(spec) => self.nats_channel(manifest, spec),
                Typed::Channel(spec) => self.channel(manifest, spec),
                Typed::Subscription(_) | Typed::Broken | Typed::Other => {}
            }
        }
        for manifest in self.manifests {
            match &manifest.typed {
                Typed::NatsJetStreamChannel(spec) => {
                    self.dead_letter_sink(manifest, spec.delivery.as_ref());
                }
                Typed::Channel(spec) => {
                    self.dead_letter_sink(manifest, spec.delivery.as_ref());
                }
                Typed::Subscription(_) | Typed::Broken => {}
                Typed::Other => self.pass_through(manifest),
            }
        }
        for manifest in self.manifests {
            if let Typed::Subscription(spec) = &manifest.typed {
                self.subscription(manifest, spec);
            }
        }
        self.stream_names();
    }

    fn pass_through(&mut self, manifest: &Manifest) {
        self.sink(NodeName::Object(manifest.key.clone()), manifest.name_location());
        if let Some(to) = sink_reference(manifest) {
            self.topology.references.push(Reference { from: manifest.key.clone(), to });
        }
    }

    /// The node of a channel; a second declaration of it is left aside.
    pub(super) fn channel_node(&mut self, manifest: &Manifest, channel: Channel) {
        let name = NodeName::Object(manifest.key.clone());
        if self.nodes.contains_key(&name) {
            return;
        }
        let at = manifest.name_location();
        let node = Node { name: name.clone(), role: Role::Channel(Box::new(channel)), at };
        let index = self.topology.graph.add_node(node);
        self.nodes.insert(name, index);
    }

    /// The node of a name, made a sink where it is not yet there.
    pub(super) fn sink(&mut self, name: NodeName, at: Location) -> NodeIndex {
        if let Some(index) = self.nodes.get(&name) {
            return *index;
        }
        let index = self.topology.graph.add_node(Node { name: name.clone(), role: Role::Sink, at });
        self.nodes.insert(name, index);
        index
    }
}
