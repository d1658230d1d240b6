//! Decoding and schema say the same of the object model and of OpenFunction in its dialects, as
//! shape_properties holds it for the rest: every field of every kind is in one of these documents.

use evctl::model::envelope::Document;
use evctl::model::object_model::{
    ChannelSpec, EventTypeSpec, ProvisionerSpec, ResolvedSubscriptionSetSpec, SourceSpec,
    SubscriptionSpec,
};
use evctl::model::openfunction::{
    EventBusSpec, EventSourceSpec, FirstEventBusSpec, FirstEventSourceSpec, FirstTriggerSpec,
    SecondTriggerSpec, TriggerSpec,
};
use libtest_mimic::Trial;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::plain;
use super::shape_properties::holds_in;

pub(super) fn trials() -> Vec<Trial> {
    vec![
        plain("model_shapes::object_model", object_model),
        plain("model_shapes::openfunction", openfunction),
        plain("model_shapes::openfunction_as_proposed", openfunction_as_proposed),
    ]
}

/// Fewer cases than elsewhere: there are many documents.
fn holds<T: DeserializeOwned + JsonSchema + std::fmt::Debug>(valid: &Value) {
    holds_in::<T>(valid, 300);
}

fn document(spec: &Value) -> Value {
    json!({"apiVersion": "a/v1", "kind": "K", "metadata": {"name": "a"}, "spec": spec})
}

fn reference() -> Value {
    json!({
        "apiVersion": "a/v1", "kind": "K", "name": "n", "namespace": "s", "uid": "u",
        "resourceVersion": "1", "fieldPath": "spec"
    })
}

fn object_model() {
    let provisioner = json!({
        "ref": reference(),
        "selector": {
            "matchLabels": {"a": "b"},
            "matchExpressions": [{"key": "a", "operator": "In", "values": ["b"]}]
        }
    });
    let resolved = json!([{
        "role": "router", "callableDomain": "a", "sinkableDomain": "b", "routeMapping": {"c": "d"}
    }]);
    let mut result = reference();
    result["target"] = reference();
    result["routeMapping"] = json!([{"name": "a", "target": reference()}]);
    holds::<Document<SourceSpec>>(&document(&json!({
        "provisioner": provisioner, "arguments": {"a": 1}, "channel": reference()
    })));
    holds::<Document<ChannelSpec>>(&document(&json!({
        "provisioner": provisioner, "arguments": {"a": 1}, "channelable": {"subscribers": resolved},
        "eventTypes": ["a"]
    })));
    holds::<Document<SubscriptionSpec>>(&document(&json!({
        "from": reference(), "call": {"targetRef": reference(), "dnsName": "a.b"}, "result": result
    })));
    holds::<Document<ProvisionerSpec>>(&document(&json!({
        "type": {"group": "g", "kind": "Channel"}, "parameters": {"type": "object"}
    })));
    holds::<Document<EventTypeSpec>>(&document(&json!({"jsonSchema": "{}"})));
    holds::<Document<ResolvedSubscriptionSetSpec>>(&document(&json!({"subscribers": resolved})));
}

fn sink() -> Value {
    json!({"uri": "http://a", "ref": {"apiVersion": "a/v1", "kind": "K", "name": "n", "namespace": "s"}})
}

/// What both kinds of scaling have.
fn scaling() -> Value {
    let rules = json!({
        "policies": [{"periodSeconds": 1, "type": "Pods", "value": 1}],
        "selectPolicy": "Max", "stabilizationWindowSeconds": 1
    });
    json!({
        "pollingInterval": 1, "cooldownPeriod": 1, "minReplicaCount": 0, "maxReplicaCount": 1,
        "advanced": {
            "horizontalPodAutoscalerConfig": {
                "behavior": {"scaleDown": rules, "scaleUp": rules}, "name": "a"
            },
            "restoreToOriginalReplicaCount": true
        },
        "metadata": {"a": "b"}, "authRef": {"kind": "K", "name": "n"}, "lagThreshold": "1"
    })
}

fn with(mut value: Value, more: Value) -> Value {
    if let (Some(fields), Value::Object(more)) = (value.as_object_mut(), more) {
        fields.extend(more);
    }
    value
}

fn sources() -> Value {
    json!({
        "cron": {"b": {"schedule": "@every 2s"}},
        "mqtt": {"c": {
            "url": "u", "topic": "t", "consumerID": "i", "qos": 1, "retain": true,
            "cleanSession": true, "caCert": "a", "clientCert": "b", "clientKey": "c"
        }},
        "redis": {"d": {
            "redisHost": "h", "redisPassword": "p", "enableTLS": true, "failover": true,
            "sentinelMasterName": "m", "redeliverInterval": "1s", "processingTimeout": "1s",
            "redisType": "node", "redisDB": 1, "redisMaxRetries": 1, "redisMinRetryInterval": "1s",
            "redisMaxRetryInterval": "1s", "dialTimeout": "1s", "readTimeout": "1s",
            "writeTimeout": "1s", "poolSize": 1, "poolTimeout": "1s", "maxConnAge": "1s",
            "minIdleConns": 1, "idleCheckFrequency": "1s", "idleTimeout": "1s"
        }},
        "sink": sink()
    })
}

fn openfunction() {
    let build = json!({
        "builder": "b", "builderCredentials": {"name": "n"}, "builderMaxAge": "1h",
        "dockerfile": "d", "env": {"a": "b"}, "failedBuildsHistoryLimit": 1, "params": {"a": "b"},
        "shipwright": {"strategy": {"kind": "K", "name": "n"}, "timeout": "1m"},
        "srcRepo": {
            "bundleContainer": {"image": "i"}, "credentials": {"name": "n"}, "revision": "r",
            "sourceSubPath": "p", "url": "u"
        },
        "successfulBuildsHistoryLimit": 1, "timeout": "1m"
    });
    let kafka = json!({
        "brokers": "b", "authRequired": true, "topic": "t", "saslUsername": "u",
        "saslPassword": "p", "maxMessageBytes": 1,
        "scaleOption": with(scaling(), json!({"consumerGroup": "g", "topic": "t"}))
    });
    let shipped = json!({"eventBus": "b", "kafka": {"a": kafka}, "build": build, "logLevel": "1"});
    holds::<Document<EventSourceSpec>>(&document(&with(sources(), shipped)));
    let own = json!({
        "natsServerMonitoringEndpoint": "e", "queueGroup": "g", "durableName": "d", "subject": "s"
    });
    holds::<Document<EventBusSpec>>(&document(&json!({"topic": "t", "natsStreaming": {
        "natsURL": "u", "natsStreamingClusterID": "c", "subscriptionType": "queue",
        "durableSubscriptionName": "d", "ackWaitTime": "1s", "maxInFlight": 1, "deliverNew": true,
        "startAtSequence": 1, "startWithLastReceived": true, "deliverAll": true,
        "startAtTimeDelta": "1s", "startAtTime": "t", "startAtTimeFormat": "f", "consumerID": "i",
        "scaleOption": with(scaling(), own)
    }})));
    holds::<Document<TriggerSpec>>(&document(&json!({
        "eventBus": "b", "inputs": {"a": {"namespace": "n", "eventSource": "s", "event": "e"}},
        "subscribers": [subscriber()], "logLevel": "1"
    })));
}

fn subscriber() -> Value {
    json!({
        "condition": "a", "sink": sink(), "topic": "t", "deadLetterSink": sink(),
        "deadLetterTopic": "d"
    })
}

fn openfunction_as_proposed() {
    let kafka = json!({
        "url": "u", "topic": "t", "jsonBody": true,
        "connectionBackoff": {"duration": "10s", "steps": 5, "factor": 2, "jitter": 0.2},
        "consumerGroup": {"groupName": "g", "oldest": false, "rebalanceStrategy": "range"}
    });
    let first = with(sources(), json!({"kafka": {"a": kafka}}));
    holds::<Document<FirstEventSourceSpec>>(&document(&first));
    holds::<Document<FirstEventBusSpec>>(&document(&json!({"nats": {"native": {
        "natsURL": "u", "subscriptionType": "topic", "natsStreamingClusterID": "c"
    }}})));
    let reference = sink()["ref"].clone();
    holds::<Document<FirstTriggerSpec>>(&document(&json!({
        "eventSources": [{
            "name": "a", "eventSourceName": "s", "eventName": "e",
            "filters": {"data": [{"path": "p", "type": "number", "comparator": ">=", "value": ["1"]}]}
        }],
        "subscribers": [{"condition": "a", "ref": reference, "deadLetterSink": {"ref": reference}}]
    })));
    holds::<Document<SecondTriggerSpec>>(&document(&json!({
        "eventBus": "b", "inputs": [{"name": "a", "eventSourceName": "s", "eventName": "e"}],
        "subscribers": [subscriber()]
    })));
}
