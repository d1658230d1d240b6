//! The form of the rule book: one row per field of a configuration, with its default, the unit
//! people write it in, and what a change of it meets (shared/facts/jetstream.md §2.2-2.3).

use serde_json::{Map, Value, json};

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

/// What the server does when a field differs in an update (nats-server 2.15.2).
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
    /// Refused, but for taking it away (2.12 and newer).
    RemovalOnly(u16, &'static str),
    /// Refused between absent and present; another value is taken over.
    Presence(u16, &'static str, &'static str),
    /// Echoed and without effect: counts on create alone.
    CreateOnly,
    /// Kept at the server's value without a word.
    Ignored,
}

/// One row of the rule book.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    pub name: &'static str,
    pub unit: Unit,
    pub rule: Rule,
    /// The JSON that stands for "not said"; empty where the field is then absent.
    pub default: &'static str,
}

/// A row with a mutable plain field.
pub const fn row(name: &'static str, default: &'static str) -> Field {
    Field { name, unit: Unit::Plain, rule: Rule::Mutable, default }
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

    /// The value that two configurations are compared by: defaults said, limits of 0 or below -1
    /// as -1, sets in order, empty things absent.
    pub fn normal(&self, value: Option<&Value>) -> Option<Value> {
        let default = || serde_json::from_str(self.default).ok();
        let value = match value {
            None | Some(Value::Null) => return default(),
            Some(value) => settled(self.name, value),
        };
        let is_limit = matches!(self.unit, Unit::Limit | Unit::Bytes);
        match &value {
            Value::Number(n) if is_limit && n.as_i64().is_some_and(|n| n == 0 || n < -1) => {
                default()
            }
            Value::Number(n) if self.default.is_empty() && n.as_i64() == Some(0) => None,
            Value::Bool(false) if self.default.is_empty() => None,
            Value::String(text) if text.is_empty() => default(),
            Value::Array(items) if items.is_empty() => default(),
            Value::Object(fields) if fields.is_empty() => default(),
            Value::Array(items) if items.iter().all(Value::is_string) => {
                let mut items = items.clone();
                items.sort_by(|a, b| a.as_str().cmp(&b.as_str()));
                Some(Value::Array(items))
            }
            _ => Some(value),
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
fn settled(name: &str, value: &Value) -> Value {
    match value {
        Value::String(text) if name == "opt_start_time" => {
            let instant = text.parse::<jiff::Timestamp>();
            Value::String(instant.map_or_else(|_| text.clone(), |instant| instant.to_string()))
        }
        Value::Array(items) if name == "tags" => {
            let mut items = items.clone();
            items.sort_by(|a, b| a.as_str().cmp(&b.as_str()));
            Value::Array(items)
        }
        Value::Array(items) => items.iter().map(|item| settled(name, item)).collect(),
        Value::Object(fields) => {
            fields.iter().map(|(name, value)| (name.clone(), settled(name, value))).collect()
        }
        other => other.clone(),
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
pub fn normal(table: &[Field], config: &Map<String, Value>) -> Map<String, Value> {
    table
        .iter()
        .filter_map(|field| Some((field.name.to_owned(), field.normal(config.get(field.name))?)))
        .collect()
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
        let found = field.normal(Some(&value));
        assert_eq!(found, normal);
        assert_eq!(field.spoken(found.as_ref()), spoken);
    }

    #[test]
    fn values_have_one_form_and_are_said_in_their_unit() {
        let limit = row("max_msgs", "-1").unit(Unit::Limit);
        check(limit, json!(0), Some(json!(-1)), "unlimited");
        check(limit, json!(-7), Some(json!(-1)), "unlimited");
        check(limit, json!(5), Some(json!(5)), "5");
        check(
            row("max_bytes", "-1").unit(Unit::Bytes),
            json!(1 << 30),
            Some(json!(1 << 30)),
            "1 GiB",
        );
        check(
            row("max_age", "0").unit(Unit::Nanoseconds),
            json!(3_600_000_000_000_i64),
            Some(json!(3_600_000_000_000_i64)),
            "1h",
        );
        check(row("subjects", ""), json!(["b", "a"]), Some(json!(["a", "b"])), r#"["a","b"]"#);
        check(row("description", ""), json!(""), None, "unset");
        check(row("no_ack", ""), json!(false), None, "unset");
    }
}
