//! What is not there, as a create must know before it writes. A few creates look for themselves; for many of one
//! kind in one namespace a LIST of names says it, which is made anew as it grows old. Must not know what is written.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use kube::api::{Api, DynamicObject, ListParams};
use smol_str::SmolStr;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::live::cluster::Cluster;
use crate::live::discovery::Kind;
use crate::model::ObjectKey;
use crate::world::mark;

use super::api;

/// As many creates of a kind in a namespace look for themselves before a LIST is thought to pay.
const FEW: usize = 16;
/// How old a LIST may be that a create goes by.
const FRESH: Duration = Duration::from_secs(1);
/// Names of one page, and pages: where there is more, each create looks for itself.
const PAGE: u32 = 1000;
const PAGES: usize = 5;

/// What is known to be absent, by (apiVersion, kind, namespace).
#[derive(Default)]
pub struct Absences(Mutex<BTreeMap<Place, Arc<Mutex<Seen>>>>);

type Place = (String, String, Option<SmolStr>);

#[derive(Default)]
struct Seen {
    looks: usize,
    listed: Option<Instant>,
    /// Every name that has been listed.
    names: BTreeSet<String>,
    /// There is too much, or it may not be listed.
    is_in_vain: bool,
}

impl Absences {
    /// Whether the object was not there a moment ago; `false` where it was, or nobody knows.
    /// The first LIST has all there is, as the project's own may have been made since the plan was saved; after it
    /// that is this run's doing, which holds the project's lock, and others' alone are listed.
    pub(super) async fn holds(
        &self,
        cluster: &Cluster,
        kind: &Kind,
        key: &ObjectKey,
        project: &str,
    ) -> bool {
        let resource = &kind.resource;
        let namespace = key.namespace.clone();
        let place = (resource.api_version.clone(), resource.kind.clone(), namespace);
        let seen = self.0.lock().await.entry(place).or_default().clone();
        let mut seen = seen.lock().await;
        seen.looks += 1;
        if seen.looks <= FEW || seen.is_in_vain {
            return false;
        }
        if seen.listed.is_none_or(|at| at.elapsed() > FRESH) {
            // Most there is then has been made by this run, and would be sent again with each LIST.
            let others = seen.listed.map(|_| format!("{}!={project}", mark::PROJECT));
            seen.listed = Some(Instant::now());
            let api = api(cluster, kind, key.namespace.as_deref());
            match names(cluster, &api, others).await {
                // What has gone meanwhile is looked at by itself.
                Some(names) => seen.names.extend(names),
                None => seen.is_in_vain = true,
            }
        }
        !seen.is_in_vain && !seen.names.contains(key.name.as_str())
    }
}

/// The names of all that a label selects; `None` where that cannot be had, or is more than is worth a look.
async fn names(
    cluster: &Cluster,
    api: &Api<DynamicObject>,
    selector: Option<String>,
) -> Option<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    let mut params = ListParams::default().limit(PAGE);
    params.label_selector = selector;
    for _ in 0..PAGES {
        let page = cluster.ask("names", api.list_metadata(&params)).await.ok()?;
        names.extend(page.items.into_iter().filter_map(|item| item.metadata.name));
        match page.metadata.continue_.filter(|token| !token.is_empty()) {
            Some(token) => params = params.continue_token(&token),
            None => return Some(names),
        }
    }
    None
}
