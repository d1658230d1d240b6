//! Findings as workflow commands of GitHub Actions: a line for each, which the runner takes from the
//! log and shows at its place in the change.

use crate::diag::{Finding, Location, Severity, Sources, visible::visible};

/// A command for every finding.
pub(in crate::cli) fn annotations(findings: &[Finding], sources: &Sources) -> String {
    findings.iter().map(|finding| annotation(finding, sources)).collect()
}

fn annotation(finding: &Finding, sources: &Sources) -> String {
    let command = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "notice",
    };
    let mut properties = finding.at.map(|at| place(at, sources)).unwrap_or_default();
    properties.push(("title", finding.code.name().to_owned()));
    let properties: Vec<String> =
        properties.iter().map(|(name, value)| format!("{name}={}", property(value))).collect();
    format!("::{command} {}::{}\n", properties.join(","), data(&text(finding, sources)))
}

/// Columns may only be given within one line: of a command with others, the runner drops them.
fn place(at: Location, sources: &Sources) -> Vec<(&'static str, String)> {
    let start = sources.position(at.file, at.span.start);
    let end = sources.position(at.file, at.span.end);
    let mut properties =
        vec![("file", sources.name(at.file).to_owned()), ("line", start.line.to_string())];
    if start.line == end.line {
        properties.push(("col", start.column.to_string()));
    }
    properties.push(("endLine", end.line.to_string()));
    if start.line == end.line {
        properties.push(("endColumn", end.column.to_string()));
    }
    properties
}

/// An annotation has one place; the others are named in its text.
fn text(finding: &Finding, sources: &Sources) -> String {
    let mut text = format!("{}\nhelp: {}", finding.message, finding.help);
    for label in &finding.related {
        text.push_str(&format!("\n{}: {}", sources.line_of(label.at), label.text));
    }
    text
}

fn data(text: &str) -> String {
    visible(text).replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::{Code, Span};

    #[track_caller]
    fn check(finding: &Finding, sources: &Sources, expected: &str) {
        assert_eq!(annotation(finding, sources), format!("{expected}\n"));
    }

    #[test]
    fn places_follow_the_rule_of_columns() {
        let mut sources = Sources::default();
        let file = sources.add("a,b:c%.yaml", "ä: b\nc: d\n".to_owned());
        let at = |start, end| Location { file, span: Span { start, end } };
        let finding = |place| Finding::new(Code::SkippedKind, "what", "do").at(place);
        check(
            &finding(at(4, 5)),
            &sources,
            "::notice file=a%2Cb%3Ac%25.yaml,line=1,col=4,endLine=1,endColumn=5,title=skipped-kind::what%0Ahelp: do",
        );
        check(
            &finding(at(4, 7)),
            &sources,
            "::notice file=a%2Cb%3Ac%25.yaml,line=1,endLine=2,title=skipped-kind::what%0Ahelp: do",
        );
        check(
            &Finding::new(Code::NoManifests, "what", "do").related(at(6, 7), "see"),
            &sources,
            "::error title=no-manifests::what%0Ahelp: do%0Aa,b:c%25.yaml:2: see",
        );
    }

    #[test]
    fn no_text_can_begin_another_command() {
        let message = "100%\n::set-env name=A::b\r\u{1b}[0m";
        let finding = Finding::new(Code::ConsumerNotPlanned, message, "a\n::error::b");
        check(
            &finding,
            &Sources::default(),
            r"::warning title=consumer-not-planned::100%25%0A::set-env name=A::b\x0d\x1b[0m%0Ahelp: a%0A::error::b",
        );
    }
}
