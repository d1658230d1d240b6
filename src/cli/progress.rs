//! How an apply shows how far it is: a line for each object, JSON lines, and a bar below them where
//! somebody watches a terminal. Must not know what is written.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::apply::{ApplyEvent, lines};

use super::args::Output;
use super::ui::Ui;

/// The progress of one apply.
pub(super) struct Progress {
    ui: Ui,
    output: Output,
    bar: ProgressBar,
    /// How many objects have come to an end.
    ended: usize,
    /// How many objects are written.
    total: usize,
}

impl Progress {
    /// None of `total` writes has ended.
    pub(super) fn new(ui: Ui, output: Output, total: usize) -> Self {
        if total > 0 && output == Output::Text {
            ui.out("\n");
        }
        let bar = if ui.bar && total > 0 { drawn(total) } else { ProgressBar::hidden() };
        Self { ui, output, bar, ended: 0, total }
    }

    /// Takes an event in and shows it.
    pub(super) fn tell(&mut self, event: &ApplyEvent) {
        let line = spoken(event);
        let is_end = line.is_some() && !is_afterwards(event);
        self.ended += usize::from(is_end);
        let (ended, total) = (self.ended, self.total);
        let line = line.map(|line| format!("[{ended}/{total}] {line}\n"));
        self.bar.suspend(|| match (self.output, &line) {
            (Output::Jsonl, _) => {
                self.ui.out(&format!("{}\n", lines::document(event, ended, total)));
            }
            (Output::Json, Some(line)) => self.ui.status(line),
            (Output::Text, Some(line)) => self.ui.out(line),
            (_, None) => {}
        });
        match event {
            ApplyEvent::Started { key } => self.bar.set_message(key.to_string()),
            _ => self.bar.set_position(ended as u64),
        }
    }
}

/// Whether it is told of an object whose writing has been counted.
fn is_afterwards(event: &ApplyEvent) -> bool {
    matches!(
        event,
        ApplyEvent::Unconfirmed { .. }
            | ApplyEvent::Waits { .. }
            | ApplyEvent::Ready { .. }
            | ApplyEvent::Unready { .. }
    )
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// A bar on stderr: how much, how long, and what was begun last.
fn drawn(total: usize) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(total as u64), ProgressDrawTarget::stderr());
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {elapsed} {wide_msg}");
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// How an object ended, for people; `None` where it has only begun.
fn spoken(event: &ApplyEvent) -> Option<String> {
    Some(match event {
        ApplyEvent::Started { .. } => return None,
        ApplyEvent::Done { key, .. } => format!("{key} done"),
        ApplyEvent::Stale { key, why, .. } => format!("{key} stale: {why}; plan again"),
        ApplyEvent::Failed { key, why, .. } => format!("{key} failed: {why}"),
        ApplyEvent::Broken { key, why, .. } => {
            format!("{key} was deleted and could not be made anew: {why}; apply again to make it")
        }
        ApplyEvent::Unconfirmed { key, why, .. } => format!("{key} is not as written: {why}"),
        ApplyEvent::Waits { key, why, .. } => format!("{key} waits: {why}"),
        ApplyEvent::Ready { key, .. } => format!("{key} is ready"),
        ApplyEvent::Unready { key, why, .. } => format!("{key} is not ready: {why}"),
        ApplyEvent::Held { key, why, .. } => format!("{key} held: {why}"),
        ApplyEvent::Skipped { key, .. } => format!("{key} not begun: interrupted"),
    })
}
