//! The schemas that evctl publishes: of every kind in every version, of the project file, and of what
//! evctl prints, for editors and validators; and the kinds as definitions for an API server. Values
//! only: what is printed and written is decided elsewhere.

pub mod combined;
pub mod crd;
pub mod document;
pub mod editor;
pub mod names;
mod readable;
pub mod select;
mod structural;

use serde_json::Value;

use super::kinds::{self, Kind};
use super::project::Project;
use super::shape::schema_of;

/// The group of evctl's own documents.
const OWN_GROUP: &str = "evctl.dev";
/// The version of evctl's own documents.
const OWN_VERSION: &str = "v1alpha1";

/// What a document is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// An object for an API server.
    Manifest,
    /// The project file, which may leave out its apiVersion and kind.
    Project,
    /// What evctl prints.
    Output,
}

/// A document that has a schema.
#[derive(Clone, Copy)]
pub struct Subject {
    pub group: &'static str,
    pub kind: &'static str,
    pub version: &'static str,
    pub role: Role,
    /// Whether objects of it belong to the whole cluster.
    pub cluster_scoped: bool,
    /// The schema of its type alone.
    schema: fn() -> Value,
}

impl Subject {
    /// A document that evctl prints.
    pub const fn output(kind: &'static str, schema: fn() -> Value) -> Self {
        Self {
            group: OWN_GROUP,
            kind,
            version: OWN_VERSION,
            role: Role::Output,
            cluster_scoped: false,
            schema,
        }
    }

    const fn project() -> Self {
        Self { role: Role::Project, ..Self::output("Project", schema_of::<Project>) }
    }

    /// An object of a kind.
    pub const fn manifest(row: &Kind) -> Self {
        Self {
            group: row.group,
            kind: row.kind,
            version: row.version,
            role: Role::Manifest,
            cluster_scoped: row.cluster_scoped,
            schema: row.schema,
        }
    }

    /// What stands under `apiVersion`.
    pub fn api_version(&self) -> String {
        match self.group {
            "" => self.version.to_owned(),
            group => format!("{group}/{}", self.version),
        }
    }
}

/// Everything that has a schema, by kind, group and version, the newest version first. `outputs` are
/// the documents that evctl prints.
pub fn subjects(outputs: &[Subject]) -> Vec<Subject> {
    let mut all: Vec<Subject> = kinds::all().map(Subject::manifest).collect();
    if !all.iter().any(|subject| subject.group == OWN_GROUP && subject.kind == "Project") {
        all.push(Subject::project());
    }
    all.extend(outputs);
    all.sort_by_key(|subject| {
        let newest_first = std::cmp::Reverse(names::priority(subject.version));
        (subject.kind.to_lowercase(), subject.group, newest_first)
    });
    all
}
