//! jetstream.nats.io: the kinds of NACK (shared/facts/jetstream.md).

use crate::model::kinds::Kind;

/// The kinds of the family.
pub const KINDS: &[Kind] = &[];

/// What a manifest of the family says.
#[derive(Debug, Clone)]
pub enum Nack {}
