//! Knative's own kinds, one file per group of them.

pub mod duck;
pub mod messaging;
