//! Writing one object, if it is still what the plan saw: a fresh read, a comparison, and a server-side
//! apply (or a deletion) that names the version it was compared with.

use kube::api::{Api, DynamicObject, Patch, PatchParams};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::apply::rollout::{Outcome, Step};
use crate::live::cluster::{Cluster, status, words};
use crate::live::pause;
use crate::plan::Mode;
use crate::world::applyset::PART_OF;
use crate::world::secret::Vault;
use crate::world::{managed, mark, normal};

use super::{Absences, LateKinds, api, brief, delete, is_conflict, kind_of, params, patch};

/// How often a write is tried that meets another. While what refers to an object goes, its controller
/// writes it again and again.
const TRIES: usize = 20;

/// Writes one object. Controllers touch status all the time, so a write that meets another is tried
/// again, each time after a fresh look.
pub(in crate::live) async fn write(
    cluster: &Cluster,
    step: &Step,
    vault: &Vault,
    salt: &str,
    late: &LateKinds,
    absences: &Absences,
) -> Outcome {
    let discovered;
    let mut cluster = cluster;
    let body = kind_body(step);
    if kind_of(cluster, body).is_none() {
        match late.of(cluster, body).await {
            Ok(found) => {
                discovered = found;
                cluster = &discovered;
            }
            Err(why) => return Outcome::Failed(why),
        }
    }
    let mut outcome = if is_absent(cluster, step, absences).await {
        put(cluster, step, vault, None).await
    } else {
        attempt(cluster, step, vault, salt).await
    };
    for _ in 1..TRIES {
        if !matches!(outcome, Attempt::Raced) {
            break;
        }
        pause().await;
        outcome = attempt(cluster, step, vault, salt).await;
    }
    match outcome {
        Attempt::Ended(outcome) => outcome,
        Attempt::Raced => Outcome::Stale("it changes faster than it can be written".to_owned()),
    }
}

/// The body that says the kind: what is deleted has no other than what was seen.
fn kind_body(step: &Step) -> &Value {
    match step.write.mode {
        Mode::Delete | Mode::Forget => step.write.observed.as_ref().unwrap_or(&step.write.body),
        Mode::Put | Mode::Replace => &step.write.body,
    }
}

/// Whether there is nothing to compare with, without a look of its own.
async fn is_absent(cluster: &Cluster, step: &Step, absences: &Absences) -> bool {
    let creates = step.write.mode == Mode::Put && step.write.observed.is_none();
    match (step.key.object(), kind_of(cluster, &step.write.body)) {
        (Some(key), Some(kind)) if creates => {
            absences.holds(cluster, kind, key, &step.write.owner.project).await
        }
        _ => false,
    }
}

pub(super) enum Attempt {
    Ended(Outcome),
    /// Somebody wrote between our reading and our writing.
    Raced,
}

async fn attempt(cluster: &Cluster, step: &Step, vault: &Vault, salt: &str) -> Attempt {
    let mut found = match fresh(cluster, step, salt).await {
        Ok(found) => found,
        Err(outcome) => return Attempt::Ended(outcome),
    };
    match (step.write.mode, &mut found) {
        (Mode::Delete | Mode::Forget, None) => {
            return Attempt::Ended(Outcome::Done { uid: None });
        }
        (Mode::Forget, Some(found)) => return forget(cluster, step, found).await,
        (Mode::Delete, Some(found)) => return delete::delete(cluster, step, found).await,
        (Mode::Replace, Some(found)) => return replace(cluster, step, vault, found).await,
        (Mode::Put, Some(found)) if step.write.upgrade => {
            if let Err(ended) = upgrade(cluster, step, found).await {
                return ended;
            }
        }
        _ => {}
    }
    put(cluster, step, vault, found).await
}

/// Deletes the object, waits until it is gone, and makes it anew.
async fn replace(cluster: &Cluster, step: &Step, vault: &Vault, found: &Fresh) -> Attempt {
    match delete::delete(cluster, step, found).await {
        Attempt::Ended(Outcome::Done { .. }) => {}
        other => return other,
    }
    match put(cluster, step, vault, None).await {
        Attempt::Ended(Outcome::Done { uid }) => Attempt::Ended(Outcome::Done { uid }),
        Attempt::Ended(Outcome::Failed(why)) => Attempt::Ended(Outcome::Broken(format!(
            "it was deleted and could not be made anew: {why}; apply again makes it"
        ))),
        _ => Attempt::Ended(Outcome::Broken(
            "it was deleted, and somebody else has made it anew; plan again".to_owned(),
        )),
    }
}

/// Applies the object.
async fn put(cluster: &Cluster, step: &Step, vault: &Vault, found: Option<Fresh>) -> Attempt {
    let params = params(&step.write, false);
    let version = found.map(|found| (found.uid, found.version));
    let creates = version.is_none();
    let patching = patch(cluster, &step.write, vault, &params, version);
    match tokio::time::timeout(cluster.timeout, patching).await {
        Ok(Ok(applied)) if creates && !applied.is_new => Attempt::Ended(Outcome::Stale(
            "somebody else made it at the same moment, and it has the fields of both now"
                .to_owned(),
        )),
        Ok(Ok(applied)) => Attempt::Ended(Outcome::Done { uid: uid(&applied.body) }),
        Ok(Err(error)) => refused(&error),
        Err(_) => Attempt::Ended(Outcome::Failed("no answer in time".to_owned())),
    }
}

/// The uid of an object as the server answers it.
fn uid(body: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Object {
        metadata: Metadata,
    }
    #[derive(Deserialize)]
    struct Metadata {
        uid: Option<String>,
    }
    let object: Object = serde_json::from_slice(body).ok()?;
    object.metadata.uid
}

fn refused(error: &kube::Error) -> Attempt {
    match status(error) {
        Some(status) if status.code == 409 && !is_conflict(status) => Attempt::Raced,
        Some(status) => Attempt::Ended(Outcome::Failed(format!(
            "the API server refuses it: {} ({})",
            brief(status),
            status.code
        ))),
        None => Attempt::Ended(Outcome::Failed(words(error))),
    }
}

/// Makes evctl's what client-side apply owns, so that what the file does not say goes with the apply.
async fn upgrade(cluster: &Cluster, step: &Step, found: &mut Fresh) -> Result<(), Attempt> {
    let Some(fields) = found.upgraded.take() else { return Ok(()) };
    let (Some(key), Some(kind)) = (step.key.object(), kind_of(cluster, &step.write.body)) else {
        return Err(Attempt::Ended(Outcome::Failed("its kind is not served".to_owned())));
    };
    let api = api(cluster, kind, key.namespace.as_deref());
    found.version =
        merge(cluster, &api, &key.name, found, json!({"managedFields": fields})).await?;
    Ok(())
}

/// Takes the marks off, and evctl's name off the fields that it applied; all else stays as it is.
async fn forget(cluster: &Cluster, step: &Step, found: &Fresh) -> Attempt {
    let (Some(key), Some(kind)) = (step.key.object(), kind_of(cluster, kind_body(step))) else {
        return Attempt::Ended(Outcome::Failed("its kind is not served".to_owned()));
    };
    let metadata = json!({
        "labels": {mark::PROJECT: null, PART_OF: null},
        "annotations": {mark::OBJECT: null},
        "managedFields": found.forgotten,
    });
    let api = api(cluster, kind, key.namespace.as_deref());
    match merge(cluster, &api, &key.name, found, metadata).await {
        Ok(_) => Attempt::Ended(Outcome::Done { uid: None }),
        Err(ended) => ended,
    }
}

/// Merges metadata into the object that was read, and gives its new version.
async fn merge(
    cluster: &Cluster,
    api: &Api<DynamicObject>,
    name: &str,
    found: &Fresh,
    mut metadata: Value,
) -> Result<String, Attempt> {
    metadata["uid"] = json!(found.uid);
    metadata["resourceVersion"] = json!(found.version);
    let body = json!({"metadata": metadata});
    let (params, patch) = (PatchParams::default(), Patch::Merge(&body));
    match tokio::time::timeout(cluster.timeout, api.patch(name, &params, &patch)).await {
        Ok(Ok(object)) => Ok(object.metadata.resource_version.unwrap_or_default()),
        Ok(Err(error)) => Err(refused(&error)),
        Err(_) => Err(Attempt::Ended(Outcome::Failed("no answer in time".to_owned()))),
    }
}

/// The object as it is now, where it still is what the plan saw.
pub(super) struct Fresh {
    pub(super) uid: String,
    pub(super) version: String,
    /// Its managed fields with those of client-side apply made evctl's; `None` where there are none.
    upgraded: Option<Value>,
    /// Its managed fields without evctl's.
    forgotten: Value,
}

async fn fresh(cluster: &Cluster, step: &Step, salt: &str) -> Result<Option<Fresh>, Outcome> {
    let (Some(key), Some(kind)) = (step.key.object(), kind_of(cluster, kind_body(step))) else {
        return Err(Outcome::Failed("its kind is not served".to_owned()));
    };
    let api = api(cluster, kind, key.namespace.as_deref());
    let found = cluster.ask(&key.to_string(), api.get_opt(&key.name)).await;
    let found = found.map_err(|error| Outcome::Failed(format!("{}: {}", error.what, error.why)))?;
    let Some(object) = found else {
        return match (&step.write.observed, step.write.mode) {
            (None, _) | (_, Mode::Delete | Mode::Forget) => Ok(None),
            _ => Err(Outcome::Stale("it has gone since the plan was made".to_owned())),
        };
    };
    let version = object.metadata.resource_version.clone().unwrap_or_default();
    let body = serde_json::to_value(object).map_err(|error| Outcome::Failed(error.to_string()))?;
    let (upgraded, forgotten) = (managed::upgraded(&body), managed::forgotten(&body));
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
        None => Ok(Some(Fresh { uid, version, upgraded, forgotten })),
        Some(field) => {
            Err(Outcome::Stale(format!("{} has changed since the plan was made", field.path)))
        }
    }
}
