//! ApiServerSource: events about objects of the cluster.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::diag::Code;
use crate::model::Path;
use crate::model::kinds::Spec;
use crate::model::knative::delivery_rules;
use crate::model::knative::duck::Destination;
use crate::model::knative::filter_rules::{self, Filtering};
use crate::model::knative::filters::SubscriptionsFilter;
use crate::model::knative::selector::LabelSelector;
use crate::model::manifest::Typed;
use crate::model::mapping::optional_mapping;
use crate::model::reading::Reading;

use super::Source;
use super::overrides::{self, CloudEventOverrides};

/// The flag without which filters are refused.
const FILTERS: &str = "new-apiserversource-filters";

/// Sends an event whenever an object of some kinds is added, changed or deleted.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ApiServerSourceSpec {
    /// Where events go.
    pub sink: Destination,
    /// Attributes to set on every event.
    #[serde(default, deserialize_with = "optional_mapping")]
    pub ce_overrides: Option<CloudEventOverrides>,
    /// The kinds to watch, at least one.
    pub resources: Vec<Resource>,
    /// Only objects that an object of this kind owns.
    pub owner: Option<Owner>,
    /// What an event carries: `Reference` (the default) the object's name, `Resource` all of it.
    pub mode: Option<Mode>,
    /// The ServiceAccount that watches, by default `default`. It needs the right to get, list and
    /// watch every kind of `resources`.
    pub service_account_name: Option<String>,
    /// The namespaces to watch, by their labels; the source's own where it is absent.
    pub namespace_selector: Option<LabelSelector>,
    /// Which events to send: those that pass every filter, as in a Trigger. Needs the feature `new-apiserversource-filters`.
    pub filters: Option<Vec<SubscriptionsFilter>>,
}

/// What an event about an object carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum Mode {
    /// A reference to the object.
    Reference,
    /// The whole object.
    Resource,
}

/// A kind to watch.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Resource {
    /// Group and version of the kind, such as `apps/v1`.
    pub api_version: String,
    /// The kind.
    pub kind: String,
    /// Only objects with these labels.
    pub selector: Option<LabelSelector>,
}

/// The kind of the objects that own what is watched.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Owner {
    /// Group and version of the kind, such as `apps/v1`.
    pub api_version: String,
    /// The kind.
    pub kind: String,
}

impl Spec for ApiServerSourceSpec {
    fn check(&self, reading: &mut Reading<'_>) {
        let resources = Path::of("spec.resources");
        if self.resources.is_empty() {
            let help = "name a kind to watch, as in `apiVersion: v1`, `kind: Event`";
            let message = "an ApiServerSource watches at least one kind";
            reading.fault_at_key(Code::InvalidValue, &resources, message, help);
        }
        for (number, resource) in self.resources.iter().enumerate() {
            let path = resources.index(number);
            watched(reading, &path, &resource.api_version, &resource.kind);
            if let Some(selector) = &resource.selector {
                selector.check(reading, &path.key("selector"));
            }
        }
        if let Some(owner) = &self.owner {
            watched(reading, &Path::of("spec.owner"), &owner.api_version, &owner.kind);
        }
        if let Some(selector) = &self.namespace_selector {
            selector.check(reading, &Path::of("spec.namespaceSelector"));
        }
        self.filters(reading);
        overrides::check(reading, self.ce_overrides.as_ref());
    }

    fn typed(self) -> Typed {
        Typed::Source(Source::ApiServer(Box::new(self)))
    }
}

impl ApiServerSourceSpec {
    fn filters(&self, reading: &mut Reading<'_>) {
        let filters = self.filters.as_deref().unwrap_or_default();
        let at = Path::of("spec.filters");
        if !filters.is_empty() {
            delivery_rules::needs_feature(reading, &at, FILTERS);
        }
        filter_rules::check(reading, &at, filters, Filtering::Adapter);
    }
}

/// A kind must be named; the webhook takes an empty apiVersion, which then watches nothing.
fn watched(reading: &mut Reading<'_>, path: &Path, api_version: &str, kind: &str) {
    if api_version.is_empty() || api_version == "/" || api_version.matches('/').count() > 1 {
        let message = format!("`{api_version}` is no apiVersion");
        let help = "write GROUP/VERSION as in apps/v1, or the version alone for core kinds";
        reading.fault(Code::InvalidValue, &path.key("apiVersion"), message, help);
    }
    if kind.trim().is_empty() {
        let help = "name the kind, such as Event";
        reading.fault(Code::InvalidValue, &path.key("kind"), "the kind is empty", help);
    }
}
