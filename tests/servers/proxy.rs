//! A proxy in front of nats-server that knows the protocol's frames: it counts the writes that pass
//! (requests to JetStream's API that change something) and stops everything at one of them, before it is
//! forwarded or while its answer is on the way, until the test says how to go on. So a test can end,
//! cut or pause whatever it likes exactly there, without a clock.
//!
//! Must not know evctl, nor what the writes mean.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

use super::api_watch::is_write;
use super::stubborn::{self, Stubborn};

/// Where at a write the proxy stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// The server has not seen it.
    Before,
    /// The server has done it, and its answer has not gone on.
    Answered,
}

/// How it goes on after a stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Then {
    /// As if nothing had been.
    Pass,
    /// What was stopped is lost; the connection stays.
    Lose,
    /// What was stopped is lost and the connection with it.
    Cut,
}

/// The proxy. It ends when it is dropped.
pub(crate) struct Proxy {
    listener: Stubborn,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// How many connections the server has not closed.
    open: usize,
    /// How many writes there have been.
    writes: usize,
    /// Each write's subject, in order.
    subjects: Vec<String>,
    stop: Option<(usize, Place)>,
    /// Where the answer goes that the stop is about.
    inbox: Option<String>,
    reached: bool,
    then: Option<Then>,
}

impl Proxy {
    /// Passes everything on to `target` (`host:port`).
    pub(crate) fn start(target: &str) -> Self {
        let shared = Arc::new(Shared::default());
        let (target, ours) = (target.to_owned(), Arc::clone(&shared));
        let listener = stubborn::listen(move |client, open| {
            // A target that cannot be reached is a connection closed at once.
            let Ok(server) = TcpStream::connect(&target) else {
                let _ = client.shutdown(Shutdown::Both);
                return;
            };
            open.keep(&server);
            ours.lock().open += 1;
            carry_out(&client, &server, &ours);
            carry_back(&server, &client, &ours);
        });
        Self { listener, shared }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.listener.address()
    }

    /// `nats://127.0.0.1:PORT`.
    pub(crate) fn url(&self) -> String {
        format!("nats://{}", self.address())
    }

    /// How many writes have come so far.
    pub(crate) fn writes(&self) -> usize {
        self.shared.lock().writes
    }

    /// The subjects of the writes so far, without the prefix of the API.
    pub(crate) fn subjects(&self) -> Vec<String> {
        self.shared.lock().subjects.clone()
    }

    /// Stops at the write of this number, counted from 1 and from the start of the proxy.
    pub(crate) fn stop_at(&self, number: usize, place: Place) {
        self.shared.lock().stop = Some((number, place));
    }

    /// Waits until the stop is reached; says whether it was.
    pub(crate) fn is_reached(&self, limit: Duration) -> bool {
        let state = self.shared.lock();
        let waited = self.shared.changed.wait_timeout_while(state, limit, |state| !state.reached);
        waited.expect("no one panics holding this lock").0.reached
    }

    /// Waits until the server has closed every connection, so that it has done all that it was sent.
    /// The clients must be gone.
    pub(crate) fn settle(&self, limit: Duration) {
        let state = self.shared.lock();
        let waited = self.shared.changed.wait_timeout_while(state, limit, |state| state.open > 0);
        let (state, _) = waited.expect("no one panics holding this lock");
        assert_eq!(state.open, 0, "connections that the server keeps open");
    }

    /// Goes on after the stop.
    pub(crate) fn go_on(&self, then: Then) {
        self.shared.lock().then = Some(then);
        self.shared.changed.notify_all();
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.go_on(Then::Cut);
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no one panics holding this lock")
    }

    /// What becomes of a frame that a client sent.
    fn outgoing(&self, frame: &Frame) -> Then {
        let Some((subject, inbox)) = frame.request() else { return Then::Pass };
        let Some(subject) = is_write(subject) else { return Then::Pass };
        let mut state = self.lock();
        state.writes += 1;
        state.subjects.push(subject.to_owned());
        match state.stop {
            Some((number, Place::Before)) if number == state.writes => self.hold(state),
            Some((number, Place::Answered)) if number == state.writes => {
                state.inbox = Some(inbox.to_owned());
                Then::Pass
            }
            _ => Then::Pass,
        }
    }

    /// What becomes of a frame that the server sent.
    fn incoming(&self, frame: &Frame) -> Then {
        let mut state = self.lock();
        match frame.answer() {
            Some(subject) if state.inbox.as_deref() == Some(subject) => {
                state.inbox = None;
                self.hold(state)
            }
            _ => Then::Pass,
        }
    }

    /// Waits for the test.
    fn hold(&self, mut state: MutexGuard<'_, State>) -> Then {
        state.stop = None;
        state.reached = true;
        self.changed.notify_all();
        let waited = self.changed.wait_while(state, |state| state.then.is_none());
        let then = waited.expect("no one panics holding this lock").then;
        then.unwrap_or(Then::Pass)
    }
}

/// Carries what the client sends. At its end the server hears so, and ends when it has done all of it.
fn carry_out(client: &TcpStream, server: &TcpStream, shared: &Arc<Shared>) {
    let (client, mut server, shared) = (copy(client), copy(server), Arc::clone(shared));
    thread::spawn(move || {
        let mut reader = BufReader::new(client);
        while let Ok(Some(frame)) = Frame::read(&mut reader) {
            match shared.outgoing(&frame) {
                Then::Pass if server.write_all(&frame.bytes).is_ok() => {}
                Then::Lose => {}
                Then::Pass => break,
                Then::Cut => return close(reader.get_ref(), &server),
            }
        }
        let _ = server.shutdown(Shutdown::Write);
    });
}

/// Carries what the server sends, and reads on when there is nobody left to pass it to.
fn carry_back(server: &TcpStream, client: &TcpStream, shared: &Arc<Shared>) {
    let (server, mut client, shared) = (copy(server), copy(client), Arc::clone(shared));
    thread::spawn(move || {
        let mut reader = BufReader::new(server);
        while let Ok(Some(frame)) = Frame::read(&mut reader) {
            match shared.incoming(&frame) {
                Then::Pass => drop(client.write_all(&frame.bytes)),
                Then::Lose => {}
                Then::Cut => break,
            }
        }
        close(&client, reader.get_ref());
        shared.lock().open -= 1;
        shared.changed.notify_all();
    });
}

fn copy(stream: &TcpStream) -> TcpStream {
    stream.try_clone().expect("a socket can be cloned")
}

fn close(one: &TcpStream, other: &TcpStream) {
    let _ = one.shutdown(Shutdown::Both);
    let _ = other.shutdown(Shutdown::Both);
}

/// One frame as it stood on the wire, with its payload.
struct Frame {
    bytes: Vec<u8>,
    /// The words of its first line.
    words: Vec<String>,
}

impl Frame {
    /// The next frame; nothing at the end.
    fn read(from: &mut impl BufRead) -> io::Result<Option<Self>> {
        let mut bytes = Vec::new();
        if from.read_until(b'\n', &mut bytes)? == 0 {
            return Ok(None);
        }
        let line = String::from_utf8_lossy(&bytes).into_owned();
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        let verb = words.first().map(String::as_str).unwrap_or_default();
        if matches!(verb, "PUB" | "HPUB" | "MSG" | "HMSG") {
            let size = words.last().and_then(|word| word.parse::<usize>().ok());
            let begin = bytes.len();
            bytes.resize(begin + size.ok_or(io::ErrorKind::InvalidData)? + 2, 0);
            from.read_exact(&mut bytes[begin..])?;
        }
        Ok(Some(Self { bytes, words }))
    }

    /// Subject and inbox of what wants an answer.
    fn request(&self) -> Option<(&str, &str)> {
        let words: Vec<&str> = self.words.iter().map(String::as_str).collect();
        match words.as_slice() {
            ["PUB", subject, inbox, _] | ["HPUB", subject, inbox, _, _] => Some((subject, inbox)),
            _ => None,
        }
    }

    /// The subject of a message.
    fn answer(&self) -> Option<&str> {
        match self.words.first()?.as_str() {
            "MSG" | "HMSG" => self.words.get(1).map(String::as_str),
            _ => None,
        }
    }
}
