//! What a project's lock says: who holds it, since when, and whether that is over. Times enter as
//! arguments. Must not know where the lock is kept.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// How long a lock lives that nobody renews.
pub const LIFETIME: Duration = Duration::from_secs(30);

/// Who applies.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Holder {
    /// User, host and process.
    pub who: String,
    /// The page of the job, where one runs it.
    pub url: Option<String>,
}

/// A lock as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// Empty once it is released.
    pub holder: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    pub acquired: Timestamp,
    /// When the holder last said that it lives, or released it.
    pub renewed: Timestamp,
}

impl Record {
    /// A lock that begins now.
    pub fn new(holder: &Holder, now: Timestamp) -> Self {
        Self { holder: holder.who.clone(), url: holder.url.clone(), acquired: now, renewed: now }
    }

    /// The same lock, whose holder lives.
    #[must_use]
    pub fn renewed(&self, now: Timestamp) -> Self {
        Self { renewed: now, ..self.clone() }
    }

    /// A lock that nobody holds any more.
    #[must_use]
    pub fn released(&self, now: Timestamp) -> Self {
        Self { holder: String::new(), url: None, acquired: self.acquired, renewed: now }
    }

    pub fn is_released(&self) -> bool {
        self.holder.is_empty()
    }

    /// Whether its holder is certainly gone, by a clock that may differ from the holder's by a lifetime.
    pub fn is_over(&self, now: Timestamp, lifetime: Duration) -> bool {
        let twice = SignedDuration::try_from(lifetime * 2).unwrap_or(SignedDuration::MAX);
        now.duration_since(self.renewed) > twice
    }

    /// Who holds it and since when, for people.
    pub fn words(&self, now: Timestamp) -> String {
        let url = self.url.as_ref().map(|url| format!(" ({url})")).unwrap_or_default();
        format!(
            "held by {}{url} since {}, and renewed {} ago",
            self.holder,
            self.acquired.strftime("%H:%M:%S UTC"),
            age(now, self.renewed)
        )
    }
}

fn age(now: Timestamp, then: Timestamp) -> String {
    match now.duration_since(then).as_secs().max(0) {
        seconds @ 0..120 => format!("{seconds} s"),
        seconds => format!("{} min", seconds / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_790_000_000 + second).unwrap()
    }

    #[test]
    fn a_lock_that_nobody_renews_is_over() {
        let holder = Holder { who: "ann@host, process 7".to_owned(), url: None };
        let record = Record::new(&holder, at(0)).renewed(at(10));
        assert!(!record.is_over(at(70), LIFETIME));
        assert!(record.is_over(at(71), LIFETIME));
        // A holder whose clock goes fast is not robbed.
        assert!(!record.is_over(at(-100), LIFETIME));
        assert_eq!(
            record.words(at(15)),
            "held by ann@host, process 7 since 14:13:20 UTC, and renewed 5 s ago"
        );
        assert!(!record.is_released());
        assert!(record.released(at(11)).is_released());
    }
}
