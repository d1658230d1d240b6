//! Knative's own kinds, one file per group of them.

pub mod aws;
pub mod change;
pub mod defaults;
pub mod delivery_rules;
pub mod duck;
pub mod eventing;
pub mod filter_rules;
pub mod filters;
pub mod flow_defaults;
pub mod flows;
pub mod messaging;
mod pods;
pub mod selector;
pub mod sinks;
pub mod sources;
