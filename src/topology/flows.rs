//! Lowers Sequence and Parallel into the channels and subscriptions that their controllers make
//! (shared/facts/knative.md §1.6). The object itself is another name of its first channel.

use crate::diag::Code;
use crate::model::knative::duck::{DeliverySpec, Destination};
use crate::model::knative::flows::{Branch, Flow, ParallelSpec, SequenceSpec};
use crate::model::knative::messaging::{self, ChannelTemplate};
use crate::model::object::group_of;
use crate::model::{Manifest, ObjectKey, Path};

use super::messaging::SINK_NEVER_RESOLVES;
use super::resolve::Resolver;
use super::{Answers, Backing, Channel, Filter, Node, NodeIndex, NodeName, Role, Route};

/// A route that a controller makes, before it is known where it starts from.
struct Generated<'a> {
    /// The name of its Subscription.
    name: String,
    /// What in the manifest it comes from.
    at: Path,
    call: NodeIndex,
    reply: Option<NodeIndex>,
    dead_letter: Option<NodeIndex>,
    delivery: Option<&'a DeliverySpec>,
    /// Where its delivery stands, or would.
    delivery_at: Path,
}

/// What the routes of one object have in common.
struct Shared {
    /// The generated channels in the order of their names; none where the template is broken.
    channels: Vec<NodeIndex>,
    /// The object's own reply.
    reply: Option<NodeIndex>,
    /// The dead letter sink that the template gives to every channel.
    last_resort: Option<NodeIndex>,
}

impl Resolver<'_> {
    pub(super) fn flow_nodes(&mut self, manifest: &Manifest, kind: &Flow) {
        let (template, names) = match kind {
            Flow::Sequence(spec) => (&spec.channel_template, sequence_channels(manifest, spec)),
            Flow::Parallel(spec) => (&spec.channel_template, parallel_channels(manifest, spec)),
        };
        let Some(backing) = self.backing(manifest, template.as_ref()) else { return };
        let delivery = channel_delivery(&backing, template.as_ref());
        let kind = self.template_kind(manifest.key.namespace.as_deref(), template.as_ref());
        let mut first = None;
        for name in names {
            let channel = Channel { backing: backing.clone(), delivery: delivery.clone() };
            let key = ObjectKey {
                name: name.into(),
                namespace: manifest.key.namespace.clone(),
                ..kind.clone()
            };
            let node = self.generated_channel(manifest, key, channel);
            first.get_or_insert(node);
        }
        let name = NodeName::Object(manifest.key.clone());
        if let (Some(first), false) = (first, self.nodes.contains_key(&name)) {
            self.nodes.insert(name, first);
            self.topology.aliases.insert(manifest.key.clone(), first);
        }
    }

    pub(super) fn flow_routes(&mut self, manifest: &Manifest, kind: &Flow) {
        let before = self.topology.routes.len();
        match kind {
            Flow::Sequence(spec) => self.sequence(manifest, spec),
            Flow::Parallel(spec) => self.parallel(manifest, spec),
        }
        self.never_ready(manifest, before);
    }

    /// The routes from the number on that the channels' implementation never serves, in one finding.
    fn never_ready(&mut self, manifest: &Manifest, first: usize) {
        let routes = self.topology.routes.iter().skip(first);
        let unserved: Vec<_> = routes.filter(|route| route.unserved.is_some()).collect();
        if unserved.is_empty() {
            return;
        }
        let names: Vec<_> = unserved.iter().map(|route| route.name().name.as_str()).collect();
        let message = format!(
            "this {} never becomes Ready: {SINK_NEVER_RESOLVES} ({})",
            manifest.key.kind,
            names.join(", ")
        );
        let help = "take it out of the template, and give each step a deadLetterSink of its own";
        let place = manifest.place();
        let path = Path::of("spec.channelTemplate.spec.delivery.deadLetterSink");
        let finding = place.finding(Code::ForbiddenField, &path, message, help);
        self.findings.push(finding.at(place.key(&path)).object(manifest.key.to_string()));
    }

    /// The key of a channel of the template's kind, without name and namespace.
    fn template_kind(
        &self,
        namespace: Option<&str>,
        template: Option<&ChannelTemplate>,
    ) -> ObjectKey {
        let default = self.assumed.channel.of(namespace);
        let template = template.unwrap_or(&default);
        ObjectKey {
            group: group_of(&template.api_version).into(),
            kind: template.kind.clone().into(),
            namespace: None,
            name: "".into(),
        }
    }

    fn generated_channel(
        &mut self,
        manifest: &Manifest,
        key: ObjectKey,
        channel: Channel,
    ) -> NodeIndex {
        let name = NodeName::Object(key);
        if let Some(there) = self.nodes.get(&name) {
            return *there;
        }
        let node = Node {
            name: name.clone(),
            role: Role::Channel(Box::new(channel)),
            at: manifest.name_location(),
            generated_by: Some(manifest.key.clone()),
        };
        let index = self.topology.graph.add_node(node);
        self.nodes.insert(name, index);
        index
    }

    fn sequence(&mut self, manifest: &Manifest, spec: &SequenceSpec) {
        let names = sequence_channels(manifest, spec);
        let template = spec.channel_template.as_ref();
        let shared = self.shared(manifest, template, &names, spec.reply.as_ref());
        for (number, (step, name)) in spec.steps.iter().zip(names).enumerate() {
            let at = Path::of("spec.steps").index(number);
            let call = self.place(manifest, &at, Some(&step.destination()));
            let dead_letter = self.last_resort(manifest, &at, step.delivery.as_ref());
            let (Some(call), Some(from)) = (call, shared.channels.get(number)) else { continue };
            let reply = shared.channels.get(number + 1).copied().or(shared.reply);
            let delivery = step.delivery.as_ref();
            let delivery_at = at.key("delivery");
            let made = Generated { name, at, call, reply, dead_letter, delivery, delivery_at };
            self.generated_route(manifest, *from, made, &shared);
        }
    }

    fn parallel(&mut self, manifest: &Manifest, spec: &ParallelSpec) {
        let names = parallel_channels(manifest, spec);
        let template = spec.channel_template.as_ref();
        let shared = self.shared(manifest, template, &names, spec.reply.as_ref());
        for (number, branch) in spec.branches.iter().enumerate() {
            self.filter(manifest, number, branch, &shared);
            self.branch(manifest, number, branch, &shared);
        }
    }

    /// The Subscription in front of a branch: what the filter answers enters the branch, or where
    /// there is none, every event.
    fn filter(&mut self, manifest: &Manifest, number: usize, branch: &Branch, shared: &Shared) {
        let at = Path::of("spec.branches").index(number);
        let path = at.key("filter");
        let filter = self.place(manifest, &path, branch.filter.as_ref());
        let channels = shared.channels.first().zip(shared.channels.get(number + 1));
        let Some((ingress, inside)) = channels else { return };
        let (call, reply, at) = match (&branch.filter, filter) {
            (Some(_), Some(filter)) => (filter, Some(*inside), path),
            (Some(_), None) => return,
            (None, _) => (*inside, None, at),
        };
        let name = format!("{}-kn-parallel-filter-{number}", manifest.key.name);
        let made = Generated {
            name,
            at,
            call,
            reply,
            dead_letter: None,
            delivery: None,
            delivery_at: Path::of("spec.channelTemplate.spec.delivery"),
        };
        self.generated_route(manifest, *ingress, made, shared);
    }

    fn branch(&mut self, manifest: &Manifest, number: usize, branch: &Branch, shared: &Shared) {
        let at = Path::of("spec.branches").index(number);
        let call = self.place(manifest, &at.key("subscriber"), Some(&branch.subscriber));
        let own = self.place(manifest, &at.key("reply"), branch.reply.as_ref());
        let dead_letter = self.last_resort(manifest, &at, branch.delivery.as_ref());
        let (Some(call), Some(from)) = (call, shared.channels.get(number + 1)) else { return };
        let reply = if branch.reply.is_some() { own } else { shared.reply };
        let name = format!("{}-kn-parallel-{number}", manifest.key.name);
        let (delivery, delivery_at) = (branch.delivery.as_ref(), at.key("delivery"));
        let at = at.key("subscriber");
        let made = Generated { name, at, call, reply, dead_letter, delivery, delivery_at };
        self.generated_route(manifest, *from, made, shared);
    }

    fn shared(
        &mut self,
        manifest: &Manifest,
        template: Option<&ChannelTemplate>,
        names: &[String],
        reply: Option<&Destination>,
    ) -> Shared {
        let kind = self.template_kind(manifest.key.namespace.as_deref(), template);
        let key = |name: &String| ObjectKey {
            name: name.clone().into(),
            namespace: manifest.key.namespace.clone(),
            ..kind.clone()
        };
        let node = |name| self.nodes.get(&NodeName::Object(key(name))).copied();
        let channels: Vec<_> = names.iter().map_while(node).collect();
        let reply = self.place(manifest, &Path::of("spec.reply"), reply);
        let last_resort = self.template_sink(manifest, channels.first().copied());
        Shared { channels, reply, last_resort }
    }

    /// The dead letter sink of the channels themselves.
    fn template_sink(
        &mut self,
        manifest: &Manifest,
        channel: Option<NodeIndex>,
    ) -> Option<NodeIndex> {
        let Role::Channel(channel) = &self.topology.graph[channel?].role else { return None };
        let delivery = channel.delivery.clone()?;
        self.last_resort(manifest, &Path::of("spec.channelTemplate.spec"), Some(&delivery))
    }

    /// The node of a destination, where there is one.
    pub(super) fn place(
        &mut self,
        manifest: &Manifest,
        path: &Path,
        destination: Option<&Destination>,
    ) -> Option<NodeIndex> {
        let name = self.destination(manifest, path, destination?)?;
        Some(self.sink(name, manifest.place().value(path)))
    }

    /// The dead letter sink of a step or branch.
    fn last_resort(
        &mut self,
        manifest: &Manifest,
        at: &Path,
        delivery: Option<&DeliverySpec>,
    ) -> Option<NodeIndex> {
        let path = at.key("delivery").key("deadLetterSink");
        self.place(manifest, &path, delivery?.dead_letter_sink.as_ref())
    }

    fn generated_route(
        &mut self,
        manifest: &Manifest,
        from: NodeIndex,
        made: Generated<'_>,
        shared: &Shared,
    ) {
        let Role::Channel(channel) = &self.topology.graph[from].role else { return };
        // Other channels' own sink stands in where a Subscription has none; there it never resolves.
        let on_stream = matches!(channel.backing, Backing::NatsJetStream(_));
        let inherited = shared.last_resort.filter(|_| made.dead_letter.is_none());
        let unserved = inherited.filter(|_| on_stream).map(|_| SINK_NEVER_RESOLVES);
        let subscription = ObjectKey {
            group: messaging::GROUP.into(),
            kind: "Subscription".into(),
            namespace: manifest.key.namespace.clone(),
            name: made.name.into(),
        };
        let route = Route {
            answers: Answers::default(),
            object: manifest.key.clone(),
            at: manifest.place().value(&made.at),
            from,
            filter: Filter::Everything,
            call: made.call,
            reply: made.reply,
            dead_letter: made.dead_letter.or(inherited.filter(|_| !on_stream)),
            delivery: made.delivery.cloned().or_else(|| channel.delivery.clone()),
            unserved,
            generated: Some(subscription),
        };
        self.deliveries.insert(self.topology.routes.len(), made.delivery_at);
        self.topology.add_route(route);
    }
}

fn sequence_channels(manifest: &Manifest, spec: &SequenceSpec) -> Vec<String> {
    (0..spec.steps.len()).map(|at| format!("{}-kn-sequence-{at}", manifest.key.name)).collect()
}

/// The channel in front, then that of each branch.
fn parallel_channels(manifest: &Manifest, spec: &ParallelSpec) -> Vec<String> {
    let front = format!("{}-kn-parallel", manifest.key.name);
    let branches = (0..spec.branches.len()).map(|at| format!("{front}-{at}"));
    std::iter::once(front.clone()).chain(branches).collect()
}

/// What the template says of the delivery of the channels that are made from it.
fn channel_delivery(backing: &Backing, template: Option<&ChannelTemplate>) -> Option<DeliverySpec> {
    match backing {
        Backing::NatsJetStream(spec) => spec.delivery.clone(),
        _ => {
            let delivery = template?.spec.as_ref()?.get("delivery")?;
            serde_json::from_value(delivery.clone()).ok()
        }
    }
}
