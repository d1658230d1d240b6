//! The verdicts of real admission webhooks against evctl's: what they refuse is refused, with the
//! same fields named; what they admit is admitted, but for what is listed here.

mod questions;

use evctl::model::Assumed;
use evctl::model::knative::change::frozen;
use evctl::model::knative::defaults::defaulted;
use libtest_mimic::Trial;
use serde_json::Value;

use crate::servers::{Need, trial};

use questions::Recording;

pub(super) fn trials() -> Vec<Trial> {
    vec![
        trial("recorded_admission::knative", &[Need::Data], || agree(&KNATIVE)),
        trial("recorded_admission::knative_defaults", &[Need::Data], || defaults(&KNATIVE)),
        trial("recorded_admission::knative_changes", &[Need::Data], || changes(&KNATIVE)),
    ]
}

const KNATIVE: Recording = Recording {
    folder: "knative-0.50",
    not_yet: &[
        "Sequence",
        "Parallel",
        "PingSource",
        "ApiServerSource",
        "SinkBinding",
        "ContainerSource",
        "IntegrationSource",
        "JobSink",
    ],
    stricter: &[
        ("broker-name-long", "name-too-long", "the trigger channel gets it as a label"),
        ("broker-unknown-field", "unknown-field", "dropped silently"),
        ("delivery-delay-negative", "invalid-value", "no wait is made of it"),
        ("delivery-timeout-negative", "invalid-value", "no timeout is made of it"),
        ("trigger-cesql-integer", "cesql-not-boolean", "breaks off each request to the filter"),
        ("trigger-cesql-unknown-function", "cesql-function", "fails every event"),
        ("trigger-filter-unknown", "unknown-field", "dropped silently"),
        ("trigger-not-empty", "filter-crashes", "ends the process of the filter"),
        ("trigger-ref-incomplete-relative", "missing-field", "resolves to nothing"),
        ("trigger-ref-only", "feature-disabled", "the Trigger never gets a status"),
        ("trigger-subscriber-nested", "unknown-field", "dropped silently"),
        ("trigger-unknown-dialect", "unknown-field", "dropped silently, and everything passes"),
        ("subscription-channel-unknown-kind", "wrong-kind", "a Deployment is no channel"),
    ],
    laxer: &[],
    renamed: &[
        (
            "channel-subscribers",
            "spec.subscribable.subscribers",
            "spec.subscribers",
            "the name of an inlined type, which no object has",
        ),
        ("trigger-broker-and-ref", "spec.broker", "spec.brokerRef", "one finding for the two"),
        (
            "trigger-dependency-broken",
            "metadata.annotations[knative.dev",
            "metadata.annotations[knative.dev/dependency]",
            "the recording cuts at `/`",
        ),
        (
            "trigger-dependency-other-namespace",
            "metadata.annotations[knative.dev",
            "metadata.annotations[knative.dev/dependency]",
            "the recording cuts at `/`",
        ),
        (
            "trigger-injection-word",
            "metadata.annotations[eventing.knative.dev",
            "metadata.annotations[eventing.knative.dev/injection]",
            "the recording cuts at `/`",
        ),
        (
            "trigger-injection-other-broker",
            "metadata.annotations[eventing.knative.dev",
            "metadata.annotations[eventing.knative.dev/injection]",
            "the recording cuts at `/`",
        ),
        (
            "trigger-no-subscriber",
            "spec.subscriber.ref",
            "spec.subscriber",
            "it is not there at all",
        ),
        (
            "trigger-no-subscriber",
            "spec.subscriber.uri",
            "spec.subscriber",
            "it is not there at all",
        ),
        ("trigger-not-list", "spec.filters.not", "spec.filters[0].not", "Go names no index"),
        (
            "trigger-ref-and-absolute",
            "spec.subscriber[apiVersion",
            "spec.subscriber",
            "a list of fields, cut at the comma",
        ),
    ],
};

fn agree(recording: &Recording) {
    let verdicts = recording.verdicts().unwrap();
    assert!(verdicts.len() > 80, "only {} verdicts", verdicts.len());
    let stale = recording.stale(&verdicts);
    assert!(stale.is_empty(), "rows about no question: {stale:?}");
    let asked = verdicts.iter().filter(|verdict| recording.concerns(verdict));
    let differences: Vec<String> =
        asked.flat_map(|verdict| recording.differences(verdict)).collect();
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

/// What admission adds is what evctl takes as added; who wrote the object aside.
fn defaults(recording: &Recording) {
    let verdicts = recording.verdicts().unwrap();
    let accepted = verdicts.iter().filter(|v| v.accepted && v.before.is_none());
    let mut differences = Vec::new();
    for verdict in accepted {
        let manifest = questions::loaded(&verdict.object).manifests.remove(0);
        let ours = defaulted(&manifest.key, &verdict.object, &Assumed::default());
        let ours = questions::gained(&verdict.object, &ours).unwrap_or_default();
        let theirs = without_authors(verdict.added.clone());
        if ours != theirs {
            differences.push(format!("{}:\n  added {theirs}\n  evctl {ours}", verdict.name));
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

/// A change is refused exactly where it is one of a frozen field, and that is named.
fn changes(recording: &Recording) {
    let verdicts = recording.verdicts().unwrap();
    let asked: Vec<_> = verdicts.iter().filter(|v| v.is_change()).collect();
    assert!(asked.len() > 10, "only {} changes", asked.len());
    let mut differences = Vec::new();
    for verdict in asked {
        let key = questions::loaded(&verdict.object).manifests.remove(0).key;
        let kept = |object: &Value| defaulted(&key, object, &Assumed::default());
        let changed = frozen(&key, &kept(verdict.before.as_ref().unwrap()), &kept(&verdict.object));
        let paths: Vec<_> = changed.iter().map(|p| questions::steps(&p.to_string())).collect();
        let named = |field: &String| {
            paths.iter().any(|path| questions::names(path, &questions::steps(field)))
        };
        if verdict.accepted != changed.is_empty() || !verdict.fields.iter().all(named) {
            differences.push(format!("{}: {:?}, not {paths:?}", verdict.name, verdict.fields));
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

/// Every kind gets annotations GROUP/creator and GROUP/lastModifier.
fn without_authors(mut added: Value) -> Value {
    let is_author = |name: &String| name.ends_with("/creator") || name.ends_with("/lastModifier");
    if let Some(Value::Object(annotations)) = added.pointer_mut("/metadata/annotations") {
        annotations.retain(|name, _| !is_author(name));
    }
    prune(&mut added, &["metadata", "annotations"]);
    prune(&mut added, &["metadata"]);
    if added == serde_json::json!({}) { Value::Null } else { added }
}

/// Takes an empty mapping away.
fn prune(value: &mut Value, path: &[&str]) {
    let (last, above) = path.split_last().unwrap();
    let pointer: String = above.iter().map(|step| format!("/{step}")).collect();
    if let Some(Value::Object(fields)) = value.pointer_mut(&pointer)
        && fields.get(*last).is_some_and(|below| *below == serde_json::json!({}))
    {
        fields.remove(*last);
    }
}
