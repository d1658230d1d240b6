//! Findings as a log of SARIF 2.1.0, which code scanning services read. Knows nothing of them: what
//! is written is the standard's alone.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::cli::explain;
use crate::diag::{Code, Finding, Label, Location, Severity, Sources};

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// What relative paths are relative to: the name that services give the root of the sources.
const ROOT: &str = "%SRCROOT%";

/// What the fingerprint is called. Another recipe needs another name.
const FINGERPRINT: &str = "evctlFinding/v1";

/// Findings as a log of one run. Its rules are the codes that occur.
pub(in crate::cli) fn log(findings: &[Finding], sources: &Sources) -> Value {
    let mut rules: Vec<Code> = findings.iter().map(|finding| finding.code).collect();
    rules.sort_unstable();
    rules.dedup();
    let mut seen = BTreeMap::new();
    let results: Vec<Value> = findings
        .iter()
        .map(|finding| {
            let print = fingerprint(finding, sources, &mut seen);
            result(finding, rules.binary_search(&finding.code).ok(), &print, sources)
        })
        .collect();
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "evctl",
                "version": env!("CARGO_PKG_VERSION"),
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules.into_iter().map(rule).collect::<Vec<_>>(),
            }},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn rule(code: Code) -> Value {
    json!({
        "id": code.name(),
        "shortDescription": {"text": code.summary()},
        "help": {"text": explain::section(code), "markdown": explain::section(code)},
        "defaultConfiguration": {"level": level(code.severity())},
    })
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

fn result(finding: &Finding, rule: Option<usize>, print: &str, sources: &Sources) -> Value {
    let mut result = json!({
        "ruleId": finding.code.name(),
        "ruleIndex": rule,
        "level": level(finding.severity),
        "message": {"text": format!("{}\nhelp: {}", finding.message, finding.help)},
        "partialFingerprints": {FINGERPRINT: print},
    });
    let location = location(finding, sources);
    if location.as_object().is_some_and(|fields| !fields.is_empty()) {
        result["locations"] = json!([location]);
    }
    if !finding.related.is_empty() {
        let related = finding.related.iter().enumerate();
        result["relatedLocations"] =
            related.map(|(id, label)| beside(id, label, sources)).collect();
    }
    result
}

fn location(finding: &Finding, sources: &Sources) -> Value {
    let mut location = json!({});
    if let Some(at) = finding.at {
        location["physicalLocation"] = place(at, sources);
    }
    if let Some(object) = &finding.object {
        let name = object.rsplit('/').next().unwrap_or(object);
        let mut logical = json!({"name": name, "fullyQualifiedName": object, "kind": "resource"});
        if !finding.path.is_empty() {
            logical["properties"] = json!({"path": finding.path});
        }
        location["logicalLocations"] = json!([logical]);
    }
    location
}

fn beside(id: usize, label: &Label, sources: &Sources) -> Value {
    json!({
        "id": id,
        "physicalLocation": place(label.at, sources),
        "message": {"text": label.text},
    })
}

fn place(at: Location, sources: &Sources) -> Value {
    let start = sources.position(at.file, at.span.start);
    let end = sources.position(at.file, at.span.end);
    json!({
        "artifactLocation": artifact(sources.name(at.file)),
        "region": {
            "startLine": start.line,
            "startColumn": start.column,
            "endLine": end.line,
            "endColumn": end.column,
        },
    })
}

/// A path below the working folder has a base; one that is absolute or climbs out of it has none.
fn artifact(name: &str) -> Value {
    let path = encoded(name);
    if name.starts_with('/') {
        json!({"uri": format!("file://{path}")})
    } else if name.split('/').any(|segment| segment == "..") {
        json!({"uri": path})
    } else {
        json!({"uri": path, "uriBaseId": ROOT})
    }
}

/// A path as a URI has it (RFC 3986): all but unreserved characters and slashes in percent.
fn encoded(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'/') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// What stays the same while lines move: code, object and path; the file where no object is known.
/// The number tells findings apart that agree in all of these.
fn fingerprint(finding: &Finding, sources: &Sources, seen: &mut BTreeMap<String, usize>) -> String {
    let file = || finding.at.map_or("", |at| sources.name(at.file)).to_owned();
    let of = finding.object.clone().unwrap_or_else(file);
    let digest = Sha256::digest([finding.code.name(), &of, &finding.path].join("\0"));
    let hex: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    let count = seen.entry(hex.clone()).or_default();
    *count += 1;
    format!("{hex}:{count}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_artifact(name: &str, expected: &Value) {
        assert_eq!(&artifact(name), expected);
    }

    #[test]
    fn paths_are_uris() {
        check_artifact(
            "a b/ä#?:%.yaml",
            &json!({"uri": "a%20b/%C3%A4%23%3F%3A%25.yaml", "uriBaseId": ROOT}),
        );
        check_artifact("/tmp/a.yaml", &json!({"uri": "file:///tmp/a.yaml"}));
        check_artifact("../a.yaml", &json!({"uri": "../a.yaml"}));
    }

    #[test]
    fn fingerprints_stay_while_lines_move_and_differ_otherwise() {
        use crate::diag::Span;
        let mut sources = Sources::default();
        let file = sources.add("a.yaml", "\n".repeat(9));
        let at = |byte| Location { file, span: Span { start: byte, end: byte } };
        let finding = |byte: usize, path: &str| {
            Finding::new(Code::WrongKind, "what", "help")
                .object("service/a")
                .path(path)
                .at(at(byte))
        };
        let prints = |findings: &[Finding]| {
            let log = log(findings, &sources);
            let results = log["runs"][0]["results"].as_array().unwrap().clone();
            let print =
                |r: &Value| r["partialFingerprints"][FINGERPRINT].as_str().unwrap().to_owned();
            results.iter().map(print).collect::<Vec<_>>()
        };
        assert_eq!(prints(&[finding(0, "a")]), prints(&[finding(7, "a")]));
        let mut three = prints(&[finding(0, "a"), finding(1, "a"), finding(2, "b")]);
        three.sort();
        three.dedup();
        assert_eq!(three.len(), 3);
    }
}
