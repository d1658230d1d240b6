//! A configuration as the server's JSON decoder takes it: keys in any case, null as nothing, zeros
//! as nothing, what the version does not know dropped or refused.

use serde_json::{Map, Number, Value};

use super::Config;
use super::field::{Field, Shape, position};
use super::refusal::Refusal;
use super::server::Server;
use super::version::Version;

/// A configuration in the server's hands, and what it said to it.
pub struct Decoded {
    /// Known fields by their own names; zero values are absent, empty lists and objects are not.
    pub config: Config,
    /// 10025 first; what is dropped without a word last.
    pub refusals: Vec<Refusal>,
}

/// Decodes by a table.
pub fn decode(table: &[Field], config: Config, server: &Server) -> Decoded {
    let mut decoder = Decoder { server, faults: Vec::new(), dropped: Vec::new() };
    let config = decoder.record(table, config, "");
    let mut refusals = decoder.faults;
    refusals.append(&mut decoder.dropped);
    Decoded { config, refusals }
}

struct Decoder<'a> {
    server: &'a Server,
    faults: Vec<Refusal>,
    dropped: Vec<Refusal>,
}

impl Decoder<'_> {
    fn record(&mut self, table: &[Field], mut fields: Config, within: &'static str) -> Config {
        // Keys are nearly always spelt as the server spells them: then nothing moves.
        let exact = |key: &String| position(table, key).is_some();
        if fields.keys().all(exact) {
            fields.retain(|key, value| {
                let field = position(table, key).map(|at| &table[at]);
                let kept = self.field(field, key, value.take(), within);
                kept.flatten().is_some_and(|kept| {
                    *value = kept;
                    true
                })
            });
            return fields;
        }
        let mut taken = Config::new();
        for (key, value) in fields {
            let field = table.iter().find(|field| field.name.eq_ignore_ascii_case(&key));
            let (Some(value), Some(field)) = (self.field(field, &key, value, within), field) else {
                continue;
            };
            match value {
                Some(value) => taken.insert(field.name.to_owned(), value),
                None => taken.remove(field.name),
            };
        }
        taken
    }

    /// What is made of a field; `None` where it counts as not said.
    fn field(
        &mut self,
        field: Option<&Field>,
        key: &str,
        value: Value,
        within: &'static str,
    ) -> Option<Option<Value>> {
        match field {
            // Go leaves a plain value as it was.
            Some(field) if value.is_null() && field.shape.is_plain() => None,
            Some(field) if field.is_known(self.server.version) => {
                let place = if within.is_empty() { field.name } else { within };
                Some(self.value(field, value, place))
            }
            // What says nothing is dropped without loss.
            Some(field) if !self.server.strict && is_zero(field, &value) => None,
            field => {
                self.unknown(field, key, within);
                None
            }
        }
    }

    fn unknown(&mut self, field: Option<&Field>, key: &str, within: &'static str) {
        let place = if within.is_empty() { field.map_or("", |field| field.name) } else { within };
        if self.server.strict {
            let text = format!("invalid JSON: json: unknown field {key:?}");
            self.faults.push(Refusal::new(10025, place, text));
            return;
        }
        let version = self.server.version;
        let text = match field {
            Some(field) if version < field.since => format!(
                "{key} needs nats-server {}.{}; {version} would drop it without a word",
                field.since.major, field.since.minor
            ),
            _ => format!(
                "nats-server {version} does not know {key} and would drop it without a word"
            ),
        };
        self.dropped.push(Refusal::dropped(place, text));
    }

    fn fault(&mut self, place: &'static str, value: &Value, wanted: &str) -> Option<Value> {
        let text = format!("invalid JSON: {value} is not {wanted}");
        self.faults.push(Refusal::new(10025, place, text));
        None
    }

    /// The value where it is not zero.
    fn value(&mut self, field: &Field, value: Value, place: &'static str) -> Option<Value> {
        match (field.shape, value) {
            (Shape::Word(words), value) => {
                let version = self.server.version;
                let known = |text: &str| {
                    words.iter().any(|word| word.text == text && version >= word.since)
                };
                match value.as_str() {
                    Some(text) if known(text) => Some(value),
                    // The discard policy alone is read in any case.
                    Some(text) if field.name == "discard" && known(&text.to_lowercase()) => {
                        Some(Value::String(text.to_lowercase()))
                    }
                    Some("") if field.name == "persist_mode" => None,
                    _ => self.fault(place, &value, &format!("a word of {}", field.name)),
                }
            }
            (_, Value::Null) => None,
            (Shape::Text, Value::String(text)) => (!text.is_empty()).then_some(Value::String(text)),
            (Shape::Text, value) => self.fault(place, &value, "a text"),
            (Shape::Flag, Value::Bool(flag)) => flag.then_some(Value::Bool(true)),
            (Shape::Flag, value) => self.fault(place, &value, "true or false"),
            (Shape::Integer(bits), value) => match integer(&value, bits) {
                Some(number) => (number != 0).then_some(value),
                None => self.fault(place, &value, &format!("a number of {bits} bits")),
            },
            (Shape::Natural, value) => match value.as_u64() {
                Some(number) => (number != 0).then_some(value),
                None => self.fault(place, &value, "a number of 64 bits without a sign"),
            },
            (Shape::Instant, value) => match value.as_str().and_then(instant) {
                Some(text) => Some(Value::String(text)),
                None => self.fault(place, &value, "an instant of RFC 3339"),
            },
            (Shape::Record(table), Value::Object(fields)) => {
                Some(Value::Object(self.record(table, fields, place)))
            }
            (Shape::Record(_), value) => self.fault(place, &value, "an object"),
            (Shape::Map, Value::Object(fields)) => self.map(fields, place),
            (Shape::Map, value) => self.fault(place, &value, "an object of texts"),
            (shape, Value::Array(items)) => self.list(shape, items, place),
            (_, value) => self.fault(place, &value, "a list"),
        }
    }

    fn map(&mut self, mut texts: Map<String, Value>, place: &'static str) -> Option<Value> {
        for value in texts.values_mut() {
            match value {
                Value::String(_) => {}
                Value::Null => *value = Value::String(String::new()),
                _ => return self.fault(place, &value.take(), "a text"),
            }
        }
        Some(Value::Object(texts))
    }

    fn list(&mut self, shape: Shape, items: Vec<Value>, place: &'static str) -> Option<Value> {
        let mut taken = Vec::new();
        for item in items {
            taken.push(match (shape, item) {
                (Shape::Texts, Value::String(text)) => Value::String(text),
                (Shape::Texts, Value::Null) => Value::String(String::new()),
                (Shape::Numbers, Value::Null) => Value::Number(Number::from(0)),
                (Shape::Numbers, item) if integer(&item, 64).is_some() => item,
                (Shape::Records(table), Value::Object(fields)) => {
                    Value::Object(self.record(table, fields, place))
                }
                (Shape::Records(_), Value::Null) => Value::Null,
                (_, item) => return self.fault(place, &item, "what the list holds"),
            });
        }
        Some(Value::Array(taken))
    }
}

/// Whether a value is what the server writes for nothing.
fn is_zero(field: &Field, value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Number(number) => number.as_i64() == Some(0),
        Value::String(text) => text.is_empty() || matches!(text.as_str(), "none" | "default"),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty() && matches!(field.shape, Shape::Record(_)),
        Value::Bool(true) => false,
    }
}

fn integer(value: &Value, bits: u32) -> Option<i64> {
    let number = value.as_i64()?;
    let fits = bits == 64 || i32::try_from(number).is_ok();
    fits.then_some(number)
}

/// An instant as Go writes it again: in the zone it was given, without needless digits.
fn instant(text: &str) -> Option<String> {
    // Go wants a capital T and Z, and seconds.
    let (date, rest) = text.split_once('T')?;
    let at = rest.find(['Z', '+', '-'])?;
    let (time, zone) = rest.split_at(at);
    let shaped = date.len() == 10 && time.len() >= 8 && (zone == "Z" || zone.len() == 6);
    if !shaped || text.parse::<jiff::Timestamp>().is_err() {
        return None;
    }
    let time = match time.split_once('.') {
        None => time.to_owned(),
        Some((whole, part)) => {
            let part: String = part.chars().take(9).collect();
            let part = part.trim_end_matches('0');
            if part.is_empty() { whole.to_owned() } else { format!("{whole}.{part}") }
        }
    };
    let zone = if zone == "+00:00" { "Z" } else { zone };
    Some(format!("{date}T{time}{zone}"))
}

/// Reads of a decoded configuration: what is absent is zero.
pub trait Read {
    fn text(&self, name: &str) -> &str;
    fn number(&self, name: &str) -> i64;
    fn flag(&self, name: &str) -> bool;
    fn list(&self, name: &str) -> &[Value];
    fn record(&self, name: &str) -> Option<&Config>;
    fn texts(&self, name: &str) -> Vec<&str>;
}

impl Read for Config {
    fn text(&self, name: &str) -> &str {
        self.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    fn number(&self, name: &str) -> i64 {
        match self.get(name) {
            // Beyond a signed number only `opt_start_seq` and `first_seq` go, which are compared
            // with zero alone.
            Some(value) => value.as_i64().unwrap_or(if value.is_u64() { i64::MAX } else { 0 }),
            None => 0,
        }
    }

    fn flag(&self, name: &str) -> bool {
        self.get(name).is_some_and(|value| *value == true)
    }

    fn list(&self, name: &str) -> &[Value] {
        self.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
    }

    fn record(&self, name: &str) -> Option<&Config> {
        self.get(name).and_then(Value::as_object)
    }

    fn texts(&self, name: &str) -> Vec<&str> {
        self.list(name).iter().map(|item| item.as_str().unwrap_or_default()).collect()
    }
}

/// The bytes of a metadata map, as its limit counts them.
pub fn metadata_bytes(config: &Config) -> usize {
    let fields = config.record("metadata").into_iter().flatten();
    fields.map(|(key, value)| key.len() + value.as_str().map_or(0, str::len)).sum()
}

/// Whether a name is one that the server takes for a stream or consumer.
pub fn is_name(name: &str, version: Version) -> bool {
    let slash = version >= Version::of(2, 12, 0) && name.contains(['\\', '/']);
    let bad = name.contains([' ', '\t', '\r', '\n', '\u{c}', '.', '*', '>']);
    !name.is_empty() && !bad && !slash
}
