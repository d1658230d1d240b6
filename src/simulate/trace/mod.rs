//! The trace of a simulation: every thing that happened, how each event ended on each route, and
//! how many ended how. Plain data under the names that output uses; it does not know how it is shown.

mod recorder;
mod text;

pub(super) use recorder::Recorder;
pub use text::render;

use schemars::JsonSchema;
use serde::Serialize;

use crate::dispatch::{End, Outcome, Time};

/// The document that `-o json` prints.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Trace {
    pub api_version: &'static str,
    pub kind: &'static str,
    /// Whose rules the channels followed.
    pub profile: &'static str,
    /// In the order of time.
    pub lines: Vec<Line>,
    /// One for each event in a channel and each route from there, in the order of the events.
    pub outcomes: Vec<Ending>,
    /// How many ended how.
    pub summary: Counts,
    /// Why the simulation was stopped before everything had ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stopped: Option<String>,
}

impl Trace {
    /// Whether everything that was sent arrived: at its subscribers, or at a dead letter sink.
    pub fn ok(&self) -> bool {
        let Counts { lost, stuck, not_served, refused, .. } = self.summary;
        lost + stuck + not_served + refused == 0 && self.stopped.is_none()
    }

    /// How many ended how.
    pub fn counts(&self) -> Counts {
        self.summary
    }

    /// Whether the dispatcher's process ended over an event.
    pub fn crashed(&self) -> bool {
        self.lines.iter().any(|line| line.outcome == Outcome::Crashed)
    }
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Line {
    /// Nanoseconds since the start.
    pub t: Time,
    /// The event's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<String>,
    /// The Subscription.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub route: Option<String>,
    /// The channel that the event comes out of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Who was called, or the channel that the event goes into.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// How often the subscriber has been called with this, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempt: Option<u32>,
    /// What happened.
    pub outcome: Outcome,
    /// The HTTP status that was answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Why, in words.
    pub reason: String,
    /// When it is tried again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<Time>,
}

/// How an event ended on a route.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Ending {
    /// The event's id.
    pub event: String,
    /// The event's place in its channel, from 1: ids can come again.
    pub sequence: u64,
    /// The Subscription.
    pub route: String,
    /// The channel.
    pub from: String,
    /// How it ended.
    pub end: End,
    /// How often the subscriber was called.
    pub attempts: u32,
    /// Nanoseconds since the start.
    pub t: Time,
    /// Why, in words.
    pub reason: String,
}

/// How many ended how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    /// Events that producers sent.
    pub events: usize,
    /// Events that came of these: replies and dead letters into channels.
    pub followed: usize,
    /// Endings at a subscriber.
    pub delivered: usize,
    /// Endings at a dead letter sink.
    pub dead_lettered: usize,
    /// Endings nowhere.
    pub lost: usize,
    /// Deliveries that go on for ever.
    pub stuck: usize,
    /// Routes that no dispatcher serves.
    pub not_served: usize,
    /// Events of producers that no channel took.
    pub refused: usize,
    /// Events that a channel dropped for their id.
    pub duplicates: usize,
    /// Events in channels that nobody is subscribed to.
    pub unsubscribed: usize,
}
