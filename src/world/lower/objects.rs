//! Kubernetes objects as declared, in the scope that the cluster gives their kinds.

use serde_json::Value;

use crate::model::object::is_cluster_scoped;
use crate::model::{Manifest, ObjectKey};
use crate::world::{Key, normal};

use super::Lowering;

impl Lowering<'_> {
    pub(super) fn objects(&mut self, manifests: &[Manifest]) {
        for manifest in manifests {
            if !self.is_served(&manifest.key) {
                continue;
            }
            let key = self.scoped(&manifest.key);
            let mut body =
                normal::declared(manifest.body().clone(), &self.live.salt, &mut self.desired.vault);
            if let Some(metadata) = body.get_mut("metadata").and_then(Value::as_object_mut) {
                match &key.namespace {
                    Some(namespace) => {
                        metadata.insert("namespace".into(), namespace.clone().into())
                    }
                    None => metadata.remove("namespace"),
                };
            }
            self.add(&Key::Object(key.clone()), body, &key, manifest.name_location());
        }
    }

    /// The key as the cluster has it: a kind that its discovery calls cluster-scoped loses the
    /// namespace that loading gave it.
    pub(super) fn scoped(&self, key: &ObjectKey) -> ObjectKey {
        let kind = (key.group.clone(), key.kind.clone());
        let discovered =
            self.live.cluster.as_ref().is_some_and(|c| c.cluster_scoped.contains(&kind));
        if discovered || is_cluster_scoped(&key.group, &key.kind) {
            return ObjectKey { namespace: None, ..key.clone() };
        }
        key.clone()
    }

    /// Whether the cluster takes objects of the kind; what it does not know and cannot do without
    /// stopped the run before.
    fn is_served(&self, key: &ObjectKey) -> bool {
        let kind = (key.group.clone(), key.kind.clone());
        self.live.cluster.as_ref().is_some_and(|cluster| !cluster.unserved.contains(&kind))
    }
}
