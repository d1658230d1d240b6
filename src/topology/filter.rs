//! Which events a route takes, as it was declared. Carries filters, does not carry them out.

use std::collections::BTreeMap;

use super::NodeIndex;

/// Which events a route takes.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Filter {
    /// All of them.
    #[default]
    Everything,
    /// Those whose attributes are these; an empty value stands for any.
    Attributes(BTreeMap<String, String>),
    /// Messages on these subjects of NATS.
    Subjects(Vec<String>),
    /// Those that pass every filter of the Subscriptions API.
    Subscriptions(Vec<crate::model::knative::eventing::SubscriptionsFilter>),
    /// Those that arrive while a condition over inputs holds.
    Condition {
        /// `None` holds always.
        expression: Option<String>,
        /// What each name in the expression stands for.
        inputs: Vec<ConditionInput>,
    },
}

/// A name in a condition: true while an event of its topic is recent.
#[derive(Debug, Clone, PartialEq)]
pub struct ConditionInput {
    pub name: String,
    pub topic: NodeIndex,
    /// What an event of the topic must hold to count; all of it.
    pub data: Vec<crate::model::openfunction::data_filter::DataFilter>,
}
