//! ConfigMaps that say how the NATS channel connects.

use crate::model::kinds::Kind;

/// The kinds of the family.
pub const KINDS: &[Kind] = &[];

/// What a manifest of the family says.
#[derive(Debug, Clone)]
pub enum ConfigMap {}
