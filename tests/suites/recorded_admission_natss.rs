//! Verdicts on new objects against those of the NATS channel's own webhook and CRD
//! (shared/data/natss-channel, `admission.questions`): the same verdict with the same fields, but for
//! the questions listed here, in which evctl is stricter on purpose; and the object as the webhook
//! writes it back.

use std::collections::BTreeSet;

use evctl::diag::{Code, Finding, Severity};
use evctl::model::natsjs::admitted::admitted;
use evctl::model::{self, Assumed, Input};
use evctl::topology::resolve;
use libtest_mimic::Trial;
use serde_json::{Map, Value};

use crate::servers::{Need, lookup, trial};

pub(super) fn trials() -> Vec<Trial> {
    vec![
        trial("recorded_admission_natss::verdicts", &[Need::Data], verdicts),
        trial("recorded_admission_natss::written_back", &[Need::Data], written_back),
    ]
}

/// Questions that the real thing admits and evctl refuses: the code, and why.
const STRICTER: &[(&str, Code, &str)] = &[
    ("unknown-top", Code::UnknownField, "dropped silently; a strict request is refused"),
    ("unknown-stream", Code::UnknownField, "dropped silently; a strict request is refused"),
    ("placement-unknown", Code::UnknownField, "dropped silently"),
    ("source-external", Code::UnknownField, "dropped silently"),
    ("deployment-replicas", Code::UnknownField, "dropped silently"),
    ("delivery-unknown", Code::UnknownField, "dropped silently"),
    ("channel-template-unknown", Code::UnknownField, "dropped when the channel is made"),
    ("retention-Bogus", Code::InvalidValue, "falls back to limits silently"),
    ("retention-limits", Code::InvalidValue, "falls back to limits silently, as `interest` does"),
    ("discard-Newest", Code::InvalidValue, "falls back to old silently"),
    ("storage-Disk", Code::InvalidValue, "falls back to file silently"),
    ("deliverPolicy-new", Code::InvalidValue, "falls back to all silently"),
    ("replayPolicy-Fast", Code::InvalidValue, "falls back to instant silently"),
    ("consumerType-pull", Code::InvalidValue, "falls back to push silently"),
    ("consumerType-Both", Code::InvalidValue, "falls back to push silently"),
    ("max-age-negative", Code::InvalidValue, "the server refuses the stream"),
    ("batch-zero", Code::InvalidValue, "below the CRD's minimum; passes as Go leaves a 0 out"),
    ("sample-words", Code::InvalidValue, "the server refuses the consumer"),
    ("mirror-and-sources", Code::UnworkableSetting, "no channel's stream can be a mirror"),
    ("mirror-no-name", Code::UnworkableSetting, "no channel's stream can be a mirror"),
    ("override-dot", Code::InvalidStreamName, "no stream can have the name"),
    ("name-dotted", Code::InvalidStreamName, "no stream can have the name"),
    ("delivery-retry-negative", Code::InvalidValue, "refused on a Subscription"),
    ("delivery-policy-bad", Code::InvalidValue, "refused on a Subscription"),
    ("delivery-delay-bad", Code::InvalidValue, "refused on a Subscription"),
    ("delivery-timeout-zero", Code::InvalidValue, "refused on a Subscription"),
    ("delivery-format-bad", Code::InvalidValue, "refused on a Subscription"),
    ("delivery-dls-relative", Code::InvalidValue, "refused on a Subscription"),
    ("delivery-dls-empty", Code::MissingField, "refused on a Subscription"),
    ("channel-template-spec-bad", Code::InvalidValue, "refused when the channel is made"),
];

struct Question {
    name: String,
    object: Value,
    verdict: Value,
}

/// Every question about a new object.
fn questions() -> Vec<Question> {
    let file = lookup::data().unwrap().join("natss-channel/admission.questions.verdicts.json");
    let document: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    let questions: Vec<Question> = document["verdicts"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|verdict| verdict.get("before").is_none())
        .map(|verdict| Question {
            name: verdict["name"].as_str().unwrap().to_owned(),
            object: verdict["object"].clone(),
            verdict: verdict.clone(),
        })
        .collect();
    assert!(questions.len() >= 80, "only {} questions", questions.len());
    questions
}

/// The errors that evctl finds in an object, and the object as it would send it.
fn asked(object: &Value) -> (Vec<Finding>, Value) {
    let content = Ok(object.to_string().into_bytes());
    let input = Input::named("question.json", content);
    let loaded = model::load(vec![input], "default", &Assumed::default());
    let resolved = resolve(&loaded.manifests, &Assumed::default());
    let mut errors = loaded.findings;
    errors.extend(resolved.findings);
    errors.retain(|finding| finding.severity == Severity::Error);
    let body = loaded.manifests.first().map(|m| m.body().clone()).unwrap_or_default();
    (errors, body)
}

fn verdicts() {
    let mut faults = Vec::new();
    let mut stricter = BTreeSet::new();
    for Question { name, object, verdict } in questions() {
        let (errors, _) = asked(&object);
        let accepted = verdict["accepted"].as_bool().unwrap();
        match (accepted, errors.is_empty()) {
            (true, true) => {}
            (true, false) => {
                let listed = STRICTER.iter().find(|(question, ..)| *question == name);
                if listed.is_none_or(|(_, code, _)| errors.iter().any(|f| f.code != *code)) {
                    faults.push(format!("{name}: admitted, and evctl says {errors:#?}"));
                }
                stricter.insert(name);
            }
            (false, true) => faults.push(format!("{name}: refused, and evctl says nothing")),
            (false, false) => faults.extend(unnamed(&name, &verdict, &errors)),
        }
    }
    let gone: Vec<_> =
        STRICTER.iter().map(|(name, ..)| *name).filter(|name| !stricter.contains(*name)).collect();
    assert!(gone.is_empty(), "listed as stricter, and no longer: {gone:?}");
    assert!(faults.is_empty(), "{} faults\n{}", faults.len(), faults.join("\n"));
}

/// The fields that the real thing names and evctl does not.
fn unnamed(name: &str, verdict: &Value, errors: &[Finding]) -> Vec<String> {
    let said: Vec<String> = errors.iter().map(|f| format!("{} {}", f.path, f.message)).collect();
    let fields = verdict["fields"].as_array().into_iter().flatten().filter_map(Value::as_str);
    fields
        .map(evctl_path)
        .filter(|field| !said.iter().any(|text| covers(text, field)))
        .map(|field| format!("{name}: `{field}` is not named in {said:?}"))
        .collect()
}

/// A field as evctl writes it: the webhook says `subscribable.subscriber[0].replyURI` and cuts an
/// annotation's name at its slash; Go's decoder leaves an index out.
fn evctl_path(field: &str) -> String {
    field
        .replace("spec.subscribable.subscriber[", "spec.subscribers[")
        .replace("URI", "Uri")
        .replace("annotations.[", "annotations[\"")
}

fn covers(said: &str, field: &str) -> bool {
    let (above, last) = field.rsplit_once('.').unwrap_or(("", field));
    said.contains(field)
        || said.replace("[0]", "").contains(field)
        || (said.contains(above) && said.contains(&format!("`{last}`")))
}

fn written_back() {
    let mut compared = 0;
    let mut faults = Vec::new();
    for Question { name, object, verdict } in questions() {
        let is_channel = object["kind"] == "NatsJetStreamChannel";
        let (errors, body) = asked(&object);
        if !is_channel || verdict["accepted"] != Value::Bool(true) || !errors.is_empty() {
            continue;
        }
        compared += 1;
        let (mut added, dropped) = compare(&object, &admitted(body));
        let mut recorded = verdict["added"].clone();
        for side in [&mut added, &mut recorded] {
            without_names(side);
        }
        if added != recorded {
            faults.push(format!("{name}\n   recorded {recorded}\n   evctl    {added}"));
        }
        let known = verdict["dropped"].as_array().cloned().unwrap_or_default();
        if known != dropped {
            faults.push(format!("{name}: dropped {known:?}, by evctl {dropped:?}"));
        }
    }
    assert!(compared >= 20, "only {compared} objects");
    assert!(faults.is_empty(), "{} faults\n{}", faults.len(), faults.join("\n"));
}

/// Who made the object is in annotations that no rule gives.
fn without_names(added: &mut Value) {
    let annotations = added.pointer_mut("/metadata/annotations").and_then(Value::as_object_mut);
    if let Some(annotations) = annotations {
        annotations
            .retain(|name, _| !name.ends_with("/creator") && !name.ends_with("/lastModifier"));
    }
}

/// What is new or different after admission, and the paths of what is gone.
fn compare(before: &Value, after: &Value) -> (Value, Vec<Value>) {
    let mut dropped = Vec::new();
    let added = difference(before, after, "", &mut dropped).unwrap_or_default();
    (added, dropped)
}

fn difference(before: &Value, after: &Value, at: &str, gone: &mut Vec<Value>) -> Option<Value> {
    let (Value::Object(old), Value::Object(new)) = (before, after) else {
        return (before != after).then(|| after.clone());
    };
    let path = |key: &str| if at.is_empty() { key.to_owned() } else { format!("{at}.{key}") };
    gone.extend(old.keys().filter(|key| !new.contains_key(*key)).map(|key| path(key).into()));
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
