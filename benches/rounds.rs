//! What both planes' benches do in each round: a program is run and timed, and the best of its times kept. Knows
//! nothing of what is measured.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Runs a program to its good end; what it prints on stdout is thrown away.
pub(crate) fn run(command: &mut Command) {
    let output = command.stdout(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

pub(crate) fn timed(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

/// The shortest of the times so far.
#[derive(Clone, Copy, Default)]
pub(crate) struct Best(Option<Duration>);

impl Best {
    pub(crate) fn take(&mut self, time: Duration) {
        self.0 = Some(self.0.map_or(time, |best| best.min(time)));
    }
}

/// A time and how often another goes into it.
pub(crate) fn row(what: &str, time: Best, beside: Best, of: &str) {
    let (Some(time), Some(beside)) = (time.0, beside.0) else {
        return println!("  {what:14} not on this machine");
    };
    let ratio = time.div_duration_f64(beside);
    println!("  {what:14} {:10.1} ms  {ratio:7.2} {of}", time.as_secs_f64() * 1e3);
}
