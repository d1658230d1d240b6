//! Reading the cluster: one paged LIST for each kind and namespace. Absent, forbidden and unreachable are
//! three different things, and only the first is an absence: what the server does not let be listed is
//! unread, and a server that cannot be reached ends the run.

use std::collections::{BTreeMap, BTreeSet};

use futures::stream::{self, StreamExt};
use kube::Error;
use kube::api::{Api, ApiResource, DynamicObject, ListMeta, ListParams, Request};
use kube::core::Status;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use tokio::task::JoinHandle;

use crate::live::cluster::Cluster;
use crate::live::discovery::{self, Kind};
use crate::live::{LiveError, Wanted};
use crate::model::ObjectKey;
use crate::model::hashed::HashedSet;
use crate::model::object::group_of;
use crate::world::applyset::{ApplySet, Trouble};
use crate::world::reading::Unread;
use crate::world::{Cluster as Seen, Key, Object, World, normal};

use super::ahead::Ahead;
use super::{answered, api, applyset, brief, key_of};

/// Objects of one page of a LIST.
const PAGE: u32 = 500;
/// Requests at once.
const READS: usize = 8;
/// How often a LIST is begun whose continue token has expired (410).
const TRIES: usize = 3;

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
            Read::Whole(objects) => take(objects, &place, wanted, world),
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
        (!known.namespaced).then(|| (group_of(version).to_owned(), kind.to_owned()))
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

/// A live object with its key.
pub(super) type Named = (ObjectKey, Object);

/// What one LIST is about.
pub(super) struct Place {
    pub(super) kind: Kind,
    /// `None` for the whole cluster.
    pub(super) namespace: Option<String>,
    /// What selects the objects where not all are wanted.
    pub(super) selector: Option<String>,
}

/// What came of a LIST.
pub(super) enum Read<Item> {
    Whole(Vec<Item>),
    /// The kind is not there.
    NotServed(Status),
    /// The server answered and did not list.
    Refused(Status),
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
            let key = ObjectKey { group, kind, namespace: None, name: String::new() };
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
) -> Result<Vec<(Place, Read<Named>)>, LiveError> {
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

/// An item of a list, which does not say what it is.
fn decoded(item: &RawValue, resource: &ApiResource) -> Result<Value, serde_json::Error> {
    let mut body: Value = serde_json::from_str(item.get())?;
    if let Some(fields) = body.as_object_mut() {
        fields.insert("apiVersion".to_owned(), resource.api_version.clone().into());
        fields.insert("kind".to_owned(), resource.kind.clone().into());
    }
    Ok(body)
}

/// Takes in what is wanted or the project's own.
fn take(objects: Vec<Named>, place: &Place, wanted: &Wanted, world: &mut World) {
    let resource = &place.kind.resource;
    let of_kind = wanted.objects.keys().filter(|key| key.is(&resource.group, &resource.kind));
    let names: HashedSet<&str> = of_kind.map(|key| key.name.as_str()).collect();
    for (key, object) in objects {
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

/// A page of a LIST, its items not looked into.
#[derive(Deserialize)]
struct Page {
    #[serde(default)]
    metadata: ListMeta,
    items: Vec<Box<RawValue>>,
}

/// What every item of a page becomes. Done aside, while the next page is on its way.
type Decoding<Item> = JoinHandle<Result<Vec<Item>, serde_json::Error>>;

impl Place {
    /// What tells it from others.
    pub(super) fn at(&self) -> (String, String, Option<String>) {
        let resource = &self.kind.resource;
        (resource.api_version.clone(), resource.kind.clone(), self.namespace.clone())
    }

    /// Lists every object, in normal form.
    pub(super) async fn objects(
        &self,
        cluster: &Cluster,
        salt: &str,
    ) -> Result<Read<Named>, LiveError> {
        let (kind, salt) = (self.kind.clone(), salt.to_owned());
        self.list(cluster, move |body| (key_of(&kind, &body), normal::live(body, &salt))).await
    }

    /// Lists everything, page by page; from the start again where a token has expired on the way. Of each
    /// item is kept what `keep` makes of it.
    pub(super) async fn list<Item: Send + 'static>(
        &self,
        cluster: &Cluster,
        keep: impl Fn(Value) -> Item + Clone + Send + 'static,
    ) -> Result<Read<Item>, LiveError> {
        let mut refused = Status::default();
        for _ in 0..TRIES {
            match self.pages(cluster, &keep).await? {
                Read::Refused(status) if status.code == 410 => refused = status,
                read => return Ok(read),
            }
        }
        Ok(Read::Refused(refused))
    }

    async fn pages<Item: Send + 'static>(
        &self,
        cluster: &Cluster,
        keep: &(impl Fn(Value) -> Item + Clone + Send + 'static),
    ) -> Result<Read<Item>, LiveError> {
        let (request, what) = (self.request(cluster), self.to_string());
        let mut decoding: Vec<Decoding<Item>> = Vec::new();
        let mut params = ListParams::default().limit(PAGE);
        params.label_selector.clone_from(&self.selector);
        loop {
            let listing = async {
                let asked = request.list(&params).map_err(Error::BuildRequest)?;
                answered(cluster.client.request::<Page>(asked).await)
            };
            let page = match cluster.ask(&what, listing).await? {
                Ok(page) => page,
                Err(status) if status.code == 404 => return Ok(Read::NotServed(status)),
                Err(status) => return Ok(Read::Refused(status)),
            };
            let (keep, resource) = (keep.clone(), self.kind.resource.clone());
            decoding.push(tokio::task::spawn_blocking(move || {
                page.items.iter().map(|item| Ok(keep(decoded(item, &resource)?))).collect()
            }));
            match page.metadata.continue_ {
                Some(token) if !token.is_empty() => params = params.continue_token(&token),
                _ => break,
            }
        }
        let mut items = Vec::new();
        for page in decoding {
            let page = page.await.map_err(|error| cluster.odd(&what, &error.to_string()))?;
            items.extend(page.map_err(|error| cluster.error(&what, &Error::SerdeError(error)))?);
        }
        Ok(Read::Whole(items))
    }

    fn request(&self, cluster: &Cluster) -> Request {
        Request::new(api(cluster, &self.kind, self.namespace.as_deref()).resource_url())
    }

    fn unread(&self, status: &Status) -> Unread {
        let resource = &self.kind.resource;
        let help = if status.code == 403 {
            let role = match &self.namespace {
                Some(namespace) => format!("a Role in namespace {namespace}"),
                None => "a ClusterRole".to_owned(),
            };
            format!(
                "what is missing is {role} with the rule apiGroups [\"{}\"], resources [{}], verbs \
                 [get, list, create, patch, delete]",
                resource.group, resource.plural
            )
        } else {
            "plan again once the API server lists it".to_owned()
        };
        Unread {
            group: resource.group.clone(),
            kind: resource.kind.clone(),
            namespace: self.namespace.clone(),
            why: format!("{} ({})", brief(status), status.code),
            code: status.code,
            help,
        }
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(&self.kind.resource.plural)?;
        match &self.namespace {
            Some(namespace) => write!(out, " of namespace {namespace}"),
            None => Ok(()),
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
    let names: BTreeSet<&String> =
        wanted.objects.keys().filter_map(|key| key.namespace.as_ref()).collect();
    let resource = ApiResource::erase::<k8s_openapi::api::core::v1::Namespace>(&());
    let api: Api<DynamicObject> = Api::all_with(cluster.client.clone(), &resource);
    let looking = names.into_iter().map(|name| {
        let api = &api;
        async move {
            let looking = async { answered(api.get_opt(name).await) };
            let found = cluster.ask(&format!("namespace {name}"), looking).await?;
            Ok(matches!(found, Ok(Some(_))).then(|| name.clone()))
        }
    });
    let found: Vec<_> = stream::iter(looking.collect::<Vec<_>>()).buffered(READS).collect().await;
    found.into_iter().filter_map(Result::transpose).collect()
}
