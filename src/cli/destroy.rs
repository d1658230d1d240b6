//! `evctl destroy`: everything that the project owns goes, behind the gates of `--prune`. It is an apply of
//! a plan in which nothing is declared.

use std::time::Duration;

use clap::Args;

use crate::apply::CONCURRENCY;

use super::apply::{self, ApplyArgs};
use super::args::{InputArgs, LinesOutput, ProjectArgs, ServerArgs};
use super::environment::Environment;
use super::exit::Exit;
use super::lock::LockArgs;
use super::ui::Ui;

/// Delete everything that the project owns in the cluster and in JetStream, what sends events first
#[derive(Debug, Args)]
pub(super) struct DestroyArgs {
    #[command(flatten)]
    input: InputArgs<LinesOutput>,
    /// The project whose objects go [default: `name` in evctl.yaml]
    #[arg(long, value_parser = super::args::project)]
    project: Option<String>,
    /// Delete this object although it is protected, or takes more with it
    #[arg(long, value_name = "OBJECT")]
    allow_delete: Vec<String>,
    /// Delete more than 10 objects, or more than a fifth of five or more
    #[arg(long)]
    allow_mass_delete: bool,
    /// Do not ask
    #[arg(short, long, alias = "auto-approve")]
    yes: bool,
    /// How many objects are deleted at once
    #[arg(long, alias = "parallelism", default_value_t = CONCURRENCY, value_name = "N")]
    concurrency: usize,
    #[command(flatten)]
    lock: LockArgs,
    #[command(flatten)]
    servers: ServerArgs,
}

/// Runs the verb.
pub(super) async fn run(args: &DestroyArgs, environment: &Environment, ui: Ui) -> Exit {
    let project = ProjectArgs {
        allow_delete: args.allow_delete.clone(),
        allow_mass_delete: args.allow_mass_delete,
        destroy: true,
        ..ProjectArgs::of(args.project.as_deref())
    };
    let args = ApplyArgs {
        input: args.input.clone(),
        project,
        yes: args.yes,
        concurrency: args.concurrency,
        wait_timeout: Duration::ZERO,
        lock: args.lock.clone(),
        servers: args.servers.clone(),
    };
    apply::run(&args, environment, ui).await
}
