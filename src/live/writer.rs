//! Carries steps out on the connected servers, under the project's lock, and waits for controllers. Must not
//! decide what is written, nor when.

use std::time::Duration;

use futures::channel::mpsc::UnboundedSender;
use tokio::sync::OnceCell;

use crate::apply::Executor;
use crate::apply::rollout::{Outcome, Step};
use crate::apply::waiting::{Awaited, Told};
use crate::model::ObjectKey;
use crate::plan::Plan;
use crate::plan::membership::Membership;
use crate::world::secret::Vault;
use crate::world::{Key, Plane};

use super::{Servers, cluster, jetstream, lock, objects};

/// Writes the steps of a plan.
pub struct Writer<'a> {
    pub servers: &'a Servers,
    /// Secret values, for the servers alone.
    pub vault: &'a Vault,
    pub salt: &'a str,
    /// What the parent of the project's ApplySet is to say.
    pub membership: Option<&'a Membership>,
    /// What came of making it say so before the first write.
    pub opened: OnceCell<Result<(), String>>,
    /// The kinds that were looked up on the way.
    pub late: objects::LateKinds,
    /// What the creates of this run know of what is not there.
    pub absences: objects::Absences,
    /// How long is waited until objects are ready.
    pub patience: Duration,
    /// What keeps other runs out; `None` where nobody does.
    pub lock: Option<&'a lock::Lock>,
}

impl<'a> Writer<'a> {
    /// What carries out a plan, without a lock, and without waiting for anything.
    pub fn new(servers: &'a Servers, vault: &'a Vault, salt: &'a str, plan: &'a Plan) -> Self {
        let membership = plan.membership.as_ref();
        let (opened, patience) = (OnceCell::new(), Duration::ZERO);
        let (late, absences) = (objects::LateKinds::default(), objects::Absences::default());
        Self { servers, vault, salt, membership, opened, late, absences, patience, lock: None }
    }

    /// The parent of the ApplySet names a member before it is written.
    async fn open(&self, cluster: &cluster::Cluster, key: &Key) -> Result<(), String> {
        let Some(membership) = self.membership else { return Ok(()) };
        let home = membership.set.parent.namespace.as_ref();
        let is_home = |key: &ObjectKey| key.is("", "Namespace") && Some(&key.name) == home;
        if key.object().is_some_and(is_home) && !self.opened.initialized() {
            return Ok(());
        }
        self.opened.get_or_init(|| objects::open(cluster, membership)).await.clone()
    }

    /// Lets the parent of the ApplySet name what is there, once every step is done.
    ///
    /// # Errors
    /// It could not be written, in words; it names more than there is then, which does no harm.
    pub async fn close(&self) -> Result<(), String> {
        let (Some(cluster), Some(membership)) = (&self.servers.cluster, self.membership) else {
            return Ok(());
        };
        match self.opened.get() {
            Some(Ok(())) => objects::close(cluster, membership).await,
            // A run that was ended has left it over.
            None if membership.after.kinds.is_empty() => objects::close(cluster, membership).await,
            _ => Ok(()),
        }
    }
}

impl Executor for Writer<'_> {
    async fn execute(&self, step: Step) -> Outcome {
        if let Some(why) = self.lock.and_then(lock::Lock::lost) {
            return Outcome::Failed(format!("the project's lock is lost: {why}"));
        }
        let nats = step.key.site().and_then(|site| self.servers.nats.get(site));
        match (step.key.plane(), &self.servers.cluster, nats) {
            (Plane::Kubernetes, Some(cluster), _) => {
                if let Err(why) = self.open(cluster, &step.key).await {
                    return Outcome::Failed(why);
                }
                objects::write(cluster, &step, self.vault, self.salt, &self.late, &self.absences)
                    .await
            }
            (Plane::Jetstream, _, Some(nats)) => jetstream::write::write(nats, &step).await,
            (plane, _, _) => Outcome::Failed(format!("no {} server takes part", plane.word())),
        }
    }

    fn doubts(&self, key: &Key) -> bool {
        let nats = key.site().and_then(|site| self.servers.nats.get(site));
        nats.is_some_and(|nats| nats.account.cluster.is_some())
    }

    async fn confirm(&self, doubted: &[Step]) -> Vec<(usize, String)> {
        let mut faults = Vec::new();
        for (site, nats) in &self.servers.nats {
            let own: Vec<&Step> =
                doubted.iter().filter(|step| step.key.site() == Some(site)).collect();
            faults.extend(jetstream::write::confirm(nats, site, &own).await);
        }
        faults
    }

    fn is_patient(&self) -> bool {
        !self.patience.is_zero()
    }

    async fn await_ready(&self, awaited: &[Awaited], tell: UnboundedSender<Told>) {
        if let Some(cluster) = &self.servers.cluster {
            objects::await_ready(cluster, awaited, self.patience, tell).await;
        }
    }
}
