//! Profiles: what one implementation of channels does where others do something else, as data that
//! the engine reads (shared/facts/jetstream.md §4, knative.md §2.6). Knows no topology and no state.

use crate::model::duration::Nanoseconds;

const MILLISECOND: Nanoseconds = 1_000_000;
const SECOND: Nanoseconds = 1_000 * MILLISECOND;

/// A set of HTTP statuses: those listed, and all from one upwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Statuses {
    pub listed: &'static [u16],
    pub from: u16,
}

impl Statuses {
    pub fn contains(self, status: u16) -> bool {
        status >= self.from || self.listed.contains(&status)
    }
}

/// The rules of one implementation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Profile {
    /// What output and the command line call it.
    pub name: &'static str,
    /// Answers of a subscriber after which it is asked again. Any other failure ends the delivery.
    pub redelivered: Statuses,
    /// What the wait after the first attempt counts as: `delay·n`, or `delay·2^n`.
    pub first_wait: u32,
    /// Whether a failure that is not redelivered reaches the dead letter sink although retries are
    /// left.
    pub dead_letter_before_last_try: bool,
    /// Answers to a reply or a dead letter after which it is sent again, within the process.
    pub resent: Statuses,
    /// As `first_wait`, between these.
    pub first_resend_wait: u32,
    /// Whether a failure that would be redelivered ends the whole process where the delivery has
    /// not both `backoffPolicy` and `backoffDelay`.
    pub crashes_without_backoff: bool,
    /// The longest error body that a dead letter can carry; one byte more ends the process.
    pub longest_error_body: usize,
    /// How long a stream waits for an acknowledgement where nothing says.
    pub ack_wait: Nanoseconds,
    /// How many deliveries of one consumer may wait for it at once where nothing says.
    pub most_pending: usize,
    /// How much sooner than `ack_wait` the request to a subscriber is given up. Where it is all of it,
    /// the request has no limit.
    pub limit_before_ack_wait: Nanoseconds,
    /// Whether an id that was seen within the stream's duplicate window is dropped.
    pub drops_duplicates: bool,
    /// How long a started process answers 404 and delivers nothing.
    pub startup: Nanoseconds,
}

impl Profile {
    /// The JetStream channel of eventing-natss at 03a3459.
    pub const NATSS_CHANNEL: Self = Self {
        name: "natss-channel",
        redelivered: Statuses { listed: &[408, 429], from: 500 },
        first_wait: 1,
        dead_letter_before_last_try: false,
        resent: Statuses { listed: &[404, 408, 409, 429], from: 500 },
        first_resend_wait: 0,
        crashes_without_backoff: true,
        // Its base64 is 1024 characters long, all that the buffer holds.
        longest_error_body: 768,
        ack_wait: 30 * SECOND,
        most_pending: 1_000,
        limit_before_ack_wait: 200 * MILLISECOND,
        drops_duplicates: true,
        startup: 250 * MILLISECOND,
    };

    /// Every profile, in the order in which help lists them.
    pub const ALL: &'static [Self] = &[Self::NATSS_CHANNEL];

    /// The profile of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|profile| profile.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_differ_between_redelivery_and_resending() {
        let Profile { redelivered, resent, .. } = Profile::NATSS_CHANNEL;
        for status in [408, 429, 500, 503, 599] {
            assert!(redelivered.contains(status) && resent.contains(status), "{status}");
        }
        for status in [302, 400, 403, 422] {
            assert!(!redelivered.contains(status) && !resent.contains(status), "{status}");
        }
        for status in [404, 409] {
            assert!(!redelivered.contains(status) && resent.contains(status), "{status}");
        }
        assert_eq!(Profile::named("natss-channel"), Some(Profile::NATSS_CHANNEL));
        assert_eq!(Profile::named("other"), None);
    }
}
