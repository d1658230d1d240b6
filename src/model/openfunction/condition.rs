//! Conditions of Triggers: the boolean part of CEL over names of inputs. Parsed to find what they
//! name and whether they can ever hold; knows nothing of events and time.

use std::collections::BTreeSet;

/// A condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    Constant(bool),
    /// Whether an event of this input came within the last 60 seconds.
    Input(String),
    Not(Box<Condition>),
    All(Vec<Condition>),
    Any(Vec<Condition>),
}

/// Words that CEL keeps for itself.
const RESERVED: &[&str] = &[
    "as",
    "break",
    "const",
    "continue",
    "else",
    "false",
    "for",
    "function",
    "if",
    "import",
    "in",
    "let",
    "loop",
    "namespace",
    "null",
    "package",
    "return",
    "true",
    "var",
    "void",
    "while",
];

/// Parentheses within parentheses that anybody would write.
const DEPTH: usize = 64;

/// Whether a text can be a variable of CEL.
pub fn is_identifier(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes.next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && !RESERVED.contains(&text)
}

impl Condition {
    /// Reads a condition.
    ///
    /// # Errors
    /// What is wrong, and at which character.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut parser = Parser { text, at: 0, depth: 0 };
        let condition = parser.any()?;
        parser.space();
        if parser.at < text.len() {
            return Err(parser.unexpected("`&&`, `||` or the end"));
        }
        Ok(condition)
    }

    /// Every input that it names.
    pub fn inputs(&self) -> BTreeSet<&str> {
        match self {
            Self::Constant(_) => BTreeSet::new(),
            Self::Input(name) => BTreeSet::from([name.as_str()]),
            Self::Not(inner) => inner.inputs(),
            Self::All(parts) | Self::Any(parts) => parts.iter().flat_map(Self::inputs).collect(),
        }
    }

    /// Whether it holds while the inputs are as `is_on` says.
    pub fn holds(&self, is_on: &impl Fn(&str) -> bool) -> bool {
        match self {
            Self::Constant(value) => *value,
            Self::Input(name) => is_on(name),
            Self::Not(inner) => !inner.holds(is_on),
            Self::All(parts) => parts.iter().all(|part| part.holds(is_on)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(is_on)),
        }
    }

    /// Whether it can hold when an event arrives, which turns its own input on first. Too many
    /// inputs to try them all count as yes.
    pub fn can_fire(&self, inputs: &[&str]) -> bool {
        if inputs.len() > 12 {
            return true;
        }
        (1u32..1 << inputs.len()).any(|states| {
            self.holds(&|name| {
                inputs
                    .iter()
                    .position(|input| *input == name)
                    .is_some_and(|at| states >> at & 1 == 1)
            })
        })
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

impl Parser<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn space(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    fn takes(&mut self, token: &str) -> bool {
        self.space();
        let taken = self.rest().starts_with(token);
        if taken {
            self.at += token.len();
        }
        taken
    }

    fn any(&mut self) -> Result<Condition, String> {
        let mut parts = vec![self.all()?];
        while self.takes("||") {
            parts.push(self.all()?);
        }
        Ok(if parts.len() == 1 { parts.swap_remove(0) } else { Condition::Any(parts) })
    }

    fn all(&mut self) -> Result<Condition, String> {
        let mut parts = vec![self.one()?];
        while self.takes("&&") {
            parts.push(self.one()?);
        }
        Ok(if parts.len() == 1 { parts.swap_remove(0) } else { Condition::All(parts) })
    }

    fn one(&mut self) -> Result<Condition, String> {
        let mut negated = false;
        while self.takes("!") {
            negated = !negated;
        }
        let inner = if self.takes("(") { self.group()? } else { self.name()? };
        Ok(if negated { Condition::Not(Box::new(inner)) } else { inner })
    }

    fn group(&mut self) -> Result<Condition, String> {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err(format!("more than {DEPTH} parentheses are open"));
        }
        let inner = self.any()?;
        if !self.takes(")") {
            return Err(self.unexpected("`)`"));
        }
        self.depth -= 1;
        Ok(inner)
    }

    fn name(&mut self) -> Result<Condition, String> {
        self.space();
        let rest = self.rest();
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        let word = rest.get(..end).unwrap_or_default().to_owned();
        if word == "true" || word == "false" {
            self.at += end;
            return Ok(Condition::Constant(word == "true"));
        }
        if !is_identifier(&word) {
            return Err(self.unexpected("the name of an input, `!` or `(`"));
        }
        self.at += end;
        Ok(Condition::Input(word))
    }

    fn unexpected(&self, wanted: &str) -> String {
        let column = self.text.get(..self.at).unwrap_or_default().chars().count() + 1;
        match self.rest().chars().next() {
            Some(found) => format!("at character {column}, {wanted} is wanted, not `{found}`"),
            None => format!("at the end, {wanted} is wanted"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, inputs: &[&str], can_fire: bool) {
        let condition = Condition::parse(text).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(condition.inputs().into_iter().collect::<Vec<_>>(), inputs);
        assert_eq!(condition.can_fire(inputs), can_fire);
    }

    #[test]
    fn conditions_are_read() {
        check("a", &["a"], true);
        check("a && b || !c", &["a", "b", "c"], true);
        check(" ( a||b )&&!!c ", &["a", "b", "c"], true);
        check("a && !a", &["a"], false);
        check("!a", &["a"], false);
        check("!a && b", &["a", "b"], true);
        check("true", &[], false);
    }

    #[test]
    fn and_binds_tighter_than_or() {
        let condition = Condition::parse("a || b && c").unwrap();
        assert!(condition.holds(&|name| name == "a"));
        assert!(!condition.holds(&|name| name == "b"));
    }

    #[track_caller]
    fn fails(text: &str, error: &str) {
        assert_eq!(Condition::parse(text), Err(error.to_owned()));
    }

    #[test]
    fn faults_say_where_they_are() {
        fails("", "at the end, the name of an input, `!` or `(` is wanted");
        fails("a &&", "at the end, the name of an input, `!` or `(` is wanted");
        fails("a & b", "at character 3, `&&`, `||` or the end is wanted, not `&`");
        fails("(a", "at the end, `)` is wanted");
        fails("a-b", "at character 2, `&&`, `||` or the end is wanted, not `-`");
        fails("in", "at character 1, the name of an input, `!` or `(` is wanted, not `i`");
        fails("1 == 1", "at character 1, the name of an input, `!` or `(` is wanted, not `1`");
        fails("ä", "at character 1, the name of an input, `!` or `(` is wanted, not `ä`");
        assert!(Condition::parse(&"(".repeat(100_000)).is_err());
    }
}
