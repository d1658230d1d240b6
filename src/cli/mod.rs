//! The command line: one file per verb with its arguments and what it does; the match that chooses
//! is flat. Doc comments are the help text. The only module that prints and reads the environment.

mod apply;
mod args;
mod context;
mod destroy;
mod environment;
pub mod exit;
mod explain;
mod findings;
mod import;
mod import_rehearsal;
mod init;
mod inputs;
mod interrupt;
mod lock;
mod outputs;
mod pipeline;
mod plan;
mod plan_lines;
mod planes;
mod progress;
mod reading;
mod resolved;
mod saved_plan;
mod schema;
mod schema_files;
mod settings;
mod simulate;
mod ui;
mod validate;
mod wanted;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use environment::Environment;
use exit::Exit;
use ui::Ui;

/// terraform for event topologies, with a flight simulator built in
#[derive(Debug, Parser)]
#[command(name = "evctl", version, max_term_width = 100, after_help = AFTER_HELP)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

const AFTER_HELP: &str = "Exit codes: 0 done; 1 failed; 2 changes pending, 3 changes pending that cost \
    data (both with --exit-code); 4 findings, or objects refused or held; 5 stale; 6 another run \
    applies the project; 7 partly applied, or not ready; 64 usage.";

#[derive(Debug, Subcommand)]
enum Verb {
    Init(init::InitArgs),
    Validate(validate::ValidateArgs),
    Plan(plan::PlanArgs),
    Apply(apply::ApplyArgs),
    Destroy(destroy::DestroyArgs),
    Import(import::ImportArgs),
    Simulate(simulate::SimulateArgs),
    Explain(explain::ExplainArgs),
    Schema(schema::SchemaArgs),
}

/// Runs the command line and says how it ended.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let environment = Environment::read();
    let ui = Ui::new(&environment);
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            let exit = if error.use_stderr() { Exit::Usage } else { Exit::Done };
            let _ = error.print();
            return exit.into();
        }
    };
    verb(&cli.verb, &environment, ui).into()
}

fn verb(verb: &Verb, environment: &Environment, ui: Ui) -> Exit {
    match verb {
        Verb::Init(args) => init::run(args, ui),
        Verb::Validate(args) => validate::run(args, ui),
        Verb::Plan(args) => wait(ui, plan::run(args, environment, ui)),
        Verb::Simulate(args) => simulate::run(args, ui),
        Verb::Explain(args) => explain::run(args, ui),
        Verb::Schema(args) => schema::run(args, ui),
        Verb::Apply(args) => wait(ui, apply::run(args, environment, ui)),
        Verb::Import(args) => wait(ui, import::run(args, environment, ui)),
        Verb::Destroy(args) => wait(ui, destroy::run(args, environment, ui)),
    }
}

/// Runs what talks to servers.
fn wait(ui: Ui, work: impl Future<Output = Exit>) -> Exit {
    match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime.block_on(work),
        Err(error) => {
            ui.error(
                "no work can be done here",
                &error.to_string(),
                "free some threads or file handles",
            );
            Exit::Failed
        }
    }
}
