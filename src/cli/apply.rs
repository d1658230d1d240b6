//! `evctl apply`: the plan, a question, and exactly that plan carried out.

use std::time::Duration;

use clap::Args;

use crate::apply::report::{self, Tally};
use crate::apply::{CONCURRENCY, drive};
use crate::live::lock::Lock;
use crate::live::{Servers, Writer};
use crate::model::Input;
use crate::plan::Plan;
use crate::plan::json;
use crate::plan::saved::Saved;
use crate::plan::text::{self, Head};

use super::args::{InputArgs, LinesOutput, Output, ProjectArgs, ServerArgs, patience};
use super::environment::Environment;
use super::exit::{self, Exit};
use super::inputs;
use super::interrupt::interrupted;
use super::lock::{self, LockArgs};
use super::pipeline::{self, Planned, Request, Stopped};
use super::plan::{show_findings, stop, with_findings};
use super::progress::Progress;
use super::saved_plan::{self, Unready};
use super::settings::Chosen;
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
    pub lock: LockArgs,
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
    let input = args.input.planned();
    let applying = Applying { args, input: &input, environment, ui };
    let mut lock = None;
    let saved = saved_plan::read(&input);
    let destroys = match &saved {
        Some(saved) => saved.as_ref().is_ok_and(|saved| saved.plan.destroys),
        None => args.project.destroy,
    };
    let exit = match saved {
        Some(_) if args.project.destroy => ui.usage("a saved plan is carried out by `evctl apply`"),
        None => applying.plan_and_carry_out(&mut lock).await,
        Some(Ok(saved)) => applying.carry_out_saved(&saved, &mut lock).await,
        Some(Err(why)) => ui.usage(&why),
    };
    if let Some(lock) = lock {
        // Nothing is left to be locked.
        lock.release(destroys && exit == Exit::Done).await;
    }
    exit
}

/// One apply.
struct Applying<'a> {
    args: &'a ApplyArgs,
    input: &'a InputArgs,
    environment: &'a Environment,
    ui: Ui,
}

impl Applying<'_> {
    /// Plans, asks, and carries the plan out. What was planned before the lock was there is planned again
    /// where somebody else may have written meanwhile.
    async fn plan_and_carry_out(&self, lock: &mut Option<Lock>) -> Exit {
        let files = match inputs::read(self.input) {
            Ok(files) => files,
            Err(text) => return stop(&Stopped::Usage(text), self.input.output, self.ui),
        };
        let mut planned = match self.planned(&files).await {
            Ok(planned) => planned,
            Err(exit) => return exit,
        };
        if let Some(exit) = self.shown(&planned) {
            return exit;
        }
        if touches(&planned.plan) {
            let Some(servers) = &planned.servers else { return Exit::Usage };
            match self.locked(servers, &planned.plan).await {
                Ok(taken) => *lock = taken,
                Err(exit) => return exit,
            }
            if lock.as_ref().is_some_and(|lock| lock.contended) {
                let again = match self.planned(&files).await {
                    Ok(again) => again,
                    Err(exit) => return exit,
                };
                if !is_same(&planned, &again) {
                    self.ui.status("somebody else has applied meanwhile: this is what is left\n");
                    if let Some(exit) = self.shown(&again) {
                        return exit;
                    }
                }
                planned = again;
            }
        }
        let Some(servers) = &planned.servers else { return Exit::Usage };
        let (salt, plan) = (&planned.live.salt, &planned.plan);
        let writer = Writer::new(servers, &planned.desired.vault, salt, plan);
        let code = self.carry_out(&planned.head, plan, writer, lock.as_ref()).await;
        with_findings(code, &planned, self.args.input.fail_on.into())
    }

    async fn planned(&self, files: &(Vec<Input>, Chosen)) -> Result<Planned, Exit> {
        let request = Request {
            verb: if self.args.project.destroy { "destroy" } else { "apply" },
            input: self.input,
            project: &self.args.project,
            servers: &self.args.servers,
            environment: self.environment,
            is_kept: false,
            is_applied: !self.args.lock.no_lock,
        };
        let planned = pipeline::planned(&request, files).await;
        planned.map_err(|stopped| stop(&stopped, self.input.output, self.ui))
    }

    /// Shows the plan, and asks where it writes. Gives the end of the run where it is not to be carried out.
    fn shown(&self, planned: &Planned) -> Option<Exit> {
        show_findings(planned, self.ui);
        if self.input.output == Output::Text {
            self.ui.out(&text::render(&planned.head, &planned.plan, self.ui.colour));
        }
        if with_findings(Exit::Done, planned, self.args.input.fail_on.into()) != Exit::Done {
            self.ui.status("Nothing was written: the findings above weigh too much.\n");
            return Some(Exit::Findings);
        }
        if planned.plan.summary().writes() == 0 {
            return None;
        }
        unconfirmed(self.args.yes, self.ui, self.input.output)
    }

    async fn locked(&self, servers: &Servers, plan: &Plan) -> Result<Option<Lock>, Exit> {
        let args = &self.args.lock;
        lock::take(args, servers, plan, self.environment, self.ui).await
    }

    /// Carries out a plan that was made before. The plan is its own confirmation, and what others wrote since
    /// is stale.
    async fn carry_out_saved(&self, saved: &Saved, lock: &mut Option<Lock>) -> Exit {
        let ui = self.ui;
        let ready = match saved_plan::ready(saved, &self.args.servers, self.environment).await {
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
        if self.input.output == Output::Text {
            ui.out(&text::render(&ready.head, &saved.plan, ui.colour));
        }
        if touches(&saved.plan) {
            match self.locked(&ready.servers, &saved.plan).await {
                Ok(taken) => *lock = taken,
                Err(exit) => return exit,
            }
        }
        let writer = Writer::new(&ready.servers, &ready.vault, &saved.salt, &saved.plan);
        self.carry_out(&ready.head, &saved.plan, writer, lock.as_ref()).await
    }

    async fn carry_out(
        &self,
        head: &Head,
        plan: &Plan,
        writer: Writer<'_>,
        lock: Option<&Lock>,
    ) -> Exit {
        let (ui, output) = (self.ui, self.input.output);
        let writer = Writer { patience: self.args.wait_timeout, lock, ..writer };
        let events = {
            let mut progress = Progress::new(ui, output, plan.summary().writes());
            let concurrency = self.args.concurrency;
            drive(plan, &writer, concurrency, interrupted(ui), |event| progress.tell(event)).await
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
                ui.out(&format!("\n{}\n", tally.line(plan)));
            }
            Output::Text => {}
        }
        exit::of_apply(plan.summary(), tally)
    }
}

/// Whether anything is written, be it the project's books alone.
fn touches(plan: &Plan) -> bool {
    plan.summary().writes() > 0 || (plan.destroys && plan.membership.is_some())
}

/// Whether two plans say the same to people.
fn is_same(one: &Planned, other: &Planned) -> bool {
    json::document(&one.head, &one.plan) == json::document(&other.head, &other.plan)
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
