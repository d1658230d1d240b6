//! Which planes take part: what a flag, a variable, or an ambient context (kubeconfig, NATS context)
//! selects. Selected but unreachable is an error, never an absence.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use crate::jetstream::version;
use crate::live::{ClusterTarget, LiveError, NatsTarget, Targets};
use crate::model::project::Assume;
use crate::model::text::ServerVersion;
use crate::world::site::Site;
use crate::world::{Account, Cluster, World, saved};

use super::args::ServerArgs;
use super::context;
use super::environment::Environment;

/// The newest servers that evctl knows, which offline work assumes where the project does not say.
const NEWEST_NATS: &str = "2.15";
const NEWEST_KUBERNETES: &str = "1.36";
const NEWEST_KNATIVE: &str = "0.50";

/// How long any one answer may take where nothing says it.
const TIMEOUT: Duration = Duration::from_secs(10);

/// What an empty world calls its servers.
const OFFLINE: &str = "offline";

/// What a plan is made against.
pub(super) enum Against {
    Live(Box<Targets>),
    /// A world that can be planned against, and not applied to, with what to say about it.
    Snapshot(Box<World>, String),
}

/// Why nothing can be planned against.
pub(super) enum Unselected {
    /// The command line does not say enough.
    Usage(String),
    Failed(LiveError),
}

/// What the arguments and the environment select.
///
/// # Errors
/// Nothing is selected, or what is cannot be read.
pub(super) fn select(
    args: &ServerArgs,
    environment: &Environment,
    assume: &Assume,
    salt: &str,
) -> Result<Against, Unselected> {
    if let Some(file) = &args.world {
        return snapshot(file, args);
    }
    if args.offline {
        return empty(args, assume, salt);
    }
    let cluster = if args.no_kubernetes { None } else { cluster(args, environment) };
    let nats = if args.no_nats {
        None
    } else {
        context::target(&args.nats, environment).map_err(Unselected::Failed)?
    };
    // A flag is said for both planes.
    let nats = nats.map(|nats| NatsTarget { timeout: args.timeout.or(nats.timeout), ..nats });
    let timeout = args.timeout.unwrap_or(TIMEOUT);
    if cluster.is_none() && nats.is_none() {
        let text = "no server is selected: name one with --context or --nats-url, or compare with an \
                    empty world (--offline) or a saved one (--world FILE)";
        return Err(Unselected::Usage(text.to_owned()));
    }
    let cache = environment.cache_home().map(|home| home.join("evctl"));
    Ok(Against::Live(Box::new(Targets { cluster, nats, timeout, cache })))
}

fn cluster(args: &ServerArgs, environment: &Environment) -> Option<ClusterTarget> {
    let ambient = environment.path("KUBECONFIG").or_else(|| {
        environment.home().map(|home| home.join(".kube").join("config")).filter(|f| f.is_file())
    });
    let in_cluster = environment.is_set("KUBERNETES_SERVICE_HOST");
    let named = args.context.is_some() || args.kubeconfig.is_some();
    (named || ambient.is_some() || in_cluster).then(|| ClusterTarget {
        kubeconfig: args.kubeconfig.clone(),
        context: args.context.clone(),
        in_cluster: in_cluster && !named && ambient.is_none(),
    })
}

fn snapshot(file: &PathBuf, args: &ServerArgs) -> Result<Against, Unselected> {
    let fail = |why: String| {
        let what = format!("the saved world {} cannot be used", file.display());
        Unselected::Failed(LiveError::new(
            what,
            why,
            "name a file that `evctl plan --save-world` wrote",
        ))
    };
    let text = std::fs::read_to_string(file).map_err(|error| fail(error.to_string()))?;
    let mut world = saved::from_json(&text).map_err(fail)?;
    leave_out(&mut world, args)?;
    let note = format!("against the saved world {}: can be shown, not applied", file.display());
    Ok(Against::Snapshot(Box::new(world), note))
}

/// The version of nats-server that is taken for granted while none is asked.
pub(super) fn assumed_nats(assume: &Assume) -> String {
    taken(assume.nats.as_ref(), NEWEST_NATS)
}

fn taken(said: Option<&ServerVersion>, newest: &str) -> String {
    said.map_or(newest, ServerVersion::as_str).trim_start_matches('v').to_owned()
}

fn empty(args: &ServerArgs, assume: &Assume, salt: &str) -> Result<Against, Unselected> {
    let kubernetes = taken(assume.kubernetes.as_ref(), NEWEST_KUBERNETES);
    let knative = taken(assume.knative.as_ref(), NEWEST_KNATIVE);
    let nats = assumed_nats(assume);
    let mut world = World {
        cluster: Some(Cluster {
            name: OFFLINE.to_owned(),
            version: format!("v{kubernetes}"),
            ..Cluster::default()
        }),
        accounts: BTreeMap::from([(
            String::new(),
            Account {
                name: OFFLINE.to_owned(),
                api_level: version::api_level(&nats),
                version: nats.clone(),
                // How many servers there will be is not known.
                cluster: Some(OFFLINE.to_owned()),
                ..Account::default()
            },
        )]),
        salt: salt.to_owned(),
        ..World::default()
    };
    leave_out(&mut world, args)?;
    let flags: Vec<String> =
        assume.features.iter().flatten().map(|(name, value)| format!(", {name} {value}")).collect();
    let note = format!(
        "against an empty world, assuming Kubernetes {kubernetes}, Knative Eventing {knative}{} and \
         nats-server {nats}: can be shown, not applied",
        flags.concat()
    );
    Ok(Against::Snapshot(Box::new(world), note))
}

/// The world with an account for every site. An empty world takes each to be like the run's own; a
/// saved one has what was saved.
///
/// # Errors
/// A saved world that lacks an account.
pub(super) fn with_sites(
    mut world: World,
    sites: &BTreeMap<String, Site>,
) -> Result<World, LiveError> {
    let Some(own) = world.account().cloned() else { return Ok(world) };
    for (name, site) in sites {
        if world.accounts.contains_key(name) {
            continue;
        }
        if own.name != OFFLINE {
            return Err(LiveError::new(
                format!("the saved world does not have the account {name}"),
                "it was saved before anything named that account",
                "save it again with `evctl plan --save-world`",
            ));
        }
        let account = Account { domain: site.domain.clone(), ..own.clone() };
        world.accounts.insert(name.clone(), account);
    }
    Ok(world)
}

fn leave_out(world: &mut World, args: &ServerArgs) -> Result<(), Unselected> {
    if args.no_kubernetes {
        world.cluster = None;
    }
    if args.no_nats {
        world.accounts.clear();
    }
    let (kubernetes, jetstream) = (world.cluster.is_some(), !world.accounts.is_empty());
    world.objects.retain(|key, _| if key.object().is_some() { kubernetes } else { jetstream });
    if kubernetes || jetstream {
        return Ok(());
    }
    Err(Unselected::Usage("no plane is left to plan for".to_owned()))
}
