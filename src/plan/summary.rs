//! How many changes a plan has of each sort. Must not know how that is shown.

use schemars::JsonSchema;
use serde::Serialize;

use super::{Action, Plan};

/// How many changes there are of each sort. Text, JSON and exit code all come from it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Summary {
    /// Objects that are made.
    pub create: usize,
    /// Objects that are changed.
    pub update: usize,
    /// Objects that are deleted and made anew.
    pub replace: usize,
    /// Objects that are taken over.
    pub adopt: usize,
    /// Objects that become the project's as they are.
    #[serde(rename = "move")]
    pub moves: usize,
    /// Objects that are deleted.
    pub delete: usize,
    /// Objects that stay and are the project's no longer.
    pub forget: usize,
    /// Objects that are refused.
    pub refused: usize,
    /// Objects that wait for something that is refused.
    pub held: usize,
    /// Objects that are as declared.
    pub none: usize,
    /// Changes among these that cost data.
    pub destructive: usize,
    /// Changes among these that neither a server was asked about nor its rule book is sure of.
    pub unverified: usize,
}

impl Summary {
    /// How many changes write.
    pub fn writes(&self) -> usize {
        self.create
            + self.update
            + self.replace
            + self.adopt
            + self.moves
            + self.delete
            + self.forget
    }
}

impl Plan {
    /// Counts the changes.
    pub fn summary(&self) -> Summary {
        let count = |action| self.changes.iter().filter(|change| change.action == action).count();
        let writing = || self.changes.iter().filter(|change| change.action.writes());
        Summary {
            create: count(Action::Create),
            update: count(Action::Update),
            replace: count(Action::Replace),
            moves: count(Action::Move),
            delete: count(Action::Delete),
            forget: count(Action::Forget),
            adopt: count(Action::Adopt),
            refused: count(Action::Refused),
            held: count(Action::Held),
            none: count(Action::None),
            destructive: writing().filter(|change| change.is_destructive()).count(),
            unverified: writing().filter(|change| change.unverified.is_some()).count(),
        }
    }
}
