//! granit-parser's events to located trees, one per document, with limits on depth and on what
//! aliases expand to. Goes on with the next document after a syntax error. Knows nothing of kinds.

use std::collections::BTreeMap;
use std::ops::Range;

use granit_parser::{Parser, Span as Marked, StrInput, options};
use smol_str::{SmolStr, ToSmolStr};

use crate::diag::{Code, Span};

use super::entries::Entries;
use super::part::{Built, Part};
use super::problem::{
    DEPTH, Problem, duplicate, not_finite, not_mergeable, overridden, syntax, too_deep,
};
use super::size::{height, text_bytes};
use super::{Entry, Node, Value, ordinary, scalar};

/// Nodes in one document, and nodes that aliases stand for in one file: far above the largest CRD
/// (some 30,000).
const NODES: usize = 1_000_000;

/// What an alias repeats of text counts as nodes too, or one long text could fill the memory.
const BYTES_PER_NODE: usize = 64;

/// One document of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// `None` where the document is empty.
    pub root: Option<Node>,
}

/// Reads every document of a text: those that are YAML, and what is wrong with the others.
pub(super) fn documents(text: &str) -> (Vec<Document>, Vec<Problem>) {
    match ordinary::documents(text, 0..text.len()) {
        Some(documents) => (documents, Vec::new()),
        None => parsed(text),
    }
}

/// The same by the parser alone: what may be read without it must be as it has it.
pub fn parsed(text: &str) -> (Vec<Document>, Vec<Problem>) {
    let mut builder = Builder::new(text, 0..text.len());
    let mut documents = Vec::new();
    while builder.repeated <= NODES {
        match builder.next_document() {
            Ok(Some(document)) => documents.push(document),
            Ok(None) => break,
            Err(problem) => {
                builder.problems.push(*problem);
                if !matches!(builder.parser.proceed_next_document(), Ok(true)) {
                    break;
                }
            }
        }
    }
    (documents, builder.problems)
}

/// Reads a part of a text (`split::parts`), with places in the whole; `None` where anything about it
/// is out of the ordinary, so that the text is better read whole.
pub fn part(text: &str, part: Range<usize>) -> Option<Vec<Document>> {
    ordinary::documents(text, part.clone()).or_else(|| parsed_part(text, part))
}

fn parsed_part(text: &str, part: Range<usize>) -> Option<Vec<Document>> {
    // The parser sees the `---` of the next part: what a document ends at counts for its places.
    let more = part.end < text.len();
    let end = if more { part.end + "---".len() } else { part.end };
    let mut builder = Builder::new(text, part.start..end);
    let mut documents = Vec::new();
    while let Some(document) = builder.next_document().ok()? {
        documents.push(document);
    }
    let next = if more { documents.pop() } else { None };
    let is_ordinary = builder.problems.is_empty() && builder.repeated == 0;
    (is_ordinary && next.is_none_or(|next| next.root.is_none())).then_some(documents)
}

struct Builder<'text> {
    /// The file's text, as far as it is read here.
    text: &'text str,
    /// Where reading begins.
    start: usize,
    parser: Parser<'text, StrInput<'text>>,
    /// By anchor: the node, how many nodes it is, and how deep it goes.
    anchors: BTreeMap<usize, (Node, usize, usize)>,
    /// How many nodes the document has.
    nodes: usize,
    /// How many nodes the aliases of the file stand for.
    repeated: usize,
    /// What has been read of the collections that are still open, the innermost last: a collection
    /// is then made in one piece, as large as it is and no larger.
    items: Vec<Node>,
    entries: Vec<Entry>,
    problems: Vec<Problem>,
}

impl<'text> Builder<'text> {
    fn new(text: &'text str, part: Range<usize>) -> Self {
        // Another crate may switch the parser's comments on for all.
        let options = options! { emit_comments: false };
        Self {
            text: &text[..part.end],
            start: part.start,
            parser: Parser::new_from_str_with_options(&text[part], options),
            anchors: BTreeMap::new(),
            nodes: 0,
            repeated: 0,
            items: Vec::new(),
            entries: Vec::new(),
            problems: Vec::new(),
        }
    }

    fn next(&mut self) -> Built<(Part, Span)> {
        // Read where it lies: an event is large, and moving it costs more than what is kept of it.
        let next = self.parser.next_event();
        let (event, marked) = match &next {
            None => {
                let end = self.text.len();
                return Ok((Part::StreamEnd, Span { start: end, end }));
            }
            Some(Ok((event, marked))) => (event, marked),
            Some(Err(error)) => {
                let at = error.marker().byte_offset().map_or(self.text.len(), |at| self.start + at);
                return Err(syntax(self.text, at, &error.info()));
            }
        };
        let span = self.place(marked);
        Ok((Part::of(event, span)?, span))
    }

    fn next_document(&mut self) -> Built<Option<Document>> {
        loop {
            match self.next()?.0 {
                Part::StreamEnd => return Ok(None),
                Part::DocumentStart => break,
                _ => {}
            }
        }
        self.anchors.clear();
        self.items.clear();
        self.entries.clear();
        self.nodes = 0;
        let root = match self.next()? {
            (Part::StreamEnd | Part::End, _) => return Ok(Some(Document { root: None })),
            (part, span) => self.node(part, span, 0)?,
        };
        let root = (root.value != Value::Null).then_some(root);
        Ok(Some(Document { root }))
    }

    fn node(&mut self, part: Part, span: Span, depth: usize) -> Built<Node> {
        self.count(1, span)?;
        if depth > DEPTH {
            return Err(too_deep(span));
        }
        let before = self.nodes;
        let (node, anchor) = match part {
            Part::Scalar(value, anchor) => (Node { value, span }, anchor),
            Part::Merge => (Node { value: Value::String("<<".into()), span }, 0),
            Part::NotFinite(text) => return Err(not_finite(&text, span)),
            Part::Sequence(anchor) => (self.sequence(span, depth)?, anchor),
            Part::Mapping(anchor) => (self.mapping(span, depth)?, anchor),
            Part::Alias(anchor) => return self.alias(anchor, span, depth),
            Part::StreamEnd => {
                return Err(syntax(self.text, span.start, "the text ends too early"));
            }
            _ => return Err(syntax(self.text, span.start, "a value was expected here")),
        };
        if anchor != 0 {
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
        self.repeated += size;
        self.count(size, span)?;
        Ok(node)
    }

    fn count(&mut self, more: usize, span: Span) -> Built<()> {
        self.nodes += more;
        if self.nodes <= NODES && self.repeated <= NODES {
            return Ok(());
        }
        let what =
            if self.nodes > NODES { "the document comes" } else { "the file's aliases come" };
        Err(Box::new(Problem {
            code: Code::TooLarge,
            message: format!("{what} to more than {NODES} values once aliases are expanded"),
            help: "write the repeated parts out, or split the file",
            span,
        }))
    }

    fn sequence(&mut self, open: Span, depth: usize) -> Built<Node> {
        let first = self.items.len();
        loop {
            match self.next()? {
                (Part::End, close) => {
                    let items: Box<[Node]> = self.items.drain(first..).collect();
                    // A list that is no deeper than its key begins with its first item, bracket or not.
                    let is_block = items.first().is_some_and(|item| item.span.start == open.start);
                    let last = items.last().map(|item| item.span);
                    let span = match last {
                        Some(last) if is_block => Span { end: last.end, ..open },
                        _ => self.extent(open, close, last),
                    };
                    return Ok(Node { value: Value::Sequence(items), span });
                }
                (part, span) => {
                    let item = self.node(part, span, depth + 1)?;
                    self.items.push(item);
                }
            }
        }
    }

    fn mapping(&mut self, open: Span, depth: usize) -> Built<Node> {
        let mut entries = Entries::from(self.entries.len());
        // What was merged in is written elsewhere.
        let mut last = None;
        loop {
            let (part, key_span) = self.next()?;
            if matches!(part, Part::End) {
                let span = self.extent(open, key_span, last);
                let value = Value::Mapping(self.entries.drain(entries.first..).collect());
                return Ok(Node { value, span });
            }
            let is_merge = matches!(part, Part::Merge);
            let key = self.key(part, key_span, depth)?;
            let (part, span) = self.next()?;
            let is_alias = matches!(part, Part::Alias(_));
            let value = self.node(part, span, depth + 1)?;
            last = Some(if is_alias { span } else { value.span });
            if is_merge {
                let changed = entries.merge(&mut self.entries, value, is_alias);
                let changed = changed.ok_or_else(|| not_mergeable(key_span))?;
                self.problems.extend(changed.iter().map(|(key, span)| overridden(key, *span)));
                continue;
            }
            let entry = Entry { key, key_span, value };
            if let Some((first, again)) = entries.own(&mut self.entries, entry) {
                let line = self.text[..first.start].matches('\n').count() + 1;
                self.problems.push(duplicate(&again.key, line, key_span));
            }
        }
    }

    /// A key as JSON has it.
    fn key(&mut self, part: Part, span: Span, depth: usize) -> Built<SmolStr> {
        let value = match part {
            Part::Scalar(value @ Value::String(_), 0) => value,
            Part::NotFinite(text) => Value::String(text),
            part => self.node(part, span, depth + 1)?.value,
        };
        let key = match value {
            Value::String(text) => Some(text),
            Value::Bool(value) => Some(value.to_smolstr()),
            Value::Number(number) => {
                let written = self.text.get(span.start..span.end).unwrap_or_default();
                scalar::number_as_key(written.trim_matches(['"', '\'']), &number).map(Into::into)
            }
            Value::Null | Value::Sequence(_) | Value::Mapping(_) => None,
        };
        let wrong = "a key that is empty, a list, a mapping or a number beyond all measure";
        key.ok_or_else(|| syntax(self.text, span.start, wrong))
    }

    fn place(&self, marked: &Marked) -> Span {
        marked.byte_range().map_or_else(Span::default, |range| Span {
            start: self.start + range.start,
            end: self.start + range.end,
        })
    }

    /// Where a collection is written: flow collections to their bracket, block collections to the
    /// end of their last value (the parser's closing event lies at the next token).
    fn extent(&self, open: Span, close: Span, last: Option<Span>) -> Span {
        let flow = matches!(self.text.as_bytes().get(open.start), Some(b'{' | b'['));
        let end = if flow { close.end } else { last.map_or(open.end, |last| last.end) };
        Span { start: open.start, end: end.max(open.start) }
    }
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
