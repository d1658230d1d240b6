//! A server's no, in its own code and words, and evctl's where the server would say nothing.

use serde_json::Value;

/// Why a configuration or a change will not be carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// `err_code` of the API's error. None: the server takes the request and drops the field
    /// without a word (unknown fields, up to 2.11), so evctl refuses in its place.
    pub err_code: Option<u16>,
    /// `description` of the API's error, or evctl's own sentence.
    pub text: String,
    /// The field to look at, by its name on the wire; empty where no single one is to blame.
    pub field: &'static str,
}

impl Refusal {
    pub fn new(err_code: u16, field: &'static str, text: impl Into<String>) -> Self {
        Self { err_code: Some(err_code), text: text.into(), field }
    }

    /// What the server would drop in silence.
    pub fn dropped(field: &'static str, text: impl Into<String>) -> Self {
        Self { err_code: None, text: text.into(), field }
    }

    /// A stable word for findings and plans.
    pub fn code(&self) -> &'static str {
        if self.err_code.is_some() { "refused-by-server" } else { "field-dropped-by-server" }
    }

    /// Whether an answer of the API is this refusal: the code, and the text, unless that is Go's own
    /// sentence about JSON (10025), or goes on to say what each server lacks (10005).
    pub fn is_answer(&self, error: &Value) -> bool {
        let code = error["err_code"].as_u64() == self.err_code.map(u64::from);
        let text = error["description"].as_str().unwrap_or_default();
        let text = match self.err_code {
            Some(10025) => true,
            Some(10005) => text.starts_with(&self.text),
            _ => text == self.text,
        };
        code && text
    }
}
