//! Kubernetes objects lowered before it is known what is live: that takes the time in which servers are waited for.
//! Must not know what they will answer.

use crate::model::Manifest;
use crate::model::object::is_cluster_scoped;
use crate::topology::Topology;
use crate::world::{Cluster, World};

use super::{Desired, Lowering};

/// What is wanted of a cluster that serves every kind, each where evctl knows it to belong.
pub struct Ahead(Desired);

impl Ahead {
    /// Secret values are hashed with `salt`, which must be that of the world they are compared with.
    pub fn of(topology: &Topology, manifests: &[Manifest], project: &str, salt: &str) -> Self {
        let cluster = Some(Cluster::default());
        let live = World { cluster, salt: salt.to_owned(), ..World::default() };
        let mut lowering = Lowering::of(topology, manifests, project, &live);
        lowering.objects(manifests);
        Self(lowering.desired)
    }

    /// What was lowered, where the cluster turns out to be as was taken for granted.
    pub(super) fn against(self, cluster: &Cluster) -> Option<Desired> {
        let mut scoped = cluster.cluster_scoped.iter();
        let is_as_known = cluster.unserved.is_empty()
            && scoped.all(|(group, kind)| is_cluster_scoped(group, kind));
        is_as_known.then_some(self.0)
    }
}
