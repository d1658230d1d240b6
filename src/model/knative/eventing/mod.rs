//! eventing.knative.dev: Broker, Trigger and their kin (shared/facts/knative.md §1). v1alpha1
//! EventType is of the object model.

mod broker;
mod event_policy;
mod event_transform;
mod event_type;
mod request_reply;
mod trigger;

pub use broker::{BrokerSpec, CLASS_ANNOTATION};
pub use event_policy::{EventPolicySpec, PolicyReference, PolicySelector};
pub use event_transform::{EventTransformSpec, Jsonata, ReplyTransformation};
pub use event_type::{AttributeDefinition, EventTypeV1Beta1, EventTypeV1Beta2, EventTypeV1Beta3};
pub use request_reply::RequestReplySpec;
pub use trigger::TriggerSpec;

pub use super::filters::SubscriptionsFilter;

use crate::model::kinds::Kind;

use super::duck::KReference;

/// The group of every eventing kind.
pub const GROUP: &str = "eventing.knative.dev";

/// The kinds of the family.
pub const KINDS: &[Kind] = &[
    Kind::of::<BrokerSpec>(GROUP, "Broker", "v1"),
    Kind::of::<TriggerSpec>(GROUP, "Trigger", "v1"),
    Kind::of::<EventTypeV1Beta3>(GROUP, "EventType", "v1beta3"),
    Kind::of::<EventTypeV1Beta2>(GROUP, "EventType", "v1beta2"),
    Kind::of::<EventTypeV1Beta1>(GROUP, "EventType", "v1beta1"),
    Kind::of::<EventPolicySpec>(GROUP, "EventPolicy", "v1alpha1"),
    Kind::of::<EventTransformSpec>(GROUP, "EventTransform", "v1alpha1"),
    Kind::of::<RequestReplySpec>(GROUP, "RequestReply", "v1alpha1"),
];

/// What a manifest of the family says.
#[derive(Debug, Clone)]
pub enum Eventing {
    Broker(Box<BrokerSpec>),
    Trigger(Box<TriggerSpec>),
    /// An event type, as much of it as is of use beyond its own rules.
    EventType(EventType),
    EventPolicy(Box<EventPolicySpec>),
    EventTransform(Box<EventTransformSpec>),
    RequestReply(Box<RequestReplySpec>),
}

/// An event type, in whatever version it was written.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct EventType {
    /// The CloudEvents type.
    pub kind: String,
    /// What sends events of the type on.
    pub reference: Option<KReference>,
    /// The Broker, by the older field.
    pub broker: Option<String>,
}
