//! The plan as a document of `-o json` (docs/architecture.md, "Output"): versioned, in stable order,
//! without secrets. Its schema comes from the same types.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::world::Key;

use super::impact::Impact;
use super::recipe::Recipe;
use super::text::Head;
use super::{Action, Change, Conflict, FieldDiff, Place, Plan, Rule, Summary};

/// The `apiVersion` of every document that evctl writes.
pub const API_VERSION: &str = "evctl.dev/v1alpha1";

/// What would change, and why: what `evctl plan -o json` prints.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PlanDocument<'a> {
    api_version: &'static str,
    kind: &'static str,
    #[serde(flatten)]
    whole: WholeDocument<'a>,
    /// Every object, each after what it needs.
    changes: Vec<ChangeDocument<'a>>,
}

/// A plan but for its changes: the end of what `evctl plan -o jsonl` prints.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WholeDocument<'a> {
    /// The project that owns what is written.
    project: &'a str,
    /// The cluster, where one takes part.
    kubernetes: Option<&'a str>,
    /// The JetStream account, where one takes part.
    jetstream: Option<&'a str>,
    /// Further JetStream accounts, by what stands behind `@` in the names of their objects.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    sites: &'a BTreeMap<String, String>,
    /// What was taken for granted.
    notes: &'a [String],
    /// What the project owns and no longer declares. Left as it is.
    undeclared: Vec<Object<'a>>,
    /// How many changes there are of each sort.
    summary: Summary,
}

/// What happens to one object.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChangeDocument<'a> {
    /// Which servers the object lives on.
    #[schemars(extend("enum" = ["kubernetes", "jetstream"]))]
    plane: &'static str,
    /// The object, as every output names it.
    pub(crate) name: String,
    /// The object, in parts.
    object: Object<'a>,
    /// What is done.
    #[schemars(with = "Action")]
    action: &'static str,
    /// Whether a server, or its rule book, has been asked.
    verified: bool,
    /// Why it is not sure that the server takes it.
    unverified: Option<&'a str>,
    /// What the live object waits for until it is ready; left out where it is, or says nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    unready: Option<&'a str>,
    /// Why the object is in the plan.
    reason: &'a str,
    /// The rule that refuses it.
    rule: Option<&'a Rule>,
    /// Where it is declared.
    source: Option<&'a Place>,
    /// What differs.
    diff: &'a [FieldDiff],
    /// Fields of other managers that the change is about: refused, or taken from them.
    #[serde(skip_serializing_if = "<[Conflict]>::is_empty")]
    conflicts: &'a [Conflict],
    /// What the change costs beyond its fields.
    impact: Option<&'a Impact>,
    /// How it is replaced without losing a message, where it cannot be changed in place.
    #[serde(skip_serializing_if = "Option::is_none")]
    recipe: Option<&'a Recipe>,
    /// The objects of the plan that come first.
    needs: Vec<String>,
    /// How the step ended. Reports of an apply alone have it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("enum" = ["done", "ready", "unready", "stale", "failed", "broken", "unconfirmed", "held", "skipped"]))]
    pub(crate) outcome: Option<&'static str>,
    /// Why the step failed. Beside an outcome alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<Option<String>>,
}

/// An object in parts.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Object<'a> {
    /// Group and version, where they are known. Kubernetes alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    api_version: Option<&'a str>,
    /// The kind; `Stream` and `Consumer` for those of JetStream.
    kind: &'a str,
    /// The namespace, null for what belongs to the whole cluster. Kubernetes alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<Option<&'a str>>,
    /// The account, as `sites` has it, where it is not the run's own. JetStream alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    site: Option<&'a str>,
    /// The stream of a consumer.
    #[serde(skip_serializing_if = "Option::is_none")]
    stream: Option<String>,
    /// The name.
    name: String,
}

/// The plan as JSON.
pub fn document(head: &Head, plan: &Plan) -> Value {
    value(&PlanDocument {
        api_version: API_VERSION,
        kind: "Plan",
        whole: whole(head, plan),
        changes: plan.changes.iter().map(change).collect(),
    })
}

/// The plan but for its changes.
pub(crate) fn whole<'a>(head: &'a Head, plan: &'a Plan) -> WholeDocument<'a> {
    WholeDocument {
        project: &plan.project,
        kubernetes: head.cluster.as_deref(),
        jetstream: head.account.as_deref(),
        sites: &head.sites,
        notes: &head.notes,
        undeclared: plan.undeclared.iter().map(|key| object(key, None)).collect(),
        summary: plan.summary(),
    }
}

/// A document of plain fields as JSON: nothing in it can fail to be said.
pub(crate) fn value(document: &impl Serialize) -> Value {
    serde_json::to_value(document).unwrap_or_default()
}

/// One change, as plans and apply reports have it.
pub(crate) fn change(change: &Change) -> ChangeDocument<'_> {
    ChangeDocument {
        plane: change.key.plane().word(),
        name: change.key.to_string(),
        object: object(&change.key, change.api_version.as_deref()),
        action: change.action.word(),
        verified: change.unverified.is_none(),
        unverified: change.unverified.as_deref(),
        unready: change.unready.as_deref(),
        reason: &change.reason,
        rule: change.rule.as_ref(),
        source: change.place.as_ref(),
        diff: &change.diff,
        conflicts: &change.conflicts,
        impact: change.impact.as_ref(),
        recipe: change.recipe.as_deref(),
        needs: change.needs.iter().map(ToString::to_string).collect(),
        outcome: None,
        error: None,
    }
}

fn object<'a>(key: &'a Key, api_version: Option<&'a str>) -> Object<'a> {
    let of_jetstream = |kind, stream, name: &dyn ToString| Object {
        api_version: None,
        kind,
        namespace: None,
        site: key.site().filter(|site| !site.is_empty()),
        stream,
        name: name.to_string(),
    };
    match key {
        Key::Object(key) => Object {
            api_version,
            kind: &key.kind,
            namespace: Some(key.namespace.as_deref()),
            site: None,
            stream: None,
            name: key.name.clone().into(),
        },
        Key::Stream { name, .. } => of_jetstream("Stream", None, name),
        Key::Consumer { stream, name, .. } => {
            of_jetstream("Consumer", Some(stream.to_string()), name)
        }
    }
}
