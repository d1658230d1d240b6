//! Cuts a text of many documents between documents, so that its parts can be read side by side.
//! Every part of a text without faults reads as it does within the whole (a property test holds it):
//! a `---` at the start of a line ends the document before it wherever it stands, as neither a block
//! scalar, a quoted scalar nor a flow collection can hold one. A text with directives stays whole, as
//! they stand before the `---` of their document. Parses nothing.

use std::ops::Range;

/// The parts, each of at least so many bytes but for the last; one where the text cannot be cut.
pub fn parts(text: &str, at_least: usize) -> Vec<Range<usize>> {
    let mut parts = Vec::new();
    let mut start = 0;
    for (at, line) in lines(text) {
        if line.starts_with('%') || line.starts_with("...") {
            return std::iter::once(0..text.len()).collect();
        }
        if at - start >= at_least && opens_document(line) {
            parts.push(start..at);
            start = at;
        }
    }
    parts.push(start..text.len());
    parts
}

fn opens_document(line: &str) -> bool {
    line.strip_prefix("---")
        .is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\r', '\n']))
}

/// Every line, as far as it is of matter here: with what stands behind it.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let breaks = memchr::memchr_iter(b'\n', text.as_bytes()).map(|at| at + 1);
    std::iter::once(0).chain(breaks).map(|at| (at, &text[at..]))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::test_runner::{Config, TestRunner};

    use crate::model::yaml::{documents, part};

    #[track_caller]
    fn check(text: &str, parts: &[&str]) {
        let cut: Vec<_> = super::parts(text, 1).into_iter().map(|part| &text[part]).collect();
        assert_eq!(cut, parts);
    }

    #[test]
    fn texts_are_cut_where_a_document_begins() {
        check("", &[""]);
        check("a: 1\n", &["a: 1\n"]);
        check("a: 1\n---\nb: 1\n", &["a: 1\n", "---\nb: 1\n"]);
        check("---\na: 1\n--- # x\r\nb: 1\n---", &["---\na: 1\n", "--- # x\r\nb: 1\n", "---"]);
        check("a: |\n  ---\n  b\n", &["a: |\n  ---\n  b\n"]);
        check("a\n---b\n", &["a\n---b\n"]);
        check("a: 1\n...\n---\nb: 1\n", &["a: 1\n...\n---\nb: 1\n"]);
        check("%YAML 1.2\n---\na: 1\n---\nb: 1\n", &["%YAML 1.2\n---\na: 1\n---\nb: 1\n"]);
    }

    /// Lines that open, close and look like what they are not.
    const LINES: &[&str] = &[
        "---",
        "--- |",
        "--- >-",
        "--- \"x",
        "--- # c",
        "---\tx",
        "---x",
        "--- &a [",
        "---\r",
        "...",
        "%YAML 1.2",
        "a: 1",
        "b: {c: 1}",
        "  d: 2",
        "- x",
        "a: |",
        "a: |1",
        "|",
        "  ---",
        " ---",
        "text",
        "'",
        "\"",
        "x: \"y",
        "[",
        "]",
        "{",
        "}",
        "# c",
        "  # c",
        "a: &x 1",
        "b: *x",
        "*x",
        "&x",
        "? k",
        ": v",
        "!!str",
        "!t",
        "<<: {e: 1}",
        "\u{feff}",
        "\t",
        "",
        "a: 1",
        "kind: A",
    ];

    #[test]
    fn parts_read_as_they_do_within_the_whole() {
        let lines = proptest::collection::vec(proptest::sample::select(LINES), 1..12);
        let config = Config { cases: 4000, failure_persistence: None, ..Config::default() };
        let ordinary = std::cell::Cell::new(0);
        let outcome = TestRunner::new(config).run(&lines, |lines| {
            let text = lines.join("\n");
            let cut = super::parts(&text, 1).into_iter();
            let parts: Option<Vec<_>> = cut.map(|range| part(&text, range)).collect();
            if let Some(parts) = parts {
                ordinary.set(ordinary.get() + usize::from(parts.len() > 1));
                prop_assert_eq!((parts.concat(), Vec::new()), documents(&text), "{}", text);
            }
            Ok(())
        });
        outcome.unwrap();
        assert!(ordinary.get() > 60, "{} texts were cut", ordinary.get());
    }
}
