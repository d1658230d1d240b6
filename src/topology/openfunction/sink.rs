//! Sinks of OpenFunction: which kinds a controller can find the address of.

use crate::diag::Code;
use crate::model::knative::duck::KReference;
use crate::model::openfunction::{Dialect, SinkReference, SinkSpec};
use crate::model::{Manifest, Path};
use crate::topology::resolve::Resolver;
use crate::topology::{NodeIndex, NodeName};

/// Kinds that the shipped controllers know, as (apiVersion, kind).
const SHIPPED: &[(&str, &str)] =
    &[("serving.knative.dev/v1", "Service"), ("core.openfunction.io/v1beta1", "Function")];

/// Kinds of the first proposal.
const FIRST: &[(&str, &str)] =
    &[("serving.knative.dev/v1", "Service"), ("dapr.io/v1alpha1", "Component")];

/// Kinds of the second proposal.
const SECOND: &[(&str, &str)] = &[("serving.knative.dev/v1", "Service")];

impl Resolver<'_> {
    /// The node of a sink; its `uri` goes before its `ref`.
    pub(super) fn event_sink(
        &mut self,
        manifest: &Manifest,
        dialect: Dialect,
        sink: &SinkSpec,
        path: &Path,
    ) -> Option<NodeIndex> {
        let at = manifest.place().value(path);
        if let Some(uri) = &sink.uri {
            return Some(self.sink(NodeName::Uri(uri.clone()), at));
        }
        let reference = sink.reference.as_ref()?;
        let path = path.key("ref");
        let kinds = match dialect {
            Dialect::First => FIRST,
            Dialect::Second => SECOND,
            Dialect::Shipped => SHIPPED,
        };
        let said = (reference.api_version.as_str(), reference.kind.as_str());
        if !kinds.contains(&said) {
            self.unsupported(manifest, dialect, reference, kinds, &path);
            return None;
        }
        let key = self.key_of(manifest, &plain(reference));
        self.refer(manifest, &path.key("name"), &key);
        Some(self.sink(NodeName::Object(key), at))
    }

    fn unsupported(
        &mut self,
        manifest: &Manifest,
        dialect: Dialect,
        reference: &SinkReference,
        kinds: &[(&str, &str)],
        path: &Path,
    ) {
        let name = |(api_version, kind): &(&str, &str)| format!("{kind} of {api_version}");
        let names: Vec<String> = kinds.iter().map(name).collect();
        // Only the version is wrong: that is what to point at.
        let field = if kinds.iter().any(|(_, kind)| *kind == reference.kind) {
            "apiVersion"
        } else {
            "kind"
        };
        let shipped = dialect == Dialect::Shipped;
        let said = if shipped { ": the controller says \"unsupported reference\"" } else { "" };
        let message = format!(
            "a {} of {} cannot be a sink here{said}",
            reference.kind, reference.api_version
        );
        let help = format!("name a {}; or write the URL as uri", names.join(" or a "));
        self.fault(manifest, Code::WrongKind, &path.key(field), message, help);
    }
}

fn plain(reference: &SinkReference) -> KReference {
    KReference {
        kind: reference.kind.clone(),
        name: reference.name.clone(),
        namespace: reference.namespace.clone().filter(|namespace| !namespace.is_empty()),
        api_version: Some(reference.api_version.clone()),
        group: None,
        address: None,
    }
}
