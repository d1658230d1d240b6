//! Time as the engine knows it, and an ordered queue of what is due. No clock is read here: time
//! enters as an argument, so that a trace is the same bytes each time.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::Serialize;

use crate::model::duration::Nanoseconds;

const MILLISECOND: Nanoseconds = 1_000_000;

/// Nanoseconds since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct Time(pub u64);

impl Time {
    pub const START: Self = Self(0);

    /// This long later; never past the end of time.
    #[must_use]
    pub fn after(self, wait: Nanoseconds) -> Self {
        Self(self.0.saturating_add(wait))
    }

    /// How long it has been since an earlier time.
    pub fn since(self, earlier: Self) -> Nanoseconds {
        self.0.saturating_sub(earlier.0)
    }
}

/// `+1.250s`, to the millisecond.
impl fmt::Display for Time {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let milliseconds = self.0 / MILLISECOND;
        out.pad(&format!("+{}.{:03}s", milliseconds / 1000, milliseconds % 1000))
    }
}

/// What a queue calls one of its entries.
pub type Ticket = (Time, u64);

/// Entries in the order of their time; those of one time in the order in which they came.
#[derive(Debug)]
pub struct Queue<T> {
    entries: BTreeMap<Ticket, T>,
    count: u64,
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Self { entries: BTreeMap::new(), count: 0 }
    }
}

impl<T> Queue<T> {
    pub fn push(&mut self, at: Time, entry: T) -> Ticket {
        self.count += 1;
        let ticket = (at, self.count);
        self.entries.insert(ticket, entry);
        ticket
    }

    pub fn cancel(&mut self, ticket: Ticket) {
        self.entries.remove(&ticket);
    }

    /// When the first entry is due.
    pub fn deadline(&self) -> Option<Time> {
        self.entries.first_key_value().map(|((at, _), _)| *at)
    }

    /// The first entry that is due by `now`.
    pub fn pop(&mut self, now: Time) -> Option<(Time, T)> {
        let entry = self.entries.first_entry().filter(|entry| entry.key().0 <= now)?;
        let ((at, _), entry) = entry.remove_entry();
        Some((at, entry))
    }

    pub fn retain(&mut self, keep: impl Fn(&T) -> bool) {
        self.entries.retain(|_, entry| keep(entry));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_shown_to_the_millisecond() {
        assert_eq!(Time(0).to_string(), "+0.000s");
        assert_eq!(Time(1_250_999_999).to_string(), "+1.250s");
        assert_eq!(format!("{:>9}", Time(0)), "  +0.000s");
        assert_eq!(Time(5).after(u64::MAX), Time(u64::MAX));
    }

    #[test]
    fn ties_are_first_come_first_served() {
        let mut queue = Queue::default();
        let gone = queue.push(Time(1), 'x');
        queue.push(Time(2), 'b');
        queue.push(Time(1), 'a');
        queue.push(Time(2), 'c');
        queue.cancel(gone);
        assert_eq!(queue.deadline(), Some(Time(1)));
        let order: Vec<_> = std::iter::from_fn(|| queue.pop(Time(2)).map(|(_, c)| c)).collect();
        assert_eq!(order, ['a', 'b', 'c']);
        queue.push(Time(3), 'd');
        assert_eq!(queue.pop(Time(2)), None);
    }
}
