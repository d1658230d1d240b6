//! One socket to a nats-server and the thread that listens to it: sends bytes, answers PING, and
//! keeps all that comes in until someone asks.
//!
//! Must not know what is asked of the server or why.

use std::io::{BufReader, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use super::nats_frames::{self, Frame, Message};

/// How long an answer may take where no one names a limit.
pub(crate) const ANSWER_LIMIT: Duration = Duration::from_secs(5);

pub(crate) struct Connection {
    writer: Mutex<TcpStream>,
    heard: Mutex<Heard>,
    changed: Condvar,
}

/// What has come in so far.
#[derive(Default)]
pub(crate) struct Heard {
    pub(crate) info: Option<Value>,
    /// Each with the number of the subscription that it came for.
    pub(crate) messages: Vec<(u64, Message)>,
    pub(crate) errors: Vec<String>,
    pings: u64,
    pongs: u64,
    closed: bool,
}

impl Connection {
    /// Connects to `host:port`; an `Err` is the operating system's reason.
    pub(crate) fn open(address: &str) -> Result<Arc<Self>, String> {
        let stream = TcpStream::connect(address).map_err(|error| error.to_string())?;
        // Otherwise a PING after a PUB waits for the acknowledgement of the latter, 40 ms.
        stream.set_nodelay(true).map_err(|error| error.to_string())?;
        let reader = stream.try_clone().map_err(|error| error.to_string())?;
        let connection = Arc::new(Self {
            writer: Mutex::new(stream),
            heard: Mutex::default(),
            changed: Condvar::new(),
        });
        // The listener must not keep the connection open: dropping it is what ends the listener.
        let weak = Arc::downgrade(&connection);
        thread::spawn(move || {
            let mut reader = BufReader::new(reader);
            while let Ok(Some(frame)) = nats_frames::read(&mut reader) {
                let Some(connection) = weak.upgrade() else {
                    return;
                };
                connection.hear(frame);
            }
            if let Some(connection) = weak.upgrade() {
                connection.heard().closed = true;
                connection.changed.notify_all();
            }
        });
        Ok(connection)
    }

    /// Sends a line and, when there is one, its payload. A closed connection is found by `flush`.
    pub(crate) fn send(&self, line: &str, payload: Option<&[u8]>) {
        let mut bytes = format!("{line}\r\n").into_bytes();
        if let Some(payload) = payload {
            bytes.extend_from_slice(payload);
            bytes.extend_from_slice(b"\r\n");
        }
        let mut writer = self.writer.lock().expect("no one panics while writing");
        let _ = writer.write_all(&bytes);
    }

    /// Waits until the server has done all that was sent, and all that it sent has come in.
    pub(crate) fn flush(&self) -> Result<(), String> {
        let mine = {
            let mut heard = self.heard();
            heard.pings += 1;
            heard.pings
        };
        self.send("PING", None);
        let heard = self.wait(ANSWER_LIMIT, |heard| heard.closed || heard.pongs >= mine);
        if heard.pongs >= mine {
            return Ok(());
        }
        let state = if heard.closed { "closed" } else { "silent" };
        Err(format!("the connection is {state}; refused: {:?}", heard.errors))
    }

    /// Waits until `enough` says so, the connection is closed, or `limit` has passed.
    pub(crate) fn wait(
        &self,
        limit: Duration,
        enough: impl Fn(&Heard) -> bool,
    ) -> MutexGuard<'_, Heard> {
        let unsatisfied = |heard: &mut Heard| !heard.closed && !enough(heard);
        let waited = self.changed.wait_timeout_while(self.heard(), limit, unsatisfied);
        waited.expect("no one panics holding this lock").0
    }

    pub(crate) fn heard(&self) -> MutexGuard<'_, Heard> {
        self.heard.lock().expect("no one panics holding this lock")
    }

    fn hear(&self, frame: Frame) {
        if matches!(frame, Frame::Ping) {
            self.send("PONG", None);
            return;
        }
        let mut heard = self.heard();
        match frame {
            Frame::Info(text) => heard.info = serde_json::from_str(&text).ok(),
            Frame::Pong => heard.pongs += 1,
            Frame::Refused(reason) => heard.errors.push(reason),
            Frame::Message { subscription, message } => {
                heard.messages.push((subscription, message));
            }
            Frame::Ping | Frame::Fine => {}
        }
        drop(heard);
        self.changed.notify_all();
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        // The listener's half of the socket would keep it open. An error means it is closed already.
        if let Ok(writer) = self.writer.get_mut() {
            let _ = writer.shutdown(Shutdown::Both);
        }
    }
}
