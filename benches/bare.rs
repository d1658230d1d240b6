//! The least that a program must do to ask JetStream: one socket, a window of requests in flight, answers
//! read and thrown away. Knows nothing of evctl, nor of what is asked.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

/// A connection that only asks.
pub(crate) struct Bare {
    reader: BufReader<TcpStream>,
    writer: TcpStream,
}

impl Bare {
    pub(crate) fn connect(address: &str) -> Self {
        let writer = TcpStream::connect(address).unwrap();
        writer.set_nodelay(true).unwrap();
        let mut bare = Self { reader: BufReader::new(writer.try_clone().unwrap()), writer };
        let hello = "CONNECT {\"verbose\":false,\"headers\":true,\"no_responders\":true}\r\n\
                     SUB _INBOX.bare.* 1\r\nPING\r\n";
        bare.writer.write_all(hello.as_bytes()).unwrap();
        while bare.line() != "PONG" {}
        bare
    }

    /// Sends every request, at most `window` without an answer, and gives each answer to `take`.
    pub(crate) fn ask(
        &mut self,
        requests: &[(String, String)],
        window: usize,
        mut take: impl FnMut(&[u8]),
    ) {
        let mut waiting = requests.iter().enumerate();
        let mut answered = 0;
        let mut sent = String::new();
        for (number, request) in waiting.by_ref().take(window) {
            say(&mut sent, number, request);
        }
        self.writer.write_all(sent.as_bytes()).unwrap();
        while answered < requests.len() {
            take(&self.message());
            answered += 1;
            if let Some((number, request)) = waiting.next() {
                let mut sent = String::new();
                say(&mut sent, number, request);
                self.writer.write_all(sent.as_bytes()).unwrap();
            }
        }
    }

    /// The payload of the next message.
    fn message(&mut self) -> Vec<u8> {
        loop {
            let line = self.line();
            let words: Vec<&str> = line.split(' ').collect();
            match words.as_slice() {
                ["MSG" | "HMSG", .., size] => {
                    let mut payload = vec![0; size.parse::<usize>().unwrap() + 2];
                    self.reader.read_exact(&mut payload).unwrap();
                    return payload;
                }
                ["PING"] => self.writer.write_all(b"PONG\r\n").unwrap(),
                _ => {}
            }
        }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.reader.read_line(&mut line).unwrap();
        assert!(!line.is_empty(), "the server has closed the connection");
        line.trim_end().to_owned()
    }
}

fn say(sent: &mut String, number: usize, (subject, payload): &(String, String)) {
    let size = payload.len();
    *sent += &format!("PUB $JS.API.{subject} _INBOX.bare.{number} {size}\r\n{payload}\r\n");
}
