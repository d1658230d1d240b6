//! The servers, read while the files are. Knows nothing of what the files say, but for the project's
//! name.

use tokio::task::JoinSet;

use crate::live::{Early, LiveError, Servers};
use crate::world::World;

use super::planes::Against;

/// What a plan is made against, once the reading of servers has begun.
pub(super) enum Begun {
    Snapshot(Box<World>, String),
    Live(Reading),
}

/// Servers while they are connected to and read. The work stops where nobody waits for it.
pub(super) struct Reading {
    work: JoinSet<Result<Servers, LiveError>>,
    /// Whether a cluster is among them.
    pub(super) of_cluster: bool,
}

impl Begun {
    pub(super) fn of(against: Against, early: Early) -> Self {
        match against {
            Against::Snapshot(world, note) => Self::Snapshot(world, note),
            Against::Live(targets) => {
                let (mut work, of_cluster) = (JoinSet::new(), targets.cluster.is_some());
                work.spawn(async move { Servers::read_ahead(&targets, &early).await });
                Self::Live(Reading { work, of_cluster })
            }
        }
    }
}

impl Reading {
    /// The servers.
    ///
    /// # Errors
    /// What could not be connected to or read.
    pub(super) async fn ended(mut self) -> Result<Servers, LiveError> {
        match self.work.join_next().await {
            Some(Ok(read)) => read,
            _ => Err(LiveError::new(
                "the servers were not read",
                "the reading ended without an answer",
                "that is a mistake of evctl's: please report it",
            )),
        }
    }
}
