//! messaging.knative.dev/v1: Channel, InMemoryChannel and Subscription (shared/facts/knative.md §1).

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use crate::diag::Code;
use crate::model::kinds::{Kind, Spec};
use crate::model::manifest::Typed;
use crate::model::path::Path;
use crate::model::reading::Reading;

use super::delivery_rules;
use super::duck::{DeliverySpec, Destination, KReference, filled};

/// The group of every messaging kind.
pub const GROUP: &str = "messaging.knative.dev";

/// The channel that ships with Knative.
pub const IN_MEMORY_CHANNEL: &str = "InMemoryChannel";

/// Has an InMemoryChannel answer before it delivers.
const ASYNC_HANDLER: &str = "messaging.knative.dev/async-handler";
/// Where an InMemoryChannel's dispatcher runs.
const SCOPE: &str = "eventing.knative.dev/scope";

/// The kinds of the family.
pub const KINDS: &[Kind] = &[
    Kind::of::<ChannelSpec>(GROUP, "Channel", "v1"),
    Kind::of::<InMemoryChannelSpec>(GROUP, IN_MEMORY_CHANNEL, "v1"),
    Kind::of::<SubscriptionSpec>(GROUP, "Subscription", "v1"),
];

/// What a manifest of the family says.
#[derive(Debug, Clone)]
pub enum Messaging {
    Channel(Box<ChannelSpec>),
    InMemoryChannel(Box<InMemoryChannelSpec>),
    Subscription(Box<SubscriptionSpec>),
}

impl Spec for ChannelSpec {
    fn absent() -> Option<Self> {
        Some(Self::default())
    }

    fn check(&self, reading: &mut Reading<'_>) {
        let delivery = self.delivery.as_ref();
        delivery_rules::check_without_format(reading, &Path::of("spec.delivery"), delivery);
        if self.subscribers.as_ref().is_some_and(|subscribers| !subscribers.is_empty()) {
            let message = "a Channel's subscribers are not for people to write";
            let help = "take `subscribers` away, and declare a Subscription for each";
            let at = Path::of("spec.subscribers");
            reading.fault_at_key(Code::ForbiddenField, &at, message, help);
        }
        if reading.annotation(ASYNC_HANDLER).is_some() {
            let at = Path::of("metadata.annotations").key(ASYNC_HANDLER);
            let message = "a Channel does not hand this annotation on to the channel behind it";
            let help = "declare an InMemoryChannel with it in place of the Channel";
            reading.fault_at_key(Code::IgnoredField, &at, message, help);
        }
    }

    fn typed(self) -> Typed {
        Typed::Messaging(Messaging::Channel(Box::new(self)))
    }
}

impl Spec for InMemoryChannelSpec {
    fn absent() -> Option<Self> {
        Some(Self::default())
    }

    fn check(&self, reading: &mut Reading<'_>) {
        let delivery = self.delivery.as_ref();
        delivery_rules::check_without_format(reading, &Path::of("spec.delivery"), delivery);
        let scope = reading.annotation(SCOPE);
        if let Some(scope) = scope.filter(|scope| !matches!(*scope, "cluster" | "namespace")) {
            let at = Path::of("metadata.annotations").key(SCOPE);
            let message = format!("`{SCOPE}` is `{scope}`, not cluster or namespace");
            reading.fault(Code::InvalidValue, &at, message, "write one of the two");
        }
    }

    fn typed(self) -> Typed {
        Typed::Messaging(Messaging::InMemoryChannel(Box::new(self)))
    }
}

impl Spec for SubscriptionSpec {
    fn check(&self, reading: &mut Reading<'_>) {
        let delivery = self.delivery.as_ref();
        delivery_rules::check_without_format(reading, &Path::of("spec.delivery"), delivery);
    }

    fn typed(self) -> Typed {
        Typed::Messaging(Messaging::Subscription(Box::new(self)))
    }
}

/// A channel of whatever kind its template names.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChannelSpec {
    /// The channel that is made for this one; the cluster's default, an InMemoryChannel as
    /// released, where it is absent. Frozen once the Channel exists.
    pub channel_template: Option<ChannelTemplate>,
    /// For subscriptions that have no delivery of their own. Frozen once the Channel exists.
    pub delivery: Option<DeliverySpec>,
    /// Written by the subscription controller. Read, never planned.
    pub subscribers: Option<Vec<Value>>,
}

/// A channel that keeps events in memory alone, until each subscriber has them or all attempts are
/// used up. The sender waits for that.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct InMemoryChannelSpec {
    /// For subscriptions that have no delivery of their own. The webhook does not check it.
    pub delivery: Option<DeliverySpec>,
    /// Written by the subscription controller. Read, never planned.
    pub subscribers: Option<Vec<Value>>,
}

/// The kind and the spec of the channel behind a Channel.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChannelTemplate {
    /// Group and version of the backing kind, such as `messaging.knative.dev/v1alpha1`.
    #[schemars(length(min = 1))]
    #[serde(deserialize_with = "filled")]
    pub api_version: String,
    /// The backing kind, such as `NatsJetStreamChannel`.
    #[schemars(length(min = 1))]
    #[serde(deserialize_with = "filled")]
    pub kind: String,
    /// The backing channel's spec, checked by its own kind.
    pub spec: Option<BTreeMap<String, Value>>,
}

/// Delivers what a channel receives to a subscriber, and its replies to another place.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SubscriptionSpec {
    /// The channel, in the subscription's own namespace. Frozen once the Subscription exists.
    pub channel: KReference,
    /// Where events go.
    pub subscriber: Destination,
    /// Where events go that the subscriber answers with.
    pub reply: Option<Destination>,
    /// How to deliver. Once it is there, the channel's retries and timeout count for nothing; the
    /// dead letter sink of an InMemoryChannel still does where this has none.
    pub delivery: Option<DeliverySpec>,
}
