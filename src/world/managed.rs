//! Who owns which fields of a Kubernetes object (metadata.managedFields), and how what client-side apply
//! owned becomes evctl's, so that a field which leaves the file leaves the object too. The rules are those
//! by which client-go upgrades objects to server-side apply. Knows no server.

use serde_json::{Value, json};

use super::field_set::FieldSet;
use super::normal::FIELD_MANAGER;

/// kubectl's manager where `apply` is not server-side.
const CLIENT_SIDE: &str = "kubectl-client-side-apply";
/// The annotation that client-side apply keeps, under whatever manager.
const LAST_APPLIED: &str =
    "/f:metadata/f:annotations/f:kubectl.kubernetes.io~1last-applied-configuration";

fn entries(body: &Value) -> &[Value] {
    body.pointer("/metadata/managedFields").and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn text<'v>(entry: &'v Value, name: &str) -> Option<&'v str> {
    entry.get(name).and_then(Value::as_str)
}

fn is_ours(entry: &Value) -> bool {
    text(entry, "manager") == Some(FIELD_MANAGER)
        && text(entry, "operation") == Some("Apply")
        && text(entry, "subresource").is_none()
}

fn is_client_side(entry: &Value) -> bool {
    let fields = entry.get("fieldsV1").unwrap_or(&Value::Null);
    text(entry, "operation") == Some("Update")
        && text(entry, "subresource").is_none()
        && (text(entry, "manager") == Some(CLIENT_SIDE) || fields.pointer(LAST_APPLIED).is_some())
}

/// The fields (fieldsV1) that evctl's own applies own.
pub fn claimed(body: &Value) -> Option<FieldSet> {
    entries(body)
        .iter()
        .find(|entry| is_ours(entry))
        .and_then(|entry| entry.get("fieldsV1").map(FieldSet::of))
}

/// The fields that client-side apply owns.
pub fn inherited(body: &Value) -> Option<FieldSet> {
    let fields = entries(body).iter().filter(|entry| is_client_side(entry));
    fields
        .filter_map(|entry| entry.get("fieldsV1").map(FieldSet::of))
        .reduce(|one, other| one.union(&other))
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
