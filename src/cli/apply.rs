//! `evctl apply`: the plan, a question, and exactly that plan carried out.

use std::time::Duration;

use clap::Args;

use crate::apply::report::{self, Tally};
use crate::apply::{CONCURRENCY, drive};
use crate::live::Writer;
use crate::model::duration::GoDuration;
use crate::plan::Plan;
use crate::plan::saved::Saved;
use crate::plan::text::{self, Head};

use super::args::{InputArgs, LinesOutput, Output, ProjectArgs, ServerArgs};
use super::environment::Environment;
use super::exit::{self, Exit};
use super::interrupt::interrupted;
use super::pipeline::{self, Request};
use super::plan::{show_findings, stop, with_findings};
use super::progress::Progress;
use super::saved_plan::{self, Unready};
use super::ui::Ui;

/// Make the cluster and JetStream as declared: show the plan, ask, and carry it out
#[derive(Debug, Args)]
pub(super) struct ApplyArgs {
    #[command(flatten)]
    pub input: InputArgs<LinesOutput>,
    #[command(flatten)]
    pub project: ProjectArgs,
    /// Do not ask
    #[arg(short, long, alias = "auto-approve")]
    pub yes: bool,
    /// How many objects are written at once
    #[arg(long, alias = "parallelism", default_value_t = CONCURRENCY, value_name = "N")]
    pub concurrency: usize,
    /// How long is waited, once all is written, until the objects' controllers say that they are ready,
    /// such as 90s; 0 does not wait
    #[arg(long, env = "EVCTL_WAIT_TIMEOUT", default_value = "5m", value_parser = patience, value_name = "DURATION")]
    pub wait_timeout: Duration,
    #[command(flatten)]
    pub servers: ServerArgs,
}

fn patience(text: &str) -> Result<Duration, String> {
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    Ok(Duration::from_nanos(GoDuration::parse(text)?.nanoseconds()))
}

/// Runs the verb.
pub(super) async fn run(args: &ApplyArgs, environment: &Environment, ui: Ui) -> Exit {
    if args.servers.offline || args.servers.world.is_some() {
        let text =
            "a plan against an empty or saved world can be shown, not applied: use `evctl plan`";
        ui.status(&format!("error: {text}\n"));
        return Exit::Usage;
    }
    let input = args.input.planned();
    let output = input.output;
    if let Some(saved) = saved_plan::read(&input) {
        return match saved {
            Ok(saved) => carry_out_saved(&saved, args, environment, ui).await,
            Err(why) => ui.usage(&why),
        };
    }
    let request = Request {
        verb: "apply",
        input: &input,
        project: &args.project,
        servers: &args.servers,
        environment,
        is_kept: false,
    };
    let planned = match pipeline::planned(&request).await {
        Ok(planned) => planned,
        Err(stopped) => return stop(&stopped, output, ui),
    };
    show_findings(&planned, ui);
    if output == Output::Text {
        ui.out(&text::render(&planned.head, &planned.plan, ui.colour));
    }
    if with_findings(Exit::Done, &planned, args.input.fail_on.into()) != Exit::Done {
        ui.status("Nothing was written: the findings above weigh too much.\n");
        return Exit::Findings;
    }
    if planned.plan.summary().writes() > 0
        && let Some(exit) = unconfirmed(args.yes, ui, output)
    {
        return exit;
    }
    let Some(servers) = &planned.servers else { return Exit::Usage };
    let vault = &planned.desired.vault;
    let writer = Writer::new(servers, vault, &planned.live.salt, &planned.plan, args.wait_timeout);
    let code = carry_out(&planned.head, &planned.plan, &writer, args.concurrency, output, ui).await;
    with_findings(code, &planned, args.input.fail_on.into())
}

/// Carries out a plan that was made before. The plan is its own confirmation.
async fn carry_out_saved(
    saved: &Saved,
    args: &ApplyArgs,
    environment: &Environment,
    ui: Ui,
) -> Exit {
    let ready = match saved_plan::ready(saved, &args.servers, environment).await {
        Ok(ready) => ready,
        Err(Unready::Usage(text)) => return ui.usage(&text),
        Err(Unready::Live(error)) => {
            ui.error(&error.what, &error.why, &error.help);
            return Exit::Failed;
        }
        Err(Unready::Stale(why)) => {
            let what = "the plan was made against other servers";
            ui.error(what, &why, "name the servers that it was made against, or plan again");
            return Exit::Stale;
        }
    };
    let output = Output::from(args.input.output);
    if output == Output::Text {
        ui.out(&text::render(&ready.head, &saved.plan, ui.colour));
    }
    let writer =
        Writer::new(&ready.servers, &ready.vault, &saved.salt, &saved.plan, args.wait_timeout);
    carry_out(&ready.head, &saved.plan, &writer, args.concurrency, output, ui).await
}

async fn carry_out(
    head: &Head,
    plan: &Plan,
    writer: &Writer<'_>,
    concurrency: usize,
    output: Output,
    ui: Ui,
) -> Exit {
    let events = {
        let mut progress = Progress::new(ui, output, plan.summary().writes());
        drive(plan, writer, concurrency, interrupted(ui), |event| progress.tell(event)).await
    };
    let tally = Tally::of(plan, &events);
    if tally.is_written()
        && let Err(why) = writer.close().await
    {
        ui.status(&format!("note: {why}\n"));
    }
    let document = || report::document(head, plan, &events);
    match output {
        Output::Json => ui.out(&format!("{:#}\n", document())),
        Output::Jsonl => ui.out(&format!("{}\n", document())),
        Output::Text if plan.summary().writes() + tally.unready > 0 => {
            ui.out(&format!("\n{}\n", tally.line()));
        }
        Output::Text => {}
    }
    exit::of_apply(plan.summary(), tally)
}

fn unconfirmed(yes: bool, ui: Ui, output: Output) -> Option<Exit> {
    if yes {
        return None;
    }
    if output != Output::Text || !ui.interactive {
        ui.status("error: nobody can be asked here (no terminal, or -o json or jsonl): give --yes to apply without a question\n");
        return Some(Exit::Usage);
    }
    if ui.confirm("Carry out this plan?") {
        return None;
    }
    ui.status("Nothing was written.\n");
    Some(Exit::Failed)
}
