//! What Ctrl-C and SIGTERM do to an apply: the first ends it in order, the second at once. Must not
//! know what is running.

use futures::channel::oneshot;

use super::ui::Ui;

/// The exit code of a run that a second signal ends: nobody has counted what was written.
const ENDED: i32 = 7;

/// Resolves at the first signal. From the call on a signal does not end the process; the second does.
pub(super) fn interrupted(ui: Ui) -> impl Future<Output = ()> {
    let (told, hears) = oneshot::channel();
    let signals = Signals::new();
    tokio::spawn(async move {
        let Some(mut signals) = signals else { return };
        signals.next().await;
        ui.status(
            "interrupted: writes in flight are finished, no more are begun; once more ends the run \
             at once\n",
        );
        let _ = told.send(());
        signals.next().await;
        std::process::exit(ENDED);
    });
    async {
        // Without anybody who tells, there is no first signal.
        if hears.await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// The signals that ask a process to end.
#[cfg(unix)]
struct Signals(tokio::signal::unix::Signal, tokio::signal::unix::Signal);

#[cfg(unix)]
impl Signals {
    /// `None` where the system does not pass signals on.
    fn new() -> Option<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Some(Self(signal(SignalKind::interrupt()).ok()?, signal(SignalKind::terminate()).ok()?))
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.0.recv() => {}
            _ = self.1.recv() => {}
        }
    }
}

/// The signals that ask a process to end: Ctrl-C alone.
#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> Option<Self> {
        Some(Self)
    }

    async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
