//! The NATS channel's streams and consumers, as its controller and dispatcher make them.

use std::collections::BTreeMap;

use serde_json::Value;
use smol_str::SmolStr;

use crate::jetstream::channel::{Reader, consumer, stream};
use crate::jetstream::{Config, consumer as consumer_rules, stream as stream_rules};
use crate::model::ObjectKey;
use crate::model::natsjs::NatsJetStreamChannelSpec;
use crate::model::parallel::{PART, in_order, threads};
use crate::model::project::Streams;
use crate::topology::{Backing, Node, NodeIndex, NodeName, Route, Topology};
use crate::world::{Key, placeholder};

use super::{Lowering, Origin, Wanted, derived_uid, namespace};

/// A channel and who reads it.
struct Backed<'a> {
    node: &'a Node,
    object: &'a ObjectKey,
    spec: &'a NatsJetStreamChannelSpec,
    readers: Vec<&'a Route>,
}

impl Backed<'_> {
    /// Whether it stands in a manifest, and is no other object's child.
    fn is_declared(&self) -> bool {
        self.node.generated_by.is_none()
    }
}

/// What a channel's controller and dispatcher make of it.
struct Made {
    stream: Wanted,
    /// In the order of their keys.
    consumers: Vec<Wanted>,
}

impl<'a> Lowering<'a> {
    pub(super) fn channels(&mut self) {
        let channels = backed(self.topology);
        let keeper = self.keeper().filter(|_| channels.iter().any(Backed::is_declared));
        if let Some(why) = keeper {
            self.desired.notes.push(format!(
                "streams of NATS channels: observed, as {why}: the channel's controller makes them, evctl \
                 applies the manifests alone"
            ));
        }
        // Each stands for itself, and a project can have thousands.
        let parts: Vec<&[Backed<'_>]> = channels.chunks(PART).collect();
        let made = in_order(threads(), &parts, |part| {
            part.iter().map(|channel| self.made(channel)).collect::<Vec<_>>()
        });
        let mut made: Vec<(&Backed<'_>, Made)> =
            channels.iter().zip(made.into_iter().flatten()).collect();
        // What is nearly in order is soon sorted.
        made.sort_by(|(_, a), (_, b)| a.stream.key.cmp(&b.stream.key));
        let mut consumers = Vec::new();
        for (channel, made) in made {
            if channel.is_declared() && keeper.is_some() {
                self.leave(made);
            } else {
                consumers.extend(self.take(channel, made));
            }
        }
        consumers.into_iter().for_each(|consumer| self.take_consumer(consumer));
    }

    /// Why the streams and consumers are the channel's controller's to make; `None` where evctl makes them.
    fn keeper(&self) -> Option<&'static str> {
        let runs = self.live.cluster.as_ref().is_some_and(|cluster| cluster.channel_controller);
        match self.live.streams {
            Some(Streams::Managed) => None,
            Some(Streams::Observed) => Some("the project says"),
            None => runs.then_some("its controller runs in knative-eventing"),
        }
    }

    /// Notes what is declared and made by others: nobody's to delete, and in the way of others.
    fn leave(&mut self, made: Made) {
        let Wanted { key, object, origin } = made.stream;
        self.desired.origins.insert(key.clone(), origin);
        self.desired.observed.extend(made.consumers.into_iter().map(|consumer| consumer.key));
        self.desired.observed.insert(key.clone());
        self.desired.generated.insert(key, without_metadata(object.body.into_value()));
    }

    /// Takes the stream, and gives the consumers that evctl makes too.
    fn take(&mut self, channel: &Backed<'a>, made: Made) -> Vec<Wanted> {
        // What another object's controller makes is that controller's to keep.
        if let Some(maker) = &channel.node.generated_by {
            let Wanted { key, object, origin } = made.stream;
            self.desired.origins.insert(key.clone(), Origin { object: maker.clone(), ..origin });
            self.desired.generated.insert(key, without_metadata(object.body.into_value()));
            return Vec::new();
        }
        let stream = made.stream.key.clone();
        self.add(made.stream);
        if self.live.cluster.is_some() {
            self.need(&Key::Object(channel.object.clone()), &stream);
        }
        made.consumers
    }

    fn take_consumer(&mut self, consumer: Wanted) {
        let (key, subscription) = (consumer.key.clone(), consumer.origin.object.clone());
        self.add(consumer);
        if let Some(stream) = key.stream() {
            self.need(&key, &stream);
        }
        if self.live.cluster.is_some() {
            self.need(&key, &Key::Object(subscription));
        }
    }

    fn made(&self, channel: &Backed<'_>) -> Made {
        let object = channel.object;
        let config = stream(namespace(object), &object.name, channel.spec);
        let config = stream_rules::into_normal(config);
        let site = self.site_of_channel(object);
        let name = text(&config, "name");
        let of = |route: &&Route| {
            let config = self.consumer(channel, route);
            let (site, stream) = (site.clone(), name.clone());
            let key = Key::Consumer { site, stream, name: text(&config, "durable_name") };
            self.wanted(key, Value::Object(config), &route.object, route.at)
        };
        let readers = channel.readers.iter().filter(|_| channel.node.generated_by.is_none());
        let mut consumers: Vec<Wanted> = readers.map(of).collect();
        consumers.sort_by(|a, b| a.key.cmp(&b.key));
        let key = Key::Stream { site, name };
        let stream = self.wanted(key, Value::Object(config), object, channel.node.at);
        Made { stream, consumers }
    }

    /// The account of a channel's stream: its namespace's where the run connects as dispatchers do, or
    /// else the run's own.
    fn site_of_channel(&self, channel: &ObjectKey) -> SmolStr {
        let scope = self.scopes.get(channel).copied();
        scope.filter(|scope| self.live.accounts.contains_key(*scope)).unwrap_or_default().into()
    }

    /// The consumer through which a Subscription reads a channel's stream.
    fn consumer(&self, channel: &Backed<'_>, route: &Route) -> Config {
        let (upper, lower) = self.uid(&route.object);
        let reader = Reader {
            namespace: namespace(channel.object),
            channel: &channel.object.name,
            upper_uid: &upper,
            lower_uid: &lower,
        };
        consumer_rules::into_normal(consumer(reader, channel.spec, route.delivery.as_ref()))
    }

    /// The uid that names a Subscription's consumer, in upper and lower case without hyphens: the
    /// live object's, a placeholder for a new one's, or derived where there is no Kubernetes plane.
    fn uid(&self, subscription: &ObjectKey) -> (String, String) {
        let uid = match (&self.live.cluster, self.live_uid(subscription)) {
            (_, Some(uid)) => uid.to_owned(),
            (None, None) => derived_uid(subscription),
            (Some(_), None) => {
                return (placeholder::upper(subscription), placeholder::lower(subscription));
            }
        };
        let plain = uid.replace('-', "");
        (plain.to_uppercase(), plain.to_lowercase())
    }

    /// The uid of a live object. A world without a cluster has none, which is cheaper to see than by a
    /// search; a saved one may.
    fn live_uid(&self, object: &ObjectKey) -> Option<&str> {
        let has_objects = self.live.objects.first().is_some_and(|(key, _)| key.object().is_some());
        if has_objects { self.live.uid(object) } else { None }
    }
}

/// The configuration as its maker makes it, whatever was written about it since.
fn without_metadata(mut body: Value) -> Value {
    body.as_object_mut().and_then(|config| config.remove("metadata"));
    body
}

fn text(config: &Config, field: &str) -> SmolStr {
    config.get(field).and_then(Value::as_str).unwrap_or_default().into()
}

/// Every channel that stands on a stream.
fn backed(topology: &Topology) -> Vec<Backed<'_>> {
    let mut served: BTreeMap<NodeIndex, Vec<&Route>> = BTreeMap::new();
    for route in topology.routes.iter().filter(|route| route.unserved.is_none()) {
        served.entry(route.from).or_default().push(route);
    }
    let channels = topology.channels();
    channels
        .filter_map(|(index, node, channel)| match (&node.name, &channel.backing) {
            (NodeName::Object(object), Backing::NatsJetStream(spec)) => {
                let readers = served.remove(&index).unwrap_or_default();
                Some(Backed { node, object, spec, readers })
            }
            _ => None,
        })
        .collect()
}
