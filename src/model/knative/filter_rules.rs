//! The rules of filters: what the webhook refuses, and what it lets pass that then ends a process,
//! lets everything pass or nothing (shared/facts/knative.md §1.4, §2.4).

use crate::diag::{Code, Finding, Location, Severity, Span};
use crate::model::cesql::{self, Doubt};
use crate::model::path::Path;
use crate::model::reading::Reading;

use super::filters::SubscriptionsFilter;

/// What carries filters out, which decides what comes of bad ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filtering {
    /// A server that takes requests: it lives on when one fails, and drops filters that changed.
    Server,
    /// The adapter of a source: its filters last as long as its process, in which all runs.
    Adapter,
}

/// Checks a list of filters.
pub fn check(reading: &mut Reading<'_>, at: &Path, filters: &[SubscriptionsFilter], by: Filtering) {
    for (number, one) in filters.iter().enumerate() {
        filter(reading, &at.index(number), one, by, false);
    }
}

/// `negated`: whether the filter stands right below `not`.
fn filter(
    reading: &mut Reading<'_>,
    at: &Path,
    one: &SubscriptionsFilter,
    by: Filtering,
    negated: bool,
) {
    let dialects = one.dialects();
    if dialects.len() > 1 {
        let message = format!("`{at}` has several dialects: {}", dialects.join(", "));
        let help =
            "give each a member of its own (all of a list must pass), or group them by `all`";
        return reading.fault(Code::SeveralDialects, at, message, help);
    }
    if one.is_skipped() {
        skipped(reading, at, one, negated && by == Filtering::Server);
    }
    for (name, below) in [("all", &one.all), ("any", &one.any)] {
        check(reading, &at.key(name), below.as_deref().unwrap_or_default(), by);
    }
    if let Some(below) = &one.not {
        filter(reading, &at.key("not"), below, by, true);
    }
    if let Some(text) = one.cesql.as_deref().filter(|text| !text.is_empty()) {
        expression(reading, &at.key("cesql"), text, by);
    }
}

/// A filter that is left out where it is carried out, or that even ends the process there.
fn skipped(reading: &mut Reading<'_>, at: &Path, one: &SubscriptionsFilter, crashes: bool) {
    let empty = one.attribute_maps().find_map(|(dialect, map)| {
        let (name, _) = map.0.iter().find(|(_, value)| value.is_empty())?;
        Some(at.key(dialect).key(name))
    });
    let what = match &empty {
        Some(value) => format!("`{value}` is empty"),
        None => format!("`{at}` says nothing"),
    };
    let at = empty.as_ref().unwrap_or(at);
    if crashes {
        let message = format!("{what}, and a `not` around that ends the process of the filter");
        let help = "write what the filter asks for, or take the `not` away: Knative admits it, and \
            the filter of every Broker in the cluster goes down when the object is next updated";
        reading.fault(Code::FilterCrashes, at, message, help);
    } else {
        let message = format!("{what}, so this filter is left out and every event passes");
        let help = "write what it asks for; that an attribute is there is `cesql: EXISTS name`";
        reading.fault(Code::EmptyFilter, at, message, help);
    }
}

fn expression(reading: &mut Reading<'_>, at: &Path, text: &str, by: Filtering) {
    let parsed = match cesql::parse(text) {
        Ok(parsed) => parsed,
        Err(error) => {
            let message = format!("`{at}` does not parse: {}", error.message);
            let help = "CESQL compares by =, !=, <>, <, <=, >, >=, and joins by AND, OR, XOR, NOT, \
                LIKE, IN and EXISTS";
            let code = Code::InvalidCesql;
            let finding = within(reading, at, text, error.span, code, message, help);
            return reading.add(finding);
        }
    };
    for span in parsed.left_out {
        let message = format!("`{}` is left out of the expression", &text[span.start..span.end]);
        let help = "take it away: it belongs to no token, and the webhook passes over it silently";
        let code = Code::CesqlLeftOut;
        let finding = within(reading, at, text, span, code, message, help);
        reading.add(finding);
    }
    for (doubt, span) in cesql::doubts(&parsed.expression) {
        doubtful(reading, at, text, &doubt, span, by);
    }
}

fn doubtful(
    reading: &mut Reading<'_>,
    at: &Path,
    text: &str,
    doubt: &Doubt,
    span: Span,
    by: Filtering,
) {
    let mut severity = Severity::Error;
    let (code, message, help) = match doubt {
        Doubt::NotBoolean(what) => (
            Code::CesqlNotBoolean,
            format!("the expression comes to {what}, never to a boolean"),
            not_boolean(by).to_owned(),
        ),
        Doubt::Function { call, meant, certain } => {
            severity = if *certain { Severity::Error } else { Severity::Warning };
            let help = match meant {
                Some(meant) => format!("did you mean {meant}? A call of it fails the event"),
                None => "use a function of CESQL 1.0: a call of it fails the event".to_owned(),
            };
            (Code::CesqlFunction, format!("CESQL has no function {call}"), help)
        }
        Doubt::NotTakesLess { attribute } => {
            severity = Severity::Warning;
            let help = "write brackets, NOT (…), or NOT LIKE, NOT IN, !=: NOT binds tightest, and \
                of a text that is not true or false it fails the event";
            let message = format!("NOT takes `{attribute}` alone here, not the comparison");
            (Code::CesqlPrecedence, message, help.to_owned())
        }
    };
    let mut finding = within(reading, at, text, span, code, message, help);
    finding.severity = severity;
    reading.add(finding);
}

/// What comes of an expression that is no boolean.
fn not_boolean(by: Filtering) -> &'static str {
    match by {
        Filtering::Server => {
            "compare it with something: each event breaks off the request to the filter, which is \
             retried and dead-lettered"
        }
        Filtering::Adapter => {
            "compare it with something: each event ends the process of the source's adapter"
        }
    }
}

/// A finding that points into the text, where the file has the text as it is.
fn within(
    reading: &Reading<'_>,
    at: &Path,
    text: &str,
    span: Span,
    code: Code,
    message: String,
    help: impl Into<String>,
) -> Finding {
    let finding = reading.place.finding(code, at, message, help);
    let Location { file, span: whole } = reading.place.value(at);
    let quotes = match (whole.end - whole.start).saturating_sub(text.len()) {
        0 => 0,
        2 => 1,
        // Escapes or folded lines: the place within is not known.
        _ => return finding,
    };
    let start = whole.start + quotes;
    finding.at(Location { file, span: Span { start: start + span.start, end: start + span.end } })
}
