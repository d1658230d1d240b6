//! Broker: what takes events in and hands them to Triggers.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::diag::Code;
use crate::model::kinds::Spec;
use crate::model::knative::delivery_rules;
use crate::model::knative::duck::{DeliverySpec, KReference};
use crate::model::manifest::Typed;
use crate::model::path::Path;
use crate::model::reading::Reading;

use super::Eventing;

/// Says which implementation a Broker is.
pub const CLASS_ANNOTATION: &str = "eventing.knative.dev/broker.class";

/// Takes events in and hands them to every Trigger whose filter lets them pass.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BrokerSpec {
    /// What the Broker is made with, mostly a ConfigMap; the cluster's default where it is absent.
    /// Frozen once the Broker exists.
    pub config: Option<KReference>,
    /// How to deliver to Triggers that have no delivery of their own. The cluster's default where
    /// it is absent (10 retries, exponential, PT0.2S as released), and none of it where it is there.
    pub delivery: Option<DeliverySpec>,
}

impl Spec for BrokerSpec {
    fn absent() -> Option<Self> {
        Some(Self::default())
    }

    fn check(&self, reading: &mut Reading<'_>) {
        delivery_rules::check(reading, &Path::of("spec.delivery"), self.delivery.as_ref());
        if reading.annotation(CLASS_ANNOTATION) == Some("") {
            let at = Path::of("metadata.annotations").key(CLASS_ANNOTATION);
            let message = "the class of the Broker is empty";
            let help = "take the annotation away for the default class, or name one";
            reading.fault(Code::InvalidValue, &at, message, help);
        }
        too_long(reading, "its trigger channel and its Triggers");
    }

    fn typed(self) -> Typed {
        Typed::Eventing(Eventing::Broker(Box::new(self)))
    }
}

/// A name that a controller writes into a label, which holds 63 characters.
pub(super) fn too_long(reading: &mut Reading<'_>, labelled: &str) {
    let length = reading.key.name.len();
    if length > 63 {
        let message = format!("the name has {length} characters, and a label's value 63 at most");
        let help = format!("shorten it: Knative writes it into a label of {labelled}");
        reading.fault(Code::NameTooLong, &Path::of("metadata.name"), message, help);
    }
}
