//! A terminal of a test's own: a program that writes into it is watched as a person would watch it.
//!
//! Must not know which program that is.

use std::fs::{File, OpenOptions};
use std::io::Read;
use std::process::Stdio;
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

/// The side that sees what is shown.
pub(crate) struct Terminal {
    shown: Arc<Shown>,
    reading: JoinHandle<()>,
}

#[derive(Default)]
struct Shown {
    text: Mutex<String>,
    more: Condvar,
}

impl Terminal {
    /// A terminal of 100 columns, and the side that a program writes into. Everything is shown once the
    /// program and whoever else holds that side have ended.
    pub(crate) fn open() -> (Self, Stdio) {
        let control =
            openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal can be had");
        grantpt(&control).expect("it can be used");
        unlockpt(&control).expect("it can be opened");
        let size = Winsize { ws_row: 24, ws_col: 100, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&control, size).expect("it takes a size");
        let name = ptsname(&control, Vec::new()).expect("it has a name");
        let name = name.into_string().expect("UTF-8");
        let written = OpenOptions::new().read(true).write(true).open(name);
        let shown = Arc::new(Shown::default());
        let ours = Arc::clone(&shown);
        let reading = thread::spawn(move || read(File::from(control), &ours));
        (Self { shown, reading }, written.expect("it can be opened").into())
    }

    /// Waits until this has been shown.
    #[track_caller]
    pub(crate) fn wait_shows(&self, text: &str, limit: Duration) {
        let shown = self.shown.text.lock().expect("no one panics holding this lock");
        let waited =
            self.shown.more.wait_timeout_while(shown, limit, |shown| !shown.contains(text));
        let (shown, _) = waited.expect("no one panics holding this lock");
        assert!(shown.contains(text), "it does not show {text:?}: {shown:?}");
    }

    /// Everything that was shown, control characters included.
    pub(crate) fn all(self) -> String {
        self.reading.join().expect("the terminal is read");
        self.shown.text.lock().expect("no one panics holding this lock").clone()
    }
}

fn read(mut control: File, shown: &Shown) {
    let mut bytes = [0; 4096];
    // The end is an error here (EIO): nobody holds the other side any longer.
    while let Ok(count @ 1..) = control.read(&mut bytes) {
        let mut text = shown.text.lock().expect("no one panics holding this lock");
        text.push_str(&String::from_utf8_lossy(&bytes[..count]));
        shown.more.notify_all();
    }
}
