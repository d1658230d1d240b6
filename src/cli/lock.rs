//! The project's lock as the command line has it: how long it is waited for, who we are, and what is said
//! where somebody else has it.

use std::time::Duration;

use clap::Args;

use crate::apply::lock::Holder;
use crate::live::lock::{Lock, Unlocked, Wish};
use crate::live::{self, Servers};
use crate::plan::Plan;

use super::args::patience;
use super::environment::Environment;
use super::exit::Exit;
use super::ui::Ui;

/// How the project is locked while it is written to.
#[derive(Debug, Clone, Args)]
pub(super) struct LockArgs {
    /// How long is waited while another run applies the project, such as 5m; 0 does not wait
    #[arg(long, default_value = "0", value_parser = patience, value_name = "DURATION")]
    pub lock_timeout: Duration,
    /// Apply without the project's lock: nothing keeps another run from writing meanwhile
    #[arg(long, conflicts_with = "lock_timeout")]
    pub no_lock: bool,
}

/// Takes the lock, unless it is not wanted.
///
/// # Errors
/// Somebody else has it, or it cannot be kept; what is to be said has been said.
pub(super) async fn take(
    args: &LockArgs,
    servers: &Servers,
    plan: &Plan,
    environment: &Environment,
    ui: Ui,
) -> Result<Option<Lock>, Exit> {
    if args.no_lock {
        return Ok(None);
    }
    let holder = holder(environment);
    let wish = Wish { holder: &holder, patience: args.lock_timeout };
    let mut tell = |text: &str| ui.status(&format!("{text}\n"));
    match Lock::take(servers, plan, &wish, &mut tell).await {
        Ok(lock) => Ok(Some(lock)),
        Err(Unlocked::Failed(error)) => {
            ui.error(&error.what, &error.why, &error.help);
            Err(Exit::Failed)
        }
        Err(Unlocked::Held(place, record)) => {
            ui.error(
                &format!("another run applies project {}; nothing was written", plan.project),
                &format!("its lock, {place}, is {}", record.words(live::now())),
                "wait for it with --lock-timeout 5m; the lock of a run that is gone is over by itself within \
                 a minute",
            );
            Err(Exit::Locked)
        }
    }
}

/// Who we are.
fn holder(environment: &Environment) -> Holder {
    let user = ["USER", "LOGNAME", "USERNAME"].iter().find_map(|name| environment.text(name));
    let user = user.unwrap_or_else(|| "somebody".to_owned());
    let host = gethostname::gethostname().to_string_lossy().into_owned();
    let process = std::process::id();
    Holder { who: format!("{user}@{host}, process {process}"), url: url(environment) }
}

/// The page of the job, as the CI systems say it.
fn url(environment: &Environment) -> Option<String> {
    let of_github = || {
        let part = |name: &str| environment.text(name);
        let (server, repository) = (part("GITHUB_SERVER_URL")?, part("GITHUB_REPOSITORY")?);
        Some(format!("{server}/{repository}/actions/runs/{}", part("GITHUB_RUN_ID")?))
    };
    let direct = ["CI_JOB_URL", "BUILDKITE_BUILD_URL", "CIRCLE_BUILD_URL", "BUILD_URL"];
    direct.iter().find_map(|name| environment.text(name)).or_else(of_github)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_have_pages() {
        let github = [
            ("GITHUB_SERVER_URL", "https://github.com"),
            ("GITHUB_REPOSITORY", "acme/shop"),
            ("GITHUB_RUN_ID", "7"),
        ];
        let page = "https://github.com/acme/shop/actions/runs/7".to_owned();
        assert_eq!(url(&Environment::of(&github)), Some(page));
        assert_eq!(url(&Environment::of(&github[..2])), None);
        let gitlab = [("CI_JOB_URL", "https://gitlab.example/j/1")];
        assert_eq!(url(&Environment::of(&gitlab)), Some("https://gitlab.example/j/1".to_owned()));
        assert!(holder(&Environment::of(&[("USER", "ann")])).who.starts_with("ann@"));
    }
}
