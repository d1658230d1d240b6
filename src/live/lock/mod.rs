//! A project's lock: who applies holds it, in the cluster and in every JetStream account that the plan is
//! about, always in the same order, so that two runs that share a server never write at once. It is renewed
//! while the run lives, and is over by itself when the run is gone.

mod bucket;
mod lease;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::apply::lock::{Holder, Record};
use crate::plan::Plan;
use crate::world::Plane;

use super::cluster::Cluster;
use super::nats::Connection;
use super::{LiveError, Servers, now, pause};

/// How often a lock is renewed in its lifetime.
const RENEWALS: u32 = 3;

/// What is wanted of a lock.
pub struct Wish<'a> {
    pub holder: &'a Holder,
    /// How long may be waited for it.
    pub patience: Duration,
}

/// Why there is no lock.
pub enum Unlocked {
    /// Somebody else has it: where it is kept, and who.
    Held(String, Record),
    Failed(LiveError),
}

impl From<LiveError> for Unlocked {
    fn from(error: LiveError) -> Self {
        Self::Failed(error)
    }
}

/// A lock that is held, and renewed, until it is released.
pub struct Lock {
    state: Arc<Mutex<State>>,
    /// Is told whether the lock is to be forgotten too.
    stop: oneshot::Sender<bool>,
    renewing: JoinHandle<()>,
    /// Whether somebody else may have written since the plan was begun.
    pub contended: bool,
}

struct State {
    renewed: Instant,
    lifetime: Duration,
    lost: Option<String>,
}

/// Where a lock is kept.
enum Place {
    Lease(Box<lease::Place>),
    Bucket(Box<bucket::Place>),
}

/// What is kept there.
struct Seen {
    record: Option<Record>,
    /// Another one after each writing, even one that is forgotten by now; empty for none ever.
    version: String,
    lifetime: Duration,
}

/// How locks stood before anything was read under them: a version for each place by its name.
pub(super) type Glimpse = BTreeMap<String, String>;

/// What came of writing a record.
enum Writing {
    Done,
    /// Somebody else has written since.
    Raced,
}

impl Lock {
    /// Takes the lock of the plan's project on everything that the plan is about, or nothing. `tell` is
    /// given what is waited for.
    ///
    /// # Errors
    /// It is held by somebody else for longer than there is patience, or cannot be kept.
    pub async fn take(
        servers: &Servers,
        plan: &Plan,
        wish: &Wish<'_>,
        tell: &mut dyn FnMut(&str),
    ) -> Result<Self, Unlocked> {
        let deadline = Instant::now() + wish.patience;
        let mut kept = Vec::new();
        let mut contended = false;
        for mut place in places(servers, plan, tell) {
            let name = place.to_string();
            match place.take(wish, deadline, tell).await {
                Ok(Taken { record, lifetime, version }) => {
                    contended |= servers.glimpse.get(&name) != Some(&version);
                    kept.push(Kept { place, record, lifetime });
                }
                Err(why) => {
                    release(&mut kept, false).await;
                    return Err(why);
                }
            }
        }
        let lifetime = kept.iter().map(|kept| kept.lifetime).min().unwrap_or(Duration::MAX);
        let state = State { renewed: Instant::now(), lifetime, lost: None };
        let state = Arc::new(Mutex::new(state));
        let (stop, stopped) = oneshot::channel();
        let renewing = tokio::spawn(renew(kept, Arc::clone(&state), stopped));
        Ok(Self { state, stop, renewing, contended })
    }

    /// Why nobody must write any more, where that is so.
    pub fn lost(&self) -> Option<String> {
        let state = locked(&self.state);
        let since = state.renewed.elapsed();
        if state.lost.is_none() && since >= state.lifetime {
            return Some(format!("it could not be renewed for {} s", since.as_secs()));
        }
        state.lost.clone()
    }

    /// Lets others have it, or takes it away where nothing is left to be locked.
    pub async fn release(self, forget: bool) {
        let _ = self.stop.send(forget);
        let _ = self.renewing.await;
    }
}

/// How the lock of a cluster stands; nothing where it cannot be looked at, which counts as touched.
pub(super) async fn glimpse_of_cluster(cluster: &Cluster, home: &str, project: &str) -> Glimpse {
    glimpse(Place::Lease(Box::new(lease::Place::new(cluster, home, project)))).await
}

/// How the lock of an account stands.
pub(super) async fn glimpse_of_account(nats: &Connection, site: &str, project: &str) -> Glimpse {
    glimpse(Place::Bucket(Box::new(bucket::Place::new(nats, site, project)))).await
}

async fn glimpse(mut place: Place) -> Glimpse {
    let version = match &mut place {
        Place::Lease(place) => place.look().await.ok().map(|seen| seen.version),
        Place::Bucket(place) => place.glimpse().await,
    };
    version.map(|version| (place.to_string(), version)).into_iter().collect()
}

fn locked(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Where the lock is kept, in the order in which everybody takes it: the cluster first, then accounts by
/// what their servers call them.
fn places(servers: &Servers, plan: &Plan, tell: &mut dyn FnMut(&str)) -> Vec<Place> {
    let mut places = Vec::new();
    let keys = || plan.changes.iter().map(|change| &change.key);
    let in_cluster =
        plan.membership.is_some() || keys().any(|key| key.plane() == Plane::Kubernetes);
    if let (Some(cluster), true) = (&servers.cluster, in_cluster) {
        let set = plan.membership.as_ref().map(|membership| &membership.set.parent);
        let home = set.and_then(|parent| parent.namespace.as_deref()).unwrap_or(&servers.home);
        places.push(Place::Lease(Box::new(lease::Place::new(cluster, home, &plan.project))));
    }
    let sites: BTreeSet<&str> = keys().filter_map(|key| key.site()).collect();
    let mut accounts: Vec<_> = servers.nats.iter().collect();
    accounts.retain(|(site, _)| sites.contains(site.as_str()));
    accounts.sort_by_key(|(site, nats)| (nats.identity.clone(), (*site).clone()));
    // Two sites may lead to one account.
    accounts.dedup_by(|(_, a), (_, b)| a.identity.is_some() && a.identity == b.identity);
    for (site, nats) in accounts {
        if nats.is_imported() {
            let name = &nats.account.name;
            tell(&format!(
                "no lock is kept at {name}: its API is imported from another account, whose keys cannot be \
                 written from here"
            ));
            continue;
        }
        places.push(Place::Bucket(Box::new(bucket::Place::new(nats, site, &plan.project))));
    }
    places
}

/// A lock in one place.
struct Kept {
    place: Place,
    record: Record,
    lifetime: Duration,
}

impl Kept {
    fn is_ours(&self, seen: &Seen) -> bool {
        let same = |record: &Record| {
            record.holder == self.record.holder && record.acquired == self.record.acquired
        };
        seen.record.as_ref().is_some_and(same)
    }
}

struct Taken {
    record: Record,
    lifetime: Duration,
    /// How it stood before it was taken.
    version: String,
}

impl Place {
    async fn take(
        &mut self,
        wish: &Wish<'_>,
        deadline: Instant,
        tell: &mut dyn FnMut(&str),
    ) -> Result<Taken, Unlocked> {
        let mut unchanged: Option<(String, Instant)> = None;
        let mut told = false;
        loop {
            let seen = self.look().await?;
            let since = match unchanged.take() {
                Some((version, since)) if version == seen.version => since,
                _ => Instant::now(),
            };
            unchanged = Some((seen.version.clone(), since));
            if seen.is_free(since) {
                let record = Record::new(wish.holder, now());
                if let Writing::Done = self.write(&record).await? {
                    let Seen { version, lifetime, .. } = seen;
                    // Whoever was waited for may have written to its end without renewing.
                    let version = if told { String::from("waited for") } else { version };
                    return Ok(Taken { record, lifetime, version });
                }
                continue;
            }
            let Some(record) = seen.record else { continue };
            if Instant::now() >= deadline {
                return Err(Unlocked::Held(self.to_string(), record));
            }
            if !std::mem::replace(&mut told, true) {
                tell(&format!("{self} is {}: waiting", record.words(now())));
            }
            pause().await;
        }
    }

    async fn look(&mut self) -> Result<Seen, LiveError> {
        match self {
            Self::Lease(place) => place.look().await,
            Self::Bucket(place) => place.look().await,
        }
    }

    async fn write(&mut self, record: &Record) -> Result<Writing, LiveError> {
        match self {
            Self::Lease(place) => place.write(record).await,
            Self::Bucket(place) => place.write(record).await,
        }
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Lease(place) => place.fmt(out),
            Self::Bucket(place) => place.fmt(out),
        }
    }
}

impl Seen {
    /// Whether nobody holds it: it is released, or its holder has said nothing for too long.
    fn is_free(&self, unchanged_since: Instant) -> bool {
        let Some(record) = &self.record else { return true };
        record.is_released()
            || record.is_over(now(), self.lifetime)
            || unchanged_since.elapsed() > self.lifetime
    }
}

/// Renews until it is told to stop, then releases.
async fn renew(
    mut kept: Vec<Kept>,
    state: Arc<Mutex<State>>,
    mut stopped: oneshot::Receiver<bool>,
) {
    let every = locked(&state).lifetime.min(crate::apply::lock::LIFETIME) / RENEWALS;
    let forget = loop {
        match tokio::time::timeout(every, &mut stopped).await {
            Ok(told) => break told.unwrap_or_default(),
            Err(_) => {
                if let Some(lost) = renewed(&mut kept, &state).await {
                    locked(&state).lost = Some(lost);
                    return;
                }
            }
        }
    };
    release(&mut kept, forget).await;
}

/// Renews everywhere. Gives why the lock is somebody else's, where it is; a server that does not answer
/// is asked again next time.
async fn renewed(kept: &mut [Kept], state: &Mutex<State>) -> Option<String> {
    let begun = Instant::now();
    for kept in kept {
        let next = kept.record.renewed(now());
        match kept.place.write(&next).await {
            Ok(Writing::Done) => kept.record = next,
            // A renewal whose answer was lost is our own.
            Ok(Writing::Raced) => match kept.place.look().await {
                Ok(seen) if kept.is_ours(&seen) => return None,
                Ok(_) => return Some(format!("{} is somebody else's by now", kept.place)),
                Err(_) => return None,
            },
            Err(_) => return None,
        }
    }
    locked(state).renewed = begun;
    None
}

/// The last that was taken is the first to go. Where that fails it is over by itself.
async fn release(kept: &mut Vec<Kept>, forget: bool) {
    while let Some(Kept { mut place, record, .. }) = kept.pop() {
        match &place {
            Place::Lease(lease) if forget || !lease.is_at_home() => lease.delete().await,
            _ => drop(place.write(&record.released(now())).await),
        }
    }
}
