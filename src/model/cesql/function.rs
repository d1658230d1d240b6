//! The functions of CESQL 1.0, as sdk-go has them. Knows nothing of their arguments' values.

/// What an expression comes to, as far as its form says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResultKind {
    Boolean,
    Integer,
    Text,
}

/// A function: its name, how many arguments it takes, and what it comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Function {
    pub name: &'static str,
    /// The fewest arguments.
    pub least: usize,
    /// The most; none where there is no limit.
    pub most: Option<usize>,
    pub result: ResultKind,
}

impl Function {
    const fn of(name: &'static str, least: usize, most: Option<usize>, result: ResultKind) -> Self {
        Self { name, least, most, result }
    }

    /// The function of a name in upper case.
    pub fn named(name: &str) -> Option<&'static Self> {
        FUNCTIONS.iter().find(|function| function.name == name)
    }

    /// Whether it takes so many arguments.
    pub fn takes(&self, count: usize) -> bool {
        count >= self.least && self.most.is_none_or(|most| count <= most)
    }
}

/// Every function.
pub const FUNCTIONS: &[Function] = &[
    Function::of("ABS", 1, Some(1), ResultKind::Integer),
    Function::of("BOOL", 1, Some(1), ResultKind::Boolean),
    Function::of("CONCAT", 0, None, ResultKind::Text),
    Function::of("CONCAT_WS", 1, None, ResultKind::Text),
    Function::of("INT", 1, Some(1), ResultKind::Integer),
    Function::of("IS_BOOL", 1, Some(1), ResultKind::Boolean),
    Function::of("IS_INT", 1, Some(1), ResultKind::Boolean),
    Function::of("LEFT", 2, Some(2), ResultKind::Text),
    Function::of("LENGTH", 1, Some(1), ResultKind::Integer),
    Function::of("LOWER", 1, Some(1), ResultKind::Text),
    Function::of("RIGHT", 2, Some(2), ResultKind::Text),
    Function::of("STRING", 1, Some(1), ResultKind::Text),
    Function::of("SUBSTRING", 2, Some(3), ResultKind::Text),
    Function::of("TRIM", 1, Some(1), ResultKind::Text),
    Function::of("UPPER", 1, Some(1), ResultKind::Text),
];
