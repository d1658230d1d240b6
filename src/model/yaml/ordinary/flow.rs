//! Flow collections within one line: `{ref: {kind: Service, name: a}}`, `[a, b]`. Knows nothing of blocks.

use smol_str::SmolStr;

use crate::diag::Span;

use super::super::entries::Entries;
use super::super::{Entry, Node, Value};
use super::{DEPTH, Reader};

impl Reader<'_> {
    /// A collection in brackets or braces.
    pub(super) fn flow(&mut self, depth: usize) -> Option<Node> {
        if depth > DEPTH {
            return None;
        }
        let start = self.at;
        let value = if self.byte() == Some(b'[') {
            self.flow_sequence(depth)?
        } else {
            self.flow_mapping(depth)?
        };
        Some(Node { value, span: Span { start, end: self.at } })
    }

    fn flow_sequence(&mut self, depth: usize) -> Option<Value> {
        let first = self.items.len();
        let mut more = self.opens(b']');
        while more {
            let item = self.flow_value(depth + 1)?;
            self.items.push(item);
            more = self.goes_on(b']')?;
        }
        Some(Value::Sequence(self.items.drain(first..).collect()))
    }

    fn flow_mapping(&mut self, depth: usize) -> Option<Value> {
        let mut entries = Entries::from(self.entries.len());
        let mut more = self.opens(b'}');
        while more {
            let (key, key_span) = self.flow_key()?;
            let value = self.flow_value(depth + 1)?;
            if entries.own(&mut self.entries, Entry { key, key_span, value }).is_some() {
                return None;
            }
            more = self.goes_on(b'}')?;
        }
        Some(Value::Mapping(self.entries.drain(entries.first..).collect()))
    }

    /// Passes over an opening sign; whether anything is before the closing one, which is passed over.
    fn opens(&mut self, close: u8) -> bool {
        self.at += 1;
        self.skip_spaces();
        let is_empty = self.byte() == Some(close);
        self.at += usize::from(is_empty);
        !is_empty
    }

    /// Passes over what follows a member: a comma, behind which one must follow, or the closing sign.
    fn goes_on(&mut self, close: u8) -> Option<bool> {
        self.skip_spaces();
        let byte = self.byte()?;
        self.at += 1;
        if byte == b',' {
            self.skip_spaces();
        }
        (byte == b',' || byte == close).then_some(byte == b',')
    }

    /// A key, its colon and the spaces behind it.
    fn flow_key(&mut self) -> Option<(SmolStr, Span)> {
        let key = if self.byte() == Some(b'"') {
            let Node { value: Value::String(key), span } = self.quoted()? else { return None };
            if self.byte() != Some(b':') {
                return None;
            }
            self.at += 1;
            (key, span)
        } else {
            self.key()?
        };
        let colon = self.at;
        self.skip_spaces();
        (self.at > colon).then_some(key)
    }

    fn flow_value(&mut self, depth: usize) -> Option<Node> {
        match self.byte()? {
            b'{' | b'[' => self.flow(depth),
            b'"' | b'\'' => self.quoted(),
            _ => self.flow_plain(),
        }
    }

    /// A plain text, as far as a sign that ends it; none that could mean something else is read here.
    fn flow_plain(&mut self) -> Option<Node> {
        let start = self.at;
        self.opens_plain()?;
        let mut end = start;
        while let Some(byte) = self.byte() {
            match byte {
                b',' | b']' | b'}' => break,
                b' ' => {}
                _ if byte.is_ascii_alphanumeric() || b"/_.$+*>=@%-()".contains(&byte) => {
                    end = self.at + 1;
                }
                _ => return None,
            }
            self.at += 1;
        }
        self.plain_node(Span { start, end })
    }
}
