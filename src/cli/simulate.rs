//! `evctl simulate`: one event through the topology on a virtual clock; where it ends, and why.

use clap::Args;

use crate::diag::{Severity, worst};
use crate::dispatch::{Profile, Time};
use crate::model::event::Event;
use crate::simulate::{self, Scenario, Send, Trace, respond, target, trace};
use crate::topology::Topology;

use super::args::{InputArgs, Output};
use super::exit::Exit;
use super::ui::Ui;
use super::{findings, resolved};

/// Send one event through the topology on a virtual clock, and show where it ends
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct SimulateArgs {
    #[command(flatten)]
    pub(super) input: InputArgs,
    /// The event: `type=order.created,source=/shop,subject=17`; id and source are filled in
    #[arg(long, value_name = "ATTRIBUTES")]
    pub(super) event: String,
    /// The event's data, or `@FILE`
    #[arg(long, value_name = "TEXT|@FILE")]
    pub(super) data: Option<String>,
    /// The channel it is sent to: kind[.group]/[namespace/]name; `channel/NAME` is any kind of channel
    #[arg(long, value_name = "CHANNEL")]
    pub(super) to: String,
    /// How a sink answers: `service/billing=503x3,200`. The last answer repeats; a sink not named
    /// answers 200. Answers: a status, `CODE:TYPE` to reply with an event of that type, `timeout`,
    /// `refused`; each with `xN` for N times, and `+200ms` for how long it takes
    #[arg(long, value_name = "SINK=ANSWERS")]
    pub(super) respond: Vec<String>,
    /// Whose rules of delivery apply
    #[arg(long, default_value = "natss-channel", value_name = "NAME")]
    pub(super) profile: String,
    /// End with 4 when anything is lost, stuck or not served
    #[arg(long)]
    pub(super) exit_code: bool,
}

const EXAMPLES: &str = "Example: evctl simulate examples/topologies/orders --event type=order.created \
    --data @examples/topologies/orders/order.json --to channel/orders --respond service/billing=503x3,200";

/// Runs the verb.
pub(super) fn run(args: &SimulateArgs, ui: Ui) -> Exit {
    let mut read = match resolved::read(&args.input) {
        Ok(read) => read,
        Err(why) => return ui.usage(&why),
    };
    if worst(&read.findings) == Some(Severity::Error) {
        read.take_dangling(|_| false);
        return match args.input.output {
            Output::Json | Output::Jsonl => {
                ui.out(&findings::print(&findings::document(&read.findings, &read.sources)));
                Exit::Findings
            }
            Output::Text => {
                ui.status(&findings::render(&read.findings, &read.sources, ui.status_colour));
                Exit::Findings
            }
        };
    }
    match scenario(args, &read.resolved.topology) {
        Ok(scenario) => show(args, &simulate::run(&read.resolved.topology, &scenario), ui),
        Err(why) => {
            ui.status(&format!("error: {why}\n"));
            Exit::Usage
        }
    }
}

/// What the arguments ask for. Sinks that are declared nowhere take events all the same: a
/// simulation needs their names alone.
fn scenario(args: &SimulateArgs, topology: &Topology) -> Result<Scenario, String> {
    let profile = Profile::named(&args.profile).ok_or_else(|| {
        let names: Vec<&str> = Profile::ALL.iter().map(|profile| profile.name).collect();
        format!("there is no profile `{}`; there is {}", args.profile, names.join(", "))
    })?;
    let mut event = Event::parse(&args.event).map_err(|why| format!("--event: {why}"))?;
    event.data = args.data.as_deref().map(data).transpose()?;
    let to = target::channel(&args.to, topology).map_err(|why| format!("--to: {why}"))?;
    let mut scenario = Scenario { profile, ..Scenario::default() };
    for text in &args.respond {
        let (sink, script) =
            respond::parse(text, topology).map_err(|why| format!("--respond: {why}"))?;
        if scenario.scripts.insert(sink, script).is_some() {
            return Err(format!("--respond: {text} names a sink that another --respond names too"));
        }
    }
    scenario.sends.push(Send { at: Time::default(), to, event });
    Ok(scenario)
}

fn data(text: &str) -> Result<String, String> {
    match text.strip_prefix('@') {
        None => Ok(text.to_owned()),
        Some(file) => std::fs::read_to_string(file)
            .map_err(|error| format!("--data: `{file}` cannot be read: {error}")),
    }
}

fn show(args: &SimulateArgs, trace: &Trace, ui: Ui) -> Exit {
    match args.input.output {
        Output::Text => ui.out(&trace::render(trace)),
        Output::Json | Output::Jsonl => {
            ui.out(&format!("{}\n", serde_json::to_string_pretty(trace).unwrap_or_default()));
        }
    }
    if args.exit_code && !trace.ok() { Exit::Findings } else { Exit::Done }
}
