//! Lines, their indentation, what ends them, and the marks between documents. Knows no values.

use super::Reader;

impl Reader<'_> {
    pub(super) fn byte(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.at >= self.bytes.len()
    }

    pub(super) fn skip_spaces(&mut self) {
        while self.byte() == Some(b' ') {
            self.at += 1;
        }
    }

    /// Whether a dash of a sequence stands here, with something behind it.
    pub(super) fn is_at_item(&self) -> bool {
        self.bytes.get(self.at..).is_some_and(|rest| rest.starts_with(b"- "))
    }

    /// Whether a line begins here that opens a document.
    pub(super) fn is_at_marker(&self) -> bool {
        self.column == 0 && self.bytes.get(self.at..).is_some_and(|rest| rest.starts_with(b"---"))
    }

    /// Passes over the mark that opens a document, where one is here: nothing else may stand in its line.
    pub(super) fn opens_document(&mut self) -> Option<bool> {
        if !self.is_at_marker() {
            return Some(false);
        }
        self.at += "---".len();
        self.end_line()?;
        Some(true)
    }

    /// Ends a line behind a value, and goes on to the next content.
    pub(super) fn end_line(&mut self) -> Option<()> {
        let before = self.at;
        self.skip_spaces();
        match self.byte() {
            None | Some(b'\n') => {}
            Some(b'#') if self.at > before => {}
            Some(_) => return None,
        }
        self.skip_line()?;
        self.next_content()
    }

    /// Goes to the first byte of the next content, from the start of a line on.
    pub(super) fn next_content(&mut self) -> Option<()> {
        loop {
            let start = self.at;
            self.skip_spaces();
            match self.byte() {
                Some(b'\n' | b'#') => self.skip_line()?,
                _ => {
                    self.column = self.at - start;
                    return Some(());
                }
            }
        }
    }

    /// To the start of the next line, over nothing that would have to be looked at.
    fn skip_line(&mut self) -> Option<()> {
        while let Some(byte) = self.byte() {
            self.at += 1;
            match byte {
                b'\n' => break,
                b' '..=b'~' => {}
                _ => return None,
            }
        }
        Some(())
    }
}
