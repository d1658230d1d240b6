//! The dispatcher's process: it can end over an event, be ended, and be started again. What it was
//! doing is gone then; what the streams keep is not.

use super::io::{End, Happened, Outcome};
use super::time::Time;
use super::{Engine, Timer};

/// Whether the process is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Process {
    Up,
    Starting,
    Down,
}

impl Engine {
    /// The process ends over a delivery.
    pub(super) fn crash(&mut self, now: Time, delivery: usize, why: &str) {
        self.tell(now, delivery, Outcome::Crashed, None, why.to_owned(), None);
        self.go_down(now, "the dispatcher crashed");
    }

    pub(super) fn stop(&mut self, now: Time) {
        if self.process != Process::Down {
            self.tell_of_process(now, Outcome::Stopped, "the dispatcher was ended");
            self.go_down(now, "the dispatcher was ended");
        }
    }

    pub(super) fn start(&mut self, now: Time) {
        if self.process == Process::Down {
            self.process = Process::Starting;
            self.tell_of_process(now, Outcome::Started, "the dispatcher was started");
            self.timers.push(now.after(self.profile.startup), Timer::Ready);
        }
    }

    /// What the streams were waiting to deliver is delivered.
    pub(super) fn ready(&mut self, now: Time) {
        self.process = Process::Up;
        for delivery in 0..self.deliveries.len() {
            if std::mem::take(&mut self.deliveries[delivery].is_due) {
                self.attempt(now, delivery);
            }
        }
    }

    /// Calls and resendings are the process's own; acknowledgements are the streams' to wait for.
    fn go_down(&mut self, now: Time, why: &str) {
        self.process = Process::Down;
        self.open.clear();
        self.purposes.clear();
        self.timers.retain(|timer| matches!(timer, Timer::AckWait(_) | Timer::Redeliver(_)));
        for delivery in 0..self.deliveries.len() {
            let state = &mut self.deliveries[delivery];
            state.open_calls = 0;
            if !state.is_pending {
                let reason = format!("{why} before the end was known, and no attempt is left");
                self.end(now, delivery, End::Lost, reason);
            }
        }
    }

    fn tell_of_process(&mut self, at: Time, outcome: Outcome, reason: &str) {
        self.happened(Happened {
            at,
            event: String::new(),
            route: None,
            from: None,
            to: None,
            attempt: None,
            outcome,
            status: None,
            reason: reason.to_owned(),
            next: None,
        });
    }
}
