//! The kinds that evctl knows, by group, kind and version: how each is decoded, checked and
//! described. One row per API version; every family brings its own rows. Knows nothing of how
//! objects refer to each other.

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::envelope::Document;
use super::manifest::Typed;
use super::reading::Reading;
use super::shape::{nearest, schema_of};
use super::{config_maps, knative, nack, natsjs, object_model, openfunction};

/// A kind in one API version.
#[derive(Clone, Copy)]
pub struct Kind {
    pub group: &'static str,
    pub kind: &'static str,
    pub version: &'static str,
    /// Whether objects of it belong to the whole cluster.
    pub cluster_scoped: bool,
    /// The JSON Schema of a document.
    pub schema: fn() -> Value,
    /// Decodes and checks a document; what is wrong is in the reading afterwards. `None` where the
    /// document is not of the kind's shape.
    pub read: fn(&mut Reading<'_>) -> Option<Typed>,
}

/// What a kind has under `spec`.
pub trait Spec: DeserializeOwned + JsonSchema {
    /// What an absent spec stands for; `None` where it must be there.
    fn absent() -> Option<Self> {
        None
    }

    /// The rules that no shape can say, of this object alone.
    fn check(&self, _reading: &mut Reading<'_>) {}

    /// The spec as a manifest keeps it.
    fn typed(self) -> Typed;
}

impl Kind {
    /// The row of a namespaced kind that has a spec.
    pub const fn of<S: Spec>(
        group: &'static str,
        kind: &'static str,
        version: &'static str,
    ) -> Self {
        Self { group, kind, version, cluster_scoped: false, schema: schema::<S>, read: read::<S> }
    }

    /// The same kind, belonging to the whole cluster.
    #[must_use]
    pub const fn in_cluster(self) -> Self {
        Self { cluster_scoped: true, ..self }
    }
}

/// The schema of a document with a spec, which must be there unless something stands for it.
fn schema<S: Spec>() -> Value {
    let mut schema = schema_of::<Document<S>>();
    if S::absent().is_none()
        && let Some(Value::Array(required)) = schema.get_mut("required")
    {
        required.push("spec".into());
    }
    schema
}

/// Reads a document of a kind with a spec.
pub(super) fn read<S: Spec>(reading: &mut Reading<'_>) -> Option<Typed> {
    let spec = reading.spec::<S>()?;
    spec.check(reading);
    Some(spec.typed())
}

/// The rows of every family.
const FAMILIES: &[&[Kind]] = &[
    knative::messaging::KINDS,
    knative::eventing::KINDS,
    knative::flows::KINDS,
    knative::sources::KINDS,
    knative::sinks::KINDS,
    natsjs::KINDS,
    nack::KINDS,
    config_maps::KINDS,
    object_model::KINDS,
    openfunction::KINDS,
];

/// Every kind in every version.
pub fn all() -> impl Iterator<Item = &'static Kind> {
    FAMILIES.iter().flat_map(|family| family.iter())
}

/// The versions of a kind, in the order of its family.
pub fn versions<'a>(group: &'a str, kind: &'a str) -> impl Iterator<Item = &'static Kind> + 'a {
    all().filter(move |row| row.group == group && row.kind == kind)
}

/// The kind of a group that a name was probably meant to be.
pub fn near(group: &str, kind: &str) -> Option<&'static str> {
    nearest(kind, all().filter(|row| row.group == group).map(|row| row.kind))
}
