//! Waiting until controllers say that objects are ready: one LIST and one watch for each kind and
//! namespace, begun again where it ends. Must not decide what ready is (`world::readiness`).

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures::channel::mpsc::UnboundedSender;
use futures::future::join_all;
use futures::stream::StreamExt;
use kube::api::{Api, DynamicObject, ListParams, WatchEvent, WatchParams};
use kube::core::TypeMeta;
use kube::{Error, ResourceExt};
use smol_str::SmolStr;
use tokio::sync::mpsc;

use crate::apply::waiting::{Awaited, Told};
use crate::live::cluster::{Cluster, status, words};
use crate::live::discovery::{self, Kind};
use crate::world::readiness::{Readiness, readiness};

use super::api;

/// Objects of one page of a LIST.
const PAGE: u32 = 500;
/// How often is looked again where it cannot be watched.
const LOOKED_EVERY: Duration = Duration::from_secs(2);
/// How often it is said what is waited for, where it lasts.
const SAID_EVERY: Duration = Duration::from_secs(5);

/// Tells how the objects stand until all are ready or the time is over.
pub(in crate::live) async fn await_ready(
    cluster: &Cluster,
    awaited: &[Awaited],
    patience: Duration,
    tell: UnboundedSender<Told>,
) {
    let (say, mut said) = mpsc::unbounded_channel();
    let watching = watch(cluster, groups(awaited), say);
    let mut watching = std::pin::pin!(watching);
    let mut board = Board { tell, waits: BTreeMap::new(), ready: BTreeSet::new() };
    let mut patience = std::pin::pin!(after(patience));
    let mut pause = Box::pin(after(SAID_EVERY));
    loop {
        tokio::select! {
            biased;
            Some(told) = said.recv() => board.take(told),
            _ = &mut watching => break,
            () = &mut patience => break,
            () = &mut pause => {
                board.say();
                pause = Box::pin(after(SAID_EVERY));
            }
        }
    }
    while let Ok(told) = said.try_recv() {
        board.take(told);
    }
    board.say();
}

#[expect(clippy::disallowed_methods, reason = "live is where the real clock is")]
async fn after(time: Duration) {
    tokio::time::sleep(time).await;
}

/// What is not ready, so that it is said now and then and not at every turn of a controller.
struct Board {
    tell: UnboundedSender<Told>,
    /// What each waits for, and whether that has been said.
    waits: BTreeMap<usize, (String, bool)>,
    /// What has been said to be ready, and has not been heard otherwise since.
    ready: BTreeSet<usize>,
}

impl Board {
    fn take(&mut self, told: Told) {
        match told.readiness {
            Readiness::Ready => {
                self.waits.remove(&told.at);
                if self.ready.insert(told.at) {
                    // Nobody who listens is nobody who waits.
                    let _ = self.tell.unbounded_send(told);
                }
            }
            Readiness::Waits(why) => {
                self.ready.remove(&told.at);
                let known = self.waits.get(&told.at);
                if known.is_none_or(|(before, _)| *before != why) {
                    self.waits.insert(told.at, (why, false));
                }
            }
        }
    }

    fn say(&mut self) {
        for (at, (why, is_said)) in &mut self.waits {
            if !std::mem::replace(is_said, true) {
                let readiness = Readiness::Waits(why.clone());
                let _ = self.tell.unbounded_send(Told { at: *at, readiness });
            }
        }
    }
}

/// What is listed and watched together: apiVersion, kind, namespace.
type Place = (String, SmolStr, Option<SmolStr>);

fn groups(awaited: &[Awaited]) -> BTreeMap<Place, BTreeMap<String, usize>> {
    let mut groups: BTreeMap<Place, BTreeMap<String, usize>> = BTreeMap::new();
    for Awaited { at, key, api_version } in awaited {
        let place = (api_version.clone(), key.kind.clone(), key.namespace.clone());
        groups.entry(place).or_default().insert(key.name.clone().into(), *at);
    }
    groups
}

/// Ends once all have been seen ready at one time: while others become ready, what was ready may be so no
/// longer.
async fn watch(
    cluster: &Cluster,
    groups: BTreeMap<Place, BTreeMap<String, usize>>,
    say: mpsc::UnboundedSender<Told>,
) {
    let all = || groups.iter().map(|(place, names)| (place.clone(), names.clone()));
    let group = |(place, names)| Group { place, names, say: say.clone() };
    join_all(all().map(|one| group(one).watch(cluster))).await;
    loop {
        let again = join_all(all().map(|one| group(one).look(cluster))).await;
        let unready: Vec<Group> =
            again.into_iter().filter(|group| !group.names.is_empty()).collect();
        if unready.is_empty() {
            return;
        }
        join_all(unready.into_iter().map(|group| group.watch(cluster))).await;
    }
}

struct Group {
    place: Place,
    /// The objects that are not ready, by their name, with the number of their change.
    names: BTreeMap<String, usize>,
    say: mpsc::UnboundedSender<Told>,
}

impl Group {
    /// Ends once every object has been seen ready.
    async fn watch(mut self, cluster: &Cluster) {
        let Some(kind) = self.kind(cluster).await else { return };
        let api = api(cluster, &kind, self.place.2.as_deref());
        while let Err(error) = self.list_and_watch(cluster, &kind, &api).await {
            // What happened since a version that is too old is in the next LIST.
            if !matches!(status(&error), Some(status) if status.code == 410) {
                self.say_all(&format!("it cannot be looked at: {}", words(&error)));
                after(LOOKED_EVERY).await;
            }
        }
    }

    /// One look: what is left is not ready.
    async fn look(mut self, cluster: &Cluster) -> Self {
        if let Some(kind) = self.kind(cluster).await {
            let api = api(cluster, &kind, self.place.2.as_deref());
            // What cannot be looked at is looked at again.
            let _ = self.list(&kind, &api).await;
        }
        self
    }

    /// The kind, where it is served: else nothing is there to wait for.
    async fn kind(&mut self, cluster: &Cluster) -> Option<Kind> {
        let (api_version, kind, _) = &self.place;
        let known = cluster.kinds.get(&(api_version.clone(), kind.to_string())).cloned();
        let found = match known {
            Some(kind) => Some(kind),
            None => discovery::find(cluster, api_version, kind).await,
        };
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
        kind: &Kind,
        api: &Api<DynamicObject>,
    ) -> Result<(), Error> {
        let mut version = self.list(kind, api).await?;
        // The server ends a watch before the connection is taken for dead, and the next goes on.
        let seconds = cluster.timeout.as_secs().saturating_sub(1).clamp(1, 290);
        while !self.names.is_empty() {
            let params = WatchParams { timeout: u32::try_from(seconds).ok(), ..self.watched() };
            let mut events = Box::pin(api.watch(&params, &version).await?);
            while let Some(event) = events.next().await {
                match event? {
                    WatchEvent::Added(object) | WatchEvent::Modified(object) => {
                        version = object.resource_version().unwrap_or_default();
                        self.take(kind, object);
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
    fn watched(&self) -> WatchParams {
        let mut names = self.names.keys();
        match (names.next(), names.next()) {
            (Some(name), None) => WatchParams::default().fields(&format!("metadata.name={name}")),
            _ => WatchParams::default(),
        }
    }

    async fn list(&mut self, kind: &Kind, api: &Api<DynamicObject>) -> Result<String, Error> {
        let mut params = ListParams::default().limit(PAGE);
        params.field_selector = self.watched().field_selector;
        let mut absent = self.names.clone();
        loop {
            let page = api.list(&params).await?;
            for object in page.items {
                absent.remove(object.metadata.name.as_deref().unwrap_or_default());
                self.take(kind, object);
            }
            match page.metadata.continue_ {
                Some(token) if !token.is_empty() => params = params.continue_token(&token),
                _ => {
                    absent.into_values().for_each(|at| self.say(at, "it is not there"));
                    return Ok(page.metadata.resource_version.unwrap_or_default());
                }
            }
        }
    }

    fn take(&mut self, kind: &Kind, mut object: DynamicObject) {
        let name = object.metadata.name.clone().unwrap_or_default();
        let Some(at) = self.names.get(&name).copied() else { return };
        // Items of a list do not say what they are.
        object.types = Some(TypeMeta {
            api_version: kind.resource.api_version.clone(),
            kind: kind.resource.kind.clone(),
        });
        let readiness = match serde_json::to_value(&object) {
            Ok(body) => readiness(&body),
            Err(error) => Readiness::Waits(error.to_string()),
        };
        if readiness == Readiness::Ready {
            self.names.remove(&name);
        }
        let _ = self.say.send(Told { at, readiness });
    }

    fn lost(&self, object: &DynamicObject) {
        if let Some(at) = self.names.get(object.metadata.name.as_deref().unwrap_or_default()) {
            self.say(*at, "it has been deleted");
        }
    }

    fn say(&self, at: usize, why: &str) {
        let _ = self.say.send(Told { at, readiness: Readiness::Waits(why.to_owned()) });
    }

    fn say_all(&self, why: &str) {
        self.names.values().for_each(|at| self.say(*at, why));
    }
}
