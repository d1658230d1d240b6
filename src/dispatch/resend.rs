//! Replies and dead letters: sent on by the dispatcher itself and tried again within the process,
//! with the delivery's own retries but other waits and other statuses than the subscriber's.

use crate::model::event::Event;
use crate::topology::NodeIndex;

use super::delivery::soon;
use super::failure::Failure;
use super::io::{Answer, Call, End, Outcome, Role};
use super::time::Time;
use super::{Engine, Timer};

impl Engine {
    pub(super) fn forward(
        &mut self,
        now: Time,
        delivery: usize,
        role: Role,
        to: NodeIndex,
        event: Event,
    ) {
        let id = self.next_call_id();
        let route = self.deliveries[delivery].route;
        let limit = self.lines[route].policy.resend_limit;
        let call = Call { id, route, role, to, event, attempt: 1, limit, prefers_reply: false };
        self.open(delivery, call);
        self.send(now, id);
    }

    pub(super) fn reply_answered(
        &mut self,
        now: Time,
        delivery: usize,
        call: Call,
        answer: &Answer,
    ) {
        let why = answer.spoken(call.limit);
        if answer.is_success() {
            let reason = format!("the reply `{}` was {why}", call.event.id());
            self.tell(now, delivery, Outcome::Reply, Some((&call, answer)), reason.clone(), None);
            return self.end(now, delivery, End::Delivered, reason);
        }
        if self.is_resent(&call, answer) {
            return self.resend_later(now, delivery, call, answer);
        }
        self.deliveries[delivery].trouble = format!("delivered, and its reply failed: {why}");
        let failure = Failure::new(&self.lines[call.route].reply_address, answer);
        self.dead_letter(now, delivery, &failure);
    }

    pub(super) fn dead_letter_answered(
        &mut self,
        now: Time,
        delivery: usize,
        call: Call,
        answer: &Answer,
    ) {
        let why = format!(
            "{}; the dead letter sink: {}",
            self.deliveries[delivery].trouble,
            answer.spoken(call.limit)
        );
        if answer.is_success() {
            self.tell(
                now,
                delivery,
                Outcome::DeadLettered,
                Some((&call, answer)),
                answer.spoken(call.limit),
                None,
            );
            return self.end(now, delivery, End::DeadLettered, why);
        }
        if self.is_resent(&call, answer) {
            return self.resend_later(now, delivery, call, answer);
        }
        let reason = format!("the dead letter sink failed: {}", answer.spoken(call.limit));
        self.tell(now, delivery, Outcome::Lost, Some((&call, answer)), reason, None);
        self.end(now, delivery, End::Lost, why);
    }

    fn is_resent(&self, call: &Call, answer: &Answer) -> bool {
        let retries = self.lines[call.route].policy.retry.unwrap_or(0);
        call.attempt <= retries && self.profile.resent.contains(answer.code())
    }

    fn resend_later(&mut self, now: Time, delivery: usize, call: Call, answer: &Answer) {
        let n = (call.attempt - 1).saturating_add(self.profile.first_resend_wait);
        let wait = self.lines[call.route].policy.wait(n);
        let next = now.after(wait);
        let what = if call.role == Role::Reply { "reply" } else { "dead letter" };
        let why = answer.spoken(call.limit);
        let reason = format!("the {what}, try {}: {why}; again {}", call.attempt, soon(wait));
        self.tell(now, delivery, Outcome::Retry, Some((&call, answer)), reason, Some(next));
        let id = self.next_call_id();
        self.open(delivery, Call { id, attempt: call.attempt + 1, ..call });
        self.timers.push(next, Timer::Resend(id));
    }
}
