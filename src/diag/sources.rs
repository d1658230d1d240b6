//! The texts that findings point into: files by number, places by byte, lines and columns on demand.
//! Reads no file itself.

use std::sync::OnceLock;

use super::Finding;
use super::origin::Origins;

/// The number of a file within one run, in order of reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct FileId(pub u32);

/// Bytes of a file's text, end exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Span {
    pub start: usize,
    pub end: usize,
}

/// A span in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Location {
    pub file: FileId,
    pub span: Span,
}

/// A line and column, both from 1; columns count characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    pub line: usize,
    pub column: usize,
}

/// The shortest text that counts as a secret in messages: shorter ones are words of every sentence.
const SHORTEST: usize = 4;

/// How much of a long secret is enough to know it by.
const ENOUGH: usize = 8;

/// A text without a secret, or any longer beginning of it.
fn without(text: &str, secret: &str) -> String {
    let head: String = secret.chars().take(ENOUGH).collect();
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(&head) {
        let (before, from) = rest.split_at(at);
        // A step of a path is no value.
        if before.ends_with(['.', '[']) {
            let (name, further) = from.split_at(head.len());
            out = out + before + name;
            rest = further;
            continue;
        }
        let same = from.chars().zip(secret.chars()).take_while(|(a, b)| a == b);
        let length: usize = same.map(|(a, _)| a.len_utf8()).sum();
        out += before;
        out += "***";
        rest = from.get(length..).unwrap_or_default();
    }
    out + rest
}

struct Source {
    name: String,
    text: String,
    /// The byte at which each line begins, once somebody asks.
    lines: OnceLock<Vec<usize>>,
}

impl Source {
    fn lines(&self) -> &[usize] {
        self.lines.get_or_init(|| {
            let breaks = memchr::memchr_iter(b'\n', self.text.as_bytes());
            std::iter::once(0).chain(breaks.map(|at| at + 1)).collect()
        })
    }
}

/// Every text of a run.
#[derive(Default)]
pub struct Sources {
    texts: Vec<Source>,
    /// What was blanked out, by file, for messages that repeat it.
    hidden: Vec<(FileId, String)>,
    /// Where generated texts come from.
    pub origins: Origins,
}

impl Sources {
    /// Takes a text in and gives it its number. `name` is how output calls the file.
    pub fn add(&mut self, name: impl Into<String>, text: String) -> FileId {
        self.texts.push(Source { name: name.into(), text, lines: OnceLock::new() });
        FileId(u32::try_from(self.texts.len() - 1).unwrap_or(u32::MAX))
    }

    /// Blanks a place out, byte for byte: what stands there must reach no output.
    pub fn hide(&mut self, at: Location) {
        let Some(source) = self.texts.get_mut(at.file.0 as usize) else { return };
        let hidden: Option<String> = source.text.get(at.span.start..at.span.end).map(|text| {
            let star = |c: char| if c == '\n' { "\n".to_owned() } else { "*".repeat(c.len_utf8()) };
            text.chars().map(star).collect()
        });
        if let Some(hidden) = hidden {
            source.text.replace_range(at.span.start..at.span.end, &hidden);
        }
    }

    /// Blanks a secret out, and takes it out of messages that repeat it.
    pub fn hide_secret(&mut self, at: Location) {
        let text = self.text(at.file).get(at.span.start..at.span.end).unwrap_or_default();
        let secret = text.trim_matches(['"', '\'']);
        if secret.chars().count() >= SHORTEST && secret.contains(|c: char| c != '*') {
            let secret = secret.to_owned();
            self.hidden.push((at.file, secret));
        }
        self.hide(at);
    }

    /// Takes out of findings what was blanked out of their files, even where a message has cut it.
    pub fn scrub(&self, findings: &mut [Finding]) {
        for finding in findings {
            let Some(at) = finding.at else { continue };
            for (_, secret) in self.hidden.iter().filter(|(file, _)| *file == at.file) {
                finding.message = without(&finding.message, secret);
                finding.help = without(&finding.help, secret);
            }
        }
    }

    /// Every file, in order of reading.
    pub fn files(&self) -> impl Iterator<Item = FileId> + use<> {
        (0..u32::try_from(self.texts.len()).unwrap_or(u32::MAX)).map(FileId)
    }

    /// How output calls the file.
    pub fn name(&self, file: FileId) -> &str {
        self.texts.get(file.0 as usize).map_or("?", |source| &source.name)
    }

    /// The whole text of the file.
    pub fn text(&self, file: FileId) -> &str {
        self.texts.get(file.0 as usize).map_or("", |source| &source.text)
    }

    /// The number of the line that a byte is in, from 1.
    pub fn line_number(&self, file: FileId, byte: usize) -> usize {
        let lines = self.texts.get(file.0 as usize).map_or(&[][..], Source::lines);
        lines.partition_point(|start| *start <= byte).max(1)
    }

    /// The bytes of a line without its break; `None` where the file has no such line.
    pub fn line(&self, file: FileId, number: usize) -> Option<Span> {
        let source = self.texts.get(file.0 as usize)?;
        let start = *source.lines().get(number.checked_sub(1)?)?;
        let Some(next) = source.lines().get(number) else {
            return Some(Span { start, end: source.text.len() });
        };
        let text = source.text.get(start..next - 1)?;
        Some(Span { start, end: start + text.strip_suffix('\r').unwrap_or(text).len() })
    }

    /// The line and column of a byte.
    pub fn position(&self, file: FileId, byte: usize) -> Position {
        let Some(source) = self.texts.get(file.0 as usize) else {
            return Position { line: 1, column: 1 };
        };
        let line = self.line_number(file, byte);
        let start = source.lines().get(line - 1).copied().unwrap_or(0);
        let before = source.text.get(start..byte).unwrap_or("");
        Position { line, column: before.chars().count() + 1 }
    }

    /// `file:line` of a place, as plans print it.
    pub fn line_of(&self, at: Location) -> String {
        let at = self.origins.of(at);
        format!("{}:{}", self.name(at.file), self.position(at.file, at.span.start).line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, byte: usize, line: usize, column: usize) {
        let mut sources = Sources::default();
        let file = sources.add("a.yaml", text.to_owned());
        assert_eq!(sources.position(file, byte), Position { line, column });
    }

    #[test]
    fn lines_are_without_their_breaks() {
        let mut sources = Sources::default();
        let file = sources.add("a.yaml", "ab\r\nc\n\nd\r".to_owned());
        let line =
            |number| sources.line(file, number).map(|at| &sources.text(file)[at.start..at.end]);
        let all: Vec<_> = (0..6).map(line).collect();
        assert_eq!(all, [None, Some("ab"), Some("c"), Some(""), Some("d\r"), None]);
        assert_eq!((0..9).map(|byte| sources.line_number(file, byte)).max(), Some(4));
    }

    #[test]
    fn positions() {
        check("", 0, 1, 1);
        check("a: b\n", 3, 1, 4);
        check("a: b\nc: d\n", 5, 2, 1);
        check("ä: b\n", 4, 1, 4);
        check("a\n", 2, 2, 1);
        check("a", 99, 1, 1);
    }
}
