//! Deleting one object that is still what the plan saw, by uid and version, and waiting until it is gone.

use kube::api::{DeleteParams, Preconditions};

use crate::apply::rollout::{Outcome, Step};
use crate::live::cluster::{Cluster, status, words};
use crate::live::pause;

use super::write::{Attempt, Fresh};
use super::{api, brief, kind_of};

/// Deletes what was found. What is gone already is as meant.
pub(super) async fn delete(cluster: &Cluster, step: &Step, found: &Fresh) -> Attempt {
    let body = step.write.observed.as_ref().unwrap_or(&step.write.body);
    let (Some(key), Some(kind)) = (step.key.object(), kind_of(cluster, body)) else {
        return Attempt::Ended(Outcome::Failed("its kind is not served".to_owned()));
    };
    let api = api(cluster, kind, key.namespace.as_deref());
    let preconditions = Preconditions {
        uid: Some(found.uid.clone()),
        resource_version: Some(found.version.clone()),
    };
    let params = DeleteParams { preconditions: Some(preconditions), ..DeleteParams::background() };
    let error = match tokio::time::timeout(cluster.timeout, api.delete(&key.name, &params)).await {
        Ok(Ok(_)) => return gone(cluster, step, &found.uid).await,
        Ok(Err(error)) => error,
        Err(_) => return Attempt::Ended(Outcome::Failed("no answer in time".to_owned())),
    };
    match status(&error) {
        Some(status) if status.code == 404 => Attempt::Ended(Outcome::Done { uid: None }),
        Some(status) if status.code == 409 => Attempt::Raced,
        Some(status) => Attempt::Ended(Outcome::Failed(format!(
            "the API server refuses to delete it: {} ({})",
            brief(status),
            status.code
        ))),
        None => Attempt::Ended(Outcome::Failed(words(&error))),
    }
}

/// Finalizers keep an object: it is gone when it cannot be found, or another has its name.
async fn gone(cluster: &Cluster, step: &Step, uid: &str) -> Attempt {
    let body = step.write.observed.as_ref().unwrap_or(&step.write.body);
    let (Some(key), Some(kind)) = (step.key.object(), kind_of(cluster, body)) else {
        return Attempt::Ended(Outcome::Failed("its kind is not served".to_owned()));
    };
    let api = api(cluster, kind, key.namespace.as_deref());
    let (mut keepers, mut why) = (Vec::new(), String::new());
    let looking = async {
        loop {
            match api.get_opt(&key.name).await {
                Ok(None) => return,
                Ok(Some(object)) if object.metadata.uid.as_deref() != Some(uid) => return,
                Ok(Some(object)) => keepers = object.metadata.finalizers.unwrap_or_default(),
                // It is asked again until the time is over.
                Err(error) => why = words(&error),
            }
            pause().await;
        }
    };
    if tokio::time::timeout(cluster.timeout, looking).await.is_ok() {
        return Attempt::Ended(Outcome::Done { uid: None });
    }
    let waits = match (keepers.as_slice(), why.as_str()) {
        ([], "") => "the API server has not let it go".to_owned(),
        ([], why) => format!("it could not be looked for: {why}"),
        (keepers, _) => format!(
            "it waits for the finalizers {}: see that their controllers run",
            keepers.join(", ")
        ),
    };
    Attempt::Ended(Outcome::Failed(format!(
        "it is being deleted and was not gone in time; {waits}, then apply again"
    )))
}
