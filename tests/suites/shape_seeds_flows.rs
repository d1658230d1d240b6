//! Valid specs of flows, sources and sinks, for properties to mutate.

use serde_json::{Value, json};

use super::shape_properties::{delivery, destination};

pub(super) fn sequence() -> Value {
    let mut step = destination();
    step["delivery"] = delivery();
    json!({
        "channelTemplate": {"apiVersion": "a/v1", "kind": "K", "spec": {"x": 1}},
        "steps": [step], "reply": destination()
    })
}

pub(super) fn parallel() -> Value {
    json!({
        "channelTemplate": {"apiVersion": "a/v1", "kind": "K"}, "reply": destination(),
        "branches": [{
            "filter": destination(), "subscriber": destination(), "reply": destination(), "delivery": delivery()
        }]
    })
}

pub(super) fn ping() -> Value {
    json!({
        "sink": destination(), "ceOverrides": {"extensions": {"a": "b"}}, "schedule": "* * * * *",
        "timezone": "UTC", "contentType": "text/plain", "data": "d", "dataBase64": "ZA=="
    })
}

fn selector() -> Value {
    json!({
        "matchLabels": {"a": "b"},
        "matchExpressions": [{"key": "k", "operator": "In", "values": ["v"]}]
    })
}

pub(super) fn api_server() -> Value {
    json!({
        "sink": destination(), "ceOverrides": {}, "owner": {"apiVersion": "v1", "kind": "K"},
        "resources": [{"apiVersion": "v1", "kind": "Event", "selector": selector()}], "mode": "Resource",
        "serviceAccountName": "s", "namespaceSelector": selector(), "filters": [{"exact": {"type": "a"}}]
    })
}

pub(super) fn container() -> Value {
    json!({"sink": destination(), "ceOverrides": {}, "template": {"spec": {"containers": []}}})
}

pub(super) fn sink_binding() -> Value {
    json!({
        "sink": destination(), "ceOverrides": {},
        "subject": {"apiVersion": "apps/v1", "kind": "K", "namespace": "n", "name": "a", "selector": selector()}
    })
}

fn s3() -> Value {
    json!({
        "arn": "a", "region": "r", "deleteAfterRead": true, "moveAfterRead": true,
        "destinationBucket": "d", "destinationBucketPrefix": "p", "destinationBucketSuffix": "s",
        "autoCreateBucket": true, "prefix": "p", "ignoreBody": true, "uriEndpointOverride": "u",
        "overrideEndpoint": true, "forcePathStyle": true, "delay": 1, "maxMessagesPerPoll": 1
    })
}

fn sqs() -> Value {
    json!({
        "arn": "a", "region": "r", "deleteAfterRead": true, "autoCreateQueue": true, "host": "h",
        "protocol": "https", "queueURL": "q", "uriEndpointOverride": "u", "overrideEndpoint": true,
        "delay": 1, "greedy": true, "maxMessagesPerPoll": 1, "waitTimeSeconds": 1, "visibilityTimeout": 1
    })
}

fn auth() -> Value {
    json!({"secret": {"ref": {"name": "s"}}, "serviceAccountName": "a"})
}

pub(super) fn integration() -> Value {
    json!({
        "sink": destination(), "ceOverrides": {}, "template": {"spec": {}},
        "timer": {"period": 1, "message": "m", "contentType": "c", "repeatCount": 1},
        "aws": {
            "s3": s3(), "sqs": sqs(), "auth": auth(),
            "ddbStreams": {
                "table": "t", "region": "r", "streamIteratorType": "FROM_START",
                "uriEndpointOverride": "u", "overrideEndpoint": true, "delay": 1
            }
        }
    })
}

pub(super) fn integration_sink() -> Value {
    json!({
        "log": {
            "loggerName": "l", "level": "INFO", "logMask": true, "marker": "m", "multiline": true,
            "showAllProperties": true, "showBody": true, "showBodyType": true,
            "showExchangePattern": true, "showHeaders": true, "showProperties": true,
            "showStreams": true, "showCachedStreams": true
        },
        "aws": {
            "s3": s3(), "sqs": sqs(), "auth": auth(),
            "sns": {
                "arn": "a", "region": "r", "autoCreateTopic": true, "uriEndpointOverride": "u",
                "overrideEndpoint": true
            }
        }
    })
}
