//! A run of the evctl binary that is still going on: to be sent signals, ended, and listened to.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStderr, Command};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::binary::Said;

/// The run.
pub(crate) struct Running {
    child: Child,
    stdout: JoinHandle<String>,
    heard: Arc<Heard>,
    listening: JoinHandle<()>,
}

/// What it has said on stderr.
#[derive(Default)]
struct Heard {
    text: Mutex<String>,
    more: Condvar,
}

impl Running {
    /// Takes over a process whose stdout and stderr are pipes.
    pub(crate) fn new(mut child: Child) -> Self {
        let mut stdout = child.stdout.take().expect("a pipe");
        let stderr = child.stderr.take().expect("a pipe");
        let heard = Arc::new(Heard::default());
        let ours = Arc::clone(&heard);
        Self {
            child,
            stdout: thread::spawn(move || {
                let mut text = String::new();
                stdout.read_to_string(&mut text).expect("UTF-8");
                text
            }),
            heard,
            listening: thread::spawn(move || listen(stderr, &ours)),
        }
    }

    /// Sends a signal by its name, such as `INT`.
    pub(crate) fn signal(&self, name: &str) {
        let process = self.child.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &process]).status();
        assert!(sent.expect("kill can be run").success(), "no signal for {process}");
    }

    /// Whether it has ended by itself.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("it can be asked").is_some()
    }

    /// Ends it by SIGKILL, and waits until it is gone.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("it can be killed");
        let said = self.end();
        assert_eq!(said.code, None, "it had ended already: {said}");
    }

    /// Waits until it has said this on stderr.
    #[track_caller]
    pub(crate) fn wait_says(&self, text: &str, limit: Duration) {
        let said = self.heard.text.lock().expect("no one panics holding this lock");
        let waited = self.heard.more.wait_timeout_while(said, limit, |said| !said.contains(text));
        let (said, _) = waited.expect("no one panics holding this lock");
        assert!(said.contains(text), "it does not say {text:?}: {said}");
    }

    /// Waits for its end.
    pub(crate) fn end(mut self) -> Said {
        let status = self.child.wait().expect("it ends");
        let stdout = self.stdout.join().expect("stdout is read");
        self.listening.join().expect("stderr is read");
        let stderr = self.heard.text.lock().expect("no one panics holding this lock").clone();
        Said { stdout, stderr, code: status.code() }
    }
}

fn listen(stderr: ChildStderr, heard: &Heard) {
    let mut lines = BufReader::new(stderr);
    loop {
        let mut line = String::new();
        if lines.read_line(&mut line).expect("UTF-8") == 0 {
            return;
        }
        heard.text.lock().expect("no one panics holding this lock").push_str(&line);
        heard.more.notify_all();
    }
}
