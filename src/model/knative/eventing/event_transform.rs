//! EventTransform: events made into other events.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::diag::Code;
use crate::model::kinds::Spec;
use crate::model::knative::duck::Destination;
use crate::model::manifest::Typed;
use crate::model::path::Path;
use crate::model::reading::Reading;

use super::Eventing;

/// Takes events, transforms them, and sends them on or answers with them.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EventTransformSpec {
    /// The transformation, in JSONata. Its kind is frozen once the object exists.
    #[serde(default, deserialize_with = "crate::model::mapping::optional_mapping")]
    pub jsonata: Option<Jsonata>,
    /// Where the transformed event goes; back to the sender, as its answer, where it is absent.
    pub sink: Option<Destination>,
    /// What becomes of the sink's answer. Needs `sink`.
    pub reply: Option<ReplyTransformation>,
}

/// A transformation in JSONata.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Jsonata {
    /// The expression, over the event in structured form. The webhook does not parse it.
    pub expression: Option<String>,
}

/// What becomes of the sink's answer.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReplyTransformation {
    /// The transformation of the answer.
    #[serde(default, deserialize_with = "crate::model::mapping::optional_mapping")]
    pub jsonata: Option<Jsonata>,
    /// Whether the answer is dropped; false where it is absent.
    pub discard: Option<bool>,
}

impl Spec for EventTransformSpec {
    fn check(&self, reading: &mut Reading<'_>) {
        if self.jsonata.is_none() {
            reading.missing(&Path::of("spec.jsonata"), "say how to transform, in JSONata");
        }
        let certificates = self.sink.as_ref().and_then(|sink| sink.ca_certs.as_ref());
        if certificates.is_some() && self.jsonata.is_some() {
            let message = "a JSONata transformation takes no certificates for its sink";
            let help = "take CACerts away, and put the bundle into a labelled ConfigMap";
            let at = Path::of("spec.sink.CACerts");
            reading.fault_at_key(Code::ForbiddenField, &at, message, help);
        }
        let Some(reply) = &self.reply else { return };
        let at = Path::of("spec.reply");
        if self.sink.is_none() {
            let message = "`spec.reply` is about the answer of a sink, and there is none";
            let help = "take it away, or add `sink`";
            reading.fault_at_key(Code::ForbiddenField, &at, message, help);
        } else if reply.jsonata.is_some() && reply.discard == Some(true) {
            let message = "an answer that is discarded is not transformed";
            let help = "keep one of `jsonata` and `discard`";
            reading.fault_at_key(Code::ForbiddenField, &at.key("discard"), message, help);
        }
    }

    fn typed(self) -> Typed {
        Typed::Eventing(Eventing::EventTransform(Box::new(self)))
    }
}
