//! The plan as a document of `-o json` (docs/architecture.md, "Output"): versioned, in stable order,
//! without secrets.

use serde_json::{Value, json};

use crate::diag::{Location, Sources};
use crate::world::Key;

use super::text::Head;
use super::{Change, Plan};

/// The `apiVersion` of every document that evctl writes.
pub const API_VERSION: &str = "evctl.dev/v1alpha1";

/// The plan as JSON.
pub fn document(head: &Head, plan: &Plan, sources: &Sources) -> Value {
    let changes: Vec<Value> =
        plan.changes.iter().map(|change| change_value(change, sources)).collect();
    json!({
        "apiVersion": API_VERSION,
        "kind": "Plan",
        "project": plan.project,
        "kubernetes": head.cluster,
        "jetstream": head.account,
        "notes": head.notes,
        "changes": changes,
        "undeclared": plan.undeclared.iter().map(object).collect::<Vec<_>>(),
        "summary": summary(plan),
    })
}

/// One change, as plans and apply reports have it.
pub fn change_value(change: &Change, sources: &Sources) -> Value {
    let rule = change
        .rule
        .as_ref()
        .map(|rule| json!({"code": rule.code, "errCode": rule.err_code, "text": rule.text}));
    let diff: Vec<Value> = change
        .diff
        .iter()
        .map(|field| json!({"path": field.path, "from": field.from, "to": field.to}))
        .collect();
    let mut object = object(&change.key);
    if let (Some(fields), Some(version)) = (object.as_object_mut(), &change.api_version) {
        fields.insert("apiVersion".to_owned(), json!(version));
    }
    json!({
        "plane": change.key.plane().word(),
        "name": change.key.to_string(),
        "object": object,
        "action": change.action.word(),
        "verified": change.unverified.is_none(),
        "unverified": change.unverified,
        "reason": change.reason,
        "rule": rule,
        "source": change.origin.as_ref().map(|origin| place(origin.at, sources)),
        "diff": diff,
        "impact": change.impact,
        "needs": change.needs.iter().map(ToString::to_string).collect::<Vec<_>>(),
    })
}

fn place(at: Location, sources: &Sources) -> Value {
    json!({"file": sources.name(at.file), "line": sources.position(at.file, at.span.start).line})
}

fn object(key: &Key) -> Value {
    match key {
        Key::Object(key) => json!({"kind": key.kind, "namespace": key.namespace, "name": key.name}),
        Key::Stream { name, .. } => json!({"kind": "Stream", "name": name}),
        Key::Consumer { stream, name, .. } => {
            json!({"kind": "Consumer", "stream": stream, "name": name})
        }
    }
}

fn summary(plan: &Plan) -> Value {
    let summary = plan.summary();
    json!({
        "create": summary.create,
        "update": summary.update,
        "adopt": summary.adopt,
        "refused": summary.refused,
        "held": summary.held,
        "none": summary.none,
        "destructive": summary.destructive,
        "unverified": summary.unverified,
    })
}
