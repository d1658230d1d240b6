//! The one integration-test binary: every suite, then what was skipped and why, then the totals.

mod servers;
mod suites;
mod tidy;

use std::io::Write;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments = libtest_mimic::Arguments::from_args();
    let trials = tidy::trials().into_iter().chain(suites::trials()).collect();
    for (name, why) in servers::skipped() {
        let _ = writeln!(std::io::stderr(), "skipped: {name}: {why}");
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}
