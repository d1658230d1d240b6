//! Lowers the family of `model::object_model`: sources into producers, channels into nodes,
//! subscriptions into routes.

mod provisioner;

use crate::diag::Code;
use crate::model::knative::duck::KReference;
use crate::model::object_model::{
    CallRole, ChannelSpec, EndpointSpec, GROUP, ObjectModel, ObjectReference, ProvisionedKind,
    ROLE_ANNOTATION, SourceSpec, SubscriptionSpec,
};
use crate::model::{Manifest, ObjectKey, Path};

use super::reference::Wanted;
use super::resolve::Resolver;
use super::{Answers, Backing, Channel, Filter, Node, NodeIndex, NodeName, Role, Route};

/// Kinds of the family that nothing can be sent to.
const NOT_CALLABLE: &[&str] =
    &["Source", "Subscription", "Provisioner", "ClusterChannelProvisioner", "EventType"];

impl Resolver<'_> {
    pub(super) fn object_model_nodes(&mut self, manifest: &Manifest, kind: &ObjectModel) {
        match kind {
            ObjectModel::Source(_) => {
                self.model_producer(manifest);
            }
            ObjectModel::Channel(spec) => {
                let backing = Backing::Other {
                    api_version: manifest.api_version.clone(),
                    kind: self.provisioner_name(manifest, &spec.provisioner),
                };
                self.channel_node(manifest, Channel { backing, delivery: None });
            }
            ObjectModel::Subscription(_)
            | ObjectModel::Provisioner(_)
            | ObjectModel::EventType(_)
            | ObjectModel::ResolvedSubscriptionSet(_) => {}
        }
    }

    pub(super) fn object_model_routes(&mut self, manifest: &Manifest, kind: &ObjectModel) {
        match kind {
            ObjectModel::Source(spec) => self.model_source(manifest, spec),
            ObjectModel::Channel(spec) => self.model_channel(manifest, spec),
            ObjectModel::Subscription(spec) => self.model_subscription(manifest, spec),
            ObjectModel::Provisioner(_)
            | ObjectModel::EventType(_)
            | ObjectModel::ResolvedSubscriptionSet(_) => {}
        }
    }

    fn model_source(&mut self, manifest: &Manifest, spec: &SourceSpec) {
        let arguments = spec.arguments.as_ref();
        self.provisioner(manifest, &spec.provisioner, ProvisionedKind::Source, arguments);
        let to = self.model_channel_at(manifest, &Path::of("spec.channel"), &spec.channel);
        let from = self.nodes.get(&NodeName::Object(manifest.key.clone())).copied();
        if let (Some(from), Some(to)) = (from, to) {
            self.topology.add_route(route(manifest, from, to));
        }
    }

    fn model_channel(&mut self, manifest: &Manifest, spec: &ChannelSpec) {
        let arguments = spec.arguments.as_ref();
        self.provisioner(manifest, &spec.provisioner, ProvisionedKind::Channel, arguments);
        for (at, name) in spec.event_types.iter().flatten().enumerate() {
            let key = ObjectKey {
                group: GROUP.into(),
                kind: "EventType".into(),
                namespace: manifest.key.namespace.clone(),
                name: name.clone().into(),
            };
            self.refer(manifest, &Path::of("spec.eventTypes").index(at), &key);
        }
    }

    fn model_subscription(&mut self, manifest: &Manifest, spec: &SubscriptionSpec) {
        let from = self.model_channel_at(manifest, &Path::of("spec.from"), &spec.from);
        let from = from.filter(|at| matches!(self.topology.graph[*at].role, Role::Channel(_)));
        let call = spec.call.as_ref().map(|call| self.called(manifest, call));
        let role = self.call_role(manifest, spec.call.as_ref());
        let result = spec.result.as_ref().and_then(|result| {
            let strategy = Path::of("spec.result.target");
            let path = if result.is_strategy() { strategy } else { Path::of("spec.result") };
            self.model_channel_at(manifest, &path, &result.channel()?)
        });
        let routes = self.named_routes(manifest, spec, role);
        let (called, reply) = match call {
            Some(call) => (call, result),
            // Without a call, events go straight on.
            None => (result, None),
        };
        if let (Some(from), Some(to)) = (from, called) {
            let answers = Answers { role: role.unwrap_or_default(), routes };
            self.topology.add_route(Route { reply, answers, ..route(manifest, from, to) });
        }
    }

    /// The node of a channel that is referred to, where the reference can be followed.
    fn model_channel_at(
        &mut self,
        manifest: &Manifest,
        path: &Path,
        reference: &ObjectReference,
    ) -> Option<NodeIndex> {
        let key = self.key_of(manifest, &plain(reference));
        if !key.is(GROUP, "Channel") {
            let message = format!("`{path}` must be a Channel, and {key} is none");
            let help = format!("name a Channel of apiVersion {GROUP}/v1alpha1");
            self.fault(manifest, Code::WrongKind, &path.key("kind"), message, help);
            return None;
        }
        self.refer(manifest, &path.key("name"), &key);
        let at = manifest.place().value(path);
        (!self.declared.contains_key(&key)
            || self.nodes.contains_key(&NodeName::Object(key.clone())))
        .then(|| self.sink(NodeName::Object(key), at))
    }

    fn called(&mut self, manifest: &Manifest, call: &EndpointSpec) -> Option<NodeIndex> {
        let place = manifest.place();
        if let Some(name) = &call.dns_name {
            let at = place.value(&Path::of("spec.call.dnsName"));
            return Some(self.sink(NodeName::Uri(format!("http://{}/", name.as_str())), at));
        }
        let reference = call.target_ref.as_ref()?;
        let path = Path::of("spec.call.targetRef");
        let key = self.key_of(manifest, &plain(reference));
        if key.group == GROUP && NOT_CALLABLE.contains(&key.kind.as_str()) {
            let message = format!("{key} takes no events, so it cannot be called");
            let help = "name a Service or something else that answers requests";
            self.fault(manifest, Code::WrongKind, &path.key("kind"), message, help);
            return None;
        }
        let key = self.reference(manifest, &path, &plain(reference), Wanted::Addressable)?;
        Some(self.sink(NodeName::Object(key), place.value(&path)))
    }

    /// The role of a call, where that can be known: what is declared nowhere may say it in the
    /// cluster.
    fn call_role(&mut self, manifest: &Manifest, call: Option<&EndpointSpec>) -> Option<CallRole> {
        let Some(reference) = call.and_then(|call| call.target_ref.as_ref()) else {
            return Some(CallRole::default());
        };
        let key = self.key_of(manifest, &plain(reference));
        let target = &self.manifests[*self.declared.get(&key)?];
        let path = Path::of("metadata.annotations").key(ROLE_ANNOTATION);
        let Some(word) = target.root.at(&path).and_then(|node| node.text()) else {
            return Some(CallRole::default());
        };
        let role = CallRole::of(word);
        if role.is_none() {
            let message = format!("`{word}` is no role of a call");
            let help = "write transformer, filter, router, splitter or aggregator";
            self.fault(target, Code::InvalidValue, &path, message, help);
        }
        role
    }

    fn named_routes(
        &mut self,
        manifest: &Manifest,
        spec: &SubscriptionSpec,
        role: Option<CallRole>,
    ) -> Vec<(String, NodeIndex)> {
        let Some(mapping) = spec.result.as_ref().and_then(|r| r.route_mapping.as_ref()) else {
            return Vec::new();
        };
        let path = Path::of("spec.result.routeMapping");
        if let Some(role) = role.filter(|role| *role != CallRole::Router) {
            let message = if spec.call.is_some() {
                format!("routes by name are for the router role, and the call is a {}", role.word())
            } else {
                "routes by name are for the answers of a router, and there is no call".to_owned()
            };
            let help = format!("annotate the call's target with {ROLE_ANNOTATION}: router");
            self.fault(manifest, Code::ForbiddenField, &path, message, help);
        }
        let mut routes = Vec::new();
        for (at, route) in mapping.iter().enumerate() {
            let path = path.index(at).key("target");
            if let Some(to) = self.model_channel_at(manifest, &path, &route.target) {
                routes.push((route.name.clone(), to));
            }
        }
        routes
    }

    /// The node of what makes events and takes none.
    pub(super) fn model_producer(&mut self, manifest: &Manifest) -> NodeIndex {
        let name = NodeName::Object(manifest.key.clone());
        if let Some(index) = self.nodes.get(&name) {
            return *index;
        }
        let at = manifest.name_location();
        let node = Node { name: name.clone(), role: Role::Producer, at, generated_by: None };
        let index = self.topology.graph.add_node(node);
        self.nodes.insert(name, index);
        index
    }

    /// A finding about a value of a manifest; about its key where a field should not be there.
    pub(super) fn fault(
        &mut self,
        manifest: &Manifest,
        code: Code,
        path: &Path,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let place = manifest.place();
        let finding = place.finding(code, path, message, help).object(manifest.key.to_string());
        let on_key = matches!(code, Code::ForbiddenField | Code::InertField | Code::MissingField);
        self.findings.push(if on_key { finding.at(place.key(path)) } else { finding });
    }
}

fn plain(reference: &ObjectReference) -> KReference {
    KReference {
        kind: reference.kind.clone(),
        name: reference.name.clone(),
        namespace: reference.namespace.clone(),
        api_version: Some(reference.api_version.clone()),
        group: None,
        address: None,
    }
}

/// A route that takes everything and has nothing else to it.
pub(super) fn route(manifest: &Manifest, from: NodeIndex, call: NodeIndex) -> Route {
    Route {
        object: manifest.key.clone(),
        at: manifest.name_location(),
        from,
        filter: Filter::Everything,
        call,
        reply: None,
        answers: Answers::default(),
        dead_letter: None,
        delivery: None,
        generated: None,
        unserved: None,
    }
}
