//! eventing.knative.dev/v1alpha1: the object model of the seeds (shared/seeds/object-model.md).

use crate::model::kinds::Kind;

/// The kinds of the family.
pub const KINDS: &[Kind] = &[];

/// What a manifest of the family says.
#[derive(Debug, Clone)]
pub enum ObjectModel {}
