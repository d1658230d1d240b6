//! Reading the cluster: one paged LIST for each kind and namespace. Absent, forbidden and unreachable are
//! three different things, and only the first is an absence: what the server does not let be listed is
//! unread, and a server that cannot be reached ends the run.

use std::collections::{BTreeMap, BTreeSet};

use futures::stream::{self, StreamExt};
use kube::api::{Api, ApiResource, DynamicObject};
use kube::core::Status;
use serde_json::Value;

use crate::live::cluster::Cluster;
use crate::live::discovery::{self, Kind};
use crate::live::{LiveError, Wanted};
use crate::model::ObjectKey;
use crate::model::hashed::HashedSet;
use crate::model::object::group_of;
use crate::world::applyset::{ApplySet, Trouble};
use crate::world::{Cluster as Seen, Key, World};

use super::ahead::Ahead;
use super::list::{Named, Place, Read};
use super::{answered, api, applyset, brief};

/// Requests at once.
const READS: usize = 8;

/// Reads every object that is wanted or owned by the project, among the kinds and namespaces that
/// the input names.
pub(in crate::live) async fn observe(
    cluster: &mut Cluster,
    wanted: &Wanted,
    mut ahead: Ahead,
    world: &mut World,
) -> Result<(), LiveError> {
    let mut unserved = discovery::discover(cluster, wanted).await?;
    let set = match ahead.set(&wanted.project, &wanted.home) {
        Some(set) => set,
        None => applyset::observed(cluster, &wanted.project, &wanted.home).await?,
    };
    let mut listed = lists(cluster, wanted, &set, &mut ahead).await?;
    if cluster.cache.is_used && listed.iter().any(|(_, read)| matches!(read, Read::NotServed(_))) {
        unserved = discovery::again(cluster, wanted).await?;
        listed = lists(cluster, wanted, &set, &mut Ahead::default()).await?;
    }
    let (mut unread, mut notes) = (Vec::new(), Vec::new());
    let channel_controller = channel_controller(cluster, wanted, &mut notes).await?;
    if let Some(Trouble::Unread(why)) = &set.trouble {
        notes.push(format!(
            "the project's ApplySet, {}, could not be read, so nothing of the cluster is pruned: {why}",
            set.parent
        ));
    }
    for (place, read) in listed {
        match read {
            Read::Whole(pages) => take(pages, &place, wanted, world),
            // What only the ApplySet remembers may have gone with its definition.
            Read::NotServed(_) if place.selector.is_some() => {}
            Read::NotServed(why) | Read::Refused(why) => {
                let one = place.unread(&why);
                if place.selector.is_some() {
                    notes.push(format!("nothing of {place} is pruned: {}; {}", one.why, one.help));
                }
                unread.push(one);
            }
        }
    }
    let kinds: BTreeSet<(&str, &str)> =
        wanted.objects.iter().map(|(key, version)| (version.as_str(), key.kind.as_str())).collect();
    let cluster_scoped = kinds.into_iter().filter_map(|(version, kind)| {
        let known = cluster.kinds.get(&(version.to_owned(), kind.to_owned()))?;
        (!known.namespaced).then(|| (group_of(version).into(), kind.into()))
    });
    let mut seen = Seen {
        name: cluster.name.clone(),
        version: cluster.version.clone(),
        namespace: cluster.namespace().to_owned(),
        cluster_scoped: cluster_scoped.collect(),
        namespaces: namespaces(cluster, wanted).await?,
        unserved,
        channel_controller,
        unread,
        set: Some(set),
        notes,
        ..Seen::default()
    };
    referred(cluster, wanted, &mut seen).await?;
    world.cluster = Some(seen);
    Ok(())
}

/// Every LIST that the input asks for, and those for members of the ApplySet that it does not name.
async fn places(
    cluster: &Cluster,
    wanted: &Wanted,
    set: &ApplySet,
) -> Result<Vec<Place>, LiveError> {
    let mut places = BTreeMap::new();
    let mut kinds: BTreeMap<(String, String), Kind> = BTreeMap::new();
    let declared: BTreeSet<(&str, &str, Option<&str>)> = wanted
        .objects
        .iter()
        .map(|(key, version)| (version.as_str(), key.kind.as_str(), key.namespace.as_deref()))
        .collect();
    for (version, name, namespace) in declared {
        let Some(kind) = cluster.kinds.get(&(version.to_owned(), name.to_owned())) else {
            continue;
        };
        let namespace = namespace.filter(|_| kind.namespaced).map(str::to_owned);
        let place = Place { kind: kind.clone(), namespace, selector: None };
        places.insert(place.at(), place);
        kinds.insert((group_of(version).to_owned(), name.to_owned()), kind.clone());
    }
    for (group_kind, namespace) in applyset::beyond(set, wanted) {
        if !kinds.contains_key(&group_kind) {
            let (group, kind) = group_kind.clone();
            let key = ObjectKey {
                group: group.into(),
                kind: kind.into(),
                namespace: None,
                name: "".into(),
            };
            let Some(kind) = discovery::recommended(cluster, &key).await? else { continue };
            kinds.insert(group_kind.clone(), kind);
        }
        let Some(kind) = kinds.get(&group_kind) else { continue };
        let namespace = Some(namespace).filter(|_| kind.namespaced);
        let selector = Some(applyset::selector(set));
        let place = Place { kind: kind.clone(), namespace, selector };
        places.entry(place.at()).or_insert(place);
    }
    Ok(places.into_values().collect())
}

async fn lists(
    cluster: &Cluster,
    wanted: &Wanted,
    set: &ApplySet,
    ahead: &mut Ahead,
) -> Result<Vec<(Place, Read)>, LiveError> {
    let (mut read, mut unread) = (Vec::new(), Vec::new());
    for place in places(cluster, wanted, set).await? {
        match ahead.list(&place).await {
            Some(listed) => read.push((place, listed?)),
            None => unread.push(place),
        }
    }
    let reading = unread.into_iter().map(|place| async move {
        let listed = place.objects(cluster, &wanted.salt).await?;
        Ok((place, listed))
    });
    let reading = stream::iter(reading.collect::<Vec<_>>()).buffered(READS);
    let later: Vec<Result<_, LiveError>> = reading.collect().await;
    for listed in later {
        read.push(listed?);
    }
    Ok(read)
}

/// Takes in what is wanted or the project's own.
fn take(pages: Vec<Vec<Named>>, place: &Place, wanted: &Wanted, world: &mut World) {
    let resource = &place.kind.resource;
    let of_kind = wanted.objects.keys().filter(|key| key.is(&resource.group, &resource.kind));
    let names: HashedSet<&str> = of_kind.map(|key| key.name.as_str()).collect();
    world.objects.reserve(pages.iter().map(Vec::len).sum());
    for (key, object) in pages.into_iter().flatten() {
        let ours = object.owner.as_ref().is_some_and(|owner| owner.project == wanted.project);
        // A kind that is declared in two versions is listed in both: each object in its own.
        let version = wanted.objects.get(&key);
        if version.is_some_and(|version| *version != resource.api_version) {
            continue;
        }
        if ours || names.contains(key.name.as_str()) {
            world.objects.insert(Key::Object(key), object);
        }
    }
}

/// Whether the NATS channel's controller runs: its Deployment, as the channel's release names it, is there
/// and is to have pods. Looked at where streams are wanted at all.
async fn channel_controller(
    cluster: &Cluster,
    wanted: &Wanted,
    notes: &mut Vec<String>,
) -> Result<bool, LiveError> {
    const NAME: &str = "jetstream-ch-controller";
    if wanted.streams.is_empty() {
        return Ok(false);
    }
    let resource = ApiResource::erase::<k8s_openapi::api::apps::v1::Deployment>(&());
    let api: Api<DynamicObject> =
        Api::namespaced_with(cluster.client.clone(), "knative-eventing", &resource);
    let looking = async { answered(api.get_opt(NAME).await) };
    match cluster.ask(&format!("deployment knative-eventing/{NAME}"), looking).await? {
        Ok(found) => Ok(found.is_some_and(|found| {
            found.data.pointer("/spec/replicas").and_then(Value::as_u64) != Some(0)
        })),
        Err(status) => {
            notes.push(format!(
                "whether the NATS channel's controller runs could not be looked at, so evctl makes its \
                 streams: {} ({}); `streams: observed` in the project says that it does",
                brief(&status),
                status.code
            ));
            Ok(false)
        }
    }
}

/// Which of the objects that are declared nowhere are live. One that may not be looked at is no absence.
async fn referred(cluster: &Cluster, wanted: &Wanted, seen: &mut Seen) -> Result<(), LiveError> {
    let mut kinds: BTreeMap<(&str, &str), Option<Kind>> = BTreeMap::new();
    for key in &wanted.referred {
        let of = (key.group.as_str(), key.kind.as_str());
        let kind = match kinds.get(&of) {
            Some(kind) => kind.clone(),
            None => {
                let kind = discovery::recommended(cluster, key).await?;
                kinds.insert(of, kind.clone());
                kind
            }
        };
        let Some(kind) = kind else { continue };
        let api = api(cluster, &kind, key.namespace.as_deref());
        let looking = async { answered(api.get_opt(&key.name).await) };
        match cluster.ask(&key.to_string(), looking).await? {
            Ok(None) => continue,
            Ok(Some(_)) => {}
            Err(status) => seen.notes.push(taken_for_there(key, &status)),
        }
        seen.referred.insert(key.clone());
    }
    Ok(())
}

fn taken_for_there(key: &ObjectKey, status: &Status) -> String {
    format!(
        "{key} is referred to and could not be looked at, so it is taken to be there: {} ({})",
        brief(status),
        status.code
    )
}

/// The namespaces that are live. Where they may not be looked at, dry-runs say what is missing.
async fn namespaces(cluster: &Cluster, wanted: &Wanted) -> Result<BTreeSet<String>, LiveError> {
    let names: BTreeSet<&str> =
        wanted.objects.keys().filter_map(|key| key.namespace.as_deref()).collect();
    let resource = ApiResource::erase::<k8s_openapi::api::core::v1::Namespace>(&());
    let api: Api<DynamicObject> = Api::all_with(cluster.client.clone(), &resource);
    let looking = names.into_iter().map(|name| {
        let api = &api;
        async move {
            let looking = async { answered(api.get_opt(name).await) };
            let found = cluster.ask(&format!("namespace {name}"), looking).await?;
            Ok(matches!(found, Ok(Some(_))).then(|| name.to_owned()))
        }
    });
    let found: Vec<_> = stream::iter(looking.collect::<Vec<_>>()).buffered(READS).collect().await;
    found.into_iter().filter_map(Result::transpose).collect()
}
