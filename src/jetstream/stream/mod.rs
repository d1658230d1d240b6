//! The rule book of StreamConfig: what the server fills in (`fill`), whether it would make the stream
//! (`check`), what it makes of a change (`change`); held to real servers of every line since 2.10 by
//! tests/suites/rule_book.

use serde_json::{Value, json};

use super::Config;
use super::decode::decode;
use super::field::normal as by_table;
use super::metadata::without_marks;
use super::server::{Beside, Server};
use super::version::Version;

mod capacity;
mod check;
mod copies;
mod fields;
mod fill;
mod subjects;
mod update;

pub use capacity::{count, reservation};
pub use check::{check, placeable};
pub use fields::{EVERY, FIELDS};
pub(super) use fill::{echo, without_own_metadata};
pub use fill::{fill, fill_update};
pub use update::{change, touch};

/// The form by which configurations are compared: defaults said, sets in order, without marks and
/// without what the rule book does not know. Of the newest server; `change` compares with the
/// defaults of the server that is asked.
pub fn normal(config: &Config) -> Config {
    into_normal(config.clone())
}

/// As `normal`, of a configuration that is needed no more.
pub fn into_normal(config: Config) -> Config {
    let server = Server::assumed(Version::NEWEST);
    let decoded = decode(EVERY, config, &server).config;
    compared(fill::settle(decoded, &server, &Beside::unknown()))
}

/// A configuration that is filled in, in the form by which it is compared.
fn compared(mut filled: Config) -> Config {
    filled.values_mut().for_each(without_empty_lists);
    let mut normal = by_table(FIELDS, filled);
    if normal.get("num_replicas").is_some_and(|replicas| *replicas == json!(0)) {
        normal.insert("num_replicas".to_owned(), json!(1));
    }
    if normal.get("persist_mode").is_some_and(|mode| mode == "default") {
        normal.remove("persist_mode");
    }
    normal.retain(|_, value| *value != Value::Null);
    without_marks(&mut normal);
    normal
}

/// Empty lists within a field, which are nothing.
fn without_empty_lists(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(without_empty_lists),
        Value::Object(fields) => {
            fields.retain(|_, value| !value.as_array().is_some_and(Vec::is_empty));
            fields.values_mut().for_each(without_empty_lists);
        }
        _ => {}
    }
}

/// A live configuration in the form by which it is compared: as the server says it.
fn observed(live: &Config, server: &Server) -> Config {
    compared(decode(EVERY, live.clone(), server).config)
}

#[cfg(test)]
mod tests {
    use super::fill::DUPLICATE_WINDOW;
    use super::*;

    #[track_caller]
    fn window(config: Value, nanoseconds: Option<i64>) {
        let Value::Object(config) = config else { panic!("a mapping") };
        assert_eq!(normal(&config).get("duplicate_window").and_then(Value::as_i64), nanoseconds);
    }

    #[test]
    fn the_duplicate_window_follows_the_age() {
        window(json!({"name": "A"}), Some(DUPLICATE_WINDOW));
        window(json!({"name": "A", "max_age": 30_000_000_000_i64}), Some(30_000_000_000));
        window(json!({"name": "A", "duplicate_window": 5}), Some(5));
        window(json!({"name": "A", "sources": [{"name": "B"}]}), None);
    }

    #[test]
    fn what_is_left_out_is_filled_in() {
        let Value::Object(config) = json!({"name": "A", "max_msgs": 0, "num_replicas": 0}) else {
            panic!("a mapping")
        };
        let stored = normal(&config);
        assert_eq!(stored["subjects"], json!(["A"]));
        assert_eq!(stored["max_msgs"], json!(-1));
        assert_eq!(stored["num_replicas"], json!(1));
        assert_eq!(stored["storage"], json!("file"));
        assert_eq!(normal(&stored), stored);
    }
}
