//! SinkBinding: tells the pods of an object where to send events.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::diag::Code;
use crate::model::Path;
use crate::model::kinds::Spec;
use crate::model::knative::duck::Destination;
use crate::model::knative::selector::LabelSelector;
use crate::model::manifest::Typed;
use crate::model::mapping::optional_mapping;
use crate::model::reading::Reading;
use crate::model::text::NamespaceName;

use super::Source;
use super::overrides::{self, CloudEventOverrides};

/// Puts the sink's address into the pods of its subject, as `K_SINK`.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SinkBindingSpec {
    /// Where events go.
    pub sink: Destination,
    /// Attributes to set on every event; the pods find them in `K_CE_OVERRIDES`.
    #[serde(default, deserialize_with = "optional_mapping")]
    pub ce_overrides: Option<CloudEventOverrides>,
    /// Whose pods send the events: one object by `name`, or many by `selector`.
    pub subject: Subject,
}

/// The objects that a SinkBinding changes, always in its own namespace.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Subject {
    /// Group and version of the kind, such as `apps/v1`.
    pub api_version: String,
    /// A kind that has a pod template, such as Deployment or Job.
    pub kind: String,
    /// The SinkBinding's own namespace, which is also the default.
    pub namespace: Option<String>,
    /// The name of one object. Not together with `selector`.
    pub name: Option<String>,
    /// The labels of the objects. Not together with `name`.
    pub selector: Option<LabelSelector>,
}

impl Spec for SinkBindingSpec {
    fn check(&self, reading: &mut Reading<'_>) {
        self.subject.check(reading);
        overrides::check(reading, self.ce_overrides.as_ref());
    }

    fn typed(self) -> Typed {
        Typed::Source(Source::SinkBinding(Box::new(self)))
    }
}

impl Subject {
    fn check(&self, reading: &mut Reading<'_>) {
        let at = Path::of("spec.subject");
        self.kind(reading, &at);
        self.namespace(reading, &at.key("namespace"));
        match (&self.name, &self.selector) {
            (Some(name), None) if !name.is_empty() => self.name(reading, &at.key("name"), name),
            (Some(name), Some(_)) if !name.is_empty() => {
                let message = "a subject has a name or a selector, not both";
                let path = at.key("selector");
                reading.fault_at_key(Code::ForbiddenField, &path, message, "keep one of them");
            }
            (_, Some(selector)) => selector.check(reading, &at.key("selector")),
            (_, None) => reading.missing(&at.key("name"), "say which object, by name or selector"),
        }
    }

    fn kind(&self, reading: &mut Reading<'_>, at: &Path) {
        if !is_qualified(&self.api_version) {
            let message = format!("`{}` is no apiVersion", self.api_version);
            let help = "write GROUP/VERSION as in apps/v1, or the version alone for core kinds";
            reading.fault(Code::InvalidValue, &at.key("apiVersion"), message, help);
        }
        let letters = self.kind.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if !letters || self.kind.is_empty() || self.kind.starts_with(|c: char| c.is_ascii_digit()) {
            let message = format!("`{}` is no kind", self.kind);
            let help = "write a kind that has a pod template, such as Deployment";
            reading.fault(Code::InvalidValue, &at.key("kind"), message, help);
        }
    }

    fn namespace(&self, reading: &mut Reading<'_>, path: &Path) {
        let Some(namespace) = self.namespace.as_deref().filter(|name| !name.is_empty()) else {
            return;
        };
        if reading.key.namespace.as_deref() != Some(namespace) {
            let message = "a SinkBinding's subject is always in its own namespace";
            let help = "take `namespace` away, or declare the SinkBinding over there";
            reading.fault(Code::InvalidValue, path, message, help);
        }
    }

    fn name(&self, reading: &mut Reading<'_>, path: &Path, name: &str) {
        if NamespaceName::parse(name).is_err() {
            let message = format!("the webhook takes no subject of the name `{name}`");
            let help = "names here are lower-case letters, digits and `-`, at most 63; a selector \
                 reaches others";
            reading.fault(Code::InvalidValue, path, message, help);
        }
    }
}

/// `VERSION` or `GROUP/VERSION`, as Kubernetes' "qualified names" are.
fn is_qualified(text: &str) -> bool {
    let (group, version) = match text.split_once('/') {
        Some((group, version)) => (Some(group), version),
        None => (None, text),
    };
    let edge = |c: char| c.is_ascii_alphanumeric();
    let named = version.len() <= 63
        && version.starts_with(edge)
        && version.ends_with(edge)
        && version.chars().all(|c| edge(c) || matches!(c, '-' | '_' | '.'));
    named && group.is_none_or(|group| crate::model::text::ObjectName::parse(group).is_ok())
}
