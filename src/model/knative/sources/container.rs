//! ContainerSource: a Deployment of one's own that sends events.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use crate::model::Path;
use crate::model::kinds::Spec;
use crate::model::knative::duck::Destination;
use crate::model::knative::pods::{self, Naming};
use crate::model::manifest::Typed;
use crate::model::mapping::optional_mapping;
use crate::model::reading::Reading;

use super::Source;
use super::overrides::{self, CloudEventOverrides};

/// Runs containers that find the sink's address in `K_SINK` and send events to it.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ContainerSourceSpec {
    /// Where events go; the containers find the address in `K_SINK`.
    pub sink: Destination,
    /// Attributes to set on every event; the containers find them in `K_CE_OVERRIDES`.
    #[serde(default, deserialize_with = "optional_mapping")]
    pub ce_overrides: Option<CloudEventOverrides>,
    /// The pods to run, as in a Deployment's template (core/v1 PodTemplateSpec): `spec.containers`
    /// with at least one `image`. A container without a name is named after the source.
    pub template: BTreeMap<String, Value>,
}

impl Spec for ContainerSourceSpec {
    fn check(&self, reading: &mut Reading<'_>) {
        pods::containers(reading, &Path::of("spec.template.spec"), Naming::ByDefault);
        overrides::check(reading, self.ce_overrides.as_ref());
    }

    fn typed(self) -> Typed {
        Typed::Source(Source::Container(Box::new(self)))
    }
}
