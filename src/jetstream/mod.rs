//! What JetStream's server does with a configuration, known without asking it: names, what it fills
//! in, what it lets change; and what the controllers of the NATS channel and of NACK ask of it. Pure:
//! no client, no clock. Configurations are raw JSON in the server's own words, so that nothing unknown
//! is lost.

pub mod change;
pub mod channel;
pub mod consumer;
pub mod decode;
pub mod field;
pub mod go;
pub mod metadata;
pub mod nack;
pub mod naming;
pub mod reach;
pub mod refusal;
pub mod server;
pub mod stream;
pub mod subject_index;
pub mod transform;
pub mod version;
pub mod wildcard;

use serde_json::{Map, Value};

/// A stream's or consumer's configuration as the server's API has it; durations in nanoseconds.
pub type Config = Map<String, Value>;
