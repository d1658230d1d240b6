//! Where output goes: results on stdout, everything else on stderr; and whether colour is wanted.

use std::io::{IsTerminal, Write};

use super::environment::Environment;
use super::exit::Exit;

/// The two streams.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ui {
    /// Whether stdout takes colour.
    pub colour: bool,
    /// Whether stderr takes colour.
    pub status_colour: bool,
    /// Whether somebody can answer a question.
    pub interactive: bool,
    /// Whether stderr is a terminal that can show a bar, and one is not unwelcome.
    pub bar: bool,
}

impl Ui {
    /// Honours NO_COLOR, FORCE_COLOR, CLICOLOR_FORCE, CI and TERM=dumb.
    pub(super) fn new(environment: &Environment) -> Self {
        let refused =
            environment.is_set("NO_COLOR") || environment.text("TERM").as_deref() == Some("dumb");
        let forced = environment.is_set("FORCE_COLOR") || environment.is_set("CLICOLOR_FORCE");
        let wanted = |terminal: bool| !refused && (forced || terminal);
        let terminal = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
        Self {
            colour: wanted(std::io::stdout().is_terminal()),
            status_colour: wanted(std::io::stderr().is_terminal()),
            interactive: terminal && !environment.is_set("CI"),
            bar: std::io::stderr().is_terminal() && !refused && !environment.is_set("CI"),
        }
    }

    /// A result, on stdout. A reader that has gone away is no error; a disk that is full is one, and
    /// ends the run: a result that was not written must not look like success.
    pub(super) fn out(&self, text: &str) {
        let mut stdout = std::io::stdout().lock();
        let written = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
        if let Err(error) = written
            && error.kind() != std::io::ErrorKind::BrokenPipe
        {
            self.error("the result cannot be written", &error.to_string(), "see where stdout goes");
            std::process::exit(1);
        }
    }

    /// Anything else, on stderr.
    pub(super) fn status(&self, text: &str) {
        let _ = std::io::stderr().lock().write_all(text.as_bytes());
    }

    /// What went wrong, why, and what to do, on stderr.
    pub(super) fn error(&self, what: &str, why: &str, help: &str) {
        self.status(&format!("error: {what}\n  why: {why}\n  help: {help}\n"));
    }

    /// A command line that makes no sense.
    pub(super) fn usage(&self, why: &str) -> Exit {
        self.status(&format!("error: {why}\n"));
        Exit::Usage
    }

    /// Asks a question that only `yes` answers.
    pub(super) fn confirm(&self, question: &str) -> bool {
        self.status(&format!("\n{question} Only `yes` is taken for it: "));
        let mut answer = String::new();
        std::io::stdin().read_line(&mut answer).is_ok() && answer.trim() == "yes"
    }
}
