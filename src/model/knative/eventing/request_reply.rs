//! RequestReply: a synchronous way into a Broker, which waits for the answer.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::diag::Code;
use crate::model::duration::PositiveIsoDuration;
use crate::model::kinds::Spec;
use crate::model::knative::delivery_rules;
use crate::model::knative::duck::{DeliverySpec, KReference};
use crate::model::manifest::Typed;
use crate::model::path::Path;
use crate::model::reading::Reading;

use super::Eventing;

/// Sends each event it gets to a Broker, and answers with the event that replies to it.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RequestReplySpec {
    /// The Broker, in the object's own namespace.
    pub broker_ref: KReference,
    /// The attribute that marks a request; `correlationid` where it is absent.
    pub correlation_attribute: Option<String>,
    /// The attribute by which a reply says what it replies to; `replyid` where it is absent.
    pub reply_attribute: Option<String>,
    /// How long to wait for the reply, in ISO 8601; PT30S where it is absent.
    pub timeout: Option<PositiveIsoDuration>,
    /// How to deliver to the Broker.
    pub delivery: Option<DeliverySpec>,
}

/// Attributes that every event has already.
const CORE: &[&str] = &["id", "source", "specversion", "type"];

impl Spec for RequestReplySpec {
    fn check(&self, reading: &mut Reading<'_>) {
        self.broker(reading);
        let attributes = [
            ("correlationAttribute", &self.correlation_attribute),
            ("replyAttribute", &self.reply_attribute),
        ];
        for (field, name) in attributes {
            let Some(name) = name.as_deref().filter(|name| CORE.contains(name)) else { continue };
            let at = Path::of("spec").key(field);
            let message = format!("`{at}` is `{name}`, which every event has already");
            let help = "name an extension attribute, such as correlationid";
            reading.fault(Code::InvalidValue, &at, message, help);
        }
        let delivery = self.delivery.as_ref();
        delivery_rules::check_without_format(reading, &Path::of("spec.delivery"), delivery);
    }

    fn typed(self) -> Typed {
        Typed::Eventing(Eventing::RequestReply(Box::new(self)))
    }
}

impl RequestReplySpec {
    fn broker(&self, reading: &mut Reading<'_>) {
        let at = Path::of("spec.brokerRef");
        if self.broker_ref.kind != "Broker" {
            let message = format!("`{at}.kind` is `{}`, not Broker", self.broker_ref.kind);
            reading.fault(Code::WrongKind, &at.key("kind"), message, "name a Broker");
        }
        if self.broker_ref.namespace.is_some() {
            let at = at.key("namespace");
            let message = "the Broker of a RequestReply is always in its own namespace";
            let help = "take `namespace` away; the webhook refuses even its own";
            reading.fault_at_key(Code::ForbiddenField, &at, message, help);
        }
    }
}
