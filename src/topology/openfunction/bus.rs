//! Event buses and their topics: which bus a name means, which buses are one server, and which
//! sources meet on one topic.

use petgraph::Direction;

use crate::diag::{Code, Location};
use crate::model::manifest::Typed;
use crate::model::openfunction::{Event, EventBus, GROUP, OpenFunction, Trigger};
use crate::model::shape::nearest;
use crate::model::{Manifest, ObjectKey, Path};
use crate::topology::resolve::Resolver;
use crate::topology::{Backing, Channel, Node, NodeIndex, NodeName, Role};

impl<'a> Resolver<'a> {
    /// Takes note of a bus and its server.
    pub(super) fn event_bus(&mut self, manifest: &Manifest, bus: &EventBus) {
        let Some(server) = bus.server.clone() else { return };
        let first = self.buses.entry(server).or_insert_with(|| manifest.key.clone());
        if manifest.key < *first {
            *first = manifest.key.clone();
        }
    }

    /// The bus that a name means, with a finding where it is declared nowhere.
    pub(super) fn refer_to_bus(&mut self, manifest: &Manifest, name: &str) -> ObjectKey {
        let key = self.bus_object(manifest, name);
        self.refer(manifest, &Path::of("spec.eventBus"), &key);
        if !self.declared.contains_key(&key) {
            let is_bus = |other: &&&ObjectKey| {
                other.is(GROUP, "ClusterEventBus")
                    || other.is(GROUP, "EventBus") && other.namespace == key.namespace
            };
            let names = self.declared.keys().filter(is_bus).map(|other| other.name.as_str());
            let near = nearest(name, names).map(|near| format!("did you mean `{near}`?"));
            if let (Some(help), Some((_, finding))) = (near, self.dangling.last_mut()) {
                finding.help = help;
            }
        }
        self.bus(manifest, name)
    }

    /// The bus that a name means. Of several buses on one server, the first stands for all: their
    /// topics are the same.
    pub(super) fn bus(&self, manifest: &Manifest, name: &str) -> ObjectKey {
        let key = self.bus_object(manifest, name);
        let Some(server) = self.bus_spec(&key).and_then(|bus| bus.server.as_ref()) else {
            return key;
        };
        self.buses.get(server).cloned().unwrap_or(key)
    }

    /// An EventBus of the namespace goes before a ClusterEventBus.
    fn bus_object(&self, manifest: &Manifest, name: &str) -> ObjectKey {
        let key = |kind: &str, namespace: Option<String>| ObjectKey {
            group: GROUP.into(),
            kind: kind.into(),
            namespace: namespace.map(Into::into),
            name: name.into(),
        };
        let own = key("EventBus", manifest.key.namespace.clone().map(Into::into));
        let whole = key("ClusterEventBus", None);
        let is_whole = !self.declared.contains_key(&own) && self.declared.contains_key(&whole);
        if is_whole { whole } else { own }
    }

    fn bus_spec(&self, key: &ObjectKey) -> Option<&'a EventBus> {
        match &self.manifests[*self.declared.get(key)?].typed {
            Typed::OpenFunction(OpenFunction::EventBus(bus)) => Some(bus),
            _ => None,
        }
    }

    /// Several inputs share the one subject that the bus's scaling is given.
    pub(super) fn scaled_inputs(
        &mut self,
        manifest: &Manifest,
        trigger: &Trigger,
        bus: Option<&ObjectKey>,
    ) {
        let scaled = bus.and_then(|key| self.bus_spec(key)).is_some_and(|bus| bus.scaled);
        if scaled && trigger.inputs.len() > 1 {
            let message = "the bus has a `scaleOption`, and with several inputs every scaler gets \
                           the subject of the last: the others' lag scales nothing";
            let help = "use one Trigger for each input, or a bus without scaleOption";
            self.fault(manifest, Code::InertField, &Path::of("spec.inputs"), message, help);
        }
    }

    /// Two sources whose names come out as one topic.
    pub(super) fn cross_talk(
        &mut self,
        manifest: &Manifest,
        bus: Option<&ObjectKey>,
        topic: &str,
        event: &Event,
    ) {
        let name = NodeName::Topic(bus.cloned(), topic.to_owned());
        let Some(node) = self.nodes.get(&name) else { return };
        let into = self.topology.graph.edges_directed(*node, Direction::Incoming);
        let first = into
            .filter_map(|edge| self.topology.routes.get(edge.weight().0))
            .map(|route| &route.object)
            .find(|object| object.is(GROUP, "EventSource") && **object != manifest.key);
        let Some(first) = first.cloned() else { return };
        let message = format!("the topic of this event is `{topic}`, as is one of {first}");
        let help = "rename one of the events or sources: a Trigger of one hears both";
        let place = manifest.place();
        let mut finding = place
            .finding(Code::CrossTalk, &event.path(), message, help)
            .at(place.key(&event.path()))
            .object(manifest.key.to_string());
        if let Some(at) = self.declared.get(&first) {
            finding = finding.related(self.manifests[*at].name_location(), "the other source");
        }
        self.findings.push(finding);
    }

    /// The node of a topic.
    pub(super) fn topic_node(
        &mut self,
        bus: Option<ObjectKey>,
        topic: String,
        at: Location,
    ) -> NodeIndex {
        let name = NodeName::Topic(bus.clone(), topic);
        if let Some(index) = self.nodes.get(&name) {
            return *index;
        }
        let channel = Channel { backing: Backing::BusTopic { bus }, delivery: None };
        let role = Role::Channel(Box::new(channel));
        let node = Node { name: name.clone(), role, at, generated_by: None };
        let index = self.topology.graph.add_node(node);
        self.nodes.insert(name, index);
        index
    }
}
