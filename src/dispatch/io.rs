//! What goes into the engine and what comes out of it. Plain data; no rule of delivery is here.

use schemars::JsonSchema;
use serde::Serialize;

use crate::model::duration::{Nanoseconds, spoken};
use crate::model::event::Event;
use crate::topology::NodeIndex;

use super::time::Time;

/// What the engine is told.
#[derive(Debug, Clone)]
pub enum Input {
    /// A producer sends an event to a channel. `publication` is the caller's own number for it.
    Published { publication: u64, to: NodeIndex, event: Event },
    /// A call was answered, or came to nothing. Answers to calls that are no longer open are
    /// ignored.
    Answered { call: CallId, answer: Answer },
    /// Time has come to `now`, nothing else.
    Elapsed,
    /// The dispatcher's process is gone. Streams and consumers are not its own: they stay.
    Stopped,
    /// The dispatcher's process is started.
    Started,
}

/// What the engine wants done, or tells.
#[derive(Debug, Clone, PartialEq)]
pub enum Output {
    /// Send this request, and bring back the answer.
    Call(Call),
    /// What a producer is answered; no status where nobody listens.
    Accepted { publication: u64, status: Option<u16> },
    /// Something for the trace.
    Happened(Happened),
    /// A delivery has come to its end; there is exactly one of these for each.
    Ended(Ended),
}

/// The number of a call, never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct CallId(pub u64);

/// Why a node is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    Subscriber,
    Reply,
    DeadLetter,
}

/// One request to a node outside.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    pub id: CallId,
    pub route: usize,
    pub role: Role,
    pub to: NodeIndex,
    pub event: Event,
    /// From 1. For a subscriber it counts deliveries of the event, else tries within the process.
    pub attempt: u32,
    /// After how long to hang up.
    pub limit: Option<Nanoseconds>,
    /// Whether the request carries `Prefer: reply`.
    pub prefers_reply: bool,
}

/// What became of a call.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    Status {
        status: u16,
        body: Vec<u8>,
        reply: Option<Event>,
    },
    /// No answer within the limit.
    TimedOut,
    /// Nobody listens there.
    Refused,
    /// The connection ended before an answer.
    Closed,
}

impl Answer {
    /// A status and nothing more.
    pub fn status(status: u16) -> Self {
        Self::Status { status, body: Vec::new(), reply: None }
    }

    /// The status that it counts as: a broken connection counts as 500.
    pub fn code(&self) -> u16 {
        match self {
            Self::Status { status, .. } => *status,
            Self::TimedOut | Self::Refused | Self::Closed => 500,
        }
    }

    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.code())
    }

    /// In words.
    pub fn spoken(&self, limit: Option<Nanoseconds>) -> String {
        match (self, limit) {
            (Self::Status { status, .. }, _) => format!("answered {status}"),
            (Self::TimedOut, Some(limit)) => format!("no answer within {}", spoken(limit)),
            (Self::TimedOut, None) => "no answer".to_owned(),
            (Self::Refused, _) => "connection refused".to_owned(),
            (Self::Closed, _) => "connection closed without an answer".to_owned(),
        }
    }
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$note:meta])* $variant:ident $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema,
        )]
        pub enum $name {
            $($(#[$note])* #[serde(rename = $word)] $variant,)*
        }

        impl $name {
            /// The word that output uses.
            pub fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }
        }
    };
}

words! {
    /// What happened, in a word.
    Outcome {
        /// A channel took the event in.
        Accepted "accepted",
        /// A channel answered as if it had taken the event in, and dropped it.
        Duplicate "duplicate",
        /// A channel did not take the event.
        Refused "refused",
        /// A route exists on paper only.
        NotServed "not served",
        /// The subscriber answered 2xx.
        Delivered "delivered",
        /// It is delivered when fewer are under way.
        Waits "waits",
        /// It will be tried again.
        Retry "retry",
        /// The subscriber's answer allows no retry.
        Terminated "terminated",
        /// The last attempt of all has failed.
        GivenUp "given up",
        /// The answer to an attempt that another one has overtaken.
        Late "late",
        /// A reply was taken where replies go.
        Reply "reply",
        /// The dead letter sink has the event.
        DeadLettered "dead-lettered",
        /// Nobody has what was to be delivered.
        Lost "lost",
        /// The dispatcher's process ended over an event.
        Crashed "crashed",
        /// The dispatcher's process was ended.
        Stopped "stopped",
        /// The dispatcher's process was started.
        Started "started",
    }
}

words! {
    /// How a delivery of an event over a route ended.
    End {
        Delivered "delivered",
        DeadLettered "dead-lettered",
        /// Given up or terminated without a dead letter, or its reply came to nothing.
        Lost "lost",
        /// Kept in the stream, not acknowledged, and nothing will come of it by itself.
        Stuck "stuck",
        NotServed "not served",
    }
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq)]
pub struct Happened {
    pub at: Time,
    /// The event's id; empty where no single event is meant.
    pub event: String,
    pub route: Option<usize>,
    pub from: Option<NodeIndex>,
    pub to: Option<NodeIndex>,
    /// Of the subscriber's calls, from 1.
    pub attempt: Option<u32>,
    pub outcome: Outcome,
    pub status: Option<u16>,
    pub reason: String,
    /// When it is tried again.
    pub next: Option<Time>,
}

/// The end of one event on one route.
#[derive(Debug, Clone, PartialEq)]
pub struct Ended {
    pub at: Time,
    /// The number of the event among all that channels took in, from 0.
    pub message: usize,
    pub event: String,
    /// The event's place in its channel's stream, from 1.
    pub sequence: u64,
    pub route: usize,
    pub end: End,
    /// How often the subscriber was called.
    pub attempts: u32,
    pub reason: String,
}
