//! Publishers and consumers that work on a stream while something is done to it, and what they saw.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use serde_json::Value;

use crate::servers::nats::Nats;
use crate::servers::nats_pull::pull;
use crate::servers::nats_wire::Wire;
use crate::servers::waiting;

/// Says what a run came to, for those who read the log of a test.
pub(super) fn report(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// A publisher that numbers its messages, waits for each acknowledgement, and tries again without one.
pub(super) struct Publisher {
    stop: Arc<AtomicBool>,
    acknowledged: Arc<AtomicU64>,
    thread: JoinHandle<Published>,
}

/// What a publisher got.
pub(super) struct Published {
    /// The sequence that each number was acknowledged with, from 0.
    pub(super) sequences: Vec<u64>,
    /// How often there was no acknowledgement.
    pub(super) refused: u64,
}

impl Publisher {
    /// Publishes to `prefix.0` to `prefix.2` in turn.
    pub(super) fn start(nats: &Nats, prefix: &'static str) -> Self {
        let wire = nats.wire();
        let (stop, acknowledged) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let (ended, count) = (Arc::clone(&stop), Arc::clone(&acknowledged));
        let thread = thread::spawn(move || {
            let mut published = Published { sequences: Vec::new(), refused: 0 };
            while !ended.load(Ordering::Relaxed) {
                let number = published.sequences.len();
                let subject = format!("{prefix}.{}", number % 3);
                match acknowledged_as(&wire, &subject, number) {
                    Some(sequence) => published.sequences.push(sequence),
                    None => {
                        published.refused += 1;
                        thread::sleep(Duration::from_millis(2));
                    }
                }
                count.store(published.sequences.len() as u64, Ordering::Relaxed);
            }
            published
        });
        Self { stop, acknowledged, thread }
    }

    pub(super) fn count(&self) -> u64 {
        self.acknowledged.load(Ordering::Relaxed)
    }

    pub(super) fn stop(self) -> Published {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap()
    }
}

fn acknowledged_as(wire: &Wire, subject: &str, number: usize) -> Option<u64> {
    let answer = wire.try_request(subject, number.to_string(), Duration::from_secs(2)).ok()?;
    let answer: Value = serde_json::from_slice(&answer).ok()?;
    answer.get("error").is_none().then(|| answer["seq"].as_u64())?
}

/// A client of a pull consumer that acknowledges what it gets, but for every seventh message when it
/// comes first: the floor is to lie behind.
pub(super) struct Client {
    stop: Arc<AtomicBool>,
    stream: Arc<std::sync::Mutex<String>>,
    seen: Arc<std::sync::Mutex<BTreeMap<u64, u64>>>,
    resting: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Client {
    pub(super) fn start(nats: &Nats, stream: &str, consumer: &'static str) -> Self {
        let wire = nats.wire();
        let stop = Arc::new(AtomicBool::new(false));
        let stream = Arc::new(std::sync::Mutex::new(stream.to_owned()));
        let resting = Arc::new(AtomicBool::new(false));
        let rests = Arc::clone(&resting);
        let seen = Arc::new(std::sync::Mutex::new(BTreeMap::new()));
        let (ended, reads, notes) = (Arc::clone(&stop), Arc::clone(&stream), Arc::clone(&seen));
        let thread = thread::spawn(move || {
            while !ended.load(Ordering::Relaxed) {
                let stream = reads.lock().unwrap().clone();
                if stream.is_empty() {
                    rests.store(true, Ordering::Relaxed);
                    thread::sleep(Duration::from_millis(5));
                    continue;
                }
                let messages = pull(&wire, &stream, consumer, 20, Duration::from_millis(100));
                for message in &messages {
                    let number: u64 = message.text().parse().unwrap();
                    let times = {
                        let mut notes = notes.lock().unwrap();
                        let times = notes.entry(number).or_insert(0);
                        *times += 1;
                        *times
                    };
                    if !number.is_multiple_of(7) || times > 1 {
                        // Without waiting, as most clients do: nobody may be there to answer.
                        wire.publish(message.reply.as_deref().unwrap(), "+ACK");
                    }
                }
            }
        });
        Self { stop, stream, seen, resting, thread }
    }

    /// Asks for nothing and acknowledges nothing more; returns when it does so.
    pub(super) fn rest(&self) {
        self.resting.store(false, Ordering::Relaxed);
        self.stream.lock().unwrap().clear();
        let pause = Duration::from_millis(5);
        let resting = || self.resting.load(Ordering::Relaxed).then_some(());
        waiting::until(Duration::from_secs(30), pause, resting).expect("the client rests");
    }

    /// Goes on, with this stream.
    pub(super) fn use_stream(&self, stream: &str) {
        stream.clone_into(&mut self.stream.lock().unwrap());
    }

    /// How many of the numbers below `count` that pass `wanted` never came.
    pub(super) fn lacks(&self, count: u64, wanted: impl Fn(u64) -> bool) -> Vec<u64> {
        let seen = self.seen.lock().unwrap();
        (0..count).filter(|number| wanted(*number) && !seen.contains_key(number)).collect()
    }

    /// Ends, and says how many messages came more than once.
    pub(super) fn stop(self) -> usize {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap();
        let seen = self.seen.lock().unwrap();
        seen.values().filter(|times| **times > 1).count()
    }
}
