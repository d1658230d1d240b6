//! What is wrong with a Trigger by itself: its conditions in every dialect, and what the shipped
//! controller and handler make of it (shared/facts/openfunction-and-argo.md §1.3 and §1.4).

use std::collections::BTreeMap;

use crate::diag::Code;
use crate::model::path::Path;
use crate::model::reading::Reading;
use crate::model::shape::nearest;

use super::condition::{Condition, is_identifier};
use super::{Destination, SinkSpec, Subscriber, Target, Trigger, topic};

const EXITS: &str = "the handler ends at the first event of any input, again and again";

pub(super) fn every_dialect(trigger: &Trigger, reading: &mut Reading<'_>) {
    let mut names = BTreeMap::new();
    for input in &trigger.inputs {
        if names.insert(&input.name, ()).is_some() {
            let message = format!("the name `{}` is taken by an earlier input", input.name);
            let help = "conditions cannot tell the two apart: give it another name";
            reading.fault(Code::Overwritten, &input.path.key("name"), message, help);
        }
    }
    for (paths, what) in
        [(trigger.inputs.is_empty(), "inputs"), (trigger.subscribers.is_empty(), "subscribers")]
    {
        if paths {
            let message = format!("a Trigger without {what} does nothing");
            let help = format!("add {what}, or take the Trigger away");
            reading.fault_at_key(Code::NeverFires, &Path::of("spec"), message, help);
        }
    }
    for subscriber in &trigger.subscribers {
        condition(trigger, subscriber, reading);
    }
}

fn condition(trigger: &Trigger, subscriber: &Subscriber, reading: &mut Reading<'_>) {
    let path = subscriber.path.key("condition");
    let text = &subscriber.condition;
    let names: Vec<&str> = trigger.inputs.iter().map(|input| input.name.as_str()).collect();
    let unreadable = names.iter().find(|name| !is_identifier(name) && text.contains(*name));
    if let Some(name) = unreadable {
        let message =
            format!("`{name}` is no name that CEL can read, so `{text}` does not compile");
        let help = format!("rename the input to letters, digits and `_`; else {EXITS}");
        return reading.fault(Code::InvalidCondition, &path, message, help);
    }
    let condition = match Condition::parse(text) {
        Ok(condition) => condition,
        Err(why) => {
            let message = format!("`{text}` is no condition over inputs: {why}");
            let help = format!("write names of inputs with !, && and ||; else {EXITS}");
            return reading.fault(Code::InvalidCondition, &path, message, help);
        }
    };
    let unknown: Vec<&str> =
        condition.inputs().into_iter().filter(|name| !names.contains(name)).collect();
    for name in &unknown {
        let message = format!("`{name}` is no input of this Trigger");
        let help = match nearest(name, names.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("declare the input, or correct the name; else {EXITS}"),
        };
        reading.fault(Code::InvalidCondition, &path, message, help);
    }
    if unknown.is_empty() && !names.is_empty() && !condition.can_fire(&names) {
        let message = format!("`{text}` never holds: the event that arrives turns its input on");
        let help = "ask for something that can be true while one of the inputs is";
        reading.fault(Code::NeverFires, &path, message, help);
    }
}

pub(super) fn shipped(trigger: &Trigger, reading: &mut Reading<'_>) {
    if trigger.event_bus.is_none() {
        let message = "`spec.eventBus` is empty, and there is no default";
        let help = "name an EventBus or a ClusterEventBus";
        reading.fault(Code::InvalidValue, &Path::of("spec.eventBus"), message, help);
    }
    same_topic(trigger, reading);
    same_condition(trigger, reading);
    same_output(trigger, reading);
    same_component(trigger, reading);
    for subscriber in &trigger.subscribers {
        dead_letters(subscriber, reading);
        if subscriber.destinations.is_empty() {
            let message = "the subscriber has neither `sink` nor `topic`: its events go nowhere";
            reading.fault(Code::MissingField, &subscriber.path, message, "add one of them");
        }
        for destination in &subscriber.destinations {
            if let Target::Sink(sink) = &destination.to {
                self::sink(sink, &destination.path, reading);
            }
        }
    }
}

/// Two inputs on one topic leave one variable.
fn same_topic(trigger: &Trigger, reading: &mut Reading<'_>) {
    let own = reading.key.namespace.clone().unwrap_or_default();
    let mut topics = BTreeMap::new();
    for input in &trigger.inputs {
        let namespace = input.namespace.as_deref().unwrap_or(&own);
        let topic = topic(namespace, &input.source, &input.event);
        let Some(first) = topics.insert(topic.clone(), &input.name) else { continue };
        let message = format!(
            "the inputs `{first}` and `{}` are one topic, `{topic}`, and only one of them gets a \
             variable: which one is chance",
            input.name
        );
        let help = "keep one of them, and use its name in every condition";
        reading.fault_at_key(Code::Overwritten, &input.path, message, help);
    }
}

/// The condition is the key by which the handler knows subscribers.
fn same_condition(trigger: &Trigger, reading: &mut Reading<'_>) {
    let mut conditions = BTreeMap::new();
    for subscriber in &trigger.subscribers {
        let Some(first) = conditions.insert(&subscriber.condition, &subscriber.path) else {
            continue;
        };
        let message = format!(
            "`{}` is the condition of `{first}` too, and only the last subscriber of a condition \
             gets events",
            subscriber.condition
        );
        let help = "write it differently, as in `(a)` for `a`, or use another Trigger";
        reading.fault(Code::Overwritten, &subscriber.path.key("condition"), message, help);
    }
}

/// A topic becomes an output of the subscriber that names it first.
fn same_output(trigger: &Trigger, reading: &mut Reading<'_>) {
    let mut topics = BTreeMap::new();
    for destination in trigger.subscribers.iter().flat_map(|s| &s.destinations) {
        let Target::Topic(topic) = &destination.to else { continue };
        let Some(first) = topics.get(topic) else {
            topics.insert(topic, &destination.path);
            continue;
        };
        let message =
            format!("`{topic}` is `{first}` already; this subscriber gets no output to it");
        let help = "join the two conditions with ||, or use another Trigger";
        reading.fault(Code::Overwritten, &destination.path, message, help);
    }
}

/// Sinks of one namespace share one Dapr component, and so one URL.
fn same_component(trigger: &Trigger, reading: &mut Reading<'_>) {
    let own = reading.key.namespace.clone().unwrap_or_default();
    let mut components: BTreeMap<String, &Destination> = BTreeMap::new();
    for destination in trigger.subscribers.iter().flat_map(|s| &s.destinations) {
        let Target::Sink(sink) = &destination.to else { continue };
        let namespace = match (&sink.uri, &sink.reference) {
            (Some(_), _) => own.clone(),
            (None, Some(reference)) => reference.namespace.clone().unwrap_or_default().into(),
            (None, None) => continue,
        };
        let Some(first) = components.insert(namespace.clone().into(), destination) else {
            continue;
        };
        if first.to == destination.to {
            continue;
        }
        let component = format!("ts-{}-{namespace}", reading.key.name);
        let message = format!(
            "this sink and `{}` share the component `{component}`: all of their events go to the \
             last of them",
            first.path
        );
        let help = "use one Trigger for each sink of a namespace";
        reading.fault_at_key(Code::Overwritten, &destination.path, message, help);
    }
}

fn dead_letters(subscriber: &Subscriber, reading: &mut Reading<'_>) {
    let has_sink = subscriber.destinations.iter().any(|d| matches!(d.to, Target::Sink(_)));
    for dead in &subscriber.dead_letters {
        if matches!(dead.to, Target::Sink(_)) && !has_sink {
            let message = "the controller crashes on a `deadLetterSink` without a `sink`";
            reading.fault_at_key(Code::Crashes, &dead.path, message, "add a sink, or take it away");
        } else {
            let message = "no handler reads this: what cannot be delivered ends the process, and \
                           is lost";
            let help = "take it away, and let the sink keep what it cannot work on";
            reading.fault_at_key(Code::InertField, &dead.path, message, help);
        }
    }
}

fn sink(sink: &SinkSpec, path: &Path, reading: &mut Reading<'_>) {
    match (&sink.uri, &sink.reference) {
        (None, None) => {
            let message = format!("`{path}` names nothing: it has neither `ref` nor `uri`");
            reading.fault_at_key(Code::MissingField, path, message, "add one of them");
        }
        (Some(_), Some(_)) => {
            let message = "`ref` counts for nothing beside `uri`";
            reading.fault_at_key(Code::InertField, &path.key("ref"), message, "keep one of them");
        }
        (None, Some(reference))
            if reference.namespace.as_deref().unwrap_or_default().is_empty() =>
        {
            let message = format!("`{path}.ref.namespace` is missing, and there is no default");
            let help = "add it: the controller looks in the namespace \"\", and finds nothing";
            let at = path.key("ref");
            reading.fault_at_key(Code::MissingField, &at, message, help);
        }
        _ => {}
    }
}
