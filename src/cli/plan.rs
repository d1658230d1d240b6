//! `evctl plan`: what would change on the servers, and why.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::diag::{Finding, Severity, worst};
use crate::plan::{json, text};
use crate::world::{World, saved};

use super::args::{InputArgs, LinesOutput, Output, ProjectArgs, ServerArgs};
use super::environment::Environment;
use super::exit::{self, Exit};
use super::findings;
use super::inputs;
use super::pipeline::{self, Planned, Request, Stopped};
use super::plan_lines;
use super::saved_plan;
use super::ui::Ui;

/// Show what would change in the cluster and in JetStream, and write nothing
#[derive(Debug, Args)]
pub(super) struct PlanArgs {
    #[command(flatten)]
    pub input: InputArgs<LinesOutput>,
    #[command(flatten)]
    pub project: ProjectArgs,
    /// Show what `evctl destroy` would do: delete all that the project owns
    #[arg(long, conflicts_with_all = ["adopt", "prune", "allow_replace", "force_conflicts"])]
    pub destroy: bool,
    /// End with 2 when changes are pending, and 3 when they cost data
    #[arg(long, alias = "detailed-exitcode")]
    pub exit_code: bool,
    /// Write what the servers hold to a file, for --world
    #[arg(long, value_name = "FILE")]
    pub save_world: Option<PathBuf>,
    /// Write the plan to a file, for `evctl apply FILE`
    #[arg(long, value_name = "FILE", conflicts_with_all = ["offline", "world"])]
    pub out: Option<PathBuf>,
    #[command(flatten)]
    pub servers: ServerArgs,
}

/// Runs the verb.
pub(super) async fn run(args: &PlanArgs, environment: &Environment, ui: Ui) -> Exit {
    let input = args.input.planned();
    let request = Request {
        verb: "plan",
        input: &input,
        project: &ProjectArgs { destroy: args.destroy, ..args.project.clone() },
        servers: &args.servers,
        environment,
        is_kept: args.out.is_some(),
        is_applied: false,
    };
    let files = match inputs::read(&input) {
        Ok(files) => files,
        Err(text) => return stop(&Stopped::Usage(text), input.output, ui),
    };
    let planned = match pipeline::planned(&request, &files).await {
        Ok(planned) => planned,
        Err(stopped) => return stop(&stopped, input.output, ui),
    };
    if let Some(file) = &args.save_world
        && let Err(why) = save(&planned.live, file)
    {
        let what = format!("the world cannot be saved to {}", file.display());
        ui.error(&what, &why, "name a file in a folder that you may write to");
        return Exit::Failed;
    }
    if let Some(file) = &args.out
        && let Err(why) = saved_plan::write(&planned, &input, file)
    {
        let what = format!("the plan cannot be written to {}", file.display());
        ui.error(&what, &why, "name a file in a folder that you may write to");
        return Exit::Failed;
    }
    show(&planned, input.output, ui);
    if let Some(file) = &args.out {
        ui.status(&format!("Saved. `evctl apply {}` carries out exactly this.\n", file.display()));
    }
    let code = exit::of_plan(planned.plan.summary(), args.exit_code);
    let code = with_findings(code, &planned, args.input.fail_on.into());
    // The process ends here; taking worlds of thousands of objects apart first is time for nothing.
    std::mem::forget(planned);
    code
}

fn save(world: &World, file: &Path) -> Result<(), String> {
    std::fs::write(file, saved::to_json(world)?).map_err(|error| error.to_string())
}

/// Prints findings on stderr and the plan on stdout; as lines, both on stdout.
fn show(planned: &Planned, output: Output, ui: Ui) {
    if output != Output::Jsonl {
        show_findings(planned, ui);
    }
    match output {
        Output::Text => ui.out(&text::render(&planned.head, &planned.plan, ui.colour)),
        Output::Json => {
            ui.out(&format!("{:#}\n", json::document(&planned.head, &planned.plan)));
        }
        Output::Jsonl => ui.out(&plan_lines::print(planned)),
    }
}

/// Prints what is to be said about the files, on stderr; notes are for `validate`.
pub(super) fn show_findings(planned: &Planned, ui: Ui) {
    let shown = told(planned);
    if !shown.is_empty() {
        ui.status(&findings::render(&shown, &planned.read.sources, ui.status_colour));
    }
}

/// What is to be said about the files.
pub(super) fn told(planned: &Planned) -> Vec<Finding> {
    let mut told = planned.read.findings.clone();
    told.retain(|finding| finding.severity > Severity::Note);
    told
}

/// The exit code of a run whose findings weigh too much, unless it is graver already.
pub(super) fn with_findings(exit: Exit, planned: &Planned, fail_on: Severity) -> Exit {
    let heavy = worst(&planned.read.findings).is_some_and(|severity| severity >= fail_on);
    if heavy && matches!(exit, Exit::Done | Exit::Changes | Exit::Destructive) {
        Exit::Findings
    } else {
        exit
    }
}

/// Says why there is no plan.
pub(super) fn stop(stopped: &Stopped, output: Output, ui: Ui) -> Exit {
    match stopped {
        Stopped::Usage(text) => {
            ui.status(&format!("error: {text}\n"));
            Exit::Usage
        }
        Stopped::Live(error) => {
            ui.error(&error.what, &error.why, &error.help);
            Exit::Failed
        }
        Stopped::Findings(read) if output == Output::Json => {
            ui.out(&findings::print(&findings::document(&read.findings, &read.sources)));
            Exit::Findings
        }
        Stopped::Findings(read) if output == Output::Jsonl => {
            ui.out(&format!("{}\n", findings::document(&read.findings, &read.sources)));
            Exit::Findings
        }
        Stopped::Findings(read) => {
            ui.status(&findings::render(&read.findings, &read.sources, ui.status_colour));
            Exit::Findings
        }
    }
}
