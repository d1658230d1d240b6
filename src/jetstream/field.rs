//! The form of the rule book: one row per field of a configuration, with its default, the unit
//! people write it in, and what a change of it meets (shared/facts/jetstream.md §2.2-2.3).

use serde_json::{Map, Value, json};

use super::version::Version;

/// What a number or text of a field stands for, when it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    Plain,
    /// A count; -1 is unlimited.
    Limit,
    /// Bytes; -1 is unlimited.
    Bytes,
    Nanoseconds,
}

/// What JSON a field takes; anything else is refused with 10025.
#[derive(Debug, Clone, Copy)]
pub enum Shape {
    Text,
    Flag,
    /// A signed number of so many bits.
    Integer(u32),
    /// An unsigned number of 64 bits.
    Natural,
    /// One of these words.
    Word(&'static [Word]),
    Texts,
    /// Nanoseconds, each a signed number of 64 bits.
    Numbers,
    /// RFC 3339.
    Instant,
    Record(&'static [Field]),
    Records(&'static [Field]),
    /// Texts by name.
    Map,
}

impl Shape {
    /// Whether null says nothing of it; of the others it says that they are empty, or is refused.
    pub fn is_plain(self) -> bool {
        matches!(self, Self::Text | Self::Flag | Self::Integer(_) | Self::Natural)
    }
}

/// A word of a field, and the first server that knows it.
#[derive(Debug, Clone, Copy)]
pub struct Word {
    pub text: &'static str,
    pub since: Version,
}

/// A word that every server knows.
pub const fn word(text: &'static str) -> Word {
    Word { text, since: FIRST }
}

/// The first server whose rules are known.
pub const FIRST: Version = Version::of(2, 10, 0);

/// What the server does when a field differs in an update.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// Taken over.
    Mutable,
    /// Refused, with this code and text.
    Fixed(u16, &'static str),
    /// Refused once it is true.
    NoTurningOff(u16, &'static str),
    /// Refused to and from `workqueue`.
    NotWorkqueue(u16, &'static str),
    /// Refused, but for taking it away.
    RemovalOnly(u16, &'static str),
    /// Refused between absent and present; another value is taken over.
    Presence(u16, &'static str, &'static str),
    /// Echoed and without effect: counts on create alone.
    CreateOnly,
    /// Kept at the server's value without a word.
    Ignored,
}

impl Rule {
    /// What it says to a change of the value, both in the form that the server stores.
    pub fn refusal(self, from: Option<&Value>, to: Option<&Value>) -> Option<(u16, &'static str)> {
        let is_workqueue = |value: Option<&Value>| value.is_some_and(|value| value == "workqueue");
        if from == to {
            return None;
        }
        match self {
            Self::Mutable | Self::CreateOnly | Self::Ignored => None,
            Self::Fixed(code, text) => Some((code, text)),
            Self::NoTurningOff(code, text) => {
                from.is_some_and(|value| *value == true).then_some((code, text))
            }
            Self::NotWorkqueue(code, text) => {
                (is_workqueue(from) || is_workqueue(to)).then_some((code, text))
            }
            Self::RemovalOnly(code, text) => to.is_some().then_some((code, text)),
            Self::Presence(code, appears, _) if from.is_none() => Some((code, appears)),
            Self::Presence(code, _, goes) => to.is_none().then_some((code, goes)),
        }
    }
}

/// One row of the rule book.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// On the wire.
    pub name: &'static str,
    pub shape: Shape,
    pub unit: Unit,
    /// The JSON that stands for "not said"; empty where the field is then absent.
    pub default: &'static str,
    /// The JSON that the server answers where nothing is said; empty where the field is left out.
    pub echo: &'static str,
    /// The first server that knows the field.
    pub since: Version,
    /// The first server that knows it no more.
    pub until: Option<Version>,
    /// What an update meets.
    pub rule: Rule,
    /// What an update met before a version.
    pub before: Option<(Version, Rule)>,
    /// Whether it counts when two configurations are compared: what names an object does not, nor
    /// what a client must not say.
    pub compared: bool,
    /// What else the server makes of it, in a sentence or two.
    pub note: &'static str,
}

/// The rows of a table that are compared, which come first.
pub const fn compared(table: &'static [Field]) -> &'static [Field] {
    let mut count = 0;
    while count < table.len() && table[count].compared {
        count += 1;
    }
    table.split_at(count).0
}

/// A row with a mutable field that every server knows.
pub const fn row(name: &'static str, shape: Shape, default: &'static str) -> Field {
    Field {
        name,
        shape,
        unit: Unit::Plain,
        default,
        echo: default,
        since: FIRST,
        until: None,
        rule: Rule::Mutable,
        before: None,
        compared: true,
        note: "",
    }
}

impl Field {
    #[must_use]
    pub const fn unit(mut self, unit: Unit) -> Self {
        self.unit = unit;
        self
    }

    #[must_use]
    pub const fn rule(mut self, rule: Rule) -> Self {
        self.rule = rule;
        self
    }

    /// Another rule up to a version, which is the first of the present one.
    #[must_use]
    pub const fn before(mut self, version: Version, rule: Rule) -> Self {
        self.before = Some((version, rule));
        self
    }

    #[must_use]
    pub const fn since(mut self, version: Version) -> Self {
        self.since = version;
        self
    }

    #[must_use]
    pub const fn until(mut self, version: Version) -> Self {
        self.until = Some(version);
        self
    }

    /// What the server answers where nothing is said, if it is not the default.
    #[must_use]
    pub const fn echo(mut self, json: &'static str) -> Self {
        self.echo = json;
        self
    }

    #[must_use]
    pub const fn not_compared(mut self) -> Self {
        self.compared = false;
        self
    }

    #[must_use]
    pub const fn note(mut self, note: &'static str) -> Self {
        self.note = note;
        self
    }

    /// Whether a server of this version knows the field.
    pub fn is_known(&self, version: Version) -> bool {
        version >= self.since && self.until.is_none_or(|until| version < until)
    }

    /// What an update of it meets on a server of this version.
    pub fn rule_of(&self, version: Version) -> Rule {
        match self.before {
            Some((until, rule)) if version < until => rule,
            _ => self.rule,
        }
    }

    /// The value that two configurations are compared by: defaults said, limits of 0 or below -1
    /// as -1, sets in order, empty things absent.
    pub fn normal(&self, value: Option<Value>) -> Option<Value> {
        let default = || self.stands_for_nothing();
        let value = match value {
            None | Some(Value::Null) => return default(),
            Some(value) => settled(self.name, value),
        };
        let is_limit = matches!(self.unit, Unit::Limit | Unit::Bytes);
        match value {
            Value::Number(n) if is_limit && n.as_i64().is_some_and(|n| n == 0 || n < -1) => {
                default()
            }
            Value::Number(n) if self.default.is_empty() && n.as_i64() == Some(0) => None,
            Value::Bool(false) if self.default.is_empty() => None,
            Value::String(text) if text.is_empty() => default(),
            Value::Array(items) if items.is_empty() => default(),
            Value::Object(fields) if fields.is_empty() => default(),
            Value::Array(mut items) if items.iter().all(Value::is_string) => {
                items.sort_by(|a, b| a.as_str().cmp(&b.as_str()));
                Some(Value::Array(items))
            }
            value => Some(value),
        }
    }

    /// The default as a value. Nearly all are small; the parser is asked for the rest alone.
    fn stands_for_nothing(&self) -> Option<Value> {
        match self.default {
            "" => None,
            "false" => Some(Value::Bool(false)),
            "-1" => Some(json!(-1)),
            "0" => Some(json!(0)),
            "1" => Some(json!(1)),
            other => serde_json::from_str(other).ok(),
        }
    }

    /// The value as people write it.
    pub fn spoken(&self, value: Option<&Value>) -> String {
        let Some(value) = value else { return "unset".to_owned() };
        match (self.unit, value.as_i64()) {
            (Unit::Limit | Unit::Bytes, Some(-1)) => "unlimited".to_owned(),
            (Unit::Bytes, Some(bytes)) => bytes_spoken(bytes),
            (Unit::Nanoseconds, Some(0)) => "0s".to_owned(),
            (Unit::Nanoseconds, Some(nanoseconds)) => u64::try_from(nanoseconds)
                .map_or_else(|_| value.to_string(), crate::model::duration::spoken),
            _ => value.as_str().map_or_else(|| value.to_string(), str::to_owned),
        }
    }
}

/// A value as the server keeps it: instants in UTC without needless digits, tags in order; inside
/// of sources, mirrors and placements too.
fn settled(name: &str, value: Value) -> Value {
    match value {
        Value::String(text) if name == "opt_start_time" => {
            let instant = text.parse::<jiff::Timestamp>();
            Value::String(instant.map_or(text, |instant| instant.to_string()))
        }
        Value::Array(mut items) if name == "tags" => {
            items.sort_by(|a, b| a.as_str().cmp(&b.as_str()));
            Value::Array(items)
        }
        Value::Array(mut items) => {
            items.iter_mut().for_each(|item| *item = settled(name, item.take()));
            Value::Array(items)
        }
        Value::Object(mut fields) => {
            fields.iter_mut().for_each(|(name, value)| *value = settled(name, value.take()));
            Value::Object(fields)
        }
        other => other,
    }
}

/// Bytes as people write them: `4 GiB`, `976.6 KiB`, `512 B`.
#[expect(clippy::cast_precision_loss, reason = "one decimal is shown")]
pub fn bytes_spoken(bytes: i64) -> String {
    const UNITS: &[(&str, i64)] =
        &[("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
    match UNITS.iter().find(|(_, size)| bytes >= *size) {
        None => format!("{bytes} B"),
        Some((unit, size)) if bytes % size == 0 => format!("{} {unit}", bytes / size),
        Some((unit, size)) => format!("{:.1} {unit}", bytes as f64 / *size as f64),
    }
}

/// A configuration with every field of the table in its normal form, and with what the table does
/// not know left out.
pub fn normal(table: &[Field], mut config: Map<String, Value>) -> Map<String, Value> {
    let mut said = vec![false; table.len()];
    config.retain(|name, value| {
        let Some(at) = position(table, name).filter(|at| table[*at].compared) else { return false };
        said[at] = true;
        let normal = table[at].normal(Some(value.take()));
        normal.is_some_and(|normal| {
            *value = normal;
            true
        })
    });
    let unsaid = table.iter().zip(said).filter(|(field, said)| field.compared && !said);
    unsaid.for_each(|(field, _)| set(&mut config, field.name, field.normal(None)));
    config
}

/// The row of a field. Thousands of configurations ask for each of theirs, so that length and last
/// byte are looked at before the texts are compared.
pub fn position(table: &[Field], name: &str) -> Option<usize> {
    let signs = |text: &str| (text.len(), text.as_bytes().last().copied());
    let looked_for = signs(name);
    table.iter().position(|field| signs(field.name) == looked_for && field.name == name)
}

/// Sets a field, unless the value says nothing.
pub fn set(config: &mut Map<String, Value>, name: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        config.insert(name.to_owned(), value.into());
    }
}

/// Sets a number, unless it is absent or zero: the Go client leaves zeros out.
pub fn set_nonzero(config: &mut Map<String, Value>, name: &str, value: Option<impl Into<Value>>) {
    let value = value.map(Into::into).filter(|value| *value != json!(0));
    set(config, name, value);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    #[expect(clippy::needless_pass_by_value, reason = "a table of cases reads better")]
    fn check(field: Field, value: Value, normal: Option<Value>, spoken: &str) {
        let found = field.normal(Some(value));
        assert_eq!(found, normal);
        assert_eq!(field.spoken(found.as_ref()), spoken);
    }

    #[test]
    fn values_have_one_form_and_are_said_in_their_unit() {
        let limit = row("max_msgs", Shape::Integer(64), "-1").unit(Unit::Limit);
        check(limit, json!(0), Some(json!(-1)), "unlimited");
        check(limit, json!(-7), Some(json!(-1)), "unlimited");
        check(limit, json!(5), Some(json!(5)), "5");
        check(
            row("max_bytes", Shape::Integer(64), "-1").unit(Unit::Bytes),
            json!(1 << 30),
            Some(json!(1 << 30)),
            "1 GiB",
        );
        check(
            row("max_age", Shape::Integer(64), "0").unit(Unit::Nanoseconds),
            json!(3_600_000_000_000_i64),
            Some(json!(3_600_000_000_000_i64)),
            "1h",
        );
        check(
            row("subjects", Shape::Texts, ""),
            json!(["b", "a"]),
            Some(json!(["a", "b"])),
            r#"["a","b"]"#,
        );
        check(row("description", Shape::Text, ""), json!(""), None, "unset");
        check(row("no_ack", Shape::Flag, ""), json!(false), None, "unset");
    }
}
