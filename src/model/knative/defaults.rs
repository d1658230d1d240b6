//! What admission adds to an object: the defaults of Knative's webhooks, as JSON. Needs the object
//! alone, and what is assumed of the servers; who created it is left out.

use serde_json::{Map, Value, json};

use crate::model::assumed::Assumed;
use crate::model::object::{ObjectKey, version_of};

use super::duck::{DeliverySpec, KReference};
use super::eventing::CLASS_ANNOTATION;
use super::flow_defaults;

/// The label that carries a Broker's name.
const BROKER_LABEL: &str = "eventing.knative.dev/broker";
/// The version of the Subscribable duck type that a channel has.
const SUBSCRIBABLE: &str = "messaging.knative.dev/subscribable";

/// The object as the server keeps it. A kind that evctl knows no defaults of stays as it is.
pub fn defaulted(key: &ObjectKey, body: &Value, assumed: &Assumed) -> Value {
    let mut object = body.clone();
    let namespace = key.namespace.clone().unwrap_or_default();
    match (key.group.as_str(), key.kind.as_str()) {
        ("eventing.knative.dev", "Broker") => broker(&mut object, &namespace, assumed),
        ("eventing.knative.dev", "Trigger") => trigger(&mut object, &namespace, assumed),
        ("eventing.knative.dev", "EventType") => event_type(&mut object, &namespace),
        ("eventing.knative.dev", "EventPolicy") => event_policy(&mut object, &namespace),
        ("eventing.knative.dev", "RequestReply") => request_reply(&mut object),
        ("messaging.knative.dev", "Channel") => {
            let absent = object.pointer("/spec/channelTemplate").is_none();
            channel_template(&mut object, &namespace, assumed);
            subscribable(&mut object);
            // The webhook leaves the delivery alone where there is a template.
            if absent {
                own_namespace(&mut object, "/spec/delivery/deadLetterSink/ref", &namespace);
            }
        }
        ("messaging.knative.dev", "InMemoryChannel") => {
            subscribable(&mut object);
            own_namespace(&mut object, "/spec/delivery/deadLetterSink/ref", &namespace);
        }
        ("messaging.knative.dev", "Subscription") => {
            for at in ["subscriber/ref", "reply/ref", "delivery/deadLetterSink/ref"] {
                own_namespace(&mut object, &format!("/spec/{at}"), &namespace);
            }
        }
        _ => flow_defaults::fill_spec(key, &mut object, assumed),
    }
    object
}

/// The template of a Channel, Sequence or Parallel that has none.
fn channel_template(object: &mut Value, namespace: &str, assumed: &Assumed) {
    let default = assumed.channel.of(Some(namespace));
    let mut template = json!({"apiVersion": default.api_version, "kind": default.kind});
    if let Some(settings) = default.spec {
        template["spec"] = Value::Object(settings.into_iter().collect());
    }
    fill(object, "/spec", "channelTemplate", template);
}

fn broker(object: &mut Value, namespace: &str, assumed: &Assumed) {
    let default = assumed.broker.of(Some(namespace));
    fill(object, "/metadata/annotations", CLASS_ANNOTATION, json!(default.class));
    fill(object, "/spec", "config", reference(&default.config));
    if let Some(spoken) = default.delivery.as_ref().map(delivery) {
        fill(object, "/spec", "delivery", spoken);
    }
    own_namespace(object, "/spec/config", namespace);
    own_namespace(object, "/spec/delivery/deadLetterSink/ref", namespace);
}

fn trigger(object: &mut Value, namespace: &str, assumed: &Assumed) {
    fill(object, "/spec", "filter", json!({}));
    own_namespace(object, "/spec/subscriber/ref", namespace);
    own_namespace(object, "/spec/delivery/deadLetterSink/ref", namespace);
    let crossing = assumed.features.enabled("cross-namespace-event-links");
    let by_reference = object.pointer("/spec/brokerRef/name").filter(|_| crossing);
    let name = by_reference.or_else(|| object.pointer("/spec/broker")).cloned();
    if let Some(name) = name.filter(|name| *name != "") {
        set(object, "/metadata/labels", BROKER_LABEL, name);
    }
}

fn request_reply(object: &mut Value) {
    fill(object, "/spec", "correlationAttribute", json!("correlationid"));
    fill(object, "/spec", "replyAttribute", json!("replyid"));
    fill(object, "/spec", "timeout", json!("PT30S"));
    if let Some(name) = object.pointer("/spec/brokerRef/name").cloned() {
        set(object, "/metadata/labels", BROKER_LABEL, name);
    }
}

fn event_policy(object: &mut Value, namespace: &str) {
    let count = object.pointer("/spec/from").and_then(Value::as_array).map_or(0, Vec::len);
    for number in 0..count {
        own_namespace(object, &format!("/spec/from/{number}/ref"), namespace);
    }
}

/// v1beta3 is stored as v1beta2, and comes back with these attributes in this order.
fn event_type(object: &mut Value, namespace: &str) {
    own_namespace(object, "/spec/reference", namespace);
    let version = object["apiVersion"].as_str().map(version_of).unwrap_or_default();
    if version != "v1beta3" {
        return;
    }
    let attributes = object.pointer("/spec/attributes").and_then(Value::as_array);
    let value = |name: &str| {
        let mut named = attributes.into_iter().flatten();
        named.rfind(|one| one["name"] == name).and_then(|one| one.get("value")).cloned()
    };
    let mut kept = vec![
        json!({"name": "specversion", "required": true}),
        json!({"name": "id", "required": true}),
    ];
    for (name, required) in [("type", true), ("source", true), ("schemadata", false)] {
        let mut one = json!({"name": name, "required": required});
        match value(name) {
            Some(value) => one["value"] = value,
            None if !required => continue,
            None => {}
        }
        kept.push(one);
    }
    set(object, "/spec", "attributes", Value::Array(kept));
}

fn subscribable(object: &mut Value) {
    fill(object, "/metadata/annotations", SUBSCRIBABLE, json!("v1"));
}

/// Writes the namespace into a reference that is there and has none; an absent name is written as
/// an empty one.
pub(super) fn own_namespace(object: &mut Value, reference: &str, namespace: &str) {
    if object.pointer(reference).is_some_and(Value::is_object) {
        fill(object, reference, "name", json!(""));
        fill(object, reference, "namespace", json!(namespace));
    }
}

/// Gives a field a value where it has none.
pub(super) fn fill(object: &mut Value, at: &str, field: &str, value: Value) {
    if let Some(fields) = mapping(object, at) {
        fields.entry(field).or_insert(value);
    }
}

fn set(object: &mut Value, at: &str, field: &str, value: Value) {
    if let Some(fields) = mapping(object, at) {
        fields.insert(field.to_owned(), value);
    }
}

/// The mapping at a pointer of plain keys and numbers, made where it is not there.
fn mapping<'a>(object: &'a mut Value, at: &str) -> Option<&'a mut Map<String, Value>> {
    let mut place = object;
    for step in at.split('/').skip(1) {
        place = match place {
            Value::Object(fields) => {
                let below = fields.entry(step).or_insert_with(|| json!({}));
                if below.is_null() {
                    *below = json!({});
                }
                below
            }
            Value::Array(items) => items.get_mut(step.parse::<usize>().ok()?)?,
            _ => return None,
        };
    }
    place.as_object_mut()
}

fn reference(reference: &KReference) -> Value {
    without_nulls(serde_json::to_value(reference).unwrap_or_default())
}

fn delivery(delivery: &DeliverySpec) -> Value {
    without_nulls(serde_json::to_value(delivery).unwrap_or_default())
}

fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let said = fields.into_iter().filter(|(_, value)| !value.is_null());
            Value::Object(said.map(|(name, value)| (name, without_nulls(value))).collect())
        }
        other => other,
    }
}
