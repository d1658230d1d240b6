//! Valid documents with every field of their kind, which the property of shapes mutates.

use serde_json::{Value, json};

fn document(api_version: &str, kind: &str, spec: &Value) -> Value {
    json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": "a"}, "spec": spec})
}

fn reference() -> Value {
    json!({"apiVersion": "a/v1", "kind": "K", "name": "n", "namespace": "s", "address": "x"})
}

fn filters() -> Value {
    json!([
        {"exact": {"type": "a"}, "prefix": {"source": "/"}, "suffix": {"subject": "z"}},
        {"all": [{"any": [{"not": {"exact": {"type": "b"}}}]}]},
        {"cesql": "EXISTS subject"}
    ])
}

pub(super) fn in_memory_channel(delivery: &Value) -> Value {
    let spec = json!({"delivery": delivery, "subscribers": [{}]});
    document("messaging.knative.dev/v1", "InMemoryChannel", &spec)
}

pub(super) fn broker(delivery: &Value) -> Value {
    let spec = json!({"config": reference(), "delivery": delivery});
    document("eventing.knative.dev/v1", "Broker", &spec)
}

pub(super) fn trigger(delivery: &Value) -> Value {
    let spec = json!({
        "broker": "b", "brokerRef": reference(), "filter": {"attributes": {"type": "a"}},
        "filters": filters(), "subscriber": {"ref": reference(), "uri": "x"}, "delivery": delivery
    });
    document("eventing.knative.dev/v1", "Trigger", &spec)
}

pub(super) fn event_type(version: &str) -> Value {
    let spec = json!({
        "type": "a", "source": "/s", "schema": "/x", "schemaData": "{}", "broker": "b",
        "reference": reference(), "description": "d"
    });
    document(&format!("eventing.knative.dev/{version}"), "EventType", &spec)
}

pub(super) fn event_type_by_attributes() -> Value {
    let spec = json!({
        "reference": reference(), "description": "d",
        "attributes": [{"name": "type", "required": true, "value": "a"}]
    });
    document("eventing.knative.dev/v1beta3", "EventType", &spec)
}

pub(super) fn event_policy() -> Value {
    let selector = json!({
        "apiVersion": "a/v1", "kind": "K", "matchLabels": {"x": "y"},
        "matchExpressions": [{"key": "x", "operator": "In", "values": ["y"]}]
    });
    let spec = json!({
        "to": [{"ref": {"apiVersion": "a/v1", "kind": "K", "name": "n"}}, {"selector": selector}],
        "from": [
            {"ref": {"apiVersion": "a/v1", "kind": "K", "name": "n", "namespace": "s"}},
            {"sub": "x*"}
        ],
        "filters": filters()
    });
    document("eventing.knative.dev/v1alpha1", "EventPolicy", &spec)
}

pub(super) fn event_transform() -> Value {
    let spec = json!({
        "jsonata": {"expression": "$"}, "sink": {"uri": "http://a"},
        "reply": {"jsonata": {"expression": "$"}, "discard": false}
    });
    document("eventing.knative.dev/v1alpha1", "EventTransform", &spec)
}

pub(super) fn request_reply(delivery: &Value) -> Value {
    let spec = json!({
        "brokerRef": reference(), "correlationAttribute": "a", "replyAttribute": "b",
        "timeout": "PT1S", "delivery": delivery
    });
    document("eventing.knative.dev/v1alpha1", "RequestReply", &spec)
}
