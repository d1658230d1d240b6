//! References of documents whose shape has faults: what still looks like one is resolved, so that a
//! typo elsewhere in the document does not put off what is wrong with them.

use crate::model::knative::duck::KReference;
use crate::model::yaml::{Node, Value};
use crate::model::{Manifest, ObjectKey, Path};

use super::reference::Wanted;
use super::resolve::Resolver;

impl Resolver<'_> {
    pub(super) fn broken(&mut self, manifest: &Manifest) {
        let mut found = Vec::new();
        if let Some(spec) = manifest.root.get("spec") {
            walk(spec, &Path::of("spec"), &mut found);
        }
        for (path, reference) in found {
            self.reference(manifest, &path, &reference, Wanted::Anything);
        }
        let broker = manifest.text("spec.broker");
        if let Some(name) = broker.filter(|_| manifest.key.is("eventing.knative.dev", "Trigger")) {
            let key = ObjectKey {
                group: manifest.key.group.clone(),
                kind: "Broker".into(),
                namespace: manifest.key.namespace.clone(),
                name: name.into(),
            };
            self.refer(manifest, &Path::of("spec.broker"), &key);
        }
    }
}

fn walk(node: &Node, at: &Path, found: &mut Vec<(Path, KReference)>) {
    match &node.value {
        Value::Mapping(entries) => {
            for entry in entries {
                let path = at.key(entry.key.as_str());
                match reference(&entry.value).filter(|_| entry.key == "ref") {
                    Some(reference) => found.push((path, reference)),
                    None => walk(&entry.value, &path, found),
                }
            }
        }
        Value::Sequence(items) => {
            for (number, item) in items.iter().enumerate() {
                walk(item, &at.index(number), found);
            }
        }
        _ => {}
    }
}

/// A reference with all that it takes.
fn reference(node: &Node) -> Option<KReference> {
    let text = |key: &str| node.get(key).and_then(Node::text).map(str::to_owned);
    Some(KReference {
        kind: text("kind")?,
        name: text("name")?,
        api_version: Some(text("apiVersion")?),
        namespace: text("namespace"),
        group: None,
        address: None,
    })
}
