//! Decoding and schema say the same of every kind: a document decodes exactly where its schema
//! holds. Decoding from a located tree says the same as from its JSON. Valid
//! documents are mutated at random places with values that sit on the edges.

use std::fmt::Debug;

use evctl::model::envelope::Document;
use evctl::model::knative::eventing::{
    BrokerSpec, EventPolicySpec, EventTransformSpec, EventTypeV1Beta1, EventTypeV1Beta2,
    EventTypeV1Beta3, RequestReplySpec, TriggerSpec,
};
use evctl::model::knative::flows::{ParallelSpec, SequenceSpec};
use evctl::model::knative::messaging::{ChannelSpec, InMemoryChannelSpec, SubscriptionSpec};
use evctl::model::knative::sinks::{IntegrationSinkSpec, JobSinkSpec};
use evctl::model::knative::sources::{
    ApiServerSourceSpec, ContainerSourceSpec, IntegrationSourceSpec, PingSourceSpec,
    SinkBindingSpec,
};
use evctl::model::natsjs::NatsJetStreamChannelSpec;
use evctl::model::project::Project;
use evctl::model::shape::Shape;
use evctl::model::yaml;
use libtest_mimic::Trial;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{plain, shape_seeds, shape_seeds_flows};

pub(super) fn trials() -> Vec<Trial> {
    let mut trials = flows();
    trials.extend([
        plain("shape_properties::nats_jet_stream_channel", || {
            holds::<Document<NatsJetStreamChannelSpec>>(&nats_channel());
        }),
        plain("shape_properties::channel", || holds::<Document<ChannelSpec>>(&channel())),
        plain("shape_properties::subscription", || {
            holds::<Document<SubscriptionSpec>>(&subscription());
        }),
        plain("shape_properties::in_memory_channel", || {
            holds::<Document<InMemoryChannelSpec>>(&shape_seeds::in_memory_channel(&delivery()));
        }),
        plain("shape_properties::broker", || {
            holds::<Document<BrokerSpec>>(&shape_seeds::broker(&delivery()));
        }),
        plain("shape_properties::trigger", || {
            holds::<Document<TriggerSpec>>(&shape_seeds::trigger(&delivery()));
        }),
        plain("shape_properties::event_types", || {
            holds::<Document<EventTypeV1Beta1>>(&shape_seeds::event_type("v1beta1"));
            holds::<Document<EventTypeV1Beta2>>(&shape_seeds::event_type("v1beta2"));
            holds::<Document<EventTypeV1Beta3>>(&shape_seeds::event_type_by_attributes());
        }),
        plain("shape_properties::event_policy", || {
            holds::<Document<EventPolicySpec>>(&shape_seeds::event_policy());
        }),
        plain("shape_properties::event_transform", || {
            holds::<Document<EventTransformSpec>>(&shape_seeds::event_transform());
        }),
        plain("shape_properties::request_reply", || {
            holds::<Document<RequestReplySpec>>(&shape_seeds::request_reply(&delivery()));
        }),
        plain("shape_properties::project", || {
            holds::<Project>(
                &json!({"apiVersion": "evctl.dev/v1alpha1", "kind": "Project", "name": "a"}),
            );
        }),
    ]);
    trials
}

fn flows() -> Vec<Trial> {
    vec![
        plain("shape_properties::flows", || {
            holds_briefly::<SequenceSpec>("Sequence", &shape_seeds_flows::sequence());
            holds_briefly::<ParallelSpec>("Parallel", &shape_seeds_flows::parallel());
        }),
        plain("shape_properties::sources", || {
            holds_briefly::<PingSourceSpec>("PingSource", &shape_seeds_flows::ping());
            holds_briefly::<ApiServerSourceSpec>(
                "ApiServerSource",
                &shape_seeds_flows::api_server(),
            );
            holds_briefly::<ContainerSourceSpec>(
                "ContainerSource",
                &shape_seeds_flows::container(),
            );
            holds_briefly::<SinkBindingSpec>("SinkBinding", &shape_seeds_flows::sink_binding());
            holds_briefly::<IntegrationSourceSpec>(
                "IntegrationSource",
                &shape_seeds_flows::integration(),
            );
        }),
        plain("shape_properties::sinks", || {
            holds_briefly::<JobSinkSpec>("JobSink", &json!({"job": {"spec": {}}}));
            holds_briefly::<IntegrationSinkSpec>(
                "IntegrationSink",
                &shape_seeds_flows::integration_sink(),
            );
        }),
    ]
}

/// Cases of each property; `EVCTL_TEST_CASES` sets another number.
pub(crate) fn cases(default: u32) -> u32 {
    std::env::var("EVCTL_TEST_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

pub(super) fn holds<T: DeserializeOwned + JsonSchema + Debug>(valid: &Value) {
    holds_in::<T>(valid, 1500);
}

/// As many mutations as a kind needs whose fields are of forms that other kinds have too.
fn holds_briefly<S: DeserializeOwned + JsonSchema + Debug>(kind: &str, spec: &Value) {
    let document =
        json!({"apiVersion": "a/v1", "kind": kind, "metadata": metadata(), "spec": spec});
    holds_in::<Document<S>>(&document, 300);
}

/// Decoding and schema agree on mutations of a valid document.
pub(crate) fn holds_in<T: DeserializeOwned + JsonSchema + Debug>(
    valid: &Value,
    default_cases: u32,
) {
    let shape = Shape::of::<T>();
    assert_eq!(shape.faults(valid), [], "the seed must be valid");
    T::deserialize(valid).unwrap_or_else(|error| panic!("the seed must decode: {error}"));
    let mut places = Vec::new();
    walk(valid, &mut Vec::new(), &mut places);
    let strategy = proptest::collection::vec((0..places.len(), edges(), any::<bool>()), 1..3);
    let mut runner = TestRunner::new(Config {
        cases: cases(default_cases),
        failure_persistence: None,
        ..Config::default()
    });
    let outcome = runner.run(&strategy, |mutations| {
        let mut document = valid.clone();
        for (place, value, add) in mutations {
            mutate(&mut document, &places[place], value, add);
        }
        let decoded = T::deserialize(&document);
        let faults = shape.faults(&document);
        prop_assert_eq!(
            decoded.is_ok(),
            faults.is_empty(),
            "{}\n{:?}\n{:?}",
            document,
            decoded.err(),
            faults
        );
        let (documents, _) = yaml::documents(&document.to_string());
        if let Some(root) = documents.first().and_then(|document| document.root.as_ref()) {
            let [tree, json] = [T::deserialize(root), T::deserialize(root.to_json())]
                .map(|decoded| decoded.map_err(|_| "not of the shape"));
            prop_assert_eq!(format!("{tree:?}"), format!("{json:?}"));
        }
        Ok(())
    });
    outcome.unwrap_or_else(|error| panic!("{error}"));
}

fn walk(value: &Value, at: &mut Vec<String>, places: &mut Vec<Vec<String>>) {
    places.push(at.clone());
    let children: Vec<(String, &Value)> = match value {
        Value::Object(fields) => fields.iter().map(|(name, value)| (name.clone(), value)).collect(),
        Value::Array(items) => items.iter().enumerate().map(|(i, v)| (i.to_string(), v)).collect(),
        _ => Vec::new(),
    };
    for (name, child) in children {
        at.push(name);
        walk(child, at, places);
        at.pop();
    }
}

/// Puts a value in a place, or a new key beside what is there, or takes the place away.
fn mutate(document: &mut Value, place: &[String], value: Option<Value>, add: bool) {
    let pointer = |steps: &[String]| {
        steps
            .iter()
            .map(|step| format!("/{}", step.replace('~', "~0").replace('/', "~1")))
            .collect::<String>()
    };
    if let (Some(value), Some(Value::Object(fields)), true) =
        (&value, document.pointer_mut(&pointer(place)), add)
    {
        fields.insert("unheardOf".to_owned(), value.clone());
        return;
    }
    match (value, place.split_last()) {
        (Some(value), _) => {
            if let Some(slot) = document.pointer_mut(&pointer(place)) {
                *slot = value;
            }
        }
        (None, Some((last, above))) => {
            if let Some(Value::Object(fields)) = document.pointer_mut(&pointer(above)) {
                fields.remove(last);
            }
        }
        (None, None) => {}
    }
}

/// Texts on the edges of the forms that fields have.
const TEXTS: &[&str] = &[
    "",
    "a",
    "A",
    "a.b",
    "-a",
    "a_b",
    "linear",
    "Linear",
    "exponential",
    "json",
    "JSON",
    "Limits",
    "limits",
    "Work",
    "Old",
    "File",
    "All",
    "New",
    "ByStartTime",
    "Instant",
    "Push",
    "pull",
    "PT1S",
    "PT0S",
    "P",
    "PT",
    "P1DT",
    "P1M",
    "PT0,5S",
    "-PT1S",
    "PT0.00S",
    "pt1s",
    "1h30m",
    "90s",
    "5",
    "0",
    "-1s",
    "+1s",
    ".5s",
    "1.s",
    ".s",
    "2d",
    "1h 1m",
    "3µs",
    "2026-01-31T12:00:00Z",
    "2026-02-30T12:00:00+02:00",
    "2026-13-01T00:00:00Z",
    "2026-01-31T12:00:00",
    "2026-01-31T24:00:00Z",
    "2026-01-31T12:00:00.Z",
    "30",
    "30%",
    "101%",
    "3.5",
    "00",
    "100",
    "200m",
    "20Mi",
    "1e3",
    "1e",
    "a.*.>",
    "a..b",
    "a.>.b",
    "a b",
    ">",
    "file",
    "s2",
    "none",
    "explicit",
    "byStartTime",
    "pinned_client",
    "PT1S\n",
    "In",
    "DoesNotExist",
    "é",
];

fn edges() -> impl Strategy<Value = Option<Value>> {
    prop_oneof![
        1 => Just(None),
        6 => prop::sample::select(TEXTS).prop_map(|text| Some(json!(text))),
        2 => prop::sample::select(vec![0i64, 1, -1, 2_147_483_647, 2_147_483_648, -2_147_483_649, i64::MAX, i64::MIN])
            .prop_map(|number| Some(json!(number))),
        1 => prop::sample::select(vec![0.5, 1e20, -1.5]).prop_map(|number| Some(json!(number))),
        1 => Just(Some(json!(u64::MAX))),
        1 => any::<bool>().prop_map(|value| Some(json!(value))),
        1 => prop::sample::select(vec![json!([]), json!({}), json!(["a"]), json!([1]), json!({"a": "b"}), json!({"a": 1}), json!([{}])])
            .prop_map(Some),
        1 => "[-+PTSMHDWYs.,0-9hmunµ]{0,9}".prop_map(|text| Some(json!(text))),
    ]
}

pub(super) fn metadata() -> Value {
    json!({
        "name": "a", "namespace": "b", "labels": {"x": "y"}, "annotations": {"p.q/r": "s"},
        "uid": "u", "generation": 1, "finalizers": ["f"], "managedFields": [{}], "ownerReferences": [{}]
    })
}

pub(super) fn delivery() -> Value {
    json!({
        "deadLetterSink": {"ref": {"kind": "Service", "name": "d", "apiVersion": "v1"}, "uri": "/x", "CACerts": "c", "audience": "o"},
        "retry": 3, "backoffPolicy": "linear", "backoffDelay": "PT1S", "timeout": "PT5S",
        "retryAfterMax": "PT1M", "format": "json"
    })
}

fn nats_channel() -> Value {
    json!({
        "apiVersion": "messaging.knative.dev/v1alpha1", "kind": "NatsJetStreamChannel", "metadata": metadata(),
        "spec": {
            "stream": {"overrideName": "A", "config": {
                "additionalSubjects": ["a.>"], "retention": "Limits", "maxConsumers": 1, "maxMsgs": 1,
                "maxBytes": 1, "discard": "Old", "maxAge": "1h", "maxMsgSize": 1, "storage": "File",
                "replicas": 1, "noAck": true, "duplicateWindow": "1m",
                "placement": {"cluster": "c", "tags": ["t"]},
                "mirror": {"name": "m", "optStartSeq": 1, "optStartTime": "2026-01-01T00:00:00Z", "filterSubject": "s"},
                "sources": [{"name": "m"}]
            }},
            "consumerConfigTemplate": {
                "deliverPolicy": "All", "optStartSeq": 1, "optStartTime": "2026-01-01T00:00:00Z",
                "ackWait": "30s", "maxDeliver": 1, "filterSubject": "s", "replayPolicy": "Instant",
                "rateLimitBPS": 1, "sampleFrequency": "30%", "maxAckPending": 1, "consumerType": "Push",
                "fetchMaxWait": "200ms", "fetchBatchSize": 1
            },
            "deploymentSpecTemplate": {
                "affinity": {"nodeAffinity": {}}, "labels": {"a": "b"},
                "resources": {"limits": {"cpu": "200m", "memory": 1}, "claims": [{"name": "c"}]}
            },
            "delivery": delivery(), "subscribers": [{"uid": "u", "generation": 1, "auth": {"serviceAccountName": "s"}}]
        },
        "status": {"conditions": []}
    })
}

fn channel() -> Value {
    json!({
        "apiVersion": "messaging.knative.dev/v1", "kind": "Channel", "metadata": metadata(),
        "spec": {
            "channelTemplate": {"apiVersion": "a/v1", "kind": "K", "spec": {"x": 1}},
            "delivery": delivery(), "subscribers": [{}]
        }
    })
}

fn subscription() -> Value {
    json!({
        "apiVersion": "messaging.knative.dev/v1", "kind": "Subscription", "metadata": metadata(),
        "spec": {
            "channel": {"kind": "Channel", "name": "c", "apiVersion": "a/v1", "namespace": "n", "group": "g", "address": "x"},
            "subscriber": {"uri": "http://a"}, "reply": {"uri": "http://b"}, "delivery": delivery()
        }
    })
}

pub(super) fn destination() -> Value {
    json!({"ref": {"kind": "Service", "name": "d", "apiVersion": "v1"}, "uri": "/x", "CACerts": "c", "audience": "o"})
}
