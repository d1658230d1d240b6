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
    /// Whether both hold or neither does.
    Same(Box<Condition>, Box<Condition>),
    /// The second where the first holds, and the third where it does not.
    Either(Box<Condition>, Box<Condition>, Box<Condition>),
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

/// How deep anybody would nest a condition. It bounds the stack.
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
        let condition = parser.either()?;
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
            Self::Same(left, right) => &left.inputs() | &right.inputs(),
            Self::Either(first, yes, no) => &(&first.inputs() | &yes.inputs()) | &no.inputs(),
            Self::All(parts) | Self::Any(parts) => parts.iter().flat_map(Self::inputs).collect(),
        }
    }

    /// Whether it holds while the inputs are as `is_on` says.
    pub fn holds(&self, is_on: &impl Fn(&str) -> bool) -> bool {
        match self {
            Self::Constant(value) => *value,
            Self::Input(name) => is_on(name),
            Self::Not(inner) => !inner.holds(is_on),
            Self::Same(left, right) => left.holds(is_on) == right.holds(is_on),
            Self::Either(first, yes, no) => {
                if first.holds(is_on) {
                    yes.holds(is_on)
                } else {
                    no.holds(is_on)
                }
            }
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

    fn either(&mut self) -> Result<Condition, String> {
        let first = self.any()?;
        if !self.takes("?") {
            return Ok(first);
        }
        self.deeper()?;
        let yes = self.any()?;
        if !self.takes(":") {
            return Err(self.unexpected("`:`"));
        }
        let no = self.either()?;
        self.depth -= 1;
        Ok(Condition::Either(Box::new(first), Box::new(yes), Box::new(no)))
    }

    fn any(&mut self) -> Result<Condition, String> {
        let mut parts = vec![self.all()?];
        while self.takes("||") {
            parts.push(self.all()?);
        }
        Ok(if parts.len() == 1 { parts.swap_remove(0) } else { Condition::Any(parts) })
    }

    fn all(&mut self) -> Result<Condition, String> {
        let mut parts = vec![self.compared()?];
        while self.takes("&&") {
            parts.push(self.compared()?);
        }
        Ok(if parts.len() == 1 { parts.swap_remove(0) } else { Condition::All(parts) })
    }

    fn compared(&mut self) -> Result<Condition, String> {
        let mut left = self.one()?;
        let mut signs = 0;
        loop {
            let same = self.takes("==");
            if !same && !self.takes("!=") {
                return Ok(left);
            }
            signs += 1;
            if signs > DEPTH {
                return Err(format!("more than {DEPTH} comparisons follow each other"));
            }
            let both = Condition::Same(Box::new(left), Box::new(self.one()?));
            left = if same { both } else { Condition::Not(Box::new(both)) };
        }
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
        self.deeper()?;
        let inner = self.either()?;
        if !self.takes(")") {
            return Err(self.unexpected("`)`"));
        }
        self.depth -= 1;
        Ok(inner)
    }

    fn deeper(&mut self) -> Result<(), String> {
        self.depth += 1;
        if self.depth > DEPTH {
            Err(format!("it nests deeper than {DEPTH} levels"))
        } else {
            Ok(())
        }
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
        check("a == b", &["a", "b"], true);
        check("(a != b) == c", &["a", "b", "c"], true);
        check("a != a", &["a"], false);
        check("a ? b : c ? a : b", &["a", "b", "c"], true);
        check("a ? !a : a", &["a"], false);
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
        for endless in ["(", "a ? b : ", "a == "] {
            assert!(Condition::parse(&format!("{}a", endless.repeat(100_000))).is_err());
        }
        fails("a ? b", "at the end, `:` is wanted");
    }
}
