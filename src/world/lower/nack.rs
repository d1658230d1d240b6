//! NACK's kinds, where evctl makes their streams itself: each as the stream or consumer that it asks
//! for. Where NACK's controllers run, they are declared, and left to these.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use smol_str::SmolStr;

use crate::jetstream::nack::{
    bucket_stream, consumer, key_value, object_store, store_stream, stream,
};
use crate::jetstream::{consumer as consumer_rules, stream as stream_rules};
use crate::model::Manifest;
use crate::model::manifest::Typed;
use crate::model::nack::Nack;
use crate::model::project::Streams;
use crate::world::Key;
use crate::world::site::site;

use super::Lowering;

/// Every stream that objects of NACK declare or read.
pub fn streams(manifests: &[Manifest]) -> BTreeSet<Key> {
    manifests.iter().filter_map(|manifest| key(manifest)?.stream()).collect()
}

/// What an object of NACK is in JetStream; `None` for an Account, and for other families.
fn key(manifest: &Manifest) -> Option<Key> {
    let Typed::Nack(kind) = &manifest.typed else { return None };
    let site = site(manifest)?;
    let name = match kind {
        Nack::Stream(spec) => spec.name.as_str().to_owned(),
        Nack::KeyValue(spec) => bucket_stream(spec.bucket.as_str()),
        Nack::ObjectStore(spec) => store_stream(spec.bucket.as_str()),
        Nack::Consumer(spec) => {
            let (stream, name) = (spec.stream_name.as_str(), spec.durable_name.as_str());
            return Some(Key::Consumer {
                site: site.into(),
                stream: stream.into(),
                name: name.into(),
            });
        }
        Nack::Account(_) => return None,
    };
    Some(Key::Stream { site: site.into(), name: name.into() })
}

/// Who makes the streams of an object of NACK, and how that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Maker {
    Evctl(Why),
    Controllers(Why),
}

/// How it is known who makes streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Why {
    /// The project file says so.
    Said,
    NoCluster,
    /// The cluster's discovery has the kind, or has it not.
    Discovery,
}

/// Kinds, as (group, kind).
type Kinds = BTreeSet<(SmolStr, SmolStr)>;

/// Whether evctl makes the stream or consumer of an object of NACK. `unserved` are the kinds that the
/// cluster does not serve, `None` where none takes part.
pub fn is_made(manifest: &Manifest, said: Option<Streams>, unserved: Option<&Kinds>) -> bool {
    key(manifest).is_some() && matches!(Maker::of(manifest, said, unserved), Maker::Evctl(_))
}

impl Maker {
    fn of(manifest: &Manifest, said: Option<Streams>, unserved: Option<&Kinds>) -> Self {
        let kind = (manifest.key.group.clone(), manifest.key.kind.clone());
        match (said, unserved) {
            (Some(Streams::Managed), _) => Self::Evctl(Why::Said),
            (Some(Streams::Observed), _) => Self::Controllers(Why::Said),
            (None, None) => Self::Evctl(Why::NoCluster),
            (None, Some(unserved)) if unserved.contains(&kind) => Self::Evctl(Why::Discovery),
            (None, Some(_)) => Self::Controllers(Why::Discovery),
        }
    }

    /// One line for the plan's head.
    fn note(self, kinds: &BTreeSet<&str>) -> String {
        let kinds = kinds.iter().copied().collect::<Vec<_>>().join(", ");
        match self {
            Self::Evctl(why) => {
                let because = match why {
                    Why::Said => "as the project says",
                    Why::NoCluster => "as no Kubernetes plane takes part",
                    Why::Discovery => "as the cluster does not serve them",
                };
                format!("streams of NACK's {kinds}: managed, {because}: evctl makes them itself")
            }
            Self::Controllers(why) => {
                let because = match why {
                    Why::Said => "as the project says",
                    Why::NoCluster | Why::Discovery => "as the cluster serves them",
                };
                format!(
                    "streams of NACK's {kinds}: observed, {because}: NACK's controllers make them, \
                     evctl applies the manifests alone"
                )
            }
        }
    }
}

/// What an object says beside the configuration.
#[derive(Default)]
struct Care<'a> {
    metadata: Option<&'a BTreeMap<String, String>>,
    prevent_delete: Option<bool>,
    prevent_update: Option<bool>,
}

impl<'a> Care<'a> {
    fn of(kind: &'a Nack) -> Self {
        let (metadata, prevent_delete, prevent_update) = match kind {
            Nack::Stream(spec) => (&spec.metadata, spec.prevent_delete, spec.prevent_update),
            Nack::Consumer(spec) => (&spec.metadata, spec.prevent_delete, spec.prevent_update),
            Nack::ObjectStore(spec) => (&spec.metadata, spec.prevent_delete, spec.prevent_update),
            Nack::KeyValue(spec) => (&None, spec.prevent_delete, spec.prevent_update),
            Nack::Account(_) => return Self::default(),
        };
        Self { metadata: metadata.as_ref(), prevent_delete, prevent_update }
    }
}

impl Lowering<'_> {
    pub(super) fn nack(&mut self, manifests: &[Manifest]) {
        let mut notes = BTreeMap::<Maker, BTreeSet<&str>>::new();
        let mut consumers = Vec::new();
        for manifest in manifests {
            let (Typed::Nack(kind), Some(key)) = (&manifest.typed, key(manifest)) else { continue };
            let unserved = self.live.cluster.as_ref().map(|cluster| &cluster.unserved);
            let maker = Maker::of(manifest, self.live.streams, unserved);
            notes.entry(maker).or_default().insert(&manifest.key.kind);
            match maker {
                Maker::Evctl(_) => {
                    self.make(manifest, kind, &key);
                    consumers.extend(Some(key).filter(|key| matches!(key, Key::Consumer { .. })));
                }
                Maker::Controllers(_) => {
                    self.desired.observed.insert(key);
                }
            }
        }
        self.desired.notes.extend(notes.into_iter().map(|(maker, kinds)| maker.note(&kinds)));
        // A consumer waits for its stream, whichever object declares that.
        for key in consumers {
            if let Some(stream) = key.stream() {
                self.need(&key, &stream);
            }
        }
    }

    fn make(&mut self, manifest: &Manifest, kind: &Nack, key: &Key) {
        let config = match kind {
            Nack::Stream(spec) => stream_rules::into_normal(stream(spec)),
            Nack::KeyValue(spec) => stream_rules::into_normal(key_value(spec)),
            Nack::ObjectStore(spec) => stream_rules::into_normal(object_store(spec)),
            Nack::Consumer(spec) => consumer_rules::into_normal(consumer(spec)),
            Nack::Account(_) => return,
        };
        let (body, at) = (Value::Object(config), manifest.name_location());
        let mut wanted = self.wanted(key.clone(), body, &manifest.key, at);
        let care = Care::of(kind);
        self.metadata(key, &mut wanted.object, care.metadata, care.prevent_delete);
        self.add(wanted);
        self.need(&Key::Object(manifest.key.clone()), key);
        if care.prevent_update == Some(true) {
            self.desired.frozen.insert(key.clone());
        }
    }
}
