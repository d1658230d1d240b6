//! Kubernetes objects as declared, in the scope that the cluster gives their kinds.

use std::collections::BTreeSet;

use smol_str::SmolStr;

use crate::model::object::is_cluster_scoped;
use crate::model::parallel::{PART, in_order, threads};
use crate::model::{Manifest, ObjectKey};
use crate::world::body::Body;
use crate::world::secret::Vault;
use crate::world::{Key, normal};

use super::{Lowering, Wanted};

/// The objects of manifests in normal form.
fn bodies(manifests: &[Manifest], salt: &str) -> (Vec<Body>, Vault) {
    // Each stands for itself, and a project can have thousands.
    let parts: Vec<&[Manifest]> = manifests.chunks(PART).collect();
    let made = in_order(threads(), &parts, |part| {
        let mut vault = Vault::default();
        let declared = |m: &Manifest| normal::declared(m, salt, &mut vault);
        let bodies: Vec<Body> = part.iter().map(declared).collect();
        (bodies, vault)
    });
    let (mut bodies, mut vault) = (Vec::with_capacity(manifests.len()), Vault::default());
    for (more, secrets) in made {
        bodies.extend(more);
        vault.take(secrets);
    }
    (bodies, vault)
}

impl Lowering<'_> {
    /// Every object of a kind that is served, and what it needs to be there first.
    pub(super) fn objects(&mut self, manifests: &[Manifest]) {
        let (bodies, vault) = bodies(manifests, &self.live.salt);
        self.desired.vault.take(vault);
        let mut served: Vec<(&Manifest, Body)> = manifests
            .iter()
            .zip(bodies)
            .filter(|(manifest, _)| self.is_served(&manifest.key))
            .collect();
        // What is nearly in order is soon sorted.
        served.sort_by(|(a, _), (b, _)| a.key.cmp(&b.key));
        for (manifest, body) in served {
            let declared = self.declared(manifest, body);
            self.add(declared);
        }
        self.desired.world.objects.sort_unstable_keys();
        self.references(manifests);
    }

    /// The object in its namespace.
    fn declared(&self, manifest: &Manifest, mut body: Body) -> Wanted {
        let key = self.scoped(&manifest.key);
        body.put_into(key.namespace.as_deref());
        self.wanted(Key::Object(key.clone()), body, &key, manifest.name_location())
    }

    /// The key as the cluster has it: a kind that its discovery calls cluster-scoped loses the
    /// namespace that loading gave it.
    pub(super) fn scoped(&self, key: &ObjectKey) -> ObjectKey {
        let discovered =
            self.live.cluster.as_ref().is_some_and(|c| has_kind(&c.cluster_scoped, key));
        if discovered || is_cluster_scoped(&key.group, &key.kind) {
            return ObjectKey { namespace: None, ..key.clone() };
        }
        key.clone()
    }

    /// Whether the cluster takes objects of the kind; what it does not know and cannot do without
    /// stopped the run before.
    fn is_served(&self, key: &ObjectKey) -> bool {
        self.live.cluster.as_ref().is_some_and(|cluster| !has_kind(&cluster.unserved, key))
    }
}

/// Whether the kind of an object is among some few.
fn has_kind(kinds: &BTreeSet<(SmolStr, SmolStr)>, key: &ObjectKey) -> bool {
    kinds.iter().any(|(group, kind)| key.is(group, kind))
}
