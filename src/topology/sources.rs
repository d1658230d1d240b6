//! Lowers what produces events: the family of `model::knative::sources`, and any other kind that
//! names its sink the way sources do.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::model::knative::duck::Destination;
use crate::model::knative::sources::{SinkBindingSpec, Source, Subject};
use crate::model::object::group_of;
use crate::model::{Manifest, ObjectKey, Path};

use super::reference::{has_no_address, is_absolute};
use super::resolve::Resolver;
use super::{Answers, Filter, Node, NodeIndex, NodeName, Role, Route};

/// Where every source says where its events go.
const SINK: &str = "spec.sink";

/// A template for connectors of Apache Camel, which takes no events over HTTP.
const KAMELET: &str = "Kamelet";

impl Resolver<'_> {
    /// A SinkBinding has no node: its subject sends the events.
    pub(super) fn source_nodes(&mut self, manifest: &Manifest, kind: &Source) {
        if !matches!(kind, Source::SinkBinding(_)) {
            self.producer(&manifest.key, manifest);
        }
    }

    pub(super) fn source_routes(&mut self, manifest: &Manifest, kind: &Source) {
        let call = self.place(manifest, &Path::of(SINK), Some(kind.sink()));
        let producers = match kind {
            Source::SinkBinding(spec) => self.subjects(manifest, spec),
            _ => vec![self.producer(&manifest.key, manifest)],
        };
        let Some(call) = call else { return };
        for from in producers {
            self.send(manifest, from, call, filter(kind));
        }
    }

    /// The node of a kind that evctl does not know: a producer where it has a sink, or else a sink.
    pub(super) fn other_node(&mut self, manifest: &Manifest) {
        if sink_of(manifest).is_some() {
            self.producer(&manifest.key, manifest);
        } else {
            self.sink(NodeName::Object(manifest.key.clone()), manifest.name_location());
        }
    }

    /// The route of a kind that evctl does not know, where it has a sink.
    pub(super) fn other_route(&mut self, manifest: &Manifest) {
        let Some(sink) = sink_of(manifest) else { return };
        let Some(call) = self.place(manifest, &Path::of(SINK), Some(&sink)) else { return };
        let from = self.producer(&manifest.key, manifest);
        self.send(manifest, from, call, Filter::Everything);
    }

    /// The node of an object that sends events. One that also takes some stays what it is.
    fn producer(&mut self, key: &ObjectKey, manifest: &Manifest) -> NodeIndex {
        let name = NodeName::Object(key.clone());
        if let Some(index) = self.nodes.get(&name) {
            let node = &mut self.topology.graph[*index];
            if matches!(node.role, Role::Sink) && has_no_address(key) {
                node.role = Role::Producer;
            }
            return *index;
        }
        let at = manifest.name_location();
        let node = Node { name: name.clone(), role: Role::Producer, at, generated_by: None };
        let index = self.topology.graph.add_node(node);
        self.nodes.insert(name, index);
        index
    }

    fn send(&mut self, manifest: &Manifest, from: NodeIndex, call: NodeIndex, filter: Filter) {
        self.topology.add_route(Route {
            answers: Answers::default(),
            object: manifest.key.clone(),
            at: manifest.name_location(),
            from,
            filter,
            call,
            reply: None,
            dead_letter: None,
            delivery: None,
            unserved: None,
            generated: None,
        });
    }

    /// What sends because of a SinkBinding: the subject of the name, or every declared object that
    /// the selector matches; the SinkBinding itself where there is none yet.
    fn subjects(&mut self, manifest: &Manifest, spec: &SinkBindingSpec) -> Vec<NodeIndex> {
        let subject = &spec.subject;
        let named = subject.name.as_ref().filter(|name| !name.is_empty());
        let keys = match (named, &subject.selector) {
            (Some(name), _) => {
                let key = subject_key(manifest, subject, name);
                self.refer(manifest, &Path::of("spec.subject.name"), &key);
                vec![key]
            }
            (None, Some(_)) => self.selected(manifest, subject),
            (None, None) => Vec::new(),
        };
        if keys.is_empty() {
            return vec![self.producer(&manifest.key, manifest)];
        }
        keys.iter().map(|key| self.producer(key, manifest)).collect()
    }

    fn selected(&self, manifest: &Manifest, subject: &Subject) -> Vec<ObjectKey> {
        let Some(selector) = &subject.selector else { return Vec::new() };
        let group = group_of(&subject.api_version);
        let meant = |other: &&Manifest| {
            other.key.is(group, &subject.kind)
                && other.key.namespace == manifest.key.namespace
                && selector.matches(&labels(other))
        };
        self.manifests.iter().filter(meant).map(|other| other.key.clone()).collect()
    }
}

/// Which events a source sends.
fn filter(kind: &Source) -> Filter {
    let Source::ApiServer(spec) = kind else { return Filter::Everything };
    match spec.filters.clone().unwrap_or_default() {
        none if none.is_empty() => Filter::Everything,
        filters => Filter::Subscriptions(filters),
    }
}

fn subject_key(manifest: &Manifest, subject: &Subject, name: &str) -> ObjectKey {
    ObjectKey {
        group: group_of(&subject.api_version).into(),
        kind: subject.kind.clone().into(),
        namespace: manifest.key.namespace.clone(),
        name: name.into(),
    }
}

fn labels(manifest: &Manifest) -> BTreeMap<&str, &str> {
    let labels = manifest.body().pointer("/metadata/labels").and_then(Value::as_object);
    let pairs = labels.into_iter().flatten();
    pairs.filter_map(|(key, value)| Some((key.as_str(), value.as_str()?))).collect()
}

/// The sink of a kind that evctl does not know, where it reads as one: `spec.sink` with `ref` or an
/// absolute `uri`, and nothing that a destination does not have. Other kinds mean other things by
/// `sink`.
fn sink_of(manifest: &Manifest) -> Option<Destination> {
    let tree = manifest.root.at(&Path::of(SINK))?;
    let sink: Destination = serde_json::from_value(tree.to_json()).ok()?;
    let meant = match (&sink.reference, &sink.uri) {
        (Some(reference), _) => reference.kind != KAMELET,
        (None, Some(uri)) => is_absolute(uri),
        (None, None) => false,
    };
    meant.then_some(sink)
}
