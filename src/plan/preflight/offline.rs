//! What servers of an assumed version would say to the files, while none is asked: everything is made
//! anew in empty accounts of a cluster of unknown size.

use std::collections::BTreeSet;

use crate::diag::{Finding, Severity};
use crate::jetstream::version;
use crate::model::Manifest;
use crate::model::project::Streams;
use crate::plan::allowed::Options;
use crate::plan::build::reviewed;
use crate::topology::Topology;
use crate::world::lower::{Desired, lower};
use crate::world::site::sites;
use crate::world::{Account, Key, World};

use super::finding::findings;

/// A finding for each trouble of the streams and consumers that the files declare. What `known` findings
/// call wrong already is not judged further.
pub fn offline(
    topology: &Topology,
    manifests: &[Manifest],
    nats: &str,
    known: &[Finding],
) -> Vec<Finding> {
    let account = Account {
        version: nats.to_owned(),
        api_level: version::api_level(nats),
        cluster: Some("of unknown size".to_owned()),
        ..Account::default()
    };
    let names = sites(manifests).into_keys().chain([String::new()]);
    let live = World {
        accounts: names.map(|site| (site, account.clone())).collect(),
        streams: Some(Streams::Managed),
        ..World::default()
    };
    let desired = lower(topology, manifests, "", &live);
    let (_, troubles) = reviewed(&desired, &live, "", &Options::default());
    let errors = known.iter().filter(|finding| finding.severity == Severity::Error);
    let wrong: BTreeSet<&str> = errors.filter_map(|finding| finding.object.as_deref()).collect();
    let wrong = Wrong::of(&desired, &wrong);
    let troubles: Vec<_> = troubles.into_iter().filter(|it| !wrong.has(&it.key)).collect();
    findings(&troubles, &desired, manifests)
}

/// What is known to be wrong, and which streams have readers among it: of those that exclude each other
/// one is enough.
struct Wrong<'a> {
    keys: BTreeSet<&'a Key>,
    read: BTreeSet<Key>,
}

impl<'a> Wrong<'a> {
    fn of(desired: &'a Desired, wrong: &BTreeSet<&str>) -> Self {
        let origins = desired.origins.iter();
        let origins =
            origins.filter(|(_, origin)| wrong.contains(origin.object.to_string().as_str()));
        let keys: BTreeSet<&Key> = origins.map(|(key, _)| key).collect();
        let readers = keys.iter().filter(|key| matches!(key, Key::Consumer { .. }));
        Self { read: readers.filter_map(|key| key.stream()).collect(), keys }
    }

    fn has(&self, key: &Key) -> bool {
        let is_reader = matches!(key, Key::Consumer { .. });
        let reads = key.stream().is_some_and(|stream| self.read.contains(&stream));
        self.keys.contains(key) || (is_reader && reads)
    }
}
