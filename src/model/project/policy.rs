//! What evctl may do to a project's objects, and how much findings weigh in it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::diag::{Code, Override, Severity};
use crate::model::text::{ObjectText, Word};

/// What evctl may do, and how much findings weigh.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Policy {
    /// Objects that are never deleted or replaced unless their name is said on the command line, as
    /// `kind[.group]/[namespace/]name`, `stream/NAME` or `consumer/STREAM/NAME`.
    pub protect: Option<Vec<ObjectText>>,
    /// Objects that exist, belong to nobody and may be taken over without a word on the command line.
    pub adopt: Option<Vec<ObjectText>>,
    /// Objects that may be replaced, with what they hold, without a word on the command line.
    pub allow_replace: Option<Vec<ObjectText>>,
    /// How much findings weigh, by code; `ignore` says nothing of them.
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
    /// Is not said. (Not `off`: YAML 1.1 reads that as a boolean.)
    Ignore,
}

impl From<Level> for Override {
    fn from(level: Level) -> Self {
        match level {
            Level::Error => Self::Severity(Severity::Error),
            Level::Warning => Self::Severity(Severity::Warning),
            Level::Note => Self::Severity(Severity::Note),
            Level::Ignore => Self::Off,
        }
    }
}

impl Policy {
    /// What becomes of findings, by code. Names that are no code are findings of their own.
    pub fn overrides(&self) -> BTreeMap<Code, Override> {
        let levels = self.severity.iter().flatten();
        levels
            .filter_map(|(name, level)| Some((Code::parse(name.as_str())?, (*level).into())))
            .collect()
    }

    /// This policy with another laid over it: lists together, the other's levels before these.
    #[must_use]
    pub fn with(mut self, over: Option<&Self>) -> Self {
        let Some(over) = over.cloned() else { return self };
        self.protect.get_or_insert_default().extend(over.protect.unwrap_or_default());
        self.adopt.get_or_insert_default().extend(over.adopt.unwrap_or_default());
        self.allow_replace.get_or_insert_default().extend(over.allow_replace.unwrap_or_default());
        self.severity.get_or_insert_default().extend(over.severity.unwrap_or_default());
        self
    }
}
