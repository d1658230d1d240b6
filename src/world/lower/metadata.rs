//! Metadata of streams and consumers: what a manifest says is all there is, but for what protects; where
//! it says nothing, what others wrote stays.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::world::{Key, Object, mark};

use super::Lowering;

impl Lowering<'_> {
    /// The metadata of a live stream or consumer.
    pub(super) fn live_metadata(&self, key: &Key) -> Option<&Map<String, Value>> {
        self.live.objects.get(key)?.body.get("metadata")?.as_object()
    }

    /// Gives a desired stream or consumer the metadata that its manifest says. `protect` is said too,
    /// or else stays as it is.
    pub(super) fn metadata(
        &self,
        key: &Key,
        object: &mut Object,
        said: Option<&BTreeMap<String, String>>,
        protect: Option<bool>,
    ) {
        let live = self.live_metadata(key).cloned().unwrap_or_default();
        let mark = live.get(mark::PROTECT).cloned();
        let is_reserved = |name: &str| {
            name.starts_with("_nats.") || [mark::PROJECT, mark::OBJECT].contains(&name)
        };
        let mut metadata = match said {
            None => live,
            Some(said) => said
                .iter()
                .filter(|(name, _)| !is_reserved(name))
                .map(|(name, value)| (name.clone(), Value::String(value.clone())))
                .collect(),
        };
        match (protect, mark) {
            (Some(true), _) => {
                metadata.insert(mark::PROTECT.to_owned(), Value::String("true".to_owned()));
            }
            (Some(false), _) => {
                metadata.remove(mark::PROTECT);
            }
            (None, Some(mark)) => {
                metadata.entry(mark::PROTECT).or_insert(mark);
            }
            (None, None) => {}
        }
        object.protected = metadata.get(mark::PROTECT).is_some_and(|mark| *mark == "true");
        object.body.change(|body| {
            let Some(body) = body.as_object_mut() else { return };
            body.remove("metadata");
            if !metadata.is_empty() {
                body.insert("metadata".to_owned(), Value::Object(metadata));
            }
        });
    }
}
