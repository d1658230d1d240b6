//! Kubernetes objects: LIST per kind and namespace to observe, server-side dry-run to preview,
//! server-side apply to write, each write guarded by a fresh read. Here is what these have in common.

mod absent;
mod ahead;
mod applyset;
mod delete;
mod import;
mod items;
mod late;
mod list;
mod observe;
mod page;
mod preview;
mod ready;
mod write;

use http::StatusCode;
use kube::Error;
use kube::api::{Api, DynamicObject, Patch, PatchParams, Request, ValidationDirective};
use kube::core::Status;
use serde_json::{Value, json};

use crate::model::ObjectKey;
use crate::plan::Write;
use crate::world::item::Item;
use crate::world::secret::Vault;
use crate::world::{mark, normal};

use super::cluster::{Cluster, status};
use super::discovery::Kind;

pub(super) use absent::Absences;
pub(super) use ahead::{Ahead, ahead};
pub(super) use applyset::{close, open};
pub use import::Imported;
pub(super) use import::import;
pub(super) use late::LateKinds;
pub(super) use observe::observe;
pub(super) use preview::preview;
pub(super) use ready::await_ready;
pub(super) use write::write;

fn api(cluster: &Cluster, kind: &Kind, namespace: Option<&str>) -> Api<DynamicObject> {
    match namespace.filter(|_| kind.namespaced) {
        Some(namespace) => Api::namespaced_with(cluster.client.clone(), namespace, &kind.resource),
        None => Api::all_with(cluster.client.clone(), &kind.resource),
    }
}

fn key_of(kind: &Kind, item: &Item) -> ObjectKey {
    ObjectKey {
        group: kind.resource.group.clone().into(),
        kind: kind.resource.kind.clone().into(),
        namespace: item.metadata("namespace").map(Into::into),
        name: item.metadata("name").unwrap_or_default().into(),
    }
}

fn kind_of<'c>(cluster: &'c Cluster, body: &Value) -> Option<&'c Kind> {
    let text = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
    cluster.kinds.get(&(text("apiVersion")?, text("kind")?))
}

fn params(write: &Write, dry_run: bool) -> PatchParams {
    PatchParams {
        dry_run,
        force: write.force,
        field_manager: Some(normal::FIELD_MANAGER.to_owned()),
        field_validation: Some(ValidationDirective::Strict),
    }
}

/// What a server-side apply was answered.
struct Applied {
    /// Whether there was no such object before.
    is_new: bool,
    body: Vec<u8>,
}

/// Server-side apply of the whole object with its marks; `version` pins what it is applied to.
async fn patch(
    cluster: &Cluster,
    write: &Write,
    vault: &Vault,
    params: &PatchParams,
    version: Option<(String, String)>,
) -> Result<Applied, Error> {
    let mut body = vault.reveal(&write.body);
    mark::put_on_object(&mut body, &write.owner, write.set.as_deref());
    if let (Some((uid, version)), Some(metadata)) =
        (version, body.get_mut("metadata").and_then(Value::as_object_mut))
    {
        metadata.insert("uid".to_owned(), json!(uid));
        metadata.insert("resourceVersion".to_owned(), json!(version));
    }
    let text = |at: &str| body.pointer(at).and_then(Value::as_str).unwrap_or_default();
    let namespace = Some(text("/metadata/namespace")).filter(|namespace| !namespace.is_empty());
    let Some(kind) = kind_of(cluster, &body) else {
        return Err(Error::Api(Box::new(
            Status::failure("its kind is not served", "NotFound").with_code(404),
        )));
    };
    let request = Request::new(api(cluster, kind, namespace).resource_url());
    let patch = Patch::Apply(&body);
    let request = request.patch(text("/metadata/name"), params, &patch);
    let request = request.map_err(Error::BuildRequest)?;
    let (code, body) = page::answer(&cluster.client, request, Vec::new()).await?;
    Ok(Applied { is_new: code == StatusCode::CREATED, body })
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

/// The server's own no is an answer; a server that does not know who asks, or is not there, is none.
fn answered<T>(answer: Result<T, Error>) -> Result<Result<T, Status>, Error> {
    match answer {
        Ok(found) => Ok(Ok(found)),
        Err(error) => match status(&error) {
            Some(status) if status.code != 401 => Ok(Err(status.clone())),
            _ => Err(error),
        },
    }
}
