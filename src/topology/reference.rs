//! References to nodes: what they name, whether that is declared, and whether it can stand there.

use crate::diag::{Code, Finding};
use crate::model::knative::duck::{Destination, KReference};
use crate::model::object::{group_of, version_of};
use crate::model::{Manifest, ObjectKey, Path, kinds};

use super::addressable::{self, Address};
use super::resolve::Resolver;
use super::suggestion::{Suggestion, beside};
use super::{NodeIndex, NodeName, Reference};

/// Kinds whose references must stay in their own namespace: their webhook compares the two.
const STAYS: &[(&str, &str)] = &[
    ("eventing.knative.dev", "EventTransform"),
    ("eventing.knative.dev", "RequestReply"),
    ("messaging.knative.dev", "Channel"),
    ("sinks.knative.dev", "IntegrationSink"),
    ("sinks.knative.dev", "JobSink"),
    ("sources.knative.dev", "IntegrationSource"),
];

/// Where Knative Eventing itself lives. What it ships there need not be declared.
const SYSTEM_NAMESPACE: &str = "knative-eventing";

/// What may stand in the place of a reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    Channel,
    Broker,
    Addressable,
    Anything,
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
            (None, Some(true)) if destination.uri.as_deref().is_some_and(is_unreadable) => (
                Code::InvalidValue,
                format!("`{path}.uri` is no URI: its host has a space, or its port is no number"),
                "write it as in http://billing.example:8080/in",
            ),
            (None, Some(true)) => {
                self.certificates(manifest, path, destination);
                return destination.uri.clone().map(NodeName::Uri);
            }
            (Some(reference), _) => {
                let at = path.key("ref");
                if destination.uri.is_none() {
                    self.stays(manifest, &at, reference);
                }
                let key = self.reference(manifest, &at, reference, Wanted::Addressable)?;
                let Some(uri) = &destination.uri else { return Some(NodeName::Object(key)) };
                self.erased_path(manifest, path, &key, uri);
                return Some(NodeName::Path(key, uri.clone()));
            }
        };
        let uri = path.key("uri");
        let at = if absolute.is_some() { place.value(&uri) } else { place.key(path) };
        self.tell(manifest, place.finding(code, path, message, help).at(at));
        None
    }

    pub(super) fn tell(&mut self, manifest: &Manifest, finding: Finding) {
        self.findings.push(finding.object(manifest.key.to_string()));
    }

    /// Certificates must be PEM where the webhook looks at them: beside a bare URI.
    fn certificates(&mut self, manifest: &Manifest, path: &Path, destination: &Destination) {
        let Some(text) = &destination.ca_certs else { return };
        if !text.contains("-----BEGIN CERTIFICATE-----") {
            let message = format!("`{path}.CACerts` holds no certificate in PEM");
            let help = "paste the certificate, from -----BEGIN CERTIFICATE----- on";
            let place = manifest.place();
            let finding = place.finding(Code::InvalidValue, &path.key("CACerts"), message, help);
            self.tell(manifest, finding);
        }
    }

    /// A Broker's address is a path, which a relative URI takes the place of.
    fn erased_path(&mut self, manifest: &Manifest, path: &Path, broker: &ObjectKey, uri: &str) {
        let own = format!("/{}/{}", broker.namespace.as_deref().unwrap_or_default(), broker.name);
        let harmless = uri.is_empty()
            || uri.starts_with(['?', '#'])
            || uri.split(['?', '#']).next().is_some_and(|path| path.trim_end_matches('/') == own);
        if !broker.is("eventing.knative.dev", "Broker") || harmless {
            return;
        }
        let message = format!("`{path}.uri` takes the place of the Broker's own path, {own}");
        let help = "take `uri` away: the ingress finds the Broker by that path, and answers 404 or \
            400 on another";
        let place = manifest.place();
        let finding = place.finding(Code::BrokerPathLost, &path.key("uri"), message, help);
        self.tell(manifest, finding);
    }

    /// Some kinds refer to nothing outside of their own namespace.
    pub(super) fn stays(&mut self, manifest: &Manifest, path: &Path, reference: &KReference) {
        let key = &manifest.key;
        let stays = STAYS.contains(&(key.group.as_str(), key.kind.as_str()))
            || (key.is("eventing.knative.dev", "Broker") && self.assumed.broker.own_namespace_only);
        let (Some(own), Some(other)) = (&key.namespace, &reference.namespace) else { return };
        if stays && own != other {
            let message = format!("{} refers to its own namespace alone", key.kind_name());
            let help = format!("take `namespace` away, and declare the object in {own}");
            let place = manifest.place();
            let at = path.key("namespace");
            self.tell(manifest, place.finding(Code::ForbiddenField, &at, message, help));
        }
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
        if !self.group_is_said(manifest, path, reference) {
            return None;
        }
        let key = self.key_of(manifest, reference);
        if let Some((message, help)) = self.misfit(&key, wanted) {
            let place = manifest.place();
            self.tell(manifest, place.finding(Code::WrongKind, &path.key("kind"), message, help));
            return None;
        }
        if self.is_unserved(manifest, path, reference) {
            return None;
        }
        self.refer(manifest, &path.key("name"), &key);
        Some(key)
    }

    /// Whether a reference says the group of its kind, as the servers want it said.
    fn group_is_said(&mut self, manifest: &Manifest, path: &Path, reference: &KReference) -> bool {
        let place = manifest.place();
        let allowed = self.assumed.features.enabled("kreference-group");
        let finding = match (&reference.api_version, &reference.group) {
            (_, Some(_)) if !allowed => {
                let message = "`group` needs the feature kreference-group, which is off";
                let help = "write `apiVersion` in its place";
                let at = path.key("group");
                place.finding(Code::FeatureDisabled, &at, message, help).at(place.key(&at))
            }
            (None, None) => {
                let message = format!("`{path}.apiVersion` is missing");
                let kind = &reference.kind;
                let help = format!("add it; the webhook demands it (a {kind} is often `v1`)");
                place.finding(Code::MissingField, path, message, help).at(place.key(path))
            }
            (Some(api_version), Some(group)) if group_of(api_version) != group => {
                let message = format!("`group` is {group}, and `apiVersion` is of another");
                place.finding(Code::InvalidValue, &path.key("group"), message, "keep one of them")
            }
            _ => return true,
        };
        self.tell(manifest, finding);
        false
    }

    /// Whether a reference asks for a version of a known kind that servers do not have.
    fn is_unserved(&mut self, manifest: &Manifest, path: &Path, reference: &KReference) -> bool {
        let Some(api_version) = &reference.api_version else { return false };
        let (group, version) = (group_of(api_version), version_of(api_version));
        let served: Vec<_> =
            kinds::versions(group, &reference.kind).map(|row| row.version).collect();
        if served.is_empty() || served.contains(&version) {
            return false;
        }
        let message = format!("{} is not served as `{api_version}`", reference.kind);
        let versions: Vec<_> = served.iter().map(|version| format!("{group}/{version}")).collect();
        let help = format!("write apiVersion: {}", versions.join(" or "));
        let place = manifest.place();
        let at = path.key("apiVersion");
        self.tell(manifest, place.finding(Code::UnservedVersion, &at, message, help));
        true
    }

    /// Notes that an object refers to another, by the name at a path. Where it is declared nowhere,
    /// that is remembered: a live cluster may have it.
    pub(super) fn refer(&mut self, manifest: &Manifest, name: &Path, key: &ObjectKey) {
        self.topology.references.push(Reference { from: manifest.key.clone(), to: key.clone() });
        let shipped = key.is("", "ConfigMap") && key.namespace.as_deref() == Some(SYSTEM_NAMESPACE);
        if self.declared.contains_key(key) || shipped || self.is_generated(key) {
            return;
        }
        let message = format!("nothing declares {key}");
        let Suggestion { help, manifest: near, field } = self.suggestion(key);
        let place = manifest.place();
        let beside = field.map(|field| beside(name, field));
        let at = beside.filter(|path| manifest.root.at(path).is_some());
        let at = at.as_ref().unwrap_or(name);
        let mut finding = place
            .finding(Code::DanglingReference, at, message, help)
            .object(manifest.key.to_string());
        if let Some(near) = near {
            finding = finding.related(self.manifests[near].name_location(), "this is declared");
        }
        self.dangling.push((key.clone(), finding));
    }

    /// Whether a declared object's controller makes an object.
    fn is_generated(&self, key: &ObjectKey) -> bool {
        let node = self.nodes.get(&NodeName::Object(key.clone()));
        node.is_some_and(|node| self.topology.graph[*node].generated_by.is_some())
    }

    /// The node of a dead letter sink that another object, which is declared, says for this one. Its
    /// faults are told where it stands.
    pub(super) fn inherited_sink(
        &mut self,
        owner: &ObjectKey,
        sink: &Destination,
    ) -> Option<NodeIndex> {
        let manifest = self.manifests.get(*self.declared.get(owner)?)?;
        let name = match (&sink.reference, &sink.uri) {
            (Some(reference), None) => NodeName::Object(self.key_of(manifest, reference)),
            (Some(reference), Some(uri)) => {
                NodeName::Path(self.key_of(manifest, reference), uri.clone())
            }
            (None, Some(uri)) => NodeName::Uri(uri.clone()),
            (None, None) => return None,
        };
        let at = manifest.place().value(&Path::of("spec.delivery.deadLetterSink"));
        Some(self.sink(name, at))
    }

    /// The object that a reference means, whether it is declared or not.
    pub(super) fn key_of(&self, manifest: &Manifest, reference: &KReference) -> ObjectKey {
        let group = reference.group().to_owned();
        let scoped = crate::model::object::is_cluster_scoped(&group, &reference.kind)
            || self.cluster_kinds.iter().any(|(g, kind)| *g == group && *kind == reference.kind);
        let own = || manifest.key.namespace.clone().map(Into::into);
        let namespace = if scoped { None } else { reference.namespace.clone().or_else(own) };
        ObjectKey {
            group: group.into(),
            kind: reference.kind.clone().into(),
            namespace: namespace.map(Into::into),
            name: reference.name.clone().into(),
        }
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
        if wanted == Wanted::Broker && !key.is("eventing.knative.dev", "Broker") {
            let message = format!("a Broker is wanted here, and {key} is none");
            return Some((message, "name a Broker of eventing.knative.dev/v1".to_owned()));
        }
        if wanted == Wanted::Addressable && has_no_address(key) {
            let message = format!("{key} has no address that events could be sent to");
            let help = "name a Service, a Knative Service, a channel or a uri".to_owned();
            return Some((message, help));
        }
        None
    }
}

/// Whether nothing can ever be sent to an object, because of its kind.
pub(super) fn has_no_address(key: &ObjectKey) -> bool {
    addressable::address(&key.group, &key.kind) == Address::HasNot
}

/// Whether Go's parser, and with it the webhook, refuses a URI.
fn is_unreadable(uri: &str) -> bool {
    let rest = uri.split_once("://").map_or(uri, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    let port = if host.ends_with(']') { None } else { host.rsplit_once(':').map(|(_, port)| port) };
    host.contains(' ') || port.is_some_and(|port| port.bytes().any(|byte| !byte.is_ascii_digit()))
}

/// Whether a URI has a scheme and a host.
pub(super) fn is_absolute(uri: &str) -> bool {
    uri.split_once("://").is_some_and(|(scheme, rest)| {
        !scheme.is_empty()
            && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
            && !rest.is_empty()
            && !rest.starts_with(['/', '?', '#'])
    })
}
