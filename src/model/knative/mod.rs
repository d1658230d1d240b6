//! Knative's own kinds, one file per group of them.

pub mod aws;
pub mod duck;
pub mod eventing;
pub mod flow_defaults;
pub mod flows;
pub mod messaging;
mod pods;
pub mod selector;
pub mod sinks;
pub mod sources;
