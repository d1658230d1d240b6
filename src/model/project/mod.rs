//! The project file, `evctl.yaml`: what a set of manifests is called when it owns things, where
//! they stand, which servers receive them, and what evctl may do with them. Reads no file.

mod check;
mod environment;
mod policy;
mod settings;
mod tree;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::text::{EnvironmentName, ObjectText, ProjectName};

pub use check::check;
pub use environment::{
    Assume, BrokerDefaults, Defaults, Environment, KubernetesPlane, NatsCredentials, NatsPlane,
    NatsSecret, NatsTls, Streams,
};
pub use policy::{Level, Policy};
pub use settings::{Settings, Unknown, settings};
pub use tree::{read, secrets};

/// The name that a project file has.
pub const FILE_NAME: &str = "evctl.yaml";

/// A project of evctl.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Project {
    /// `evctl.dev/v1alpha1`, where it is said.
    pub api_version: Option<ProjectVersion>,
    /// `Project`, where it is said.
    pub kind: Option<ProjectKind>,
    /// The mark that every object of the project carries: letters, digits, `-`, `_` and `.`, at
    /// most 63.
    pub name: ProjectName,
    /// Files and folders of manifests, from this file's folder on. Absent: that folder itself.
    pub sources: Option<Vec<String>>,
    /// Folders with a kustomization, from this file's folder on, built as `-k` builds them.
    pub kustomize: Option<Vec<String>>,
    /// Where the project is applied to, by the name that `--env` takes.
    pub environments: Option<BTreeMap<EnvironmentName, Environment>>,
    /// Who makes the streams of NACK's kinds and of NATS channels. Absent: their controllers, where the
    /// cluster serves NACK's kinds or the channel's controller runs, and evctl elsewhere.
    pub streams: Option<Streams>,
    /// What the servers are taken to be while none is asked.
    pub assume: Option<Assume>,
    /// What the servers fill in where a manifest says nothing.
    pub defaults: Option<Defaults>,
    /// What evctl may do, and how much findings weigh.
    pub policy: Option<Policy>,
    /// Projects whose objects become this one's where this one declares them, as they are.
    pub moved: Option<Vec<Moved>>,
    /// Objects that are declared no longer and stay as they are: the project forgets them, and never deletes
    /// them. As `kind[.group]/[namespace/]name`, `stream/NAME` or `consumer/STREAM/NAME`.
    pub removed: Option<Vec<ObjectText>>,
}

/// A project whose objects become this one's.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Moved {
    /// The name that the objects are marked with.
    pub from: ProjectName,
    /// Those that are meant. Absent: all that this project declares.
    pub objects: Option<Vec<ObjectText>>,
}

/// The version of project files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum ProjectVersion {
    #[serde(rename = "evctl.dev/v1alpha1")]
    V1Alpha1,
}

/// The kind of project files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum ProjectKind {
    Project,
}
