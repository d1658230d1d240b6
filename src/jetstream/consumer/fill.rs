//! What the server stores for a consumer: what is left out filled in, by version and by its stream.
//! In the order of nats-server's `setConsumerConfigDefaults`.

use serde_json::{Value, json};

use crate::jetstream::Config;
use crate::jetstream::decode::{Read, decode};
use crate::jetstream::server::Server;
use crate::jetstream::stream::{echo, without_own_metadata};

use super::fields::EVERY;

/// Thirty seconds, in nanoseconds: the server's ack wait where acknowledgements are wanted.
pub(super) const ACK_WAIT: i64 = 30_000_000_000;
const MAX_ACK_PENDING: i64 = 1000;
const MAX_WAITING: i64 = 512;
const INACTIVE: i64 = 5_000_000_000;
const PINNED_TTL: i64 = 120_000_000_000;
/// The heartbeat of a consumer whose acknowledgements are its flow control.
pub(super) const FLOW_HEARTBEAT: i64 = 1_000_000_000;

/// What a server would store and answer, without `_nats.*`. Fields that its version does not know
/// are gone. Whether it would take the configuration at all is `check`'s to say.
pub fn fill(config: &Config, server: &Server, stream: Option<&Config>) -> Config {
    let mut filled = settle(decode(EVERY, config.clone(), server).config, server, stream);
    if filled.text("priority_policy") == "none" {
        filled.remove("priority_policy");
    }
    // What is not durable goes by itself.
    if !filled.contains_key("durable_name") && filled.number("inactive_threshold") <= 0 {
        filled.insert("inactive_threshold".to_owned(), json!(INACTIVE));
    }
    // What has a name of its own is called by it.
    if let Some(name) = filled.get("durable_name").cloned() {
        filled.insert("name".to_owned(), name);
    }
    echo(EVERY, &mut filled, server);
    filled
}

/// A decoded configuration with the server's own adjustments, in the form in which its rules see
/// it.
pub(super) fn settle(mut config: Config, server: &Server, stream: Option<&Config>) -> Config {
    signs(&mut config, server);
    let acknowledged = matches!(config.text("ack_policy"), "explicit" | "all");
    if !config.contains_key("deliver_subject") {
        default(&mut config, "max_waiting", MAX_WAITING);
    }
    if acknowledged {
        default(&mut config, "ack_wait", ACK_WAIT);
    }
    if let Some(first) = config.list("backoff").first().cloned() {
        config.insert("ack_wait".to_owned(), first);
    }
    if let Some(limits) = stream.and_then(|stream| stream.record("consumer_limits")) {
        default(&mut config, "max_ack_pending", limits.number("max_ack_pending"));
        default(&mut config, "inactive_threshold", limits.number("inactive_threshold"));
    }
    let flow = config.text("ack_policy") == "flow_control";
    if acknowledged || flow {
        let pending = most_pending(&config, server, stream);
        default(&mut config, "max_ack_pending", pending);
    }
    if !config.contains_key("deliver_subject") {
        default(&mut config, "max_batch", server.own.max_request_batch);
    }
    if config.text("priority_policy") == "pinned_client" {
        default(&mut config, "priority_timeout", PINNED_TTL);
    }
    if flow {
        config.insert("flow_control".to_owned(), json!(true));
        config.insert("idle_heartbeat".to_owned(), json!(FLOW_HEARTBEAT));
    }
    without_own_metadata(&mut config);
    config.retain(|_, value| *value != json!(0));
    config
}

/// What is below zero and means nothing.
fn signs(config: &mut Config, server: &Server) {
    let newer = server.is_at_least(2, 12, 0);
    let deliver = config.number("max_deliver");
    if deliver == 0 || (deliver < -1 && newer) {
        config.insert("max_deliver".to_owned(), json!(-1));
    }
    if !newer {
        return;
    }
    if config.number("max_ack_pending") < -1 {
        config.insert("max_ack_pending".to_owned(), json!(-1));
    }
    let zeroed = [
        "max_waiting",
        "max_batch",
        "max_expires",
        "max_bytes",
        "idle_heartbeat",
        "inactive_threshold",
        "priority_timeout",
    ];
    for name in zeroed {
        if config.number(name) < 0 {
            config.remove(name);
        }
    }
}

fn most_pending(config: &Config, server: &Server, stream: Option<&Config>) -> i64 {
    let mut most = MAX_ACK_PENDING;
    if server.own.max_ack_pending > 0 {
        most = most.min(server.own.max_ack_pending);
    }
    let tier = server.tier(replicas(config, stream)).ok().flatten();
    if let Some(tier) = tier.filter(|tier| tier.max_ack_pending > 0) {
        most = most.min(tier.max_ack_pending);
    }
    most
}

/// How many copies a consumer has beside its stream.
pub(super) fn replicas(config: &Config, stream: Option<&Config>) -> i64 {
    let own = config.number("num_replicas");
    let streams = stream.map_or(1, |stream| stream.number("num_replicas").max(1));
    if own != 0 && own <= streams {
        return own;
    }
    let limits = stream.is_none_or(|stream| matches!(stream.text("retention"), "" | "limits"));
    if own == 0 && limits && !config.contains_key("durable_name") { 1 } else { streams }
}

fn default(config: &mut Config, name: &str, number: i64) {
    if number != 0 && config.number(name) == 0 {
        config.insert(name.to_owned(), Value::from(number));
    }
}
