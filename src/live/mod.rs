//! The real servers: observed into a world, asked about changes, and written to. The only module
//! that names kube and async_nats. Everything it learns leaves it as plain data.

mod backoff;
mod cluster;
mod discovery;
mod discovery_cache;
mod jetstream;
mod jetstream_api;
pub mod lock;
mod nats;
mod objects;
mod profile;
mod target;
mod tls;
mod writer;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use smol_str::SmolStr;

use crate::model::hashed::{Hashed, HashedSet};
use crate::model::{Manifest, ObjectKey};
use crate::plan::Plan;
use crate::plan::verify::Preview;
use crate::world::secret::Vault;
use crate::world::site::{Declared, Reference, Site, scoped_sites};
use crate::world::{Account, Key, Object, World};

pub use objects::Imported;
pub use target::{NatsAuth, NatsTarget, servers};
pub use writer::Writer;

/// What went wrong with a server, for people: what, why, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveError {
    pub what: String,
    pub why: String,
    pub help: String,
}

impl LiveError {
    pub fn new(what: impl Into<String>, why: impl Into<String>, help: impl Into<String>) -> Self {
        Self { what: what.into(), why: why.into(), help: help.into() }
    }
}

impl fmt::Display for LiveError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.what, self.why)
    }
}

/// Which cluster, as kubectl would be told.
#[derive(Debug, Clone, Default)]
pub struct ClusterTarget {
    /// Where the kubeconfig is; kubectl's places where it is absent.
    pub kubeconfig: Option<PathBuf>,
    pub context: Option<String>,
    /// Inside of a pod, by its service account.
    pub in_cluster: bool,
}

/// Which servers take part.
#[derive(Debug, Clone, Default)]
pub struct Targets {
    pub cluster: Option<ClusterTarget>,
    /// The account that the run itself connects to.
    pub nats: Option<NatsTarget>,
    /// How long any one answer may take.
    pub timeout: Duration,
    /// Where is kept what the next run can do without.
    pub cache: Option<PathBuf>,
}

/// What must be read for a plan.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// The kinds and objects that are declared, with their apiVersion.
    pub objects: Hashed<ObjectKey, String>,
    /// Kinds whose definition is declared too, so that the cluster may not know them yet.
    pub defined: BTreeSet<(SmolStr, SmolStr)>,
    /// Groups whose kinds the cluster need not know, since evctl makes what they stand for itself.
    pub direct: BTreeSet<String>,
    /// Objects that are referred to and declared nowhere.
    pub referred: BTreeSet<ObjectKey>,
    /// Streams that are wanted.
    pub streams: HashedSet<Key>,
    pub project: String,
    /// The namespace of objects that name none, where the project's ApplySet is at home.
    pub home: String,
    /// Whether the plan is to be carried out by this run.
    pub is_applied: bool,
    pub salt: String,
}

/// What is known before the files are read.
#[derive(Debug, Clone, Default)]
pub struct Early {
    pub project: Option<String>,
    /// The namespace of objects that name none, where it is not the context's.
    pub home: Option<String>,
    /// Whether the plan is to be carried out by this run.
    pub is_applied: bool,
    pub salt: String,
}

/// The connected servers.
pub struct Servers {
    cluster: Option<cluster::Cluster>,
    /// NATS accounts by their site.
    nats: BTreeMap<String, nats::Connection>,
    /// How the run's own account is connected to.
    own: Option<NatsTarget>,
    timeout: Duration,
    /// The run's own account, where it was read ahead.
    ahead: Option<jetstream::observe::Ahead>,
    /// What was begun to be read of the cluster.
    ahead_of_cluster: objects::Ahead,
    /// The namespace of objects that name none.
    home: String,
    /// How locks stood before anything was read.
    glimpse: lock::Glimpse,
}

impl Servers {
    /// Connects to every target, but for NATS where a Secret or ConfigMap is named that says how: that
    /// is left to `join`.
    ///
    /// # Errors
    /// The first server that cannot be reached, refuses the credentials, or lacks what is needed.
    pub async fn connect(targets: &Targets) -> Result<Self, LiveError> {
        let cluster = match &targets.cluster {
            Some(target) => {
                let cache = targets.cache.as_deref();
                Some(cluster::Cluster::connect(target, targets.timeout, cache).await?)
            }
            None => None,
        };
        let mut nats = BTreeMap::new();
        if let Some(target) = targets.nats.as_ref().filter(|target| target.reference.is_none()) {
            let connection = nats::Connection::connect(target, targets.timeout).await?;
            nats.insert(String::new(), connection);
        }
        Ok(Self {
            home: cluster.as_ref().map(|c| c.namespace().to_owned()).unwrap_or_default(),
            cluster,
            nats,
            own: targets.nats.clone(),
            timeout: targets.timeout,
            ahead: None,
            ahead_of_cluster: objects::Ahead::default(),
            glimpse: lock::Glimpse::new(),
        })
    }

    /// Connects as `connect`, and reads of the cluster and of the run's own account what can be read before
    /// it is known what is wanted of it.
    ///
    /// # Errors
    /// As `connect`, and as `observe`.
    pub async fn read_ahead(targets: &Targets, early: &Early) -> Result<Self, LiveError> {
        let mut servers = Self::connect(targets).await?;
        let project = early.project.as_deref();
        if let (Some(cluster), Some(project)) = (&mut servers.cluster, project) {
            let home = early.home.clone().unwrap_or_else(|| cluster.namespace().to_owned());
            if early.is_applied {
                servers.glimpse = lock::glimpse_of_cluster(cluster, &home, project).await;
            }
            // What is read before the lock was looked at could be old without anybody noticing.
            if !early.is_applied || !servers.glimpse.is_empty() {
                servers.ahead_of_cluster =
                    objects::ahead(cluster, project, &home, &early.salt).await;
            }
        }
        if let Some(nats) = servers.nats.get("") {
            if let Some(project) = project.filter(|_| early.is_applied) {
                servers.glimpse.extend(lock::glimpse_of_account(nats, "", project).await);
            }
            servers.ahead = Some(jetstream::observe::ahead(nats, project).await?);
        }
        Ok(servers)
    }

    /// The sites of channels that the dispatchers of their namespaces serve, where the run connects as
    /// dispatchers do. To be asked before `join`.
    pub fn scopes(&self, manifests: &[Manifest]) -> BTreeMap<String, Site> {
        match self.own.as_ref().and_then(|own| own.reference.as_ref()) {
            Some(Reference::ConfigMap(map)) => scoped_sites(manifests, &map.name),
            _ => BTreeMap::new(),
        }
    }

    /// Connects to further accounts too, where the JetStream plane takes part at all.
    ///
    /// # Errors
    /// The first whose profile or Secret is not to be had, or that cannot be connected to.
    pub async fn join(
        &mut self,
        sites: &BTreeMap<String, Site>,
        declared: &Declared,
    ) -> Result<(), LiveError> {
        let Some(named) = self.own.clone() else { return Ok(()) };
        let places = profile::Places { cluster: self.cluster.as_ref(), declared };
        let own = places.own(named.clone()).await?;
        if named.reference.is_some() {
            let connection = nats::Connection::connect(&own, self.timeout).await?;
            self.nats.insert(String::new(), connection);
            self.own = Some(own.clone());
        }
        if sites.is_empty() {
            return Ok(());
        }
        for (name, site) in sites {
            let in_site = |mut error: LiveError| {
                error.what = format!("site {name}: {}", error.what);
                error
            };
            let target = places.target(&own, &named, site).await.map_err(in_site)?;
            let connection = nats::Connection::connect(&target, self.timeout).await;
            self.nats.insert(name.clone(), connection.map_err(in_site)?);
        }
        self.identify().await;
        Ok(())
    }

    /// Asks every NATS server whose account its connection leads to.
    pub async fn identify(&mut self) {
        for connection in self.nats.values_mut() {
            if connection.identity.is_none() {
                connection.identify().await;
            }
        }
    }

    /// What is known of the accounts, by their site.
    pub fn accounts(&self) -> BTreeMap<String, Account> {
        self.nats.iter().map(|(site, nats)| (site.clone(), nats.account.clone())).collect()
    }

    /// The cluster, as output names it.
    pub fn cluster_name(&self) -> Option<&str> {
        self.cluster.as_ref().map(|cluster| cluster.name.as_str())
    }

    /// The namespace of the kubeconfig's context.
    pub fn namespace(&self) -> Option<&str> {
        self.cluster.as_ref().map(cluster::Cluster::namespace)
    }

    /// Whether the JetStream plane takes part.
    pub fn has_jetstream(&self) -> bool {
        self.own.is_some()
    }

    /// Looks up the kinds that are declared. Gives those, as (group, kind), that the cluster does not
    /// serve and can do without; `None` where no Kubernetes plane takes part.
    ///
    /// # Errors
    /// The cluster could not be asked, or does not serve what it must.
    pub async fn discover(
        &mut self,
        wanted: &Wanted,
    ) -> Result<Option<BTreeSet<(SmolStr, SmolStr)>>, LiveError> {
        match &mut self.cluster {
            Some(cluster) => Ok(Some(discovery::discover(cluster, wanted).await?)),
            None => Ok(None),
        }
    }

    /// Reads everything that a plan needs. What a server names and does not let be read is in the world
    /// as unread.
    ///
    /// # Errors
    /// The first server that could not be reached, or refuses the credentials.
    pub async fn observe(&mut self, wanted: &Wanted) -> Result<World, LiveError> {
        self.home.clone_from(&wanted.home);
        if wanted.is_applied {
            self.glimpse_more(wanted).await;
        }
        let mut world = World { salt: wanted.salt.clone(), ..World::default() };
        if let Some(cluster) = &mut self.cluster {
            let ahead = std::mem::take(&mut self.ahead_of_cluster);
            objects::observe(cluster, wanted, ahead, &mut world).await?;
        }
        let mut ahead = self.ahead.take();
        for (site, nats) in &self.nats {
            let seen = jetstream::observe::Site { name: site, same: self.same_as(site) };
            let ahead = match ahead.take().filter(|_| site.is_empty()) {
                Some(ahead) => ahead,
                None => jetstream::observe::ahead(nats, Some(&wanted.project)).await?,
            };
            jetstream::observe::observe(nats, &seen, wanted, ahead, &mut world).await?;
        }
        world.objects.sort_unstable_keys();
        world.others.sort_unstable_keys();
        Ok(world)
    }

    /// Every object of these groups, of one namespace or of all.
    ///
    /// # Errors
    /// The cluster could not be reached.
    pub async fn import(
        &self,
        groups: &[&str],
        namespace: Option<&str>,
    ) -> Result<Imported, LiveError> {
        match &self.cluster {
            Some(cluster) => objects::import(cluster, groups, namespace).await,
            None => Ok(Imported::default()),
        }
    }

    /// Every stream of the run's own account and its durable consumers.
    ///
    /// # Errors
    /// The server could not be reached, or did not list everything.
    pub async fn import_streams(&self) -> Result<BTreeMap<Key, Object>, LiveError> {
        match self.nats.get("") {
            Some(nats) => jetstream::observe::everything(nats).await,
            None => Ok(BTreeMap::new()),
        }
    }

    /// Looks at the locks of whatever has not been read from yet.
    async fn glimpse_more(&mut self, wanted: &Wanted) {
        if let Some(cluster) = &self.cluster {
            let glimpse = lock::glimpse_of_cluster(cluster, &wanted.home, &wanted.project).await;
            for (place, version) in glimpse {
                self.glimpse.entry(place).or_insert(version);
            }
        }
        for (site, nats) in &self.nats {
            if !site.is_empty() || self.ahead.is_none() {
                self.glimpse.extend(lock::glimpse_of_account(nats, site, &wanted.project).await);
            }
        }
    }

    /// The other sites that lead to the same account.
    fn same_as(&self, site: &str) -> BTreeSet<&str> {
        let identity = |name: &str| self.nats.get(name).and_then(|nats| nats.identity.as_ref());
        let Some(own) = identity(site) else { return BTreeSet::new() };
        let others = self.nats.keys().map(String::as_str).filter(|name| *name != site);
        others.filter(|name| identity(name) == Some(own)).collect()
    }

    /// Asks the API server about every change of the plan that is its own, without writing.
    ///
    /// # Errors
    /// The cluster could not be reached.
    pub async fn preview(
        &self,
        plan: &Plan,
        live: &World,
        vault: &Vault,
    ) -> Result<BTreeMap<Key, Preview>, LiveError> {
        match &self.cluster {
            Some(cluster) => objects::preview(cluster, plan, live, vault).await,
            None => Ok(BTreeMap::new()),
        }
    }
}

/// The time, by this machine's clock.
pub fn now() -> jiff::Timestamp {
    jiff::Timestamp::now()
}

/// Waits a moment between two looks at a server.
#[expect(clippy::disallowed_methods, reason = "live is where the real clock is")]
async fn pause() {
    tokio::time::sleep(Duration::from_millis(100)).await;
}
