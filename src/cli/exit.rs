//! The exit codes, one enumeration, computed from the same values as the summaries.

use std::process::ExitCode;

use crate::apply::report::Tally;
use crate::diag::{Finding, Severity, worst};
use crate::plan::Summary;

/// How a run ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// 0: done, nothing to report.
    Done,
    /// 1: a server or a file failed.
    Failed,
    /// 2: changes are pending (only with `--exit-code`).
    Changes,
    /// 3: changes are pending that cost data (only with `--exit-code`).
    Destructive,
    /// 4: findings of weight, or objects refused or held.
    Findings,
    /// 5: the live world is not what was planned from, and nothing was written.
    Stale,
    /// 6: another run has the project's lock, and nothing was written.
    Locked,
    /// 7: some of the plan was written, and some was not, or is not ready.
    Partly,
    /// 64: the command line makes no sense.
    Usage,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Changes => 2,
            Exit::Destructive => 3,
            Exit::Findings => 4,
            Exit::Stale => 5,
            Exit::Locked => 6,
            Exit::Partly => 7,
            Exit::Usage => 64,
        })
    }
}

/// How a run ends that did nothing but look at its input.
pub fn of_findings(findings: &[Finding], fail_on: Severity) -> Exit {
    match worst(findings) {
        Some(severity) if severity >= fail_on => Exit::Findings,
        _ => Exit::Done,
    }
}

/// How a plan ends.
pub fn of_plan(summary: Summary, detailed: bool) -> Exit {
    match summary {
        _ if summary.refused + summary.held > 0 => Exit::Findings,
        _ if detailed && summary.destructive > 0 => Exit::Destructive,
        _ if detailed && summary.writes() > 0 => Exit::Changes,
        _ => Exit::Done,
    }
}

/// How an apply ends.
pub fn of_apply(summary: Summary, tally: Tally) -> Exit {
    match tally {
        _ if tally.is_complete() => of_plan(summary, false),
        _ if tally.written() + tally.unready > 0 => Exit::Partly,
        _ if tally.stale > 0 => Exit::Stale,
        _ => Exit::Failed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_follow_the_summary() {
        let changes = Summary { create: 1, ..Summary::default() };
        assert_eq!(of_plan(Summary::default(), true), Exit::Done);
        assert_eq!(of_plan(changes, false), Exit::Done);
        assert_eq!(of_plan(changes, true), Exit::Changes);
        assert_eq!(of_plan(Summary { destructive: 1, ..changes }, true), Exit::Destructive);
        assert_eq!(of_plan(Summary { held: 1, ..changes }, true), Exit::Findings);
        let done = Tally { created: 1, ..Tally::default() };
        assert_eq!(of_apply(changes, done), Exit::Done);
        assert_eq!(of_apply(changes, Tally { failed: 1, ..done }), Exit::Partly);
        assert_eq!(of_apply(changes, Tally { failed: 1, ..Tally::default() }), Exit::Failed);
        assert_eq!(of_apply(changes, Tally { stale: 1, ..Tally::default() }), Exit::Stale);
    }
}
