//! One YAML document as a located tree: every value knows the bytes it was written in.
//! Plain serde types are decoded from the tree; a finding names a path, and the tree turns
//! the path into a place. Knows nothing of kinds.

mod build;
mod deserialize;
mod embedded;
mod entries;
mod ordinary;
mod part;
mod problem;
mod scalar;
mod size;
mod split;
mod stream;

pub use build::{Document, parsed, part};
pub use embedded::embedded;
pub use problem::Problem;
pub use split::parts;
pub use stream::documents;

use smol_str::SmolStr;

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
    /// Short texts lie in the node itself.
    String(SmolStr),
    Sequence(Box<[Node]>),
    Mapping(Box<[Entry]>),
}

/// One `key: value` of a mapping.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    pub key: SmolStr,
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

    /// The entries, where this is a mapping.
    pub fn entries(&self) -> Option<&[Entry]> {
        match &self.value {
            Value::Mapping(entries) => Some(entries),
            _ => None,
        }
    }

    /// The value under plain keys, one within the other: `spec.delivery.retry`.
    pub fn along(&self, dotted: &str) -> Option<&Self> {
        dotted.split('.').try_fold(self, Self::get)
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
            let all = std::mem::take(entries).into_iter();
            *entries = all.filter(|entry| entry.key != key).collect();
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
        self.below(&path.0)
    }

    /// The place of the value at a path, or of the nearest thing above it that is there.
    pub fn span_at(&self, path: &Path) -> Span {
        self.nearest(&path.0).span
    }

    /// The place of the key that a path ends in, or of the nearest thing above it.
    pub fn key_span_at(&self, path: &Path) -> Span {
        if let Some((Step::Key(key), above)) = path.0.split_last()
            && let Some(entry) = self.below(above).and_then(|node| node.entry(key))
        {
            return entry.key_span;
        }
        self.span_at(path)
    }

    fn step(&self, step: &Step) -> Option<&Self> {
        match step {
            Step::Key(key) => self.get(key),
            Step::Index(index) => match &self.value {
                Value::Sequence(items) => items.get(*index),
                _ => None,
            },
        }
    }

    fn below(&self, steps: &[Step]) -> Option<&Self> {
        steps.iter().try_fold(self, Self::step)
    }

    fn nearest(&self, steps: &[Step]) -> &Self {
        match steps.split_first().and_then(|(step, rest)| Some((self.step(step)?, rest))) {
            Some((node, rest)) => node.nearest(rest),
            None => self,
        }
    }

    /// The tree as JSON. Nulls inside mappings are left out, as the API server leaves them out of
    /// any field that is not nullable.
    pub fn to_json(&self) -> serde_json::Value {
        match &self.value {
            Value::Null => serde_json::Value::Null,
            Value::Bool(value) => serde_json::Value::Bool(*value),
            Value::Number(number) => serde_json::Value::Number(number.clone()),
            Value::String(text) => serde_json::Value::String(text.to_string()),
            Value::Sequence(items) => items.iter().map(Self::to_json).collect(),
            Value::Mapping(entries) => entries
                .iter()
                .filter(|entry| entry.value.value != Value::Null)
                .map(|entry| (entry.key.to_string(), entry.value.to_json()))
                .collect(),
        }
    }
}
