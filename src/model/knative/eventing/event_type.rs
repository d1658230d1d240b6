//! EventType, by its versions: what kind of events there are, and what sends them on. Every version
//! is stored as v1beta2, so v1beta3 keeps no more than that one holds.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::diag::Code;
use crate::model::kinds::Spec;
use crate::model::knative::duck::KReference;
use crate::model::manifest::Typed;
use crate::model::path::Path;
use crate::model::reading::Reading;

use super::{EventType, Eventing};

macro_rules! older_event_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
        #[serde(rename_all = "camelCase", deny_unknown_fields)]
        pub struct $name {
            /// The CloudEvents type, such as `order.created`.
            #[schemars(length(min = 1))]
            #[serde(rename = "type", deserialize_with = "crate::model::knative::duck::filled")]
            pub kind: String,
            /// The CloudEvents source, a URI.
            pub source: Option<String>,
            /// Where the schema of the events' data is, a URI.
            pub schema: Option<String>,
            /// The schema itself, in whatever form.
            pub schema_data: Option<String>,
            /// The Broker that hands the events on, by its name. Older than `reference`.
            pub broker: Option<String>,
            /// The object that hands the events on, such as a Broker or a channel.
            pub reference: Option<KReference>,
            /// What the events are about, for people.
            pub description: Option<String>,
        }

        impl $name {
            fn known(self) -> Typed {
                Typed::Eventing(Eventing::EventType(EventType {
                    kind: self.kind,
                    reference: self.reference,
                    broker: self.broker,
                }))
            }
        }
    };
}

older_event_type! {
    /// A type of event, as v1beta2 describes it.
    EventTypeV1Beta2
}

older_event_type! {
    /// A type of event, as v1beta1 describes it.
    EventTypeV1Beta1
}

impl Spec for EventTypeV1Beta2 {
    fn typed(self) -> Typed {
        self.known()
    }
}

impl Spec for EventTypeV1Beta1 {
    fn check(&self, reading: &mut Reading<'_>) {
        for (field, value) in [("source", &self.source), ("schema", &self.schema)] {
            if value.as_deref() == Some("") {
                let at = Path::of("spec").key(field);
                let message = format!("`{at}` is empty");
                reading.fault(Code::InvalidValue, &at, message, "write a URI, or take it away");
            }
        }
    }

    fn typed(self) -> Typed {
        self.known()
    }
}

/// A type of event, by the attributes of its events.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EventTypeV1Beta3 {
    /// The object that hands the events on, such as a Broker or a channel.
    pub reference: Option<KReference>,
    /// What the events are about, for people.
    pub description: Option<String>,
    /// The attributes that the events have; `type` must be among them. `id`, `source` and
    /// `specversion` are added where they are not.
    pub attributes: Option<Vec<AttributeDefinition>>,
}

/// One attribute of the events.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AttributeDefinition {
    /// The name of the attribute, such as `type`.
    pub name: Option<String>,
    /// Whether every event must have it.
    pub required: Option<bool>,
    /// The value, or a template of it with parts in curly brackets, such as `/shops/{shop}`.
    pub value: Option<String>,
}

/// The attributes whose values survive: the older versions have fields for them.
const KEPT: &[&str] = &["type", "source", "schemadata"];
/// The attributes that every event has, and that are written again without a value.
const WRITTEN: &[&str] = &["id", "specversion"];

impl EventTypeV1Beta3 {
    fn value(&self, name: &str) -> Option<&str> {
        let mut attributes = self.attributes.iter().flatten();
        // As Knative converts it, the last of a name counts.
        attributes.rfind(|one| one.name.as_deref() == Some(name))?.value.as_deref()
    }
}

impl Spec for EventTypeV1Beta3 {
    fn check(&self, reading: &mut Reading<'_>) {
        if self.value("type").is_none_or(str::is_empty) {
            let message = "the attributes say no `type`";
            let help = "add {name: type, required: true, value: …}: the webhook demands it";
            reading.fault_at_key(Code::MissingField, &Path::of("spec.attributes"), message, help);
        }
        for (number, one) in self.attributes.iter().flatten().enumerate() {
            let name = one.name.as_deref().unwrap_or_default();
            let written = WRITTEN.contains(&name);
            if KEPT.contains(&name) || (written && one.value.is_none()) {
                continue;
            }
            let at = Path::of("spec.attributes").index(number);
            let what = if written { "value of the attribute" } else { "attribute" };
            let message = format!("the {what} `{name}` is lost on the way");
            let help = "leave it to the description: EventTypes are stored as v1beta2, which has \
                room for type, source and schemadata alone";
            reading.fault(Code::IgnoredField, &at, message, help);
        }
    }

    fn typed(self) -> Typed {
        let kind = self.value("type").unwrap_or_default().to_owned();
        let known = EventType { kind, reference: self.reference, broker: None };
        Typed::Eventing(Eventing::EventType(known))
    }
}
