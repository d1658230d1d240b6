//! events.openfunction.io/v1alpha1 (shared/facts/openfunction-and-argo.md §1): EventSource, Trigger
//! and event buses, in the shipped dialect and in the two that were proposed before it. The dialect
//! is told by the shape of a document; each is decoded by its own types and normalised into the
//! one form below, which is all that the rest of evctl reads.

mod bus;
pub mod condition;
pub mod data_filter;
mod dialect;
mod parts;
mod proposed;
mod source;
mod source_rules;
mod trigger;
mod trigger_rules;

use crate::model::kinds::Kind;
use crate::model::path::Path;

pub use bus::EventBusSpec;
pub use parts::{SinkReference, SinkSpec};
pub use proposed::{FirstEventBusSpec, FirstEventSourceSpec, FirstTriggerSpec, SecondTriggerSpec};
pub use source::EventSourceSpec;
pub use trigger::TriggerSpec;

use data_filter::DataFilter;

/// The group of every kind here.
pub const GROUP: &str = "events.openfunction.io";

const VERSION: &str = "v1alpha1";

/// The kinds of the family. Schemas are those of the shipped dialect, which is all that a cluster
/// takes.
pub const KINDS: &[Kind] = &[
    Kind {
        read: dialect::event_source,
        ..Kind::of::<EventSourceSpec>(GROUP, "EventSource", VERSION)
    },
    Kind { read: dialect::trigger, ..Kind::of::<TriggerSpec>(GROUP, "Trigger", VERSION) },
    Kind { read: dialect::event_bus, ..Kind::of::<EventBusSpec>(GROUP, "EventBus", VERSION) },
    Kind {
        read: dialect::event_bus,
        ..Kind::of::<EventBusSpec>(GROUP, "ClusterEventBus", VERSION).in_cluster()
    },
];

/// What a manifest of the family says.
#[derive(Debug, Clone)]
pub enum OpenFunction {
    EventSource(Box<EventSource>),
    Trigger(Box<Trigger>),
    EventBus(Box<EventBus>),
}

/// Which of the three shapes a document has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Dialect {
    /// The proposal of 2021-07: `eventSources` with filters, sinks as `ref`, buses under `nats`.
    First,
    /// The proposal of 2021-08: `inputs` as a list.
    Second,
    /// What the CRDs have.
    #[default]
    Shipped,
}

impl Dialect {
    /// The fields of an input that name the EventSource and the event.
    pub fn input_fields(self) -> (&'static str, &'static str) {
        match self {
            Self::First | Self::Second => ("eventSourceName", "eventName"),
            Self::Shipped => ("eventSource", "event"),
        }
    }
}

/// Where events come from.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct EventSource {
    pub dialect: Dialect,
    /// The bus that gets the events.
    pub event_bus: Option<String>,
    /// What gets them besides, or instead.
    pub sink: Option<SinkSpec>,
    pub events: Vec<Event>,
}

/// One kind of event that a source makes.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// `kafka`, `cron`, `mqtt` or `redis`.
    pub kind: &'static str,
    pub name: String,
}

impl Event {
    /// Where the event is declared.
    pub fn path(&self) -> Path {
        Path::of("spec").key(self.kind).key(&self.name)
    }
}

/// Which events go where.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Trigger {
    pub dialect: Dialect,
    pub event_bus: Option<String>,
    pub inputs: Vec<Input>,
    pub subscribers: Vec<Subscriber>,
}

/// One kind of event that a Trigger listens to, under a name that conditions use.
#[derive(Debug, Clone, PartialEq)]
pub struct Input {
    /// Where it is declared.
    pub path: Path,
    pub name: String,
    /// The source's namespace; the Trigger's where it is absent.
    pub namespace: Option<String>,
    pub source: String,
    pub event: String,
    /// All of them must pass.
    pub filters: Vec<DataFilter>,
}

/// Where events go while a condition holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Subscriber {
    /// Where it is declared.
    pub path: Path,
    pub condition: String,
    pub destinations: Vec<Destination>,
    /// Where events go that could not be delivered, as declared. The shipped handler never does it.
    pub dead_letters: Vec<Destination>,
}

/// A place for events, and where it is declared.
#[derive(Debug, Clone, PartialEq)]
pub struct Destination {
    pub path: Path,
    pub to: Target,
}

/// Something with an address, or a topic of the Trigger's bus.
#[derive(Debug, Clone, PartialEq)]
pub enum Target {
    Sink(SinkSpec),
    /// The topic as it is: no namespace goes before it.
    Topic(String),
}

/// The server that carries events from sources to triggers.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct EventBus {
    pub dialect: Dialect,
    /// URL and cluster id, where it says them: two buses of one server are one.
    pub server: Option<(String, String)>,
    /// Whether the generated functions are scaled by the bus's lag.
    pub scaled: bool,
}

/// The topic of an event on its bus. Nothing is escaped.
pub fn topic(namespace: &str, source: &str, event: &str) -> String {
    format!("{namespace}-{source}-{event}")
}
