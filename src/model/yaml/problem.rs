//! What can be wrong with a text as YAML, in words and with a place.

use crate::diag::{Code, Span};

/// Deeper than any manifest, and shallow enough that recursion is safe everywhere.
pub(super) const DEPTH: usize = 128;

/// What is wrong with a text as YAML.
#[derive(Debug, PartialEq)]
pub struct Problem {
    pub code: Code,
    pub message: String,
    pub help: &'static str,
    pub span: Span,
}

pub(super) fn syntax(text: &str, at: usize, what: &str) -> Box<Problem> {
    let start = nearest_text(text, at.min(text.len()));
    let end = text[start..].find(['\n', '\r']).map_or(text.len(), |length| start + length);
    Box::new(Problem {
        code: Code::YamlSyntax,
        message: format!("this is not YAML: {what}"),
        help: "look at the indentation, quotes and brackets here and on the line before; \
               the file's other documents were read all the same",
        span: Span { start, end },
    })
}

/// The place itself, or the start of the last line before it that holds text: an error at the end
/// of a file is better shown on what was left open.
fn nearest_text(text: &str, at: usize) -> usize {
    let at = (0..=at).rev().find(|byte| text.is_char_boundary(*byte)).unwrap_or(0);
    if text[at..].starts_with(|c: char| !c.is_whitespace()) {
        return at;
    }
    let before = text[..at].trim_end();
    before.rfind('\n').map_or(0, |line| line + 1)
}

pub(super) fn too_deep(span: Span) -> Box<Problem> {
    Box::new(Problem {
        code: Code::TooDeep,
        message: format!("the document nests deeper than {DEPTH} levels"),
        help: "no manifest needs this; look for an unclosed bracket or a generator gone wild",
        span,
    })
}

pub(super) fn duplicate(key: &str, line: usize, span: Span) -> Problem {
    Problem {
        code: Code::DuplicateKey,
        message: format!("the key `{key}` is already set on line {line}"),
        help: "keep one of the two: the API server refuses the pair, other readers take either",
        span,
    }
}

pub(super) fn unfitting(tag: &str, span: Span) -> Box<Problem> {
    Box::new(Problem {
        code: Code::YamlSyntax,
        message: format!("the value does not fit its tag `!!{tag}`"),
        help: "take the tag away or change the value",
        span,
    })
}

pub(super) fn not_finite(text: &str, span: Span) -> Box<Problem> {
    Box::new(Problem {
        code: Code::YamlSyntax,
        message: format!("`{text}` is a number that JSON does not have"),
        help: "write a finite number, or put quotes around what is meant as text",
        span,
    })
}

pub(super) fn not_mergeable(span: Span) -> Box<Problem> {
    Box::new(Problem {
        code: Code::YamlSyntax,
        message: "the merge key `<<` takes a mapping or a list of mappings".to_owned(),
        help: "name an anchor that stands on a mapping, or quote the key: `'<<'`",
        span,
    })
}

pub(super) fn overridden(key: &str, span: Span) -> Problem {
    Problem {
        code: Code::MergeOverrides,
        message: format!("the merge key `<<` below gives `{key}` another value"),
        help: "put `<<` first: Kubernetes lets a merge key change what stands above it, while YAML \
               and other readers do not",
        span,
    }
}
