//! Knative's own kinds, one file per group of them.

pub mod duck;
pub mod eventing;
pub mod flows;
pub mod messaging;
pub mod sinks;
pub mod sources;
