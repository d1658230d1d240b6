//! What the kinds of the object model are made of: references, selectors, endpoints, results.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::model::mapping::from_mapping;
use crate::model::text::DnsName;

/// A reference to one object (core/v1 ObjectReference).
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ObjectReference {
    /// Group and version of the kind, such as `eventing.knative.dev/v1alpha1`.
    pub api_version: String,
    /// The kind of the object.
    pub kind: String,
    /// The name of the object.
    pub name: String,
    /// The namespace of the object; that of the object with the reference where it is absent.
    pub namespace: Option<String>,
    /// The one object with this uid and no later one of the name.
    pub uid: Option<String>,
    /// The one state of the object that is meant.
    pub resource_version: Option<String>,
    /// A part of the object, such as `spec.containers{name}`.
    pub field_path: Option<String>,
}

/// Names a Provisioner: one of `ref` and `selector`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ProvisionerReference {
    /// The Provisioner itself.
    #[serde(rename = "ref")]
    pub reference: Option<ObjectReference>,
    /// The labels of the Provisioner; they must match only one.
    pub selector: Option<LabelSelector>,
}

/// Which objects, by their labels (meta/v1 LabelSelector). All that it asks for must hold.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LabelSelector {
    /// Labels and their exact values.
    pub match_labels: Option<BTreeMap<String, String>>,
    /// What else labels must be.
    pub match_expressions: Option<Vec<Requirement>>,
}

/// What one label must be.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Requirement {
    /// The label.
    pub key: String,
    /// How it is compared.
    pub operator: Operator,
    /// What `In` and `NotIn` compare with; nothing for the others.
    pub values: Option<Vec<String>>,
}

/// How a label is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum Operator {
    /// Its value is one of `values`.
    In,
    /// Its value is none of `values`, or the label is absent.
    NotIn,
    /// The label is there, with any value.
    Exists,
    /// The label is absent.
    DoesNotExist,
}

impl LabelSelector {
    /// Whether an object with these labels is meant.
    pub fn matches(&self, label: impl Fn(&str) -> Option<String>) -> bool {
        let exact = self.match_labels.iter().flatten();
        let demanded = self.match_expressions.iter().flatten();
        exact.into_iter().all(|(key, value)| label(key).as_deref() == Some(value))
            && demanded.into_iter().all(|demand| demand.holds(label(&demand.key).as_deref()))
    }
}

impl Requirement {
    fn holds(&self, label: Option<&str>) -> bool {
        let listed = label.is_some_and(|value| self.values.iter().flatten().any(|v| v == value));
        match self.operator {
            Operator::In => listed,
            Operator::NotIn => !listed,
            Operator::Exists => label.is_some(),
            Operator::DoesNotExist => label.is_none(),
        }
    }
}

/// Where a call goes: one of `targetRef` and `dnsName`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EndpointSpec {
    /// An object that can be called. Its annotation `eventing.knative.dev/role` says what its
    /// answers mean: transformer (the default), filter, router, splitter or aggregator.
    pub target_ref: Option<ObjectReference>,
    /// The DNS name of an endpoint, such as `billing.shop.svc.cluster.local`.
    pub dns_name: Option<DnsName>,
}

/// Where answers go, in the two shapes that the object model has for it: a reference to a Channel
/// (`apiVersion`, `kind`, `name`…), or a strategy of `target` and `routeMapping`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Continuation {
    /// Group and version of the Channel.
    pub api_version: Option<String>,
    /// `Channel`.
    pub kind: Option<String>,
    /// The name of the Channel.
    pub name: Option<String>,
    /// The namespace of the Channel; that of the Subscription where it is absent.
    pub namespace: Option<String>,
    /// The one Channel with this uid.
    pub uid: Option<String>,
    /// The one state of the Channel that is meant.
    pub resource_version: Option<String>,
    /// A part of the Channel.
    pub field_path: Option<String>,
    /// The Channel for every answer that no route takes.
    pub target: Option<ObjectReference>,
    /// Channels by the name that a router answers with. For the router role only.
    pub route_mapping: Option<Vec<ResultStrategyRoute>>,
}

impl Continuation {
    /// Whether this is a strategy rather than a reference.
    pub fn is_strategy(&self) -> bool {
        self.target.is_some() || self.route_mapping.is_some()
    }

    /// The Channel that answers go to unless they are routed by name.
    pub fn channel(&self) -> Option<ObjectReference> {
        if self.is_strategy() {
            return self.target.clone();
        }
        Some(ObjectReference {
            api_version: self.api_version.clone()?,
            kind: self.kind.clone()?,
            name: self.name.clone()?,
            namespace: self.namespace.clone(),
            uid: self.uid.clone(),
            resource_version: self.resource_version.clone(),
            field_path: self.field_path.clone(),
        })
    }
}

/// One named way on from a router.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ResultStrategyRoute {
    /// What the router answers with to take this way.
    pub name: String,
    /// The Channel that this way leads to.
    pub target: ObjectReference,
}

/// The kind of resource that a Provisioner provisions.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GroupKind {
    /// `eventing.knative.dev`, which also stands for an absent one.
    pub group: Option<String>,
    /// Source or Channel.
    pub kind: ProvisionedKind,
}

/// What can be provisioned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum ProvisionedKind {
    Source,
    Channel,
}

/// Who is subscribed to a channel.
#[derive(Debug, Clone, Default, PartialEq, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Channelable {
    /// Written by the Subscription controller: leave it out.
    pub subscribers: Option<Vec<ResolvedSubscription>>,
}

from_mapping!(Channelable { subscribers: Option<Vec<ResolvedSubscription>> });

/// What the answers of a call mean.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum CallRole {
    /// The answer takes the event's place.
    #[default]
    Transformer,
    /// The answer says whether the event goes on.
    Filter,
    /// The answer names the route that the event takes.
    Router,
    /// The answer is several events.
    Splitter,
    /// Some answers stand for several events together.
    Aggregator,
}

impl CallRole {
    /// The role of a word, where there is one.
    pub fn of(word: &str) -> Option<Self> {
        serde_json::from_value(serde_json::Value::String(word.to_owned())).ok()
    }

    /// The word that manifests use.
    pub fn word(self) -> &'static str {
        match self {
            Self::Transformer => "transformer",
            Self::Filter => "filter",
            Self::Router => "router",
            Self::Splitter => "splitter",
            Self::Aggregator => "aggregator",
        }
    }
}

/// A subscription as a channel carries it out, with every name resolved.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ResolvedSubscription {
    /// What the answers mean; transformer where it is absent.
    pub role: Option<CallRole>,
    /// The domain of the endpoint that is called.
    pub callable_domain: Option<String>,
    /// The domain of the endpoint that answers go to.
    pub sinkable_domain: Option<String>,
    /// Domains by route, for the router role only.
    pub route_mapping: Option<BTreeMap<String, String>>,
}
