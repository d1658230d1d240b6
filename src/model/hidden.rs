//! Where secrets stand in a text, so that no finding shows them: the values of every Secret, and in
//! a file that cannot be read whole, whatever looks like one.

use crate::diag::Span;

use super::yaml::{Document, Node, Value};

/// The places to blank out. `broken` says that parts of the text are in no document.
pub fn spans(text: &str, documents: &[Document], broken: bool) -> Vec<Span> {
    let mut spans = Vec::new();
    for root in documents.iter().filter_map(|document| document.root.as_ref()) {
        secrets(root, &mut spans);
    }
    if broken && text.contains("Secret") {
        blocks(text, &mut spans);
    }
    spans
}

/// A Secret's values; those of the items of a List too.
fn secrets(node: &Node, spans: &mut Vec<Span>) {
    if node.get("kind").and_then(Node::text) == Some("Secret") {
        for values in ["data", "stringData"].iter().filter_map(|field| node.get(field)) {
            leaves(values, spans);
        }
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

/// What stands behind or below `data:` and `stringData:`, line by line.
fn blocks(text: &str, spans: &mut Vec<Span>) {
    let mut start = 0;
    let mut block: Option<usize> = None;
    for line in text.split_inclusive('\n') {
        let content = line.trim_start();
        let indent = line.len() - content.len();
        let opens = ["data:", "stringData:"].iter().find(|field| content.starts_with(**field));
        if let Some(field) = opens {
            block = Some(indent);
            spans.push(Span {
                start: start + indent + field.len(),
                end: start + line.trim_end().len(),
            });
        } else if block.is_some_and(|block| indent > block)
            || (block.is_some() && content.is_empty())
        {
            let value = content.find(':').map_or(0, |colon| colon + 1);
            spans.push(Span { start: start + indent + value, end: start + line.trim_end().len() });
        } else {
            block = None;
        }
        start += line.len();
    }
    spans.retain(|span| span.start < span.end);
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
        assert!(shown.contains("kept"), "{shown}");
    }

    #[test]
    fn no_secret_stays_readable() {
        check("kind: Secret\nmetadata: {name: kept}\nstringData:\n  a: hunter2\n");
        check("kind: Secret\nmetadata: {name: kept}\ndata: {a: hunter2}\n");
        check(
            "kind: List\nitems:\n- kind: Secret\n  metadata: {name: kept}\n  data: {a: hunter2}\n",
        );
        check("kind: Secret\nmetadata: {name: kept}\nstringData:\n  a: hunter2\n  b: [\n");
        check("kind: Secret\nname: kept\nstringData: {a: hunter2\n");
        check("kind: Secret\nname: kept\nstringData:\n  a: |\n    hunter2\n  b: [\n");
    }
}
