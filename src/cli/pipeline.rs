//! The way that every verb goes: read, resolve, select planes, observe, lower, diff. `plan` and
//! `apply` are one path; apply goes on where plan stops.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use crate::diag::Code;
use crate::live::{self, Early, LiveError, Servers};
use crate::model::nack::GROUP;
use crate::model::project::{Settings, Streams};
use crate::model::shape::nearest;
use crate::model::text::ObjectText;
use crate::model::{self, Input};
use crate::plan::allowed::{Moved, Options};
use crate::plan::preflight;
use crate::plan::renew::{Decided, decided};
use crate::plan::text::{Head, account_name, cluster_name};
use crate::plan::verify::verify;
use crate::plan::{Change, Plan};
use crate::plan::{controllers, forget};
use crate::world::lower::{Ahead, Desired, is_made, lower_with};
use crate::world::site::{Declared, sites};
use crate::world::{Key, World, placeholder};

use super::args::{InputArgs, ProjectArgs, ServerArgs};
use super::environment::Environment;
use super::planes::{self, Unselected};
use super::reading::Begun;
use super::resolved::{Read, resolved};
use super::settings::Chosen;
use super::wanted::wanted;

/// A plan and all that it was made from.
pub(super) struct Planned {
    pub read: Read,
    pub head: Head,
    pub plan: Plan,
    pub live: World,
    pub desired: Desired,
    /// `None` where the plan was made against a saved or empty world.
    pub servers: Option<Servers>,
}

/// Why no plan came about.
pub(super) enum Stopped {
    Usage(String),
    Findings(Box<Read>),
    Live(LiveError),
}

impl From<LiveError> for Stopped {
    fn from(error: LiveError) -> Self {
        Self::Live(error)
    }
}

/// What the verbs that plan are given.
pub(super) struct Request<'a> {
    pub verb: &'static str,
    pub input: &'a InputArgs,
    pub project: &'a ProjectArgs,
    pub servers: &'a ServerArgs,
    pub environment: &'a Environment,
    /// Whether the plan is to be carried out by another run.
    pub is_kept: bool,
    /// Whether the plan is to be carried out by this run.
    pub is_applied: bool,
}

/// Makes the plan of what the files were read to be: read once, as stdin gives itself away no second time.
///
/// # Errors
/// What stopped it: the command line, findings in the input, or a server.
pub(super) async fn planned(
    request: &Request<'_>,
    (inputs, chosen): &(Vec<Input>, Chosen),
) -> Result<Planned, Stopped> {
    let salt = Uuid::new_v4().to_string();
    let servers = chosen.servers(request.servers, request.environment);
    let against = planes::select(&servers, request.environment, &chosen.settings.assume, &salt)
        .map_err(|why| match why {
            Unselected::Usage(text) => Stopped::Usage(text),
            Unselected::Failed(error) => Stopped::Live(error),
        });
    // What is wrong with the files is said whatever is wrong with the servers.
    let said = chosen.namespace(request.input.namespace.as_deref());
    let said = Said { inputs, namespace: said.as_deref(), chosen };
    let owner = request.project.project.as_ref().or(chosen.project.as_ref());
    let before = Early {
        project: owner.cloned(),
        home: said.namespace.map(str::to_owned),
        is_applied: request.is_applied,
        salt: salt.clone(),
    };
    let against = against.map(|against| Begun::of(against, before));
    let mut early = resolved(inputs, said.namespace.unwrap_or("default"), chosen);
    if request.project.destroy {
        // What is owned is deleted, whatever is declared, and were it nothing.
        early.resolved.dangling.clear();
        early.findings.retain(|finding| finding.code != Code::NoManifests);
    }
    if early.has_errors() {
        early.take_dangling(|_| false);
        return Err(Stopped::Findings(Box::new(early)));
    }
    let against = against?;
    let Some(project) = request.project.project.clone().or_else(|| early.project.clone()) else {
        let text = "no project is named: write `name: …` into evctl.yaml beside the manifests, or give \
                    --project; it marks what this project owns";
        return Err(Stopped::Usage(text.to_owned()));
    };
    let options = options(request.project, &chosen.settings);
    match against {
        Begun::Snapshot(live, note) => {
            let namespace = live.cluster.as_ref().map(|cluster| cluster.namespace.as_str());
            let mut read = said.within(early, namespace);
            let mut live = planes::with_sites(*live, &sites(&read.manifests))?;
            live.streams = chosen.settings.streams;
            read.take_dangling(|key| is_live(&live, key));
            Maker { request, project, options }.against((read, None), live, None, Some(note)).await
        }
        Begun::Live(reading) => {
            let maker = Maker { request, project, options };
            let topology = &early.resolved.topology;
            let lowered = || Ahead::of(topology, &early.manifests, &maker.project, &salt);
            let ahead = reading.of_cluster.then(lowered);
            let servers = reading.ended().await?;
            maker.against_live(servers, (early, ahead), &said, &salt).await
        }
    }
}

/// What the flags and the project allow.
fn options(args: &ProjectArgs, settings: &Settings) -> Options {
    let policy = &settings.policy;
    let names = |names: &Option<Vec<ObjectText>>| -> BTreeSet<String> {
        names.iter().flatten().map(|name| name.as_str().to_owned()).collect()
    };
    Options {
        adopt: args.adopt,
        adoptable: names(&policy.adopt),
        prune: args.prune,
        destroy: args.destroy,
        moved: settings
            .moved
            .iter()
            .map(|moved| Moved {
                from: moved.from.as_str().to_owned(),
                objects: moved.objects.as_ref().map(|_| names(&moved.objects)),
            })
            .collect(),
        removed: settings.removed.iter().map(|name| name.as_str().to_owned()).collect(),
        allow_replace: args.allow_replace.iter().cloned().collect(),
        replaceable: names(&policy.allow_replace),
        allow_delete: args.allow_delete.iter().cloned().collect(),
        allow_mass_delete: args.allow_mass_delete,
        force_conflicts: args.force_conflicts,
        protect: names(&policy.protect),
        now: None,
    }
}

fn is_live(live: &World, key: &model::ObjectKey) -> bool {
    let referred = live.cluster.as_ref().is_some_and(|cluster| cluster.referred.contains(key));
    referred || live.objects.contains_key(&Key::Object(key.clone()))
}

/// What the files were read by.
struct Said<'a> {
    inputs: &'a [Input],
    namespace: Option<&'a str>,
    chosen: &'a Chosen,
}

impl Said<'_> {
    /// Resolves again where the cluster's context names another namespace than was taken at first.
    fn within(&self, early: Read, context: Option<&str>) -> Read {
        match context.filter(|_| !self.is_within(context)) {
            Some(namespace) => resolved(self.inputs, namespace, self.chosen),
            None => early,
        }
    }

    /// Whether the first taken namespace is the right one.
    fn is_within(&self, context: Option<&str>) -> bool {
        self.namespace.is_some() || context.is_none_or(|name| matches!(name, "" | "default"))
    }
}

struct Maker<'a> {
    request: &'a Request<'a>,
    project: String,
    options: Options,
}

impl Maker<'_> {
    async fn against_live(
        self,
        mut servers: Servers,
        (early, ahead): (Read, Option<Ahead>),
        said: &Said<'_>,
        salt: &str,
    ) -> Result<Planned, Stopped> {
        let is_meant = said.is_within(servers.namespace());
        let mut read = said.within(early, servers.namespace());
        // Another namespace gives the objects other names.
        let ahead = ahead.filter(|_| is_meant);
        let streams = said.chosen.settings.streams;
        let scopes = servers.scopes(&read.manifests);
        let mut wanted = wanted(&read, &self.project, salt, &scopes);
        let home = said.namespace.or(servers.namespace()).filter(|home| !home.is_empty());
        home.unwrap_or("default").clone_into(&mut wanted.home);
        wanted.is_applied = self.request.is_applied;
        if servers.has_jetstream() && streams != Some(Streams::Observed) {
            wanted.direct.insert(GROUP.to_owned());
        }
        let unserved = servers.discover(&wanted).await?;
        let made = read.manifests.iter().filter(|m| is_made(m, streams, unserved.as_ref()));
        let further = sites(made).into_iter().chain(scopes).collect();
        servers.join(&further, &Declared::of(&read.manifests)).await?;
        if self.request.is_kept {
            servers.identify().await;
        }
        let mut live = servers.observe(&wanted).await?;
        live.streams = streams;
        read.take_dangling(|key| is_live(&live, key));
        let options = Options { now: Some(live::now()), ..self.options };
        Self { options, ..self }.against((read, ahead), live, Some(servers), None).await
    }

    async fn against(
        &self,
        (mut read, ahead): (Read, Option<Ahead>),
        live: World,
        servers: Option<Servers>,
        note: Option<String>,
    ) -> Result<Planned, Stopped> {
        if read.has_errors() {
            return Err(Stopped::Findings(Box::new(read)));
        }
        let ahead = Cell::new(ahead);
        let lowered = |world: &World| {
            let (topology, manifests) = (&read.resolved.topology, &read.manifests);
            let all = lower_with(ahead.take(), topology, manifests, &self.project, world);
            if self.options.destroy { all.nothing() } else { all }
        };
        let decided = decided(lowered, &live, &self.project, &self.options);
        let Decided { desired, mut plan, mut troubles } = decided;
        // What is refused stands in the plan.
        troubles.retain(|trouble| !trouble.refuses());
        read.take(preflight::findings(&troubles, &desired, &read.manifests));
        if let Some(servers) = &servers {
            let previews = servers.preview(&plan, &live, &desired.vault).await?;
            plan = verify(plan, &live, &previews, &self.options);
        }
        plan.locate(&read.sources);
        let unknown = self.unknown(&plan)?;
        let mut head = self.head(&plan, &live, note);
        head.notes.extend(unknown);
        head.notes.extend(desired.notes.iter().cloned());
        head.notes.extend(controllers::notes(&plan, &live));
        head.notes.extend(forget::idle(&self.options, &plan, &live, |plane| read.declares(plane)));
        Ok(Planned { read, head, plan, live, desired, servers })
    }

    /// A name that was said and means nothing is a mistake of the command line; where all is to go, it may
    /// have gone before, and that is noted.
    fn unknown(&self, plan: &Plan) -> Result<Vec<String>, Stopped> {
        if self.options.names_nothing() {
            return Ok(Vec::new());
        }
        let keys = plan.changes.iter().map(|change| &change.key).chain(&plan.undeclared);
        let known: BTreeSet<String> = keys.map(ToString::to_string).collect();
        let unknown = self.options.unknown(&known).into_iter().map(|(flag, name)| {
            let near = nearest(name, known.iter().map(String::as_str));
            let near = near.map(|near| format!("; did you mean {near}?")).unwrap_or_default();
            format!("{flag} {name} names nothing of this plan{near}")
        });
        if self.options.destroy {
            return Ok(unknown.collect());
        }
        unknown.map(Stopped::Usage).next().map_or(Ok(Vec::new()), Err)
    }

    fn head(&self, plan: &Plan, live: &World, note: Option<String>) -> Head {
        let mut notes: Vec<String> = note.into_iter().collect();
        notes.extend(live.cluster.iter().flat_map(|cluster| cluster.notes.clone()));
        let has_derived_name = |change: &Change| {
            let of_nack = change.origin.as_ref().is_some_and(|origin| origin.object.group == GROUP);
            matches!(change.key, Key::Consumer { .. }) && !of_nack
        };
        if live.cluster.is_none() && plan.changes.iter().any(has_derived_name) {
            let text = "no Kubernetes plane: the uids that name consumers are derived from each \
                        Subscription's namespace/name (UUID version 5)";
            notes.push(text.to_owned());
        }
        if plan.changes.iter().any(|change| placeholder::is_open_key(&change.key)) {
            notes.push(
                "(UID of …) is known after apply: the uid that the API server gives".to_owned(),
            );
        }
        Head {
            verb: self.request.verb,
            project: self.project.clone(),
            cluster: live.cluster.as_ref().map(cluster_name),
            account: live.account().map(account_name),
            sites: further(live),
            notes,
        }
    }
}

/// The accounts besides the run's own, by their site.
fn further(live: &World) -> BTreeMap<String, String> {
    let further = live.accounts.iter().filter(|(site, _)| !site.is_empty());
    further.map(|(site, account)| (site.clone(), account_name(account))).collect()
}
