//! Secrets in texts: where they stand, so that no finding shows them, and whether a Secret has the
//! form that its kind demands, said without its values.

use crate::diag::{Code, Finding, Span};

use super::decode::Place;
use super::path::Path;
use super::yaml::{Document, Node, Value};

/// Lines that are shown even of a text that cannot be read whole and speaks of Secrets.
const PLAIN: &[&str] = &["apiVersion:", "kind:", "metadata:", "name:", "namespace:", "---"];

/// The annotation in which kubectl repeats all of an object.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// The places to blank out. `broken` says that parts of the text are in no document: then all but
/// the plainest lines go, as nobody can tell what the others are.
pub fn spans(text: &str, documents: &[Document], broken: bool) -> Vec<Span> {
    let mut spans = Vec::new();
    for root in documents.iter().filter_map(|document| document.root.as_ref()) {
        secrets(root, &mut spans);
    }
    if broken && (text.contains("Secret") || text.to_lowercase().contains("kind: secret")) {
        all_but_plain(text, &mut spans);
    }
    spans
}

/// A Secret's values; those of the items of a List too.
fn secrets(node: &Node, spans: &mut Vec<Span>) {
    let kind = node.get("kind").and_then(Node::text).unwrap_or_default();
    if kind.eq_ignore_ascii_case("Secret") {
        if let Value::Mapping(entries) = &node.value {
            let holds = |name: &str| ["data", "stringdata"].contains(&name.to_lowercase().as_str());
            let values = entries.iter().filter(|entry| holds(&entry.key));
            values.for_each(|entry| leaves(&entry.value, spans));
        }
        let applied = Path::of("metadata.annotations").key(LAST_APPLIED);
        spans.extend(node.at(&applied).map(|value| value.span));
    }
    if let Some(Node { value: Value::Sequence(items), .. }) = node.get("items") {
        items.iter().for_each(|item| secrets(item, spans));
    }
}

fn leaves(node: &Node, spans: &mut Vec<Span>) {
    match &node.value {
        Value::Mapping(entries) => entries.iter().for_each(|entry| leaves(&entry.value, spans)),
        Value::Sequence(items) => items.iter().for_each(|item| leaves(item, spans)),
        _ => spans.push(node.span),
    }
}

fn all_but_plain(text: &str, spans: &mut Vec<Span>) {
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let content = line.trim();
        let plain =
            PLAIN.iter().any(|word| content.starts_with(word)) && !content.contains(['{', '[']);
        if !plain && !content.is_empty() {
            let indent = line.len() - line.trim_start().len();
            spans.push(Span { start: start + indent, end: start + line.trim_end().len() });
        }
        start += line.len();
    }
}

/// Every way in which a Secret's values are not texts. The API server refuses some and takes others
/// for something else than was meant.
pub fn faults(place: Place<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for field in ["data", "stringData"] {
        let path = Path::of(field);
        let mut tell = |path: &Path, what: &str, help: &str| {
            let message = format!("`{path}` of this Secret is not {what}");
            let finding = place.finding(Code::WrongType, path, message, help);
            findings.push(finding.at(place.key(path)));
        };
        match place.root.get(field).map(|node| &node.value) {
            None | Some(Value::Null) => {}
            Some(Value::Mapping(entries)) => {
                for entry in entries.iter().filter(|entry| entry.value.text().is_none()) {
                    tell(&path.key(entry.key.as_str()), "text", "put quotes around the value");
                }
            }
            Some(_) => tell(&path, "a mapping", "write one `name: value` a line"),
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::yaml;

    #[track_caller]
    fn check(text: &str) {
        let (documents, problems) = yaml::documents(text);
        let mut shown = text.to_owned();
        for span in spans(text, &documents, !problems.is_empty()) {
            shown.replace_range(span.start..span.end, &"*".repeat(span.end - span.start));
        }
        assert!(!shown.contains("hunter2"), "{shown}");
    }

    #[test]
    fn no_secret_stays_readable() {
        check("kind: Secret\nmetadata: {name: a}\nstringData:\n  a: hunter2\n");
        check("kind: Secret\nmetadata: {name: a}\ndata: {a: hunter2}\n");
        check("kind: List\nitems:\n- kind: Secret\n  metadata: {name: a}\n  data: {a: hunter2}\n");
        check("kind: Secret\nmetadata: {name: a}\nstringData:\n  a: hunter2\n  b: [\n");
        check("kind: Secret\nname: a\nstringData: {a: hunter2\n");
        check("kind: Secret\nname: a\nstringData:\n  a: |\n    hunter2\n  b: [\n");
        check("kind: Secret\nstringData: {a: x, a: hunter2}\n");
        check("{\"kind\": \"Secret\",, \"stringData\": {\n\"a\": \"hunter2\"\n}}");
        check("- stringData:\n    a: hunter2\n  kind: Secret\n b: [\n");
        check("kind: Secret\n\"stringData\":\n  a: hunter2\n  b: [\n");
        check(
            "kind: Secret\nmetadata: {annotations: {kubectl.kubernetes.io/last-applied-configuration: 'hunter2'}}\n",
        );
        check("kind: Secret\nstringData:\n  p: abc\nhunter2\n");
    }
}
