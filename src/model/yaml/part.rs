//! As much of a parser's event as a tree is made of. Knows nothing of how events follow each other.

use std::borrow::Cow;

use granit_parser::{Event, ScalarStyle, Tag};
use smol_str::SmolStr;

use crate::diag::Span;

use super::problem::{Problem, unfitting};
use super::{Value, scalar};

/// Problems are rare, and results of this are handed on for every value.
pub(super) type Built<T> = Result<T, Box<Problem>>;

/// A part of a document; nodes with their anchor, 0 where there is none.
pub(super) enum Part {
    Scalar(Value, usize),
    /// `<<`, which is a text wherever it is no key.
    Merge,
    /// A number that JSON does not have, and a text where it is a key.
    NotFinite(SmolStr),
    Sequence(usize),
    Mapping(usize),
    Alias(usize),
    /// The end of a collection or of a document.
    End,
    DocumentStart,
    StreamEnd,
    Nothing,
}

impl Part {
    /// What an event is. It is read where it lies: events are large.
    pub(super) fn of(event: &Event<'_>, span: Span) -> Built<Self> {
        Ok(match event {
            Event::Scalar(text, style, anchor, tag) => {
                return Self::scalar(text, *style, *anchor, tag.as_deref(), span);
            }
            Event::SequenceStart(_, anchor, _) => Self::Sequence(*anchor),
            Event::MappingStart(_, anchor, _) => Self::Mapping(*anchor),
            Event::Alias(anchor) => Self::Alias(*anchor),
            Event::SequenceEnd | Event::MappingEnd | Event::DocumentEnd => Self::End,
            Event::DocumentStart(..) => Self::DocumentStart,
            Event::StreamEnd => Self::StreamEnd,
            _ => Self::Nothing,
        })
    }

    fn scalar(
        text: &str,
        style: ScalarStyle,
        anchor: usize,
        tag: Option<&Tag>,
        span: Span,
    ) -> Built<Self> {
        let tag = tag.map(core);
        let is_plain = tag.is_none() && style == ScalarStyle::Plain;
        if text == "<<" && anchor == 0 && (is_plain || tag.as_deref() == Some("merge")) {
            return Ok(Self::Merge);
        }
        let value = match tag {
            Some(tag) => scalar::tagged(&tag, text).ok_or_else(|| unfitting(&tag, span))?,
            None if !is_plain => Value::String(text.into()),
            None if scalar::is_not_finite(text) => return Ok(Self::NotFinite(text.into())),
            None => scalar::plain(text),
        };
        Ok(Self::Scalar(value, anchor))
    }
}

/// What one of YAML's own tags is called; empty for any other.
fn core(tag: &Tag) -> Cow<'_, str> {
    tag.suffix_in_namespace("tag:yaml.org,2002:").unwrap_or_default()
}
