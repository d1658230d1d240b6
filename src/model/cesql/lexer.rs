//! A text of CESQL to tokens, by longest match. Keywords are of any case. What belongs to no token
//! is left out, as the generated lexer of sdk-go does it. Knows nothing of the grammar.

use crate::diag::Span;

use super::{Operator, SyntaxError};

/// One token.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    Open,
    Close,
    Comma,
    /// A quote that nothing closes.
    Quote,
    Operator(Operator),
    Not,
    Like,
    In,
    Exists,
    Boolean(bool),
    Text(String),
    Integer(i32),
    /// Letters alone: an attribute or a function.
    Word(String),
    /// Letters and digits: an attribute.
    WordWithDigits(String),
    /// Letters and `_`: a function.
    WordWithUnderscores(String),
}

/// Tokens with their places, and the places of what was left out.
pub(super) struct Tokens {
    pub(super) tokens: Vec<(Token, Span)>,
    pub(super) left_out: Vec<Span>,
}

/// All tokens of a text.
///
/// # Errors
/// A number that no 32-bit integer holds.
pub(super) fn tokens(text: &str) -> Result<Tokens, SyntaxError> {
    let mut all = Tokens { tokens: Vec::new(), left_out: Vec::new() };
    let mut start = 0;
    while let Some(first) = text[start..].chars().next() {
        let rest = &text[start..];
        let (token, length) = match first {
            ' ' | '\t' | '\r' | '\n' => (None, 1),
            '\'' | '"' => quoted(rest, first),
            // A `!` without its `=` takes the next character down with it.
            '!' if !rest.starts_with("!=") => {
                (None, 1 + rest[1..].chars().next().map_or(0, char::len_utf8))
            }
            _ => match symbol(rest) {
                Some((token, length)) => (Some(token), length),
                None => word_or_number(rest, start)?,
            },
        };
        let span = Span { start, end: start + length.max(first.len_utf8()) };
        match token {
            Some(token) => all.tokens.push((token, span)),
            None if !first.is_ascii_whitespace() || first == '\x0c' => all.left_out.push(span),
            None => {}
        }
        start = span.end;
    }
    Ok(all)
}

/// A quoted text; inside, a backslash takes the next character with it, as does the doubled quote.
fn quoted(rest: &str, quote: char) -> (Option<Token>, usize) {
    let mut characters = rest.char_indices().skip(1).peekable();
    while let Some((at, character)) = characters.next() {
        if character == '\\' {
            characters.next();
        } else if character == quote && characters.next_if(|(_, next)| *next == quote).is_none() {
            let escaped = format!("\\{quote}");
            let text = rest[1..at].replace(&escaped, &quote.to_string());
            return (Some(Token::Text(text)), at + 1);
        }
    }
    (Some(Token::Quote), 1)
}

fn symbol(rest: &str) -> Option<(Token, usize)> {
    const SYMBOLS: &[(&str, Token)] = &[
        ("!=", Token::Operator(Operator::NotEqual)),
        ("<>", Token::Operator(Operator::NotEqual)),
        ("<=", Token::Operator(Operator::LessOrEqual)),
        (">=", Token::Operator(Operator::GreaterOrEqual)),
        ("<", Token::Operator(Operator::Less)),
        (">", Token::Operator(Operator::Greater)),
        ("=", Token::Operator(Operator::Equal)),
        ("*", Token::Operator(Operator::Multiply)),
        ("/", Token::Operator(Operator::Divide)),
        ("%", Token::Operator(Operator::Remainder)),
        ("(", Token::Open),
        (")", Token::Close),
        (",", Token::Comma),
    ];
    let signed = rest.starts_with(['+', '-']);
    // A sign right before digits is theirs: `5-3` is two numbers.
    if signed && !rest[1..].starts_with(|c: char| c.is_ascii_digit()) {
        let plus = rest.starts_with('+');
        let operator = if plus { Operator::Add } else { Operator::Subtract };
        return Some((Token::Operator(operator), 1));
    }
    let (text, token) = SYMBOLS.iter().find(|(text, _)| rest.starts_with(text))?;
    Some((token.clone(), text.len()))
}

fn word_or_number(rest: &str, start: usize) -> Result<(Option<Token>, usize), SyntaxError> {
    let length = |accepts: fn(char) -> bool| rest.find(|c| !accepts(c)).unwrap_or(rest.len());
    let letters = length(|c| c.is_ascii_alphabetic());
    let mixed = length(|c| c.is_ascii_alphanumeric());
    let underscores = if letters > 0 { length(|c| c.is_ascii_alphabetic() || c == '_') } else { 0 };
    let sign = usize::from(rest.starts_with(['+', '-']));
    let digits = rest[sign..].find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len() - sign);
    let number = if digits > 0 { sign + digits } else { 0 };
    let longest = letters.max(mixed).max(underscores).max(number);
    let word = rest[..longest].to_owned();
    Ok(match longest {
        0 => (None, 0),
        _ if longest == letters => (Some(keyword(word)), longest),
        _ if longest == number => (Some(integer(&word, start)?), longest),
        _ if longest == mixed => (Some(Token::WordWithDigits(word)), longest),
        _ => (Some(Token::WordWithUnderscores(word)), longest),
    })
}

fn integer(text: &str, start: usize) -> Result<Token, SyntaxError> {
    let span = Span { start, end: start + text.len() };
    text.parse().map(Token::Integer).map_err(|_| SyntaxError {
        span,
        message: format!("`{text}` does not fit into an integer of 32 bits"),
    })
}

fn keyword(word: String) -> Token {
    match word.to_ascii_uppercase().as_str() {
        "AND" => Token::Operator(Operator::And),
        "OR" => Token::Operator(Operator::Or),
        "XOR" => Token::Operator(Operator::Xor),
        "NOT" => Token::Not,
        "LIKE" => Token::Like,
        "IN" => Token::In,
        "EXISTS" => Token::Exists,
        "TRUE" => Token::Boolean(true),
        "FALSE" => Token::Boolean(false),
        _ => Token::Word(word),
    }
}
