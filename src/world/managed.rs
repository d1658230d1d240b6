//! Who owns which fields of a Kubernetes object (metadata.managedFields), and how what client-side apply
//! owned becomes evctl's, so that a field which leaves the file leaves the object too. The rules are those
//! by which client-go upgrades objects to server-side apply. Knows no server.

use serde::Deserialize;
use serde_json::{Value, json};

use super::field_set::FieldSet;
use super::normal::FIELD_MANAGER;

/// kubectl's manager where `apply` is not server-side.
const CLIENT_SIDE: &str = "kubectl-client-side-apply";
/// The annotation that client-side apply keeps, under whatever manager.
const LAST_APPLIED: &str = "f:kubectl.kubernetes.io/last-applied-configuration";

/// What one manager owns.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    #[serde(default)]
    manager: Option<String>,
    #[serde(default)]
    operation: Option<String>,
    #[serde(default)]
    subresource: Option<String>,
    #[serde(default)]
    fields_v1: Option<FieldSet>,
}

impl Entry {
    /// What an entry says; `None` where it is none.
    pub fn of(entry: &Value) -> Option<Self> {
        Self::deserialize(entry).ok()
    }

    fn is_ours(&self) -> bool {
        self.manager.as_deref() == Some(FIELD_MANAGER)
            && self.operation.as_deref() == Some("Apply")
            && self.subresource.is_none()
    }

    fn is_client_side(&self) -> bool {
        let keeps_last_applied = || {
            let fields = self.fields_v1.as_ref()?;
            fields.get("f:metadata")?.get("f:annotations")?.get(LAST_APPLIED)
        };
        self.operation.as_deref() == Some("Update")
            && self.subresource.is_none()
            && (self.manager.as_deref() == Some(CLIENT_SIDE) || keeps_last_applied().is_some())
    }
}

fn entries(body: &Value) -> &[Value] {
    body.pointer("/metadata/managedFields").and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn text<'v>(entry: &'v Value, name: &str) -> Option<&'v str> {
    entry.get(name).and_then(Value::as_str)
}

fn is_ours(entry: &Value) -> bool {
    Entry::of(entry).is_some_and(|entry| entry.is_ours())
}

fn is_client_side(entry: &Value) -> bool {
    Entry::of(entry).is_some_and(|entry| entry.is_client_side())
}

/// The fields (fieldsV1) that evctl's own applies own, and those that client-side apply owns.
pub fn claims(entries: Vec<Entry>) -> (Option<FieldSet>, Option<FieldSet>) {
    let (mut claimed, mut inherited) = (None, None::<FieldSet>);
    for entry in entries {
        if entry.is_ours() {
            claimed = claimed.or(entry.fields_v1);
        } else if entry.is_client_side() {
            inherited = match (inherited, entry.fields_v1) {
                (Some(one), Some(other)) => Some(one.union(&other)),
                (one, other) => one.or(other),
            };
        }
    }
    (claimed, inherited)
}

/// The managed fields without evctl's own: what it applied is nobody's then.
pub fn forgotten(body: &Value) -> Value {
    entries(body).iter().filter(|entry| !is_ours(entry)).cloned().collect()
}

/// The managed fields with those of client-side apply made evctl's; `None` where there are none.
pub fn upgraded(body: &Value) -> Option<Value> {
    let all = entries(body);
    let first = all.iter().find(|entry| is_client_side(entry))?;
    let ours = all.iter().find(|entry| is_ours(entry));
    let version = text(ours.unwrap_or(first), "apiVersion");
    // Fields of another version have other names: those stay whose they are.
    let (taken, kept): (Vec<&Value>, Vec<&Value>) = all
        .iter()
        .filter(|entry| !is_ours(entry))
        .partition(|entry| is_client_side(entry) && text(entry, "apiVersion") == version);
    let all_fields = ours.into_iter().chain(taken).filter_map(|entry| entry.get("fieldsV1"));
    let fields = all_fields.map(FieldSet::of).reduce(|one, other| one.union(&other))?;
    let entry = json!({
        "manager": FIELD_MANAGER,
        "operation": "Apply",
        "apiVersion": version,
        "fieldsType": "FieldsV1",
        "fieldsV1": fields,
        "time": first.get("time"),
    });
    Some(kept.into_iter().cloned().chain([entry]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(manager: &str, operation: &str, fields: &Value) -> Value {
        json!({"manager": manager, "operation": operation, "apiVersion": "v1", "fieldsV1": fields})
    }

    #[test]
    fn what_client_side_apply_owned_is_ours() {
        let theirs = entry("them", "Update", &json!({"f:c": {}}));
        let by_name = entry(CLIENT_SIDE, "Update", &json!({"f:a": {}}));
        let annotation = "f:kubectl.kubernetes.io/last-applied-configuration";
        let fields = json!({"f:b": {}, "f:metadata": {"f:annotations": {annotation: {}}}});
        let by_annotation = entry("ci", "Update", &fields);
        let body = |entries: &[&Value]| json!({"metadata": {"managedFields": entries}});
        assert_eq!(upgraded(&body(&[&theirs])), None);
        let all = upgraded(&body(&[&theirs, &by_name, &by_annotation])).unwrap();
        assert_eq!(all[0], theirs);
        assert_eq!((&all[1]["manager"], &all[1]["operation"]), (&json!("evctl"), &json!("Apply")));
        assert_eq!(
            all[1]["fieldsV1"],
            json!(FieldSet::of(&fields).union(&FieldSet::of(&json!({"f:a": {}}))))
        );
        assert_eq!(all.as_array().unwrap().len(), 2);
        let ours = entry("evctl", "Apply", &json!({"f:d": {}}));
        let all = upgraded(&body(&[&by_name, &ours])).unwrap();
        assert_eq!(all[0]["fieldsV1"], json!({"f:a": {}, "f:d": {}}));
        // What a controller applies for client-side apply's status is its own.
        let mut status = by_name;
        status["subresource"] = json!("status");
        assert_eq!(upgraded(&body(&[&status])), None);
    }
}
