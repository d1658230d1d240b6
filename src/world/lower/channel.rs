//! The NATS channel's streams and consumers, as its controller and dispatcher make them.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::jetstream::channel::{Reader, consumer, stream};
use crate::jetstream::{consumer as consumer_rules, stream as stream_rules};
use crate::model::ObjectKey;
use crate::model::natsjs::NatsJetStreamChannelSpec;
use crate::topology::{Backing, Node, NodeIndex, NodeName, Route};
use crate::world::{Key, placeholder};

use super::{Lowering, derived_uid, namespace};

impl Lowering<'_> {
    pub(super) fn channels(&mut self) {
        let topology = self.topology;
        let mut served: BTreeMap<NodeIndex, Vec<&Route>> = BTreeMap::new();
        for route in topology.routes.iter().filter(|route| route.unserved.is_none()) {
            served.entry(route.from).or_default().push(route);
        }
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
            let config = stream_rules::into_normal(stream(namespace(object), &object.name, spec));
            let name = config.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
            let key = Key::Stream { site: self.site_of_channel(object), name };
            self.add(&key, Value::Object(config), object, node.at);
            self.need(&Key::Object(object.clone()), &key);
            for route in served.get(&index).into_iter().flatten() {
                self.consumer(&key, node, spec, route);
            }
        }
    }

    /// The account of a channel's stream: its namespace's where the run connects as dispatchers do, or
    /// else the run's own.
    fn site_of_channel(&self, channel: &ObjectKey) -> String {
        let scope = self.scopes.get(channel).copied();
        scope.filter(|scope| self.live.accounts.contains_key(*scope)).unwrap_or_default().to_owned()
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
        let config = consumer_rules::into_normal(consumer(reader, spec, route.delivery.as_ref()));
        let name =
            config.get("durable_name").and_then(Value::as_str).unwrap_or_default().to_owned();
        let key = Key::Consumer { site: site.clone(), stream: stream_name.clone(), name };
        self.add(&key, Value::Object(config), &route.object, route.at);
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
}
