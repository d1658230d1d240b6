//! Findings as a document of `-o json` (docs/architecture.md, "Output").

use serde_json::{Value, json};

use crate::diag::{Finding, Location, Sources, visible};
use crate::plan::json::API_VERSION;

/// Findings as a document.
pub(in crate::cli) fn document(findings: &[Finding], sources: &Sources) -> Value {
    let all = values(findings, sources);
    json!({"apiVersion": API_VERSION, "kind": "Findings", "findings": all})
}

/// Each finding as it stands in a document.
pub(in crate::cli) fn values(findings: &[Finding], sources: &Sources) -> Vec<Value> {
    findings.iter().map(|finding| value(finding, sources)).collect()
}

/// A document as text. What JSON lets stand and a terminal obeys is escaped: the values stay the same.
pub(in crate::cli) fn print(document: &Value) -> String {
    escaped(&format!("{document:#}\n"))
}

/// As `print`, on one line.
pub(in crate::cli) fn line(document: &Value) -> String {
    escaped(&format!("{document}\n"))
}

fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if c != '\n' && visible::is_hidden(c) {
            let mut units = [0; 2];
            out.extend(c.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")));
        } else {
            out.push(c);
        }
    }
    out
}

/// Every field is there, whatever the finding: what it has not is null.
fn value(finding: &Finding, sources: &Sources) -> Value {
    let mut value = json!({
        "code": finding.code.name(),
        "severity": finding.severity.word(),
        "message": finding.message,
        "help": finding.help,
        "path": finding.path,
        "object": finding.object,
        "related": finding.related.iter().map(|label| {
            let mut place = place(Some(label.at), sources);
            place["message"] = json!(label.text);
            place
        }).collect::<Vec<_>>(),
    });
    if let (Some(fields), Value::Object(place)) =
        (value.as_object_mut(), place(finding.at, sources))
    {
        fields.extend(place);
    }
    value
}

fn place(at: Option<Location>, sources: &Sources) -> Value {
    let start = at.map(|at| sources.position(at.file, at.span.start));
    let end = at.map(|at| sources.position(at.file, at.span.end));
    json!({
        "file": at.map(|at| sources.name(at.file)),
        "line": start.map(|start| start.line),
        "column": start.map(|start| start.column),
        "endLine": end.map(|end| end.line),
        "endColumn": end.map(|end| end.column),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::Code;

    #[test]
    fn nothing_that_a_terminal_obeys_is_printed_and_nothing_is_lost() {
        let message = "\u{1b}[31m \u{9b} \u{7f} \u{202e} \u{e0041} ä\n";
        let finding = Finding::new(Code::YamlSyntax, message, "help");
        let document = document(&[finding], &Sources::default());
        let text = print(&document);
        assert!(!text.chars().any(|c| c != '\n' && visible::is_hidden(c)), "{text}");
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), document);
    }

    #[test]
    fn a_finding_without_a_place_has_every_field() {
        let finding = Finding::new(Code::NoManifests, "what", "help");
        let value = value(&finding, &Sources::default());
        let names: Vec<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
        let mut expected = [
            "code",
            "severity",
            "message",
            "help",
            "file",
            "line",
            "column",
            "endLine",
            "endColumn",
            "path",
            "object",
            "related",
        ];
        expected.sort_unstable();
        assert_eq!(names, expected);
        assert_eq!((&value["file"], &value["line"]), (&Value::Null, &Value::Null));
    }
}
