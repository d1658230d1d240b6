//! Servers that misbehave: silent, absent, slow, cut off in the middle. Plain threads that end when
//! the value is dropped.
//!
//! Must not know the protocol that passes through.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// A listener on a free port of this machine, and what it does with connections.
pub(crate) struct Stubborn {
    address: SocketAddr,
    state: Arc<State>,
}

/// What a listener has accepted and must close.
#[derive(Default)]
pub(super) struct State {
    ending: AtomicBool,
    accepted: AtomicUsize,
    /// Every socket that must be closed at the end.
    open: Mutex<Vec<TcpStream>>,
}

/// How a proxy forwards what the target says.
#[derive(Clone, Copy)]
struct Manner {
    /// Before each piece, both ways.
    delay: Duration,
    /// After so many bytes from the target, counted per connection, both sides are cut off.
    limit: usize,
}

/// Accepts connections and never says a word.
pub(crate) fn silent() -> Stubborn {
    listen(|_, _| {})
}

/// An address where nothing listens.
pub(crate) fn closed() -> SocketAddr {
    // The port is free at this moment and the system hands out others first.
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
    listener.local_addr().expect("a listener has an address")
}

/// Forwards to `target` (`host:port`), each piece late by `delay`, both ways.
pub(crate) fn slow_proxy(target: &str, delay: Duration) -> Stubborn {
    let limit = usize::MAX;
    proxy(target, Manner { delay, limit })
}

/// Forwards to `target` (`host:port`), and cuts a connection off when exactly `after_bytes` bytes
/// from the target have passed through it.
pub(crate) fn cutting_proxy(target: &str, after_bytes: usize) -> Stubborn {
    proxy(target, Manner { delay: Duration::ZERO, limit: after_bytes })
}

impl Stubborn {
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many connections there have been.
    pub(crate) fn accepted(&self) -> usize {
        self.state.accepted.load(Ordering::SeqCst)
    }
}

impl Drop for Stubborn {
    fn drop(&mut self) {
        self.state.ending.store(true, Ordering::SeqCst);
        // Wakes the accepting thread, which then sees that it is over.
        let _ = TcpStream::connect(self.address);
        if let Ok(mut open) = self.state.open.lock() {
            for stream in open.drain(..) {
                let _ = stream.shutdown(Shutdown::Both);
            }
        }
    }
}

impl State {
    pub(super) fn keep(&self, stream: &TcpStream) {
        let clone = stream.try_clone().expect("a socket can be cloned");
        let mut open = self.open.lock().expect("no one panics holding this lock");
        open.push(clone);
    }
}

pub(super) fn listen(serve: impl Fn(TcpStream, &State) + Send + 'static) -> Stubborn {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
    let address = listener.local_addr().expect("a listener has an address");
    let state = Arc::new(State::default());
    let shared = Arc::clone(&state);
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            if shared.ending.load(Ordering::SeqCst) {
                return;
            }
            shared.keep(&stream);
            shared.accepted.fetch_add(1, Ordering::SeqCst);
            serve(stream, &shared);
        }
    });
    Stubborn { address, state }
}

fn proxy(target: &str, manner: Manner) -> Stubborn {
    let target = target.to_owned();
    listen(move |client, state| {
        // A target that cannot be reached is a connection closed at once.
        let Ok(server) = TcpStream::connect(&target) else {
            let _ = client.shutdown(Shutdown::Both);
            return;
        };
        state.keep(&server);
        let unlimited = Manner { limit: usize::MAX, ..manner };
        forward(&client, &server, unlimited);
        forward(&server, &client, manner);
    })
}

/// Forwards one way in a thread of its own until an end is reached, then closes both.
fn forward(from: &TcpStream, to: &TcpStream, manner: Manner) {
    let mut from = from.try_clone().expect("a socket can be cloned");
    let mut to = to.try_clone().expect("a socket can be cloned");
    thread::spawn(move || {
        let _ = copy(&mut from, &mut to, manner);
        let _ = to.shutdown(Shutdown::Both);
        let _ = from.shutdown(Shutdown::Both);
    });
}

fn copy(from: &mut TcpStream, to: &mut TcpStream, manner: Manner) -> io::Result<()> {
    let mut left = manner.limit;
    let mut buffer = [0; 16 * 1024];
    while left > 0 {
        let read = from.read(&mut buffer)?;
        if read == 0 {
            return Ok(());
        }
        let passed = read.min(left);
        left -= passed;
        thread::sleep(manner.delay);
        to.write_all(&buffer[..passed])?;
    }
    Ok(())
}
