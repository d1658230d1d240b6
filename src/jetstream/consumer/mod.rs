//! The rule book of ConsumerConfig: what the server fills in (`fill`), whether it would make the
//! consumer (`check`), what it makes of a change (`change`); held to real servers of every line since
//! 2.10 by tests/suites/rule_book.

use super::Config;
use super::decode::{Read, decode};
use super::field::normal as by_table;
use super::metadata::without_marks;
use super::server::Server;
use super::version::Version;

mod check;
mod delivery;
mod fields;
mod fill;
mod update;

pub use check::check;
pub use fields::{EVERY, FIELDS};
pub use fill::fill;
pub use update::change;

/// The form by which configurations are compared: defaults said, sets in order, without marks and
/// without what the rule book does not know. Of the newest server and a stream without limits;
/// `change` compares with the defaults of those that are asked.
pub fn normal(config: &Config) -> Config {
    into_normal(config.clone())
}

/// As `normal`, of a configuration that is needed no more.
pub fn into_normal(config: Config) -> Config {
    let server = Server::assumed(Version::NEWEST);
    compared(fill::settle(decode(EVERY, config, &server).config, &server, None))
}

/// A configuration that is filled in, in the form by which it is compared.
fn compared(filled: Config) -> Config {
    let mut normal = by_table(FIELDS, filled);
    if normal.text("priority_policy") == "none" {
        normal.remove("priority_policy");
    }
    without_marks(&mut normal);
    normal
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::fill::ACK_WAIT;
    use super::*;

    #[test]
    fn an_instant_is_the_same_in_every_zone() {
        let at = |text: &str| {
            let Value::Object(config) = json!({"opt_start_time": text}) else {
                panic!("a mapping")
            };
            normal(&config)["opt_start_time"].clone()
        };
        for text in
            ["2026-01-01T00:00:00Z", "2026-01-01T02:00:00+02:00", "2026-01-01T00:00:00.000Z"]
        {
            assert_eq!(at(text), "2026-01-01T00:00:00Z");
        }
        assert_eq!(at("2026-01-01T00:00:00.500Z"), "2026-01-01T00:00:00.5Z");
    }

    #[test]
    fn what_is_left_out_is_filled_in() {
        let Value::Object(config) = json!({"durable_name": "A", "ack_policy": "explicit"}) else {
            panic!("a mapping")
        };
        let stored = normal(&config);
        assert_eq!(stored["ack_wait"], json!(ACK_WAIT));
        assert_eq!(stored["max_waiting"], json!(512));
        assert_eq!(stored["max_deliver"], json!(-1));
        assert_eq!(normal(&stored), stored);
    }
}
