//! Runs the evctl binary in an environment of its own: no variable of the machine reaches it.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::running::Running;

/// One run to be.
pub(crate) struct Evctl {
    command: Command,
    input: Option<Vec<u8>>,
}

/// What a run said and how it ended. Displays as a transcript does.
#[derive(Debug, Clone)]
pub(crate) struct Said {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) code: Option<i32>,
}

impl Evctl {
    pub(crate) fn new(arguments: &[&str]) -> Self {
        Self::of(Command::new(env!("CARGO_BIN_EXE_evctl")), arguments)
    }

    /// A run that ends when it asks for more memory than this, in kilobytes.
    pub(crate) fn within_memory(kilobytes: u32, arguments: &[&str]) -> Self {
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", &format!("ulimit -v {kilobytes} && exec \"$0\" \"$@\"")]);
        shell.arg(env!("CARGO_BIN_EXE_evctl"));
        Self::of(shell, arguments)
    }

    fn of(mut command: Command, arguments: &[&str]) -> Self {
        command.args(arguments).env_clear().env("HOME", "/nonexistent").env("NO_COLOR", "1");
        // Most tests have no controllers, which would be waited for.
        command.env("EVCTL_WAIT_TIMEOUT", "0");
        command.current_dir(env!("CARGO_MANIFEST_DIR"));
        Self { command, input: None }
    }

    pub(crate) fn arguments(mut self, arguments: &[&str]) -> Self {
        self.command.args(arguments);
        self
    }

    pub(crate) fn variable(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// Runs it in a folder of its own.
    pub(crate) fn within(mut self, folder: &Folder) -> Self {
        self.command.current_dir(folder.path());
        self
    }

    pub(crate) fn input(mut self, bytes: &[u8]) -> Self {
        self.input = Some(bytes.to_vec());
        self
    }

    /// Starts it, for a test that does something meanwhile.
    pub(crate) fn start(mut self) -> Running {
        let pipes = self.command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Running::new(pipes.spawn().expect("the binary starts"))
    }

    /// Runs it as somebody does who has set no such variable.
    pub(crate) fn without(mut self, name: &str) -> Self {
        self.command.env_remove(name);
        self
    }

    /// Starts it with its stderr elsewhere, such as on a terminal.
    pub(crate) fn start_saying_to(mut self, stderr: Stdio) -> Child {
        let pipes = self.command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(stderr);
        pipes.spawn().expect("the binary starts")
    }

    #[must_use]
    pub(crate) fn run(mut self) -> Said {
        let stdin = if self.input.is_some() { Stdio::piped() } else { Stdio::null() };
        let mut child = self
            .command
            .stdin(stdin)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        if let Some(bytes) = self.input {
            use std::io::Write;
            let mut pipe = child.stdin.take().expect("a pipe");
            pipe.write_all(&bytes).expect("evctl reads its input");
        }
        let output = child.wait_with_output().expect("the binary ends");
        Said {
            stdout: String::from_utf8(output.stdout).expect("UTF-8"),
            stderr: String::from_utf8(output.stderr).expect("UTF-8"),
            code: output.status.code(),
        }
    }
}

impl Said {
    /// The run must have ended so.
    #[track_caller]
    pub(crate) fn code(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self}");
        assert!(!self.stderr.contains("panicked"), "{self}");
        self
    }

    /// Both streams must together say all of this.
    #[track_caller]
    pub(crate) fn says(self, texts: &[&str]) -> Self {
        let all = format!("{}{}", self.stdout, self.stderr);
        for text in texts {
            assert!(all.contains(text), "nothing says {text:?}:\n{self}");
        }
        self
    }

    /// Neither stream may say this.
    #[track_caller]
    pub(crate) fn hides(self, texts: &[&str]) -> Self {
        for text in texts {
            assert!(
                !self.stdout.contains(text) && !self.stderr.contains(text),
                "{text:?} is shown:\n{self}"
            );
        }
        self
    }

    /// stdout as the one JSON document that it must be.
    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}:\n{self}"))
    }
}

impl fmt::Display for Said {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.stdout)?;
        if !self.stderr.is_empty() {
            write!(out, "------- stderr -------\n{}", self.stderr)?;
        }
        match self.code {
            Some(0) => Ok(()),
            Some(code) => writeln!(out, "[exit status: {code}]"),
            None => writeln!(out, "[killed]"),
        }
    }
}

/// A folder of manifests in a temporary place, gone when dropped.
pub(crate) struct Folder(tempfile::TempDir);

impl Folder {
    /// Files by name, with the project file `name: test`.
    pub(crate) fn project(files: &[(&str, &str)]) -> Self {
        let folder = Self::bare(files);
        folder.write("evctl.yaml", "name: test\n");
        folder
    }

    pub(crate) fn bare(files: &[(&str, &str)]) -> Self {
        let folder = Self(tempfile::tempdir().expect("a temporary folder"));
        for (name, text) in files {
            folder.write(name, text);
        }
        folder
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let file = self.0.path().join(name);
        let folder = file.parent().expect("a file lies in a folder");
        std::fs::create_dir_all(folder).expect("the folder is made");
        std::fs::write(file, text).expect("the file is written");
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn text(&self) -> &str {
        self.0.path().to_str().expect("UTF-8")
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
}
