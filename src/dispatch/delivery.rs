//! One event on one route as the stream sees it: attempts, what is pending, what comes back and
//! when, and the end. It goes on whether or not the dispatcher is there.

use std::collections::VecDeque;

use crate::model::duration::{Nanoseconds, spoken};

use super::io::{Answer, Call, End, Ended, Happened, Outcome, Output, Role};
use super::process::Process;
use super::time::{Ticket, Time};
use super::{Engine, MAXIMUM_ATTEMPTS, Timer};

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
    pub(super) ticket: Option<Ticket>,
    /// What the last attempt failed of, for the reason of the end.
    pub(super) trouble: String,
    has_ended: bool,
}

/// How many deliveries of a route are pending, and which ones wait until fewer are.
#[derive(Debug, Clone, Default)]
pub(super) struct Slots {
    taken: usize,
    waiting: VecDeque<usize>,
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
    /// The stream delivers for the first time, as soon as few enough are pending.
    pub(super) fn admit(&mut self, now: Time, delivery: usize) {
        let route = self.deliveries[delivery].route;
        let (most, slots) = (self.lines[route].most_pending, &mut self.slots[route]);
        if slots.taken < most {
            slots.taken += 1;
            return self.attempt(now, delivery);
        }
        slots.waiting.push_back(delivery);
        let why = format!("{most} under way, and maxAckPending allows no more");
        self.tell(now, delivery, Outcome::Waits, None, why, None);
    }

    fn release(&mut self, now: Time, route: usize) {
        let slots = &mut self.slots[route];
        match slots.waiting.pop_front() {
            Some(next) => self.redeliver(now, next),
            None => slots.taken -= 1,
        }
    }

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
            let is_answered = state.open_calls == 0;
            let reason = format!("{why}, and this was the last attempt");
            self.settle(now, delivery);
            self.tell(now, delivery, Outcome::GivenUp, None, reason.clone(), None);
            if is_answered {
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

    /// The stream waits no longer, and may deliver another. Whether it did wait until now.
    pub(super) fn settle(&mut self, now: Time, delivery: usize) -> bool {
        self.cancel(delivery);
        let state = &mut self.deliveries[delivery];
        state.is_due = false;
        let (was_pending, route) = (std::mem::take(&mut state.is_pending), state.route);
        if was_pending {
            self.release(now, route);
        }
        was_pending
    }

    /// The stream's timer no longer counts.
    pub(super) fn cancel(&mut self, delivery: usize) {
        if let Some(ticket) = self.deliveries[delivery].ticket.take() {
            self.timers.cancel(ticket);
        }
    }

    /// Stops what nothing else would stop.
    pub(super) fn leave(&mut self, now: Time, delivery: usize, why: &str) {
        self.settle(now, delivery);
        let reason = format!("{why} after {MAXIMUM_ATTEMPTS} attempts, and evctl goes no further");
        self.end(now, delivery, End::Stuck, reason);
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
