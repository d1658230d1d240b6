//! The real servers: observed into a world, asked about changes, and written to. The only module
//! that names kube and async_nats. Everything it learns leaves it as plain data.

mod cluster;
mod discovery;
mod jetstream;
mod nats;
mod objects;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::apply::Executor;
use crate::apply::rollout::{Outcome, Step};
use crate::model::ObjectKey;
use crate::plan::Plan;
use crate::plan::verify::Preview;
use crate::world::secret::Vault;
use crate::world::{Key, Plane, World};

pub use nats::{NatsAuth, NatsTarget};

/// What went wrong with a server, for people: what, why, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveError {
    pub what: String,
    pub why: String,
    pub help: String,
}

impl LiveError {
    pub fn new(what: impl Into<String>, why: impl Into<String>, help: impl Into<String>) -> Self {
        Self { what: what.into(), why: why.into(), help: help.into() }
    }
}

impl fmt::Display for LiveError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.what, self.why)
    }
}

/// Which cluster, as kubectl would be told.
#[derive(Debug, Clone, Default)]
pub struct ClusterTarget {
    /// Where the kubeconfig is; kubectl's places where it is absent.
    pub kubeconfig: Option<PathBuf>,
    pub context: Option<String>,
    /// Inside of a pod, by its service account.
    pub in_cluster: bool,
}

/// Which servers take part.
#[derive(Debug, Clone, Default)]
pub struct Targets {
    pub cluster: Option<ClusterTarget>,
    pub nats: Option<NatsTarget>,
    /// How long any one answer may take.
    pub timeout: Duration,
}

/// What must be read for a plan.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// The kinds and objects that are declared, with their apiVersion.
    pub objects: BTreeMap<ObjectKey, String>,
    /// Kinds whose definition is declared too, so that the cluster may not know them yet.
    pub defined: BTreeSet<(String, String)>,
    /// Objects that are referred to and declared nowhere.
    pub referred: BTreeSet<ObjectKey>,
    /// Names of streams that are wanted.
    pub streams: BTreeSet<String>,
    pub project: String,
    pub salt: String,
}

/// The connected servers.
pub struct Servers {
    cluster: Option<cluster::Cluster>,
    nats: Option<nats::Connection>,
}

impl Servers {
    /// Connects to every target.
    ///
    /// # Errors
    /// The first server that cannot be reached, refuses the credentials, or lacks what is needed.
    pub async fn connect(targets: &Targets) -> Result<Self, LiveError> {
        let cluster = match &targets.cluster {
            Some(target) => Some(cluster::Cluster::connect(target, targets.timeout).await?),
            None => None,
        };
        let nats = match &targets.nats {
            Some(target) => Some(nats::Connection::connect(target, targets.timeout).await?),
            None => None,
        };
        Ok(Self { cluster, nats })
    }

    /// The namespace of the kubeconfig's context.
    pub fn namespace(&self) -> Option<&str> {
        self.cluster.as_ref().map(cluster::Cluster::namespace)
    }

    /// Reads everything that a plan needs, completely or not at all.
    ///
    /// # Errors
    /// The first thing that could not be read.
    pub async fn observe(&mut self, wanted: &Wanted) -> Result<World, LiveError> {
        let mut world = World { salt: wanted.salt.clone(), ..World::default() };
        if let Some(cluster) = &mut self.cluster {
            objects::observe(cluster, wanted, &mut world).await?;
        }
        if let Some(nats) = &self.nats {
            jetstream::observe::observe(nats, wanted, &mut world).await?;
        }
        Ok(world)
    }

    /// Asks the API server about every change of the plan that is its own, without writing.
    ///
    /// # Errors
    /// The cluster could not be reached.
    pub async fn preview(
        &self,
        plan: &Plan,
        live: &World,
        vault: &Vault,
    ) -> Result<BTreeMap<Key, Preview>, LiveError> {
        match &self.cluster {
            Some(cluster) => objects::preview(cluster, plan, live, vault).await,
            None => Ok(BTreeMap::new()),
        }
    }
}

/// Writes the steps of a plan.
pub struct Writer<'a> {
    pub servers: &'a Servers,
    /// Secret values, for the servers alone.
    pub vault: &'a Vault,
    pub salt: &'a str,
}

impl Executor for Writer<'_> {
    async fn execute(&self, step: Step) -> Outcome {
        match (step.key.plane(), &self.servers.cluster, &self.servers.nats) {
            (Plane::Kubernetes, Some(cluster), _) => {
                objects::write(cluster, &step, self.vault, self.salt).await
            }
            (Plane::Jetstream, _, Some(nats)) => jetstream::write::write(nats, &step).await,
            (plane, _, _) => Outcome::Failed(format!("no {} server takes part", plane.word())),
        }
    }
}

/// Waits a moment between two looks at a server.
#[expect(clippy::disallowed_methods, reason = "live is where the real clock is")]
async fn pause() {
    tokio::time::sleep(Duration::from_millis(100)).await;
}
