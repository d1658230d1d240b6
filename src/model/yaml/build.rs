//! granit-parser's events to located trees, one per document, with limits on depth and on what
//! aliases expand to. Goes on with the next document after a syntax error. Knows nothing of kinds.

use std::borrow::Cow;
use std::collections::BTreeMap;

use granit_parser::{Event, Parser, ScalarStyle, Span as Marked, StrInput, Tag, options};

use crate::diag::{Code, Span};

use super::entries::Entries;
use super::problem::{
    DEPTH, Problem, duplicate, not_finite, not_mergeable, overridden, syntax, too_deep, unfitting,
};
use super::{Entry, Node, Value, scalar};

/// Nodes in one file, aliases expanded: far above the largest CRD (some 30,000).
const NODES: usize = 1_000_000;

/// What an alias repeats of text counts as nodes too, or one long text could fill the memory.
const BYTES_PER_NODE: usize = 64;

/// One document of a file.
#[derive(Debug)]
pub struct Document {
    /// `None` where the document is empty.
    pub root: Option<Node>,
}

/// Reads every document of a text: those that are YAML, and what is wrong with the others.
pub(super) fn documents(text: &str) -> (Vec<Document>, Vec<Problem>) {
    let mut builder = Builder {
        text,
        // Another crate may switch the parser's comments on for all.
        parser: Parser::new_from_str_with_options(text, options! { emit_comments: false }),
        anchors: BTreeMap::new(),
        nodes: 0,
        problems: Vec::new(),
    };
    let mut documents = Vec::new();
    while builder.nodes <= NODES {
        match builder.next_document() {
            Ok(Some(document)) => documents.push(document),
            Ok(None) => break,
            Err(problem) => {
                builder.problems.push(problem);
                if !matches!(builder.parser.proceed_next_document(), Ok(true)) {
                    break;
                }
            }
        }
    }
    (documents, builder.problems)
}

struct Builder<'text> {
    text: &'text str,
    parser: Parser<'text, StrInput<'text>>,
    /// By anchor: the node, how many nodes it is, and how deep it goes.
    anchors: BTreeMap<usize, (Node, usize, usize)>,
    nodes: usize,
    problems: Vec<Problem>,
}

type Built<T> = Result<T, Problem>;

impl<'text> Builder<'text> {
    /// The next event that carries data.
    fn event(&mut self) -> Built<Option<(Event<'text>, Span)>> {
        match self.parser.next_event() {
            None => Ok(None),
            Some(Ok((event, marked))) => Ok(Some((event, bytes(&marked)))),
            Some(Err(error)) => {
                let at = error.marker().byte_offset().unwrap_or(self.text.len());
                Err(syntax(self.text, at, &error.info()))
            }
        }
    }

    fn next_document(&mut self) -> Built<Option<Document>> {
        loop {
            match self.event()? {
                None | Some((Event::StreamEnd, _)) => return Ok(None),
                Some((Event::DocumentStart(..), _)) => break,
                Some(_) => {}
            }
        }
        self.anchors.clear();
        let root = match self.event()? {
            None | Some((Event::DocumentEnd, _)) => return Ok(Some(Document { root: None })),
            Some((event, span)) => self.node(event, span, 0)?,
        };
        let root = (root.value != Value::Null).then_some(root);
        Ok(Some(Document { root }))
    }

    fn node(&mut self, event: Event<'text>, span: Span, depth: usize) -> Built<Node> {
        self.count(1, span)?;
        if depth > DEPTH {
            return Err(too_deep(span));
        }
        let (anchor, before) = (event.anchor_id(), self.nodes);
        let node = match event {
            Event::Alias(id) => return self.alias(id, span, depth),
            Event::Scalar(text, style, _, tag) => scalar(&text, style, tag.as_deref(), span)?,
            Event::SequenceStart(..) => self.sequence(span, depth)?,
            Event::MappingStart(..) => self.mapping(span, depth)?,
            _ => return Err(syntax(self.text, span.start, "a value was expected here")),
        };
        if let Some(anchor) = anchor {
            let height = height(&node);
            let size = self.nodes - before + 1 + text_bytes(&node) / BYTES_PER_NODE;
            self.anchors.insert(anchor, (node.clone(), size, height));
        }
        Ok(node)
    }

    fn alias(&mut self, id: usize, span: Span, depth: usize) -> Built<Node> {
        let Some((node, size, height)) = self.anchors.get(&id) else {
            return Err(syntax(self.text, span.start, "an alias inside of its own anchor"));
        };
        if depth + height > DEPTH {
            return Err(too_deep(span));
        }
        let (node, size) = (node.clone(), *size);
        self.count(size, span)?;
        Ok(node)
    }

    fn count(&mut self, more: usize, span: Span) -> Built<()> {
        self.nodes += more;
        if self.nodes <= NODES {
            return Ok(());
        }
        Err(Problem {
            code: Code::TooLarge,
            message: format!(
                "the file comes to more than {NODES} values once aliases are expanded"
            ),
            help: "write the repeated parts out, or split the file",
            span,
        })
    }

    fn sequence(&mut self, open: Span, depth: usize) -> Built<Node> {
        let mut items = Vec::new();
        loop {
            match self.expect(open)? {
                (Event::SequenceEnd, close) => {
                    let span = self.extent(open, close, items.last().map(|item: &Node| item.span));
                    return Ok(Node { value: Value::Sequence(items), span });
                }
                (event, span) => items.push(self.node(event, span, depth + 1)?),
            }
        }
    }

    fn mapping(&mut self, open: Span, depth: usize) -> Built<Node> {
        let mut entries = Entries::default();
        // What was merged in is written elsewhere.
        let mut last = None;
        loop {
            let (key, key_span, is_merge) = match self.expect(open)? {
                (Event::MappingEnd, close) => {
                    let span = self.extent(open, close, last);
                    return Ok(Node { value: Value::Mapping(entries.list), span });
                }
                (event, span) => self.key(event, span, depth)?,
            };
            let (event, span) = self.expect(open)?;
            let is_alias = matches!(event, Event::Alias(_));
            let value = self.node(event, span, depth + 1)?;
            last = Some(if is_alias { span } else { value.span });
            if is_merge {
                let changed = entries.merge(value, is_alias);
                let changed = changed.ok_or_else(|| not_mergeable(key_span))?;
                self.problems.extend(changed.iter().map(|(key, span)| overridden(key, *span)));
            } else if let Some(first) = entries.own(Entry { key: key.clone(), key_span, value }) {
                let line = self.text[..first.start].matches('\n').count() + 1;
                self.problems.push(duplicate(&key, line, key_span));
            }
        }
    }

    /// A key as JSON has it, its place, and whether it is a merge key.
    fn key(
        &mut self,
        event: Event<'text>,
        span: Span,
        depth: usize,
    ) -> Built<(String, Span, bool)> {
        let mut written = String::new();
        if let Event::Scalar(text, style, anchor, tag) = &event {
            let is_plain = *style == ScalarStyle::Plain && tag.is_none();
            let is_text = !is_plain || matches!(scalar::plain(text), Value::String(_));
            let merges = tag.as_deref().is_some_and(|tag| core(tag) == "merge");
            if text == "<<" && (is_plain || merges) {
                return Ok((text.to_string(), span, true));
            }
            if is_text && tag.is_none() && *anchor == 0 {
                return Ok((text.to_string(), span, false));
            }
            written = text.to_string();
        }
        let node = self.node(event, span, depth + 1)?;
        let key = match node.value {
            Value::String(text) => Some(text),
            Value::Bool(value) => Some(value.to_string()),
            Value::Number(number) => scalar::number_as_key(&written, &number),
            Value::Null | Value::Sequence(_) | Value::Mapping(_) => None,
        };
        let wrong = "a key that is empty, a list, a mapping or a number beyond all measure";
        key.map(|key| (key, span, false)).ok_or_else(|| syntax(self.text, span.start, wrong))
    }

    fn expect(&mut self, open: Span) -> Built<(Event<'text>, Span)> {
        let end = self.text.len();
        self.event()?
            .ok_or_else(|| syntax(self.text, open.start.min(end), "the text ends too early"))
    }

    /// Where a collection is written: flow collections to their bracket, block collections to the
    /// end of their last value (the parser's closing event lies at the next token).
    fn extent(&self, open: Span, close: Span, last: Option<Span>) -> Span {
        let flow = matches!(self.text.as_bytes().get(open.start), Some(b'{' | b'['));
        let end = if flow { close.end } else { last.map_or(open.end, |last| last.end) };
        Span { start: open.start, end: end.max(open.start) }
    }
}

/// How much text a node holds, keys included.
fn text_bytes(node: &Node) -> usize {
    match &node.value {
        Value::String(text) => text.len(),
        Value::Sequence(items) => items.iter().map(text_bytes).sum(),
        Value::Mapping(entries) => {
            entries.iter().map(|entry| entry.key.len() + text_bytes(&entry.value)).sum()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
    }
}

/// How many levels a node has below itself. It is within the limit on depth, and so is this.
fn height(node: &Node) -> usize {
    match &node.value {
        Value::Sequence(items) => items.iter().map(height).max().map_or(0, |below| below + 1),
        Value::Mapping(entries) => {
            entries.iter().map(|entry| height(&entry.value)).max().map_or(0, |below| below + 1)
        }
        _ => 0,
    }
}

fn scalar(text: &str, style: ScalarStyle, tag: Option<&Tag>, span: Span) -> Built<Node> {
    let value = match tag {
        Some(tag) => {
            let tag = core(tag);
            scalar::tagged(&tag, text).ok_or_else(|| unfitting(&tag, span))?
        }
        None if style != ScalarStyle::Plain => Value::String(text.to_owned()),
        None if scalar::is_not_finite(text) => return Err(not_finite(text, span)),
        None => scalar::plain(text),
    };
    Ok(Node { value, span })
}

/// What one of YAML's own tags is called; empty for any other.
fn core(tag: &Tag) -> Cow<'_, str> {
    tag.suffix_in_namespace("tag:yaml.org,2002:").unwrap_or_default()
}

fn bytes(marked: &Marked) -> Span {
    marked
        .byte_range()
        .map_or_else(Span::default, |range| Span { start: range.start, end: range.end })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Path;

    #[track_caller]
    fn check(text: &str, json: &str) {
        let (documents, problems) = documents(text);
        assert_eq!(problems, [], "{text}");
        let all: Vec<_> = documents
            .iter()
            .map(|d| d.root.as_ref().map_or("-".into(), |n| n.to_json().to_string()))
            .collect();
        assert_eq!(all.join(" "), json, "{text}");
    }

    #[test]
    fn documents_become_json() {
        check("a: 1\n---\nb: [x, 'y']\n", r#"{"a":1} {"b":["x","y"]}"#);
        check("---\n---\na: 1\n", r#"- {"a":1}"#);
        check("# only a comment\n", "");
        check("a: &x {b: 1}\nc: *x\n", r#"{"a":{"b":1},"c":{"b":1}}"#);
        check(
            "a: &x {b: 1, c: 2}\nd:\n  <<: *x\n  b: 3\n",
            r#"{"a":{"b":1,"c":2},"d":{"b":3,"c":2}}"#,
        );
        check("d:\n  <<: [{b: 1}, {b: 2, c: 3}]\n", r#"{"d":{"b":1,"c":3}}"#);
        check("d: {'<<': {b: 1}}\n", r#"{"d":{"<<":{"b":1}}}"#);
        check("&k a: *k\n", r#"{"a":"a"}"#);
        check("a: !local 1\n", r#"{"a":"1"}"#);
        check("on: 1\n", r#"{"true":1}"#);
        check("a: null\nb: ~\n", "{}");
        check("a: !!str 1\n", r#"{"a":"1"}"#);
        check(r#"{"a": [1, {"b": null}]}"#, r#"{"a":[1,{}]}"#);
    }

    #[track_caller]
    fn spans(text: &str, path: &str, snippet: &str) {
        let (documents, problems) = documents(text);
        assert_eq!(problems, [], "{text}");
        let span = documents[0].root.as_ref().unwrap().span_at(&Path::of(path));
        assert_eq!(&text[span.start..span.end], snippet);
    }

    #[test]
    fn values_know_their_place() {
        spans("a:\n  b: ccc # x\nd: 1\n", "a.b", "ccc");
        spans("a:\n  b: ccc # x\nd: 1\n", "a", "b: ccc");
        spans("a:\n  b: ccc\nd: {e: 1}\n", "d", "{e: 1}");
        spans("ä: 1\nb: \"x y\"\n", "b", "\"x y\"");
        spans("a:\n  b: ccc\n", "a.nothing.there", "b: ccc");
    }

    #[track_caller]
    fn problem(text: &str, code: Code, readable: usize) {
        let (documents, problems) = documents(text);
        let codes: Vec<_> = problems.iter().map(|problem| problem.code).collect();
        assert_eq!(codes, [code], "{problems:?}");
        assert_eq!(documents.len(), readable);
    }

    #[test]
    fn problems_are_found_and_the_rest_is_read() {
        problem("a: [1\n---\nb: 1\n", Code::YamlSyntax, 1);
        problem("a: 1\na: 2\n", Code::DuplicateKey, 1);
        problem("a: *nowhere\n", Code::YamlSyntax, 0);
        problem("a: &x {b: 1}\nd: {b: 3, <<: *x}\n", Code::MergeOverrides, 1);
        problem("a: {<<: 5}\n", Code::YamlSyntax, 0);
        problem("a: {<<: [{b: 1}, 5]}\n", Code::YamlSyntax, 0);
        problem("a: {~: 5}\n", Code::YamlSyntax, 0);
        problem("a: .inf\n", Code::YamlSyntax, 0);
        problem("a: !!null b\n", Code::YamlSyntax, 0);
        problem(&"[".repeat(400), Code::YamlSyntax, 0);
        let deep: String = (0..200).map(|n| format!("{}a:\n", " ".repeat(n))).collect();
        problem(&deep, Code::TooDeep, 0);
        let mut bomb = "a: &a [x,x,x,x,x,x,x,x,x,x]\n".to_owned();
        for (name, of) in ["b", "c", "d", "e", "f", "g", "h"].iter().zip("abcdefg".chars()) {
            let items = vec![format!("*{of}"); 10].join(",");
            bomb.push_str(&format!("{name}: &{name} [{items}]\n"));
        }
        problem(&bomb, Code::TooLarge, 0);
        problem(&ladder(), Code::TooDeep, 0);
    }

    /// Each chain is within the limit, and hangs from the end of the one before.
    fn ladder() -> String {
        let chain = |inner: &str| format!("{}{inner}{}", "[".repeat(100), "]".repeat(100));
        let mut text = format!("a0: &a0 {}\n", chain("x"));
        for number in 1..200 {
            text.push_str(&format!(
                "a{number}: &a{number} {}\n",
                chain(&format!("*a{}", number - 1))
            ));
        }
        text
    }
}
