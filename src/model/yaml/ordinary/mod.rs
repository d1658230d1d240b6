//! Block style as nearly every manifest is written, read straight into trees, without a parser's events
//! (docs/decisions/0012). Anything beyond it (anchors, tags, block scalars that fold, quotes over several lines, tabs,
//! a fault of any kind) is left to the parser, whole: `None`. What is read here is what the parser makes of it,
//! to the byte; a property test holds it. Has no words for faults, and knows nothing of kinds.

#[cfg(test)]
mod agreement;
mod flow;
mod line;
mod literal;
mod scalar;

use std::ops::Range;

use smol_str::SmolStr;

use crate::diag::Span;

use super::build::Document;
use super::entries::Entries;
use super::{Entry, Node, Value};

/// Levels that are read here: recursion stays shallow, and far from the limit on depth.
const DEPTH: usize = 32;

/// Bytes that are read here, so that no document comes near the limit on nodes.
const BYTES: usize = 1_000_000;

/// Every document of a part of a text that begins and ends between documents, with places in the whole.
pub(super) fn documents(text: &str, part: Range<usize>) -> Option<Vec<Document>> {
    if part.len() > BYTES {
        return None;
    }
    let text = text.get(..part.end)?;
    let mut reader = Reader { text, bytes: text.as_bytes(), at: part.start, ..Reader::default() };
    reader.next_content()?;
    let mut documents = Vec::new();
    while !reader.is_at_end() {
        let opened = reader.opens_document()?;
        if opened && (reader.is_at_end() || reader.is_at_marker()) {
            documents.push(Document { root: None });
            continue;
        }
        let root = reader.mapping(0)?;
        if !reader.is_at_end() && !reader.is_at_marker() {
            return None;
        }
        documents.push(Document { root: Some(root) });
    }
    Some(documents)
}

/// A text while it is read. Between values, it stands at the first byte of a line's content.
#[derive(Default)]
struct Reader<'text> {
    /// As far as it is read here.
    text: &'text str,
    bytes: &'text [u8],
    at: usize,
    /// Spaces before the content of the line.
    column: usize,
    /// What has been read of the collections that are still open, the innermost last.
    items: Vec<Node>,
    entries: Vec<Entry>,
}

impl Reader<'_> {
    /// A block mapping whose keys stand where the reader stands.
    fn mapping(&mut self, depth: usize) -> Option<Node> {
        let (start, column) = (self.at, self.column);
        let mut entries = Entries::from(self.entries.len());
        let mut end;
        loop {
            let (key, key_span) = self.key()?;
            let value = self.value(column, depth + 1)?;
            end = value.span.end;
            let entry = Entry { key, key_span, value };
            if entries.own(&mut self.entries, entry).is_some() {
                return None;
            }
            if self.is_at_end() || self.column < column || self.byte() == Some(b'-') {
                break;
            }
            if self.column > column {
                return None;
            }
        }
        let value = Value::Mapping(self.entries.drain(entries.first..).collect());
        Some(Node { value, span: Span { start, end } })
    }

    /// A block sequence whose dashes stand where the reader stands, below a key at a column. As the parser
    /// has it, one that is no deeper than its key begins with its first item.
    fn sequence(&mut self, below: usize, depth: usize) -> Option<Node> {
        let (mut start, column) = (self.at, self.column);
        let first = self.items.len();
        let mut end = start;
        while !self.is_at_end() && self.column == column && self.is_at_item() {
            let dash = self.at;
            self.at += 1;
            self.skip_spaces();
            self.column += self.at - dash;
            let item = if self.is_at_key() {
                self.mapping(depth + 1)?
            } else {
                self.in_line(column, depth + 1)?
            };
            if column == below && self.items.len() == first {
                start = item.span.start;
            }
            end = item.span.end;
            self.items.push(item);
        }
        if self.column > column && !self.is_at_end() {
            return None;
        }
        let value = Value::Sequence(self.items.drain(first..).collect());
        Some(Node { value, span: Span { start, end } })
    }

    /// The value of a key that stands at a column; the reader stands behind the colon.
    fn value(&mut self, column: usize, depth: usize) -> Option<Node> {
        if depth > DEPTH {
            return None;
        }
        let colon = self.at;
        self.skip_spaces();
        match self.byte() {
            None | Some(b'\n') => {}
            Some(b'#') if self.at > colon => {}
            Some(_) if self.at > colon => return self.in_line(column, depth),
            Some(_) => return None,
        }
        self.at = colon;
        self.end_line()?;
        if !self.is_at_end() && self.column >= column && self.is_at_item() {
            return self.sequence(column, depth);
        }
        if !self.is_at_end() && self.column > column {
            return self.mapping(depth);
        }
        // As the parser has it, nothing stands at the colon.
        let at = colon - 1;
        Some(Node { value: Value::Null, span: Span { start: at, end: at } })
    }

    /// A value that stands in the line, below a key or a dash at a column.
    fn in_line(&mut self, column: usize, depth: usize) -> Option<Node> {
        if self.byte() == Some(b'|') {
            return self.literal(column);
        }
        let node = match self.byte()? {
            b'{' | b'[' => self.flow(depth)?,
            b'"' | b'\'' => self.quoted()?,
            _ => self.plain()?,
        };
        self.end_line()?;
        // A deeper line goes on with the text.
        (self.is_at_end() || self.column <= column).then_some(node)
    }

    /// A key, as far as behind its colon.
    fn key(&mut self) -> Option<(SmolStr, Span)> {
        let start = self.at;
        let end = self.key_end()?;
        self.at = end + 1;
        let text = &self.text[start..end];
        // `on`, `null` and `.inf` are no texts.
        let Value::String(key) = super::scalar::plain(text) else { return None };
        (!super::scalar::is_not_finite(text)).then_some((key, Span { start, end }))
    }

    fn is_at_key(&self) -> bool {
        self.key_end()
            .is_some_and(|end| matches!(self.bytes.get(end + 1), None | Some(b' ' | b'\n')))
    }

    /// Where the colon of a key is that stands here.
    fn key_end(&self) -> Option<usize> {
        let rest = self.bytes.get(self.at..)?;
        if !rest.first()?.is_ascii_alphabetic() {
            return None;
        }
        let is_of_key = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-./".contains(byte);
        let length = rest.iter().take(256).position(|byte| !is_of_key(byte))?;
        (rest[length] == b':').then_some(self.at + length)
    }
}
