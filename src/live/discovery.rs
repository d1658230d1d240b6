//! Which kinds a cluster serves: one request for each group and version that the input names.

use std::collections::{BTreeMap, BTreeSet};

use kube::Error;
use kube::api::ApiResource;
use kube::discovery::oneshot;
use smol_str::SmolStr;

use crate::model::ObjectKey;
use crate::model::object::{group_of, version_of};

use super::cluster::{Cluster, status};
use super::discovery_cache::Served;
use super::{LiveError, Wanted, now};

/// A kind that the cluster serves.
#[derive(Debug, Clone)]
pub(super) struct Kind {
    pub(super) resource: ApiResource,
    pub(super) namespaced: bool,
}

/// Looks up every kind that is declared, once. Gives those that the cluster does not serve and can
/// do without.
///
/// # Errors
/// Other kinds that the cluster does not serve and that the input does not define, all of them at once.
pub(super) async fn discover(
    cluster: &mut Cluster,
    wanted: &Wanted,
) -> Result<BTreeSet<(SmolStr, SmolStr)>, LiveError> {
    if let Some(unserved) = &cluster.unserved {
        return Ok(unserved.clone());
    }
    let versions: BTreeSet<String> = wanted.objects.values().cloned().collect();
    let mut served: BTreeMap<String, Vec<(String, Kind)>> = BTreeMap::new();
    for api_version in versions {
        let kinds = known(cluster, &api_version, wanted).await?;
        served.insert(api_version, kinds);
    }
    let (mut missing, mut unserved) = (BTreeSet::new(), BTreeSet::new());
    for (key, api_version) in &wanted.objects {
        let found = served[api_version].iter().find(|(kind, _)| *kind == key.kind);
        match found {
            Some((_, kind)) => {
                cluster.kinds.insert((api_version.clone(), key.kind.clone().into()), kind.clone());
            }
            None if wanted.defined.contains(&(key.group.clone(), key.kind.clone())) => {}
            None if wanted.direct.contains(key.group.as_str()) => {
                unserved.insert((key.group.clone(), key.kind.clone()));
            }
            None => {
                missing.insert(format!("{} ({api_version})", key.kind));
            }
        }
    }
    if missing.is_empty() {
        cluster.unserved = Some(unserved.clone());
        return Ok(unserved);
    }
    let missing: Vec<String> = missing.into_iter().collect();
    Err(LiveError::new(
        format!("the cluster {} does not serve what the project declares", cluster.name),
        format!("no {}", missing.join(", no ")),
        "install the CRDs (Knative Eventing, its NATS channel), declare them in the project, or leave \
         the plane out with --no-kubernetes",
    ))
}

/// What a group serves in a version: from the cache where it has all that is declared, and where
/// nothing depends on what has gone meanwhile.
async fn known(
    cluster: &mut Cluster,
    api_version: &str,
    wanted: &Wanted,
) -> Result<Vec<(String, Kind)>, LiveError> {
    let of_version = wanted.objects.iter().filter(|(_, version)| *version == api_version);
    let declared: Vec<&str> = of_version.map(|(key, _)| key.kind.as_str()).collect();
    let time = now().as_second();
    if !wanted.direct.contains(group_of(api_version))
        && let Some(served) = cluster.cache.get(api_version, &declared, time)
    {
        return Ok(served.iter().map(|served| kind(api_version, served)).collect());
    }
    let served = served(cluster, api_version).await?;
    cluster.cache.put(api_version, &served, time);
    cluster.cache.save();
    Ok(served.iter().map(|served| kind(api_version, served)).collect())
}

/// A kind of a group as an earlier run has asked for it, in one version alone.
pub(super) fn remembered(cluster: &mut Cluster, group: &str, kind_name: &str) -> Option<Kind> {
    let versions = cluster.cache.versions(group);
    let time = now().as_second();
    let found = versions.iter().filter_map(|version| {
        let served = cluster.cache.get(version, &[kind_name], time)?;
        let served = served.iter().find(|served| served.kind == kind_name)?;
        Some(kind(version, served).1)
    });
    let found: Vec<Kind> = found.collect();
    <[Kind; 1]>::try_from(found).ok().map(|[kind]| kind)
}

fn kind(api_version: &str, served: &Served) -> (String, Kind) {
    let resource = ApiResource {
        group: group_of(api_version).to_owned(),
        version: version_of(api_version).to_owned(),
        api_version: api_version.to_owned(),
        kind: served.kind.clone(),
        plural: served.plural.clone(),
    };
    (served.kind.clone(), Kind { resource, namespaced: served.namespaced })
}

async fn served(cluster: &Cluster, api_version: &str) -> Result<Vec<Served>, LiveError> {
    let listing = async {
        let listed = match group_of(api_version) {
            "" => cluster.client.list_core_api_resources(version_of(api_version)).await,
            _ => cluster.client.list_api_group_resources(api_version).await,
        };
        or_absent(listed)
    };
    let list = cluster.ask(&format!("the kinds of {api_version}"), listing).await?;
    let kind = |resource: k8s_openapi::apimachinery::pkg::apis::meta::v1::APIResource| Served {
        kind: resource.kind,
        plural: resource.name,
        namespaced: resource.namespaced,
    };
    let resources = list.into_iter().flat_map(|list| list.resources);
    Ok(resources.filter(|r| !r.name.contains('/')).map(kind).collect())
}

/// One kind, where the cluster serves it by now.
pub(super) async fn find(cluster: &Cluster, api_version: &str, kind_name: &str) -> Option<Kind> {
    let served = served(cluster, api_version).await.ok()?;
    let found = served.iter().find(|served| served.kind == kind_name)?;
    Some(kind(api_version, found).1)
}

/// Looks everything up again, without the cache: it named a kind that has gone.
pub(super) async fn again(
    cluster: &mut Cluster,
    wanted: &Wanted,
) -> Result<BTreeSet<(SmolStr, SmolStr)>, LiveError> {
    cluster.cache.forget();
    cluster.kinds.clear();
    cluster.unserved = None;
    discover(cluster, wanted).await
}

/// What is not served is no error: 404 is an answer.
fn or_absent<T>(answer: Result<T, Error>) -> Result<Option<T>, Error> {
    match answer {
        Ok(found) => Ok(Some(found)),
        Err(Error::Discovery(_)) => Ok(None),
        Err(error) if status(&error).is_some_and(|status| status.code == 404) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The kind of an object whose version nobody says: the one that the cluster recommends.
pub(super) async fn recommended(
    cluster: &Cluster,
    key: &ObjectKey,
) -> Result<Option<Kind>, LiveError> {
    let looking = async { or_absent(oneshot::group(&cluster.client, &key.group).await) };
    let group = cluster.ask(&format!("the kinds of {}", key.kind_name()), looking).await?;
    // A kind need not be in the version that its group prefers.
    let found = group.and_then(|group| {
        let mut stable = group.resources_by_stability().into_iter();
        let other = stable.find(|(resource, _)| resource.kind == key.kind);
        group.recommended_kind(&key.kind).or(other)
    });
    Ok(found.map(|(resource, capabilities)| {
        let namespaced = capabilities.scope == kube::discovery::Scope::Namespaced;
        Kind { resource, namespaced }
    }))
}
