//! The project file, `evctl.yaml`: what a set of manifests is called when it owns things.

use schemars::JsonSchema;
use serde::Deserialize;

use super::text::ProjectName;

/// The name that a project file has.
pub const FILE_NAME: &str = "evctl.yaml";

/// The project: here just its name.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Project {
    /// `evctl.dev/v1alpha1`, where it is said.
    pub api_version: Option<String>,
    /// `Project`, where it is said.
    pub kind: Option<String>,
    /// The mark that every object of the project carries.
    pub name: ProjectName,
}
