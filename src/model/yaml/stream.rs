//! Several JSON values after another in one text, as `jq` and `kubectl` print them: no YAML, and read
//! by Kubernetes all the same. Knows nothing of what YAML is otherwise.

use serde::de::IgnoredAny;

use crate::diag::Span;

use super::build::{self, Document};
use super::{Node, Problem, Value};

/// Reads every document of a text: those that are YAML or JSON, and what is wrong with the others.
pub fn documents(text: &str) -> (Vec<Document>, Vec<Problem>) {
    let (documents, problems) = build::documents(text);
    if problems.is_empty() {
        return (documents, problems);
    }
    match values(text) {
        None => (documents, problems),
        Some(values) => each(text, &values),
    }
}

/// The places of JSON values, where a text is nothing but several of them.
fn values(text: &str) -> Option<Vec<Span>> {
    if !text.trim_start().starts_with('{') {
        return None;
    }
    let mut stream = serde_json::Deserializer::from_str(text).into_iter::<IgnoredAny>();
    let mut values = Vec::new();
    let mut start = 0;
    while let Some(value) = stream.next() {
        value.ok()?;
        values.push(Span { start, end: stream.byte_offset() });
        start = stream.byte_offset();
    }
    (values.len() > 1).then_some(values)
}

fn each(text: &str, values: &[Span]) -> (Vec<Document>, Vec<Problem>) {
    let mut all = (Vec::new(), Vec::new());
    for span in values {
        let (documents, problems) = build::documents(&text[span.start..span.end]);
        all.0.extend(documents.into_iter().map(|mut document| {
            document.root.iter_mut().for_each(|root| shift(root, span.start));
            document
        }));
        all.1.extend(
            problems
                .into_iter()
                .map(|problem| Problem { span: shifted(problem.span, span.start), ..problem }),
        );
    }
    all
}

fn shift(node: &mut Node, by: usize) {
    node.span = shifted(node.span, by);
    match &mut node.value {
        Value::Sequence(items) => items.iter_mut().for_each(|item| shift(item, by)),
        Value::Mapping(entries) => {
            for entry in entries {
                entry.key_span = shifted(entry.key_span, by);
                shift(&mut entry.value, by);
            }
        }
        _ => {}
    }
}

fn shifted(span: Span, by: usize) -> Span {
    Span { start: span.start + by, end: span.end + by }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Path;

    #[track_caller]
    fn check(text: &str, values: Option<&[&str]>) {
        let (documents, problems) = documents(text);
        let read: Vec<&str> = documents
            .iter()
            .filter_map(|document| document.root.as_ref()?.at(&Path::of("a")))
            .map(|node| &text[node.span.start..node.span.end])
            .collect();
        assert_eq!(problems.is_empty().then_some(read.as_slice()), values, "{text}");
    }

    #[test]
    fn json_values_follow_each_other() {
        check("{\"a\": 1}\n{\"a\": [2]}\n", Some(&["1", "[2]"]));
        check("{\"a\": 1} {\"a\": \"x\"}", Some(&["1", "\"x\""]));
        check("{\"a\": 1}\n---\n{\"a\": 2}\n", Some(&["1", "2"]));
        check("{\"a\": 1}", Some(&["1"]));
        check("{\"a\": 1}\nb: 2\n", None);
        check("{\"a\": 1}\n{\"a\": \n", None);
    }
}
