//! The sinks around the channels, as a machine like the engine itself: it takes calls and gives
//! answers when their time has come, by script.

use std::collections::BTreeMap;

use crate::dispatch::{Answer, Call, CallId, Queue, Time};
use crate::model::event::Event;
use crate::topology::NodeIndex;

use super::scenario::{Reaction, Response, Script};

/// All sinks.
pub struct Outside<'a> {
    scripts: &'a BTreeMap<NodeIndex, Script>,
    /// How often each sink was called.
    calls: BTreeMap<NodeIndex, u32>,
    answers: Queue<(CallId, Answer)>,
}

impl<'a> Outside<'a> {
    pub fn new(scripts: &'a BTreeMap<NodeIndex, Script>) -> Self {
        Self { scripts, calls: BTreeMap::new(), answers: Queue::default() }
    }

    /// A sink is called. The caller hangs up when its limit is over.
    pub fn call(&mut self, now: Time, call: &Call) {
        let count = self.calls.entry(call.to).or_default();
        let number = *count;
        *count += 1;
        let response = self.scripts.get(&call.to).and_then(|script| script.response(number));
        let Some(response) = response else {
            self.answers.push(now, (call.id, Answer::status(200)));
            return;
        };
        let answer = answer(response, &call.event);
        match (answer, call.limit) {
            (Some(answer), limit) if limit.is_none_or(|limit| response.latency < limit) => {
                self.answers.push(now.after(response.latency), (call.id, answer));
            }
            (_, Some(limit)) => {
                self.answers.push(now.after(limit), (call.id, Answer::TimedOut));
            }
            (_, None) => {}
        }
    }

    /// When the next answer comes.
    pub fn deadline(&self) -> Option<Time> {
        self.answers.deadline()
    }

    /// The next answer that has come by now.
    pub fn answer(&mut self, now: Time) -> Option<(CallId, Answer)> {
        self.answers.pop(now).map(|(_, answer)| answer)
    }
}

/// What the caller sees; nothing where there is silence.
fn answer(response: &Response, event: &Event) -> Option<Answer> {
    match &response.reaction {
        Reaction::Answer { status, body, reply } => Some(Answer::Status {
            status: *status,
            body: body.clone(),
            reply: reply.as_ref().map(|reply| reply.to(event)),
        }),
        Reaction::Refuse => Some(Answer::Refused),
        Reaction::Close => Some(Answer::Closed),
        Reaction::Silence => None,
    }
}
