//! EventPolicy: who may send events where.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::diag::Code;
use crate::model::kinds::Spec;
use crate::model::knative::delivery_rules;
use crate::model::knative::duck::filled;
use crate::model::knative::filter_rules::{self, Filtering};
use crate::model::knative::filters::SubscriptionsFilter;
use crate::model::manifest::Typed;
use crate::model::path::Path;
use crate::model::reading::Reading;

use super::Eventing;

/// Lets events of some senders into some objects. Needs the feature `authentication-oidc`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EventPolicySpec {
    /// The objects that events may be sent to; all of the namespace where it is absent or empty.
    pub to: Option<Vec<PolicyTarget>>,
    /// Who may send.
    pub from: Option<Vec<PolicySender>>,
    /// Which events are let in; all where it is absent or empty.
    pub filters: Option<Vec<SubscriptionsFilter>>,
}

/// Objects of the policy's own namespace: one by its name, or several by their labels.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PolicyTarget {
    /// One object.
    #[serde(rename = "ref")]
    pub reference: Option<PolicyTargetReference>,
    /// Every object of a kind whose labels match.
    pub selector: Option<PolicySelector>,
}

/// An object of the policy's own namespace.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PolicyTargetReference {
    /// Group and version of the kind, such as `eventing.knative.dev/v1`.
    #[schemars(length(min = 1))]
    #[serde(deserialize_with = "filled")]
    pub api_version: String,
    /// The kind, such as `Broker`.
    #[schemars(length(min = 1))]
    #[serde(deserialize_with = "filled")]
    pub kind: String,
    /// The name of the object.
    #[schemars(length(min = 1))]
    #[serde(deserialize_with = "filled")]
    pub name: String,
}

/// Objects by their kind and labels.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PolicySelector {
    /// Group and version of the kind.
    pub api_version: Option<String>,
    /// The kind.
    pub kind: Option<String>,
    /// Labels that an object must have.
    pub match_labels: Option<BTreeMap<String, String>>,
    /// Conditions on labels, all of which must hold.
    pub match_expressions: Option<Vec<LabelCondition>>,
}

/// A condition on one label.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LabelCondition {
    /// The label.
    pub key: String,
    /// What must hold of it.
    pub operator: LabelOperator,
    /// The values, with In and NotIn.
    pub values: Option<Vec<String>>,
}

/// What must hold of a label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum LabelOperator {
    In,
    NotIn,
    Exists,
    DoesNotExist,
}

/// Who may send: an object that has an identity, or an identity itself.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PolicySender {
    /// An object that sends, such as a source.
    #[serde(rename = "ref")]
    pub reference: Option<PolicyReference>,
    /// The OIDC subject; a `*` at its end stands for anything.
    pub sub: Option<String>,
}

/// An object of any namespace.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PolicyReference {
    /// Group and version of the kind, such as `sources.knative.dev/v1`.
    #[schemars(length(min = 1))]
    #[serde(deserialize_with = "filled")]
    pub api_version: String,
    /// The kind, such as `PingSource`.
    #[schemars(length(min = 1))]
    #[serde(deserialize_with = "filled")]
    pub kind: String,
    /// The name of the object.
    #[schemars(length(min = 1))]
    #[serde(deserialize_with = "filled")]
    pub name: String,
    /// The namespace of the object; the policy's own where it is absent.
    pub namespace: Option<String>,
}

impl Spec for EventPolicySpec {
    fn absent() -> Option<Self> {
        Some(Self::default())
    }

    fn check(&self, reading: &mut Reading<'_>) {
        delivery_rules::kind_needs_feature(reading, "authentication-oidc");
        for (number, to) in self.to.iter().flatten().enumerate() {
            let said = [("ref", to.reference.is_some()), ("selector", to.selector.is_some())];
            one_of(reading, &Path::of("spec.to").index(number), said);
        }
        for (number, from) in self.from.iter().flatten().enumerate() {
            let at = Path::of("spec.from").index(number);
            let sub = from.sub.as_deref().unwrap_or_default();
            one_of(reading, &at, [("ref", from.reference.is_some()), ("sub", !sub.is_empty())]);
            let stars = sub.strip_suffix('*').unwrap_or(sub);
            if stars.contains('*') {
                let message = format!("`{}` has a `*` before its end", at.key("sub"));
                let help = "keep `*` for the last character";
                reading.fault(Code::InvalidValue, &at.key("sub"), message, help);
            }
        }
        let filters = self.filters.as_deref().unwrap_or_default();
        filter_rules::check(reading, &Path::of("spec.filters"), filters, Filtering::Server);
    }

    fn typed(self) -> Typed {
        Typed::Eventing(Eventing::EventPolicy(Box::new(self)))
    }
}

/// Exactly one of two fields.
fn one_of(reading: &mut Reading<'_>, at: &Path, fields: [(&str, bool); 2]) {
    let [(first, has_first), (second, has_second)] = fields;
    if has_first && has_second {
        let message = format!("`{at}` has both `{first}` and `{second}`");
        reading.fault(Code::ForbiddenField, at, message, "keep one of them");
    } else if !has_first && !has_second {
        let message = format!("`{at}` has neither `{first}` nor `{second}`");
        reading.fault(Code::MissingField, at, message, "write one of them");
    }
}
