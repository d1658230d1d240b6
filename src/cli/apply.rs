//! `evctl apply`: the plan, a question, and exactly that plan carried out.

use clap::Args;

use crate::apply::report::{self, Tally};
use crate::apply::{ApplyEvent, CONCURRENCY, drive};
use crate::live::Writer;
use crate::plan::Plan;
use crate::plan::saved::Saved;
use crate::plan::text::{self, Head};

use super::args::{InputArgs, Output, ProjectArgs, ServerArgs};
use super::environment::Environment;
use super::exit::{self, Exit};
use super::pipeline::{self, Request};
use super::plan::{show_findings, stop, with_findings};
use super::saved_plan::{self, Unready};
use super::ui::Ui;

/// Make the cluster and JetStream as declared: show the plan, ask, and carry it out
#[derive(Debug, Args)]
pub(super) struct ApplyArgs {
    #[command(flatten)]
    pub input: InputArgs,
    #[command(flatten)]
    pub project: ProjectArgs,
    /// Do not ask
    #[arg(short, long, alias = "auto-approve")]
    pub yes: bool,
    /// How many objects are written at once
    #[arg(long, alias = "parallelism", default_value_t = CONCURRENCY, value_name = "N")]
    pub concurrency: usize,
    #[command(flatten)]
    pub servers: ServerArgs,
}

/// Runs the verb.
pub(super) async fn run(args: &ApplyArgs, environment: &Environment, ui: Ui) -> Exit {
    if args.servers.offline || args.servers.world.is_some() {
        let text =
            "a plan against an empty or saved world can be shown, not applied: use `evctl plan`";
        ui.status(&format!("error: {text}\n"));
        return Exit::Usage;
    }
    if let Some(saved) = saved_plan::read(&args.input) {
        return match saved {
            Ok(saved) => carry_out_saved(&saved, args, environment, ui).await,
            Err(why) => ui.usage(&why),
        };
    }
    let request = Request {
        verb: "apply",
        input: &args.input,
        project: &args.project,
        servers: &args.servers,
        environment,
        is_kept: false,
    };
    let planned = match pipeline::planned(&request).await {
        Ok(planned) => planned,
        Err(stopped) => return stop(&stopped, args.input.output, ui),
    };
    show_findings(&planned, ui);
    let json = args.input.output == Output::Json;
    if !json {
        ui.out(&text::render(&planned.head, &planned.plan, ui.colour));
    }
    if with_findings(Exit::Done, &planned, args.input.fail_on.into()) != Exit::Done {
        ui.status("Nothing was written: the findings above weigh too much.\n");
        return Exit::Findings;
    }
    if planned.plan.summary().writes() > 0
        && let Some(exit) = unconfirmed(args.yes, ui, json)
    {
        return exit;
    }
    let Some(servers) = &planned.servers else { return Exit::Usage };
    let writer = Writer { servers, vault: &planned.desired.vault, salt: &planned.live.salt };
    let code = carry_out(&planned.head, &planned.plan, &writer, args, ui).await;
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
    if args.input.output != Output::Json {
        ui.out(&text::render(&ready.head, &saved.plan, ui.colour));
    }
    let writer = Writer { servers: &ready.servers, vault: &ready.vault, salt: &saved.salt };
    carry_out(&ready.head, &saved.plan, &writer, args, ui).await
}

async fn carry_out(
    head: &Head,
    plan: &Plan,
    writer: &Writer<'_>,
    args: &ApplyArgs,
    ui: Ui,
) -> Exit {
    let json = args.input.output == Output::Json;
    let events = written(plan, writer, args.concurrency, ui, json).await;
    let tally = Tally::of(plan, &events);
    if json {
        let document = report::document(head, plan, &events);
        ui.out(&format!("{document:#}\n"));
    } else if plan.summary().writes() > 0 {
        ui.out(&format!("\n{}\n", tally.line()));
    }
    exit::of_apply(plan.summary(), tally)
}

fn unconfirmed(yes: bool, ui: Ui, json: bool) -> Option<Exit> {
    if yes {
        return None;
    }
    if json || !ui.interactive {
        ui.status("error: nobody can be asked here (no terminal, or -o json): give --yes to apply without a question\n");
        return Some(Exit::Usage);
    }
    if ui.confirm("Carry out this plan?") {
        return None;
    }
    ui.status("Nothing was written.\n");
    Some(Exit::Failed)
}

async fn written(
    plan: &Plan,
    writer: &Writer<'_>,
    concurrency: usize,
    ui: Ui,
    json: bool,
) -> Vec<ApplyEvent> {
    let total = plan.summary().writes();
    let mut ended = 0;
    if total > 0 && !json {
        ui.out("\n");
    }
    drive(plan, writer, concurrency, interrupted(), |event| {
        let Some(line) = progress(event) else { return };
        ended += 1;
        let line = format!("[{ended}/{total}] {line}\n");
        if json { ui.status(&line) } else { ui.out(&line) }
    })
    .await
}

/// Resolves at the first Ctrl-C: writes in flight are finished. The second ends the process.
async fn interrupted() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
    tokio::spawn(async {
        let _ = tokio::signal::ctrl_c().await;
        std::process::exit(7);
    });
}

fn progress(event: &ApplyEvent) -> Option<String> {
    Some(match event {
        ApplyEvent::Started { .. } => return None,
        ApplyEvent::Done { key, .. } => format!("{key} done"),
        ApplyEvent::Stale { key, why, .. } => format!("{key} stale: {why}; plan again"),
        ApplyEvent::Failed { key, why, .. } => format!("{key} failed: {why}"),
        ApplyEvent::Broken { key, why, .. } => {
            format!("{key} was deleted and could not be made anew: {why}; apply again to make it")
        }
        ApplyEvent::Unconfirmed { key, why, .. } => format!("{key} is not as written: {why}"),
        ApplyEvent::Held { key, why, .. } => format!("{key} held: {why}"),
        ApplyEvent::Skipped { key, .. } => format!("{key} not begun: interrupted"),
    })
}
