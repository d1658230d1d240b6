//! The verdicts of Knative 0.50's webhooks on flows, sources and sinks against evctl's: what they
//! refuse is refused for the same field, what they admit is admitted, and the defaults they set are
//! the ones evctl knows (shared/data/knative-0.50).

use evctl::diag::Severity;
use evctl::model::knative::flow_defaults;
use evctl::model::object::group_of;
use evctl::model::{Assumed, ObjectKey};
use libtest_mimic::Trial;
use serde_json::{Map, Value};

use super::fixtures::findings;
use crate::servers::{Need, lookup, trial};

pub(super) fn trials() -> Vec<Trial> {
    vec![trial("recorded_admission_flows::agree", &[Need::Data], agree)]
}

/// Groups whose questions are asked here.
const GROUPS: &[&str] = &["flows.knative.dev", "sources.knative.dev", "sinks.knative.dev"];

/// Questions that evctl answers with an error and the webhook admits.
const STRICTER: &[(&str, &str)] = &[(
    "parallel-branch-delivery-bad",
    "no one looks at a branch's delivery, and no Subscription can be made of this one",
)];

/// Where evctl's findings say another field than the webhook, and rightly so.
const RENAMED: &[(&str, &str, &str)] = &[
    // The message names the pod template's field as if it stood in the spec itself.
    ("containersource-empty", "spec.containers", "spec.template.spec.containers"),
    // The Job's own message, of the dry run.
    (
        "jobsink-bad",
        "spec.template.spec.restartPolicy",
        "spec.job.spec.template.spec.restartPolicy",
    ),
    // Knative says "spec" inside of the spec.
    ("integrationsource-empty", "spec.spec", "spec"),
    // Knative puts the number behind the wrong name.
    ("parallel-branch-no-subscriber", "spec.branches.subscriber[0]", "spec.branches[0]"),
    // The whole destination is missing, and so are both of its fields.
    ("ping-no-sink", "spec.sink.ref", "spec"),
    // The fields of an empty destination.
    ("sequence-reply-empty", "spec.reply.ref", "spec.reply"),
    // What is missing is said of what lacks it.
    ("sequence-steps-missing", "spec.steps", "spec"),
];

fn agree() {
    let file = lookup::data().unwrap().join("knative-0.50/admission.questions.verdicts.json");
    let recorded: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    let verdicts = recorded["verdicts"].as_array().unwrap();
    let mine = |verdict: &&Value| {
        let group = group_of(verdict["object"]["apiVersion"].as_str().unwrap());
        GROUPS.contains(&group)
    };
    let rows = STRICTER.iter().map(|(name, _)| name).chain(RENAMED.iter().map(|(name, ..)| name));
    for name in rows {
        assert!(verdicts.iter().any(|verdict| verdict["name"] == *name), "no question {name}");
    }
    let mut asked = 0;
    let mut faults = Vec::new();
    for verdict in verdicts.iter().filter(mine) {
        asked += 1;
        faults.extend(difference(verdict).map(|why| format!("{}: {why}", verdict["name"])));
        faults.extend(default_difference(verdict));
    }
    assert!(asked >= 37, "only {asked} questions");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

fn difference(verdict: &Value) -> Option<String> {
    let name = verdict["name"].as_str().unwrap();
    let (_, found) = findings(&verdict["object"].to_string());
    let errors: Vec<_> = found
        .iter()
        .filter(|finding| finding.severity == Severity::Error)
        // What a question refers to was never there.
        .filter(|finding| finding.code.name() != "dangling-reference")
        .collect();
    let stricter = STRICTER.iter().any(|(question, _)| *question == name);
    let admitted = verdict["accepted"].as_bool().unwrap();
    if admitted != (errors.is_empty() || stricter) || (stricter && errors.is_empty()) {
        return Some(format!("admitted {admitted}, evctl found {errors:#?}"));
    }
    let paths: Vec<_> = errors.iter().map(|finding| finding.path.as_str()).collect();
    let fields = verdict["fields"].as_array().into_iter().flatten();
    let fields: Vec<_> = fields.filter_map(Value::as_str).collect();
    let renamed = RENAMED.iter().filter(|(question, ..)| *question == name);
    let named = fields.is_empty()
        || fields.iter().any(|field| paths.iter().any(|path| is_within(path, field)))
        || renamed.clone().any(|(_, field, path)| fields.contains(field) && paths.contains(path));
    (!named).then(|| format!("refused for {fields:?}, by evctl for {paths:?}"))
}

fn is_within(path: &str, field: &str) -> bool {
    path.strip_prefix(field).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

/// What the webhook added to an admitted spec, and what evctl would.
fn default_difference(verdict: &Value) -> Option<String> {
    if verdict["accepted"] != true || verdict.get("before").is_some() {
        return None;
    }
    let object = &verdict["object"];
    let key = ObjectKey {
        group: group_of(object["apiVersion"].as_str().unwrap()).to_owned(),
        kind: object["kind"].as_str().unwrap().to_owned(),
        namespace: Some("default".to_owned()),
        name: object["metadata"]["name"].as_str().unwrap().to_owned(),
    };
    let mut filled = object.clone();
    flow_defaults::fill_spec(&key, &mut filled, &Assumed::default());
    let ours = added(&object["spec"], &filled["spec"]).unwrap_or_else(|| Value::Object(Map::new()));
    let theirs = verdict["added"].get("spec").cloned().unwrap_or_else(|| Value::Object(Map::new()));
    (ours != theirs).then(|| format!("{}: added {theirs}, by evctl {ours}", verdict["name"]))
}

/// What is in one value and not in the other, item by item.
fn added(before: &Value, after: &Value) -> Option<Value> {
    match (before, after) {
        (Value::Object(before), Value::Object(after)) => {
            let new = after.iter().filter_map(|(name, value)| match before.get(name) {
                None => Some((name.clone(), value.clone())),
                Some(old) => Some((name.clone(), added(old, value)?)),
            });
            let new: Map<String, Value> = new.collect();
            (!new.is_empty()).then_some(Value::Object(new))
        }
        (Value::Array(before), Value::Array(after)) => {
            let new: Vec<_> = before.iter().zip(after).filter_map(|(b, a)| added(b, a)).collect();
            (!new.is_empty()).then_some(Value::Array(new))
        }
        _ => (before != after).then(|| after.clone()),
    }
}
