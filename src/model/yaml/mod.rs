//! One YAML document as a located tree: every value knows the bytes it was written in.
//! Plain serde types are decoded from the tree's JSON; a finding names a path, and the tree turns
//! the path into a place. Knows nothing of kinds.

mod build;
mod embedded;
mod entries;
mod problem;
mod scalar;
mod stream;

pub use build::Document;
pub use embedded::embedded;
pub use problem::Problem;
pub use stream::documents;

use crate::diag::Span;

use super::path::{Path, Step};

/// A value and where it was written. A value that came through an alias or a merge key keeps the
/// place of its anchor, where it can be changed.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    pub value: Value,
    pub span: Span,
}

/// What a node holds, with the scalars already read as Kubernetes reads them.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Null,
    Bool(bool),
    Number(serde_json::Number),
    String(String),
    Sequence(Vec<Node>),
    Mapping(Vec<Entry>),
}

/// One `key: value` of a mapping.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    pub key: String,
    pub key_span: Span,
    pub value: Node,
}

impl Node {
    /// The value under a key, where this is a mapping that has it.
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// The entry of a key, where this is a mapping that has it.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        match &self.value {
            Value::Mapping(entries) => entries.iter().find(|entry| entry.key == key),
            _ => None,
        }
    }

    /// The value under a key, to be changed.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Self> {
        match &mut self.value {
            Value::Mapping(entries) => {
                entries.iter_mut().find(|entry| entry.key == key).map(|entry| &mut entry.value)
            }
            _ => None,
        }
    }

    /// The value at a path of keys, to be changed.
    pub fn at_mut(&mut self, path: &Path) -> Option<&mut Self> {
        path.0.iter().try_fold(self, |node, step| match step {
            Step::Key(key) => node.get_mut(key),
            Step::Index(index) => match &mut node.value {
                Value::Sequence(items) => items.get_mut(*index),
                _ => None,
            },
        })
    }

    /// Takes the entry of a key away, where this is a mapping that has it.
    pub fn remove(&mut self, key: &str) {
        if let Value::Mapping(entries) = &mut self.value {
            entries.retain(|entry| entry.key != key);
        }
    }

    /// The text, where this is a string.
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// The value at a path.
    pub fn at(&self, path: &Path) -> Option<&Self> {
        path.0.iter().try_fold(self, |node, step| match step {
            Step::Key(key) => node.get(key),
            Step::Index(index) => match &node.value {
                Value::Sequence(items) => items.get(*index),
                _ => None,
            },
        })
    }

    /// The place of the value at a path, or of the nearest thing above it that is there.
    pub fn span_at(&self, path: &Path) -> Span {
        (0..=path.0.len())
            .rev()
            .find_map(|len| self.at(&Path(path.0[..len].to_vec())).map(|node| node.span))
            .unwrap_or(self.span)
    }

    /// The place of the key that a path ends in, or of the nearest thing above it.
    pub fn key_span_at(&self, path: &Path) -> Span {
        if let Some((Step::Key(key), above)) = path.0.split_last()
            && let Some(entry) = self.at(&Path(above.to_vec())).and_then(|node| node.entry(key))
        {
            return entry.key_span;
        }
        self.span_at(path)
    }

    /// The tree as JSON. Nulls inside mappings are left out, as the API server leaves them out of
    /// any field that is not nullable.
    pub fn to_json(&self) -> serde_json::Value {
        match &self.value {
            Value::Null => serde_json::Value::Null,
            Value::Bool(value) => serde_json::Value::Bool(*value),
            Value::Number(number) => serde_json::Value::Number(number.clone()),
            Value::String(text) => serde_json::Value::String(text.clone()),
            Value::Sequence(items) => items.iter().map(Self::to_json).collect(),
            Value::Mapping(entries) => entries
                .iter()
                .filter(|entry| entry.value.value != Value::Null)
                .map(|entry| (entry.key.clone(), entry.value.to_json()))
                .collect(),
        }
    }
}
