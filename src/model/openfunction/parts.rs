//! What several OpenFunction kinds share: sinks, scaling, builds. Field by field as the shipped
//! CRDs have them.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::model::mapping::from_mapping;

/// Something that takes events by HTTP: one of `ref` and `uri`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SinkSpec {
    /// A Knative Service (serving.knative.dev/v1) or a Function (core.openfunction.io/v1beta1).
    #[serde(rename = "ref")]
    pub reference: Option<SinkReference>,
    /// The URL. Goes before `ref`.
    pub uri: Option<String>,
}

/// The object that a sink is.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SinkReference {
    /// Group and version of the kind.
    pub api_version: String,
    /// The kind of the object.
    pub kind: String,
    /// The name of the object.
    pub name: String,
    /// The namespace of the object. There is no default: without it, nothing is found.
    pub namespace: Option<String>,
}

/// How a scaled workload is scaled further (KEDA's `advanced`).
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AdvancedScaling {
    /// What the HorizontalPodAutoscaler is given.
    pub horizontal_pod_autoscaler_config: Option<AutoscalerConfig>,
    /// Whether the count of replicas goes back to what it was once the scaling is taken away.
    pub restore_to_original_replica_count: Option<bool>,
}

/// What the HorizontalPodAutoscaler is given.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AutoscalerConfig {
    /// How fast it scales in each direction.
    pub behavior: Option<ScalingBehavior>,
    /// The name of the autoscaler.
    pub name: Option<String>,
}

/// How fast an autoscaler scales in each direction.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ScalingBehavior {
    /// Towards fewer replicas.
    pub scale_down: Option<ScalingRules>,
    /// Towards more replicas.
    pub scale_up: Option<ScalingRules>,
}

/// How fast an autoscaler scales in one direction.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ScalingRules {
    /// What is allowed within a period; at least one, or the rules are dropped.
    pub policies: Option<Vec<ScalingPolicy>>,
    /// Which of the policies counts: `Max` (the default), `Min` or `Disabled`.
    pub select_policy: Option<String>,
    /// For how many seconds earlier recommendations count, 0 to 3600.
    pub stabilization_window_seconds: Option<i32>,
}

/// What is allowed within a period.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ScalingPolicy {
    /// The period, in seconds, at most 1800.
    pub period_seconds: i32,
    /// `Pods` or `Percent`.
    #[serde(rename = "type")]
    pub unit: String,
    /// How many.
    pub value: i32,
}

/// The TriggerAuthentication or ClusterTriggerAuthentication of a scaler.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ScalingAuthentication {
    /// TriggerAuthentication where it is absent.
    pub kind: Option<String>,
    /// The name of the object.
    pub name: String,
}

/// How the handler's image is built, where it is not the usual one.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Build {
    /// The image with the build tools.
    pub builder: Option<String>,
    /// The Secret for the builder's image repository.
    pub builder_credentials: Option<LocalReference>,
    /// How long a completed builder is kept, as a duration; forever where it is absent.
    pub builder_max_age: Option<String>,
    /// The path of the Dockerfile, for strategies that use one.
    pub dockerfile: Option<String>,
    /// Environment variables of the builder.
    pub env: Option<BTreeMap<String, String>>,
    /// How many failed builds are kept; 1 where it is absent.
    pub failed_builds_history_limit: Option<i32>,
    /// Parameters of the build strategy.
    pub params: Option<BTreeMap<String, String>>,
    /// Settings of the Shipwright engine.
    pub shipwright: Option<Shipwright>,
    /// Where the source code is.
    pub src_repo: SourceRepository,
    /// How many successful builds are kept; 0 where it is absent.
    pub successful_builds_history_limit: Option<i32>,
    /// How long a build may take, as a duration.
    pub timeout: Option<String>,
}

/// An object of the same namespace, by name.
#[derive(Debug, Clone, Default, PartialEq, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LocalReference {
    /// The name of the object.
    pub name: Option<String>,
}

from_mapping!(LocalReference { name: Option<String> });

/// Settings of the Shipwright engine.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Shipwright {
    /// Which strategy builds the image.
    pub strategy: Option<BuildStrategy>,
    /// How long the Build may take, as a duration.
    pub timeout: Option<String>,
}

/// A build strategy by name.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BuildStrategy {
    /// BuildStrategy, where it is absent, or ClusterBuildStrategy.
    pub kind: Option<String>,
    /// The name of the strategy.
    pub name: String,
}

/// Where source code is.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SourceRepository {
    /// An image that holds the source.
    pub bundle_container: Option<BundleContainer>,
    /// The Secret for the repository.
    pub credentials: Option<LocalReference>,
    /// The branch, tag or commit.
    pub revision: Option<String>,
    /// The folder within the source.
    pub source_sub_path: Option<String>,
    /// The Git URL.
    pub url: Option<String>,
}

/// An image that holds source code.
#[derive(Debug, Clone, PartialEq, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BundleContainer {
    /// The image, such as `quay.io/org/image:tag`.
    pub image: String,
}

from_mapping!(BundleContainer { image: String });
