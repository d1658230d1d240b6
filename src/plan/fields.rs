//! How a declared Kubernetes object differs from the live one: values that are declared and other,
//! and fields that evctl's field manager owns and that are declared no longer. What only the server
//! or other managers set is no difference.

use std::fmt;

use serde_json::{Map, Value};

use crate::model::knative::change::frozen;
use crate::model::knative::eventing::CLASS_ANNOTATION;
use crate::model::{ObjectKey, Path};
use crate::world::field_set::FieldSet;

use super::lists::{compare_lists, dropped_items};
use super::{FieldDiff, Rule};

/// Every difference, in the order of the declared object's fields.
pub fn object_diff(desired: &Value, live: &Value, claimed: Option<&FieldSet>) -> Vec<FieldDiff> {
    let mut diff = Vec::new();
    compare(desired, live, claimed, &At::ROOT, &mut diff);
    if let Some(claimed) = claimed {
        dropped(claimed, desired, live, &At::ROOT, &mut diff);
    }
    diff
}

/// Where in an object a comparison stands. Nearly all that is compared is equal, so that a path is made only
/// where there is something to say.
#[derive(Clone, Copy)]
pub(super) struct At<'a> {
    above: Option<&'a At<'a>>,
    step: Option<StepTo<'a>>,
}

#[derive(Clone, Copy)]
enum StepTo<'a> {
    Key(&'a str),
    Index(usize),
}

impl<'a> At<'a> {
    const ROOT: Self = Self { above: None, step: None };

    pub(super) fn key(&'a self, name: &'a str) -> Self {
        Self { above: Some(self), step: Some(StepTo::Key(name)) }
    }

    pub(super) fn index(&'a self, number: usize) -> Self {
        Self { above: Some(self), step: Some(StepTo::Index(number)) }
    }

    fn path(&self) -> Path {
        let above = self.above.map(Self::path).unwrap_or_default();
        match self.step {
            None => above,
            Some(StepTo::Key(name)) => above.key(name),
            Some(StepTo::Index(number)) => above.index(number),
        }
    }
}

impl fmt::Display for At<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.path().fmt(out)
    }
}

pub(super) fn compare(
    want: &Value,
    have: &Value,
    claimed: Option<&FieldSet>,
    at: &At<'_>,
    diff: &mut Vec<FieldDiff>,
) {
    match (want, have) {
        (Value::Object(want), Value::Object(have)) => {
            // Both are in the order of names.
            let mut have = have.iter().peekable();
            for (name, value) in want {
                let below = claimed.and_then(|claimed| claimed.field(name));
                while have.next_if(|(other, _)| *other < name).is_some() {}
                match have.next_if(|(other, _)| *other == name).map(|(_, live)| live) {
                    Some(live) => compare(value, live, below, &at.key(name), diff),
                    // Written once, and dropped by the server as it drops empty things.
                    None if below.is_some() && is_empty(value) => {}
                    None => {
                        let path = at.key(name).to_string();
                        diff.push(FieldDiff { path, from: None, to: Some(value.clone()) });
                    }
                }
            }
        }
        (Value::Array(want), Value::Array(have)) => compare_lists(want, have, claimed, at, diff),
        _ if want == have => {}
        _ => diff.push(changed(at, have, want)),
    }
}

/// Fields that evctl owns (fieldsV1) and that are declared no longer.
pub(super) fn dropped(
    claimed: &FieldSet,
    want: &Value,
    have: &Value,
    at: &At<'_>,
    diff: &mut Vec<FieldDiff>,
) {
    if let (Value::Array(want), Value::Array(have)) = (want, have) {
        return dropped_items(claimed, want, have, at, diff);
    }
    let Some(have) = have.as_object() else { return };
    for (name, below) in claimed.iter() {
        let Some(field) = name.strip_prefix("f:") else { continue };
        let Some(live) = have.get(field) else { continue };
        let path = at.key(field);
        match want.get(field) {
            // Owned as one (atomic): what is in it and not declared goes with the next apply. An empty
            // mapping alone may as well be one of which others own the parts.
            Some(value) if below.is_empty() && value.is_object() && !is_empty(value) => {
                extra(value, live, &path, diff);
            }
            Some(value) => dropped(below, value, live, &path, diff),
            None if is_owned_in_parts(below) => {
                dropped(below, &emptied(live), live, &path, diff);
            }
            None => {
                diff.push(FieldDiff { path: path.to_string(), from: Some(live.clone()), to: None });
            }
        }
    }
}

/// What is live below a declared value and not declared, however deep.
fn extra(want: &Value, have: &Value, at: &At<'_>, diff: &mut Vec<FieldDiff>) {
    match (want, have) {
        (Value::Object(want), Value::Object(have)) => {
            for (name, live) in have {
                let path = at.key(name);
                match want.get(name) {
                    Some(value) => extra(value, live, &path, diff),
                    None => {
                        let path = path.to_string();
                        diff.push(FieldDiff { path, from: Some(live.clone()), to: None });
                    }
                }
            }
        }
        (Value::Array(want), Value::Array(have)) if want.len() == have.len() => {
            for (number, (want, have)) in want.iter().zip(have).enumerate() {
                extra(want, have, &at.index(number), diff);
            }
        }
        _ => {}
    }
}

/// Whether only parts of a field are ours: the parts go, the rest is another's.
fn is_owned_in_parts(claimed: &FieldSet) -> bool {
    !claimed.is_empty() && claimed.get(".").is_none()
}

fn emptied(value: &Value) -> Value {
    if value.is_array() { Value::Array(Vec::new()) } else { Value::Object(Map::new()) }
}

pub(super) fn changed(at: &At<'_>, from: &Value, to: &Value) -> FieldDiff {
    FieldDiff { path: at.to_string(), from: Some(from.clone()), to: Some(to.clone()) }
}

/// An empty mapping or list declared, and nothing live: the server drops empty things.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Object(fields) => fields.values().all(is_empty),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

/// The webhook's no to a change of what cannot change; which fields these are, `frozen` says.
pub fn immutable(key: &ObjectKey, diff: &[FieldDiff], live: &Value) -> Option<Rule> {
    if diff.is_empty() {
        return None;
    }
    // The defaulting webhook has filled in what the file leaves out.
    live.get("spec")?;
    let mut after = live.clone();
    diff.iter().for_each(|field| put(field, &mut after));
    let frozen = frozen(key, live, &after).first()?.to_string();
    let is_below = |path: &str| {
        path.strip_prefix(&frozen)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    };
    let changed = diff.iter().find(|field| is_below(&field.path));
    let path = changed.map_or(&frozen, |field| &field.path);
    Some(Rule {
        code: "immutable-field".into(),
        err_code: Some(400),
        text: format!("{path} is immutable in a {}, says the webhook of Knative", key.kind),
    })
}

/// Changes a field of the spec, or the class of a Broker, as far as it matters whether it is another.
fn put(field: &FieldDiff, object: &mut Value) {
    let class = Path::of("metadata.annotations").key(CLASS_ANNOTATION).to_string();
    let (at, name) = match field.path.strip_prefix("spec.") {
        Some(rest) => ("/spec", rest.split(['.', '[']).next().unwrap_or(rest)),
        None if field.path == class => ("/metadata/annotations", CLASS_ANNOTATION),
        None => return,
    };
    let Some(fields) = object.pointer_mut(at).and_then(Value::as_object_mut) else { return };
    let is_whole = field.path == class || field.path.len() == "spec.".len() + name.len();
    match &field.to {
        None if is_whole => fields.remove(name),
        Some(value) if is_whole => fields.insert(name.to_owned(), value.clone()),
        // Some part of it is another.
        _ => fields.insert(name.to_owned(), Value::Null),
    };
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    #[expect(clippy::needless_pass_by_value, reason = "a table of cases reads better")]
    fn check(desired: Value, live: Value, claimed: Option<Value>, expected: &[&str]) {
        let claimed = claimed.as_ref().map(FieldSet::of);
        let diff = object_diff(&desired, &live, claimed.as_ref());
        let paths: Vec<_> = diff.iter().map(|field| field.path.as_str()).collect();
        assert_eq!(paths, expected);
    }

    #[test]
    fn only_what_is_declared_counts() {
        check(json!({"a": 1}), json!({"a": 1, "b": 2}), None, &[]);
        // In whatever order they are written: maps are kept in the order of names.
        check(json!({"c": 1, "a": 1}), json!({"a": 1, "b": 2, "c": 1}), None, &[]);
        check(json!({"a": {"b": 1}}), json!({"a": {"b": 2, "c": 3}}), None, &["a.b"]);
        check(json!({"a": 1}), json!({}), None, &["a"]);
        check(json!({"a": {}}), json!({}), None, &["a"]);
        check(json!({"a": {}}), json!({}), Some(json!({"f:a": {}})), &[]);
        check(json!({"a": [1, 2]}), json!({"a": [2, 1]}), None, &["a"]);
        check(json!({"a": [{"x": 1}]}), json!({"a": [{"x": 1, "y": 2}]}), None, &[]);
        check(json!({"a": [{"x": 1}]}), json!({"a": [{"x": 2}, {"x": 3}]}), None, &["a"]);
    }

    #[track_caller]
    fn fixed_in(group: &str, kind: &str, path: &str, expected: bool) {
        let key =
            ObjectKey { group: group.into(), kind: kind.into(), namespace: None, name: "a".into() };
        let diff = [FieldDiff { path: path.to_owned(), from: None, to: Some(json!("b")) }];
        let live = json!({"metadata": {"annotations": {CLASS_ANNOTATION: "a"}}, "spec": {}});
        let text = immutable(&key, &diff, &live).map(|rule| rule.text).unwrap_or_default();
        assert_eq!(text.starts_with(&format!("{path} is immutable")), expected, "{kind} {text}");
    }

    #[test]
    fn webhooks_fix_what_they_fix() {
        let messaging = |kind, path, expected| {
            fixed_in("messaging.knative.dev", kind, path, expected);
        };
        messaging("Channel", "spec.delivery.retry", true);
        messaging("Channel", "metadata.labels.a", false);
        messaging("InMemoryChannel", "spec.delivery.retry", false);
        messaging("Subscription", "spec.channel.name", true);
        messaging("Subscription", "spec.subscriber.uri", false);
        let eventing = |kind, path, expected| {
            fixed_in("eventing.knative.dev", kind, path, expected);
        };
        let class = Path::of("metadata.annotations").key(CLASS_ANNOTATION).to_string();
        eventing("Broker", "spec.config.name", true);
        eventing("Broker", "spec.delivery.retry", false);
        eventing("Broker", &class, true);
        eventing("Broker", "metadata.annotations[\"other/b\"]", false);
        eventing("Trigger", "spec.broker", true);
        eventing("Trigger", "spec.brokerRef.name", false);
        eventing("Trigger", "spec.filter", false);
        eventing("EventTransform", "spec.jsonata", true);
        eventing("EventTransform", "spec.sink.uri", false);
    }

    #[test]
    fn what_evctl_owned_and_no_longer_declares_goes() {
        let claimed = json!({"f:spec": {"f:a": {}, "f:b": {"f:c": {}, "f:d": {}}}});
        let live = json!({"spec": {"a": 1, "b": {"c": 1, "d": 2, "e": 3}}});
        check(
            json!({"spec": {"b": {"c": 1}}}),
            live.clone(),
            Some(claimed.clone()),
            &["spec.a", "spec.b.d"],
        );
        check(
            json!({"spec": {"a": 1}}),
            live.clone(),
            Some(claimed.clone()),
            &["spec.b.c", "spec.b.d"],
        );
        check(json!({}), live, Some(claimed), &["spec.a", "spec.b.c", "spec.b.d"]);
    }

    #[test]
    fn what_is_owned_as_one_has_nothing_beside_it() {
        let whole = json!({"f:selector": {}});
        let live = json!({"selector": {"app": "b", "tier": "b"}});
        let with = |selector: Value| json!({"selector": selector});
        let two = json!({"app": "b", "tier": "b"});
        check(with(json!({"app": "b"})), live.clone(), Some(whole.clone()), &["selector.tier"]);
        check(with(two), live.clone(), Some(whole.clone()), &[]);
        check(with(json!({})), live.clone(), Some(whole), &[]);
        check(with(json!({"app": "b"})), live, None, &[]);
        let deep = json!({"selector": {"all": [{"key": "a", "values": ["b"]}]}});
        let less = json!({"selector": {"all": [{"key": "a"}]}});
        check(less, deep, Some(json!({"f:selector": {}})), &["selector.all[0].values"]);
    }

    #[test]
    fn associative_lists_leave_room_for_others() {
        let claimed = json!({"f:l": {"k:{\"name\":\"a\"}": {"f:v": {}, "f:w": {}}}});
        let live = json!({"l": [{"name": "b", "v": 2}, {"name": "a", "v": 1, "w": 5}]});
        let with = |items: Value| json!({"l": items});
        check(
            with(json!([{"name": "a", "v": 1, "w": 5}])),
            live.clone(),
            Some(claimed.clone()),
            &[],
        );
        check(
            with(json!([{"name": "a", "v": 3, "w": 5}])),
            live.clone(),
            Some(claimed.clone()),
            &["l.a.v"],
        );
        check(
            with(json!([{"name": "a", "v": 1}])),
            live.clone(),
            Some(claimed.clone()),
            &["l.a.w"],
        );
        check(with(json!([{"name": "c"}])), live.clone(), Some(claimed.clone()), &["l", "l.a"]);
        check(with(json!([])), live.clone(), Some(claimed.clone()), &["l.a"]);
        check(json!({}), live, Some(claimed), &["l.a"]);
    }

    #[test]
    fn keys_that_the_server_filled_in_are_found() {
        let claimed = json!({"f:p": {"k:{\"port\":80,\"protocol\":\"TCP\"}": {"f:port": {}}}});
        let live = json!({"p": [{"port": 80, "protocol": "TCP"}]});
        check(json!({"p": [{"port": 80}]}), live.clone(), Some(claimed.clone()), &[]);
        check(json!({"p": [{"port": 81}]}), live, Some(claimed), &["p", "p[\"80/TCP\"]"]);
    }

    #[test]
    fn sets_and_whole_lists() {
        let set = json!({"f:s": {"v:\"a\"": {}, "v:\"b\"": {}}});
        let live = json!({"s": ["a", "b", "theirs"]});
        check(json!({"s": ["b", "a"]}), live.clone(), Some(set.clone()), &[]);
        check(json!({"s": ["a"]}), live.clone(), Some(set.clone()), &["s"]);
        check(json!({"s": ["a", "b", "c"]}), live, Some(set), &["s"]);
        let whole = json!({"f:w": {}});
        check(
            json!({"w": [{"x": 1}]}),
            json!({"w": [{"x": 1, "y": 2}]}),
            Some(whole.clone()),
            &["w[0].y"],
        );
        check(json!({"w": [{"x": 1}]}), json!({"w": [{"x": 1}, {"x": 2}]}), Some(whole), &["w"]);
    }
}
