//! The machine behind apply: which steps may run now, what a result unblocks, what a failure holds.
//!
//! Contract: call [`Rollout::poll`] until it yields nothing, then [`Rollout::events`]; give every
//! step's result to [`Rollout::handle`] once; repeat until no step is running.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::plan::{Change, Plan, Write};
use crate::world::{Key, placeholder};

use super::ApplyEvent;

/// One write, with every placeholder filled.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// The number of the change in its plan.
    pub at: usize,
    pub key: Key,
    pub write: Write,
}

/// What came of a step.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// Written. `uid` is what the server gave the object, where it gives one.
    Done {
        uid: Option<String>,
    },
    /// The live object is not what was planned from; nothing was written.
    Stale(String),
    Failed(String),
    /// It was deleted, and could not be made anew.
    Broken(String),
}

#[derive(Debug, Clone, PartialEq)]
enum State {
    Waiting,
    Running,
    Done,
    /// Failed, stale or held: dependents do not run.
    Stopped,
    /// Writes nothing.
    Idle,
}

/// Steps, their states, and the uids learned on the way.
pub struct Rollout<'p> {
    plan: &'p Plan,
    states: Vec<State>,
    /// For each change the steps that need it, in order.
    wanted_by: Vec<Vec<usize>>,
    /// How many of its needs each change still waits for.
    missing: Vec<usize>,
    /// Steps that wait for nothing but their turn; the first in the plan goes first.
    ready: BTreeSet<usize>,
    /// By the object's name as placeholders write it.
    uids: BTreeMap<String, String>,
    running: usize,
    concurrency: usize,
    stopped: bool,
    events: VecDeque<ApplyEvent>,
}

impl<'p> Rollout<'p> {
    /// Nothing has run yet; at most `concurrency` steps (at least one) run at once.
    pub fn new(plan: &'p Plan, concurrency: usize) -> Self {
        let state =
            |change: &Change| if change.write.is_some() { State::Waiting } else { State::Idle };
        let states: Vec<State> = plan.changes.iter().map(state).collect();
        let number: BTreeMap<&Key, usize> =
            plan.changes.iter().enumerate().map(|(at, change)| (&change.key, at)).collect();
        let mut wanted_by = vec![Vec::new(); states.len()];
        let mut missing = vec![0; states.len()];
        for (at, change) in plan.changes.iter().enumerate() {
            let needs = change.needs.iter().filter_map(|need| number.get(need));
            for need in needs.filter(|need| states[**need] == State::Waiting) {
                wanted_by[*need].push(at);
                missing[at] += 1;
            }
        }
        let waits = |at: &usize| states[*at] == State::Waiting && missing[*at] == 0;
        let ready = (0..states.len()).filter(waits).collect();
        Self {
            plan,
            states,
            wanted_by,
            missing,
            ready,
            uids: BTreeMap::new(),
            running: 0,
            concurrency: concurrency.max(1),
            stopped: false,
            events: VecDeque::new(),
        }
    }

    /// The next step that may run now.
    pub fn poll(&mut self) -> Option<Step> {
        while !self.stopped && self.running < self.concurrency {
            let at = self.ready.pop_first()?;
            let Some(step) = self.filled(at) else { continue };
            if placeholder::is_open_key(&step.key) || placeholder::holds_open(&step.write.body) {
                let why = "it waits for a uid that no step has given".to_owned();
                self.events.push_back(ApplyEvent::Failed { at, key: step.key, why });
                self.hold(at);
                continue;
            }
            self.states[at] = State::Running;
            self.running += 1;
            return Some(step);
        }
        None
    }

    /// What has happened since the last call.
    pub fn events(&mut self) -> Vec<ApplyEvent> {
        self.events.drain(..).collect()
    }

    /// Takes a step's result in.
    pub fn handle(&mut self, at: usize, outcome: Outcome) {
        if self.states.get(at) != Some(&State::Running) {
            return;
        }
        self.running -= 1;
        let change = &self.plan.changes[at];
        let key = self.filled_key(&change.key);
        match outcome {
            Outcome::Done { uid } => {
                if let Some(uid) = uid {
                    self.uids.insert(change.key.to_string(), uid);
                }
                self.states[at] = State::Done;
                self.events.push_back(ApplyEvent::Done { at, key });
                self.free(at);
            }
            Outcome::Stale(why) => {
                self.events.push_back(ApplyEvent::Stale { at, key, why });
                self.hold(at);
            }
            Outcome::Failed(why) => {
                self.events.push_back(ApplyEvent::Failed { at, key, why });
                self.hold(at);
            }
            Outcome::Broken(why) => {
                self.events.push_back(ApplyEvent::Broken { at, key, why });
                self.hold(at);
            }
        }
    }

    /// Begins no more steps.
    pub fn stop(&mut self) {
        self.stopped = true;
        self.ready.clear();
        for at in 0..self.states.len() {
            if self.states[at] == State::Waiting {
                self.states[at] = State::Stopped;
                let key = self.plan.changes[at].key.clone();
                self.events.push_back(ApplyEvent::Skipped { at, key });
            }
        }
    }

    /// Makes those ready that waited for this step alone.
    fn free(&mut self, at: usize) {
        for next in &self.wanted_by[at] {
            self.missing[*next] -= 1;
            if self.missing[*next] == 0 && self.states[*next] == State::Waiting {
                self.ready.insert(*next);
            }
        }
    }

    /// Stops a step, and holds all that needs it, however far away, in the order of the plan.
    fn hold(&mut self, at: usize) {
        self.states[at] = State::Stopped;
        let mut stopped = BTreeSet::from([at]);
        while let Some(need) = stopped.pop_first() {
            for next in &self.wanted_by[need] {
                if self.states[*next] != State::Waiting {
                    continue;
                }
                let why =
                    format!("waits for {}, which was not written", self.plan.changes[need].key);
                let key = self.plan.changes[*next].key.clone();
                self.states[*next] = State::Stopped;
                self.events.push_back(ApplyEvent::Held { at: *next, key, why });
                stopped.insert(*next);
            }
        }
    }

    /// The write of a change with what is known filled in; `None` where there is none.
    fn filled(&self, at: usize) -> Option<Step> {
        let change = &self.plan.changes[at];
        let mut write = change.write.as_deref().cloned()?;
        if placeholder::holds_open(&write.body) {
            write.body =
                placeholder::fill_named(&write.body, &|name: &str| self.uids.get(name).cloned());
        }
        Some(Step { at, key: self.filled_key(&change.key), write })
    }

    fn filled_key(&self, key: &Key) -> Key {
        match key {
            Key::Consumer { site, stream, name } if placeholder::is_open(name) => Key::Consumer {
                site: site.clone(),
                stream: stream.clone(),
                name: placeholder::fill_text(name, &|name| self.uids.get(name).cloned()).into(),
            },
            other => other.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::plan::{Action, Mode};
    use crate::world::Owner;

    fn stream(name: &str) -> Key {
        Key::Stream { site: "".into(), name: name.into() }
    }

    fn change(name: &str, needs: &[&str], body: Value) -> Change {
        let owner = Owner { project: "p".into(), object: name.into() };
        let write = Write {
            mode: Mode::Put,
            observed_empty: false,
            body,
            owner,
            observed: None,
            observed_uid: None,
            observed_owner: None,
            force: false,
            set: None,
            upgrade: false,
        };
        Change {
            write: Some(write.into()),
            needs: needs.iter().map(|name| stream(name)).collect(),
            ..Change::blank(stream(name), Action::Create, "is not there")
        }
    }

    /// Runs a plan to its end; the named steps come to the outcome given, and after `stop_after`
    /// results no more are begun. Says how each step ended, in order.
    #[track_caller]
    fn check(changes: Vec<Change>, bad: &[(&str, Outcome)], stop_after: usize, expected: &[&str]) {
        let plan = Plan { project: "p".to_owned(), changes, ..Plan::default() };
        let mut rollout = Rollout::new(&plan, 2);
        let (mut running, mut ends, mut results) = (VecDeque::new(), Vec::new(), 0);
        loop {
            while let Some(step) = rollout.poll() {
                running.push_back(step);
            }
            assert!(running.len() <= 2);
            ends.extend(rollout.events().into_iter().map(|event| match event {
                ApplyEvent::Started { key } => format!("{key} started"),
                ApplyEvent::Done { key, .. } => format!("{key} done"),
                ApplyEvent::Stale { key, .. } => format!("{key} stale"),
                ApplyEvent::Failed { key, .. } => format!("{key} failed"),
                ApplyEvent::Broken { key, .. } => format!("{key} broken"),
                ApplyEvent::Unconfirmed { key, .. } => format!("{key} unconfirmed"),
                ApplyEvent::Held { key, .. } => format!("{key} held"),
                ApplyEvent::Skipped { key, .. } => format!("{key} skipped"),
                ApplyEvent::Waits { key, .. }
                | ApplyEvent::Ready { key, .. }
                | ApplyEvent::Unready { key, .. } => format!("{key} waited for"),
            }));
            let Some(step) = running.pop_front() else { break };
            let outcome = bad.iter().find(|(name, _)| stream(name) == step.key);
            rollout.handle(
                step.at,
                outcome.map_or(Outcome::Done { uid: None }, |(_, end)| end.clone()),
            );
            results += 1;
            if results == stop_after {
                rollout.stop();
            }
        }
        assert_eq!(ends, expected);
        assert!(
            rollout.states.iter().all(|state| !matches!(state, State::Waiting | State::Running))
        );
    }

    #[test]
    fn every_step_comes_to_an_end() {
        let plan = || {
            vec![
                change("a", &[], json!({})),
                change("b", &["a"], json!({})),
                change("c", &[], json!({})),
            ]
        };
        let all = ["stream/a done", "stream/c done", "stream/b done"];
        check(plan(), &[], 9, &all);
        let failed = [("a", Outcome::Failed("no".to_owned()))];
        check(plan(), &failed, 9, &["stream/a failed", "stream/b held", "stream/c done"]);
        let stale = [("a", Outcome::Stale("other".to_owned()))];
        check(plan(), &stale, 9, &["stream/a stale", "stream/b held", "stream/c done"]);
        check(plan(), &[], 1, &["stream/a done", "stream/b skipped", "stream/c done"]);
    }

    #[test]
    fn a_uid_that_nobody_gives_is_never_sent() {
        let open = json!({"durable_name": "KN_SUB_(UID of subscription.g/n/s)"});
        let plan = vec![change("a", &[], open), change("b", &["a"], json!({}))];
        check(plan, &[], 9, &["stream/a failed", "stream/b held"]);
    }
}
