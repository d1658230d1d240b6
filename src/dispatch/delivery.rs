//! One event on one route: attempts, acknowledgements, waits, and the end. The stream's side (what
//! is pending, what comes back) and the dispatcher's side (what it calls) are both here, since each
//! goes on without the other.

use crate::model::duration::{Nanoseconds, spoken};

use super::failure::Failure;
use super::io::{Answer, Call, End, Ended, Happened, Outcome, Output, Role};
use super::process::Process;
use super::time::{Ticket, Time};
use super::{Engine, MAXIMUM_ATTEMPTS, Timer};

const NO_SINK: &str = "there is no dead letter sink";

/// How far a delivery is.
#[derive(Debug)]
pub(super) struct Delivery {
    pub(super) message: usize,
    pub(super) route: usize,
    /// How often the stream has delivered it.
    pub(super) attempts: u32,
    /// Whether the stream waits for its acknowledgement.
    pub(super) is_pending: bool,
    /// Whether it is to be delivered as soon as somebody listens.
    pub(super) is_due: bool,
    pub(super) open_calls: u32,
    /// The stream's timer.
    ticket: Option<Ticket>,
    /// What the last attempt failed of, for the reason of the end.
    trouble: String,
    has_ended: bool,
}

impl Delivery {
    pub(super) fn new(message: usize, route: usize) -> Self {
        Self {
            message,
            route,
            attempts: 0,
            is_pending: true,
            is_due: false,
            open_calls: 0,
            ticket: None,
            trouble: String::new(),
            has_ended: false,
        }
    }
}

impl Engine {
    /// The stream delivers, once more or for the first time, and the subscriber is called.
    pub(super) fn attempt(&mut self, now: Time, delivery: usize) {
        let id = self.next_call_id();
        let state = &mut self.deliveries[delivery];
        let line = &self.lines[state.route];
        state.attempts += 1;
        state.ticket =
            Some(self.timers.push(now.after(line.policy.ack_wait), Timer::AckWait(delivery)));
        let call = Call {
            id,
            route: state.route,
            role: Role::Subscriber,
            to: line.call,
            event: self.messages[state.message].event.clone(),
            attempt: state.attempts,
            limit: line.policy.limit,
            prefers_reply: true,
        };
        self.open(delivery, call);
        self.send(now, id);
    }

    pub(super) fn redeliver(&mut self, now: Time, delivery: usize) {
        self.deliveries[delivery].ticket = None;
        if self.process == Process::Up {
            self.attempt(now, delivery);
        } else {
            self.deliveries[delivery].is_due = true;
        }
    }

    pub(super) fn ack_wait_is_over(&mut self, now: Time, delivery: usize) {
        let state = &mut self.deliveries[delivery];
        state.ticket = None;
        let policy = &self.lines[state.route].policy;
        let why = format!("not acknowledged within {}", spoken(policy.ack_wait));
        if policy.is_used_up(state.attempts) {
            state.is_pending = false;
            let waits = state.open_calls > 0;
            let reason = format!("{why}, and this was the last attempt");
            self.tell(now, delivery, Outcome::GivenUp, None, reason.clone(), None);
            if !waits {
                self.end(now, delivery, End::Lost, reason);
            }
            return;
        }
        if state.attempts >= MAXIMUM_ATTEMPTS {
            return self.leave(now, delivery, &why);
        }
        if self.process == Process::Up {
            self.tell(now, delivery, Outcome::Retry, None, why, Some(now));
        }
        self.redeliver(now, delivery);
    }

    pub(super) fn subscriber_answered(
        &mut self,
        now: Time,
        delivery: usize,
        call: &Call,
        answer: &Answer,
    ) {
        if answer.is_success() {
            return self.succeeded(now, delivery, call, answer);
        }
        let why = answer.spoken(call.limit);
        let policy = &self.lines[call.route].policy;
        let is_redelivered = self.profile.redelivered.contains(answer.code());
        if is_redelivered && policy.backoff.is_none() && self.profile.crashes_without_backoff {
            let why = format!(
                "{why}: the dispatcher ends, with all its channels, because the delivery has not \
                 both backoffPolicy and backoffDelay"
            );
            return self.crash(now, delivery, &why);
        }
        let is_last = policy.is_last(call.attempt);
        if !self.deliveries[delivery].is_pending && !is_last {
            return self.overtaken(now, delivery, call, answer);
        }
        if is_redelivered {
            self.refuse(now, delivery, call, answer);
        } else {
            self.terminate(now, delivery, call, answer);
        }
        self.deliveries[delivery].trouble = why;
        if is_last || (!is_redelivered && self.profile.dead_letter_before_last_try) {
            let failure = Failure::new(&self.lines[call.route].call_address, answer);
            self.dead_letter(now, delivery, &failure);
        } else if !is_redelivered {
            let why = match self.lines[call.route].dead_letter {
                Some(_) => "only a failure of the last attempt is dead-lettered",
                None => NO_SINK,
            };
            self.lose(now, delivery, why);
        }
    }

    fn succeeded(&mut self, now: Time, delivery: usize, call: &Call, answer: &Answer) {
        let in_time = self.settle(delivery);
        let late = if in_time { "" } else { ", too late to be acknowledged" };
        let reason = format!("{}{late}", answer.spoken(call.limit));
        self.tell(now, delivery, Outcome::Delivered, Some((call, answer)), reason.clone(), None);
        let reply = match answer {
            Answer::Status { reply: Some(reply), .. } => reply,
            _ => return self.end(now, delivery, End::Delivered, reason),
        };
        match self.lines[call.route].reply {
            Some(to) => self.forward(now, delivery, Role::Reply, to, reply.clone()),
            None => {
                let reason = format!("{reason}; its reply has nowhere to go");
                self.end(now, delivery, End::Delivered, reason);
            }
        }
    }

    /// An attempt failed after another one had settled the delivery.
    fn overtaken(&mut self, now: Time, delivery: usize, call: &Call, answer: &Answer) {
        let reason = format!("{}, too late to matter", answer.spoken(call.limit));
        self.tell(now, delivery, Outcome::Late, Some((call, answer)), reason.clone(), None);
        if self.deliveries[delivery].open_calls == 0 {
            self.end(now, delivery, End::Lost, reason);
        }
    }

    /// A negative acknowledgement: the stream delivers again after a wait, if it ever does.
    fn refuse(&mut self, now: Time, delivery: usize, call: &Call, answer: &Answer) {
        self.settle(delivery);
        let why = answer.spoken(call.limit);
        let policy = &self.lines[call.route].policy;
        let attempts = self.deliveries[delivery].attempts;
        if policy.is_used_up(attempts) {
            let reason = format!(
                "{why}, and this was the last attempt; the stream keeps the event, never \
                 acknowledged"
            );
            return self.tell(now, delivery, Outcome::GivenUp, Some((call, answer)), reason, None);
        }
        if attempts >= MAXIMUM_ATTEMPTS {
            return self.leave(now, delivery, &why);
        }
        let wait = policy.wait((call.attempt - 1).saturating_add(self.profile.first_wait));
        let next = now.after(wait);
        let ticket = self.timers.push(next, Timer::Redeliver(delivery));
        let state = &mut self.deliveries[delivery];
        state.is_pending = true;
        state.ticket = Some(ticket);
        let reason = format!("{why}; again {}", soon(wait));
        self.tell(now, delivery, Outcome::Retry, Some((call, answer)), reason, Some(next));
    }

    fn terminate(&mut self, now: Time, delivery: usize, call: &Call, answer: &Answer) {
        self.settle(delivery);
        let reason = format!("{}, which is not retried", answer.spoken(call.limit));
        self.tell(now, delivery, Outcome::Terminated, Some((call, answer)), reason, None);
    }

    /// The stream waits no longer. Whether it did until now.
    fn settle(&mut self, delivery: usize) -> bool {
        let state = &mut self.deliveries[delivery];
        state.is_due = false;
        if let Some(ticket) = state.ticket.take() {
            self.timers.cancel(ticket);
        }
        std::mem::take(&mut state.is_pending)
    }

    /// Stops what nothing else would stop.
    fn leave(&mut self, now: Time, delivery: usize, why: &str) {
        self.settle(delivery);
        let reason = format!("{why} after {MAXIMUM_ATTEMPTS} attempts, and evctl goes no further");
        self.end(now, delivery, End::Stuck, reason);
    }

    /// Nobody gets it.
    pub(super) fn lose(&mut self, now: Time, delivery: usize, why: &str) {
        self.tell(now, delivery, Outcome::Lost, None, why.to_owned(), None);
        let reason = format!("{}; {why}", self.deliveries[delivery].trouble);
        self.end(now, delivery, End::Lost, reason);
    }

    pub(super) fn dead_letter(&mut self, now: Time, delivery: usize, failure: &Failure) {
        let state = &self.deliveries[delivery];
        let Some(to) = self.lines[state.route].dead_letter else {
            return self.lose(now, delivery, NO_SINK);
        };
        if failure.body.len() > self.profile.longest_error_body {
            let why = format!(
                "the dispatcher ends, with all its channels, because a dead letter cannot carry an \
                 error body of {} bytes; {} is the most",
                failure.body.len(),
                self.profile.longest_error_body
            );
            return self.crash(now, delivery, &why);
        }
        let event = failure.mark(self.messages[state.message].event.clone());
        self.forward(now, delivery, Role::DeadLetter, to, event);
    }

    pub(super) fn trouble(&mut self, delivery: usize, trouble: String) {
        self.deliveries[delivery].trouble = trouble;
    }

    pub(super) fn trouble_of(&self, delivery: usize) -> &str {
        &self.deliveries[delivery].trouble
    }

    /// The first end counts: a second attempt that was under way may have another.
    pub(super) fn end(&mut self, at: Time, delivery: usize, end: End, reason: String) {
        let state = &mut self.deliveries[delivery];
        if std::mem::replace(&mut state.has_ended, true) {
            return;
        }
        let message = &self.messages[state.message];
        self.outputs.push_back(Output::Ended(Ended {
            at,
            message: state.message,
            event: message.event.id().to_owned(),
            sequence: message.sequence,
            route: state.route,
            end,
            attempts: state.attempts,
            reason,
        }));
    }

    /// The end of what has none of its own.
    pub(super) fn close_delivery(&mut self, now: Time, delivery: usize, because: &str) {
        let state = &self.deliveries[delivery];
        let ack_wait = spoken(self.lines[state.route].policy.ack_wait);
        let (end, reason) = match (state.is_pending, self.process) {
            (true, Process::Up) => (End::Stuck, because.to_owned()),
            (true, _) => (
                End::Stuck,
                format!(
                    "the dispatcher is down; the stream keeps the event, and it comes back {ack_wait} \
                     after its last attempt if the dispatcher is started again"
                ),
            ),
            (false, _) => (End::Lost, "no attempt is left, and no answer came".to_owned()),
        };
        self.end(now, delivery, end, reason);
    }

    /// Attempts are the subscriber's: what is resent counts for itself, in words.
    pub(super) fn tell(
        &mut self,
        at: Time,
        delivery: usize,
        outcome: Outcome,
        about: Option<(&Call, &Answer)>,
        reason: String,
        next: Option<Time>,
    ) {
        let state = &self.deliveries[delivery];
        let line = &self.lines[state.route];
        let attempt = match about {
            None => state.attempts,
            Some((call, _)) if call.role == Role::Subscriber => call.attempt,
            Some(_) => 0,
        };
        let status = match about {
            Some((_, Answer::Status { status, .. })) => Some(*status),
            _ => None,
        };
        self.happened(Happened {
            at,
            event: self.messages[state.message].event.id().to_owned(),
            route: Some(state.route),
            from: Some(line.from),
            to: Some(about.map_or(line.call, |(call, _)| call.to)),
            attempt: (attempt > 0).then_some(attempt),
            outcome,
            status,
            reason,
            next,
        });
    }
}

/// A wait in words.
pub(super) fn soon(wait: Nanoseconds) -> String {
    if wait == 0 { "at once".to_owned() } else { format!("in {}", spoken(wait)) }
}
