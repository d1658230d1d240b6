//! The traps of the NATS channel that take more than one object to see: a channel, what makes it, and
//! who reads it (shared/facts/jetstream.md §4, docs/nats-channel.md). One function for each rule; the
//! rules of a channel's spec alone are in `model::natsjs`. Knows nothing of streams that are live.

mod broker;
mod crash;
mod dead_letter;
mod deployment;
mod duplicates;
mod names;
mod native;
mod retention;

pub(super) use broker::unserved_trigger;

use std::collections::BTreeMap;

use crate::diag::{Code, Finding};
use crate::model::nack;
use crate::model::natsjs::{self, NatsJetStreamChannelSpec};
use crate::model::{Manifest, ObjectKey, Path};

use super::resolve::Resolver;
use super::{Backing, NodeIndex, Role, Route};

/// A NATS channel with what it comes from and who reads it.
struct NatsChannel<'a> {
    node: NodeIndex,
    key: ObjectKey,
    /// The declared object that is the channel, or whose controller makes it.
    manifest: &'a Manifest,
    spec: NatsJetStreamChannelSpec,
    /// Numbers of the routes that read it.
    routes: Vec<usize>,
}

type Rule = fn(&Resolver<'_>, &NatsChannel<'_>) -> Vec<Finding>;

/// What is asked about each channel by itself.
const RULES: &[Rule] = &[
    names::service_name,
    crash::incomplete_delivery,
    dead_letter::sink_of_the_channel,
    dead_letter::retry_after,
    retention::refused_subscriptions,
    retention::given_up,
    retention::unread,
    duplicates::meet,
    broker::sink_never_resolved,
    broker::other_subjects,
    deployment::own_dispatcher,
];

impl Resolver<'_> {
    /// Tells everything about the NATS channels of the input. Comes last: it reads what was lowered.
    pub(super) fn nats_channels(&mut self) {
        let channels = self.gather();
        let mut findings = Vec::new();
        for channel in &channels {
            findings.extend(RULES.iter().flat_map(|rule| rule(self, channel)));
        }
        findings.extend(crash::no_delivery(self, &channels));
        findings.extend(dead_letter::gaps(self, &channels));
        findings.extend(deployment::templates(&channels));
        findings.extend(native::brokers(self));
        self.findings.extend(findings);
    }

    fn gather(&self) -> Vec<NatsChannel<'_>> {
        let mut readers = self.readers();
        let channels = self.topology.channels();
        channels
            .filter_map(|(node, declared, channel)| {
                let Backing::NatsJetStream(spec) = &channel.backing else { return None };
                let key = declared.name.object()?.clone();
                let manifest = self.manifest(declared.generated_by.as_ref().unwrap_or(&key))?;
                let routes = readers.remove(&node).unwrap_or_default();
                Some(NatsChannel { node, key, manifest, spec: (**spec).clone(), routes })
            })
            .collect()
    }

    /// The routes that the dispatcher serves from each channel: its own, and those of the Broker that
    /// keeps its events there. Consumers of NACK read its stream, and know nothing of the dispatcher.
    fn readers(&self) -> BTreeMap<NodeIndex, Vec<usize>> {
        let mut readers: BTreeMap<NodeIndex, Vec<usize>> = BTreeMap::new();
        for (number, route) in self.topology.routes.iter().enumerate() {
            let Role::Channel(from) = &self.topology.graph[route.from].role else { continue };
            let channel = match from.backing {
                Backing::NatsJetStream(_) if route.object.group != nack::GROUP => Some(route.from),
                Backing::Broker { channel, .. } => channel,
                _ => None,
            };
            if let Some(channel) = channel {
                readers.entry(channel).or_default().push(number);
            }
        }
        readers
    }

    fn manifest(&self, key: &ObjectKey) -> Option<&Manifest> {
        self.manifests.get(*self.declared.get(key)?)
    }

    /// Where the delivery that a route goes by is written: at its own object, or at the channel.
    fn delivery_at<'a>(
        &'a self,
        number: usize,
        channel: &NatsChannel<'a>,
    ) -> Option<(&'a Manifest, Path)> {
        let manifest = self.manifest(&self.topology.routes.get(number)?.object)?;
        let own = self.deliveries.get(&number).cloned();
        let own = own.unwrap_or_else(|| Path::of("spec.delivery"));
        if manifest.root.at(&own).is_some() {
            return Some((manifest, own));
        }
        channel.delivery_at().map(|path| (channel.manifest, path))
    }
}

impl NatsChannel<'_> {
    /// Where in its manifest a field of the channel's spec stands, or would.
    fn at(&self, field: &str) -> Path {
        match (self.manifest.key.kind.as_str(), field) {
            (natsjs::KIND, _) => Path::of("spec").join(&Path::of(field)),
            ("Broker", "delivery") => Path::of("spec.delivery"),
            ("Broker", _) => Path::of("spec.config"),
            _ => Path::of("spec.channelTemplate.spec").join(&Path::of(field)),
        }
    }

    /// Where the delivery stands that is for all who have none of their own.
    fn delivery_at(&self) -> Option<Path> {
        let places = [self.at("delivery"), Path::of("spec.delivery")];
        places.into_iter().find(|path| self.manifest.root.at(path).is_some())
    }

    /// A finding about a field of the channel's spec; about its name where the field is not written.
    fn tell(&self, code: Code, field: &str, message: impl Into<String>, help: &str) -> Finding {
        tell(self.manifest, code, &self.at(field), message, help)
    }

    /// The settings of the stream, where any are written.
    fn config(&self) -> Option<&natsjs::StreamConfig> {
        self.spec.stream.as_ref()?.config.as_ref()
    }

    /// The routes that get a consumer, with their numbers.
    fn served<'r>(
        &'r self,
        resolver: &'r Resolver<'_>,
    ) -> impl Iterator<Item = (usize, &'r Route)> + 'r {
        let routes = self.routes.iter().map(|number| (*number, &resolver.topology.routes[*number]));
        routes.filter(|(_, route)| route.unserved.is_none())
    }
}

/// A finding about the value at a path, or about the object's name where there is none.
fn tell(
    manifest: &Manifest,
    code: Code,
    path: &Path,
    message: impl Into<String>,
    help: &str,
) -> Finding {
    let place = manifest.place();
    let name = Path::of("metadata.name");
    let (path, at) = match manifest.root.at(path) {
        Some(_) => (path, place.value(path)),
        None => (&name, manifest.name_location()),
    };
    place.finding(code, path, message, help).at(at).object(manifest.key.to_string())
}

/// As [`tell`], pointing at the key: what hangs below it is long.
fn tell_at_key(
    manifest: &Manifest,
    code: Code,
    path: &Path,
    message: impl Into<String>,
    help: &str,
) -> Finding {
    let finding = tell(manifest, code, path, message, help);
    if manifest.root.at(path).is_some() { finding.at(manifest.place().key(path)) } else { finding }
}

/// Names for a message, the first few of them.
fn names<'n>(names: impl Iterator<Item = &'n str>) -> String {
    const SHOWN: usize = 3;
    let mut all: Vec<&str> = names.collect();
    all.dedup();
    let more = all.len().saturating_sub(SHOWN);
    let mut text = all.iter().take(SHOWN).copied().collect::<Vec<_>>().join(", ");
    if more > 0 {
        text += &format!(" and {more} more");
    }
    text
}
