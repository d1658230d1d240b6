//! A scenario: what is sent and when, how sinks behave, what goes wrong with the dispatcher.

use std::collections::BTreeMap;

use crate::dispatch::{Profile, Time};
use crate::model::duration::Nanoseconds;
use crate::model::event::Event;
use crate::topology::NodeIndex;

/// All that a simulation depends on besides the topology.
#[derive(Debug, Clone)]
pub struct Scenario {
    pub profile: Profile,
    pub sends: Vec<Send>,
    /// How a sink answers. One that is not here answers 200 at once, without a reply.
    pub scripts: BTreeMap<NodeIndex, Script>,
    pub faults: Vec<(Time, Fault)>,
}

impl Default for Scenario {
    fn default() -> Self {
        Self {
            profile: Profile::NATSS_CHANNEL,
            sends: Vec::new(),
            scripts: BTreeMap::new(),
            faults: Vec::new(),
        }
    }
}

/// One event on its way to a channel.
#[derive(Debug, Clone)]
pub struct Send {
    pub at: Time,
    pub to: NodeIndex,
    pub event: Event,
}

/// What is done to the dispatcher's process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    Stop,
    Start,
}

/// A sink's answers, in the order of its calls; the last one repeats.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Script(pub Vec<(Response, u32)>);

impl Script {
    /// The answer to the call with this number, from 0.
    pub fn response(&self, call: u32) -> Option<&Response> {
        let mut before: u32 = 0;
        let current = self.0.iter().find(|(_, times)| {
            before = before.saturating_add(*times);
            call < before
        });
        current.or(self.0.last()).map(|(response, _)| response)
    }
}

/// One answer, and how long it takes.
#[derive(Debug, Clone, PartialEq)]
pub struct Response {
    pub reaction: Reaction,
    pub latency: Nanoseconds,
}

/// What a sink does with a request.
#[derive(Debug, Clone, PartialEq)]
pub enum Reaction {
    Answer {
        status: u16,
        body: Vec<u8>,
        reply: Option<Reply>,
    },
    /// Nobody listens.
    Refuse,
    /// Hangs up without an answer.
    Close,
    /// Never answers.
    Silence,
}

impl Reaction {
    /// A status and nothing more.
    pub fn status(status: u16) -> Self {
        Self::Answer { status, body: Vec::new(), reply: None }
    }
}

/// The event that a sink answers with.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    /// Of this type, from the source of the event it answers. The reply to `7` is `7-reply`, the
    /// reply to that is `7-reply-2`, and so on.
    OfType(String),
    /// This one each time.
    Exactly(Event),
}

impl Reply {
    /// The reply to an event.
    pub fn to(&self, event: &Event) -> Event {
        match self {
            Self::OfType(kind) => Event::default()
                .with("id", reply_id(event.id()))
                .with("source", event.attribute("source"))
                .with("specversion", "1.0")
                .with("type", kind.as_str()),
            Self::Exactly(reply) => reply.clone(),
        }
    }
}

fn reply_id(id: &str) -> String {
    let numbered = id.rsplit_once("-reply-").and_then(|(root, number)| {
        let number = number.parse::<u64>().ok()?.checked_add(1)?;
        Some(format!("{root}-reply-{number}"))
    });
    match numbered {
        Some(next) => next,
        None if id.ends_with("-reply") => format!("{id}-2"),
        None => format!("{id}-reply"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_answer_repeats() {
        let answer = |status| Response { reaction: Reaction::status(status), latency: 0 };
        let script = Script(vec![(answer(503), 2), (answer(200), 1)]);
        for (call, status) in [(0, 503), (1, 503), (2, 200), (3, 200), (99, 200)] {
            assert_eq!(script.response(call), Some(&answer(status)), "{call}");
        }
        assert_eq!(Script::default().response(0), None);
    }

    #[test]
    fn a_reply_has_an_id_of_its_own() {
        let event = Event::parse("type=order.created,id=7,source=/shop").unwrap();
        let reply = Reply::OfType("order.billed".to_owned()).to(&event);
        assert_eq!((reply.id(), reply.kind()), ("7-reply", "order.billed"));
        assert_eq!(reply.attribute("source"), "/shop");
        for (id, next) in [("7-reply", "7-reply-2"), ("7-reply-9", "7-reply-10"), ("a", "a-reply")]
        {
            assert_eq!(reply_id(id), next);
        }
    }
}
