//! The machine behind apply: which steps may run now, what a result unblocks, what a failure holds.
//!
//! Contract: call [`Rollout::poll`] until it yields nothing, then [`Rollout::events`]; give every
//! step's result to [`Rollout::handle`] once; repeat until no step is running.

use std::collections::{BTreeMap, VecDeque};

use serde_json::Value;

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
    number: BTreeMap<&'p Key, usize>,
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
        Self {
            plan,
            states: plan.changes.iter().map(state).collect(),
            number: plan.changes.iter().enumerate().map(|(at, change)| (&change.key, at)).collect(),
            uids: BTreeMap::new(),
            running: 0,
            concurrency: concurrency.max(1),
            stopped: false,
            events: VecDeque::new(),
        }
    }

    /// The next step that may run now.
    pub fn poll(&mut self) -> Option<Step> {
        self.hold();
        if self.stopped {
            self.skip();
        }
        if self.running >= self.concurrency {
            return None;
        }
        let at = (0..self.states.len()).find(|at| self.is_ready(*at))?;
        let change = &self.plan.changes[at];
        let step = self.filled(at, &change.key, change.write.clone()?);
        if placeholder::is_open(&step.key.to_string())
            || placeholder::is_open(&step.write.body.to_string())
        {
            let why = "it waits for a uid that no step has given".to_owned();
            self.states[at] = State::Stopped;
            self.events.push_back(ApplyEvent::Failed { at, key: step.key, why });
            return self.poll();
        }
        self.states[at] = State::Running;
        self.running += 1;
        Some(step)
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
        let (state, event) = match outcome {
            Outcome::Done { uid } => {
                if let Some(uid) = uid {
                    self.uids.insert(change.key.to_string(), uid);
                }
                (State::Done, ApplyEvent::Done { at, key })
            }
            Outcome::Stale(why) => (State::Stopped, ApplyEvent::Stale { at, key, why }),
            Outcome::Failed(why) => (State::Stopped, ApplyEvent::Failed { at, key, why }),
            Outcome::Broken(why) => (State::Stopped, ApplyEvent::Broken { at, key, why }),
        };
        self.states[at] = state;
        self.events.push_back(event);
    }

    /// Begins no more steps.
    pub fn stop(&mut self) {
        self.stopped = true;
    }

    fn needs(&self, at: usize) -> impl Iterator<Item = usize> {
        self.plan.changes[at].needs.iter().filter_map(|need| self.number.get(need).copied())
    }

    fn is_ready(&self, at: usize) -> bool {
        self.states[at] == State::Waiting
            && self.needs(at).all(|need| matches!(self.states[need], State::Done | State::Idle))
    }

    /// Holds what needs something that was stopped. One pass does, as needs come first in a plan.
    fn hold(&mut self) {
        for at in 0..self.states.len() {
            if self.states[at] != State::Waiting {
                continue;
            }
            let stopped = self.needs(at).find(|need| self.states[*need] == State::Stopped);
            if let Some(need) = stopped {
                let why =
                    format!("waits for {}, which was not written", self.plan.changes[need].key);
                let key = self.plan.changes[at].key.clone();
                self.states[at] = State::Stopped;
                self.events.push_back(ApplyEvent::Held { at, key, why });
            }
        }
    }

    fn skip(&mut self) {
        for at in 0..self.states.len() {
            if self.states[at] == State::Waiting {
                self.states[at] = State::Stopped;
                self.events
                    .push_back(ApplyEvent::Skipped { at, key: self.plan.changes[at].key.clone() });
            }
        }
    }

    fn filled(&self, at: usize, key: &Key, write: Write) -> Step {
        let uid = |name: &str| self.uids.get(name).cloned();
        let body: Value = placeholder::fill_named(&write.body, &uid);
        Step { at, key: self.filled_key(key), write: Write { body, ..write } }
    }

    fn filled_key(&self, key: &Key) -> Key {
        match key {
            Key::Consumer { site, stream, name } => Key::Consumer {
                site: site.clone(),
                stream: stream.clone(),
                name: placeholder::fill_text(name, &|name| self.uids.get(name).cloned()),
            },
            other => other.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::json;

    use super::*;
    use crate::plan::{Action, Mode};
    use crate::world::Owner;

    fn stream(name: &str) -> Key {
        Key::Stream { site: String::new(), name: name.to_owned() }
    }

    fn change(name: &str, needs: &[&str], body: Value) -> Change {
        let owner = Owner { project: "p".to_owned(), object: name.to_owned() };
        let write = Write {
            mode: Mode::Put,
            observed_empty: false,
            body,
            owner,
            observed: None,
            observed_uid: None,
            observed_owner: None,
            force: false,
        };
        Change {
            key: stream(name),
            api_version: None,
            exists: false,
            action: Action::Create,
            reason: "is not there".to_owned(),
            rule: None,
            origin: None,
            place: None,
            diff: Vec::new(),
            impact: None,
            recipe: None,
            unverified: None,
            write: Some(write),
            probe: None,
            needs: needs.iter().map(|name| stream(name)).collect::<BTreeSet<_>>(),
        }
    }

    /// Runs a plan to its end; the named steps come to the outcome given, and after `stop_after`
    /// results no more are begun. Says how each step ended, in order.
    #[track_caller]
    fn check(changes: Vec<Change>, bad: &[(&str, Outcome)], stop_after: usize, expected: &[&str]) {
        let plan = Plan { project: "p".to_owned(), changes, undeclared: Vec::new() };
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
