//! How JetStream's API speaks of one object: subjects and bodies. Knows no connection.

use serde_json::{Value, json};

use crate::jetstream::Config;
use crate::world::Key;

/// The subjects of one stream or consumer, without the API's prefix.
pub(super) struct Subjects {
    pub(super) info: String,
    pub(super) create: String,
    pub(super) update: String,
    pub(super) delete: String,
    /// A consumer's stream.
    stream: Option<String>,
}

/// What a configuration is sent for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Intent {
    Create,
    Update,
}

impl Subjects {
    /// `None` for what is not JetStream's.
    pub(super) fn of(key: &Key) -> Option<Self> {
        match key {
            Key::Object(_) => None,
            Key::Consumer { stream, name, .. } => Some(Self {
                info: format!("CONSUMER.INFO.{stream}.{name}"),
                create: format!("CONSUMER.CREATE.{stream}.{name}"),
                update: format!("CONSUMER.CREATE.{stream}.{name}"),
                delete: format!("CONSUMER.DELETE.{stream}.{name}"),
                stream: Some(stream.clone().into()),
            }),
            Key::Stream { name, .. } => Some(Self {
                info: format!("STREAM.INFO.{name}"),
                create: format!("STREAM.CREATE.{name}"),
                update: format!("STREAM.UPDATE.{name}"),
                delete: format!("STREAM.DELETE.{name}"),
                stream: None,
            }),
        }
    }

    /// Subject and body of a request with a configuration.
    pub(super) fn request(&self, mut config: Config, intent: Intent) -> (&str, Value) {
        let subject = match intent {
            Intent::Create => &self.create,
            Intent::Update => &self.update,
        };
        let Some(stream) = &self.stream else { return (subject, Value::Object(config)) };
        let name = config.get("durable_name").cloned().unwrap_or_default();
        config.insert("name".to_owned(), name);
        let action = match intent {
            Intent::Create => "create",
            Intent::Update => "update",
        };
        (subject, json!({"stream_name": stream, "config": config, "action": action}))
    }
}
