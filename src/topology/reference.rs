//! References to nodes: what they name, whether that is declared, and whether it can stand there.

use crate::diag::Code;
use crate::model::knative::duck::{Destination, KReference};
use crate::model::object::group_of;
use crate::model::shape::nearest;
use crate::model::yaml::Node;
use crate::model::{Manifest, ObjectKey, Path};

use super::resolve::Resolver;
use super::{NodeName, Reference};

/// Kinds that have no address, as (group, kind): a reference to one can never resolve.
const NOT_ADDRESSABLE: &[(&str, &str)] = &[
    ("", "ConfigMap"),
    ("", "Namespace"),
    ("", "PersistentVolumeClaim"),
    ("", "Pod"),
    ("", "Secret"),
    ("", "ServiceAccount"),
    ("apps", "DaemonSet"),
    ("apps", "Deployment"),
    ("apps", "ReplicaSet"),
    ("apps", "StatefulSet"),
    ("batch", "CronJob"),
    ("batch", "Job"),
    ("eventing.knative.dev", "Trigger"),
    ("messaging.knative.dev", "Subscription"),
];

/// What may stand in the place of a reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    Channel,
    Addressable,
}

impl Resolver<'_> {
    /// The node that a destination names, with every finding on the way.
    pub(super) fn destination(
        &mut self,
        manifest: &Manifest,
        path: &Path,
        destination: &Destination,
    ) -> Option<NodeName> {
        let place = manifest.place();
        let absolute = destination.uri.as_deref().map(is_absolute);
        let (code, message, help) = match (&destination.reference, absolute) {
            (None, None) => (
                Code::MissingField,
                format!("`{path}` names nothing: it has neither `ref` nor `uri`"),
                "write a ref to an object that has an address, or an absolute uri",
            ),
            (Some(_), Some(true)) => (
                Code::InvalidValue,
                format!("`{path}` has a `ref` and an absolute `uri`"),
                "keep one of them; beside a ref, a uri must be relative",
            ),
            (None, Some(false)) => (
                Code::InvalidValue,
                format!(
                    "`{path}.uri` is not absolute, and there is no `ref` that it could be relative to"
                ),
                "write scheme and host, as in http://billing.example",
            ),
            (None, Some(true)) => return destination.uri.clone().map(NodeName::Uri),
            (Some(reference), _) => {
                let key =
                    self.reference(manifest, &path.key("ref"), reference, Wanted::Addressable)?;
                return Some(match &destination.uri {
                    Some(uri) => NodeName::Path(key, uri.clone()),
                    None => NodeName::Object(key),
                });
            }
        };
        let finding = place.finding(code, path, message, help).at(place.key(path));
        self.findings.push(finding.object(manifest.key.to_string()));
        None
    }

    /// The object that a reference names. Where it is declared nowhere, that is remembered: a live
    /// cluster may have it.
    pub(super) fn reference(
        &mut self,
        manifest: &Manifest,
        path: &Path,
        reference: &KReference,
        wanted: Wanted,
    ) -> Option<ObjectKey> {
        let place = manifest.place();
        let tell = |code, at: Path, message: String, help: String| {
            place.finding(code, &at, message, help).object(manifest.key.to_string())
        };
        if reference.api_version.is_none() && reference.group.is_none() {
            let message = format!("`{path}.apiVersion` is missing");
            let help =
                format!("add it; the webhook demands it (a {} is often `v1`)", reference.kind);
            self.findings
                .push(tell(Code::MissingField, path.clone(), message, help).at(place.key(path)));
            return None;
        }
        let key = self.key_of(manifest, reference);
        if let Some((message, help)) = self.misfit(&key, wanted) {
            self.findings.push(tell(Code::WrongKind, path.key("kind"), message, help));
            return None;
        }
        self.refer(manifest, &path.key("name"), &key);
        Some(key)
    }

    /// Notes that an object refers to another, by the name at a path. Where it is declared nowhere,
    /// that is remembered: a live cluster may have it.
    pub(super) fn refer(&mut self, manifest: &Manifest, name: &Path, key: &ObjectKey) {
        self.topology.references.push(Reference { from: manifest.key.clone(), to: key.clone() });
        if self.declared.contains_key(key) {
            return;
        }
        let message = format!("nothing declares {key}");
        let (help, near) = self.suggestion(key);
        let place = manifest.place();
        let mut finding = place
            .finding(Code::DanglingReference, name, message, help)
            .object(manifest.key.to_string());
        if let Some(near) = near {
            finding = finding.related(self.manifests[near].name_location(), "this is declared");
        }
        self.dangling.push((key.clone(), finding));
    }

    fn key_of(&self, manifest: &Manifest, reference: &KReference) -> ObjectKey {
        let group = reference.group().to_owned();
        let scoped = crate::model::object::is_cluster_scoped(&group, &reference.kind)
            || self.cluster_kinds.iter().any(|(g, kind)| *g == group && *kind == reference.kind);
        let own = || manifest.key.namespace.clone();
        let namespace = if scoped { None } else { reference.namespace.clone().or_else(own) };
        ObjectKey { group, kind: reference.kind.clone(), namespace, name: reference.name.clone() }
    }

    fn misfit(&self, key: &ObjectKey, wanted: Wanted) -> Option<(String, String)> {
        let is_channel = key.kind.ends_with("Channel");
        if wanted == Wanted::Channel && !is_channel {
            let message = format!("a Subscription reads from a channel, and {key} is none");
            let same_name = self.declared.keys().find(|other| {
                other.kind.ends_with("Channel")
                    && other.name == key.name
                    && other.namespace == key.namespace
            });
            let help = match same_name {
                Some(channel) => format!("{channel} is declared; refer to its kind and apiVersion"),
                None => "name a Channel or a NatsJetStreamChannel".to_owned(),
            };
            return Some((message, help));
        }
        if NOT_ADDRESSABLE.contains(&(key.group.as_str(), key.kind.as_str())) {
            let message = format!("{key} has no address that events could be sent to");
            let help = "name a Service, a Knative Service, a channel or a uri".to_owned();
            return Some((message, help));
        }
        None
    }

    /// What was probably meant, and where it stands.
    fn suggestion(&self, key: &ObjectKey) -> (String, Option<usize>) {
        let same_kind = self.declared.iter().filter(|(other, _)| {
            other.group == key.group && other.kind == key.kind && other.namespace == key.namespace
        });
        let by_name: Vec<_> = same_kind.map(|(other, at)| (other.name.as_str(), *at)).collect();
        if let Some(near) = nearest(&key.name, by_name.iter().map(|(name, _)| *name)) {
            let at = by_name.iter().find(|(name, _)| *name == near).map(|(_, at)| *at);
            return (format!("did you mean `{near}`?"), at);
        }
        let elsewhere = self.declared.iter().find(|(other, _)| {
            other.name == key.name && (other.kind == key.kind || other.namespace == key.namespace)
        });
        match elsewhere {
            Some((other, at)) => (format!("{other} is declared; is that the one?"), Some(*at)),
            None => (
                format!(
                    "declare it, or correct the name; a {} that only lives in the cluster is \
                         found when a Kubernetes plane takes part",
                    key.kind
                ),
                None,
            ),
        }
    }
}

/// Whether a URI has a scheme and a host.
fn is_absolute(uri: &str) -> bool {
    uri.split_once("://").is_some_and(|(scheme, rest)| {
        !scheme.is_empty()
            && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
            && !rest.is_empty()
            && !rest.starts_with(['/', '?', '#'])
    })
}

/// The object that a pass-through kind sends its events to, where it says so the usual way.
pub(super) fn sink_reference(manifest: &Manifest) -> Option<ObjectKey> {
    let sink = manifest.root.along("spec.sink.ref")?;
    let text = |name: &str| sink.get(name).and_then(Node::text);
    Some(ObjectKey {
        group: group_of(text("apiVersion")?).to_owned(),
        kind: text("kind")?.to_owned(),
        namespace: text("namespace").map(str::to_owned).or_else(|| manifest.key.namespace.clone()),
        name: text("name")?.to_owned(),
    })
}
