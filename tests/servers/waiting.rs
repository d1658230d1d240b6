//! Waiting for a server: ask again until it answers or the time is up. The only clock of the harness.
//!
//! Must not know what is waited for.

use std::thread;
use std::time::{Duration, Instant};

/// Asks `probe` every `pause` until it has an answer; nothing when `limit` has passed without one.
pub(crate) fn until<T>(
    limit: Duration,
    pause: Duration,
    mut probe: impl FnMut() -> Option<T>,
) -> Option<T> {
    let begin = now();
    loop {
        if let Some(answer) = probe() {
            return Some(answer);
        }
        if begin.elapsed() >= limit {
            return None;
        }
        thread::sleep(pause);
    }
}

#[expect(clippy::disallowed_methods, reason = "a real server is waited for in real time")]
fn now() -> Instant {
    Instant::now()
}
