//! What is doubtful about an expression that parses: it can never be a boolean, calls what is not
//! there, or reads otherwise than it is grouped. Needs no event.

use crate::diag::Span;
use crate::model::shape::nearest;

use super::{Expression, FUNCTIONS, Function, ResultKind, What};

/// A doubt about an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Doubt {
    /// The result is never a boolean: what it is instead.
    NotBoolean(&'static str),
    /// A function that is not there, or not with so many arguments, and what was probably meant.
    Function { call: String, meant: Option<String>, certain: bool },
    /// NOT takes the attribute alone, not what stands behind it.
    NotTakesLess { attribute: String },
}

/// Every doubt, with its place in the text.
pub fn doubts(expression: &Expression) -> Vec<(Doubt, Span)> {
    let mut all = Vec::new();
    if let Some(what) = never_boolean(expression) {
        all.push((Doubt::NotBoolean(what), expression.span));
    }
    walk(expression, true, &mut all);
    all
}

/// What the result is, where it is surely no boolean. An attribute is a text: a Broker's ingress
/// sends every event on in binary mode.
fn never_boolean(expression: &Expression) -> Option<&'static str> {
    match &expression.what {
        What::Integer(_) | What::Negate(_) => Some("a number"),
        What::Text(_) => Some("a text"),
        What::Attribute(_) => Some("an attribute's text"),
        What::Binary { operator, .. } if operator.is_arithmetic() => Some("a number"),
        What::Call { name, .. } => match Function::named(name)?.result {
            ResultKind::Boolean => None,
            ResultKind::Integer => Some("a number"),
            ResultKind::Text => Some("a text"),
        },
        _ => None,
    }
}

/// `certain`: whether this part is evaluated for every event that gets so far.
fn walk(expression: &Expression, certain: bool, all: &mut Vec<(Doubt, Span)>) {
    match &expression.what {
        What::Not(inner) | What::Negate(inner) => walk(inner, certain, all),
        What::Like { operand, .. } => {
            not_takes_less(operand, all);
            walk(operand, certain, all);
        }
        What::In { operand, set, .. } => {
            not_takes_less(operand, all);
            walk(operand, certain, all);
            set.iter().for_each(|item| walk(item, false, all));
        }
        What::Binary { operator, left, right } => {
            if !operator.is_logic() {
                not_takes_less(left, all);
            }
            walk(left, certain, all);
            walk(right, certain && !operator.is_logic(), all);
        }
        What::Call { name, arguments } => {
            call(expression.span, name, arguments.len(), certain, all);
            arguments.iter().for_each(|argument| walk(argument, certain, all));
        }
        _ => {}
    }
}

fn not_takes_less(operand: &Expression, all: &mut Vec<(Doubt, Span)>) {
    if let What::Not(inner) = &operand.what
        && let What::Attribute(attribute) = &inner.what
    {
        all.push((Doubt::NotTakesLess { attribute: attribute.clone() }, operand.span));
    }
}

fn call(span: Span, name: &str, count: usize, certain: bool, all: &mut Vec<(Doubt, Span)>) {
    let known = Function::named(name);
    if known.is_some_and(|function| function.takes(count)) {
        return;
    }
    let names = FUNCTIONS.iter().map(|function| function.name);
    let meant = match known {
        Some(_) => None,
        None => nearest(name, names).map(str::to_owned),
    };
    let call = match (known, count) {
        (None, _) => name.to_owned(),
        (Some(_), 1) => format!("{name} with one argument"),
        (Some(_), _) => format!("{name} with {count} arguments"),
    };
    all.push((Doubt::Function { call, meant, certain }, span));
}
