//! Events into channels: who is let in, what is dropped as a duplicate, and which deliveries begin.

use std::collections::BTreeMap;

use crate::model::duration::{Nanoseconds, spoken};
use crate::model::event::Event;
use crate::topology::{NodeIndex, Topology};

use super::delivery::Delivery;
use super::io::{Answer, CallId, End, Happened, Outcome};
use super::process::Process;
use super::route::{Intake, intake};
use super::time::Time;
use super::{Engine, MAXIMUM_GENERATIONS, Message};

/// What CloudEvents requires of every event.
const REQUIRED: &[&str] = &["id", "source", "specversion", "type"];

/// A channel's stream.
#[derive(Debug)]
pub(super) struct Channel {
    intake: Intake,
    routes: Vec<usize>,
    /// When each id was last stored.
    stored: BTreeMap<String, Time>,
    sequence: u64,
}

/// The channels of a topology.
pub(super) fn channels(topology: &Topology) -> BTreeMap<NodeIndex, Channel> {
    let channel = |node| {
        let intake = intake(topology, node)?;
        let routes = topology.routes_from(node).map(|(number, _)| number).collect();
        Some((node, Channel { intake, routes, stored: BTreeMap::new(), sequence: 0 }))
    };
    topology.graph.node_indices().filter_map(channel).collect()
}

impl Engine {
    /// A call into a channel arrives, and is answered at once.
    pub(super) fn enter(&mut self, now: Time, id: CallId) {
        let (Some(call), Some(delivery)) = (self.open.get(&id), self.purposes.get(&id)) else {
            return;
        };
        let message = self.deliveries[*delivery].message;
        let generation = self.messages[message].generation + 1;
        let (to, event) = (call.to, call.event.clone());
        let answer = match self.publish(now, to, event, generation) {
            Some(status) => Answer::status(status),
            None => Answer::Refused,
        };
        self.answered(now, id, &answer);
    }

    /// The status that whoever sent the event is answered.
    pub(super) fn publish(
        &mut self,
        now: Time,
        to: NodeIndex,
        event: Event,
        generation: u32,
    ) -> Option<u16> {
        match self.process {
            Process::Down => {
                self.intake(now, to, &event, Outcome::Refused, None, "the dispatcher is down");
                return None;
            }
            Process::Starting => {
                let why = "the dispatcher has just started and does not know the channel yet";
                self.intake(now, to, &event, Outcome::Refused, Some(404), why);
                return Some(404);
            }
            Process::Up => {}
        }
        if let Some(missing) = REQUIRED.iter().find(|name| event.attribute(name).is_empty()) {
            let why = format!("this is no event: it has no `{missing}`");
            self.intake(now, to, &event, Outcome::Refused, Some(400), &why);
            return Some(400);
        }
        if let Some(window) = self.duplicate_of(now, to, &event) {
            let why = format!(
                "answered 202 and dropped: an event with this id is {} old, and ids are \
                 remembered for {}, whatever the source",
                spoken(window.0),
                spoken(window.1)
            );
            self.intake(now, to, &event, Outcome::Duplicate, Some(202), &why);
            return Some(202);
        }
        self.store(now, to, event, generation)
    }

    /// The age of the event that this one is taken for, and the window.
    fn duplicate_of(
        &self,
        now: Time,
        to: NodeIndex,
        event: &Event,
    ) -> Option<(Nanoseconds, Nanoseconds)> {
        let channel = self.channels.get(&to).filter(|_| self.profile.drops_duplicates)?;
        let age = now.since(*channel.stored.get(event.id())?);
        let window = channel.intake.duplicate_window;
        (age < window).then_some((age, window))
    }

    fn store(&mut self, now: Time, to: NodeIndex, event: Event, generation: u32) -> Option<u16> {
        let Some(channel) = self.channels.get_mut(&to) else {
            self.intake(now, to, &event, Outcome::Refused, None, "this is no channel");
            return None;
        };
        channel.sequence += 1;
        channel.stored.insert(event.id().to_owned(), now);
        let (sequence, routes) = (channel.sequence, channel.routes.clone());
        let (status, why) = reception(&channel.intake, routes.is_empty());
        self.intake(now, to, &event, Outcome::Accepted, Some(status), &why);
        self.messages.push(Message { event, sequence, generation });
        let message = self.messages.len() - 1;
        for route in routes {
            self.begin(now, message, route);
        }
        Some(status)
    }

    fn begin(&mut self, now: Time, message: usize, route: usize) {
        self.deliveries.push(Delivery::new(message, route));
        let delivery = self.deliveries.len() - 1;
        if let Some(why) = self.lines[route].unserved.clone() {
            self.tell(now, delivery, Outcome::NotServed, None, why.clone(), None);
            return self.end(now, delivery, End::NotServed, why);
        }
        if self.messages[message].generation > MAXIMUM_GENERATIONS {
            let why = format!(
                "a loop: {MAXIMUM_GENERATIONS} events in a row, each the reply to the one before \
                 or its dead letter; nothing but evctl stops it"
            );
            return self.end(now, delivery, End::Stuck, why);
        }
        self.admit(now, delivery);
    }

    fn intake(
        &mut self,
        at: Time,
        to: NodeIndex,
        event: &Event,
        outcome: Outcome,
        status: Option<u16>,
        reason: &str,
    ) {
        self.happened(Happened {
            at,
            event: event.id().to_owned(),
            route: None,
            from: None,
            to: Some(to),
            attempt: None,
            outcome,
            status,
            reason: reason.to_owned(),
            next: None,
        });
    }
}

/// What the sender is answered, and what that means.
fn reception(intake: &Intake, unsubscribed: bool) -> (u16, String) {
    let status = if intake.no_ack { 500 } else { 202 };
    let mut why = match (unsubscribed, intake.keeps_unwanted) {
        (false, _) => format!("answered {status}"),
        (true, true) => format!("answered {status}; kept, and nobody is subscribed"),
        (true, false) => format!("answered {status}; nobody is subscribed, so it is not kept"),
    };
    if intake.no_ack {
        why.push_str(" although it is stored: the stream acknowledges nothing (noAck)");
    }
    (status, why)
}
