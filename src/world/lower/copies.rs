//! Streams that copy from others, whichever dialect declares either: the origin comes first, and some
//! settings of a mirror are the origin's.

use serde_json::{Value, json};

use crate::world::Key;

use super::Lowering;

impl Lowering<'_> {
    pub(super) fn copies(&mut self) {
        let copies = |body: &Value| body.get("mirror").or_else(|| body.get("sources")).is_some();
        let all = self.desired.world.objects.iter();
        let streams = all.filter(|(key, _)| matches!(key, Key::Stream { .. }));
        let copying =
            streams.filter(|(_, object)| copies(&object.body)).map(|(key, _)| key.clone());
        for key in copying.collect::<Vec<Key>>() {
            let Key::Stream { site, .. } = &key else { continue };
            for origin in self.origins(&key, site) {
                self.need(&key, &origin);
            }
            self.direct_reads(&key, site);
        }
    }

    /// The streams of the same account that a stream copies from.
    fn origins(&self, key: &Key, site: &str) -> Vec<Key> {
        let body = self.desired.world.objects.get(key).map(|object| &object.body);
        let field = |name: &str| body.and_then(|body| body.get(name));
        let sources = field("sources").and_then(Value::as_array).into_iter().flatten();
        sources.chain(field("mirror")).filter_map(|source| origin(source, site)).collect()
    }

    /// Whether a mirror answers direct reads is what the origin says, wherever the server sees it.
    fn direct_reads(&mut self, key: &Key, site: &str) {
        let origin = self.desired.world.objects.get(key).and_then(|object| {
            let mirror = object.body.get("mirror")?;
            let key = origin(mirror, site)?;
            let there = |world: &crate::world::World| world.objects.get(&key).cloned();
            let body = there(&self.desired.world).or_else(|| there(self.live));
            body.map(|object| object.body.into_value())
                .or_else(|| self.live.others.get(&key).cloned())
        });
        let Some(direct) = origin.map(|body| body.get("allow_direct") == Some(&json!(true))) else {
            return;
        };
        if let Some(object) = self.desired.world.objects.get_mut(key) {
            object.body.change(|body| body["mirror_direct"] = json!(direct));
        }
    }
}

/// `None` for one in another account or domain.
fn origin(source: &Value, site: &str) -> Option<Key> {
    let name = source.get("name").and_then(Value::as_str)?;
    let is_external = source.get("external").is_some();
    (!is_external).then(|| Key::Stream { site: site.into(), name: name.into() })
}
