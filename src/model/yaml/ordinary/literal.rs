//! Literal block scalars: `|` and `|-`. Knows nothing of values in a line.

use crate::diag::Span;

use super::super::{Node, Value};
use super::Reader;

impl Reader<'_> {
    /// The lines below a `|`, all deeper than a column, to where the next content stands.
    pub(super) fn literal(&mut self, column: usize) -> Option<Node> {
        self.at += 1;
        let strips = self.byte() == Some(b'-');
        self.at += usize::from(strips);
        if self.byte() != Some(b'\n') {
            return None;
        }
        self.at += 1;
        let indentation = self.spaces();
        if indentation <= column {
            return None;
        }
        let (mut text, mut blank) = (String::new(), 0);
        let start = self.at + indentation;
        loop {
            if self.byte() == Some(b'\n') {
                blank += 1;
                self.at += 1;
                continue;
            }
            if self.spaces() < indentation {
                break;
            }
            let content = self.at + indentation;
            let end = self.literal_line(content)?;
            (0..blank).for_each(|_| text.push('\n'));
            text.push_str(&self.text[content..end]);
            text.push('\n');
            blank = 0;
            self.at = end + 1;
        }
        if strips {
            text.pop();
        }
        // As the parser has it, the empty lines behind it belong to it, and what indents the next.
        let end = self.at + self.spaces();
        if end > self.at && matches!(self.bytes.get(end), None | Some(b'\n')) {
            return None;
        }
        self.next_content()?;
        if !self.is_at_end() && self.column > column {
            return None;
        }
        Some(Node { value: Value::String(text.into()), span: Span { start, end } })
    }

    fn spaces(&self) -> usize {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        rest.iter().take_while(|byte| **byte == b' ').count()
    }

    /// Where a line of text ends, which holds more than spaces.
    fn literal_line(&self, content: usize) -> Option<usize> {
        let rest = self.bytes.get(content..)?;
        let length = rest.iter().position(|byte| !matches!(byte, b' '..=b'~'))?;
        let is_text = rest[..length].iter().any(|byte| *byte != b' ');
        (is_text && rest[length] == b'\n').then_some(content + length)
    }
}
