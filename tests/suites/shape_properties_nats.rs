//! Decoding and schema say the same of NACK's kinds and of the settings in ConfigMaps.

use evctl::model::config_maps::{
    BrokerDefaults, ChannelDefaults, DispatcherDefaults, JetStreamConnection, NatsConnection,
};
use evctl::model::envelope::Document;
use evctl::model::nack::{AccountSpec, ConsumerSpec, KeyValueSpec, ObjectStoreSpec, StreamSpec};
use libtest_mimic::Trial;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::plain;
use super::shape_properties::{delivery, holds, metadata};

pub(super) fn trials() -> Vec<Trial> {
    vec![
        plain("shape_properties_nats::stream", || kind::<StreamSpec>(&stream())),
        plain("shape_properties_nats::consumer", || kind::<ConsumerSpec>(&consumer())),
        plain("shape_properties_nats::key_value", || kind::<KeyValueSpec>(&key_value())),
        plain("shape_properties_nats::object_store", || kind::<ObjectStoreSpec>(&object_store())),
        plain("shape_properties_nats::account", || kind::<AccountSpec>(&account())),
        plain("shape_properties_nats::connections", connections),
        plain("shape_properties_nats::defaults", defaults),
    ]
}

fn kind<S: DeserializeOwned + JsonSchema + std::fmt::Debug>(spec: &Value) {
    holds::<Document<S>>(&json!({
        "apiVersion": "jetstream.nats.io/v1beta2", "kind": "K", "metadata": metadata(), "spec": spec
    }));
}

fn with_connection(mut spec: Value) -> Value {
    let more = json!({
        "account": "a", "creds": "c", "nkey": "n", "servers": ["s"],
        "tls": {"clientCert": "c", "clientKey": "k", "rootCas": ["r"]}, "tlsFirst": true,
        "jsDomain": "d", "preventDelete": true, "preventUpdate": false
    });
    if let (Value::Object(spec), Value::Object(more)) = (&mut spec, more) {
        spec.extend(more);
    }
    spec
}

fn source() -> Value {
    json!({
        "name": "A", "optStartSeq": 1, "optStartTime": "2026-01-31T12:00:00Z", "filterSubject": "a.>",
        "externalApiPrefix": "x", "externalDeliverPrefix": "y",
        "subjectTransforms": [{"source": "a.*", "dest": "b"}]
    })
}

fn stream() -> Value {
    with_connection(json!({
        "name": "A", "description": "d", "subjects": ["a.>"], "retention": "limits",
        "maxConsumers": -1, "maxMsgs": 1, "maxBytes": 1, "discard": "new", "discardPerSubject": true,
        "maxAge": "1h", "maxMsgsPerSubject": 1, "maxMsgSize": 1, "storage": "file", "replicas": 1,
        "noAck": false, "duplicateWindow": "1m", "placement": {"cluster": "c", "tags": ["t"]},
        "mirror": source(), "sources": [source()], "sealed": false, "denyDelete": true,
        "denyPurge": true, "allowRollup": true, "compression": "s2", "firstSequence": 1,
        "subjectTransform": {"source": "a", "dest": "b"},
        "republish": {"source": "a", "destination": "b"}, "allowDirect": true, "mirrorDirect": true,
        "allowMsgTtl": true, "subjectDeleteMarkerTtl": "1s", "allowMsgCounter": true,
        "allowAtomicPublish": true, "allowMsgSchedules": true, "persistMode": "async",
        "consumerLimits": {"inactiveThreshold": "1s", "maxAckPending": 1}, "metadata": {"a": "b"}
    }))
}

fn consumer() -> Value {
    with_connection(json!({
        "durableName": "A", "streamName": "B", "deliverPolicy": "all", "optStartSeq": 1,
        "optStartTime": "2026-01-31T12:00:00Z", "deliverSubject": "a.b", "ackPolicy": "none",
        "ackWait": "30s", "maxDeliver": 1, "backoff": ["1s"], "filterSubject": "a",
        "filterSubjects": ["b"], "replayPolicy": "instant", "sampleFreq": "30", "maxWaiting": 1,
        "rateLimitBps": 1, "maxAckPending": 1, "deliverGroup": "g", "description": "d",
        "flowControl": true, "headersOnly": true, "heartbeatInterval": "1s", "maxRequestBatch": 1,
        "maxRequestExpires": "1s", "maxRequestMaxBytes": 1, "inactiveThreshold": "1s",
        "pauseUntil": "2026-01-31T12:00:00Z", "priorityPolicy": "overflow", "pinnedTtl": "1m",
        "priorityGroups": ["a"], "replicas": 1, "memStorage": true, "metadata": {"a": "b"}
    }))
}

fn key_value() -> Value {
    with_connection(json!({
        "bucket": "A", "description": "d", "maxValueSize": 1, "history": 5, "ttl": "1h",
        "limitMarkerTtl": 1, "maxBytes": 1, "storage": "file", "replicas": 1,
        "placement": {"cluster": "c"}, "republish": {"source": "a", "destination": "b"},
        "mirror": source(), "compression": true, "sources": [source()]
    }))
}

fn object_store() -> Value {
    with_connection(json!({
        "bucket": "A", "description": "d", "ttl": "1h", "maxBytes": 1, "storage": "memory",
        "replicas": 3, "placement": {"tags": ["t"]}, "compression": true, "metadata": {"a": "b"}
    }))
}

fn account() -> Value {
    json!({
        "name": "a", "servers": ["nats://a"], "creds": {"secret": {"name": "s"}, "file": "f"},
        "nkey": {"secret": {"name": "s"}, "seed": "k"}, "token": {"secret": {"name": "s"}, "token": "t"},
        "user": {"secret": {"name": "s"}, "user": "u", "password": "p"},
        "tls": {"secret": {"name": "s"}, "ca": "a", "cert": "c", "key": "k"}, "tlsFirst": false
    })
}

fn connections() {
    holds::<NatsConnection>(&json!({
        "url": "u", "connOpts": {
            "maxReconnects": 1, "retryOnFailedConnect": true, "reconnectWaitMilliseconds": 1,
            "reconnectJitterMilliseconds": 1, "reconnectJitterTLSMilliseconds": 1
        },
        "auth": {
            "credentialFile": {"secret": {"name": "s", "key": "k", "optional": true}},
            "tls": {"secret": {"name": "s"}}
        },
        "tls": {"caBundle": "b", "secret": {"name": "s"}}
    }));
    let key = json!({"secret": {"secretName": "s", "key": "k"}});
    holds::<JetStreamConnection>(&json!({
        "url": "u", "tls": {"secretName": "s"}, "auth": {
            "credentialFile": key, "token": key, "nKey": key,
            "usernamePassword": {"secret": {"secretName": "s", "usernameKey": "u", "passwordKey": "p"}}
        }
    }));
}

fn defaults() {
    holds::<DispatcherDefaults>(&json!({
        "clusterDefault": {"configName": "a"}, "namespaceDefaults": {"b": {"configName": "c"}}
    }));
    let template = json!({"apiVersion": "a/v1", "kind": "K", "spec": {"x": 1}});
    holds::<ChannelDefaults>(
        &json!({"clusterDefault": template, "namespaceDefaults": {"b": template}}),
    );
    let settings = json!({
        "apiVersion": "v1", "kind": "ConfigMap", "name": "a", "namespace": "b", "group": "g",
        "address": "x", "delivery": delivery()
    });
    let mut default = settings.clone();
    default["brokerClass"] = json!("MTChannelBasedBroker");
    default["brokerClasses"] = json!({"K": settings});
    default["disallowDifferentNamespaceConfig"] = json!(true);
    holds::<BrokerDefaults>(
        &json!({"clusterDefault": default, "namespaceDefaults": {"n": default}}),
    );
}
