//! eventing.knative.dev: Broker, Trigger and their kin (shared/facts/knative.md §1).

use crate::model::kinds::Kind;

/// The kinds of the family.
pub const KINDS: &[Kind] = &[];

/// What a manifest of the family says.
#[derive(Debug, Clone)]
pub enum Eventing {}

/// One filter of a Trigger's `filters`.
#[derive(Debug, Clone, PartialEq)]
pub enum SubscriptionsFilter {}
