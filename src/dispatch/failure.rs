//! What a dead letter says of the failure before it: the extensions `knativeerrordest`,
//! `knativeerrorcode` and `knativeerrordata`.

use crate::model::event::Event;

use super::io::Answer;

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// A failure as a dead letter tells it.
#[derive(Debug, Clone)]
pub(super) struct Failure {
    pub(super) destination: String,
    pub(super) code: u16,
    /// The answer's body without what no header can carry.
    pub(super) body: Vec<u8>,
}

impl Failure {
    pub(super) fn new(destination: &str, answer: &Answer) -> Self {
        let body = match answer {
            Answer::Status { body, .. } => printable(body),
            Answer::TimedOut => transport(destination, "context deadline exceeded"),
            Answer::Refused => transport(destination, "connect: connection refused"),
            Answer::Closed => transport(destination, "EOF"),
        };
        Self { destination: destination.to_owned(), code: answer.code(), body }
    }

    /// The event as the dead letter sink gets it.
    pub(super) fn mark(&self, event: Event) -> Event {
        event
            .with("knativeerrordest", self.destination.as_str())
            .with("knativeerrorcode", self.code.to_string())
            .with("knativeerrordata", base64(&self.body))
    }
}

fn transport(destination: &str, why: &str) -> Vec<u8> {
    format!("dispatch error: Post \"{destination}\": {why}").into_bytes()
}

fn printable(body: &[u8]) -> Vec<u8> {
    body.iter().copied().filter(|byte| (31..=127).contains(byte)).collect()
}

fn base64(bytes: &[u8]) -> String {
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let byte = |at: usize| u32::from(group.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for at in 0..4 {
            let index = (bits >> (18 - 6 * at) & 63) as usize;
            text.push(if at <= group.len() { char::from(ALPHABET[index]) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(body: &str, data: &str) {
        let answer = Answer::Status { status: 500, body: body.into(), reply: None };
        let event = Failure::new("http://s.test", &answer).mark(Event::default());
        assert_eq!(event.attribute("knativeerrordata"), data);
        assert_eq!(event.attribute("knativeerrordest"), "http://s.test");
        assert_eq!(event.attribute("knativeerrorcode"), "500");
    }

    #[test]
    fn bodies_are_carried_as_base64() {
        check("", "");
        check("a", "YQ==");
        check("ab", "YWI=");
        check("abc", "YWJj");
        check("went wrong", "d2VudCB3cm9uZw==");
        check("went\n wrong", "d2VudCB3cm9uZw==");
    }
}
