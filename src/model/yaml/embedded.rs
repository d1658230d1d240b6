//! YAML inside of a text value, such as an entry of a ConfigMap: its tree knows the places of the
//! file around it, line by line where the text is a literal block. Knows nothing of kinds.

use crate::diag::Span;

use super::{Node, Problem, Value, documents};

/// The first document inside of a text value, and everything that is wrong with it. `source` is the
/// whole text of the file that the value stands in.
pub fn embedded(source: &str, value: &Node) -> (Option<Node>, Vec<Problem>) {
    let Some(text) = value.text() else { return (None, Vec::new()) };
    let places = Places::of(source, value.span, text);
    let (found, mut problems) = documents(text);
    if !problems.is_empty() {
        problems = places.problems(source, text);
    }
    let mut root = found.into_iter().find_map(|document| document.root);
    if let Some(root) = &mut root {
        place(root, &places);
    }
    (root, problems)
}

fn place(node: &mut Node, places: &Places) {
    node.span = places.outer(node.span);
    match &mut node.value {
        Value::Sequence(items) => items.iter_mut().for_each(|item| place(item, places)),
        Value::Mapping(entries) => {
            for entry in entries {
                entry.key_span = places.outer(entry.key_span);
                place(&mut entry.value, places);
            }
        }
        _ => {}
    }
}

/// Where the bytes of a text value stand in its file.
struct Places {
    /// Of every line: its first byte in the text, and in the file. Empty where the two do not run
    /// side by side.
    lines: Vec<(usize, usize)>,
    /// The value as a whole.
    whole: Span,
}

impl Places {
    fn of(source: &str, whole: Span, text: &str) -> Self {
        let lines = literal(source, whole, text).or_else(|| verbatim(source, whole, text));
        Self { lines: lines.unwrap_or_default(), whole }
    }

    /// What is wrong with the text, in words that count the lines of the file.
    fn problems(&self, source: &str, text: &str) -> Vec<Problem> {
        let first = self.byte(0).unwrap_or_default();
        let above = source.get(..first).map_or(0, |above| above.matches('\n').count());
        let (_, mut problems) = documents(&format!("{}{text}", "\n".repeat(above)));
        for problem in &mut problems {
            let back = |byte: usize| byte.saturating_sub(above);
            let span = Span { start: back(problem.span.start), end: back(problem.span.end) };
            problem.span = self.outer(span);
        }
        problems
    }

    fn outer(&self, inner: Span) -> Span {
        match (self.byte(inner.start), self.byte(inner.end)) {
            (Some(start), Some(end)) if end >= start => Span { start, end },
            (Some(start), _) => Span { start, end: start },
            _ => self.whole,
        }
    }

    fn byte(&self, inner: usize) -> Option<usize> {
        let line = self.lines.partition_point(|(start, _)| *start <= inner).checked_sub(1)?;
        let (start, outer) = self.lines.get(line)?;
        Some((outer + inner - start).min(self.whole.end.max(*outer)))
    }
}

/// The lines of a literal block: each is a line of the file without its indentation.
fn literal(source: &str, whole: Span, text: &str) -> Option<Vec<(usize, usize)>> {
    let above = source.get(..whole.start)?;
    let indentation = whole.start - above.rfind('\n').map_or(0, |at| at + 1);
    if !text.contains('\n') || !above.ends_with(&" ".repeat(indentation)) {
        return None;
    }
    // Empty lines at the top stand before the place that the parser gives.
    let top = text.len() - text.trim_start_matches('\n').len();
    let mut lines = vec![(0, whole.start)];
    let (mut inner, mut outer) = (top, whole.start);
    for (number, line) in text.get(top..)?.split('\n').enumerate() {
        if number > 0 {
            outer += source.get(outer..)?.find('\n')? + 1;
            let spaces = source.get(outer..)?.bytes().take(indentation);
            outer += spaces.take_while(|byte| *byte == b' ').count();
        }
        if !source.get(outer..)?.starts_with(line) {
            return None;
        }
        lines.push((inner, outer));
        inner += line.len() + 1;
        let last = inner > text.len();
        if last || (inner == text.len() && text.ends_with('\n')) {
            break;
        }
    }
    Some(lines)
}

/// The one line of a text that is written as it is read, in quotes or without.
fn verbatim(source: &str, whole: Span, text: &str) -> Option<Vec<(usize, usize)>> {
    let written = source.get(whole.start..whole.end)?;
    let plain = written == text;
    let quoted = |quote: char| {
        written.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote)) == Some(text)
    };
    match (plain, quoted('"') || quoted('\'')) {
        (true, _) => Some(vec![(0, whole.start)]),
        (_, true) => Some(vec![(0, whole.start + 1)]),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Path;

    fn inner(source: &str) -> (Node, Vec<Problem>) {
        let (documents, problems) = documents(source);
        assert_eq!(problems, [], "{source}");
        let root = documents[0].root.as_ref().unwrap();
        let (inner, problems) = embedded(source, root.get("a").unwrap());
        (inner.unwrap(), problems)
    }

    #[track_caller]
    fn check(source: &str, path: &str, snippet: &str) {
        let (inner, _) = inner(source);
        let span = inner.span_at(&Path::of(path));
        assert_eq!(&source[span.start..span.end], snippet, "{source}");
    }

    #[test]
    fn places_are_those_of_the_file() {
        check("a: |\n  x: 1\n  why:\n    z: two # c\n\nb: 1\n", "why.z", "two");
        check("a: |\n  x: 1\n\n  why: three\n", "why", "three");
        check("a: |\n\n  x: 1\n  why: three\n", "why", "three");
        check("a: |2\n    x: 1\n    why: three\n", "why", "three");
        check("a: |-\n    x: 1\n    why: [p, qu]\n", "why", "[p, qu]");
        check("b: 1\na: |\r\n  x: 1\r\n  why: three\r\n", "why", "three");
        check("a: \"{x: one}\"\n", "x", "one");
        check("a: '{x: one}'\n", "x", "one");
        check("{\"a\": \"{x: one}\"}\n", "x", "one");
    }

    #[test]
    fn what_does_not_run_side_by_side_is_shown_whole() {
        check("a: \"x: 1\\nwhy: 2\\n\"\n", "why", "\"x: 1\\nwhy: 2\\n\"");
        check("a: >\n  {x: 1,\n  why: 2}\n", "why", "{x: 1,\n  why: 2}\n");
    }

    #[test]
    fn problems_are_placed_too() {
        let source = "a: |\n  x: 1\n  x: 2\n";
        let (_, problems) = inner(source);
        let span = problems[0].span;
        assert_eq!((span.start, &source[span.start..span.end]), (14, "x"));
        assert!(problems[0].message.ends_with("line 2"), "{}", problems[0].message);
    }
}
