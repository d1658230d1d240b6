//! events.openfunction.io/v1alpha1 in its three dialects (shared/facts/openfunction-and-argo.md).

use crate::model::kinds::Kind;

/// The kinds of the family.
pub const KINDS: &[Kind] = &[];

/// What a manifest of the family says.
#[derive(Debug, Clone)]
pub enum OpenFunction {}
