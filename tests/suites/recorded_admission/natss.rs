//! The webhook and the CRD of the NATS channel: where evctl says something else on purpose, and what
//! the webhook makes of an object.

use evctl::model::natsjs::admitted::admitted;
use serde_json::{Map, Value};

use super::questions::{self, Recording, Verdict};

pub(super) const NATSS: Recording = Recording {
    folder: "natss-channel",
    new_objects: 80,
    stricter: &[
        ("unknown-top", "unknown-field", "dropped silently; a strict request is refused"),
        ("unknown-stream", "unknown-field", "dropped silently; a strict request is refused"),
        ("placement-unknown", "unknown-field", "dropped silently"),
        ("source-external", "unknown-field", "dropped silently"),
        ("deployment-replicas", "unknown-field", "dropped silently"),
        ("delivery-unknown", "unknown-field", "dropped silently"),
        ("channel-template-unknown", "unknown-field", "dropped when the channel is made"),
        ("retention-Bogus", "invalid-value", "falls back to limits silently"),
        ("retention-limits", "invalid-value", "falls back to limits silently, as `interest` does"),
        ("discard-Newest", "invalid-value", "falls back to old silently"),
        ("storage-Disk", "invalid-value", "falls back to file silently"),
        ("deliverPolicy-new", "invalid-value", "falls back to all silently"),
        ("replayPolicy-Fast", "invalid-value", "falls back to instant silently"),
        ("consumerType-pull", "invalid-value", "falls back to push silently"),
        ("consumerType-Both", "invalid-value", "falls back to push silently"),
        ("max-age-negative", "invalid-value", "the server refuses the stream"),
        ("batch-zero", "invalid-value", "below the CRD's minimum; passes as Go leaves a 0 out"),
        ("sample-words", "invalid-value", "the server refuses the consumer"),
        ("batch-one", "unworkable-setting", "a pulled consumer blocks the reconciler"),
        ("seq-max", "unworkable-setting", "the server refuses the consumer (10094)"),
        ("name-long", "name-too-long", "the channel's Service is refused"),
        ("mirror-and-sources", "unworkable-setting", "no channel's stream can be a mirror"),
        ("mirror-no-name", "unworkable-setting", "no channel's stream can be a mirror"),
        ("override-dot", "invalid-stream-name", "no stream can have the name"),
        ("name-dotted", "invalid-stream-name", "no stream can have the name"),
        ("delivery-retry-negative", "invalid-value", "refused on a Subscription"),
        ("delivery-policy-bad", "invalid-value", "refused on a Subscription"),
        ("delivery-delay-bad", "invalid-value", "refused on a Subscription"),
        ("delivery-timeout-zero", "invalid-value", "refused on a Subscription"),
        ("delivery-format-bad", "invalid-value", "refused on a Subscription"),
        ("delivery-dls-relative", "invalid-value", "refused on a Subscription"),
        ("delivery-dls-empty", "missing-field", "refused on a Subscription"),
        ("channel-template-spec-bad", "invalid-value", "refused when the channel is made"),
    ],
    laxer: &[],
    renamed: &[
        (
            "scope-pod",
            "metadata.annotations.[eventing.knative.dev",
            "metadata.annotations[eventing.knative.dev/scope]",
            "the recording cuts at `/`",
        ),
        (
            "source-seq-negative",
            "spec.stream.config.sources.optStartSeq",
            "spec.stream.config.sources[0].optStartSeq",
            "Go names no index",
        ),
        (
            "subscriber-no-uri",
            "spec.subscribable.subscriber[0].replyURI",
            "spec.subscribers[0]",
            "the name of an inlined type, and one finding for the two",
        ),
        (
            "subscriber-no-uri",
            "spec.subscribable.subscriber[0].subscriberURI",
            "spec.subscribers[0].subscriberUri",
            "the name of an inlined type, which no object has",
        ),
    ],
};

/// The object as the webhook writes it back.
pub(super) fn written_back() {
    let mut compared = 0;
    let mut faults = Vec::new();
    for Verdict { name, object, added: recorded, dropped: known, .. } in channels() {
        let Some(body) = questions::sound(&object) else { continue };
        compared += 1;
        let (added, dropped) = compare(&object, &admitted(body));
        let [added, recorded] = [added, recorded].map(questions::without_authors);
        if added != recorded {
            faults.push(format!("{name}\n   recorded {recorded}\n   evctl    {added}"));
        }
        if known != dropped {
            faults.push(format!("{name}: dropped {known:?}, by evctl {dropped:?}"));
        }
    }
    assert!(compared >= 20, "only {compared} objects");
    assert!(faults.is_empty(), "{} faults\n{}", faults.len(), faults.join("\n"));
}

/// The new channels that were admitted.
fn channels() -> impl Iterator<Item = Verdict> {
    let verdicts = NATSS.verdicts().unwrap().into_iter();
    verdicts.filter(|v| v.is_new() && v.accepted && v.object["kind"] == "NatsJetStreamChannel")
}

/// What is new or different after admission, and the paths of what is gone.
fn compare(before: &Value, after: &Value) -> (Value, Vec<String>) {
    let mut dropped = Vec::new();
    let added = difference(before, after, "", &mut dropped).unwrap_or_default();
    (added, dropped)
}

fn difference(before: &Value, after: &Value, at: &str, gone: &mut Vec<String>) -> Option<Value> {
    let (Value::Object(old), Value::Object(new)) = (before, after) else {
        return (before != after).then(|| after.clone());
    };
    let path = |key: &str| if at.is_empty() { key.to_owned() } else { format!("{at}.{key}") };
    gone.extend(old.keys().filter(|key| !new.contains_key(*key)).map(|key| path(key)));
    let mut added = Map::new();
    for (key, value) in new {
        let more = match old.get(key) {
            None => Some(value.clone()),
            Some(old) => difference(old, value, &path(key), gone),
        };
        more.map(|more| added.insert(key.clone(), more));
    }
    (!added.is_empty()).then_some(Value::Object(added))
}
