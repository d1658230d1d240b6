//! The LISTs that the project's ApplySet speaks of, begun while the files are still read: they name the
//! kinds and namespaces of the last run, which are nearly always this run's. Must not know what is declared.

use std::collections::BTreeMap;

use tokio::task::JoinHandle;

use crate::live::LiveError;
use crate::live::cluster::Cluster;
use crate::live::discovery::{self, Kind};
use crate::model::ObjectKey;
use crate::world::applyset::ApplySet;

use super::applyset;
use super::list::{Place, Read};

/// With more lists than this the set's kinds are far from being in each of its namespaces, and most lists
/// would be of no use.
const MOST: usize = 24;

/// Which list: apiVersion, kind and namespace.
type At = (String, String, Option<String>);

/// What has been begun.
#[derive(Default)]
pub(in crate::live) struct Ahead {
    /// The set, where it was read.
    set: Option<ApplySet>,
    lists: BTreeMap<At, Listing>,
}

/// A LIST that is under way; it ends where nobody waits for it any more.
struct Listing(JoinHandle<Result<Read, LiveError>>);

impl Drop for Listing {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Reads the project's set, and begins to list what it speaks of. What goes wrong here is asked again when it
/// is needed, and said then.
pub(in crate::live) async fn ahead(
    cluster: &mut Cluster,
    project: &str,
    home: &str,
    salt: &str,
) -> Ahead {
    let set = match applyset::observed(cluster, project, home).await {
        Ok(set) if set.trouble.is_none() => set,
        _ => return Ahead::default(),
    };
    let namespaces = &set.hints.namespaces;
    let mut lists = BTreeMap::new();
    if set.hints.kinds.len() * (namespaces.len() + 1) <= MOST {
        for (group, kind) in &set.hints.kinds {
            let Some(kind) = known(cluster, group, kind).await else { continue };
            let places: Vec<Option<String>> = if kind.namespaced {
                let home = set.parent.namespace.as_deref();
                let home = home.filter(|home| !namespaces.contains(*home)).map(str::to_owned);
                namespaces.iter().cloned().chain(home).map(Some).collect()
            } else {
                vec![None]
            };
            for namespace in places {
                let place = Place { kind: kind.clone(), namespace, selector: None };
                lists.insert(place.at(), begun(cluster, place, salt));
            }
        }
    }
    Ahead { set: Some(set), lists }
}

/// The kind in the version that the last run asked for, else in the one that the cluster recommends.
async fn known(cluster: &mut Cluster, group: &str, kind: &str) -> Option<Kind> {
    if let Some(kind) = discovery::remembered(cluster, group, kind) {
        return Some(kind);
    }
    let (group, kind) = (group.to_owned(), kind.to_owned());
    let key =
        ObjectKey { group: group.into(), kind: kind.into(), namespace: None, name: "".into() };
    discovery::recommended(cluster, &key).await.ok().flatten()
}

fn begun(cluster: &Cluster, place: Place, salt: &str) -> Listing {
    let (cluster, salt) = (cluster.clone(), salt.to_owned());
    Listing(tokio::spawn(async move { place.objects(&cluster, &salt).await }))
}

impl Ahead {
    /// The set of this project, where it is the one that was read.
    pub(super) fn set(&mut self, project: &str, home: &str) -> Option<ApplySet> {
        self.set.take().filter(|set| set.id == ApplySet::of(project, home).id)
    }

    /// What came of a list that was begun; `None` for one that was not.
    pub(super) async fn list(&mut self, place: &Place) -> Option<Result<Read, LiveError>> {
        let mut listing = self.lists.remove(&place.at())?;
        (&mut listing.0).await.ok()
    }
}
