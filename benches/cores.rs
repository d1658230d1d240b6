//! On which cores the servers run, and on which who asks them: all on all of them, or the servers on one and who
//! asks on the rest, as where a server is another machine, whose processor nobody takes who asks it. Moved by `taskset`
//! while they run. Knows nothing of what is measured.

use std::process::{Command, Stdio};
use std::sync::LazyLock;

/// Who shares cores with whom.
#[derive(Clone, Copy)]
pub(crate) enum Cores {
    Shared,
    Apart,
}

/// Cores of the machine, before this process was put on some of them.
static COUNT: LazyLock<usize> =
    LazyLock::new(|| std::thread::available_parallelism().map_or(1, usize::from));

impl Cores {
    pub(crate) const BOTH: [Self; 2] = [Self::Shared, Self::Apart];

    /// Puts the servers where they belong, and this process, whose children go with it.
    pub(crate) fn place(self, servers: &[u32]) {
        let last = *COUNT - 1;
        let (theirs, ours) = match self {
            Self::Apart if last > 0 => ("0".to_owned(), format!("1-{last}")),
            _ => (format!("0-{last}"), format!("0-{last}")),
        };
        servers.iter().for_each(|server| put(*server, &theirs));
        put(std::process::id(), &ours);
    }

    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Shared => "on the same cores as the servers",
            Self::Apart => "with the servers on a core of their own",
        }
    }
}

/// With all its threads.
fn put(process: u32, cores: &str) {
    let mut taskset = Command::new("taskset");
    taskset.args(["-a", "-c", "-p", cores, &process.to_string()]).stdout(Stdio::null());
    assert!(taskset.status().unwrap().success(), "taskset");
}
