//! granit-parser's events to located trees, one per document, with limits on depth and on what
//! aliases expand to. Goes on with the next document after a syntax error. Knows nothing of kinds.

use std::collections::{BTreeMap, BTreeSet, btree_map};

use granit_parser::{Event, Parser, ScalarStyle, Span as Marked, StrInput, Tag, options};

use crate::diag::{Code, Span};

use super::problem::{DEPTH, Problem, duplicate, syntax, too_deep};
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
pub fn documents(text: &str) -> (Vec<Document>, Vec<Problem>) {
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
        let mut entries: Vec<Entry> = Vec::new();
        let mut seen: BTreeMap<String, Span> = BTreeMap::new();
        let mut merged = Vec::new();
        loop {
            let (key, key_span) = match self.expect(open)? {
                (Event::MappingEnd, close) => {
                    let last = entries.last().map(|entry| entry.value.span);
                    let span = self.extent(open, close, last);
                    return Ok(Node { value: Value::Mapping(merge(entries, merged)), span });
                }
                (event, span) => self.key(event, span, depth)?,
            };
            let (event, span) = self.expect(open)?;
            let value = self.node(event, span, depth + 1)?;
            if key == "<<" && is_mergeable(&value) {
                merged.push(value);
                continue;
            }
            match seen.entry(key.clone()) {
                btree_map::Entry::Occupied(first) => {
                    let line = self.text[..first.get().start].matches('\n').count() + 1;
                    self.problems.push(duplicate(&key, line, key_span));
                }
                btree_map::Entry::Vacant(slot) => {
                    slot.insert(key_span);
                    entries.push(Entry { key, key_span, value });
                }
            }
        }
    }

    fn key(&mut self, event: Event<'text>, span: Span, depth: usize) -> Built<(String, Span)> {
        if let Event::Scalar(text, style, _, _) = &event
            && (*style != ScalarStyle::Plain
                || text == "<<"
                || matches!(scalar::plain(text), Value::String(_)))
        {
            return Ok((text.to_string(), span));
        }
        let node = self.node(event, span, depth + 1)?;
        match node.value {
            Value::String(text) => Ok((text, span)),
            Value::Bool(value) => Ok((value.to_string(), span)),
            Value::Number(number) => Ok((number.to_string(), span)),
            Value::Null => Ok(("null".to_owned(), span)),
            Value::Sequence(_) | Value::Mapping(_) => {
                Err(syntax(self.text, span.start, "a key that is itself a list or a mapping"))
            }
        }
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

fn is_mergeable(value: &Node) -> bool {
    match &value.value {
        Value::Mapping(_) => true,
        Value::Sequence(items) => items.iter().all(|item| matches!(item.value, Value::Mapping(_))),
        _ => false,
    }
}

/// Adds what merge keys bring in: a key of the mapping itself wins, then the first that brings it.
fn merge(mut entries: Vec<Entry>, merged: Vec<Node>) -> Vec<Entry> {
    let mut sources = Vec::new();
    for node in merged {
        match node.value {
            Value::Mapping(more) => sources.push(more),
            Value::Sequence(items) => sources.extend(items.into_iter().filter_map(|item| {
                if let Value::Mapping(more) = item.value { Some(more) } else { None }
            })),
            _ => {}
        }
    }
    let mut known: BTreeSet<String> = entries.iter().map(|entry| entry.key.clone()).collect();
    for entry in sources.into_iter().flatten() {
        if known.insert(entry.key.clone()) {
            entries.push(entry);
        }
    }
    entries
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
    let value = match tag.and_then(Tag::core_suffix) {
        Some(tag) => scalar::tagged(tag, text).ok_or_else(|| Problem {
            code: Code::YamlSyntax,
            message: format!("the value does not fit its tag `!!{tag}`"),
            help: "take the tag away or change the value",
            span,
        })?,
        None if style == ScalarStyle::Plain => scalar::plain(text),
        None => Value::String(text.to_owned()),
    };
    Ok(Node { value, span })
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
