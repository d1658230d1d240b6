//! The flight simulator: the delivery engine on a virtual clock, between producers that keep to a
//! schedule and sinks that keep to a script. Reads no clock and no chance: equal scenarios give
//! equal traces, to the byte.

pub mod outside;
pub mod respond;
pub mod scenario;
pub mod target;
pub mod trace;

pub use scenario::{Fault, Reaction, Reply, Response, Scenario, Script, Send};
pub use trace::{Counts, Trace};

use crate::dispatch::{Engine, Input, Output, Queue, Time};
use crate::topology::Topology;

#[cfg(test)]
mod tests;

use outside::Outside;
use trace::Recorder;

/// After so many inputs to the engine a simulation is stopped: what has not ended by then has no
/// end, or fans out without bounds.
pub const MAXIMUM_STEPS: u32 = 100_000;

/// What happens to the scenario's events.
pub fn run(topology: &Topology, scenario: &Scenario) -> Trace {
    run_observed(topology, scenario, |_, _| {})
}

/// As [`run`], and shows every output of the engine to `observe` when it comes.
pub fn run_observed(
    topology: &Topology,
    scenario: &Scenario,
    mut observe: impl FnMut(Time, &Output),
) -> Trace {
    let mut engine = Engine::new(topology, scenario.profile);
    let mut outside = Outside::new(&scenario.scripts);
    let mut recorder = Recorder::new(topology, scenario);
    let mut schedule = schedule(scenario);
    let mut now = Time::START;
    let mut steps = 0;
    while let Some((at, input)) = next(&mut schedule, &mut outside, &engine, now) {
        now = at;
        steps += 1;
        if steps > MAXIMUM_STEPS {
            recorder.stopped(format!("after {MAXIMUM_STEPS} steps"));
            break;
        }
        engine.handle(now, input);
        while let Some(output) = engine.poll() {
            observe(now, &output);
            if let Output::Call(call) = &output {
                outside.call(now, call);
            }
            recorder.take(output);
        }
    }
    engine.close(now, recorder.why_it_ended());
    while let Some(output) = engine.poll() {
        recorder.take(output);
    }
    recorder.finish()
}

/// The inputs whose time the scenario knows.
fn schedule(scenario: &Scenario) -> Queue<Input> {
    let mut schedule = Queue::default();
    for (publication, send) in (0..).zip(&scenario.sends) {
        let event = send.event.clone();
        schedule.push(send.at, Input::Published { publication, to: send.to, event });
    }
    for (at, fault) in &scenario.faults {
        schedule.push(
            *at,
            match fault {
                Fault::Stop => Input::Stopped,
                Fault::Start => Input::Started,
            },
        );
    }
    schedule
}

/// What happens next. At one time an answer comes before what the engine waits for, and that before
/// what the scenario does.
fn next(
    schedule: &mut Queue<Input>,
    outside: &mut Outside<'_>,
    engine: &Engine,
    now: Time,
) -> Option<(Time, Input)> {
    let waits = [outside.deadline(), engine.deadline(), schedule.deadline()];
    let at = waits.into_iter().flatten().min()?.max(now);
    if let Some((call, answer)) = outside.answer(at) {
        return Some((at, Input::Answered { call, answer }));
    }
    if engine.deadline().is_some_and(|deadline| deadline <= at) {
        return Some((at, Input::Elapsed));
    }
    schedule.pop(at).map(|(_, input)| (at, input))
}
