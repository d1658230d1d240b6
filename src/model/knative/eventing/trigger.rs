//! Trigger: which of a Broker's events go to a subscriber.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::diag::Code;
use crate::model::kinds::Spec;
use crate::model::knative::delivery_rules;
use crate::model::knative::duck::{DeliverySpec, Destination, KReference};
use crate::model::knative::filter_rules::{self, Filtering};
use crate::model::knative::filters::{SubscriptionsFilter, TriggerFilter};
use crate::model::manifest::Typed;
use crate::model::path::Path;
use crate::model::reading::Reading;

use super::Eventing;
use super::broker::too_long;

/// What the Trigger waits for before it counts as ready: a JSON object reference.
const DEPENDENCY: &str = "knative.dev/dependency";
/// Has a default Broker made.
const INJECTION: &str = "eventing.knative.dev/injection";

/// Delivers the events of a Broker that pass its filters to a subscriber, whose replies go back to
/// the Broker.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TriggerSpec {
    /// The Broker, by its name, in the Trigger's own namespace. Frozen once the Trigger exists.
    pub broker: Option<String>,
    /// The Broker in another namespace, in place of `broker`. Needs the feature
    /// `cross-namespace-event-links`.
    pub broker_ref: Option<KReference>,
    /// Which events, by their attributes. Counts for nothing beside `filters`.
    #[serde(default, deserialize_with = "crate::model::mapping::optional_mapping")]
    pub filter: Option<TriggerFilter>,
    /// Which events: those that pass every filter. All events where it is absent or empty.
    pub filters: Option<Vec<SubscriptionsFilter>>,
    /// Where the events go.
    pub subscriber: Destination,
    /// How to deliver. Once it is there, the Broker's retries and timeout count for nothing; its
    /// dead letter sink still does where this has none.
    pub delivery: Option<DeliverySpec>,
}

impl Spec for TriggerSpec {
    fn check(&self, reading: &mut Reading<'_>) {
        self.one_broker(reading);
        self.filters(reading);
        delivery_rules::check(reading, &Path::of("spec.delivery"), self.delivery.as_ref());
        too_long(reading, "the Subscription that it makes");
        injection(reading, self.broker.as_deref());
        dependency(reading);
    }

    fn typed(self) -> Typed {
        Typed::Eventing(Eventing::Trigger(Box::new(self)))
    }
}

impl TriggerSpec {
    fn one_broker(&self, reading: &mut Reading<'_>) {
        let broker = self.broker.as_deref().filter(|name| !name.is_empty());
        let at = Path::of("spec.brokerRef");
        match (broker, &self.broker_ref) {
            (None, None) => reading.missing(&Path::of("spec.broker"), "name the Broker"),
            (Some(_), Some(_)) => {
                let message = "`spec.broker` and `spec.brokerRef` both name a Broker";
                reading.fault_at_key(Code::ForbiddenField, &at, message, "keep one of them");
            }
            (None, Some(_)) => {
                delivery_rules::needs_feature(reading, &at, "cross-namespace-event-links");
            }
            (Some(name), None) if name.len() > 63 => {
                let message = "the Broker's name is longer than a label's value, which is 63";
                let help = "shorten the Broker's name: the webhook makes a label of it";
                reading.fault(Code::NameTooLong, &Path::of("spec.broker"), message, help);
            }
            (Some(_), None) => {}
        }
    }

    fn filters(&self, reading: &mut Reading<'_>) {
        let filters = self.filters.as_deref().unwrap_or_default();
        filter_rules::check(reading, &Path::of("spec.filters"), filters, Filtering::Server);
        let attributes = self.filter.as_ref().and_then(|filter| filter.attributes.as_ref());
        let Some(attributes) = attributes.filter(|attributes| !attributes.0.is_empty()) else {
            return;
        };
        if !filters.is_empty() {
            let message = "`spec.filter` counts for nothing beside `spec.filters`";
            let help = "take it away, or write it as `exact` into `filters`";
            reading.fault_at_key(Code::IgnoredField, &Path::of("spec.filter"), message, help);
        } else if attributes.0.get("time").is_some_and(String::is_empty) {
            let at = Path::of("spec.filter.attributes.time");
            let message = "an empty `time` lets every event pass, those without a time too";
            let help = "take it away, or ask by `filters: [{cesql: EXISTS time}]`";
            reading.fault(Code::EmptyFilter, &at, message, help);
        }
    }
}

fn injection(reading: &mut Reading<'_>, broker: Option<&str>) {
    let at = Path::of("metadata.annotations").key(INJECTION);
    let Some(value) = reading.annotation(INJECTION) else { return };
    if !matches!(value, "enabled" | "disabled") {
        let message = format!("`{INJECTION}` is `{value}`, not enabled or disabled");
        reading.fault(Code::InvalidValue, &at, message, "write one of the two");
    } else if broker != Some("default") {
        let message = "only a Broker named `default` is injected, and this Trigger names another";
        let help = "take the annotation away, or write broker: default";
        reading.fault(Code::InvalidValue, &at, message, help);
    }
}

/// As much of a core/v1 ObjectReference as the dependency must have.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Dependency {
    kind: String,
    name: String,
    namespace: String,
    api_version: String,
}

fn dependency(reading: &mut Reading<'_>) {
    let at = Path::of("metadata.annotations").key(DEPENDENCY);
    let Some(text) = reading.annotation(DEPENDENCY) else { return };
    let own = reading.key.namespace.clone().unwrap_or_default();
    let wrong = match serde_json::from_str::<Dependency>(text) {
        Err(error) => Some(format!("is no JSON object reference: {error}")),
        Ok(to) if !to.namespace.is_empty() && to.namespace != own => {
            Some(format!("names the namespace {}, not the Trigger's own, {own}", to.namespace))
        }
        Ok(to) => [("kind", to.kind), ("name", to.name), ("apiVersion", to.api_version)]
            .iter()
            .find(|(_, value)| value.is_empty())
            .map(|(field, _)| format!("has no `{field}`")),
    };
    if let Some(wrong) = wrong {
        let help = "write JSON such as {\"apiVersion\": \"sources.knative.dev/v1\", \
            \"kind\": \"PingSource\", \"name\": \"ticks\"}";
        let message = format!("`{DEPENDENCY}` {wrong}");
        reading.fault(Code::InvalidValue, &at, message, help);
    }
}
