//! flows.knative.dev/v1: Sequence and Parallel (shared/facts/knative.md §1). Knows nothing of the
//! channels and subscriptions that their controllers make of them.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::diag::Code;
use crate::model::Path;
use crate::model::kinds::{Kind, Spec};
use crate::model::manifest::Typed;
use crate::model::reading::Reading;

use super::delivery_rules;
use super::duck::{DeliverySpec, Destination, KReference};
use super::messaging::ChannelTemplate;

/// The group of both kinds.
pub const GROUP: &str = "flows.knative.dev";

/// The kinds of the family.
pub const KINDS: &[Kind] = &[
    Kind::of::<SequenceSpec>(GROUP, "Sequence", "v1"),
    Kind::of::<ParallelSpec>(GROUP, "Parallel", "v1"),
];

/// What a manifest of the family says.
#[derive(Debug, Clone)]
pub enum Flow {
    Sequence(Box<SequenceSpec>),
    Parallel(Box<ParallelSpec>),
}

/// Steps that are called one after the other, each with what the one before answered.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SequenceSpec {
    /// What is called, in this order; at least one. A step that answers without an event ends the
    /// sequence.
    pub steps: Vec<Step>,
    /// The kind of the channel in front of every step, by default that of ConfigMap
    /// `default-ch-webhook`.
    pub channel_template: Option<ChannelTemplate>,
    /// Where the last step's answer goes; nowhere where it is absent.
    pub reply: Option<Destination>,
}

/// A destination with its own delivery.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Step {
    /// An object that has an address.
    #[serde(rename = "ref")]
    pub reference: Option<KReference>,
    /// Absolute without `ref`, relative to its address with it.
    pub uri: Option<String>,
    /// Certificates (PEM) to trust besides the address's own.
    #[serde(rename = "CACerts")]
    pub ca_certs: Option<String>,
    /// The OIDC audience, where the target is not an object.
    pub audience: Option<String>,
    /// How to deliver to this step. One attempt, and no dead letter sink, where it is absent.
    pub delivery: Option<DeliverySpec>,
}

/// Branches that all get every event, each behind a filter of its own.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ParallelSpec {
    /// The branches, at least one. A change of one is never carried out by Knative 0.50; only
    /// adding and taking away at the end is.
    pub branches: Vec<Branch>,
    /// The kind of the channels in front of and inside the branches, by default that of ConfigMap
    /// `default-ch-webhook`.
    pub channel_template: Option<ChannelTemplate>,
    /// Where the answers go of branches that have no reply of their own.
    pub reply: Option<Destination>,
}

/// One branch of a Parallel.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Branch {
    /// A service that is asked first: the event it answers with, changed or not, enters the branch,
    /// and no answer keeps the event out. Called once, without retry and dead letter sink.
    pub filter: Option<Destination>,
    /// Where events go that the filter let pass.
    pub subscriber: Destination,
    /// Where the subscriber's answers go, instead of the Parallel's reply.
    pub reply: Option<Destination>,
    /// How to deliver to the subscriber; the filter has none.
    pub delivery: Option<DeliverySpec>,
}

impl Step {
    /// Where the step's events go.
    pub fn destination(&self) -> Destination {
        Destination {
            reference: self.reference.clone(),
            uri: self.uri.clone(),
            ca_certs: self.ca_certs.clone(),
            audience: self.audience.clone(),
        }
    }
}

impl Spec for SequenceSpec {
    fn check(&self, reading: &mut Reading<'_>) {
        if self.steps.is_empty() {
            let message = "a Sequence has at least one step";
            let help = "add a step; the webhook refuses a Sequence without any";
            reading.fault_at_key(Code::InvalidValue, &Path::of("spec.steps"), message, help);
        }
        for (number, step) in self.steps.iter().enumerate() {
            let at = Path::of("spec.steps").index(number).key("delivery");
            delivery_rules::check_without_format(reading, &at, step.delivery.as_ref());
        }
    }

    fn typed(self) -> Typed {
        Typed::Flow(Flow::Sequence(Box::new(self)))
    }
}

impl Spec for ParallelSpec {
    fn check(&self, reading: &mut Reading<'_>) {
        if self.branches.is_empty() {
            let message = "a Parallel has at least one branch";
            let help = "add a branch; the webhook refuses a Parallel without any";
            reading.fault_at_key(Code::InvalidValue, &Path::of("spec.branches"), message, help);
        }
        for (number, branch) in self.branches.iter().enumerate() {
            let at = Path::of("spec.branches").index(number).key("delivery");
            delivery_rules::check_without_format(reading, &at, branch.delivery.as_ref());
            unprotected(reading, number, branch);
        }
    }

    fn typed(self) -> Typed {
        Typed::Flow(Flow::Parallel(Box::new(self)))
    }
}

/// A branch that asks for care gets it for its subscriber alone.
fn unprotected(reading: &mut Reading<'_>, number: usize, branch: &Branch) {
    if branch.filter.is_none() || branch.delivery.is_none() {
        return;
    }
    let path = Path::of("spec.branches").index(number).key("filter");
    let message = "the branch's delivery does not cover its filter: a filter is called once, and \
         an event whose filter fails is lost to the branch";
    let help = "put a Sequence or a channel with a delivery of its own where it matters";
    reading.fault_at_key(Code::UnprotectedFilter, &path, message, help);
}
