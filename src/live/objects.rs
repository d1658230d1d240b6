//! Kubernetes objects: LIST per kind and namespace to observe, server-side dry-run to preview,
//! server-side apply to write, each write guarded by a fresh read.

use std::collections::{BTreeMap, BTreeSet};

use futures::stream::{self, StreamExt};
use kube::Error;
use kube::api::{Api, DynamicObject, ListParams, Patch, PatchParams, ValidationDirective};
use kube::core::Status;
use serde_json::{Value, json};

use crate::apply::rollout::{Outcome, Step};
use crate::model::ObjectKey;
use crate::plan::verify::Preview;
use crate::plan::{Change, Plan, Write};
use crate::world::secret::Vault;
use crate::world::{Cluster as Seen, Key, World, mark, normal};

use super::cluster::{Cluster, status, words};
use super::discovery::{self, Kind};
use super::{LiveError, Wanted};

/// Objects of one page of a LIST.
const PAGE: u32 = 500;
/// Dry-runs at once.
const PREVIEWS: usize = 8;

/// Reads every object that is wanted or owned by the project, among the kinds and namespaces that
/// the input names.
pub(super) async fn observe(
    cluster: &mut Cluster,
    wanted: &Wanted,
    world: &mut World,
) -> Result<(), LiveError> {
    let unserved = discovery::discover(cluster, wanted).await?;
    let cluster = &*cluster;
    let mut lists: BTreeMap<(String, String, Option<String>), &Kind> = BTreeMap::new();
    let mut cluster_scoped = BTreeSet::new();
    for (key, api_version) in &wanted.objects {
        let Some(kind) = cluster.kinds.get(&(api_version.clone(), key.kind.clone())) else {
            continue;
        };
        let namespace = key.namespace.clone().filter(|_| kind.namespaced);
        if !kind.namespaced {
            cluster_scoped.insert((key.group.clone(), key.kind.clone()));
        }
        lists.insert((api_version.clone(), key.kind.clone(), namespace), kind);
    }
    let names: BTreeSet<(&str, &str, &str)> = wanted
        .objects
        .keys()
        .map(|k| (k.group.as_str(), k.kind.as_str(), k.name.as_str()))
        .collect();
    for ((_, _, namespace), kind) in lists {
        for body in list(cluster, kind, namespace.as_deref()).await? {
            let object = normal::live(body, &wanted.salt);
            let key = key_of(kind, &object.body);
            let ours = object.owner.as_ref().is_some_and(|owner| owner.project == wanted.project);
            // A kind that is declared in two versions is listed in both: each object in its own.
            let version = wanted.objects.get(&key);
            if version.is_some_and(|version| *version != kind.resource.api_version) {
                continue;
            }
            if ours || names.contains(&(key.group.as_str(), key.kind.as_str(), key.name.as_str())) {
                world.objects.insert(Key::Object(key), object);
            }
        }
    }
    world.cluster = Some(Seen {
        name: cluster.name.clone(),
        version: cluster.version.clone(),
        namespace: cluster.namespace().to_owned(),
        cluster_scoped,
        referred: referred(cluster, wanted).await?,
        namespaces: namespaces(cluster, wanted).await?,
        unserved,
    });
    Ok(())
}

async fn list(
    cluster: &Cluster,
    kind: &Kind,
    namespace: Option<&str>,
) -> Result<Vec<Value>, LiveError> {
    let api = api(cluster, kind, namespace);
    let place = namespace.map(|namespace| format!(" of namespace {namespace}")).unwrap_or_default();
    let what = format!("{}{place}", kind.resource.plural);
    let mut bodies = Vec::new();
    let mut params = ListParams::default().limit(PAGE);
    loop {
        let page = cluster.ask(&what, api.list(&params)).await?;
        for mut object in page.items {
            // Items of a list do not say what they are.
            object.types = Some(kube::core::TypeMeta {
                api_version: kind.resource.api_version.clone(),
                kind: kind.resource.kind.clone(),
            });
            let body = serde_json::to_value(object).map_err(Error::SerdeError);
            bodies.push(body.map_err(|error| cluster.error(&what, &error))?);
        }
        match page.metadata.continue_ {
            Some(token) if !token.is_empty() => params = params.continue_token(&token),
            _ => return Ok(bodies),
        }
    }
}

/// Which of the objects that are declared nowhere are live.
async fn referred(cluster: &Cluster, wanted: &Wanted) -> Result<BTreeSet<ObjectKey>, LiveError> {
    let mut live = BTreeSet::new();
    for key in &wanted.referred {
        let Some(kind) = discovery::recommended(cluster, key).await? else { continue };
        let api = api(cluster, &kind, key.namespace.as_deref());
        if cluster.ask(&key.to_string(), api.get_opt(&key.name)).await?.is_some() {
            live.insert(key.clone());
        }
    }
    Ok(live)
}

async fn namespaces(cluster: &Cluster, wanted: &Wanted) -> Result<BTreeSet<String>, LiveError> {
    let names: BTreeSet<&String> =
        wanted.objects.keys().filter_map(|key| key.namespace.as_ref()).collect();
    let resource = kube::api::ApiResource::erase::<k8s_openapi::api::core::v1::Namespace>(&());
    let api: Api<DynamicObject> = Api::all_with(cluster.client.clone(), &resource);
    let mut live = BTreeSet::new();
    for name in names {
        if cluster.ask(&format!("namespace {name}"), api.get_opt(name)).await?.is_some() {
            live.insert(name.clone());
        }
    }
    Ok(live)
}

fn api(cluster: &Cluster, kind: &Kind, namespace: Option<&str>) -> Api<DynamicObject> {
    match namespace.filter(|_| kind.namespaced) {
        Some(namespace) => Api::namespaced_with(cluster.client.clone(), namespace, &kind.resource),
        None => Api::all_with(cluster.client.clone(), &kind.resource),
    }
}

fn key_of(kind: &Kind, body: &Value) -> ObjectKey {
    let text = |at: &str| body.pointer(at).and_then(Value::as_str).map(str::to_owned);
    ObjectKey {
        group: kind.resource.group.clone(),
        kind: kind.resource.kind.clone(),
        namespace: text("/metadata/namespace"),
        name: text("/metadata/name").unwrap_or_default(),
    }
}

fn kind_of<'c>(cluster: &'c Cluster, body: &Value) -> Option<&'c Kind> {
    let text = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
    cluster.kinds.get(&(text("apiVersion")?, text("kind")?))
}

/// Asks the API server what would become of every change of the plan that is its own.
pub(super) async fn preview(
    cluster: &Cluster,
    plan: &Plan,
    live: &World,
    vault: &Vault,
) -> Result<BTreeMap<Key, Preview>, LiveError> {
    let asked = plan.changes.iter().filter_map(|change| {
        let asked = change.write.as_ref().or(change.probe.as_ref());
        let write = asked.filter(|_| change.key.object().is_some())?;
        Some(async move {
            let preview = match unaskable(cluster, plan, change, write, live) {
                Some(why) => Ok(Preview::Unknown(why)),
                None => ask(cluster, write, vault, &live.salt).await,
            };
            preview.map(|preview| (change.key.clone(), preview))
        })
    });
    let answers: Vec<_> =
        stream::iter(asked.collect::<Vec<_>>()).buffer_unordered(PREVIEWS).collect().await;
    answers.into_iter().collect()
}

/// Why the API server cannot judge a change before the rest of its plan is carried out.
fn unaskable(
    cluster: &Cluster,
    plan: &Plan,
    change: &Change,
    write: &Write,
    live: &World,
) -> Option<String> {
    let written: Vec<&ObjectKey> = plan
        .changes
        .iter()
        .filter(|other| other.action.writes() && change.needs.contains(&other.key))
        .filter_map(|other| other.key.object())
        .collect();
    let defined = written.iter().any(|key| key.kind == "CustomResourceDefinition");
    if defined || kind_of(cluster, &write.body).is_none() {
        return Some("its kind is defined by the same plan".to_owned());
    }
    let namespace = change.key.object()?.namespace.as_ref()?;
    let known = live.cluster.as_ref().is_some_and(|cluster| cluster.namespaces.contains(namespace));
    let made = written.iter().any(|key| key.is("", "Namespace") && key.name == *namespace);
    (!known && made).then(|| "its namespace is made by the same plan".to_owned())
}

async fn ask(
    cluster: &Cluster,
    write: &Write,
    vault: &Vault,
    salt: &str,
) -> Result<Preview, LiveError> {
    let params = params(write, true);
    let asking = patch(cluster, write, vault, &params, None);
    let Ok(answer) = tokio::time::timeout(cluster.timeout, asking).await else {
        return Ok(Preview::Unknown("the API server did not answer in time".to_owned()));
    };
    match answer {
        Ok(body) => Ok(Preview::Becomes(normal::live(body, salt).body)),
        Err(error) => match status(&error) {
            Some(status) if status.code != 401 => Ok(verdict(status)),
            _ => Err(cluster.error("a dry-run", &error)),
        },
    }
}

/// What a refused dry-run says about the object. One object's trouble is not that of the run.
fn verdict(status: &Status) -> Preview {
    let text = brief(status);
    match status.code {
        409 if is_conflict(status) => Preview::Conflict { text },
        _ if status.message.contains("does not support dry run") => Preview::Unknown(text),
        403 if status.message.contains("cannot patch resource") => {
            Preview::Unknown("this user may not patch it".to_owned())
        }
        429 | 502..=599 => Preview::Unknown(text),
        code => Preview::Refused { status: code, text },
    }
}

fn params(write: &Write, dry_run: bool) -> PatchParams {
    PatchParams {
        dry_run,
        force: write.force,
        field_manager: Some(normal::FIELD_MANAGER.to_owned()),
        field_validation: Some(ValidationDirective::Strict),
    }
}

/// Server-side apply of the whole object with its marks; `version` pins what it is applied to.
async fn patch(
    cluster: &Cluster,
    write: &Write,
    vault: &Vault,
    params: &PatchParams,
    version: Option<(String, String)>,
) -> Result<Value, Error> {
    let mut body = vault.reveal(&write.body);
    mark::put_on_object(&mut body, &write.owner);
    if let (Some((uid, version)), Some(metadata)) =
        (version, body.get_mut("metadata").and_then(Value::as_object_mut))
    {
        metadata.insert("uid".to_owned(), json!(uid));
        metadata.insert("resourceVersion".to_owned(), json!(version));
    }
    let text = |at: &str| body.pointer(at).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (name, namespace) = (text("/metadata/name"), text("/metadata/namespace"));
    let namespace = Some(namespace.as_str()).filter(|namespace| !namespace.is_empty());
    let Some(kind) = kind_of(cluster, &body).cloned() else {
        return Err(Error::Api(Box::new(
            Status::failure("its kind is not served", "NotFound").with_code(404),
        )));
    };
    let patched = api(cluster, &kind, namespace).patch(&name, params, &Patch::Apply(&body)).await?;
    serde_json::to_value(patched).map_err(Error::SerdeError)
}

/// Writes one object, if it is still what the plan saw. Controllers touch status all the time, so a
/// write that meets another is tried once more.
pub(super) async fn write(cluster: &Cluster, step: &Step, vault: &Vault, salt: &str) -> Outcome {
    let discovered;
    let mut cluster = cluster;
    if kind_of(cluster, &step.write.body).is_none() {
        match late_kind(cluster, &step.write.body).await {
            Ok(found) => {
                discovered = found;
                cluster = &discovered;
            }
            Err(why) => return Outcome::Failed(why),
        }
    }
    let mut outcome = attempt(cluster, step, vault, salt).await;
    if let Attempt::Raced = outcome {
        outcome = attempt(cluster, step, vault, salt).await;
    }
    match outcome {
        Attempt::Ended(outcome) => outcome,
        Attempt::Raced => Outcome::Stale("it changes faster than it can be written".to_owned()),
    }
}

enum Attempt {
    Ended(Outcome),
    /// Somebody wrote between our reading and our writing.
    Raced,
}

async fn attempt(cluster: &Cluster, step: &Step, vault: &Vault, salt: &str) -> Attempt {
    let version = match fresh(cluster, step, salt).await {
        Ok(version) => version,
        Err(outcome) => return Attempt::Ended(outcome),
    };
    let params = params(&step.write, false);
    let patching = patch(cluster, &step.write, vault, &params, version);
    let error = match tokio::time::timeout(cluster.timeout, patching).await {
        Ok(Ok(body)) => {
            let uid = body.pointer("/metadata/uid").and_then(Value::as_str).map(str::to_owned);
            return Attempt::Ended(Outcome::Done { uid });
        }
        Ok(Err(error)) => error,
        Err(_) => return Attempt::Ended(Outcome::Failed("no answer in time".to_owned())),
    };
    match status(&error) {
        Some(status) if status.code == 409 && !is_conflict(status) => Attempt::Raced,
        Some(status) => Attempt::Ended(Outcome::Failed(format!(
            "the API server refuses it: {} ({})",
            brief(status),
            status.code
        ))),
        None => Attempt::Ended(Outcome::Failed(words(&error))),
    }
}

/// The uid and version of the object as it is now, where it still is what the plan saw.
async fn fresh(
    cluster: &Cluster,
    step: &Step,
    salt: &str,
) -> Result<Option<(String, String)>, Outcome> {
    let (Some(key), Some(kind)) = (step.key.object(), kind_of(cluster, &step.write.body)) else {
        return Err(Outcome::Failed("its kind is not served".to_owned()));
    };
    let api = api(cluster, kind, key.namespace.as_deref());
    let found = cluster.ask(&key.to_string(), api.get_opt(&key.name)).await;
    let found = found.map_err(|error| Outcome::Failed(format!("{}: {}", error.what, error.why)))?;
    let Some(object) = found else {
        return match step.write.observed {
            None => Ok(None),
            Some(_) => Err(Outcome::Stale("it has gone since the plan was made".to_owned())),
        };
    };
    let version = object.metadata.resource_version.clone().unwrap_or_default();
    let body = serde_json::to_value(object).map_err(|error| Outcome::Failed(error.to_string()))?;
    let now = normal::live(body, salt);
    let uid = now.uid.clone().unwrap_or_default();
    let Some(seen) = &step.write.observed else {
        return Err(Outcome::Stale("it has appeared since the plan was made".to_owned()));
    };
    if step.write.observed_uid.as_ref() != now.uid.as_ref() {
        return Err(Outcome::Stale(
            "it was deleted and made again since the plan was made".to_owned(),
        ));
    }
    if now.deleting || step.write.observed_owner != now.owner {
        return Err(Outcome::Stale("its owner has changed since the plan was made".to_owned()));
    }
    match crate::plan::fields::object_diff(seen, &now.body, None).first() {
        None => Ok(Some((uid, version))),
        Some(field) => {
            Err(Outcome::Stale(format!("{} has changed since the plan was made", field.path)))
        }
    }
}

/// A kind whose definition the same plan has just made: looked for until the API server serves it.
async fn late_kind(cluster: &Cluster, body: &Value) -> Result<Cluster, String> {
    let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (api_version, kind) = (text("apiVersion"), text("kind"));
    let served = async {
        loop {
            if let Some(found) = discovery::find(cluster, &api_version, &kind).await {
                return found;
            }
            super::pause().await;
        }
    };
    match tokio::time::timeout(cluster.timeout, served).await {
        Ok(found) => Ok(cluster.with(api_version, kind, found)),
        Err(_) => Err(format!("the API server does not serve {kind} ({api_version}) in time")),
    }
}

/// Whether other field managers own what was to be written.
fn is_conflict(status: &Status) -> bool {
    let causes = status.details.iter().flat_map(|details| &details.causes);
    status.code == 409 && causes.clone().any(|cause| cause.reason == "FieldManagerConflict")
}

/// The API server's words on one line.
fn brief(status: &Status) -> String {
    status.message.split_whitespace().collect::<Vec<_>>().join(" ")
}
