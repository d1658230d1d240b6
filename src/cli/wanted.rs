//! What must be read from the servers for the files of a project. Must not read anything.

use std::collections::{BTreeMap, BTreeSet};

use crate::jetstream::channel::stream_name;
use crate::live::Wanted;
use crate::model::hashed::HashedSet;
use crate::topology::Backing;
use crate::world::Key;
use crate::world::lower::{definition, nack_streams};
use crate::world::site::{Site, scopes};

use super::resolved::Read;

/// What must be read from the servers for these files.
pub(super) fn wanted(
    read: &Read,
    project: &str,
    salt: &str,
    sites: &BTreeMap<String, Site>,
) -> Wanted {
    let scopes = scopes(&read.manifests);
    let defined = read.manifests.iter().filter_map(definition).map(|(kind, _)| kind).collect();
    let mut streams: HashedSet<Key> = read
        .resolved
        .topology
        .channels()
        .filter(|(_, node, _)| node.generated_by.is_none())
        .filter_map(|(_, node, channel)| match (&channel.backing, node.name.object()) {
            (Backing::NatsJetStream(spec), Some(key)) => {
                let namespace = key.namespace.as_deref().unwrap_or_default();
                let name = stream_name(namespace, &key.name, spec);
                let scope = scopes.get(key).filter(|scope| sites.contains_key(**scope));
                let site = scope.map(|scope| (*scope).to_owned()).unwrap_or_default();
                Some(Key::Stream { site: site.into(), name: name.into() })
            }
            _ => None,
        })
        .collect();
    streams.extend(nack_streams(&read.manifests));
    Wanted {
        objects: read.manifests.iter().map(|m| (m.key.clone(), m.api_version.clone())).collect(),
        defined,
        direct: BTreeSet::new(),
        referred: read.resolved.dangling.iter().map(|(key, _)| key.clone()).collect(),
        streams,
        project: project.to_owned(),
        home: String::new(),
        is_applied: false,
        salt: salt.to_owned(),
    }
}
