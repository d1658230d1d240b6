//! A project's lock in a cluster: a Lease, written by its version so that of two runs one gets it.

use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use kube::api::{Api, DeleteParams, ObjectMeta, PostParams, Preconditions};
use kube::{Client, Error};

use crate::apply::lock::{LIFETIME, Record};
use crate::live::LiveError;
use crate::live::cluster::{Cluster, status, words};
use crate::world::normal;

use super::{Seen, Writing};

/// Where the page of the holder's job is kept.
const URL: &str = "evctl.dev/holder-url";
/// Where the lock is kept while its own namespace is not there.
const ALWAYS_THERE: &str = "default";

/// The Lease of one project.
pub(super) struct Place {
    client: Client,
    /// Where it belongs.
    home: String,
    /// Where it is kept.
    namespace: String,
    name: String,
    timeout: Duration,
    /// The lease as it was last read or written.
    last: Option<Lease>,
    /// Whether a run that makes the lock's own namespace was seen to hold it where it may.
    is_seen_elsewhere: bool,
}

impl Place {
    pub(super) fn new(cluster: &Cluster, namespace: &str, project: &str) -> Self {
        Self {
            client: cluster.client.clone(),
            home: namespace.to_owned(),
            namespace: namespace.to_owned(),
            name: format!("evctl-{project}"),
            timeout: cluster.timeout,
            last: None,
            is_seen_elsewhere: false,
        }
    }

    fn api(&self) -> Api<Lease> {
        self.api_in(&self.namespace)
    }

    fn api_in(&self, namespace: &str) -> Api<Lease> {
        Api::namespaced(self.client.clone(), namespace)
    }

    async fn within<T>(&self, asked: impl Future<Output = Result<T, Error>>) -> Result<T, String> {
        match tokio::time::timeout(self.timeout, asked).await {
            Ok(answer) => answer.map_err(|error| spoken(&error)),
            Err(_) => Err("no answer in time".to_owned()),
        }
    }

    pub(super) async fn look(&mut self) -> Result<Seen, LiveError> {
        let found = self.within(self.api().get_opt(&self.name)).await;
        self.last = found.map_err(|why| self.trouble(&why))?;
        let elsewhere = if self.last.is_none() { self.elsewhere().await } else { None };
        self.is_seen_elsewhere = elsewhere.is_some();
        Ok(seen(self.last.as_ref().or(elsewhere.as_ref())))
    }

    /// The lease of a run that is making the lock's own namespace. Who may not see it has none.
    async fn elsewhere(&self) -> Option<Lease> {
        if !self.may_move() {
            return None;
        }
        let found = self.within(self.api_in(ALWAYS_THERE).get_opt(&self.name)).await.ok()??;
        found.spec.as_ref()?.holder_identity.is_some().then_some(found)
    }

    /// Writes the record where nobody has written since it was last seen.
    pub(super) async fn write(&mut self, record: &Record) -> Result<Writing, LiveError> {
        let lease = self.lease(record);
        let params = PostParams {
            field_manager: Some(normal::FIELD_MANAGER.to_owned()),
            ..PostParams::default()
        };
        let api = self.api();
        let written = match lease.metadata.resource_version {
            None => tokio::time::timeout(self.timeout, api.create(&params, &lease)).await,
            Some(_) => {
                let replacing = api.replace(&self.name, &params, &lease);
                tokio::time::timeout(self.timeout, replacing).await
            }
        };
        match written {
            Ok(Ok(lease)) => {
                self.last = Some(lease);
                Ok(Writing::Done)
            }
            Ok(Err(error)) => match status(&error) {
                Some(status) if status.code == 409 => Ok(Writing::Raced),
                // The plan makes the namespace.
                Some(status) if status.code == 404 && self.last.is_none() && self.may_move() => {
                    ALWAYS_THERE.clone_into(&mut self.namespace);
                    Ok(Writing::Raced)
                }
                // Somebody has deleted it.
                Some(status) if status.code == 404 => Ok(Writing::Raced),
                _ => Err(self.trouble(&spoken(&error))),
            },
            Err(_) => Err(self.trouble("no answer in time")),
        }
    }

    /// Deletes the lease as it was last written. Where that fails it is over by itself.
    pub(super) async fn delete(&self) {
        let params = DeleteParams {
            preconditions: self.last.as_ref().map(|lease| Preconditions {
                uid: lease.metadata.uid.clone(),
                resource_version: lease.metadata.resource_version.clone(),
            }),
            ..DeleteParams::default()
        };
        let _ = tokio::time::timeout(self.timeout, self.api().delete(&self.name, &params)).await;
    }

    /// Whether the next run looks for it in this place.
    pub(super) fn is_at_home(&self) -> bool {
        self.namespace == self.home
    }

    fn may_move(&self) -> bool {
        self.is_at_home() && self.home != ALWAYS_THERE
    }

    fn lease(&self, record: &Record) -> Lease {
        let before = self.last.as_ref().and_then(|lease| lease.spec.as_ref());
        let is_new = before.is_none_or(|spec| spec.acquire_time != time(record.acquired));
        let transitions = before.and_then(|spec| spec.lease_transitions).unwrap_or_default();
        Lease {
            metadata: ObjectMeta {
                name: Some(self.name.clone()),
                namespace: Some(self.namespace.clone()),
                resource_version: self
                    .last
                    .as_ref()
                    .and_then(|lease| lease.metadata.resource_version.clone()),
                annotations: record.url.clone().map(|url| [(URL.to_owned(), url)].into()),
                ..ObjectMeta::default()
            },
            spec: Some(LeaseSpec {
                holder_identity: Some(record.holder.clone()).filter(|holder| !holder.is_empty()),
                acquire_time: time(record.acquired),
                renew_time: time(record.renewed),
                lease_duration_seconds: i32::try_from(LIFETIME.as_secs()).ok(),
                lease_transitions: Some(transitions + i32::from(is_new)),
                ..LeaseSpec::default()
            }),
        }
    }

    fn trouble(&self, why: &str) -> LiveError {
        LiveError::new(
            format!("the project's lock, {self}, cannot be kept"),
            why,
            format!(
                "the user needs apiGroups [coordination.k8s.io], resources [leases], verbs [get, create, \
                 update] in namespace {}; --no-lock does without",
                self.namespace
            ),
        )
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let seen = if self.is_seen_elsewhere { ALWAYS_THERE } else { &self.namespace };
        write!(out, "lease.coordination.k8s.io/{seen}/{}", self.name)
    }
}

fn seen(lease: Option<&Lease>) -> Seen {
    let lifetime = lease.and_then(|lease| lease.spec.as_ref()?.lease_duration_seconds);
    let version = lease.and_then(|lease| lease.metadata.resource_version.clone());
    Seen {
        record: lease.map(record),
        version: version.unwrap_or_default(),
        lifetime: lifetime
            .and_then(|seconds| u64::try_from(seconds).ok())
            .map_or(LIFETIME, Duration::from_secs),
    }
}

fn spoken(error: &Error) -> String {
    match status(error) {
        Some(status) => format!("{} ({})", status.message, status.code),
        None => words(error),
    }
}

/// Leases hold microseconds.
fn time(time: Timestamp) -> Option<MicroTime> {
    Timestamp::from_microsecond(time.as_microsecond()).ok().map(MicroTime)
}

fn record(lease: &Lease) -> Record {
    let spec = lease.spec.clone().unwrap_or_default();
    let time = |time: Option<MicroTime>| time.map_or(Timestamp::UNIX_EPOCH, |MicroTime(time)| time);
    let annotations = lease.metadata.annotations.as_ref();
    Record {
        holder: spec.holder_identity.unwrap_or_default(),
        url: annotations.and_then(|all| all.get(URL)).cloned(),
        acquired: time(spec.acquire_time),
        renewed: time(spec.renew_time),
    }
}
