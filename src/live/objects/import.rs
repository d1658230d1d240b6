//! Reading every object of some groups, for a project to begin with. Must not decide which of them matter.

use std::collections::BTreeSet;

use kube::discovery::{Scope, oneshot, verbs};

use crate::live::LiveError;
use crate::live::cluster::{Cluster, status};
use crate::live::discovery::Kind;
use crate::world::Object;

use super::list::{Place, Read};

/// What a cluster holds.
#[derive(Debug, Default)]
pub struct Imported {
    pub objects: Vec<Object>,
    /// What could not be read, a sentence each.
    pub unread: Vec<String>,
    /// The groups that the cluster serves, of those that were asked for.
    pub served: BTreeSet<String>,
}

/// Every object of the kinds that the cluster serves in these groups; of one
/// namespace, or of all.
pub(in crate::live) async fn import(
    cluster: &Cluster,
    groups: &[&str],
    namespace: Option<&str>,
) -> Result<Imported, LiveError> {
    let mut imported = Imported::default();
    for group in groups {
        for kind in kinds(cluster, group).await? {
            imported.served.insert((*group).to_owned());
            // What belongs to the whole cluster is read where all of it is asked for.
            if namespace.is_some() && !kind.namespaced {
                continue;
            }
            let place = Place { kind, namespace: namespace.map(str::to_owned), selector: None };
            match place.objects(cluster, "").await? {
                Read::Whole(found) => {
                    imported.objects.extend(found.into_iter().flatten().map(|(_, object)| object));
                }
                Read::NotServed(_) => {}
                Read::Refused(status) => {
                    let why = format!("{} ({})", super::brief(&status), status.code);
                    imported.unread.push(format!("{place} could not be read: {why}"));
                }
            }
        }
    }
    Ok(imported)
}

/// The kinds of a group that can be listed, each in the version that the group prefers.
async fn kinds(cluster: &Cluster, group: &str) -> Result<Vec<Kind>, LiveError> {
    let looking = async {
        match oneshot::group(&cluster.client, group).await {
            Ok(found) => Ok(Some(found)),
            Err(kube::Error::Discovery(_)) => Ok(None),
            Err(error) if status(&error).is_some_and(|status| status.code == 404) => Ok(None),
            Err(error) => Err(error),
        }
    };
    let found = cluster.ask(&format!("the kinds of {group}"), looking).await?;
    let kinds = found.map(|group| group.resources_by_stability()).unwrap_or_default();
    let listed = kinds.into_iter().filter(|(_, able)| able.supports_operation(verbs::LIST));
    Ok(listed
        .map(|(resource, able)| Kind { resource, namespaced: able.scope == Scope::Namespaced })
        .collect())
}
