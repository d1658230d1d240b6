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

/// Gives findings the severities that the project wants, and takes out those that it has switched off.
/// Codes that are not named keep what they weigh.
///
/// The choice is the user's: an error may be lowered even where servers will refuse the object. Call
/// this on all findings of a run before the exit code or anything printed is made from them.
pub fn apply_overrides(findings: &mut Vec<Finding>, overrides: &BTreeMap<Code, Override>) {
    findings.retain_mut(|finding| overridden(finding, overrides));
}

/// Gives one finding the severity that the project wants; false where it is switched off.
pub fn overridden(finding: &mut Finding, overrides: &BTreeMap<Code, Override>) -> bool {
    match overrides.get(&finding.code).filter(|_| !finding.code.is_firm()) {
        Some(Override::Off) => false,
        Some(Override::Severity(severity)) => {
            finding.severity = *severity;
            true
        }
        None => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::worst;

    #[track_caller]
    fn check(overrides: &[(Code, Override)], expected: &[(Code, Severity)]) {
        let codes = [Code::UnknownField, Code::SkippedKind, Code::UnknownField];
        let mut findings: Vec<_> =
            codes.into_iter().map(|code| Finding::new(code, "what", "help")).collect();
        let overrides = overrides.iter().copied().collect();
        apply_overrides(&mut findings, &overrides);
        let left: Vec<_> = findings.iter().map(|f| (f.code, f.severity)).collect();
        assert_eq!(left, expected);
    }

    #[test]
    fn severities_change_by_code() {
        use Code::{SkippedKind, UnknownField};
        use Severity::{Error, Note, Warning};
        let off = Override::Off;
        let to = Override::Severity;
        let none = [(UnknownField, Error), (SkippedKind, Note), (UnknownField, Error)];
        check(&[], &none);
        check(&[(Code::DuplicateKey, off)], &none);
        check(
            &[(UnknownField, to(Warning)), (SkippedKind, to(Error))],
            &[(UnknownField, Warning), (SkippedKind, Error), (UnknownField, Warning)],
        );
        check(&[(UnknownField, off)], &[(SkippedKind, Note)]);
        check(&[(UnknownField, off), (SkippedKind, off)], &[]);
    }

    #[test]
    fn the_worst_follows() {
        let mut findings = vec![Finding::new(Code::UnknownField, "what", "help")];
        let lower = BTreeMap::from([(Code::UnknownField, Override::Severity(Severity::Note))]);
        apply_overrides(&mut findings, &lower);
        assert_eq!(worst(&findings), Some(Severity::Note));
    }
}
