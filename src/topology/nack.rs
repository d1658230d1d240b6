//! Lowers NACK's kinds: a Stream is a channel that keeps and hands on, a Consumer reads from one, a
//! mirror or source is a route between two. Which streams JetStream itself is to have is not derived
//! here: `world::lower` takes them from the manifests.

use crate::diag::{Code, Finding, Location, Severity};
use crate::jetstream::channel::stream_name;
use crate::jetstream::nack::{bucket_stream, origin_stream, store_stream};
use crate::model::nack::{AccountSpec, GROUP, Nack, StreamSource, site_of};
use crate::model::shape::nearest;
use crate::model::text::{AccountName, SubjectOrEmpty};
use crate::model::{Manifest, ObjectKey, Path};

use super::resolve::Resolver;
use super::{Answers, Backing, Channel, Filter, NodeIndex, NodeName, Reference, Role, Route};

/// A stream by the site that it is declared for and its name in JetStream.
pub(super) type StreamKey = (String, String);

impl Resolver<'_> {
    pub(super) fn nack_nodes(&mut self, manifest: &Manifest, kind: &Nack) {
        let Some(site) = site(manifest, kind) else { return };
        match kind {
            Nack::Stream(spec) => {
                self.stream(manifest, site, spec.name.as_str().to_owned(), "name");
            }
            Nack::KeyValue(spec) => {
                self.stream(manifest, site, bucket_stream(spec.bucket.as_str()), "bucket");
            }
            Nack::ObjectStore(spec) => {
                self.stream(manifest, site, store_stream(spec.bucket.as_str()), "bucket");
            }
            Nack::Consumer(spec) => {
                self.sink(NodeName::Object(manifest.key.clone()), manifest.name_location());
                let stream = spec.stream_name.as_str().to_owned();
                let name = spec.durable_name.as_str().to_owned();
                self.nack_consumer(manifest, (site, stream, name));
            }
            Nack::Account(_) => {}
        }
    }

    /// Two Consumers of one name on one stream.
    fn nack_consumer(&mut self, manifest: &Manifest, key: (String, String, String)) {
        let message = format!("this object's consumer is `{}` of the stream `{}`", key.2, key.1);
        let first =
            self.consumers.entry(key).or_insert((manifest.key.clone(), manifest.name_location()));
        if first.0 == manifest.key {
            return;
        }
        let message = format!("{message}, as is that of {}", first.0);
        let help = "rename one of them; they would write over each other's settings";
        let path = Path::of("spec.durableName");
        let finding = manifest.place().finding(Code::ConsumerNameCollision, &path, message, help);
        let finding = finding.related(first.1, "the same consumer");
        self.tell(manifest, finding);
    }

    pub(super) fn nack_routes(&mut self, manifest: &Manifest, kind: &Nack) {
        let site = site(manifest, kind).unwrap_or_default();
        let account = match kind {
            Nack::Stream(spec) => {
                let sources = sources("spec", spec.mirror.as_ref(), spec.sources.as_ref());
                self.copies(manifest, &site, &sources, str::to_owned);
                &spec.account
            }
            Nack::KeyValue(spec) => {
                let sources = sources("spec", spec.mirror.as_ref(), spec.sources.as_ref());
                self.copies(manifest, &site, &sources, origin_stream);
                &spec.account
            }
            Nack::ObjectStore(spec) => &spec.account,
            Nack::Consumer(spec) => {
                self.read(manifest, &site, spec.stream_name.as_str(), spec.filters());
                &spec.account
            }
            Nack::Account(spec) => return self.account_secrets(manifest, spec),
        };
        let name = text(account.as_ref());
        if name.is_empty() {
            return;
        }
        let key = ObjectKey {
            group: GROUP.into(),
            kind: "Account".into(),
            namespace: manifest.key.namespace.clone(),
            name: name.into(),
        };
        self.refer(manifest, &Path::of("spec.account"), &key);
    }

    /// The streams of the NATS channel's channels, which consumers and mirrors may name as well.
    pub(super) fn channel_streams(&mut self) {
        let mut met = Vec::new();
        for (index, node, channel) in self.topology.channels() {
            let (Backing::NatsJetStream(spec), Some(key)) = (&channel.backing, node.name.object())
            else {
                continue;
            };
            let namespace = key.namespace.as_deref().unwrap_or_default();
            let name = stream_name(namespace, &key.name, spec);
            let first = *self.streams.entry((String::new(), name.clone())).or_insert(index);
            if self.is_plain_stream(first) {
                met.push((first, node.name.clone(), node.at, name));
            }
        }
        for (stream, channel, at, name) in met {
            self.meets_channel(stream, &channel, at, &name);
        }
    }

    fn is_plain_stream(&self, node: NodeIndex) -> bool {
        match &self.topology.graph[node].role {
            Role::Channel(channel) => matches!(channel.backing, Backing::Stream { .. }),
            Role::Sink | Role::Producer => false,
        }
    }

    /// A stream of NACK's that a channel has as well.
    fn meets_channel(&mut self, stream: NodeIndex, channel: &NodeName, at: Location, name: &str) {
        let declared = self.topology.graph[stream].name.object();
        let Some(number) = declared.and_then(|key| self.declared.get(key)).copied() else { return };
        let manifest = &self.manifests[number];
        let message = format!("this object's stream is `{name}`, as is that of {channel}");
        let help = "rename one of them; they would write over each other's settings";
        let field = if manifest.key.kind == "Stream" { "name" } else { "bucket" };
        let path = Path::of("spec").key(field);
        let finding = manifest.place().finding(Code::StreamNameCollision, &path, message, help);
        self.tell(manifest, finding.related(at, "the same stream"));
    }

    fn stream(&mut self, manifest: &Manifest, site: String, name: String, field: &str) {
        let node = NodeName::Object(manifest.key.clone());
        if self.nodes.contains_key(&node) {
            return;
        }
        let backing = Backing::Stream { name: name.clone() };
        self.channel_node(manifest, Channel { backing, delivery: None });
        let Some(index) = self.nodes.get(&node).copied() else { return };
        let key = (site, name);
        let Some(first) = self.streams.get(&key).copied() else {
            self.streams.insert(key, index);
            return;
        };
        let first = &self.topology.graph[first];
        let message = format!("this object's stream is `{}`, as is that of {}", key.1, first.name);
        let help = "rename one of them; they would write over each other's settings";
        let path = Path::of("spec").key(field);
        let finding = manifest.place().finding(Code::StreamNameCollision, &path, message, help);
        let finding = finding.related(first.at, "the same stream");
        self.tell(manifest, finding);
    }

    /// A consumer's way from its stream.
    fn read(&mut self, manifest: &Manifest, site: &str, stream: &str, filters: Vec<String>) {
        let path = Path::of("spec.streamName");
        let to = self.nodes.get(&NodeName::Object(manifest.key.clone())).copied();
        let from = self.named_stream(manifest, site, stream, &path);
        if let (Some(from), Some(to)) = (from, to) {
            self.carry(manifest, from, to, filters);
        }
    }

    /// The ways into a stream from those that it copies.
    fn copies(
        &mut self,
        manifest: &Manifest,
        site: &str,
        sources: &[(Path, &StreamSource)],
        stream_of: fn(&str) -> String,
    ) {
        let to = self.nodes.get(&NodeName::Object(manifest.key.clone())).copied();
        for (path, source) in sources.iter().filter(|(_, source)| !source.is_external()) {
            let name = stream_of(source.name.as_str());
            let from = self.named_stream(manifest, site, &name, &path.key("name"));
            let filter = source.filter_subject.as_ref().map(SubjectOrEmpty::as_str);
            let filters = filter.filter(|subject| !subject.is_empty()).map(str::to_owned);
            if let (Some(from), Some(to)) = (from, to) {
                self.carry(manifest, from, to, filters.into_iter().collect());
            }
        }
    }

    fn carry(&mut self, manifest: &Manifest, from: NodeIndex, to: NodeIndex, filters: Vec<String>) {
        let filter =
            if filters.is_empty() { Filter::Everything } else { Filter::Subjects(filters) };
        let origin = self.topology.graph[from].name.object().cloned();
        if let Some(origin) = origin.filter(|origin| *origin != manifest.key) {
            self.topology.references.push(Reference { from: manifest.key.clone(), to: origin });
        }
        self.topology.add_route(Route {
            answers: Answers::default(),
            object: manifest.key.clone(),
            at: manifest.name_location(),
            from,
            generated: None,
            filter,
            call: to,
            reply: None,
            dead_letter: None,
            delivery: None,
            unserved: None,
        });
    }

    /// The declared stream of a name. One that is declared nowhere may be in NATS alone.
    fn named_stream(
        &mut self,
        manifest: &Manifest,
        site: &str,
        name: &str,
        path: &Path,
    ) -> Option<NodeIndex> {
        if let Some(index) = self.streams.get(&(site.to_owned(), name.to_owned())) {
            return Some(*index);
        }
        let finding = self.undeclared(manifest, site, name, path);
        self.tell(manifest, finding);
        None
    }

    fn undeclared(&self, manifest: &Manifest, site: &str, name: &str, path: &Path) -> Finding {
        let same = self.streams.keys().filter(|key| key.0 == site).map(|key| key.1.as_str());
        let near = nearest(name, same);
        let elsewhere = self.streams.keys().find(|key| key.1 == name);
        let (key, help) = match (near, elsewhere) {
            (Some(near), _) => {
                let key = (site.to_owned(), near.to_owned());
                (Some(key), format!("did you mean `{near}`?"))
            }
            (None, Some(other)) => {
                let help =
                    "it is declared, but with another `account` or `jsDomain`; is that the one?";
                (Some(other.clone()), help.to_owned())
            }
            (None, None) => (None, "declare it, or leave it if it lives in NATS alone".to_owned()),
        };
        let message = format!("nothing here declares the stream `{name}`");
        let mut finding = manifest.place().finding(Code::UndeclaredStream, path, message, help);
        if let Some(index) = key.and_then(|key| self.streams.get(&key)) {
            finding = finding.related(self.topology.graph[*index].at, "this is declared");
            finding.severity = Severity::Warning;
        }
        finding
    }

    /// A Secret that is declared comes before the Account; one that is not is nobody's mistake: Secrets
    /// are seldom kept beside manifests.
    fn account_secrets(&mut self, manifest: &Manifest, spec: &AccountSpec) {
        for (_, name) in spec.secrets() {
            self.secret(manifest, name);
        }
    }

    pub(super) fn secret(&mut self, manifest: &Manifest, name: &str) {
        let to = ObjectKey {
            group: "".into(),
            kind: "Secret".into(),
            namespace: manifest.key.namespace.clone(),
            name: name.into(),
        };
        if self.declared.contains_key(&to) {
            self.topology.references.push(Reference { from: manifest.key.clone(), to });
        }
    }
}

/// What a stream copies from, each with its path.
fn sources<'s>(
    at: &str,
    mirror: Option<&'s StreamSource>,
    sources: Option<&'s Vec<StreamSource>>,
) -> Vec<(Path, &'s StreamSource)> {
    let at = Path::of(at);
    let mirror = mirror.map(|mirror| (at.key("mirror"), mirror));
    let several = sources.into_iter().flatten().enumerate();
    mirror
        .into_iter()
        .chain(several.map(|(number, source)| (at.key("sources").index(number), source)))
        .collect()
}

/// The site that an object names; `None` for an Account.
fn site(manifest: &Manifest, kind: &Nack) -> Option<String> {
    let (account, domain) = match kind {
        Nack::Stream(spec) => (&spec.account, &spec.js_domain),
        Nack::Consumer(spec) => (&spec.account, &spec.js_domain),
        Nack::KeyValue(spec) => (&spec.account, &spec.js_domain),
        Nack::ObjectStore(spec) => (&spec.account, &spec.js_domain),
        Nack::Account(_) => return None,
    };
    let namespace = manifest.key.namespace.as_deref().unwrap_or_default();
    let domain = domain.as_deref().unwrap_or_default();
    Some(site_of(namespace, &text(account.as_ref()), domain))
}

fn text(account: Option<&AccountName>) -> String {
    account.map(|name| name.as_str().to_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Assumed, Input, load};
    use crate::topology::resolve;

    const TEXT: &str = "
apiVersion: messaging.knative.dev/v1alpha1
kind: NatsJetStreamChannel
metadata: {name: a}
---
apiVersion: jetstream.nats.io/v1beta2
kind: Consumer
metadata: {name: reader}
spec: {streamName: KN_N__A, durableName: R, ackPolicy: none, filterSubjects: [x, y.*]}
---
apiVersion: jetstream.nats.io/v1beta2
kind: Stream
metadata: {name: copy}
spec: {name: COPY, storage: file, maxAge: 1h, account: team, mirror: {name: ORIGIN}}
---
apiVersion: jetstream.nats.io/v1beta2
kind: Stream
metadata: {name: origin}
spec: {name: ORIGIN, storage: file, maxAge: 1h, account: team}
---
apiVersion: jetstream.nats.io/v1beta2
kind: KeyValue
metadata: {name: flags}
spec: {bucket: flags, mirror: {name: more, filterSubject: $KV.more.>}}
---
apiVersion: jetstream.nats.io/v1beta2
kind: KeyValue
metadata: {name: more}
spec: {bucket: more}
---
apiVersion: jetstream.nats.io/v1beta2
kind: Account
metadata: {name: team}
spec: {creds: {secret: {name: keys}, file: a}}
---
apiVersion: v1
kind: Secret
metadata: {name: keys}
";

    #[test]
    fn streams_consumers_and_copies_become_nodes_and_routes() {
        let input = Input::named("a.yaml", Ok(TEXT.into()));
        let loaded = load(vec![input], "n", &Assumed::default());
        let resolved = resolve(&loaded.manifests, &Assumed::default());
        assert_eq!((loaded.findings, resolved.findings, resolved.dangling), Default::default());
        let topology = resolved.topology;
        let name =
            |at: NodeIndex| topology.graph[at].name.object().expect("an object").name.to_string();
        let routes: Vec<_> = topology
            .routes
            .iter()
            .map(|route| (name(route.from), name(route.call), route.filter.clone()))
            .collect();
        let subjects = |all: &[&str]| Filter::Subjects(all.iter().map(|s| (*s).into()).collect());
        assert_eq!(
            routes,
            [
                ("a".to_owned(), "reader".to_owned(), subjects(&["x", "y.*"])),
                ("origin".to_owned(), "copy".to_owned(), Filter::Everything),
                ("more".to_owned(), "flags".to_owned(), subjects(&["$KV.more.>"])),
            ]
        );
        let needs = |from: &str, to: &str| {
            topology.references.iter().any(|r| r.from.name == from && r.to.name == to)
        };
        assert!(needs("reader", "a") && needs("copy", "origin") && needs("copy", "team"));
        assert!(needs("team", "keys"));
    }
}
