//! The NATS protocol as it stands on the wire: reads one frame from a stream of bytes.
//! Written from the protocol's description, apart from the client library that evctl uses, so that
//! a mistake in one is not hidden by the same mistake in the other.
//!
//! Must not know sockets or subscriptions.

use std::io::{self, BufRead};

/// What a server says.
#[derive(Debug)]
pub(crate) enum Frame {
    /// The server's description of itself, JSON.
    Info(String),
    Ping,
    Pong,
    Fine,
    Refused(String),
    Message {
        subscription: u64,
        message: Message,
    },
}

/// A message as a subscriber gets it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) subject: String,
    pub(crate) reply: Option<String>,
    /// The status of the header's first line, such as 503 when no one answers; 0 when it has none.
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) payload: Vec<u8>,
}

impl Message {
    /// The payload as text, for messages of a test.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.payload).into_owned()
    }
}

/// The next frame; nothing at the end of the stream.
pub(crate) fn read(stream: &mut impl BufRead) -> io::Result<Option<Frame>> {
    let mut line = String::new();
    if stream.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let line = line.trim_end();
    let (verb, rest) = line.split_once([' ', '\t']).unwrap_or((line, ""));
    let frame = match verb {
        "INFO" => Frame::Info(rest.to_owned()),
        "PING" => Frame::Ping,
        "PONG" => Frame::Pong,
        "+OK" => Frame::Fine,
        "-ERR" => Frame::Refused(rest.trim_matches('\'').to_owned()),
        "MSG" => read_message(stream, rest, false)?,
        "HMSG" => read_message(stream, rest, true)?,
        _ => return Err(malformed(line)),
    };
    Ok(Some(frame))
}

/// `subject subscription [reply] [bytes of header] bytes`, then the bytes.
fn read_message(stream: &mut impl BufRead, rest: &str, headed: bool) -> io::Result<Frame> {
    let mut words: Vec<&str> = rest.split_whitespace().collect();
    let total = number(words.pop(), rest)?;
    let head = if headed { number(words.pop(), rest)? } else { 0 };
    let [subject, subscription, reply @ ..] = words.as_slice() else {
        return Err(malformed(rest));
    };
    let mut bytes = vec![0; total + 2];
    stream.read_exact(&mut bytes)?;
    bytes.truncate(total);
    let payload = bytes.split_off(head);
    let (status, headers) = parse_head(&String::from_utf8_lossy(&bytes));
    let message = Message {
        subject: (*subject).to_owned(),
        reply: reply.first().map(|reply| (*reply).to_owned()),
        status,
        headers,
        payload,
    };
    Ok(Frame::Message { subscription: number(Some(subscription), rest)? as u64, message })
}

/// `NATS/1.0 [status [words]]`, then `name: value` lines.
fn parse_head(head: &str) -> (u16, Vec<(String, String)>) {
    let mut lines = head.lines();
    let first = lines.next().unwrap_or_default();
    let status = first.split(' ').nth(1).and_then(|word| word.parse().ok());
    let headers = lines.filter_map(|line| line.split_once(':'));
    let headers = headers.map(|(name, value)| (name.to_owned(), value.trim().to_owned()));
    (status.unwrap_or(0), headers.collect())
}

fn number(word: Option<&str>, line: &str) -> io::Result<usize> {
    let number = word.and_then(|word| word.parse().ok());
    number.ok_or_else(|| malformed(line))
}

fn malformed(line: &str) -> io::Error {
    io::Error::other(format!("not a frame of the NATS protocol: {line}"))
}
