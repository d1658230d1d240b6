//! What the servers will say, before anything is written: the plan is carried out on paper, step by
//! step and account by account, under the rule book. So a stream is judged beside what will be there
//! when its turn comes. Asks no server; what is not known is not judged.

mod account;
mod doubt;
mod filters;
mod finding;
mod names;
mod offline;
mod order;
mod origins;
mod rehearsal;
mod room;
mod servers;
mod words;

#[cfg(test)]
mod tests;

use crate::diag::{Code, Severity};
use crate::world::lower::Desired;
use crate::world::{Key, World};

use super::Change;

pub use finding::findings;
pub use offline::offline;
pub(super) use order::after_what_makes_room;
pub(super) use room::after_what_frees_it;

/// Something that will go wrong, or not as it seems to be meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    pub key: Key,
    pub code: Code,
    /// The server's own code, where the server says it.
    pub err_code: Option<u16>,
    /// The server's words, or evctl's.
    pub text: String,
    /// What of these objects leads to it; may be empty.
    pub detail: String,
    pub help: &'static str,
    /// The field to look at, by its name on the wire; may be empty.
    pub field: &'static str,
    /// The other objects that take part.
    pub related: Vec<Key>,
}

impl Trouble {
    /// What is wrong, in one line.
    pub fn message(&self) -> String {
        let code = self.err_code.map(|code| format!(" ({code})")).unwrap_or_default();
        let detail =
            if self.detail.is_empty() { String::new() } else { format!(": {}", self.detail) };
        format!("{}{code}{detail}", self.text)
    }

    /// Whether the object is not written for it.
    pub fn refuses(&self) -> bool {
        self.code.severity() == Severity::Error
    }
}

/// Goes through changes in their order of work: refuses what will not be carried out, and says what is
/// odd. What waits for something that is refused is not looked at: it will be held.
pub(super) fn check(changes: &mut [Change], desired: &Desired, live: &World) -> Vec<Trouble> {
    // Where nothing is written nothing can go wrong, and a settled project is most often looked at.
    let writes = changes.iter().any(|change| change.write.is_some());
    let mut troubles =
        if writes { rehearsal::rehearse(changes, desired, live) } else { Vec::new() };
    troubles.extend(filters::dead(desired, live));
    troubles.extend(origins::missing(desired, live));
    troubles
}
