//! Carries a plan out: a sans-IO machine that says what may run now, and a driver that runs it.
//! Decides nothing about topology; a step holds the complete object to write. Knows no server: an
//! [`Executor`] does the writing.

pub mod lines;
pub mod lock;
pub mod report;
pub mod rollout;
pub mod waiting;

use std::collections::BTreeMap;
use std::future::Future;

use futures::channel::mpsc::UnboundedSender;
use futures::future::{Either, select};
use futures::stream::{FuturesUnordered, StreamExt};

use crate::plan::Plan;
use crate::world::Key;

use rollout::{Outcome, Rollout, Step};
use waiting::{Awaited, Told, awaited};

/// How many steps run at once unless the user says otherwise.
pub const CONCURRENCY: usize = 8;

/// Writes one object. The live servers do, and in tests a world in memory.
pub trait Executor {
    /// Performs the step and says what came of it.
    fn execute(&self, step: Step) -> impl Future<Output = Outcome> + Send;

    /// Whether what was answered for an object must be looked at again once all is written: a
    /// cluster answers before it has agreed.
    fn doubts(&self, key: &Key) -> bool;

    /// Looks at what was doubted. Says which steps are not as meant, and why.
    fn confirm(&self, doubted: &[Step]) -> impl Future<Output = Vec<(usize, String)>> + Send;

    /// Whether anybody waits until objects are ready.
    fn is_patient(&self) -> bool;

    /// Watches objects until each is ready or there is no more time, and tells what each waits for.
    /// The last that it tells of an object is how it stands in the end.
    fn await_ready(
        &self,
        awaited: &[Awaited],
        tell: UnboundedSender<Told>,
    ) -> impl Future<Output = ()> + Send;
}

/// What happens while a plan is carried out. Text, JSON and exit code are folds over these.
#[derive(Debug, Clone, PartialEq)]
pub enum ApplyEvent {
    /// Writing has begun.
    Started { key: Key },
    /// It is written, and the server stored what was meant.
    Done { at: usize, key: Key },
    /// The live object is not what was planned from.
    Stale { at: usize, key: Key, why: String },
    /// The server refused, or could not be reached.
    Failed { at: usize, key: Key, why: String },
    /// It was deleted to be made anew, and could not be.
    Broken { at: usize, key: Key, why: String },
    /// It was written, and at the end the server held something else.
    Unconfirmed { at: usize, key: Key, why: String },
    /// Something it needs did not come about.
    Held { at: usize, key: Key, why: String },
    /// The run was interrupted before its turn.
    Skipped { at: usize, key: Key },
    /// It is there, and waits for something.
    Waits { at: usize, key: Key, why: String },
    /// Its controller says that it does its work.
    Ready { at: usize, key: Key },
    /// It was not ready when waiting ended.
    Unready { at: usize, key: Key, why: String },
}

/// Runs every step of the plan, independent ones at once. Once `interrupt` resolves, writes in
/// flight are finished and no more are begun.
pub async fn drive<E: Executor>(
    plan: &Plan,
    executor: &E,
    concurrency: usize,
    interrupt: impl Future<Output = ()>,
    mut on_event: impl FnMut(&ApplyEvent),
) -> Vec<ApplyEvent> {
    let mut rollout = Rollout::new(plan, concurrency);
    let mut interrupt = Box::pin(interrupt);
    let mut interrupted = false;
    let mut running = FuturesUnordered::new();
    let mut events = Vec::new();
    let mut doubted = BTreeMap::new();
    loop {
        let mut emitted = Vec::new();
        while let Some(step) = rollout.poll() {
            emitted.push(ApplyEvent::Started { key: step.key.clone() });
            let at = step.at;
            if executor.doubts(&step.key) {
                doubted.insert(at, step.clone());
            }
            running.push(async move { (at, executor.execute(step).await) });
        }
        emitted.extend(rollout.events());
        emitted.iter().for_each(&mut on_event);
        events.extend(emitted);
        if running.is_empty() {
            break;
        }
        let finished = if interrupted {
            running.next().await
        } else {
            match select(running.next(), &mut interrupt).await {
                Either::Left((finished, _)) => finished,
                Either::Right(((), _)) => {
                    interrupted = true;
                    rollout.stop();
                    None
                }
            }
        };
        if let Some((at, outcome)) = finished {
            if !matches!(outcome, Outcome::Done { .. }) {
                doubted.remove(&at);
            }
            rollout.handle(at, outcome);
        }
    }
    let doubted: Vec<Step> = doubted.into_values().collect();
    for (at, why) in executor.confirm(&doubted).await {
        let key = plan.changes[at].key.clone();
        let event = ApplyEvent::Unconfirmed { at, key, why };
        on_event(&event);
        events.push(event);
    }
    if !interrupted && executor.is_patient() {
        let awaited = awaited(plan, &events);
        waiting::wait(executor, &awaited, interrupt, &mut |event| {
            on_event(&event);
            events.push(event);
        })
        .await;
    }
    events
}
