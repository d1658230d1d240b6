//! Objects of one kind that are listed and watched together until they are ready: one LIST and one watch for each
//! kind, begun again where it ends. Where a kind's objects are in several namespaces and the cluster lets nobody look
//! at all of them at once, as a Role does not, one for each namespace. Must not decide what ready is
//! (`world::readiness`), nor how long is waited.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures::future::join_all;
use futures::stream::StreamExt;
use kube::api::{Api, DynamicObject, ListParams, WatchEvent, WatchParams};
use kube::{Error, ResourceExt};
use serde_json::Value;
use smol_str::SmolStr;
use tokio::sync::mpsc::UnboundedSender;

use crate::apply::waiting::{Awaited, Told};
use crate::live::cluster::{Cluster, status, words};
use crate::live::discovery::{self, Kind};
use crate::live::objects::api;
use crate::world::mark;
use crate::world::readiness::{Readiness, Said, readiness};

use super::after;

/// Objects of one page of a LIST.
const PAGE: u32 = 500;
/// How often is looked again where it cannot be watched.
const LOOKED_EVERY: Duration = Duration::from_secs(2);

/// Namespace and name.
type Name = (Option<SmolStr>, SmolStr);

/// What is listed and watched together.
#[derive(Clone)]
pub(super) struct Group {
    api_version: String,
    kind: SmolStr,
    /// The one namespace that is looked at; `None` for the whole cluster.
    namespace: Option<SmolStr>,
    /// The project whose mark selects the objects of the whole cluster.
    project: Option<String>,
    /// The objects that are not ready, with the number of their change.
    names: BTreeMap<Name, usize>,
    say: UnboundedSender<Told>,
}

/// What is awaited, as it is looked at: kind by kind where that is allowed.
pub(super) async fn groups(
    cluster: &Cluster,
    awaited: &[Awaited],
    say: &UnboundedSender<Told>,
) -> Vec<Group> {
    let mut groups: BTreeMap<(&str, &str, Option<&str>), Group> = BTreeMap::new();
    for Awaited { at, key, api_version, project } in awaited {
        let of = (api_version.as_str(), key.kind.as_str(), project.as_deref());
        let group = groups.entry(of).or_insert_with(|| Group {
            api_version: api_version.clone(),
            kind: key.kind.clone(),
            namespace: None,
            project: project.clone(),
            names: BTreeMap::new(),
            say: say.clone(),
        });
        group.names.insert((key.namespace.clone(), key.name.clone()), *at);
    }
    let placed = groups.into_values().map(|group| group.placed(cluster));
    join_all(placed).await.into_iter().flatten().collect()
}

impl Group {
    pub(super) fn is_ready(&self) -> bool {
        self.names.is_empty()
    }

    /// Together where that is no more than is needed and allowed, else by namespace.
    async fn placed(self, cluster: &Cluster) -> Vec<Self> {
        let namespaces: BTreeSet<_> = self.names.keys().map(|(at, _)| at.clone()).collect();
        let is_scattered = namespaces.len() > 1;
        // Without a mark to select by, those of the whole cluster would have to be read.
        if is_scattered && self.project.is_some() && self.sees_all(cluster).await {
            return vec![self];
        }
        let apart = namespaces.into_iter().map(|namespace| {
            let own = self.names.iter().filter(|((at, _), _)| *at == namespace);
            let names = own.map(|(name, at)| (name.clone(), *at)).collect();
            Self { namespace, names, project: None, ..self.clone() }
        });
        apart.collect()
    }

    /// Whether the kind may be listed in all namespaces.
    async fn sees_all(&self, cluster: &Cluster) -> bool {
        let Some(kind) = self.kind(cluster).await else { return false };
        let params = ListParams::default().limit(1).labels(&self.selector().unwrap_or_default());
        api(cluster, &kind, None).list_metadata(&params).await.is_ok()
    }

    fn selector(&self) -> Option<String> {
        Some(format!("{}={}", mark::PROJECT, self.project.as_ref()?))
    }

    /// Ends once every object has been seen ready.
    pub(super) async fn watch(mut self, cluster: &Cluster) {
        let Some(kind) = self.served(cluster).await else { return };
        let api = api(cluster, &kind, self.namespace.as_deref());
        while let Err(error) = self.list_and_watch(cluster, &api).await {
            // What happened since a version that is too old is in the next LIST.
            if !matches!(status(&error), Some(status) if status.code == 410) {
                self.say_all(&format!("it cannot be looked at: {}", words(&error)));
                after(LOOKED_EVERY).await;
            }
        }
    }

    /// One look: what is left is not ready.
    pub(super) async fn look(mut self, cluster: &Cluster) -> Self {
        if let Some(kind) = self.served(cluster).await {
            let api = api(cluster, &kind, self.namespace.as_deref());
            // What cannot be looked at is looked at again.
            let _ = self.list(&api).await;
        }
        self
    }

    async fn kind(&self, cluster: &Cluster) -> Option<Kind> {
        let known = cluster.kinds.get(&(self.api_version.clone(), self.kind.to_string())).cloned();
        match known {
            Some(kind) => Some(kind),
            None => discovery::find(cluster, &self.api_version, &self.kind).await,
        }
    }

    /// The kind, where it is served: else nothing is there to wait for.
    async fn served(&mut self, cluster: &Cluster) -> Option<Kind> {
        let found = self.kind(cluster).await;
        if found.is_none() {
            self.say_all("its kind is not served");
            self.names.clear();
        }
        found
    }

    /// One LIST, and what happens after it until all are ready.
    async fn list_and_watch(
        &mut self,
        cluster: &Cluster,
        api: &Api<DynamicObject>,
    ) -> Result<(), Error> {
        let mut version = self.list(api).await?;
        // The server ends a watch before the connection is taken for dead, and the next goes on.
        let seconds = cluster.timeout.as_secs().saturating_sub(1).clamp(1, 290);
        while !self.names.is_empty() {
            let params = WatchParams {
                timeout: u32::try_from(seconds).ok(),
                field_selector: self.one(),
                label_selector: self.selector(),
                ..WatchParams::default()
            };
            let mut events = Box::pin(api.watch(&params, &version).await?);
            while let Some(event) = events.next().await {
                match event? {
                    WatchEvent::Added(object) | WatchEvent::Modified(object) => {
                        version = object.resource_version().unwrap_or_default();
                        self.take(&object);
                    }
                    WatchEvent::Deleted(object) => self.lost(&object),
                    WatchEvent::Bookmark(mark) => version = mark.metadata.resource_version,
                    WatchEvent::Error(status) => return Err(Error::Api(status)),
                }
                if self.names.is_empty() {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// One object alone is asked for by its name.
    fn one(&self) -> Option<String> {
        let mut names = self.names.keys();
        match (names.next(), names.next()) {
            (Some((_, name)), None) => Some(format!("metadata.name={name}")),
            _ => None,
        }
    }

    async fn list(&mut self, api: &Api<DynamicObject>) -> Result<String, Error> {
        let mut params = ListParams::default().limit(PAGE);
        params.field_selector = self.one();
        params.label_selector = self.selector();
        let mut absent = self.names.clone();
        loop {
            let page = api.list(&params).await?;
            for object in page.items {
                absent.remove(&name(&object));
                self.take(&object);
            }
            match page.metadata.continue_ {
                Some(token) if !token.is_empty() => params = params.continue_token(&token),
                _ => {
                    absent.into_values().for_each(|at| self.say(at, &self.gone("it is not there")));
                    return Ok(page.metadata.resource_version.unwrap_or_default());
                }
            }
        }
    }

    fn take(&mut self, object: &DynamicObject) {
        let name = name(object);
        let Some(at) = self.names.get(&name).copied() else { return };
        let (generation, none) = (object.metadata.generation, Value::Null);
        let status = object.data.get("status").unwrap_or(&none);
        let readiness = readiness(&Said::of(&self.api_version, &self.kind, generation, status));
        if readiness == Readiness::Ready {
            self.names.remove(&name);
        }
        let _ = self.say.send(Told { at, readiness });
    }

    fn lost(&self, object: &DynamicObject) {
        if let Some(at) = self.names.get(&name(object)) {
            self.say(*at, &self.gone("it has been deleted"));
        }
    }

    /// What is selected by its mark is not seen without it.
    fn gone(&self, why: &str) -> String {
        match &self.project {
            Some(project) => format!("{why}, or its label {}={project} is gone", mark::PROJECT),
            None => why.to_owned(),
        }
    }

    fn say(&self, at: usize, why: &str) {
        let _ = self.say.send(Told { at, readiness: Readiness::Waits(why.to_owned()) });
    }

    fn say_all(&self, why: &str) {
        self.names.values().for_each(|at| self.say(*at, why));
    }
}

fn name(object: &DynamicObject) -> Name {
    let metadata = &object.metadata;
    let namespace = metadata.namespace.as_deref().map(SmolStr::new);
    (namespace, metadata.name.as_deref().unwrap_or_default().into())
}
