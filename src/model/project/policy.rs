//! What evctl may do to a project's objects, and how much findings weigh in it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::model::text::{ObjectText, Word};

/// What evctl may do, and how much findings weigh.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Policy {
    /// Objects that are never deleted or replaced unless their name is said on the command line, as
    /// `kind[.group]/[namespace/]name`, `stream/NAME` or `consumer/STREAM/NAME`.
    pub protect: Option<Vec<ObjectText>>,
    /// Objects that may be replaced, with what they hold, without a word on the command line.
    pub allow_replace: Option<Vec<ObjectText>>,
    /// How much findings weigh, by code; `off` says nothing of them.
    pub severity: Option<BTreeMap<Word, Level>>,
}

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Makes the run fail.
    Error,
    /// Makes the run fail with `--fail-on warning`.
    Warning,
    /// Is said, and no more.
    Note,
    /// Is not said.
    Off,
}

impl Policy {
    /// This policy with another laid over it: lists together, the other's levels before these.
    #[must_use]
    pub fn with(mut self, over: Option<&Self>) -> Self {
        let Some(over) = over.cloned() else { return self };
        self.protect.get_or_insert_default().extend(over.protect.unwrap_or_default());
        self.allow_replace.get_or_insert_default().extend(over.allow_replace.unwrap_or_default());
        self.severity.get_or_insert_default().extend(over.severity.unwrap_or_default());
        self
    }
}
