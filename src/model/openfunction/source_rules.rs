//! What the shipped controller makes of an EventSource: what it demands, what it crashes on, what
//! it ignores (shared/facts/openfunction-and-argo.md §1.2 and §1.4).

use std::collections::BTreeMap;

use crate::diag::Code;
use crate::model::path::Path;
use crate::model::reading::Reading;
use crate::model::text::ObjectName;

use super::{EventSource, EventSourceSpec, topic};

/// The longest value of a label.
const LABEL: usize = 63;

pub(super) fn shipped(spec: &EventSourceSpec, reading: &mut Reading<'_>) {
    let source = spec.normal();
    outputs(&source, reading);
    names(&source, reading);
    same_event(&source, reading);
    inert(spec, reading);
    if source.events.is_empty() {
        let message = "an EventSource without kafka, cron, mqtt or redis makes no events";
        let help = "add one of them, with the name of the event as its key";
        reading.fault_at_key(Code::NeverFires, &Path::of("spec"), message, help);
    }
}

fn outputs(source: &EventSource, reading: &mut Reading<'_>) {
    let path = Path::of("spec.sink");
    let Some(sink) = &source.sink else {
        if source.event_bus.is_none() {
            let message = "an EventSource needs `eventBus` or `sink`, and this one has neither";
            let help = "add one; the controller ends in ErrorConfiguration without";
            reading.fault_at_key(Code::MissingField, &Path::of("spec"), message, help);
        }
        return;
    };
    if sink.uri.is_none() {
        let message = "the controller crashes on a sink of an EventSource that has no `uri`";
        let help = "write the URL as uri; a ref alone works in Triggers only";
        reading.fault_at_key(Code::Crashes, &path, message, help);
    } else if sink.reference.is_some() {
        let message = "`ref` counts for nothing beside `uri`";
        reading.fault_at_key(Code::InertField, &path.key("ref"), message, "keep one of them");
    }
}

/// Names of generated objects, which hold the name of the event.
fn names(source: &EventSource, reading: &mut Reading<'_>) {
    let name = reading.key.name.clone();
    let namespace = reading.key.namespace.clone().unwrap_or_default();
    for event in &source.events {
        let function = format!("esw-{name}-{}-{}", event.kind, event.name);
        let topic = topic(&namespace, &name, &event.name);
        if ObjectName::parse(&function).is_err() {
            let message = format!("the event's Function would be `{function}`, which is no name");
            let help = "name the event with lower-case letters, digits and `-`";
            reading.fault_at_key(Code::InvalidValue, &event.path(), message, help);
        } else if topic.len() > LABEL {
            let message = format!(
                "the event's topic `{topic}` is also a label, and has {} characters of {LABEL}",
                topic.len()
            );
            let help = "shorten the name of the event, the source or the namespace";
            reading.fault_at_key(Code::InvalidValue, &event.path(), message, help);
        }
    }
}

fn same_event(source: &EventSource, reading: &mut Reading<'_>) {
    let mut kinds = BTreeMap::new();
    for event in &source.events {
        let Some(first) = kinds.insert(&event.name, event.kind) else { continue };
        let message = format!(
            "events of {first} and of {} share the name `{}`, and so one topic",
            event.kind, event.name
        );
        let help = "give them names of their own, or no Trigger can tell them apart";
        reading.fault_at_key(Code::CrossTalk, &event.path(), message, help);
    }
}

/// Fields that the controller writes over, or never reads.
fn inert(spec: &EventSourceSpec, reading: &mut Reading<'_>) {
    let mut tell = |path: Path, message: &str| {
        reading.fault_at_key(Code::InertField, &path, message, "take it away");
    };
    for (name, kafka) in spec.kafka.iter().flatten() {
        let Some(scaling) = &kafka.scale_option else { continue };
        let path = Path::of("spec.kafka").key(name).key("scaleOption");
        if scaling.consumer_group.is_some() {
            tell(path.key("consumerGroup"), "the controller writes over `consumerGroup`");
        }
        if scaling.topic.is_some() {
            tell(path.key("topic"), "the source's own `topic` is read instead of this one");
        }
    }
    for (name, mqtt) in spec.mqtt.iter().flatten() {
        if mqtt.consumer_id.is_some() {
            let path = Path::of("spec.mqtt").key(name).key("consumerID");
            tell(path, "the controller writes over `consumerID`");
        }
    }
}
