//! The native broker of eventing-natss, class NatsJetStreamBroker: what it does other than the Broker of
//! Knative's own (shared/facts/jetstream.md §4, read in its source).

use crate::diag::{Code, Finding, Severity};
use crate::model::knative::eventing::{Eventing, TriggerSpec};
use crate::model::manifest::Typed;
use crate::model::{Manifest, Path};
use crate::topology::Backing;
use crate::topology::resolve::Resolver;

use super::{tell, tell_at_key};

/// The class.
const CLASS: &str = "NatsJetStreamBroker";
/// The annotation that takes the place of every other setting of the Broker.
const CONFIG: &str = "natsjetstream.eventing.knative.dev/config";

/// Everything about the Brokers of the class and their Triggers.
pub(super) fn brokers(resolver: &Resolver<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (node, broker, channel) in resolver.topology.channels() {
        let Backing::Broker { class, .. } = &channel.backing else { continue };
        let key = broker.name.object().filter(|_| class == CLASS);
        let Some(manifest) = key.and_then(|key| resolver.manifest(key)) else { continue };
        findings.extend(ignored_delivery(manifest));
        findings.extend(annotation(manifest));
        for (_, route) in resolver.topology.routes_from(node) {
            let Some(trigger) = resolver.manifest(&route.object) else { continue };
            let Typed::Eventing(Eventing::Trigger(spec)) = &trigger.typed else { continue };
            findings.extend(first_failure(trigger, spec));
            findings.extend(batch(trigger, spec));
        }
    }
    findings
}

/// The Broker's delivery, which its own documentation shows.
fn ignored_delivery(broker: &Manifest) -> Option<Finding> {
    let path = Path::of("spec.delivery");
    broker.root.at(&path)?;
    let message = format!(
        "a Broker of class {CLASS} does not heed its `delivery`: each Trigger's own counts alone"
    );
    let help = "write it at each Trigger";
    Some(tell_at_key(broker, Code::IgnoredField, &path, message, help))
}

/// An annotation is the whole of the settings: what it leaves out falls to other defaults than usual.
fn annotation(broker: &Manifest) -> Option<Finding> {
    let path = Path::of("metadata.annotations").key(CONFIG);
    let text = broker.root.at(&path)?.text().filter(|text| !text.is_empty())?;
    let settings = match serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(text) {
        Ok(settings) => settings,
        Err(error) => {
            let message = format!(
                "the Broker never becomes Ready: the annotation is not the JSON of an object ({error})"
            );
            let help = "write an object with stream, consumer, ingress or filter";
            return Some(tell(broker, Code::UnworkableSetting, &path, message, help));
        }
    };
    if settings.get("stream").is_some_and(|stream| !stream.is_null()) {
        return None;
    }
    let message = "without `stream` in this annotation a new stream keeps by Interest, not by Limits as without \
                   the annotation: what no Trigger wants at that moment is dropped";
    let help = "write \"stream\": {\"retention\": \"Limits\"} into it too";
    Some(tell(broker, Code::ImplicitDefault, &path, message, help))
}

/// Without a delivery, the first failure that ought to be tried again is acknowledged.
fn first_failure(trigger: &Manifest, spec: &TriggerSpec) -> Option<Finding> {
    if spec.delivery.is_some() {
        return None;
    }
    let message = format!(
        "without `delivery`, a Broker of class {CLASS} acknowledges the event at the first 5xx, 408 or 429: it is lost"
    );
    let help = "write `delivery` with retry, backoffPolicy and backoffDelay";
    let path = Path::of("spec.delivery");
    Some(tell(trigger, Code::ImplicitDefault, &path, message, help))
}

/// Ten events are fetched at once, and handled one after another within one time limit.
fn batch(trigger: &Manifest, spec: &TriggerSpec) -> Option<Finding> {
    spec.delivery.as_ref()?.timeout.as_ref()?;
    let message = "the stream waits this long for each of ten events that are fetched at once and handled one \
                   after another: a subscriber that takes more than a tenth of it gets events twice";
    let help =
        "write ten times what the subscriber needs, or CONSUMER_FETCH_BATCH_SIZE of the filter";
    let path = Path::of("spec.delivery.timeout");
    let finding = tell(trigger, Code::SequentialBatch, &path, message, help);
    Some(Finding { severity: Severity::Note, ..finding })
}
