//! How much a tree holds, for the limits on what aliases repeat. Knows no text.

use super::{Node, Value};

/// How much text a node holds, keys included.
pub(super) fn text_bytes(node: &Node) -> usize {
    match &node.value {
        Value::String(text) => text.len(),
        Value::Sequence(items) => items.iter().map(text_bytes).sum(),
        Value::Mapping(entries) => {
            entries.iter().map(|entry| entry.key.len() + text_bytes(&entry.value)).sum()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
    }
}

/// How many levels a node has below itself. It is within the limit on depth, and so is this.
pub(super) fn height(node: &Node) -> usize {
    match &node.value {
        Value::Sequence(items) => items.iter().map(height).max().map_or(0, |below| below + 1),
        Value::Mapping(entries) => {
            entries.iter().map(|entry| height(&entry.value)).max().map_or(0, |below| below + 1)
        }
        _ => 0,
    }
}
