//! Severities as a project wants them: by code, heavier, lighter or not at all. Knows nothing of where
//! the wish is written.

use std::collections::BTreeMap;

use super::{Code, Finding, Severity};

/// What becomes of every finding of a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Override {
    /// Its severity is this.
    Severity(Severity),
    /// It is not reported.
    Off,
}

impl Override {
    /// The words that stand for an override.
    pub const WORDS: [&'static str; 4] = ["error", "warning", "note", "off"];

    /// The override that a word of [`Self::WORDS`] stands for.
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "error" => Some(Self::Severity(Severity::Error)),
            "warning" => Some(Self::Severity(Severity::Warning)),
            "note" => Some(Self::Severity(Severity::Note)),
            "off" => Some(Self::Off),
            _ => None,
        }
    }
}

/// Gives findings the severities that the project wants, and takes out those that it has switched off.
/// Codes that are not named keep what they weigh.
///
/// The choice is the user's: an error may be lowered even where servers will refuse the object. Call
/// this on all findings of a run before the exit code or anything printed is made from them.
pub fn apply_overrides(findings: &mut Vec<Finding>, overrides: &BTreeMap<Code, Override>) {
    findings.retain_mut(|finding| match overrides.get(&finding.code) {
        Some(Override::Off) => false,
        Some(Override::Severity(severity)) => {
            finding.severity = *severity;
            true
        }
        None => true,
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::worst;

    #[track_caller]
    fn check(overrides: &[(Code, &str)], expected: &[(Code, Severity)]) {
        let codes = [Code::UnknownField, Code::SkippedKind, Code::UnknownField];
        let mut findings: Vec<_> =
            codes.into_iter().map(|code| Finding::new(code, "what", "help")).collect();
        let overrides =
            overrides.iter().map(|(code, word)| (*code, Override::parse(word).unwrap())).collect();
        apply_overrides(&mut findings, &overrides);
        let left: Vec<_> = findings.iter().map(|f| (f.code, f.severity)).collect();
        assert_eq!(left, expected);
    }

    #[test]
    fn severities_change_by_code() {
        use Code::{SkippedKind, UnknownField};
        use Severity::{Error, Note, Warning};
        let none = [(UnknownField, Error), (SkippedKind, Note), (UnknownField, Error)];
        check(&[], &none);
        check(&[(Code::DuplicateKey, "off")], &none);
        check(
            &[(UnknownField, "warning"), (SkippedKind, "error")],
            &[(UnknownField, Warning), (SkippedKind, Error), (UnknownField, Warning)],
        );
        check(&[(UnknownField, "off")], &[(SkippedKind, Note)]);
        check(&[(UnknownField, "off"), (SkippedKind, "off")], &[]);
    }

    #[test]
    fn the_worst_follows() {
        let mut findings = vec![Finding::new(Code::UnknownField, "what", "help")];
        let lower = BTreeMap::from([(Code::UnknownField, Override::Severity(Severity::Note))]);
        apply_overrides(&mut findings, &lower);
        assert_eq!(worst(&findings), Some(Severity::Note));
    }

    #[test]
    fn every_word_is_an_override_and_no_other() {
        assert!(Override::WORDS.iter().all(|word| Override::parse(word).is_some()));
        assert_eq!(Override::parse("none"), None);
    }
}
