//! The parent of the project's ApplySet in the cluster: read with everything else, widened before the
//! first object is written, and narrowed to what is there once all are.

use std::collections::BTreeSet;

use kube::api::{Api, DeleteParams, DynamicObject, Patch, PatchParams, Preconditions};
use serde_json::Value;

use crate::live::cluster::{Cluster, status, words};
use crate::live::{LiveError, Wanted};
use crate::plan::membership::Membership;
use crate::world::applyset::{ApplySet, Hints, PART_OF, Trouble};
use crate::world::normal;

use super::answered;

fn api(cluster: &Cluster, set: &ApplySet) -> Api<DynamicObject> {
    let resource = kube::api::ApiResource::erase::<k8s_openapi::api::core::v1::ConfigMap>(&());
    let namespace = set.parent.namespace.as_deref().unwrap_or_default();
    Api::namespaced_with(cluster.client.clone(), namespace, &resource)
}

/// The set as the cluster has it.
pub(super) async fn observed(
    cluster: &Cluster,
    project: &str,
    home: &str,
) -> Result<ApplySet, LiveError> {
    let set = ApplySet::of(project, home);
    let api = api(cluster, &set);
    let looking = async { answered(api.get_opt(&set.parent.name).await) };
    match cluster.ask(&set.parent.to_string(), looking).await? {
        Ok(None) => Ok(set),
        Ok(Some(parent)) => {
            let parent = serde_json::to_value(parent).unwrap_or_default();
            Ok(set.observed(Some(&parent)))
        }
        Err(status) => {
            let why = format!("{} ({})", super::brief(&status), status.code);
            Ok(ApplySet { trouble: Some(Trouble::Unread(why)), ..set })
        }
    }
}

/// Where members may be that the input does not name: as (group, kind) and namespace.
pub(super) fn beyond(set: &ApplySet, wanted: &Wanted) -> Vec<((String, String), String)> {
    let declared = wanted.objects.keys();
    let mut kinds = set.hints.kinds.clone();
    kinds.extend(declared.clone().map(|key| (key.group.to_string(), key.kind.to_string())));
    let mut namespaces = set.hints.namespaces.clone();
    if !set.hints.kinds.is_empty() {
        namespaces.extend(set.parent.namespace.as_ref().map(ToString::to_string));
    }
    let named: BTreeSet<_> = declared
        .filter_map(|key| {
            Some(((key.group.as_str(), key.kind.as_str()), key.namespace.as_deref()?))
        })
        .collect();
    let is_beyond = |(kind, namespace): &((String, String), String)| {
        !named.contains(&((kind.0.as_str(), kind.1.as_str()), namespace.as_str()))
    };
    let pairs = kinds
        .into_iter()
        .flat_map(|kind| namespaces.iter().map(move |namespace| (kind.clone(), namespace.clone())));
    pairs.filter(is_beyond).collect()
}

/// What selects the members.
pub(super) fn selector(set: &ApplySet) -> String {
    format!("{PART_OF}={}", set.id)
}

/// Makes the parent name every member that is there or is about to be.
///
/// # Errors
/// It is another tool's by now, or cannot be written; in words.
pub(in crate::live) async fn open(
    cluster: &Cluster,
    membership: &Membership,
) -> Result<(), String> {
    let set = &membership.set;
    let api = api(cluster, set);
    let found = api.get_opt(&set.parent.name);
    let live = match tokio::time::timeout(cluster.timeout, found).await {
        Ok(found) => found.map_err(|error| trouble(set, &error))?,
        Err(_) => return Err(format!("{} did not come in time", set.parent)),
    };
    let mut hints = membership.before.clone();
    if let Some(live) = live {
        let live = serde_json::to_value(live).unwrap_or_default();
        // Another run may have added to it meanwhile.
        let now = set.hints_of(&live)?;
        hints = hints.with(&now);
        if set.manifest(&hints)["metadata"]["annotations"] == annotations(&live, set, &hints) {
            return Ok(());
        }
    }
    put(cluster, set, &hints).await
}

/// The live annotations of those that evctl writes.
fn annotations(live: &Value, set: &ApplySet, hints: &Hints) -> Value {
    let mut ours = set.manifest(hints)["metadata"]["annotations"].clone();
    if let Some(ours) = ours.as_object_mut() {
        for (name, value) in ours {
            *value = live["metadata"]["annotations"][name].clone();
        }
    }
    ours
}

/// Makes the parent name what is there, once every step is done.
///
/// # Errors
/// It cannot be written; in words.
pub(in crate::live) async fn close(
    cluster: &Cluster,
    membership: &Membership,
) -> Result<(), String> {
    if membership.after.kinds.is_empty() {
        return remove(cluster, membership).await;
    }
    if membership.after == membership.before {
        return Ok(());
    }
    put(cluster, &membership.set, &membership.after).await
}

/// A set without a member needs no parent, unless somebody has put a member into it since.
async fn remove(cluster: &Cluster, membership: &Membership) -> Result<(), String> {
    let set = &membership.set;
    let api = api(cluster, set);
    let removing = async {
        let Some(live) = api.get_opt(&set.parent.name).await? else { return Ok(None) };
        let preconditions = Preconditions {
            uid: live.metadata.uid.clone(),
            resource_version: live.metadata.resource_version.clone(),
        };
        let now = set.hints_of(&serde_json::to_value(live).unwrap_or_default());
        if now.is_ok_and(|now| now.with(&membership.before) == membership.before) {
            let params = DeleteParams::default().preconditions(preconditions);
            return api.delete(&set.parent.name, &params).await.map(Some);
        }
        Ok(None)
    };
    match tokio::time::timeout(cluster.timeout, removing).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(trouble(set, &error)),
        Err(_) => Err(format!("{} was not deleted in time", set.parent)),
    }
}

async fn put(cluster: &Cluster, set: &ApplySet, hints: &Hints) -> Result<(), String> {
    let params = PatchParams {
        force: true,
        field_manager: Some(normal::FIELD_MANAGER.to_owned()),
        ..PatchParams::default()
    };
    let manifest = set.manifest(hints);
    let api = api(cluster, set);
    let patch = Patch::Apply(&manifest);
    let putting = api.patch(&set.parent.name, &params, &patch);
    match tokio::time::timeout(cluster.timeout, putting).await {
        Ok(done) => done.map(drop).map_err(|error| trouble(set, &error)),
        Err(_) => Err(format!("{} was not written in time", set.parent)),
    }
}

fn trouble(set: &ApplySet, error: &kube::Error) -> String {
    let why = match status(error) {
        Some(status) => format!("{} ({})", super::brief(status), status.code),
        None => words(error),
    };
    format!(
        "the parent of the project's ApplySet, {}, cannot be kept: {why}; the user needs apiGroups [\"\"], \
         resources [configmaps], verbs [get, create, patch] there",
        set.parent
    )
}
