//! What somebody sees who watches an apply on a terminal, and what a pipe gets instead.

use std::time::Duration;

use libtest_mimic::Trial;

use super::binary::{Evctl, Folder};
use crate::servers::nats::Nats;
use crate::servers::proxy::{Place, Proxy, Then};
use crate::servers::terminal::Terminal;
use crate::servers::{Need, trial};

pub(super) fn trials() -> Vec<Trial> {
    let nats = &[Need::Nats];
    vec![
        trial("terminals::a_bar_is_shown", nats, a_bar_is_shown),
        trial("terminals::no_bar_is_shown", nats, no_bar_is_shown),
    ]
}

/// How long something may take to be shown.
const LIMIT: Duration = Duration::from_secs(30);

/// One whole block of the bar.
const BLOCK: &str = "\u{2588}";

fn folder() -> Folder {
    let channel = |name: &str| {
        format!(
            "---\napiVersion: messaging.knative.dev/v1alpha1\nkind: NatsJetStreamChannel\n\
             metadata: {{name: {name}}}\n"
        )
    };
    Folder::project(&[("a.yaml", &(channel("a") + &channel("b")))])
}

fn apply(folder: &Folder, url: &str) -> Evctl {
    Evctl::new(&["apply", folder.text(), "--no-kubernetes", "--nats-url", url, "--yes"])
        .arguments(&["--concurrency", "1", "--timeout", "60s", "--no-lock"])
        .without("NO_COLOR")
        .variable("TERM", "xterm")
}

/// While the second write waits, the bar says that one of two is done and which is on its way; at the end
/// it is gone, and the lines for people stand on stdout.
fn a_bar_is_shown() {
    let nats = Nats::start();
    let proxy = Proxy::start(nats.address());
    proxy.stop_at(2, Place::Before);
    let (terminal, stderr) = Terminal::open();
    let folder = folder();
    let run = apply(&folder, &proxy.url()).start_saying_to(stderr);
    assert!(proxy.is_reached(LIMIT), "the second write does not come");
    terminal.wait_shows("1/2", LIMIT);
    terminal.wait_shows("stream/KN_DEFAULT__B", LIMIT);
    proxy.go_on(Then::Pass);
    let output = run.wait_with_output().unwrap();
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{stdout}");
    assert!(stdout.contains("[2/2] stream/KN_DEFAULT__B done\n"), "{stdout}");
    assert!(!stdout.contains(BLOCK), "{stdout}");
    let shown = terminal.all();
    assert!(shown.contains(BLOCK), "{shown:?}");
    // The last thing that is done to the bar's line is to clear it.
    let (_, after) = shown.rsplit_once(BLOCK).unwrap();
    assert!(after.contains("\u{1b}[2K"), "{shown:?}");
}

/// Neither in a pipe, nor where variables say that nobody wants one.
fn no_bar_is_shown() {
    let nats = Nats::start();
    let folder = folder();
    apply(&folder, &nats.url()).run().code(0).says(&["[2/2]"]).hides(&[BLOCK, "1/2 "]);
    for (name, value) in [("NO_COLOR", "1"), ("CI", "true"), ("TERM", "dumb")] {
        nats.wire().api("STREAM.DELETE.KN_DEFAULT__A", &serde_json::Value::Null);
        let (terminal, stderr) = Terminal::open();
        let run = apply(&folder, &nats.url()).variable(name, value).start_saying_to(stderr);
        let output = run.wait_with_output().unwrap();
        let stdout = String::from_utf8(output.stdout).unwrap();
        assert!(stdout.contains("[1/1] stream/KN_DEFAULT__A done"), "{name}: {stdout}");
        let shown = terminal.all();
        assert!(!shown.contains(BLOCK) && !shown.contains("0/1"), "{name}: {shown:?}");
    }
}
