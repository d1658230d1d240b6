//! Troubles as findings: at the value in the manifest that leads to them where it is said there, else
//! at the object's name.

use std::collections::BTreeMap;

use crate::diag::{Finding, Location};
use crate::model::{Manifest, ObjectKey, Path};
use crate::world::Key;
use crate::world::lower::Desired;

use super::Trouble;

/// A finding for each trouble.
pub fn findings(troubles: &[Trouble], desired: &Desired, manifests: &[Manifest]) -> Vec<Finding> {
    let declared = manifests.iter().map(|manifest| (&manifest.key, manifest)).collect();
    let places = Places { desired, declared };
    troubles.iter().map(|trouble| places.finding(trouble)).collect()
}

struct Places<'a> {
    desired: &'a Desired,
    declared: BTreeMap<&'a ObjectKey, &'a Manifest>,
}

impl Places<'_> {
    fn finding(&self, trouble: &Trouble) -> Finding {
        let message = match &trouble.key {
            Key::Stream { name, .. } => format!("stream {name}: {}", trouble.message()),
            Key::Consumer { stream, .. } => {
                format!("a consumer of stream {stream}: {}", trouble.message())
            }
            Key::Object(key) => format!("{key}: {}", trouble.message()),
        };
        let mut finding = Finding::new(trouble.code, message, trouble.help);
        if let Some(origin) = self.desired.origins.get(&trouble.key) {
            finding = finding.at(origin.at).object(origin.object.to_string());
            let manifest = self.declared.get(&origin.object);
            if let Some((at, path)) = manifest.and_then(|m| value(m, trouble.field)) {
                finding = finding.at(at).path(path);
            }
        }
        let own = finding.at;
        for key in &trouble.related {
            if let Some(at) = self.name(key).filter(|at| Some(*at) != own) {
                finding = finding.related(at, key.to_string());
            }
        }
        finding
    }

    fn name(&self, key: &Key) -> Option<Location> {
        Some(self.desired.origins.get(key)?.at)
    }
}

/// Where a manifest says the field of a configuration.
fn value(manifest: &Manifest, field: &str) -> Option<(Location, String)> {
    let below = ["spec.stream.config", "spec.consumerConfigTemplate", "spec"];
    let names = spelt(field);
    let paths =
        below.iter().flat_map(|below| names.iter().map(|name| Path::of(below).key(name.as_str())));
    let path = paths.into_iter().find(|path| manifest.root.at(path).is_some())?;
    Some((manifest.place().value(&path), path.to_string()))
}

/// A field as the kinds spell it.
fn spelt(field: &str) -> Vec<String> {
    match field {
        "" => Vec::new(),
        "num_replicas" => vec!["replicas".to_owned()],
        "subjects" => vec!["additionalSubjects".to_owned(), "subjects".to_owned()],
        field => {
            let mut words = field.split('_');
            let first = words.next().unwrap_or_default().to_owned();
            let name = words.fold(first, |name, word| {
                let (head, tail) = word.split_at(word.len().min(1));
                name + &head.to_uppercase() + tail
            });
            vec![name]
        }
    }
}
