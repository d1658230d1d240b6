//! sources.knative.dev: what produces events (shared/facts/knative.md §1).

use crate::model::kinds::Kind;

/// The kinds of the family.
pub const KINDS: &[Kind] = &[];

/// What a manifest of the family says.
#[derive(Debug, Clone)]
pub enum Source {}
