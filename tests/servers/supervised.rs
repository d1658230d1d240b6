//! Processes and folders that cannot outlive the test process, even when that is killed by SIGKILL:
//! a small `sh` holds each of them together with a pipe from the test, and ends the server, or
//! removes the folder, when the pipe closes. The operating system closes it, however the test ends.
//!
//! Must not know which server it runs.

use std::fs;
use std::io::{BufRead, BufReader, PipeWriter, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};

/// Runs the server in the background, says its process id, then passes on each signal that the test
/// names. It ends when the server does, with the server's status. `wait` is what reaps the server,
/// so until then its process id cannot become another process's. HUP is ignored because the kernel
/// sends it when a test dies that has paused its server: the process group is orphaned then and has
/// a stopped member. Without this, that ends the supervisor and may spare the server.
const SUPERVISOR: &str = r#"
trap '' HUP
log=$1
shift
exec 3<&0
"$@" </dev/null >>"$log" 2>&1 3<&- &
server=$!
echo "$server"
(
    while read -r signal; do
        kill -s "$signal" "$server"
        echo "$signal"
    done
    kill -s TERM "$server"
    kill -s CONT "$server"
    tenths=0
    while [ "$tenths" -lt 15 ] && kill -0 "$server"; do
        sleep 0.1 >/dev/null
        tenths=$((tenths + 1))
    done
    kill -s KILL "$server"
) <&3 2>/dev/null &
keeper=$!
exec 3<&-
wait "$server"
status=$?
kill "$keeper" 2>/dev/null
exit "$status"
"#;

/// Removes the folder once everything that holds the pipe is gone: the test and all supervisors,
/// so no server is still writing into it.
const JANITOR: &str = r#"cat >/dev/null; rm -rf -- "$1""#;

/// A fresh folder that is removed after the servers in it have ended.
///
/// Drop the servers first: in a struct, name them above this field.
pub(crate) struct Scratch {
    path: PathBuf,
    pipe: Option<PipeWriter>,
    janitor: Child,
}

impl Scratch {
    pub(crate) fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("evctl-test-").tempdir();
        let path = folder.expect("a folder can be made in TMPDIR").keep();
        let (end, pipe) = std::io::pipe().expect("a pipe can be made");
        let mut janitor = shell(JANITOR, "janitor");
        let janitor = janitor.arg(&path).stdin(end).stdout(Stdio::null());
        let janitor = janitor.spawn().expect("sh can be started");
        Self { path, pipe: Some(pipe), janitor }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes a file into the folder and says where it is.
    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let file = self.path.join(name);
        fs::write(&file, text).expect("a file can be written into the test's folder");
        file
    }

    fn share(&self) -> Stdio {
        let pipe = self.pipe.as_ref().expect("the pipe is open until drop");
        pipe.try_clone().expect("a pipe can be cloned").into()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        self.pipe = None;
        // A failure here only leaves a folder in TMPDIR, and a panic in drop would hide the test's own.
        let _ = self.janitor.wait();
    }
}

/// A running server.
pub(crate) struct Supervised {
    /// The pipe whose end is the server's end; `None` only while dropping.
    orders: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    supervisor: Child,
    process_id: u32,
    log: PathBuf,
}

impl Supervised {
    /// Starts `program`; what it says goes to the file `log` in `scratch`, after what is there.
    pub(crate) fn start(
        scratch: &Scratch,
        program: &Path,
        arguments: &[String],
        variables: &[(&str, &str)],
        log: &str,
    ) -> Self {
        let log = scratch.path().join(log);
        let mut command = shell(SUPERVISOR, "supervisor");
        command.arg(&log).arg(program).args(arguments);
        command.envs(variables.iter().copied());
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        // Its messages go nowhere; what matters is that it holds the janitor's pipe open.
        command.stderr(scratch.share());
        let mut supervisor = command.spawn().expect("sh can be started");
        let orders = supervisor.stdin.take();
        let output = supervisor.stdout.take().expect("stdout is piped");
        let mut answers = BufReader::new(output);
        let process_id = line(&mut answers).parse().expect("a process id comes first");
        Self { orders, answers, supervisor, process_id, log }
    }

    /// The server's own process id.
    pub(crate) fn process_id(&self) -> u32 {
        self.process_id
    }

    /// How the server ended, when it has (128 + signal when by a signal).
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        let state = self.supervisor.try_wait();
        state.expect("the supervisor's state can be asked")
    }

    /// Ends the server by SIGKILL and waits until it is gone.
    pub(crate) fn kill(&mut self) {
        self.order("KILL");
        self.supervisor.wait().expect("the supervisor ends");
    }

    /// Stops the server in its tracks (SIGSTOP): connections stay open and nothing is answered.
    pub(crate) fn pause(&mut self) {
        self.order("STOP");
        line(&mut self.answers);
    }

    /// Lets a paused server go on (SIGCONT).
    pub(crate) fn resume(&mut self) {
        self.order("CONT");
        line(&mut self.answers);
    }

    /// The last lines of the server's log, for the message of a failure.
    pub(crate) fn log_tail(&self) -> String {
        let text = fs::read(&self.log).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(25)..].join("\n")
    }

    fn order(&mut self, signal: &str) {
        if let Some(orders) = &mut self.orders {
            // A server that has ended already takes no orders, which is no failure.
            let _ = writeln!(orders, "{signal}");
        }
    }
}

impl Drop for Supervised {
    fn drop(&mut self) {
        self.orders = None;
        // A panic in drop would hide the test's own failure.
        let _ = self.supervisor.wait();
    }
}

/// `sh` running `script`, in a process group of its own: an interrupt typed at the terminal ends
/// the test, and the closing pipe does the rest in order.
fn shell(script: &str, name: &str) -> Command {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", script, name]).process_group(0);
    command
}

fn line(answers: &mut impl BufRead) -> String {
    let mut text = String::new();
    let read = answers.read_line(&mut text);
    read.expect("the supervisor's answer can be read");
    text.trim().to_owned()
}
