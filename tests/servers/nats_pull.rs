//! What a pull consumer's client does: asks for messages, and acknowledges them.
//!
//! Must not know why a test wants them.

use std::time::Duration;

use serde_json::json;

use super::nats_frames::Message;
use super::nats_wire::Wire;

/// Asks a pull consumer for up to `count` messages; what has come when `limit` has passed, without
/// what only says that there is no more.
pub(crate) fn pull(
    wire: &Wire,
    stream: &str,
    consumer: &str,
    count: usize,
    limit: Duration,
) -> Vec<Message> {
    let inbox = wire.inbox();
    let answers = wire.subscribe(&inbox);
    let request = json!({"batch": count, "expires": limit.as_nanos() as u64});
    wire.ask(
        &format!("$JS.API.CONSUMER.MSG.NEXT.{stream}.{consumer}"),
        &inbox,
        request.to_string(),
    );
    let messages = answers.wait_for(count, limit + Duration::from_millis(200));
    messages.into_iter().filter(|message| message.status == 0 && message.reply.is_some()).collect()
}

/// Acknowledges a message, and waits until the server has taken it in.
pub(crate) fn acknowledge(wire: &Wire, message: &Message) -> bool {
    let reply = message.reply.as_deref().unwrap_or_default();
    wire.try_request(reply, "+ACK", Duration::from_secs(2)).is_ok()
}

/// The sequence in its stream of a message that a consumer delivered: part of where it is
/// acknowledged, `$JS.ACK.STREAM.CONSUMER.DELIVERED.SEQUENCE.…`.
pub(crate) fn sequence(message: &Message) -> Option<u64> {
    message.reply.as_deref()?.split('.').nth(5)?.parse().ok()
}
