//! What could not be read of a cluster. What was not read is neither there nor absent: nothing is made in
//! its place, and nothing of it is deleted. Knows no server.

use serde::{Deserialize, Serialize};

use crate::model::ObjectKey;

use super::Cluster;

/// A kind that could not be listed, in one namespace or everywhere.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Unread {
    pub group: String,
    pub kind: String,
    /// Where; `None` for the whole cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// The server's status and words.
    pub why: String,
    /// The HTTP status.
    pub code: u16,
    /// What lets it be read, such as the rule that a role lacks.
    pub help: String,
}

impl Unread {
    /// Whether the object is among what could not be read.
    pub fn covers(&self, key: &ObjectKey) -> bool {
        key.is(&self.group, &self.kind)
            && (self.namespace.is_none() || self.namespace.as_deref() == key.namespace.as_deref())
    }
}

impl Cluster {
    /// Why nobody knows whether an object is there, where nobody does.
    pub fn unread(&self, key: &ObjectKey) -> Option<&Unread> {
        self.unread.iter().find(|unread| unread.covers(key))
    }
}
