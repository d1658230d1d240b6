//! `plan --out FILE` and `apply FILE`: a plan that is looked at now and carried out later, or by
//! somebody else. It is its own confirmation: nobody is asked.

use std::collections::BTreeMap;
use std::path::Path;

use crate::live::{LiveError, Servers};
use crate::model::Manifest;
use crate::plan::saved::{self, Inputs, Saved, Seen};
use crate::plan::text::{Head, account_name};
use crate::world::secret::Vault;
use crate::world::site::{Declared, sites};
use crate::world::{Account, normal};

use super::args::{InputArgs, ServerArgs};
use super::environment::Environment;
use super::pipeline::{Planned, Stopped};
use super::planes::{self, Against, Unselected};
use super::resolved;

/// Writes a plan to a file.
///
/// # Errors
/// The plan cannot be carried out, or the file cannot be written.
pub(super) fn write(planned: &Planned, input: &InputArgs, file: &Path) -> Result<(), String> {
    let paths = input.paths.iter().chain(&input.files).cloned().collect();
    let inputs = Inputs {
        paths,
        kustomize: input.kustomize.clone(),
        namespace: input.namespace.clone(),
        env: input.env.clone(),
    };
    let saved = saved::of(&planned.plan, &planned.head, &planned.live, inputs);
    std::fs::write(file, saved::to_json(&planned.head, &saved)).map_err(|error| error.to_string())
}

/// The saved plan that the inputs are, where they are one.
///
/// # Errors
/// It is one, and cannot be carried out.
pub(super) fn read(input: &InputArgs) -> Option<Result<Saved, String>> {
    let mut paths = input.paths.iter().chain(&input.files);
    let (path, None) = (paths.next()?, paths.next()) else { return None };
    if path.extension().is_none_or(|ending| ending != "json") || !path.is_file() {
        return None;
    }
    let text = std::fs::read_to_string(path).ok()?;
    let read = saved::from_json(&text)?;
    Some(read.map_err(|why| format!("{} cannot be carried out: {why}", path.display())))
}

/// What carries a saved plan out.
pub(super) struct Ready {
    pub head: Head,
    pub servers: Servers,
    pub vault: Vault,
}

/// Connects to the servers that the plan was made against, and reads secrets again.
///
/// # Errors
/// They are others now, cannot be reached, or the secrets are no longer those that were planned.
pub(super) async fn ready(
    saved: &Saved,
    args: &ServerArgs,
    environment: &Environment,
) -> Result<Ready, Unready> {
    let input = InputArgs {
        paths: saved.inputs.paths.clone(),
        kustomize: saved.inputs.kustomize.clone(),
        namespace: saved.inputs.namespace.clone(),
        env: saved.inputs.env.clone(),
        ..InputArgs::of_a_plan()
    };
    let (manifests, chosen) = resolved::manifests(&input).map_err(Unready::Usage)?;
    let args = chosen.servers(args, environment);
    let selected = planes::select(&args, environment, &chosen.settings.assume, &saved.salt);
    let targets = match selected {
        Ok(Against::Live(targets)) => targets,
        Ok(Against::Snapshot(..)) => {
            return Err(Unready::Usage("no server is selected".to_owned()));
        }
        Err(Unselected::Usage(text)) => return Err(Unready::Usage(text)),
        Err(Unselected::Failed(error)) => return Err(error.into()),
    };
    let mut servers = Servers::connect(&targets).await?;
    let mut sites = sites(&manifests);
    sites.extend(servers.scopes(&manifests));
    sites.retain(|site, _| saved.accounts.contains_key(site));
    servers.join(&sites, &Declared::of(&manifests)).await?;
    servers.identify().await;
    let accounts = servers.accounts();
    if let Some(why) = differs(saved, &servers, &accounts) {
        return Err(Unready::Stale(why));
    }
    let vault = vault(saved, &manifests)?;
    Ok(Ready { head: head(saved, &accounts), servers, vault })
}

/// Why a saved plan is not carried out.
pub(super) enum Unready {
    Usage(String),
    Live(LiveError),
    /// The servers are not those that it was made against.
    Stale(String),
}

impl From<LiveError> for Unready {
    fn from(error: LiveError) -> Self {
        Self::Live(error)
    }
}

impl From<Stopped> for Unready {
    fn from(stopped: Stopped) -> Self {
        match stopped {
            Stopped::Live(error) => Self::Live(error),
            Stopped::Usage(text) => Self::Usage(text),
            Stopped::Findings(_) => Self::Usage("the manifests have errors".to_owned()),
        }
    }
}

fn differs(
    saved: &Saved,
    servers: &Servers,
    accounts: &BTreeMap<String, Account>,
) -> Option<String> {
    if let Some(planned) = saved.cluster.as_deref()
        && servers.cluster_name() != Some(planned)
    {
        let now = servers.cluster_name().unwrap_or("none");
        return Some(format!("cluster: planned for {planned}, now {now}"));
    }
    saved.accounts.iter().find_map(|(site, planned)| {
        let at = if site.is_empty() { String::new() } else { format!("site {site}: ") };
        let why = match accounts.get(site) {
            Some(account) => planned.differs(&Seen::of(account))?,
            None => "no connection to it".to_owned(),
        };
        Some(format!("{at}{why}"))
    })
}

/// The secret values that the plan's digests stand for.
fn vault(saved: &Saved, manifests: &[Manifest]) -> Result<Vault, LiveError> {
    let mut vault = Vault::default();
    for manifest in manifests {
        normal::declared(manifest, &saved.salt, &mut vault);
    }
    let writes =
        saved.plan.changes.iter().filter_map(|change| Some((change, &change.write.as_ref()?.body)));
    for (change, body) in writes {
        if vault.lacks(body) {
            return Err(LiveError::new(
                format!("the secret values of {} are not to be had", change.key),
                "a saved plan holds digests alone, and the manifests that it was made from hold other \
                 values now, or are not there",
                "run apply where the manifests are, or plan again",
            ));
        }
    }
    Ok(vault)
}

fn head(saved: &Saved, accounts: &BTreeMap<String, Account>) -> Head {
    let further = accounts.iter().filter(|(site, _)| !site.is_empty());
    Head {
        verb: "apply",
        project: saved.plan.project.clone(),
        cluster: saved.cluster.clone(),
        account: accounts.get("").map(account_name),
        sites: further.map(|(site, account)| (site.clone(), account_name(account))).collect(),
        notes: saved.notes.clone(),
    }
}
