//! Whether a live Kubernetes object does its work, as its controller says in `status.conditions`, and
//! what it waits for where it does not. Must not know who asks, or how often.

use serde_json::Value;

use crate::model::ObjectKey;
use crate::model::object::group_of;

/// What an object's controller says of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Readiness {
    Ready,
    /// What it waits for, in words.
    Waits(String),
}

/// How a kind says that it is ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Convention {
    /// One condition that sums the others up (Knative's specification of errors, Kubernetes' own kinds).
    Summary(&'static str),
    /// Conditions are a log, and the last entry counts (OpenFunction's EventSource and Trigger).
    Log,
}

/// Whether there is a controller that says of this kind when it is ready, so that waiting ends.
pub fn is_awaited(key: &ObjectKey) -> bool {
    convention(&key.group, &key.kind).is_some()
}

/// What a live object says, as far as it matters here.
pub struct Said<'a> {
    group: &'a str,
    kind: &'a str,
    generation: Option<i64>,
    status: &'a Value,
}

impl<'a> Said<'a> {
    pub fn of(
        api_version: &'a str,
        kind: &'a str,
        generation: Option<i64>,
        status: &'a Value,
    ) -> Self {
        Self { group: group_of(api_version), kind, generation, status }
    }
}

/// What a live object, with its status, says. Kinds that say nothing are ready once they are there.
pub fn readiness(said: &Said<'_>) -> Readiness {
    let Some(convention) = convention(said.group, said.kind) else { return Readiness::Ready };
    let conditions = said.status.get("conditions").and_then(Value::as_array);
    let Some(conditions) = conditions.filter(|conditions| !conditions.is_empty()) else {
        return Readiness::Waits("no controller has said anything of it".to_owned());
    };
    let seen = said.status.get("observedGeneration").and_then(Value::as_i64);
    // Not every controller says what it has seen; one that does may be behind.
    if let (Some(seen), Some(is)) = (seen, said.generation)
        && seen < is
    {
        return Readiness::Waits(format!("its controller has seen generation {seen} of {is}"));
    }
    match convention {
        Convention::Summary(name) => summary(conditions, name),
        Convention::Log => log(conditions),
    }
}

fn convention(group: &str, kind: &str) -> Option<Convention> {
    match (group, kind) {
        ("apps", "Deployment") => Some(Convention::Summary("Available")),
        ("apiextensions.k8s.io", "CustomResourceDefinition") => {
            Some(Convention::Summary("Established"))
        }
        ("events.openfunction.io", "EventSource" | "Trigger") => Some(Convention::Log),
        ("jetstream.nats.io", _) => Some(Convention::Summary("Ready")),
        (group, _) if group.ends_with(".knative.dev") => Some(Convention::Summary("Ready")),
        _ => None,
    }
}

fn field<'a>(condition: &'a Value, name: &str) -> &'a str {
    condition.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn is_true(condition: &Value) -> bool {
    field(condition, "status") == "True"
}

/// The summary is written last of its type; what it sums up says more than it does.
fn summary(conditions: &[Value], name: &str) -> Readiness {
    let summary = conditions.iter().rfind(|condition| field(condition, "type") == name);
    if summary.is_some_and(is_true) {
        return Readiness::Ready;
    }
    // Of less weight than an error is what a severity is given for.
    let counts = |condition: &&Value| {
        field(condition, "type") != name
            && !is_true(condition)
            && field(condition, "severity").is_empty()
    };
    let mut parts: Vec<String> = conditions.iter().filter(counts).map(said).collect();
    if parts.is_empty() {
        parts.extend(summary.map(said));
    }
    match parts.is_empty() {
        true => Readiness::Waits(format!("its controller has not said whether it is {name}")),
        false => Readiness::Waits(parts.join("; ")),
    }
}

fn log(conditions: &[Value]) -> Readiness {
    match conditions.last() {
        Some(last) if field(last, "type") == "Ready" && is_true(last) => Readiness::Ready,
        Some(last) => Readiness::Waits(said(last)),
        None => Readiness::Waits("no controller has said anything of it".to_owned()),
    }
}

/// A condition in words, on one line.
fn said(condition: &Value) -> String {
    let mut words = format!("{} is {}", field(condition, "type"), field(condition, "status"));
    let more = [field(condition, "reason"), field(condition, "message")];
    for part in more.into_iter().filter(|part| !part.is_empty()) {
        words = format!("{words}: {}", part.split_whitespace().collect::<Vec<_>>().join(" "));
    }
    words
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(api_version: &str, kind: &str, status: &Value, expected: &str) {
        let said = match readiness(&Said::of(api_version, kind, Some(2), status)) {
            Readiness::Ready => "ready".to_owned(),
            Readiness::Waits(why) => why,
        };
        assert_eq!(said, expected, "{api_version} {kind} {status}");
    }

    #[test]
    fn knative_sums_up() {
        let of = |conditions: Value| json!({"observedGeneration": 2, "conditions": conditions});
        let check = |conditions: Value, expected: &str| {
            check("eventing.knative.dev/v1", "Broker", &of(conditions), expected);
        };
        check(json!([{"type": "Ready", "status": "True"}]), "ready");
        check(json!([]), "no controller has said anything of it");
        check(
            json!([
                {"type": "FilterReady", "status": "False", "reason": "NoEndpoints",
                 "message": "of the\nfilter"},
                {"type": "IngressReady", "status": "True"},
                {"type": "Hint", "status": "False", "severity": "Info"},
                {"type": "Ready", "status": "False", "reason": "NoEndpoints"},
            ]),
            "FilterReady is False: NoEndpoints: of the filter",
        );
        check(
            json!([{"type": "Ready", "status": "Unknown", "reason": "New"}]),
            "Ready is Unknown: New",
        );
        check(
            json!([{"type": "Addressable", "status": "True"}]),
            "its controller has not said whether it is Ready",
        );
    }

    #[test]
    fn a_controller_can_be_behind() {
        let ready = json!([{"type": "Ready", "status": "True"}]);
        let behind = json!({"observedGeneration": 1, "conditions": ready});
        check(
            "messaging.knative.dev/v1",
            "Channel",
            &behind,
            "its controller has seen generation 1 of 2",
        );
        // Of one that does not say, the conditions alone count.
        check("jetstream.nats.io/v1beta2", "Stream", &json!({"conditions": ready}), "ready");
    }

    #[test]
    fn openfunction_keeps_a_log() {
        let entry = |of: &str| json!({"type": of, "status": "True", "reason": "R"});
        let check = |entries: &[&str], expected: &str| {
            let conditions: Vec<Value> = entries.iter().map(|of| entry(of)).collect();
            let status = json!({"conditions": conditions});
            check("events.openfunction.io/v1alpha1", "Trigger", &status, expected);
        };
        check(&["Created", "Ready"], "ready");
        check(&["Ready", "Error"], "Error is True: R");
    }

    #[test]
    fn what_has_no_controller_is_ready() {
        check("v1", "ConfigMap", &Value::Null, "ready");
        check("apps/v1", "Deployment", &Value::Null, "no controller has said anything of it");
    }
}
