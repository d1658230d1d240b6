//! What webhooks and CRDs set in flows, sources and sinks that do not say it
//! (shared/facts/knative.md §1.5). Works on the JSON of a spec: a live object has these values
//! although no manifest does.

use serde_json::{Map, Value, json};

use crate::model::{Assumed, ObjectKey};

use super::{flows, sinks, sources};

/// What the webhook puts into the environment of a JobSink's containers.
const EXECUTION_MODE: &str = "K_EXECUTION_MODE";

/// Defaults of the CRDs of IntegrationSource and IntegrationSink: where in a spec, if it is there,
/// and what it then holds at least.
const INTEGRATIONS: &[(&str, &str)] = &[
    ("/timer", r#"{"period": 1000, "contentType": "text/plain"}"#),
    (
        "/aws/s3",
        r#"{"deleteAfterRead": true, "moveAfterRead": false, "autoCreateBucket": false,
            "ignoreBody": false, "overrideEndpoint": false, "forcePathStyle": false,
            "delay": 500, "maxMessagesPerPoll": 10}"#,
    ),
    (
        "/aws/sqs",
        r#"{"deleteAfterRead": true, "autoCreateQueue": false, "host": "amazonaws.com",
            "protocol": "https", "overrideEndpoint": false, "delay": 500, "greedy": false,
            "maxMessagesPerPoll": 1}"#,
    ),
    ("/aws/sns", r#"{"autoCreateTopic": false, "overrideEndpoint": false}"#),
    (
        "/aws/ddbStreams",
        r#"{"streamIteratorType": "FROM_LATEST", "overrideEndpoint": false, "delay": 500}"#,
    ),
    (
        "/log",
        r#"{"loggerName": "log-sink", "level": "INFO", "logMask": false, "multiline": false,
            "showAllProperties": false, "showBody": true, "showBodyType": true,
            "showExchangePattern": true, "showHeaders": false, "showProperties": false,
            "showStreams": false, "showCachedStreams": true}"#,
    ),
];

/// Sets every default in the `spec` of an object; objects of other families stay as they are.
pub fn fill_spec(key: &ObjectKey, object: &mut Value, assumed: &Assumed) {
    let Some(spec) = object.get_mut("spec") else { return };
    match (key.group.as_str(), key.kind.as_str()) {
        (flows::GROUP, "Sequence" | "Parallel") => flow(spec, key, assumed),
        (sources::GROUP, "PingSource") => fill(spec, "schedule", "* * * * *"),
        (sources::GROUP, "ApiServerSource") => {
            fill(spec, "mode", "Reference");
            fill(spec, "serviceAccountName", "default");
        }
        (sources::GROUP, "ContainerSource") => container_source(spec, &key.name),
        (sources::GROUP, "SinkBinding") => sink_binding(spec, key),
        (sinks::GROUP, "JobSink") => job_sink(spec),
        (sources::GROUP, "IntegrationSource") | (sinks::GROUP, "IntegrationSink") => {
            integration(spec);
        }
        _ => {}
    }
}

/// Sets a field that is absent or an empty text, in a mapping.
fn fill(at: &mut Value, field: &str, value: impl Into<Value>) {
    let Some(fields) = at.as_object_mut() else { return };
    let said = fields.get(field).is_some_and(|said| said.as_str() != Some(""));
    if !said {
        fields.insert(field.to_owned(), value.into());
    }
}

/// A reference without a namespace means its object's.
fn own_namespace(destination: Option<&mut Value>, key: &ObjectKey) {
    let reference = destination.and_then(|destination| destination.pointer_mut("/ref"));
    if let Some(reference) = reference {
        fill(reference, "namespace", key.namespace.as_deref().unwrap_or_default());
    }
}

fn flow(spec: &mut Value, key: &ObjectKey, assumed: &Assumed) {
    let default = assumed.channel.of(key.namespace.as_deref());
    let mut template = json!({"apiVersion": default.api_version, "kind": default.kind});
    if let Some(settings) = default.spec {
        fill(&mut template, "spec", Map::from_iter(settings));
    }
    fill(spec, "channelTemplate", template);
    own_namespace(spec.pointer_mut("/reply"), key);
    for step in items(spec, "/steps") {
        own_namespace(Some(step), key);
    }
    for branch in items(spec, "/branches") {
        for field in ["/filter", "/subscriber", "/reply"] {
            own_namespace(branch.pointer_mut(field), key);
        }
    }
}

fn sink_binding(spec: &mut Value, key: &ObjectKey) {
    if let Some(subject) = spec.pointer_mut("/subject") {
        fill(subject, "namespace", key.namespace.as_deref().unwrap_or_default());
    }
    own_namespace(spec.pointer_mut("/sink"), key);
}

fn items<'a>(at: &'a mut Value, pointer: &str) -> impl Iterator<Item = &'a mut Value> {
    at.pointer_mut(pointer).and_then(Value::as_array_mut).into_iter().flatten()
}

/// Containers get a name; the rest is what Go writes for what is empty.
fn container_source(spec: &mut Value, name: &str) {
    let Some(template) = spec.pointer_mut("/template") else { return };
    fill(template, "metadata", Map::new());
    for (number, container) in items(template, "/spec/containers").enumerate() {
        fill(container, "name", format!("{name}-{number}"));
        fill(container, "resources", Map::new());
    }
}

/// Containers learn how they are run; the rest is what Go writes for what is empty.
fn job_sink(spec: &mut Value) {
    let Some(job) = spec.pointer_mut("/job") else { return };
    fill(job, "metadata", Map::new());
    fill(job, "status", Map::new());
    let Some(template) = job.pointer_mut("/spec/template") else { return };
    fill(template, "metadata", Map::new());
    for list in ["/spec/containers", "/spec/initContainers"] {
        for container in items(template, list) {
            fill(container, "resources", Map::new());
            execution_mode(container);
        }
    }
}

fn execution_mode(container: &mut Value) {
    fill(container, "env", Vec::<Value>::new());
    let variables = container.get_mut("env").and_then(Value::as_array_mut);
    if let Some(variables) = variables
        && !variables.iter().any(|variable| variable["name"] == EXECUTION_MODE)
    {
        variables.push(json!({"name": EXECUTION_MODE, "value": "batch"}));
    }
}

fn integration(spec: &mut Value) {
    for (pointer, defaults) in INTEGRATIONS {
        let Ok(Value::Object(defaults)) = serde_json::from_str(defaults) else { continue };
        let Some(Value::Object(fields)) = spec.pointer_mut(pointer) else { continue };
        for (field, value) in defaults {
            fields.entry(field).or_insert(value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    #[expect(clippy::needless_pass_by_value, reason = "a table of cases reads better")]
    fn check(group: &str, kind: &str, spec: Value, expected: Value) {
        let key = ObjectKey {
            group: group.into(),
            kind: kind.into(),
            namespace: Some("shop".into()),
            name: "a".into(),
        };
        let mut object = json!({"spec": spec});
        fill_spec(&key, &mut object, &Assumed::default());
        assert_eq!(object, json!({"spec": expected}));
    }

    #[test]
    fn references_get_their_objects_namespace() {
        let template = json!({"apiVersion": "a/v1", "kind": "K"});
        check(
            flows::GROUP,
            "Sequence",
            json!({"channelTemplate": template, "steps": [{"ref": {"name": "x"}}, {"uri": "http://y"}],
                "reply": {"ref": {"name": "z", "namespace": "other"}}}),
            json!({"channelTemplate": template,
                "steps": [{"ref": {"name": "x", "namespace": "shop"}}, {"uri": "http://y"}],
                "reply": {"ref": {"name": "z", "namespace": "other"}}}),
        );
        check(
            flows::GROUP,
            "Parallel",
            json!({"channelTemplate": template, "branches": [{"subscriber": {"ref": {"name": "x"}}}]}),
            json!({"channelTemplate": template,
                "branches": [{"subscriber": {"ref": {"name": "x", "namespace": "shop"}}}]}),
        );
        check(
            sources::GROUP,
            "SinkBinding",
            json!({"subject": {}, "sink": {"ref": {"name": "x"}}}),
            json!({"subject": {"namespace": "shop"}, "sink": {"ref": {"name": "x", "namespace": "shop"}}}),
        );
    }

    #[test]
    fn what_is_said_stays() {
        let pinged = json!({"schedule": "@hourly"});
        check(sources::GROUP, "PingSource", pinged.clone(), pinged);
        check(
            sources::GROUP,
            "IntegrationSource",
            json!({"timer": {"period": 5}}),
            json!({"timer": {"period": 5, "contentType": "text/plain"}}),
        );
        let env = json!([{"name": EXECUTION_MODE, "value": "own"}]);
        check(
            sinks::GROUP,
            "JobSink",
            json!({"job": {"spec": {"template": {"spec": {"containers": [{"env": env}]}}}}}),
            json!({"job": {"metadata": {}, "status": {}, "spec": {"template": {"metadata": {},
                "spec": {"containers": [{"env": env, "resources": {}}]}}}}}),
        );
    }

    #[test]
    fn tables_are_json() {
        for (_, defaults) in INTEGRATIONS {
            assert!(serde_json::from_str::<Map<String, Value>>(defaults).is_ok());
        }
    }
}
