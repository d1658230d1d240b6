//! What the dispatcher makes of a subscriber's answer: an acknowledgement and a reply to send on, a
//! negative acknowledgement, a termination, a dead letter, or its own end.

use super::delivery::soon;
use super::failure::Failure;
use super::io::{Answer, Call, End, Outcome, Role};
use super::time::Time;
use super::{Engine, MAXIMUM_ATTEMPTS, Timer};

const NO_SINK: &str = "there is no dead letter sink";

impl Engine {
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
        let in_time = self.settle(now, delivery);
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
        let why = answer.spoken(call.limit);
        let policy = &self.lines[call.route].policy;
        let attempts = self.deliveries[delivery].attempts;
        if policy.is_used_up(attempts) {
            let reason = format!(
                "{why}, and this was the last attempt; the stream keeps the event, never \
                 acknowledged"
            );
            self.settle(now, delivery);
            let about = Some((call, answer));
            return self.tell(now, delivery, Outcome::GivenUp, about, reason, None);
        }
        if attempts >= MAXIMUM_ATTEMPTS {
            return self.leave(now, delivery, &why);
        }
        let wait = policy.wait((call.attempt - 1).saturating_add(self.profile.first_wait));
        let next = now.after(wait);
        self.cancel(delivery);
        let ticket = self.timers.push(next, Timer::Redeliver(delivery));
        self.deliveries[delivery].ticket = Some(ticket);
        let reason = format!("{why}; again {}", soon(wait));
        self.tell(now, delivery, Outcome::Retry, Some((call, answer)), reason, Some(next));
    }

    fn terminate(&mut self, now: Time, delivery: usize, call: &Call, answer: &Answer) {
        self.settle(now, delivery);
        let reason = format!("{}, which is not retried", answer.spoken(call.limit));
        self.tell(now, delivery, Outcome::Terminated, Some((call, answer)), reason, None);
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
}
