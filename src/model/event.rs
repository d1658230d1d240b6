//! A CloudEvent as people write one on a command line and as simulations carry it.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

/// One event: its context attributes, by name, and its data.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Event {
    /// Context attributes and extensions: `id`, `source`, `type`, `subject`…
    pub attributes: BTreeMap<String, String>,
    /// The payload, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<String>,
}

impl Event {
    /// The value of an attribute; empty where the event does not have it.
    pub fn attribute(&self, name: &str) -> &str {
        self.attributes.get(name).map_or("", String::as_str)
    }

    pub fn id(&self) -> &str {
        self.attribute("id")
    }

    pub fn kind(&self) -> &str {
        self.attribute("type")
    }

    /// The event with one attribute more, or with another value of it.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.attributes.insert(name.to_owned(), value.into());
        self
    }

    /// Reads `type=order.created,source=/shop,subject=7`. What CloudEvents requires and the text
    /// does not say is filled in: id `1`, source `/evctl`.
    ///
    /// # Errors
    /// What is wrong with the text, with the way it should look.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut event =
            Self::default().with("id", "1").with("source", "/evctl").with("specversion", "1.0");
        for pair in text.split(',') {
            let Some((name, value)) = pair.split_once('=') else {
                return Err(format!(
                    "`{pair}` is not name=value, as in type=order.created,source=/shop"
                ));
            };
            if name.is_empty()
                || !name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
            {
                return Err(format!(
                    "`{name}` is no attribute name: lower-case letters and digits only"
                ));
            }
            if value.is_empty() {
                return Err(format!("the attribute `{name}` is empty"));
            }
            event = event.with(name, value);
        }
        match event.kind() {
            "" => Err("the event has no type; write type=order.created".to_owned()),
            _ => Ok(event),
        }
    }
}

impl fmt::Display for Event {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} ({} from {})", self.id(), self.kind(), self.attribute("source"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_read_from_the_command_line() {
        let event = Event::parse("type=order.created,subject=7").unwrap();
        assert_eq!(event.kind(), "order.created");
        assert_eq!((event.id(), event.attribute("source")), ("1", "/evctl"));
        for bad in ["", "type", "source=/a", "Type=a", "type=", "type=a,b"] {
            assert!(Event::parse(bad).is_err(), "{bad}");
        }
    }
}
