//! CloudEvents SQL (CESQL): the syntax of a filter's expression, as Knative's webhook and broker
//! filter read it (the grammar of sdk-go's `sql/v2`, which Knative Eventing 0.50 is built with).
//! Says what an expression is, not what it comes to for an event.

mod function;
mod lexer;
mod lint;
mod parser;
#[cfg(test)]
mod tests;

pub use function::{FUNCTIONS, Function, ResultKind};
pub use lint::{Doubt, doubts};
pub use parser::parse;

use crate::diag::Span;

/// An expression, and where in the text it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Expression {
    pub what: What,
    pub span: Span,
}

/// What an expression is.
#[derive(Debug, Clone, PartialEq)]
pub enum What {
    Boolean(bool),
    Integer(i32),
    Text(String),
    /// A context attribute, in lower case.
    Attribute(String),
    /// Whether the event has a context attribute, in lower case.
    Exists(String),
    Not(Box<Expression>),
    Negate(Box<Expression>),
    /// Whether a text looks like a pattern.
    Like {
        operand: Box<Expression>,
        pattern: String,
        negated: bool,
    },
    /// Whether a value is one of several.
    In {
        operand: Box<Expression>,
        set: Vec<Expression>,
        negated: bool,
    },
    Binary {
        operator: Operator,
        left: Box<Expression>,
        right: Box<Expression>,
    },
    /// A function by its name in upper case, and its arguments.
    Call {
        name: String,
        arguments: Vec<Expression>,
    },
}

/// What stands between two operands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    Multiply,
    Divide,
    Remainder,
    Add,
    Subtract,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    And,
    Or,
    Xor,
}

impl Operator {
    /// How tightly it binds; LIKE and IN bind tighter than all, NOT and the sign tighter still.
    fn precedence(self) -> u8 {
        match self {
            Self::Multiply | Self::Divide | Self::Remainder => 4,
            Self::Add | Self::Subtract => 3,
            Self::And | Self::Or | Self::Xor => 1,
            _ => 2,
        }
    }

    /// AND, OR and XOR bind alike, and group from the right.
    pub fn is_logic(self) -> bool {
        matches!(self, Self::And | Self::Or | Self::Xor)
    }

    /// Whether it counts, so that its result is a number.
    pub fn is_arithmetic(self) -> bool {
        self.precedence() >= 3
    }
}

/// What keeps a text from being an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntaxError {
    pub span: Span,
    pub message: String,
}

/// An expression that could be read.
#[derive(Debug, Clone, PartialEq)]
pub struct Parsed {
    pub expression: Expression,
    /// Characters that belong to no token: the reader of Knative leaves them out without a word.
    pub left_out: Vec<Span>,
}
