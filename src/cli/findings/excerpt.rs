//! The lines of a file that a finding shows, and no others: miette reads these instead of the whole
//! text, so a finding costs the same wherever it stands. Long lines are cut to a window, tall places
//! to their first line, and what a terminal would obey is escaped. Knows nothing of findings.

use std::collections::BTreeMap;
use std::ops::Range;

use miette::{MietteError, MietteSpanContents, SourceCode, SourceSpan, SpanContents};

use crate::diag::visible::{escape, is_hidden, visible};
use crate::diag::{FileId, Sources, Span};

/// Lines before and after a place.
pub(super) const CONTEXT: usize = 1;
/// A place of more lines than this shows its first one.
const TALL: usize = 10;
/// Characters that are shown of a line.
const WIDE: usize = 120;
/// Of these, characters before the place.
const BEFORE: usize = 40;

/// Lines of one file, made fit to show.
pub(super) struct Excerpt<'a> {
    sources: &'a Sources,
    file: FileId,
    name: String,
    text: String,
    rows: Vec<Row>,
    /// Bytes of the file, and where they came to stand in the text; both rise.
    marks: Vec<(usize, usize)>,
}

struct Row {
    number: usize,
    /// Where the row begins in the text.
    start: usize,
    /// The bytes of the file that are shown.
    shown: Range<usize>,
}

impl<'a> Excerpt<'a> {
    /// The lines of these places. Where two of them are on one line that is cut, the first counts.
    pub(super) fn of(sources: &'a Sources, file: FileId, places: &[Span]) -> Self {
        let name = visible(sources.name(file)).into_owned();
        let (text, rows, marks) = (String::new(), Vec::new(), Vec::new());
        let mut excerpt = Self { sources, file, name, text, rows, marks };
        for (number, focus) in excerpt.lines(places) {
            if let Some(line) = sources.line(file, number) {
                excerpt.push(number, line, focus);
            }
        }
        excerpt
    }

    /// The numbers of the lines, each with the byte that must be seen.
    fn lines(&self, places: &[Span]) -> BTreeMap<usize, usize> {
        let mut lines = BTreeMap::new();
        for place in places {
            let (first, last) = self.extent(self.clipped(*place));
            lines.entry(first).or_insert(place.start);
            for number in first..=last {
                lines.entry(number).or_default();
            }
        }
        let own: Vec<usize> = lines.keys().copied().collect();
        for number in own {
            for near in number.saturating_sub(CONTEXT)..=number + CONTEXT {
                if !self.is_end(near) {
                    lines.entry(near).or_default();
                }
            }
        }
        lines
    }

    /// Whether a line is but the end of a text whose last line has a break.
    fn is_end(&self, number: usize) -> bool {
        let end = self.sources.text(self.file).len();
        self.sources.line(self.file, number).is_some_and(|line| line.start == end)
    }

    /// The first and last line of a place; a break that it ends in begins no line.
    fn extent(&self, place: Span) -> (usize, usize) {
        let first = self.sources.line_number(self.file, place.start);
        let last = self.sources.line_number(self.file, place.end);
        let begins = |line: Span| line.start == place.end;
        let at_break = last > first && self.sources.line(self.file, last).is_some_and(begins);
        (first, if at_break { last - 1 } else { last })
    }

    /// How many lines of a place are not shown.
    pub(super) fn hidden_lines(&self, place: Span) -> usize {
        let (first, last) = self.extent(place);
        if last - first >= TALL { last - first } else { 0 }
    }

    /// The place without the break it ends in; of a tall one, the rest of its first line.
    fn clipped(&self, place: Span) -> Span {
        let last = self.extent(place).1 - self.hidden_lines(place);
        let end = self.sources.line(self.file, last).map_or(place.end, |line| line.end);
        Span { start: place.start, end: place.end.min(end).max(place.start) }
    }

    fn push(&mut self, number: usize, line: Span, focus: usize) {
        let all = self.sources.text(self.file).get(line.start..line.end).unwrap_or_default();
        let window = window(all, focus.saturating_sub(line.start));
        let shown = line.start + window.start..line.start + window.end;
        self.rows.push(Row { number, start: self.text.len(), shown: shown.clone() });
        self.marks.push((line.start, self.text.len()));
        if window.start > 0 {
            self.text.push('…');
        }
        for (at, c) in all.get(window.clone()).unwrap_or_default().char_indices() {
            self.marks.push((shown.start + at, self.text.len()));
            if c != '\t' && is_hidden(c) {
                self.text.push_str(&escape(c));
            } else {
                self.text.push(c);
            }
        }
        self.marks.push((shown.end, self.text.len()));
        if window.end < all.len() {
            self.text.push('…');
        }
        self.text.push('\n');
    }

    /// Whether the beginning of a place can be seen.
    pub(super) fn shows(&self, place: Span) -> bool {
        self.rows.iter().any(|row| row.shown.start <= place.start && place.start <= row.shown.end)
    }

    /// Where a place stands in this text.
    pub(super) fn span(&self, place: Span) -> Range<usize> {
        let place = self.clipped(place);
        self.shown_at(place.start)..self.shown_at(place.end)
    }

    fn shown_at(&self, byte: usize) -> usize {
        let after = self.marks.partition_point(|(original, _)| *original <= byte);
        after.checked_sub(1).and_then(|at| self.marks.get(at)).map_or(0, |(_, shown)| *shown)
    }

    /// The column, from 0, of a place in this text as the file has it.
    fn column(&self, shown: usize) -> usize {
        let after = self.marks.partition_point(|(_, at)| *at <= shown);
        let mark = after.checked_sub(1).and_then(|at| self.marks.get(at));
        mark.map_or(0, |(byte, _)| self.sources.position(self.file, *byte).column - 1)
    }

    fn row_at(&self, shown: usize) -> usize {
        self.rows.partition_point(|row| row.start <= shown).saturating_sub(1)
    }

    /// The rows of a range and those around; `None` where the file has lines between that are not here.
    fn around(&self, span: Range<usize>, before: usize, after: usize) -> Option<(usize, usize)> {
        let mut first = self.row_at(span.start);
        let mut last = self.row_at(span.end.max(span.start + 1) - 1);
        let follows = |row: usize| {
            let number = |at: usize| self.rows.get(at).map(|row| row.number);
            number(row).zip(number(row + 1)).is_some_and(|(this, next)| this + 1 == next)
        };
        if !(first..last).all(follows) {
            return None;
        }
        for _ in 0..before {
            first -= usize::from(first > 0 && follows(first - 1));
        }
        for _ in 0..after {
            last += usize::from(follows(last));
        }
        Some((first, last))
    }
}

/// What is shown of a line: all of it, or so many characters around a byte.
fn window(line: &str, focus: usize) -> Range<usize> {
    let focus = line.floor_char_boundary(focus);
    let (left, _) = line.split_at(focus);
    let start = left.char_indices().rev().nth(BEFORE - 1).map_or(0, |(at, _)| at);
    let fits = |start: usize| {
        let rest = line.get(start..).unwrap_or_default();
        rest.char_indices().nth(WIDE).map_or(line.len(), |(at, _)| start + at)
    };
    let end = fits(start);
    if end < line.len() {
        return start..end;
    }
    line.char_indices().rev().nth(WIDE - 1).map_or(0, |(at, _)| at).min(start)..end
}

impl SourceCode for Excerpt<'_> {
    fn read_span<'b>(
        &'b self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'b> + 'b>, MietteError> {
        let range = span.offset()..span.offset() + span.len();
        let column = if before == 0 { self.column(range.start) } else { 0 };
        let (first, last) = self.around(range, before, after).ok_or(MietteError::OutOfBounds)?;
        let row = self.rows.get(first).ok_or(MietteError::OutOfBounds)?;
        let end = self.rows.get(last + 1).map_or(self.text.len(), |next| next.start);
        Ok(Box::new(MietteSpanContents::new_named(
            self.name.clone(),
            self.text.as_bytes().get(row.start..end).unwrap_or_default(),
            (row.start, end - row.start).into(),
            row.number - 1,
            column,
            last - first + 1,
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Excerpt<'_> {
        /// How many bytes miette gets to read.
        pub(in crate::cli::findings) fn size(&self) -> usize {
            self.text.len()
        }
    }

    fn excerpt(text: &str, places: &[Span]) -> (String, Vec<String>) {
        let mut sources = Sources::default();
        let file = sources.add("a.yaml", text.to_owned());
        let excerpt = Excerpt::of(&sources, file, places);
        let marked = |place: &Span| excerpt.text[excerpt.span(*place)].to_owned();
        (excerpt.text.clone(), places.iter().map(marked).collect())
    }

    #[track_caller]
    fn check(text: &str, places: &[(usize, usize)], shown: &str, marked: &[&str]) {
        let places: Vec<Span> =
            places.iter().map(|(start, end)| Span { start: *start, end: *end }).collect();
        let (text, marks) = excerpt(text, &places);
        assert_eq!((text.as_str(), marks), (shown, marked.iter().map(|m| (*m).into()).collect()));
    }

    #[test]
    fn lines_around_places() {
        let text = "a: 1\nb: 2\nc: 3\nd: 4\ne: 5\nf: 6\n";
        check(text, &[(5, 6)], "a: 1\nb: 2\nc: 3\n", &["b"]);
        check(text, &[(28, 29), (0, 1)], "a: 1\nb: 2\ne: 5\nf: 6\n", &["6", "a"]);
        check(text, &[(5, 15)], "a: 1\nb: 2\nc: 3\nd: 4\n", &["b: 2\nc: 3"]);
        check("a", &[(1, 1)], "a\n", &[""]);
        check("", &[(0, 0)], "\n", &[""]);
        check("a\n", &[(2, 2)], "a\n\n", &[""]);
        check("a\n", &[(99, 99)], "a\n\n", &[""]);
    }

    #[test]
    fn hidden_characters() {
        check(
            "a: \u{1b}[0m\r\nb\tc",
            &[(3, 7), (9, 10)],
            "a: \\x1b[0m\nb\tc\n",
            &["\\x1b[0m", "b"],
        );
        check("x\ry\u{202e}\n", &[(2, 3)], "x\\x0dy\\u202e\n", &["y"]);
    }

    #[test]
    fn long_lines_show_a_window() {
        let line = "ä".repeat(1000);
        let (text, marks) = excerpt(&line, &[Span { start: 1000, end: 1004 }]);
        assert_eq!(text, format!("…{}…\n", "ä".repeat(WIDE)));
        assert_eq!(marks, ["ää"]);
        let (text, _) = excerpt(&line, &[Span { start: 0, end: 2000 }]);
        assert_eq!(text, format!("{}…\n", "ä".repeat(WIDE)));
        let (text, marks) = excerpt(&line, &[Span { start: 1998, end: 2000 }]);
        assert_eq!((text, marks[0].as_str()), (format!("…{}\n", "ä".repeat(WIDE)), "ä"));
    }

    #[test]
    fn tall_places_show_their_first_line() {
        let text = "a: b\n".repeat(1000);
        let place = Span { start: 6, end: 5000 };
        let (shown, marks) = excerpt(&text, &[place]);
        assert_eq!((shown.as_str(), marks[0].as_str()), ("a: b\na: b\na: b\n", ": b"));
        let mut sources = Sources::default();
        let file = sources.add("a", text);
        assert_eq!(Excerpt::of(&sources, file, &[place]).hidden_lines(place), 998);
    }
}
