//! What the server stores for a stream: what is left out filled in, what one field implies for
//! another, by version. In the order of `checkStreamCfg` of nats-server.

use serde_json::{Value, json};

use crate::jetstream::Config;
use crate::jetstream::decode::{Read, decode};
use crate::jetstream::field::{Field, Shape, Unit};
use crate::jetstream::server::{Beside, Server};

use super::fields::{EVERY, FIELDS};

/// Two minutes, in nanoseconds: the server's duplicate window where nothing shortens it.
pub(super) const DUPLICATE_WINDOW: i64 = 120_000_000_000;

/// What a server would store and answer, without `_nats.*`. Fields that its version does not know
/// are gone. Whether it would take the configuration at all is `check`'s to say.
pub fn fill(config: &Config, server: &Server, beside: &Beside<'_>) -> Config {
    let mut filled = settle(decode(EVERY, config.clone(), server).config, server, beside);
    echo(EVERY, &mut filled, server);
    filled
}

/// As `fill`, of an update: sealing takes effect, and where nothing is said of where to republish
/// to, everything is.
pub fn fill_update(config: &Config, server: &Server, beside: &Beside<'_>) -> Config {
    let mut filled = fill_decoded(config, server, beside);
    echo(EVERY, &mut filled, server);
    filled
}

/// As `fill_update`, without what the server only says for nothing.
pub(super) fn fill_decoded(config: &Config, server: &Server, beside: &Beside<'_>) -> Config {
    let mut filled = settle(decode(EVERY, config.clone(), server).config, server, beside);
    seal(&mut filled);
    if let Some(Value::Object(republish)) = filled.get_mut("republish")
        && republish.text("dest").is_empty()
    {
        republish.insert("dest".to_owned(), json!(">"));
        if republish.text("src").is_empty() {
            republish.insert("src".to_owned(), json!(">"));
        }
    }
    filled
}

/// A decoded configuration with the server's own adjustments, in the form in which its rules see
/// it.
pub(super) fn settle(mut config: Config, server: &Server, beside: &Beside<'_>) -> Config {
    config.entry("storage").or_insert_with(|| json!("file"));
    config.entry("num_replicas").or_insert(json!(1));
    limits(&mut config, server);
    duplicate_window(&mut config, server);
    implied(&mut config);
    inherit_direct(&mut config, beside);
    if config.list("subjects").is_empty() {
        config.remove("subjects");
        let copies = config.contains_key("mirror") || !config.list("sources").is_empty();
        if !copies && let Some(name) = config.get("name").cloned() {
            config.insert("subjects".to_owned(), json!([name]));
        }
    }
    republish(&mut config, server);
    placement(&mut config, server);
    if config.text("persist_mode") == "default" {
        config.remove("persist_mode");
    }
    without_own_metadata(&mut config);
    config
}

/// Counts and sizes: 0 is -1, and since 2.12 what is below it too.
fn limits(config: &mut Config, server: &Server) {
    let limits = FIELDS.iter().filter(|field| matches!(field.unit, Unit::Limit | Unit::Bytes));
    for field in limits {
        let number = config.number(field.name);
        if number == 0 || (number < -1 && server.is_at_least(2, 12, 0)) {
            config.insert(field.name.to_owned(), json!(-1));
        }
    }
}

fn duplicate_window(config: &mut Config, server: &Server) {
    let sourced = server.is_at_least(2, 14, 0) && !config.list("sources").is_empty();
    if config.number("duplicate_window") != 0 || config.contains_key("mirror") || sourced {
        return;
    }
    let most = match server.own.duplicate_window {
        own if own > 0 => own.min(DUPLICATE_WINDOW),
        _ => DUPLICATE_WINDOW,
    };
    let age = config.number("max_age");
    let window = if age != 0 && age < most { age } else { most };
    config.insert("duplicate_window".to_owned(), json!(window));
}

/// Delete markers need message times to live and rollups; schedules need rollups.
fn implied(config: &mut Config) {
    let markers = config.number("subject_delete_marker_ttl") > 0;
    if markers {
        config.insert("allow_msg_ttl".to_owned(), json!(true));
    }
    if (markers || config.flag("allow_msg_schedules")) && !config.flag("allow_rollup_hdrs") {
        config.insert("allow_rollup_hdrs".to_owned(), json!(true));
        config.remove("deny_purge");
    }
}

/// A mirror is read directly as its origin is, where the server sees the origin.
fn inherit_direct(config: &mut Config, beside: &Beside<'_>) {
    let Some(mirror) = config.record("mirror").filter(|mirror| !mirror.contains_key("external"))
    else {
        return;
    };
    let Some(origin) = beside.streams.get(mirror.text("name")) else { return };
    if origin.flag("allow_direct") {
        config.insert("mirror_direct".to_owned(), json!(true));
    } else {
        config.remove("mirror_direct");
    }
}

fn republish(config: &mut Config, server: &Server) {
    let Some(republish) = config.record("republish") else { return };
    let mut republish = republish.clone();
    republish.entry("src").or_insert_with(|| json!(">"));
    let everything = republish.text("src") == ">" && republish.text("dest") == ">";
    // All messages under the subject that the transform gives them.
    if let (true, Some(transform), [only], true) = (
        everything,
        config.record("subject_transform"),
        config.texts("subjects").as_slice(),
        server.is_at_least(2, 11, 0),
    ) && transform.text("src") == *only
    {
        let destination = transform.text("dest").to_owned();
        if destination.is_empty() {
            republish.remove("src");
            republish.remove("dest");
        } else {
            republish.insert("src".to_owned(), json!(destination));
            republish.insert("dest".to_owned(), json!(destination));
        }
    }
    config.insert("republish".to_owned(), Value::Object(republish));
}

fn placement(config: &mut Config, server: &Server) {
    let Some(placement) = config.record("placement") else { return };
    // An empty list of tags is not nothing to the server, unless an older cluster passed it on.
    let passed_on = !server.is_standalone() && !server.is_at_least(2, 14, 0);
    let empty = placement.is_empty() || (passed_on && placement.keys().all(|key| key == "tags"));
    let empty = empty && placement.texts("tags").is_empty();
    if empty && server.is_at_least(2, 11, 0) {
        config.remove("placement");
    }
}

/// What sealing does, which only an update can.
pub(super) fn seal(config: &mut Config) {
    if config.flag("sealed") {
        config.remove("max_age");
        config.insert("discard".to_owned(), json!("new"));
        config.insert("deny_delete".to_owned(), json!(true));
        config.insert("deny_purge".to_owned(), json!(true));
        config.remove("allow_rollup_hdrs");
    }
}

/// The server's own metadata is no part of a configuration.
pub(in crate::jetstream) fn without_own_metadata(config: &mut Config) {
    let Some(Value::Object(metadata)) = config.get_mut("metadata") else { return };
    metadata.retain(|key, _| !is_own(key));
    if metadata.is_empty() {
        config.remove("metadata");
    }
}

/// Whether the server writes a key of metadata itself.
pub(super) fn is_own(key: &str) -> bool {
    matches!(key, "_nats.ver" | "_nats.level" | "_nats.req.level")
}

/// Writes what the server writes for nothing, in nested objects too.
pub(in crate::jetstream) fn echo(table: &[Field], config: &mut Config, server: &Server) {
    for field in table.iter().filter(|field| field.is_known(server.version)) {
        match (config.get_mut(field.name), field.shape) {
            (Some(Value::Object(fields)), Shape::Record(inner)) => echo(inner, fields, server),
            (Some(Value::Array(items)), _) if items.is_empty() => {
                config.remove(field.name);
            }
            (Some(Value::Array(items)), Shape::Records(inner)) => {
                let records = items.iter_mut().filter_map(Value::as_object_mut);
                records.for_each(|fields| echo(inner, fields, server));
            }
            (None, _) => {
                if let Ok(value) = serde_json::from_str(field.echo) {
                    config.insert(field.name.to_owned(), value);
                }
            }
            _ => {}
        }
    }
}
