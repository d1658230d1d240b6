//! One document that names an object, and what evctl understands of it.
//! Knows nothing of how it was read, nor of what it refers to.

use std::sync::{Arc, OnceLock};

use serde_json::Value;

use crate::diag::{FileId, Location};

use super::config_maps::ConfigMap;
use super::decode::Place;
use super::knative::eventing::Eventing;
use super::knative::flows::Flow;
use super::knative::messaging::Messaging;
use super::knative::sinks::SinkKind;
use super::knative::sources::Source;
use super::nack::Nack;
use super::natsjs::NatsJetStreamChannelSpec;
use super::object::ObjectKey;
use super::object_model::ObjectModel;
use super::openfunction::OpenFunction;
use super::yaml::Node;

/// One document that names an object.
#[derive(Debug, Clone)]
pub struct Manifest {
    pub key: ObjectKey,
    pub api_version: String,
    pub file: FileId,
    /// The tree that findings point into.
    pub root: Arc<Node>,
    pub typed: Typed,
    body: OnceLock<Value>,
}

/// What evctl understands of a manifest, by family.
#[derive(Debug, Clone)]
pub enum Typed {
    Messaging(Messaging),
    NatsJetStreamChannel(Box<NatsJetStreamChannelSpec>),
    Eventing(Eventing),
    Flow(Flow),
    Source(Source),
    Sink(SinkKind),
    Nack(Nack),
    ConfigMap(ConfigMap),
    ObjectModel(ObjectModel),
    OpenFunction(OpenFunction),
    /// A kind that passes through: planned as it stands, and a possible sink.
    Other,
    /// A known kind whose document has faults of shape. It can be referred to, and nothing more.
    Broken,
}

impl Manifest {
    pub fn new(
        key: ObjectKey,
        api_version: String,
        file: FileId,
        root: Node,
        typed: Typed,
    ) -> Self {
        Self { key, api_version, file, root: Arc::new(root), typed, body: OnceLock::new() }
    }

    /// The object as it would be sent, nulls left out.
    pub fn body(&self) -> &Value {
        self.body.get_or_init(|| self.root.to_json())
    }

    /// As `body`, for who keeps it: a project has thousands, and nearly all of them are asked for once.
    pub fn own_body(&self) -> Value {
        self.body.get().cloned().unwrap_or_else(|| self.root.to_json())
    }

    /// The tree with its file.
    pub fn place(&self) -> Place<'_> {
        Place { file: self.file, root: &self.root }
    }

    /// Where the object says its name: what a finding about the whole of it points at.
    pub fn name_location(&self) -> Location {
        let name = self.root.along("metadata.name").or_else(|| self.root.get("metadata"));
        Location { file: self.file, span: name.unwrap_or(&self.root).span }
    }

    /// The text at a path of plain keys.
    pub fn text(&self, path: &str) -> Option<&str> {
        self.root.along(path).and_then(Node::text)
    }
}
