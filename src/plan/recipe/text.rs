//! A recipe as people follow it: numbered steps with commands of the `nats` program.

use serde_json::Value;

use super::{Clients, Recipe, Request, Until};

impl Recipe {
    /// Lines for below a change, without indentation.
    pub fn text(&self) -> Vec<String> {
        let domain = &self.domain;
        let mut lines = vec!["without loss, by hand:".to_owned()];
        lines.extend(self.notes.iter().map(|note| format!("  - {note}")));
        for (at, step) in self.steps.iter().enumerate() {
            lines.push(format!("  {}. {}", at + 1, step.what));
            if step.clients == Some(Clients::Stop) {
                lines.push(
                    "     first stop the consumers' clients: what they acknowledge later would count \
                     for another message"
                        .to_owned(),
                );
            }
            lines.extend(step.requests.iter().map(|one| format!("     {}", one.command(domain))));
            lines.extend(
                step.until.as_ref().map(|until| format!("     go on when {}", until.text())),
            );
        }
        lines
    }
}

impl Request {
    /// The command that sends it.
    pub fn command(&self, domain: &str) -> String {
        let prefix =
            if domain.is_empty() { "$JS.API".to_owned() } else { format!("$JS.{domain}.API") };
        let body = if self.body.is_null() { String::new() } else { self.body.to_string() };
        format!("nats req {} {}", quoted(&format!("{prefix}.{}", self.api)), quoted(&body))
    }

    /// The payload with the start that was read when the step was due.
    pub fn started_at(&self, sequence: u64) -> Value {
        let mut body = self.body.clone();
        let at = self.start.as_ref().map(|start| start.at.as_str()).unwrap_or_default();
        if let Some(number) = body.pointer_mut(at).filter(|_| !at.is_empty()) {
            *number = Value::from(sequence);
        }
        body
    }
}

impl Until {
    fn text(&self) -> String {
        match self {
            Self::CaughtUp { copy, origin } => format!(
                "nats stream info {copy} shows lag 0, and as its last sequence that of {origin}'s last \
                 message"
            ),
            Self::Complete { copy, origin } => format!(
                "nats stream info {copy} shows lag 0, and as its last sequence that of {origin}'s last \
                 message, which stays the same for a second"
            ),
            Self::Unchanged { origin } => format!(
                "nats stream info {origin} shows no newer message than when the end of its copy was \
                 noted; else keep {origin}, and publish what came after the end once more"
            ),
            Self::Gone { stream } => format!("nats stream info {stream} finds nothing"),
        }
    }
}

/// A word of a shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}
