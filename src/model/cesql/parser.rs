//! Tokens to an expression, by precedence. Knows nothing of what expressions come to.

use crate::diag::Span;

use super::lexer::{Token, tokens};
use super::{Expression, Operator, Parsed, SyntaxError, What};

/// LIKE and IN, behind their operand.
const LIKE: u8 = 6;
const IN: u8 = 5;
/// Deeper than any filter that someone wrote, and shallow enough for every stack.
const DEEPEST: usize = 500;

/// Reads an expression.
///
/// # Errors
/// The first place that is not as the grammar has it.
pub fn parse(text: &str) -> Result<Parsed, SyntaxError> {
    let lexed = tokens(text)?;
    let mut parser = Parser { text, tokens: &lexed.tokens, at: 0, depth: 0 };
    let expression = parser.expression(0)?;
    match parser.peek() {
        None => Ok(Parsed { expression, left_out: lexed.left_out }),
        Some(_) => Err(parser.unexpected("the end, or an operator such as =, AND or LIKE")),
    }
}

struct Parser<'a> {
    text: &'a str,
    tokens: &'a [(Token, Span)],
    at: usize,
    depth: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at).map(|(token, _)| token)
    }

    fn next(&mut self) -> Option<(Token, Span)> {
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        token
    }

    fn take(&mut self, token: &Token) -> bool {
        let found = self.peek() == Some(token);
        self.at += usize::from(found);
        found
    }

    fn demand(&mut self, token: &Token, what: &str) -> Result<Span, SyntaxError> {
        let span = self.place();
        if self.take(token) { Ok(span) } else { Err(self.unexpected(what)) }
    }

    /// Where the next token stands, or the end.
    fn place(&self) -> Span {
        let end = self.text.trim_end().len();
        let start =
            end.saturating_sub(self.text.trim_end().chars().last().map_or(0, char::len_utf8));
        self.tokens.get(self.at).map_or(Span { start, end }, |(_, span)| *span)
    }

    fn unexpected(&self, wanted: &str) -> SyntaxError {
        let span = self.place();
        let found = match self.peek() {
            Some(_) => format!("`{}`", &self.text[span.start..span.end]),
            None => "the end".to_owned(),
        };
        SyntaxError { span, message: format!("found {found} in place of {wanted}") }
    }

    /// An expression whose operators bind at least as tightly as `least`.
    fn expression(&mut self, least: u8) -> Result<Expression, SyntaxError> {
        self.depth += 1;
        if self.depth > DEEPEST {
            let message = format!("it nests deeper than {DEEPEST} levels");
            return Err(SyntaxError { span: self.place(), message });
        }
        let mut left = self.prefix()?;
        while self.goes_on(least) {
            left = self.suffix(left)?;
        }
        self.depth -= 1;
        Ok(left)
    }

    fn prefix(&mut self) -> Result<Expression, SyntaxError> {
        const WANTED: &str = "a value, an attribute or a function";
        let Some((token, span)) = self.next() else {
            self.at -= 1;
            return Err(self.unexpected(WANTED));
        };
        let what = match token {
            // NOT and the sign take the very next value: `NOT a LIKE 'b'` is `(NOT a) LIKE 'b'`.
            Token::Not => What::Not(Box::new(self.expression(u8::MAX)?)),
            Token::Operator(Operator::Subtract) => {
                What::Negate(Box::new(self.expression(u8::MAX)?))
            }
            Token::Exists => What::Exists(self.attribute()?),
            Token::Open => {
                let inner = self.expression(0)?;
                let end = self.demand(&Token::Close, "`)`")?.end;
                return Ok(Expression { what: inner.what, span: Span { start: span.start, end } });
            }
            Token::Word(name) | Token::WordWithUnderscores(name)
                if self.peek() == Some(&Token::Open) =>
            {
                self.at += 1;
                What::Call { name: name.to_ascii_uppercase(), arguments: self.arguments()? }
            }
            Token::Word(name) | Token::WordWithDigits(name) => {
                What::Attribute(name.to_ascii_lowercase())
            }
            Token::Boolean(value) => What::Boolean(value),
            Token::Integer(value) => What::Integer(value),
            Token::Text(text) => What::Text(text),
            _ => {
                self.at -= 1;
                return Err(self.unexpected(WANTED));
            }
        };
        Ok(Expression { what, span: Span { start: span.start, end: self.behind() } })
    }

    /// The end of the last token taken.
    fn behind(&self) -> usize {
        let last = self.at.checked_sub(1).and_then(|at| self.tokens.get(at));
        last.map_or(self.text.len(), |(_, span)| span.end)
    }

    fn attribute(&mut self) -> Result<String, SyntaxError> {
        match self.next() {
            Some((Token::Word(name) | Token::WordWithDigits(name), _)) => {
                Ok(name.to_ascii_lowercase())
            }
            _ => {
                self.at -= 1;
                Err(self.unexpected("the name of an attribute"))
            }
        }
    }

    fn arguments(&mut self) -> Result<Vec<Expression>, SyntaxError> {
        if self.take(&Token::Close) {
            return Ok(Vec::new());
        }
        self.list()
    }

    /// At least one expression, and the bracket behind the last.
    fn list(&mut self) -> Result<Vec<Expression>, SyntaxError> {
        let mut items = vec![self.expression(0)?];
        while self.take(&Token::Comma) {
            items.push(self.expression(0)?);
        }
        self.demand(&Token::Close, "`,` or `)`")?;
        Ok(items)
    }

    /// Whether the next operator takes the operand on its left.
    fn goes_on(&self, least: u8) -> bool {
        let negated = self.peek() == Some(&Token::Not);
        match self.tokens.get(self.at + usize::from(negated)).map(|(token, _)| token) {
            Some(Token::Like) => LIKE >= least,
            Some(Token::In) => IN >= least,
            Some(Token::Operator(operator)) => !negated && operator.precedence() >= least,
            _ => false,
        }
    }

    /// What the next operator makes of the operand on its left.
    fn suffix(&mut self, left: Expression) -> Result<Expression, SyntaxError> {
        let start = left.span.start;
        let operand = Box::new(left);
        let negated = self.take(&Token::Not);
        let what = match self.next().map(|(token, _)| token) {
            Some(Token::Like) => What::Like { operand, pattern: self.pattern()?, negated },
            Some(Token::In) => {
                self.demand(&Token::Open, "`(`")?;
                What::In { operand, set: self.list()?, negated }
            }
            Some(Token::Operator(operator)) => {
                let right = operator.precedence() + u8::from(!operator.is_logic());
                let right = Box::new(self.expression(right)?);
                What::Binary { operator, left: operand, right }
            }
            _ => return Err(self.unexpected("an operator")),
        };
        Ok(Expression { what, span: Span { start, end: self.behind() } })
    }

    fn pattern(&mut self) -> Result<String, SyntaxError> {
        match self.next() {
            Some((Token::Text(pattern), _)) => Ok(pattern),
            _ => {
                self.at -= 1;
                Err(self.unexpected("a pattern in quotes"))
            }
        }
    }
}
