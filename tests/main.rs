//! The one integration-test binary: every suite, then what was skipped and why, then the totals.

mod servers;
mod suites;

use std::io::Write;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments = libtest_mimic::Arguments::from_args();
    let trials = suites::trials();
    for (name, why) in servers::skipped() {
        let _ = writeln!(std::io::stderr(), "skipped: {name}: {why}");
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}
