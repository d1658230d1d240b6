//! The delivery engine: what a channel's dispatcher does with an event, as a machine without
//! sockets and without a clock. The same engine runs on a virtual clock and on the real one.
//!
//! The contract: tell it something with [`Engine::handle`] and the time at which it happened, never
//! earlier than the time before; then take what it wants with [`Engine::poll`] until there is
//! nothing more; then wait for whichever comes first, something to tell or [`Engine::deadline`], at
//! which it wants [`Input::Elapsed`]. At the end, [`Engine::close`] says how all that is still open
//! ends. Equal inputs give equal outputs.
//!
//! It must not know: where time comes from, how a request is sent, how a trace is shown.

mod address;
mod answer;
mod delivery;
mod failure;
mod ingress;
mod io;
mod process;
mod profile;
mod resend;
mod route;
mod time;

#[cfg(test)]
mod tests;

pub use io::{Answer, Call, CallId, End, Ended, Happened, Input, Outcome, Output, Role};
pub use profile::{Profile, Statuses};
pub use time::{Queue, Ticket, Time};

use std::collections::{BTreeMap, VecDeque};

use crate::model::event::Event;
use crate::topology::{NodeIndex, Topology};

use delivery::{Delivery, Slots};
use ingress::Channel;
use process::Process;
use route::Line;

/// After so many attempts of one event on one route the engine leaves it, if nothing else does.
pub const MAXIMUM_ATTEMPTS: u32 = 1_000;

/// An event that came of so many others, each the reply to the one before or its dead letter, is
/// not delivered any more: it is a loop.
pub const MAXIMUM_GENERATIONS: u32 = 100;

/// Delivers the events of a topology's channels.
#[derive(Debug)]
pub struct Engine {
    profile: Profile,
    lines: Vec<Line>,
    channels: BTreeMap<NodeIndex, Channel>,
    messages: Vec<Message>,
    deliveries: Vec<Delivery>,
    /// By route.
    slots: Vec<Slots>,
    open: BTreeMap<CallId, Call>,
    /// Which delivery a call is made for.
    purposes: BTreeMap<CallId, usize>,
    calls: u64,
    timers: Queue<Timer>,
    outputs: VecDeque<Output>,
    process: Process,
}

/// An event in a stream.
#[derive(Debug)]
struct Message {
    event: Event,
    sequence: u64,
    /// How many events it came of.
    generation: u32,
}

/// What is to be done at a time.
#[derive(Debug)]
enum Timer {
    /// The stream has waited long enough for this delivery's acknowledgement.
    AckWait(usize),
    /// The wait is over that a negative acknowledgement asked for.
    Redeliver(usize),
    /// A call into a channel arrives there.
    Enter(CallId),
    /// A reply or a dead letter is sent once more.
    Resend(CallId),
    /// The started process serves.
    Ready,
}

impl Engine {
    pub fn new(topology: &Topology, profile: Profile) -> Self {
        Self {
            profile,
            lines: route::lines(topology, &profile),
            channels: ingress::channels(topology),
            messages: Vec::new(),
            deliveries: Vec::new(),
            slots: vec![Slots::default(); topology.routes.len()],
            open: BTreeMap::new(),
            purposes: BTreeMap::new(),
            calls: 0,
            timers: Queue::default(),
            outputs: VecDeque::new(),
            process: Process::Up,
        }
    }

    /// Takes an input in, and does all that is due by now.
    pub fn handle(&mut self, now: Time, input: Input) {
        // What was due before comes before, what is due at this very moment after.
        self.elapse(Time(now.0.saturating_sub(1)));
        match input {
            Input::Published { publication, to, event } => {
                let status = self.publish(now, to, event, 0);
                self.outputs.push_back(Output::Accepted { publication, status });
            }
            Input::Answered { call, answer } => self.answered(now, call, &answer),
            Input::Elapsed => {}
            Input::Stopped => self.stop(now),
            Input::Started => self.start(now),
        }
        self.elapse(now);
    }

    /// What the engine wants done or tells next.
    pub fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When the engine wants to be told that time has come.
    pub fn deadline(&self) -> Option<Time> {
        self.timers.deadline()
    }

    /// Ends whatever is still open, `because` the caller goes no further.
    pub fn close(&mut self, now: Time, because: &str) {
        for delivery in 0..self.deliveries.len() {
            self.close_delivery(now, delivery, because);
        }
    }

    fn elapse(&mut self, now: Time) {
        while let Some((at, timer)) = self.timers.pop(now) {
            match timer {
                Timer::AckWait(delivery) => self.ack_wait_is_over(at, delivery),
                Timer::Redeliver(delivery) => self.redeliver(at, delivery),
                Timer::Enter(call) => self.enter(at, call),
                Timer::Resend(call) => self.send(at, call),
                Timer::Ready => self.ready(at),
            }
        }
    }

    fn answered(&mut self, now: Time, id: CallId, answer: &Answer) {
        let (Some(call), Some(delivery)) = (self.open.remove(&id), self.purposes.remove(&id))
        else {
            return;
        };
        self.deliveries[delivery].open_calls -= 1;
        match call.role {
            Role::Subscriber => self.subscriber_answered(now, delivery, &call, answer),
            Role::Reply => self.reply_answered(now, delivery, call, answer),
            Role::DeadLetter => self.dead_letter_answered(now, delivery, call, answer),
        }
    }

    /// Opens a call that is sent now or later.
    fn open(&mut self, delivery: usize, call: Call) -> CallId {
        let id = call.id;
        self.deliveries[delivery].open_calls += 1;
        self.purposes.insert(id, delivery);
        self.open.insert(id, call);
        id
    }

    /// Sends an open call. A channel is called by entering it, with nothing to send.
    fn send(&mut self, now: Time, id: CallId) {
        let Some(call) = self.open.get(&id) else { return };
        if self.channels.contains_key(&call.to) {
            self.timers.push(now, Timer::Enter(id));
        } else {
            self.outputs.push_back(Output::Call(call.clone()));
        }
    }

    fn next_call_id(&mut self) -> CallId {
        self.calls += 1;
        CallId(self.calls)
    }

    fn happened(&mut self, happened: Happened) {
        self.outputs.push_back(Output::Happened(happened));
    }
}
