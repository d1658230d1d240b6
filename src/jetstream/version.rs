//! What a server's version says about its API. Knows versions by number only.

use std::fmt;

/// A nats-server's version; what follows the third number (`-preview.1`) is not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    pub major: u64,
    pub minor: u64,
    pub patch: u64,
}

impl Version {
    /// The newest version whose rules are known, and the one that is assumed where none is said.
    pub const NEWEST: Self = Self::of(2, 15, 2);

    pub const fn of(major: u64, minor: u64, patch: u64) -> Self {
        Self { major, minor, patch }
    }

    /// Reads `2.14.9`, `v2.15`, `2.12.0-RC.1`. A line without a patch is its last one: `2.14` knows
    /// every rule of 2.14.
    pub fn parse(text: &str) -> Option<Self> {
        let numbers = text.trim_start_matches('v').split(['-', '+']).next()?;
        let mut parts = numbers.split('.').map(|part| part.parse::<u64>().ok());
        let (major, minor) = (parts.next()??, parts.next()??);
        let patch = match parts.next() {
            None => u64::MAX,
            Some(patch) => patch?,
        };
        Some(Self { major, minor, patch })
    }

    /// The API level (`JSApiLevel` in its sources): 0 where the server says none, as up to 2.10.
    pub fn api_level(self) -> u64 {
        match (self.major, self.minor, self.patch) {
            (2, ..=10, _) | (..=1, _, _) => 0,
            (2, 11, _) => 1,
            (2, 12, ..=4) => 2,
            (2, 12 | 13, _) => 3,
            (2, 14, _) => 4,
            _ => 5,
        }
    }

    /// Whether unknown fields are refused where nothing is configured (`NoJetStreamStrict`).
    pub fn is_strict(self) -> bool {
        self >= Self::of(2, 12, 0)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.patch {
            u64::MAX => write!(f, "{}.{}", self.major, self.minor),
            patch => write!(f, "{}.{}.{patch}", self.major, self.minor),
        }
    }
}

/// The API level of a version by name; none where it has none.
pub fn api_level(version: &str) -> Option<u64> {
    Version::parse(version).map(Version::api_level).filter(|level| *level > 0)
}

#[cfg(test)]
mod tests {
    use super::{Version, api_level};

    #[test]
    fn levels() {
        assert_eq!(api_level("2.10.29"), None);
        assert_eq!(api_level("2.11"), Some(1));
        assert_eq!(api_level("2.12.4"), Some(2));
        assert_eq!(api_level("v2.12.15"), Some(3));
        assert_eq!(api_level("2.12"), Some(3));
        assert_eq!(api_level("2.14"), Some(4));
        assert_eq!(api_level("2.15.2"), Some(5));
        assert_eq!(api_level("next"), None);
    }

    #[test]
    fn versions_are_ordered_and_said() {
        let parse = |text| Version::parse(text).expect("a version");
        assert!(parse("2.9.25") < parse("2.10.0") && parse("2.14.5") < parse("2.14"));
        assert_eq!(parse("v2.12.0-RC.1"), Version::of(2, 12, 0));
        assert_eq!(parse("2.14").to_string(), "2.14");
        assert_eq!(parse("2.14.9").to_string(), "2.14.9");
    }
}
