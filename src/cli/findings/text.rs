//! Findings as text for people, drawn by miette.

use std::borrow::Cow;
use std::fmt;

use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, Severity as Weight, SourceCode,
};

use crate::diag::visible::visible;
use crate::diag::{Finding, Label, Location, Severity, Sources, Span};

use super::excerpt::{CONTEXT, Excerpt};

/// Columns of a rendered finding, whatever the terminal: output is the same everywhere.
const WIDTH: usize = 100;

/// Every finding, and a line that counts them.
pub(in crate::cli) fn render(findings: &[Finding], sources: &Sources, colour: bool) -> String {
    let theme = if colour { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
    let handler = GraphicalReportHandler::new_themed(theme)
        .with_width(WIDTH)
        .with_context_lines(CONTEXT)
        .with_links(false);
    let mut out = String::new();
    for finding in findings {
        let view = View::of(finding, sources);
        if handler.render_report(&mut out, &view).is_err() {
            out.push_str(&view.message);
        }
        out.push('\n');
    }
    out + &count(findings)
}

fn count(findings: &[Finding]) -> String {
    let of =
        |severity: Severity| findings.iter().filter(|finding| finding.severity == severity).count();
    let several = |count: usize, word: &str| match count {
        1 => format!("1 {word}"),
        _ => format!("{count} {word}s"),
    };
    format!(
        "{}, {}, {}\n",
        several(of(Severity::Error), "error"),
        several(of(Severity::Warning), "warning"),
        several(of(Severity::Note), "note")
    )
}

/// A finding as miette wants it.
struct View<'a> {
    finding: &'a Finding,
    message: Cow<'a, str>,
    help: Cow<'a, str>,
    excerpt: Option<Excerpt<'a>>,
    labels: Vec<LabeledSpan>,
    elsewhere: Vec<Elsewhere<'a>>,
}

/// A label in another file, or too far along a line that is cut: miette allows one source per
/// diagnostic.
struct Elsewhere<'a> {
    text: Cow<'a, str>,
    excerpt: Excerpt<'a>,
    label: LabeledSpan,
}

impl<'a> View<'a> {
    fn of(finding: &'a Finding, sources: &'a Sources) -> Self {
        let excerpt = finding.at.map(|at| excerpt(finding, at, sources));
        let mut labels = Vec::new();
        if let (Some(at), Some(excerpt)) = (finding.at, &excerpt) {
            labels.push(primary(at, excerpt));
        }
        let mut elsewhere = Vec::new();
        for label in &finding.related {
            match &excerpt {
                Some(excerpt) if is_beside(finding, label) && excerpt.shows(label.at.span) => {
                    let text = visible(&label.text).into_owned();
                    let span = excerpt.span(label.at.span);
                    labels.push(LabeledSpan::new_with_span(Some(text), span));
                }
                _ => elsewhere.push(Elsewhere::of(label, sources)),
            }
        }
        let (message, help) = (visible(&finding.message), visible(&finding.help));
        Self { finding, message, help, excerpt, labels, elsewhere }
    }
}

impl<'a> Elsewhere<'a> {
    fn of(label: &'a Label, sources: &'a Sources) -> Self {
        let excerpt = Excerpt::of(sources, label.at.file, &[label.at.span]);
        let span = primary(label.at, &excerpt);
        Self { text: visible(&label.text), excerpt, label: span }
    }
}

fn is_beside(finding: &Finding, label: &Label) -> bool {
    finding.at.is_some_and(|at| at.file == label.at.file)
}

/// The lines of the finding's own place, and of the labels in the same file.
fn excerpt<'a>(finding: &Finding, at: Location, sources: &'a Sources) -> Excerpt<'a> {
    let beside = finding.related.iter().filter(|label| is_beside(finding, label));
    let places: Vec<Span> =
        std::iter::once(at.span).chain(beside.map(|label| label.at.span)).collect();
    Excerpt::of(sources, at.file, &places)
}

fn primary(at: Location, excerpt: &Excerpt<'_>) -> LabeledSpan {
    let more = match excerpt.hidden_lines(at.span) {
        0 => None,
        1 => Some("and the line that follows".to_owned()),
        lines => Some(format!("and {lines} lines that follow")),
    };
    LabeledSpan::new_primary_with_span(more, excerpt.span(at.span))
}

impl fmt::Debug for View<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.finding.fmt(out)
    }
}

impl fmt::Display for View<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.message)
    }
}

impl std::error::Error for View<'_> {}

impl Diagnostic for View<'_> {
    fn code<'b>(&'b self) -> Option<Box<dyn fmt::Display + 'b>> {
        Some(Box::new(self.finding.code.name()))
    }

    fn severity(&self) -> Option<Weight> {
        Some(match self.finding.severity {
            Severity::Error => Weight::Error,
            Severity::Warning => Weight::Warning,
            Severity::Note => Weight::Advice,
        })
    }

    fn help<'b>(&'b self) -> Option<Box<dyn fmt::Display + 'b>> {
        Some(Box::new(&self.help))
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.excerpt.as_ref().map(|excerpt| excerpt as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        (!self.labels.is_empty()).then(|| Box::new(self.labels.iter().cloned()) as Box<_>)
    }

    fn related<'b>(&'b self) -> Option<Box<dyn Iterator<Item = &'b dyn Diagnostic> + 'b>> {
        let related = self.elsewhere.iter().map(|place| place as &dyn Diagnostic);
        (!self.elsewhere.is_empty()).then(|| Box::new(related) as Box<_>)
    }
}

impl fmt::Debug for Elsewhere<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.label.fmt(out)
    }
}

impl fmt::Display for Elsewhere<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.text)
    }
}

impl std::error::Error for Elsewhere<'_> {}

impl Diagnostic for Elsewhere<'_> {
    fn severity(&self) -> Option<Weight> {
        Some(Weight::Advice)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.excerpt)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(std::iter::once(self.label.clone())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::{Code, FileId};

    fn at(file: FileId, text: &str, word: &str) -> Location {
        let start = text.find(word).unwrap();
        Location { file, span: Span { start, end: start + word.len() } }
    }

    fn finding(at: Location) -> Finding {
        Finding::new(Code::DuplicateKey, "what", "do").at(at)
    }

    /// What is handed to miette for a finding is a few lines, wherever in however long a file.
    #[test]
    fn twenty_thousand_findings_hand_over_a_few_lines_each() {
        let text = "key: value that is of no importance\n".repeat(100_000);
        let mut sources = Sources::default();
        let file = sources.add("a.yaml", text);
        let findings: Vec<Finding> = (0..20_000)
            .map(|number| {
                let start = number * 5 * 36;
                finding(Location { file, span: Span { start, end: start + 3 } })
            })
            .collect();
        let handed = findings.iter().map(|finding| View::of(finding, &sources).handed());
        assert_eq!(handed.clone().max(), Some(3 * 36));
        assert_eq!(handed.sum::<usize>(), 20_000 * 3 * 36 - 36);
        let all = render(&findings[19_900..], &sources, false);
        assert_eq!(all.lines().filter(|line| *line == "duplicate-key").count(), 100);
        assert!(all.contains("a.yaml:99996:1"), "{all}");
    }

    impl View<'_> {
        fn handed(&self) -> usize {
            let elsewhere = self.elsewhere.iter().map(|place| place.excerpt.size());
            self.excerpt.as_ref().map_or(0, Excerpt::size) + elsewhere.sum::<usize>()
        }
    }

    #[test]
    fn a_line_of_a_megabyte_shows_a_window_around_each_place() {
        let text = format!("{{\"first\": 1, {} \"last\": 2}}", "\"k\": [], ".repeat(120_000));
        let mut sources = Sources::default();
        let file = sources.add("a.json", text.clone());
        let finding =
            finding(at(file, &text, "\"last\"")).related(at(file, &text, "\"first\""), "see");
        let shown = render(&[finding], &sources, false);
        assert!(shown.len() < 2_000, "{}", shown.len());
        assert!(shown.contains(&format!("a.json:1:{}", text.find("\"last\"").unwrap() + 1)));
        for words in ["\"last\": 2}", "{\"first\": 1", "…", "☞ see", "a.json:1:2"] {
            assert!(shown.contains(words), "{words}: {shown}");
        }
    }

    #[test]
    fn a_label_in_another_file_shows_that_file() {
        let mut sources = Sources::default();
        let (here, there) = ("a: 1\nhere: 2\n", "b: 1\n\nthere: 2\nc: 3\n");
        let (a, b) = (sources.add("a.yaml", here.into()), sources.add("b.yaml", there.into()));
        let finding = finding(at(a, here, "here")).related(at(b, there, "there"), "the other one");
        let shown = render(&[finding], &sources, false);
        for words in
            ["[a.yaml:2:1]", "2 │ here: 2", "☞ the other one", "[b.yaml:3:1]", "3 │ there: 2"]
        {
            assert!(shown.contains(words), "{words}: {shown}");
        }
    }

    #[test]
    fn the_head_names_the_findings_own_place_in_characters() {
        let mut sources = Sources::default();
        let text = "first: ä\nä: {last: 1}\n";
        let file = sources.add("a.yaml", text.into());
        let finding = finding(at(file, text, "last")).related(at(file, text, "first"), "see");
        let shown = render(&[finding], &sources, false);
        assert!(shown.contains("[a.yaml:2:5]") && !shown.contains("[a.yaml:1:1]"), "{shown}");
    }

    #[test]
    fn nothing_that_a_terminal_obeys_is_printed() {
        let mut sources = Sources::default();
        let evil = "\u{1b}]0;title\u{7}\u{9b}2J\0\r\u{202e}";
        let text = format!("a: {evil}\nb: {evil}word{evil}\n");
        let file = sources.add(format!("{evil}.yaml"), text.clone());
        let other = sources.add("b.yaml", text.clone());
        let finding = Finding::new(Code::YamlSyntax, evil, evil)
            .at(at(file, &text, "word"))
            .related(at(file, &text, "a"), evil)
            .related(at(other, &text, "b"), evil);
        let shown = render(&[finding], &sources, false);
        let hidden = |c: char| c != '\n' && crate::diag::visible::is_hidden(c);
        assert!(!shown.contains(hidden), "{shown:?}");
        assert!(shown.contains(r"\x1b]0;title\x07\x9b2J\x00\x0d\u202eword"), "{shown}");
    }

    #[test]
    fn a_tall_place_says_how_far_it_goes() {
        let mut sources = Sources::default();
        let file = sources.add("a.yaml", "a: b\n".repeat(1000));
        let place = Location { file, span: Span { start: 0, end: 5000 } };
        let shown = render(&[finding(place)], &sources, false);
        assert!(shown.contains("and 999 lines that follow"), "{shown}");
        assert!(shown.lines().count() < 15, "{shown}");
    }

    proptest::proptest! {
        /// Whatever places a finding has, in whatever text, it is drawn and its first line is right.
        #[test]
        fn any_places_in_any_text_can_be_drawn(
            text in "([a-z:ä漢 \\t\u{1b}\u{202e}]{0,9}(\\n|\\r\\n|\\r)?){0,30}",
            places in proptest::collection::vec((0usize..300, 0usize..300), 1..5),
        ) {
            let mut sources = Sources::default();
            let file = sources.add("a.yaml", text.clone());
            let place = |(start, length): &(usize, usize)| {
                let start = text.floor_char_boundary(*start);
                let in_break = text.as_bytes().get(start) == Some(&b'\n');
                let start = if in_break { text[..start].trim_end_matches('\r').len() } else { start };
                Location { file, span: Span { start, end: text.ceil_char_boundary(start + length) } }
            };
            let mut finding = finding(place(&places[0]));
            for other in &places[1..] {
                finding = finding.related(place(other), "label");
            }
            let shown = render(std::slice::from_ref(&finding), &sources, false);
            let hidden = |c: char| c != '\n' && crate::diag::visible::is_hidden(c);
            assert!(!shown.contains(hidden), "{shown:?}");
            let start = sources.position(file, place(&places[0]).span.start);
            let head = format!("[a.yaml:{}:{}]", start.line, start.column);
            assert!(shown.contains(&head), "no {head}:\n{shown}");
            assert_eq!(shown.matches("label").count(), places.len() - 1, "{shown}");
        }
    }
}
