//! A stream that is deleted: its messages, its consumers with their positions, and who copies it.

use serde_json::Value;

use crate::world::{Key, Object};

use super::{Impact, Scales, count, note, size, text};

/// How many names are said before the rest is counted.
const NAMED: usize = 5;

impl Scales<'_> {
    pub(super) fn stream_loss(&self, key: &Key, live: &Object) -> Vec<Impact> {
        let mut parts = Vec::new();
        if let Some(state) = live.state.as_ref().filter(|state| state.messages > 0) {
            let when = match (state.first_time.as_str(), state.last_time.as_str()) {
                ("", _) | (_, "") => String::new(),
                (first, last) => format!(", from {} to {}", second(first), second(last)),
            };
            parts.push(Impact {
                text: format!(
                    "drops all {} ({}{when})",
                    count(state.messages, "message"),
                    size(state.bytes)
                ),
                messages: Some(state.messages),
                bytes: Some(state.bytes),
                estimate: false,
                destructive: true,
            });
        }
        let consumers: Vec<&str> = self.consumers(key).map(|(name, _)| name).collect();
        if !consumers.is_empty() {
            let text = format!(
                "drops {} with the positions: {}",
                count(consumers.len() as u64, "consumer"),
                named(&consumers)
            );
            parts.push(Impact { destructive: true, ..note(text) });
        }
        let copies = self.copies(key);
        if !copies.is_empty() {
            parts.push(note(format!("is copied by {}", named(&copies))));
        }
        parts
    }

    /// Streams of the same site that mirror or source this one.
    fn copies(&self, key: &Key) -> Vec<&str> {
        let Key::Stream { site, name } = key else { return Vec::new() };
        self.live
            .configs()
            .filter_map(|(key, body)| match key {
                Key::Stream { site: at, name: copy } if at == site && copies(body, name) => {
                    Some(copy.as_str())
                }
                _ => None,
            })
            .collect()
    }
}

fn copies(body: &Value, origin: &str) -> bool {
    let mirror = body.get("mirror").into_iter();
    let sources = body.get("sources").and_then(Value::as_array).into_iter().flatten();
    mirror.chain(sources).any(|of| text(of, "name") == origin && of.get("external").is_none())
}

fn named(names: &[&str]) -> String {
    let shown = names.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(NAMED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// An instant without the fraction of its second.
fn second(instant: &str) -> String {
    match instant.split_once('.') {
        Some((whole, _)) => format!("{whole}Z"),
        None => instant.to_owned(),
    }
}
