//! Texts within one line: plain, and in quotes without escapes. Knows nothing of collections.

use crate::diag::Span;

use super::super::{Node, Value, scalar};
use super::Reader;

impl Reader<'_> {
    /// A plain text, as far as the end of the line or a comment.
    pub(super) fn plain(&mut self) -> Option<Node> {
        let start = self.at;
        self.opens_plain()?;
        let mut end = start;
        while let Some(byte) = self.byte() {
            match byte {
                b'\n' => break,
                b'#' if end < self.at => break,
                b' ' => {}
                b':' if matches!(self.bytes.get(self.at + 1), None | Some(b' ' | b'\n')) => {
                    return None;
                }
                b'!'..=b'~' => end = self.at + 1,
                _ => return None,
            }
            self.at += 1;
        }
        self.at = end;
        self.plain_node(Span { start, end })
    }

    /// What a plain text means; a float that JSON does not have is a fault, and a merge key means nothing here.
    pub(super) fn plain_node(&self, span: Span) -> Option<Node> {
        let text = &self.text[span.start..span.end];
        if scalar::is_not_finite(text) {
            return None;
        }
        Some(Node { value: scalar::plain(text), span })
    }

    /// Whether a plain text may begin so: not with a sign that means something else.
    pub(super) fn opens_plain(&self) -> Option<()> {
        let is_plain = match self.byte()? {
            b'-' => self.bytes.get(self.at + 1).is_some_and(u8::is_ascii_alphanumeric),
            byte => byte.is_ascii_alphanumeric() || b"/_.$+~^(".contains(&byte),
        };
        is_plain.then_some(())
    }

    /// A text in quotes that holds no escape and ends in its line.
    pub(super) fn quoted(&mut self) -> Option<Node> {
        let start = self.at;
        let quote = self.byte()?;
        loop {
            self.at += 1;
            match self.byte()? {
                byte if byte == quote => break,
                b'\\' if quote == b'"' => return None,
                b' '..=b'~' => {}
                _ => return None,
            }
        }
        self.at += 1;
        if self.byte() == Some(quote) {
            return None;
        }
        let text = &self.text[start + 1..self.at - 1];
        Some(Node { value: Value::String(text.into()), span: Span { start, end: self.at } })
    }
}
