//! Kubernetes objects as declared, in the scope that the cluster gives their kinds.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::model::object::is_cluster_scoped;
use crate::model::parallel::{PART, in_order, threads};
use crate::model::{Manifest, ObjectKey};
use crate::world::secret::Vault;
use crate::world::{Key, normal};

use super::Lowering;

impl Lowering<'_> {
    pub(super) fn objects(&mut self, manifests: &[Manifest]) {
        let served: Vec<&Manifest> = manifests.iter().filter(|m| self.is_served(&m.key)).collect();
        // Each stands for itself, and a project can have thousands.
        let parts: Vec<&[&Manifest]> = served.chunks(PART).collect();
        let made = in_order(threads(), &parts, |part| {
            let mut vault = Vault::default();
            let made: Vec<(ObjectKey, Value)> =
                part.iter().map(|manifest| self.declared(manifest, &mut vault)).collect();
            (made, vault)
        });
        for (part, (made, vault)) in parts.into_iter().zip(made) {
            self.desired.vault.take(vault);
            for (manifest, (key, body)) in part.iter().zip(made) {
                self.add(&Key::Object(key.clone()), body, &key, manifest.name_location());
            }
        }
    }

    /// The object in its namespace, in normal form.
    fn declared(&self, manifest: &Manifest, vault: &mut Vault) -> (ObjectKey, Value) {
        let key = self.scoped(&manifest.key);
        let mut body = normal::declared(manifest.body().clone(), &self.live.salt, vault);
        if let Some(metadata) = body.get_mut("metadata").and_then(Value::as_object_mut) {
            match &key.namespace {
                Some(namespace) => metadata.insert("namespace".into(), namespace.clone().into()),
                None => metadata.remove("namespace"),
            };
        }
        (key, body)
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
fn has_kind(kinds: &BTreeSet<(String, String)>, key: &ObjectKey) -> bool {
    kinds.iter().any(|(group, kind)| key.is(group, kind))
}
