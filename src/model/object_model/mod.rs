//! eventing.knative.dev/v1alpha1: the object model of the seeds (shared/seeds/object-model.md), in
//! which provisioners back sources and channels, and subscriptions link channels by from, call and
//! result. Knative 0.2 gave the same group and version another shape, which is told apart here.

mod check;
mod later;
mod parts;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use crate::model::kinds::{Kind, Spec};
use crate::model::manifest::Typed;
use crate::model::mapping::from_mapping;
use crate::model::reading::Reading;

pub use parts::{
    CallRole, Channelable, Continuation, EndpointSpec, GroupKind, LabelSelector, ObjectReference,
    Operator, ProvisionedKind, ProvisionerReference, Requirement, ResolvedSubscription,
    ResultStrategyRoute,
};

/// The group of what people write.
pub const GROUP: &str = "eventing.knative.dev";

/// The group of what controllers write for each other.
pub const INTERNAL_GROUP: &str = "eventing.internal.knative.dev";

/// The annotation on a call's target that says what the answers of the call mean.
pub const ROLE_ANNOTATION: &str = "eventing.knative.dev/role";

/// What may never change once an object exists, as (kind, path). A new value asks for a new object.
pub const IMMUTABLE: &[(&str, &str)] =
    &[("Source", "spec.provisioner"), ("Channel", "spec.provisioner")];

const VERSION: &str = "v1alpha1";

/// The kinds of the family.
pub const KINDS: &[Kind] = &[
    Kind::of::<SourceSpec>(GROUP, "Source", VERSION),
    Kind { read: later::channel, ..Kind::of::<ChannelSpec>(GROUP, "Channel", VERSION) },
    Kind {
        read: later::subscription,
        ..Kind::of::<SubscriptionSpec>(GROUP, "Subscription", VERSION)
    },
    Kind::of::<ProvisionerSpec>(GROUP, "Provisioner", VERSION),
    Kind {
        read: later::provisioner,
        ..Kind::of::<later::LaterSpec>(GROUP, "ClusterChannelProvisioner", VERSION).in_cluster()
    },
    Kind::of::<EventTypeSpec>(GROUP, "EventType", VERSION),
    Kind::of::<ResolvedSubscriptionSetSpec>(INTERNAL_GROUP, "ResolvedSubscriptionSet", VERSION),
];

/// What a manifest of the family says.
#[derive(Debug, Clone)]
pub enum ObjectModel {
    Source(Box<SourceSpec>),
    Channel(Box<ChannelSpec>),
    Subscription(Box<SubscriptionSpec>),
    Provisioner(Box<ProvisionerSpec>),
    EventType(Box<EventTypeSpec>),
    ResolvedSubscriptionSet(Box<ResolvedSubscriptionSetSpec>),
}

/// A configuration of a source system that supplies events.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SourceSpec {
    /// What makes the resources behind the source. Immutable.
    pub provisioner: ProvisionerReference,
    /// What the provisioner is told about this source; must be as its `parameters` say.
    pub arguments: Option<BTreeMap<String, Value>>,
    /// The Channel that the events go to. The source emits none until it exists.
    pub channel: ObjectReference,
}

/// Takes events in and hands them to its subscribers.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChannelSpec {
    /// What makes the resources behind the channel. Immutable.
    pub provisioner: ProvisionerReference,
    /// What the provisioner is told about this channel; must be as its `parameters` say.
    pub arguments: Option<BTreeMap<String, Value>>,
    /// Who is subscribed. Written by the Subscription controller: leave it out.
    pub channelable: Option<Channelable>,
    /// The EventType objects of what the channel carries, by name, in its own namespace.
    pub event_types: Option<Vec<String>>,
}

/// A link from one channel to the next, by way of a call or straight: at least one of `call` and
/// `result`.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SubscriptionSpec {
    /// The Channel that events come from.
    pub from: ObjectReference,
    /// What is done with each event; its answers go to `result`. Without it, events go there as
    /// they are.
    pub call: Option<EndpointSpec>,
    /// The Channel that goes on: a reference to it, or `target` and `routeMapping`.
    pub result: Option<Continuation>,
}

/// What can provision sources or channels.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ProvisionerSpec {
    /// What it provisions: Source or Channel.
    #[serde(rename = "type")]
    pub provisions: GroupKind,
    /// The JSON Schema of `arguments`. The object model's own table does not list it, and asks of
    /// arguments that they validate against it.
    pub parameters: Option<BTreeMap<String, Value>>,
}

/// A kind of event, by what it looks like. Not part of the first release of the object model.
#[derive(Debug, Clone, Default, PartialEq, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EventTypeSpec {
    /// The JSON Schema of an event in flight, as text. For JSON transports only.
    pub json_schema: Option<String>,
}

from_mapping!(EventTypeSpec { json_schema: Option<String> });

/// All subscriptions of a channel, with names resolved. Written by the Subscription controller.
#[derive(Debug, Clone, PartialEq, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ResolvedSubscriptionSetSpec {
    /// Whom the channel forwards to.
    pub subscribers: Vec<ResolvedSubscription>,
}

from_mapping!(ResolvedSubscriptionSetSpec { subscribers: Vec<ResolvedSubscription> });

impl Spec for SourceSpec {
    fn check(&self, reading: &mut Reading<'_>) {
        check::source(self, reading);
    }

    fn typed(self) -> Typed {
        Typed::ObjectModel(ObjectModel::Source(Box::new(self)))
    }
}

impl Spec for ChannelSpec {
    fn check(&self, reading: &mut Reading<'_>) {
        check::channel(self, reading);
    }

    fn typed(self) -> Typed {
        Typed::ObjectModel(ObjectModel::Channel(Box::new(self)))
    }
}

impl Spec for SubscriptionSpec {
    fn check(&self, reading: &mut Reading<'_>) {
        check::subscription(self, reading);
    }

    fn typed(self) -> Typed {
        Typed::ObjectModel(ObjectModel::Subscription(Box::new(self)))
    }
}

impl Spec for ProvisionerSpec {
    fn check(&self, reading: &mut Reading<'_>) {
        check::provisioner(self, reading);
    }

    fn typed(self) -> Typed {
        Typed::ObjectModel(ObjectModel::Provisioner(Box::new(self)))
    }
}

impl Spec for EventTypeSpec {
    fn absent() -> Option<Self> {
        Some(Self::default())
    }

    fn check(&self, reading: &mut Reading<'_>) {
        check::event_type(self, reading);
    }

    fn typed(self) -> Typed {
        Typed::ObjectModel(ObjectModel::EventType(Box::new(self)))
    }
}

impl Spec for ResolvedSubscriptionSetSpec {
    fn check(&self, reading: &mut Reading<'_>) {
        check::resolved_subscription_set(self, reading);
    }

    fn typed(self) -> Typed {
        Typed::ObjectModel(ObjectModel::ResolvedSubscriptionSet(Box::new(self)))
    }
}
