//! Which Kubernetes objects need which others to be there first.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use smol_str::SmolStr;

use crate::model::{Manifest, ObjectKey};
use crate::world::Key;

use super::Lowering;

impl Lowering<'_> {
    pub(super) fn references(&mut self, manifests: &[Manifest]) {
        for reference in &self.topology.references {
            let (from, to) = (self.scoped(&reference.from), self.scoped(&reference.to));
            self.need(&Key::Object(from), &Key::Object(to));
        }
        let definitions: BTreeMap<_, _> = manifests.iter().filter_map(definition).collect();
        let objects = || self.desired.world.objects.keys().filter_map(Key::object);
        let namespaces: BTreeSet<SmolStr> =
            objects().filter(|key| key.is("", "Namespace")).map(|key| key.name.clone()).collect();
        if namespaces.is_empty() && definitions.is_empty() {
            return;
        }
        let keys: Vec<ObjectKey> = objects().cloned().collect();
        for key in keys {
            if let Some(namespace) =
                key.namespace.as_ref().filter(|name| namespaces.contains(*name))
            {
                let namespace = ObjectKey {
                    group: SmolStr::default(),
                    kind: "Namespace".into(),
                    namespace: None,
                    name: namespace.clone(),
                };
                self.need(&Key::Object(key.clone()), &Key::Object(namespace));
            }
            if let Some(definition) = definitions.get(&(key.group.clone(), key.kind.clone())) {
                self.need(&Key::Object(key.clone()), &Key::Object(definition.clone()));
            }
        }
    }
}

/// The group and kind that a CRD of the input defines.
pub fn definition(manifest: &Manifest) -> Option<((SmolStr, SmolStr), ObjectKey)> {
    if !manifest.key.is("apiextensions.k8s.io", "CustomResourceDefinition") {
        return None;
    }
    let text = |at: &str| manifest.body().pointer(at).and_then(Value::as_str).map(SmolStr::from);
    Some(((text("/spec/group")?, text("/spec/names/kind")?), manifest.key.clone()))
}
