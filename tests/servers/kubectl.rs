//! kubectl as our second Kubernetes client: sets a scene and says what a cluster really holds.
//!
//! Must not know the client library that evctl uses, nor how a cluster is started.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use super::waiting;

/// The program with the kubeconfig that it uses and a home of its own for its caches.
#[derive(Clone, Debug)]
pub(crate) struct Kubectl {
    pub(crate) program: PathBuf,
    pub(crate) kubeconfig: PathBuf,
    pub(crate) home: PathBuf,
}

/// What one run of kubectl said.
#[derive(Clone, Debug)]
#[must_use = "a run may have failed"]
pub(crate) struct Said {
    pub(crate) success: bool,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Said {
    /// Its output; panics with what it complained of when it failed.
    #[track_caller]
    pub(crate) fn expect_success(self) -> String {
        assert!(self.success, "kubectl failed: {}{}", self.stdout, self.stderr);
        self.stdout
    }
}

impl Kubectl {
    /// The same program as another user.
    pub(crate) fn with_kubeconfig(&self, kubeconfig: &Path) -> Self {
        Self { kubeconfig: kubeconfig.to_owned(), ..self.clone() }
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Said {
        self.run_with(arguments, "")
    }

    /// Runs it with `text` as its standard input (`-f -`).
    pub(crate) fn run_with(&self, arguments: &[&str], text: &str) -> Said {
        self.run_in(&[], arguments, text)
    }

    /// The same, with further variables.
    pub(crate) fn run_in(
        &self,
        variables: &[(&str, &str)],
        arguments: &[&str],
        text: &str,
    ) -> Said {
        let mut command = Command::new(&self.program);
        command.envs(variables.iter().copied());
        // HOME: neither a user's caches nor a user's preferences (kuberc) may play a part.
        command.env("HOME", &self.home).env_remove("KUBECONFIG");
        command.arg("--kubeconfig").arg(&self.kubeconfig);
        command.arg("--cache-dir").arg(self.home.join("kubectl-cache"));
        command.args(arguments);
        command.stdin(Stdio::piped());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("kubectl can be started");
        let mut input = child.stdin.take().expect("stdin is piped");
        // kubectl reads its input to the end before it writes, so writing it all cannot block for ever;
        // an error means that it ended early, which its own message explains.
        let _ = input.write_all(text.as_bytes());
        drop(input);
        let output = child.wait_with_output().expect("kubectl ends");
        Said {
            success: output.status.success(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// An object as the cluster holds it; an empty namespace is for kinds that have none.
    #[track_caller]
    pub(crate) fn get(&self, kind: &str, namespace: &str, name: &str) -> Option<Value> {
        let mut arguments = vec!["get", kind, name, "--output=json", "--ignore-not-found"];
        if !namespace.is_empty() {
            arguments.extend(["--namespace", namespace]);
        }
        let text = self.run(&arguments).expect_success();
        if text.trim().is_empty() {
            return None;
        }
        Some(serde_json::from_str(&text).expect("kubectl prints JSON"))
    }

    /// Whether the API server says that it is ready within `limit`.
    pub(crate) fn wait_ready(&self, limit: Duration) -> bool {
        let ask = ["get", "--raw", "/readyz", "--request-timeout=2s"];
        let probe = || self.run(&ask).success.then_some(());
        waiting::until(limit, Duration::from_millis(50), probe).is_some()
    }
}
