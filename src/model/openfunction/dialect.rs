//! Which dialect a document is in, told by its shape: all three share one apiVersion
//! (shared/facts/openfunction-and-argo.md §1.5).

use crate::diag::Code;
use crate::model::kinds;
use crate::model::manifest::Typed;
use crate::model::path::Path;
use crate::model::reading::Reading;
use crate::model::yaml::{Node, Value};

use super::{
    EventBusSpec, EventSourceSpec, FirstEventBusSpec, FirstEventSourceSpec, FirstTriggerSpec,
    SecondTriggerSpec, TriggerSpec,
};

const FIRST: &str = "the first proposal (2021-07)";
const SECOND: &str = "the second proposal (2021-08)";

/// Fields of a Kafka source that only the first proposal has.
const FIRST_KAFKA: &[&str] = &["url", "jsonBody", "connectionBackoff", "consumerGroup"];

pub(super) fn trigger(reading: &mut Reading<'_>) -> Option<Typed> {
    let sources = Path::of("spec.eventSources");
    if reading.node(&sources).is_some() {
        let cost = "`eventSources` would be pruned and `inputs` and `eventBus` be missing";
        note(reading, &sources, FIRST, cost);
        return kinds::read::<FirstTriggerSpec>(reading);
    }
    let inputs = Path::of("spec.inputs");
    if reading.node(&inputs).is_some_and(|node| matches!(node.value, Value::Sequence(_))) {
        note(reading, &inputs, SECOND, "`inputs` must be a mapping there");
        return kinds::read::<SecondTriggerSpec>(reading);
    }
    kinds::read::<TriggerSpec>(reading)
}

pub(super) fn event_source(reading: &mut Reading<'_>) -> Option<Typed> {
    let kafka = Path::of("spec.kafka");
    if let Some(path) = reading.node(&kafka).and_then(|node| first_kafka(node, &kafka)) {
        let cost = "the field would be pruned, and `brokers` and `authRequired` be missing";
        note(reading, &path, FIRST, cost);
        return kinds::read::<FirstEventSourceSpec>(reading);
    }
    kinds::read::<EventSourceSpec>(reading)
}

/// The first field by which a Kafka source is of the first proposal.
fn first_kafka(kafka: &Node, path: &Path) -> Option<Path> {
    let Value::Mapping(entries) = &kafka.value else { return None };
    entries.iter().filter(|entry| entry.value.get("brokers").is_none()).find_map(|entry| {
        let field = FIRST_KAFKA.iter().find(|field| entry.value.get(field).is_some())?;
        Some(path.key(entry.key.as_str()).key(*field))
    })
}

pub(super) fn event_bus(reading: &mut Reading<'_>) -> Option<Typed> {
    let nats = Path::of("spec.nats");
    if reading.node(&nats).is_some() && reading.node(&Path::of("spec.natsStreaming")).is_none() {
        note(reading, &nats, FIRST, "`nats` would be pruned, and the bus be without a server");
        return kinds::read::<FirstEventBusSpec>(reading);
    }
    kinds::read::<EventBusSpec>(reading)
}

fn note(reading: &mut Reading<'_>, path: &Path, dialect: &str, cost: &str) {
    let kind = &reading.key.kind;
    let message =
        format!("this {kind} is in the dialect of {dialect}; with the shipped CRD, {cost}");
    let help = "it is read as proposed; write it in the shipped dialect before applying it";
    reading.fault_at_key(Code::ProposedDialect, path, message, help);
}
