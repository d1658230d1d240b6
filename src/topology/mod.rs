//! The routing model that every dialect is lowered into: nodes that take events in, and routes that
//! carry them on. Immutable once made. Analysis, simulation and what is planned read only this.
//! Knows nothing of worlds, plans and servers.

mod addressable;
mod broken;
mod config_maps;
mod eventing;
mod filter;
mod flows;
mod messaging;
mod nack;
mod nats_channel;
mod object_model;
mod openfunction;
mod reference;
mod resolve;
mod sources;
mod stream_names;
mod suggestion;
#[cfg(test)]
mod tests;

pub use filter::{ConditionInput, Filter};
pub use resolve::{Resolved, resolve};

use std::collections::BTreeMap;
use std::fmt;

use petgraph::graph::DiGraph;
pub use petgraph::graph::NodeIndex;

use crate::diag::Location;
use crate::model::ObjectKey;
use crate::model::knative::duck::DeliverySpec;
use crate::model::natsjs::NatsJetStreamChannelSpec;
use crate::model::object_model::CallRole;

/// What takes events in, by the name that output uses.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NodeName {
    Object(ObjectKey),
    /// A URI relative to an object's address.
    Path(ObjectKey, String),
    /// A topic of an event bus; absent where the bus is not known.
    Topic(Option<ObjectKey>, String),
    Uri(String),
}

impl NodeName {
    /// The object, where there is one.
    pub fn object(&self) -> Option<&ObjectKey> {
        match self {
            Self::Object(key) | Self::Path(key, _) => Some(key),
            Self::Topic(..) | Self::Uri(_) => None,
        }
    }
}

impl fmt::Display for NodeName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Object(key) => key.fmt(out),
            Self::Path(key, path) => write!(out, "{key} {path}"),
            Self::Topic(Some(bus), topic) => write!(out, "{bus} {topic}"),
            Self::Topic(None, topic) => write!(out, "topic {topic}"),
            Self::Uri(uri) => out.write_str(uri),
        }
    }
}

/// What a node does with an event.
#[derive(Debug, Clone)]
pub enum Role {
    /// Makes events and takes none.
    Producer,
    /// Keeps it and hands it to every route that starts here.
    Channel(Box<Channel>),
    /// Takes it and may answer.
    Sink,
}

/// A channel, by what stands behind it.
#[derive(Debug, Clone)]
pub struct Channel {
    pub backing: Backing,
    /// The delivery of routes that have none of their own, as a whole.
    pub delivery: Option<DeliverySpec>,
}

/// The kind of channel that does the work.
#[derive(Debug, Clone)]
pub enum Backing {
    /// A JetStream stream, with one consumer per route.
    NatsJetStream(Box<NatsJetStreamChannelSpec>),
    /// A stream of JetStream that no channel stands before, by its name there.
    Stream { name: String },
    /// A Knative Broker of a class, and the NATS channel that it keeps its events in, where its settings
    /// are declared and say so.
    Broker { class: String, channel: Option<NodeIndex> },
    /// A topic of OpenFunction's event bus; absent where the bus itself is not known.
    BusTopic { bus: Option<ObjectKey> },
    /// Another kind; evctl knows its name only.
    Other { api_version: String, kind: String },
}

impl Backing {
    /// What people call it.
    pub fn name(&self) -> &str {
        match self {
            Self::NatsJetStream(_) => crate::model::natsjs::KIND,
            Self::Stream { .. } => "stream",
            Self::Broker { class, .. } => class,
            Self::BusTopic { .. } => "event bus topic",
            Self::Other { kind, .. } => kind,
        }
    }
}

/// One node of the graph.
#[derive(Debug, Clone)]
pub struct Node {
    pub name: NodeName,
    pub role: Role,
    /// Where it is declared, or first referred to.
    pub at: Location,
    /// The declared object whose controller makes this one.
    pub generated_by: Option<ObjectKey>,
}

/// What the answers of a route's call mean, and where those go that name a route.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Answers {
    pub role: CallRole,
    /// The node of each name that a router answers with.
    pub routes: Vec<(String, NodeIndex)>,
}

/// Carries events from a channel or a producer to a subscriber, its replies to another node, and what was given
/// up to a third.
#[derive(Debug, Clone)]
pub struct Route {
    /// The declared object that says so: a Subscription, Trigger, Sequence, source…
    pub object: ObjectKey,
    pub at: Location,
    pub from: NodeIndex,
    /// Which events.
    pub filter: Filter,
    pub call: NodeIndex,
    pub reply: Option<NodeIndex>,
    /// How the call's answers are read.
    pub answers: Answers,
    pub dead_letter: Option<NodeIndex>,
    /// The Subscription's own delivery, or else the channel's, as a whole.
    pub delivery: Option<DeliverySpec>,
    /// Why the channel's implementation never serves this route, where that is known.
    pub unserved: Option<&'static str>,
    /// The Subscription that the object's controller makes for this route, where it makes one.
    pub generated: Option<ObjectKey>,
}

impl Route {
    /// The object that output names the route by.
    pub fn name(&self) -> &ObjectKey {
        self.generated.as_ref().unwrap_or(&self.object)
    }
}

/// Why one object must be there before another is of use.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reference {
    pub from: ObjectKey,
    pub to: ObjectKey,
}

/// How an edge of the graph carries events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    Call,
    Reply,
    DeadLetter,
}

/// Nodes, routes, and who refers to whom.
#[derive(Debug, Default)]
pub struct Topology {
    pub graph: DiGraph<Node, (usize, Flow)>,
    /// In the order of the manifests.
    pub routes: Vec<Route>,
    pub references: Vec<Reference>,
    /// Objects whose events go straight to another's node, such as a Sequence's to its first
    /// channel.
    pub aliases: BTreeMap<ObjectKey, NodeIndex>,
}

impl Topology {
    /// An empty one with room for what so many manifests come to, for the most part.
    pub(super) fn with_room(manifests: usize) -> Self {
        let graph = DiGraph::with_capacity(manifests, 2 * manifests);
        Self { graph, routes: Vec::with_capacity(manifests), ..Self::default() }
    }

    /// Takes a route in, with its edges.
    pub(super) fn add_route(&mut self, route: Route) {
        let number = self.routes.len();
        let (from, call) = (route.from, route.call);
        self.graph.add_edge(from, call, (number, Flow::Call));
        route.reply.map(|to| self.graph.add_edge(from, to, (number, Flow::Reply)));
        route.dead_letter.map(|to| self.graph.add_edge(from, to, (number, Flow::DeadLetter)));
        for (_, to) in &route.answers.routes {
            self.graph.add_edge(from, *to, (number, Flow::Reply));
        }
        self.routes.push(route);
    }

    /// Every node that is a channel, in the order of the manifests.
    pub fn channels(&self) -> impl Iterator<Item = (NodeIndex, &Node, &Channel)> {
        self.graph.node_indices().filter_map(|at| match &self.graph[at].role {
            Role::Channel(channel) => Some((at, &self.graph[at], &**channel)),
            Role::Sink | Role::Producer => None,
        })
    }

    /// The node of a name.
    pub fn node(&self, name: &NodeName) -> Option<NodeIndex> {
        let alias = || match name {
            NodeName::Object(key) => self.aliases.get(key).copied(),
            NodeName::Path(..) | NodeName::Topic(..) | NodeName::Uri(_) => None,
        };
        self.graph.node_indices().find(|at| self.graph[*at].name == *name).or_else(alias)
    }

    /// The routes that start at a node, with their numbers.
    pub fn routes_from(&self, node: NodeIndex) -> impl Iterator<Item = (usize, &Route)> {
        self.routes.iter().enumerate().filter(move |(_, route)| route.from == node)
    }
}
