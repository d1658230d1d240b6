//! messaging.knative.dev/v1: Channel and Subscription (shared/facts/knative.md §1.1).

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use crate::model::kinds::{Kind, Spec};
use crate::model::manifest::Typed;

use super::duck::{DeliverySpec, Destination, KReference};

/// The group of every messaging kind.
pub const GROUP: &str = "messaging.knative.dev";

/// The kinds of the family.
pub const KINDS: &[Kind] = &[
    Kind::of::<ChannelSpec>(GROUP, "Channel", "v1"),
    Kind::of::<SubscriptionSpec>(GROUP, "Subscription", "v1"),
];

/// What a manifest of the family says.
#[derive(Debug, Clone)]
pub enum Messaging {
    Channel(Box<ChannelSpec>),
    Subscription(Box<SubscriptionSpec>),
}

impl Spec for ChannelSpec {
    fn absent() -> Option<Self> {
        Some(Self::default())
    }

    fn typed(self) -> Typed {
        Typed::Messaging(Messaging::Channel(Box::new(self)))
    }
}

impl Spec for SubscriptionSpec {
    fn typed(self) -> Typed {
        Typed::Messaging(Messaging::Subscription(Box::new(self)))
    }
}

/// A channel of whatever kind its template names.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChannelSpec {
    /// The channel that is made for this one; the cluster's default where it is absent.
    pub channel_template: Option<ChannelTemplate>,
    /// For subscriptions that have no delivery of their own.
    pub delivery: Option<DeliverySpec>,
    /// Written by the subscription controller. Read, never planned.
    pub subscribers: Option<Vec<Value>>,
}

/// The kind and the spec of the channel behind a Channel.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChannelTemplate {
    /// Group and version of the backing kind.
    pub api_version: String,
    /// The backing kind.
    pub kind: String,
    /// The backing channel's spec, checked by its own kind.
    pub spec: Option<BTreeMap<String, Value>>,
}

/// Delivers what a channel receives to a subscriber, and its replies to another place.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SubscriptionSpec {
    /// The channel, in the subscription's own namespace.
    pub channel: KReference,
    /// Where events go.
    pub subscriber: Destination,
    /// Where events go that the subscriber answers with.
    pub reply: Option<Destination>,
    /// How to deliver; all of the channel's delivery counts for nothing once this is there.
    pub delivery: Option<DeliverySpec>,
}
