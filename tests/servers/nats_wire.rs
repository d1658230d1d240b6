//! A very small NATS client over a plain socket, our second one: checks what a server holds and
//! watches what another client sends.
//!
//! Must not know the client library that evctl uses, nor what evctl sends.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use super::nats_connection::{ANSWER_LIMIT, Connection, Heard};
use super::nats_frames::Message;

/// A client's connection.
pub(crate) struct Wire {
    connection: Arc<Connection>,
    /// The next free number, for subscriptions and inboxes.
    next: AtomicU64,
}

/// The messages of one subject, collected since the subscription was made. It ends on drop.
pub(crate) struct Subscription {
    connection: Arc<Connection>,
    number: u64,
}

impl Wire {
    /// Connects to `nats://[user:password@]host:port`.
    pub(crate) fn connect(url: &str) -> Self {
        Self::try_connect(url).unwrap_or_else(|reason| panic!("cannot connect to {url}: {reason}"))
    }

    /// Connects with a bearer's JWT.
    pub(crate) fn connect_bearer(url: &str, jwt: &str) -> Self {
        let address = url.strip_prefix("nats://").unwrap_or(url);
        let mut options = introduction("");
        options["jwt"] = jwt.into();
        let connected = Self::introduced(address, &options);
        connected.unwrap_or_else(|reason| panic!("cannot connect to {url}: {reason}"))
    }

    /// As `connect`; an `Err` is the server's or the operating system's reason.
    pub(crate) fn try_connect(url: &str) -> Result<Self, String> {
        let rest = url.strip_prefix("nats://").unwrap_or(url);
        let (user, address) = rest.rsplit_once('@').unwrap_or(("", rest));
        Self::introduced(address, &introduction(user))
    }

    fn introduced(address: &str, options: &Value) -> Result<Self, String> {
        let connection = Connection::open(address)?;
        let heard = connection.wait(ANSWER_LIMIT, |heard| heard.info.is_some());
        if heard.info.is_none() {
            return Err("the server did not say INFO".to_owned());
        }
        drop(heard);
        connection.send(&format!("CONNECT {options}"), None);
        connection.flush()?;
        let next = AtomicU64::new(1);
        Ok(Self { connection, next })
    }

    /// The server's description of itself.
    pub(crate) fn info(&self) -> Value {
        self.connection.heard().info.clone().unwrap_or_default()
    }

    /// What the server has refused on this connection, such as a permission.
    pub(crate) fn errors(&self) -> Vec<String> {
        flush(&self.connection);
        self.connection.heard().errors.clone()
    }

    /// Publishes and waits until the server has it.
    pub(crate) fn publish(&self, subject: &str, payload: impl AsRef<[u8]>) {
        let payload = payload.as_ref();
        let line = format!("PUB {subject} {}", payload.len());
        self.connection.send(&line, Some(payload));
        flush(&self.connection);
    }

    /// Publishes with a subject that answers are to go to, and does not wait.
    pub(crate) fn ask(&self, subject: &str, reply: &str, payload: impl AsRef<[u8]>) {
        let payload = payload.as_ref();
        let line = format!("PUB {subject} {reply} {}", payload.len());
        self.connection.send(&line, Some(payload));
    }

    /// A subject of this connection's own, for answers.
    pub(crate) fn inbox(&self) -> String {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        format!("_INBOX.evctl-test-wire.{}.{number}", self.info()["client_id"])
    }

    /// Publishes with headers, such as `Nats-Msg-Id`.
    pub(crate) fn publish_with(
        &self,
        subject: &str,
        headers: &[(&str, &str)],
        payload: impl AsRef<[u8]>,
    ) {
        let headers = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n"));
        let head = format!("NATS/1.0\r\n{}\r\n", headers.collect::<String>());
        let body = [head.as_bytes(), payload.as_ref()].concat();
        let line = format!("HPUB {subject} {} {}", head.len(), body.len());
        self.connection.send(&line, Some(&body));
        flush(&self.connection);
    }

    /// Collects the messages of `subject` from now on.
    pub(crate) fn subscribe(&self, subject: &str) -> Subscription {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let subscription = self.listen(subject, number);
        flush(&self.connection);
        subscription
    }

    /// Subscribes without waiting; the server does it before anything that is sent after it.
    fn listen(&self, subject: &str, number: u64) -> Subscription {
        let line = format!("SUB {subject} {number}");
        self.connection.send(&line, None);
        Subscription { connection: Arc::clone(&self.connection), number }
    }

    /// The answer to a request; panics when there is none.
    pub(crate) fn request(
        &self,
        subject: &str,
        payload: impl AsRef<[u8]>,
        limit: Duration,
    ) -> Vec<u8> {
        let answer = self.try_request(subject, payload, limit);
        answer.unwrap_or_else(|reason| panic!("request to {subject}: {reason}"))
    }

    /// As `request`; an `Err` is `no responders`, or that nothing came in time.
    pub(crate) fn try_request(
        &self,
        subject: &str,
        payload: impl AsRef<[u8]>,
        limit: Duration,
    ) -> Result<Vec<u8>, String> {
        let payload = payload.as_ref();
        let client = &self.info()["client_id"];
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let inbox = format!("_INBOX.evctl-test-wire.{client}.{number}");
        let answers = self.listen(&inbox, number);
        let line = format!("PUB {subject} {inbox} {}", payload.len());
        self.connection.send(&line, Some(payload));
        match answers.wait_for(1, limit).pop() {
            Some(message) if message.status == 503 => Err("no responders".to_owned()),
            Some(message) => Ok(message.payload),
            None => {
                let refused = &self.connection.heard().errors;
                Err(format!("no answer; refused: {refused:?}"))
            }
        }
    }

    /// A request to the `JetStream` API: `subject` without the prefix `$JS.API.`, such as
    /// `STREAM.INFO.ORDERS`; `Value::Null` sends no payload. What the API refuses is in the
    /// answer's `error`.
    pub(crate) fn api(&self, subject: &str, payload: &Value) -> Value {
        let payload = match payload {
            Value::Null => String::new(),
            some => some.to_string(),
        };
        let answer = self.request(&format!("$JS.API.{subject}"), payload, ANSWER_LIMIT);
        serde_json::from_slice(&answer).expect("the JetStream API answers JSON")
    }
}

impl Subscription {
    /// Everything that has come for it up to now; what the server had sent is waited for.
    pub(crate) fn messages(&self) -> Vec<Message> {
        flush(&self.connection);
        self.collected(&self.connection.heard())
    }

    /// Waits for `count` messages; gives what has come when `limit` has passed.
    pub(crate) fn wait_for(&self, count: usize, limit: Duration) -> Vec<Message> {
        let enough = |heard: &Heard| self.mine(heard).count() >= count;
        self.collected(&self.connection.wait(limit, enough))
    }

    fn collected(&self, heard: &Heard) -> Vec<Message> {
        self.mine(heard).cloned().collect()
    }

    fn mine<'heard>(&self, heard: &'heard Heard) -> impl Iterator<Item = &'heard Message> {
        let mine = self.number;
        let messages = heard.messages.iter();
        messages.filter_map(move |(number, message)| (*number == mine).then_some(message))
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.connection.send(&format!("UNSUB {}", self.number), None);
        let mut heard = self.connection.heard();
        heard.messages.retain(|(number, _)| *number != self.number);
    }
}

fn flush(connection: &Connection) {
    let done = connection.flush();
    done.unwrap_or_else(|reason| panic!("the NATS server does not answer PING: {reason}"));
}

/// The options of CONNECT; `user` is `name:password` or empty.
fn introduction(user: &str) -> Value {
    let mut options = json!({
        "name": "evctl-test-wire", "lang": "std", "version": "0", "protocol": 1,
        "verbose": false, "pedantic": false, "headers": true, "no_responders": true,
    });
    if let Some((name, password)) = user.split_once(':') {
        options["user"] = name.into();
        options["pass"] = password.into();
    }
    options
}
