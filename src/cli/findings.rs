//! Findings as text (miette) and as JSON. The one place that turns a finding into something printed.

use std::fmt;

use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource,
    Severity as Weight, SourceCode,
};
use serde_json::{Value, json};

use crate::diag::{Finding, Location, Severity, Sources};
use crate::plan::json::API_VERSION;

/// Columns of a rendered finding, whatever the terminal: output is the same everywhere.
const WIDTH: usize = 100;

/// Every finding, and a line that counts them.
pub(super) fn render(findings: &[Finding], sources: &Sources, colour: bool) -> String {
    let theme = if colour { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
    let handler = GraphicalReportHandler::new_themed(theme).with_width(WIDTH).with_links(false);
    let mut out = String::new();
    for finding in findings {
        let view = View::of(finding, sources);
        if handler.render_report(&mut out, &view).is_err() {
            out.push_str(&finding.message);
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
    source: Option<NamedSource<String>>,
    labels: Vec<LabeledSpan>,
    elsewhere: Vec<Elsewhere>,
}

/// A label in another file: miette allows one source per diagnostic.
#[derive(Debug)]
struct Elsewhere {
    text: String,
    source: NamedSource<String>,
    label: LabeledSpan,
}

impl<'a> View<'a> {
    fn of(finding: &'a Finding, sources: &Sources) -> Self {
        let named = |at: Location| {
            NamedSource::new(sources.name(at.file), sources.text(at.file).to_owned())
        };
        let mut labels: Vec<LabeledSpan> =
            finding.at.map(|at| span(at, None)).into_iter().collect();
        let mut elsewhere = Vec::new();
        for label in &finding.related {
            if finding.at.is_some_and(|at| at.file == label.at.file) {
                labels.push(span(label.at, Some(&label.text)));
            } else {
                let label_span = span(label.at, None);
                elsewhere.push(Elsewhere {
                    text: label.text.clone(),
                    source: named(label.at),
                    label: label_span,
                });
            }
        }
        Self { finding, source: finding.at.map(named), labels, elsewhere }
    }
}

fn span(at: Location, text: Option<&str>) -> LabeledSpan {
    let range = at.span.start..at.span.end;
    LabeledSpan::new_with_span(text.map(str::to_owned), range)
}

impl fmt::Debug for View<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.finding.fmt(out)
    }
}

impl fmt::Display for View<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.finding.message)
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
        Some(Box::new(&self.finding.help))
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.source.as_ref().map(|source| source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        (!self.labels.is_empty()).then(|| Box::new(self.labels.iter().cloned()) as Box<_>)
    }

    fn related<'b>(&'b self) -> Option<Box<dyn Iterator<Item = &'b dyn Diagnostic> + 'b>> {
        let related = self.elsewhere.iter().map(|place| place as &dyn Diagnostic);
        (!self.elsewhere.is_empty()).then(|| Box::new(related) as Box<_>)
    }
}

impl fmt::Display for Elsewhere {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.text)
    }
}

impl std::error::Error for Elsewhere {}

impl Diagnostic for Elsewhere {
    fn severity(&self) -> Option<Weight> {
        Some(Weight::Advice)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.source)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(std::iter::once(self.label.clone())))
    }
}

/// Findings as a document of `-o json`.
pub(super) fn document(findings: &[Finding], sources: &Sources) -> Value {
    let all: Vec<Value> = findings.iter().map(|finding| value(finding, sources)).collect();
    json!({"apiVersion": API_VERSION, "kind": "Findings", "findings": all})
}

fn value(finding: &Finding, sources: &Sources) -> Value {
    let mut value = json!({
        "code": finding.code.name(),
        "severity": finding.severity.word(),
        "message": finding.message,
        "help": finding.help,
        "path": finding.path,
        "object": finding.object,
        "related": finding.related.iter().map(|label| {
            let mut place = place(label.at, sources);
            place["message"] = json!(label.text);
            place
        }).collect::<Vec<_>>(),
    });
    if let (Some(at), Some(fields)) = (finding.at, value.as_object_mut())
        && let Value::Object(place) = place(at, sources)
    {
        fields.extend(place);
    }
    value
}

fn place(at: Location, sources: &Sources) -> Value {
    let start = sources.position(at.file, at.span.start);
    let end = sources.position(at.file, at.span.end);
    json!({
        "file": sources.name(at.file),
        "line": start.line,
        "column": start.column,
        "endLine": end.line,
        "endColumn": end.column,
    })
}
