//! What admission adds to flows, sources and sinks, as JSON. Knows nothing of the other kinds.

use serde_json::{Value, json};

use crate::model::assumed::Assumed;
use crate::model::object::ObjectKey;

use super::defaults::{channel_template, fill, own_namespace};

/// Gives an object of one of these kinds its defaults; any other stays as it is.
pub(super) fn defaulted(key: &ObjectKey, object: &mut Value, assumed: &Assumed) {
    let namespace = key.namespace.clone().unwrap_or_default();
    match (key.group.as_str(), key.kind.as_str()) {
        ("flows.knative.dev", "Sequence") => {
            channel_template(object, assumed);
            own_namespaces(object, "/spec/steps", &["ref"], &namespace);
            own_namespace(object, "/spec/reply/ref", &namespace);
        }
        ("flows.knative.dev", "Parallel") => {
            channel_template(object, assumed);
            let references = ["filter/ref", "subscriber/ref", "reply/ref"];
            own_namespaces(object, "/spec/branches", &references, &namespace);
            own_namespace(object, "/spec/reply/ref", &namespace);
        }
        ("sources.knative.dev", "PingSource") => {
            fill(object, "/spec", "schedule", json!("* * * * *"));
        }
        ("sources.knative.dev", "ApiServerSource") => {
            fill(object, "/spec", "mode", json!("Reference"));
            fill(object, "/spec", "serviceAccountName", json!("default"));
        }
        ("sources.knative.dev", "SinkBinding") => {
            fill(object, "/spec/subject", "namespace", json!(namespace));
            own_namespace(object, "/spec/sink/ref", &namespace);
        }
        ("sources.knative.dev", "ContainerSource") => container_source(key, object),
        ("sinks.knative.dev", "JobSink") => job_sink(object),
        _ => {}
    }
}

/// The webhook writes pods and jobs again as its Go types have them, with some fields empty.
fn container_source(key: &ObjectKey, object: &mut Value) {
    fill(object, "/spec/template", "metadata", json!({}));
    for number in 0..length(object, "/spec/template/spec/containers") {
        let at = format!("/spec/template/spec/containers/{number}");
        fill(object, &at, "name", json!(format!("{}-{number}", key.name)));
        fill(object, &at, "resources", json!({}));
    }
}

fn job_sink(object: &mut Value) {
    const MODE: &str = "K_EXECUTION_MODE";
    if object.pointer("/spec/job").is_none() {
        return;
    }
    fill(object, "/spec/job", "metadata", json!({}));
    fill(object, "/spec/job", "status", json!({}));
    fill(object, "/spec/job/spec/template", "metadata", json!({}));
    for list in ["containers", "initContainers"] {
        let list = format!("/spec/job/spec/template/spec/{list}");
        for number in 0..length(object, &list) {
            let at = format!("{list}/{number}");
            fill(object, &at, "resources", json!({}));
            fill(object, &at, "env", json!([]));
            let variables = object.pointer_mut(&format!("{at}/env")).and_then(Value::as_array_mut);
            if let Some(variables) = variables
                && !variables.iter().any(|variable| variable["name"] == MODE)
            {
                variables.push(json!({"name": MODE, "value": "batch"}));
            }
        }
    }
}

fn length(object: &Value, list: &str) -> usize {
    object.pointer(list).and_then(Value::as_array).map_or(0, Vec::len)
}

/// Writes the namespace into the references of every item of a list.
fn own_namespaces(object: &mut Value, list: &str, references: &[&str], namespace: &str) {
    for number in 0..length(object, list) {
        for reference in references {
            own_namespace(object, &format!("{list}/{number}/{reference}"), namespace);
        }
    }
}
