//! An apply that does not come to its end: killed before and after each of its writes, cut off, without an
//! answer, with its server gone or asleep, or asked to end. The next run finishes the work, writes
//! nothing twice and loses no message. `EVCTL_TEST_CHANNELS` says how many channels are new in the plan.

use std::time::Duration;

use libtest_mimic::Trial;
use serde_json::Value;

use super::binary::{Evctl, Folder};
use crate::servers::nats::Nats;
use crate::servers::proxy::{Place, Proxy, Then};
use crate::servers::{Need, trial};

pub(super) fn trials() -> Vec<Trial> {
    let nats = &[Need::Nats];
    vec![
        trial("live_interrupted::killed_at_every_write", nats, killed_at_every_write),
        trial("live_interrupted::cut_off_at_every_write", nats, cut_off_at_every_write),
        trial("live_interrupted::an_answer_is_lost", nats, an_answer_is_lost),
        trial("live_interrupted::the_server_is_killed", nats, the_server_is_killed),
        trial("live_interrupted::the_server_sleeps", nats, the_server_sleeps),
        trial("live_interrupted::the_first_signal_ends_in_order", nats, first_signal),
        trial("live_interrupted::the_second_signal_ends_at_once", nats, second_signal),
    ]
}

/// No test here waits for time to pass; this is when one gives up.
const LIMIT: Duration = Duration::from_secs(60);
/// What was published before the run that is interrupted.
const MESSAGES: u64 = 3;

/// A project of its own names on a server: settled in a first state, with messages, about to be changed.
struct Round {
    folder: Folder,
    name: String,
}

impl Round {
    fn new(nats: &Nats, number: usize) -> Self {
        let name = format!("r{number}");
        let folder = Folder::bare(&[("all.yaml", &manifests(&name, 10, 3, "gone", GONE))]);
        let round = Self { folder, name };
        round.run("apply", &nats.url()).run().code(0);
        for _ in 0..MESSAGES {
            nats.wire().publish(&format!("default.{}-old-0._knative", round.name), "{}");
        }
        round.folder.write("all.yaml", &manifests(&round.name, 20, 5, "new", new_channels()));
        round
    }

    /// A run that soon gives up on an answer.
    fn run(&self, verb: &str, url: &str) -> Evctl {
        self.run_within(verb, url, "2s")
    }

    fn run_within(&self, verb: &str, url: &str, timeout: &str) -> Evctl {
        let run = Evctl::new(&[verb, self.folder.text(), "--no-kubernetes", "--nats-url", url]);
        let run = run.arguments(&["--project", &self.name, "--timeout", timeout]);
        let run = run.arguments(&["--prune", "--allow-mass-delete"]);
        // A run that is killed leaves its lock behind, and what is counted here is its writes.
        if verb == "apply" { run.arguments(&["--yes", "--no-lock"]) } else { run }
    }

    /// The next run finishes the work; then nothing is left to do, nothing is there twice, and every
    /// message is where it was.
    #[track_caller]
    fn converges(&self, nats: &Nats) {
        let url = nats.url();
        self.run("apply", &url).run().code(0);
        self.run("plan", &url).arguments(&["--exit-code"]).run().code(0);
        let wire = nats.wire();
        let prefix = format!("KN_DEFAULT__{}_", self.name.to_uppercase());
        let names = wire.api("STREAM.NAMES", &Value::Null);
        let names = names["streams"].as_array().unwrap().iter().map(|name| name.as_str().unwrap());
        let mine: Vec<&str> = names.filter(|name| name.starts_with(&prefix)).collect();
        assert_eq!(mine.len(), OLD + new_channels(), "{mine:?}");
        for name in mine {
            let stream = wire.api(&format!("STREAM.INFO.{name}"), &Value::Null);
            assert_eq!(stream["state"]["consumer_count"], 1, "{stream:#}");
            assert_eq!(stream["config"]["max_msgs"], 20, "{stream:#}");
        }
        let kept = wire.api(&format!("STREAM.INFO.{prefix}OLD_0"), &Value::Null);
        assert_eq!(kept["state"]["messages"], MESSAGES, "{kept:#}");
    }
}

/// How many channels are there from the start, and change.
const OLD: usize = 2;
/// How many channels are there from the start, and go.
const GONE: usize = 1;

fn new_channels() -> usize {
    std::env::var("EVCTL_TEST_CHANNELS").ok().and_then(|text| text.parse().ok()).unwrap_or(2)
}

/// Channels that stay and so many more, each with a Subscription.
fn manifests(name: &str, max: u32, retry: u32, more: &str, count: usize) -> String {
    let names = (0..OLD).map(|at| format!("{name}-old-{at}"));
    names.chain((0..count).map(|at| format!("{name}-{more}-{at}"))).map(|channel| {
        format!(
            "apiVersion: messaging.knative.dev/v1alpha1\nkind: NatsJetStreamChannel\n\
             metadata: {{name: {channel}}}\nspec: {{stream: {{config: {{maxMsgs: {max}}}}}}}\n---\n\
             apiVersion: messaging.knative.dev/v1\nkind: Subscription\nmetadata: {{name: {channel}}}\n\
             spec:\n  channel: {{apiVersion: messaging.knative.dev/v1alpha1, kind: NatsJetStreamChannel, name: {channel}}}\n  \
             subscriber: {{uri: http://display.example.com/}}\n  \
             delivery: {{retry: {retry}, backoffPolicy: linear, backoffDelay: PT1S}}\n---\n"
        )
    }).collect()
}

/// How many writes a run of these rounds makes.
fn writes(nats: &Nats) -> usize {
    let round = Round::new(nats, 0);
    let proxy = Proxy::start(nats.address());
    round.run("apply", &proxy.url()).run().code(0);
    round.converges(nats);
    let writes = proxy.writes();
    assert_eq!(writes, writes_of_a_round(), "{:?}", proxy.subjects());
    writes
}

fn boundaries(writes: usize) -> impl Iterator<Item = (usize, Place)> {
    (1..=writes).flat_map(|at| [(at, Place::Before), (at, Place::Answered)])
}

fn killed_at_every_write() {
    let nats = Nats::start();
    for (number, (at, place)) in boundaries(writes(&nats)).enumerate() {
        let round = Round::new(&nats, number + 1);
        let proxy = Proxy::start(nats.address());
        proxy.stop_at(at, place);
        let run = round.run_within("apply", &proxy.url(), "60s").start();
        assert!(proxy.is_reached(LIMIT), "{place:?} {at}: {}", run.end());
        run.kill();
        proxy.go_on(Then::Lose);
        proxy.settle(LIMIT);
        round.converges(&nats);
    }
}

/// The run itself lives on, says what it could not do, and ends as it should.
fn cut_off_at_every_write() {
    let nats = Nats::start();
    for (number, (at, place)) in boundaries(writes(&nats)).enumerate() {
        let round = Round::new(&nats, number + 1);
        let proxy = Proxy::start(nats.address());
        proxy.stop_at(at, place);
        let run = round.run("apply", &proxy.url()).start();
        assert!(proxy.is_reached(LIMIT), "{place:?} {at}: {}", run.end());
        proxy.go_on(Then::Cut);
        let said = run.end();
        assert!(matches!(said.code, Some(0 | 1 | 7)), "{place:?} {at}: {said}");
        assert!(!said.stderr.contains("panicked"), "{said}");
        proxy.settle(LIMIT);
        round.converges(&nats);
    }
}

fn an_answer_is_lost() {
    let nats = Nats::start();
    let round = Round::new(&nats, 1);
    let proxy = Proxy::start(nats.address());
    proxy.stop_at(1, Place::Answered);
    let run = round.run("apply", &proxy.url()).start();
    assert!(proxy.is_reached(LIMIT), "{}", run.end());
    proxy.go_on(Then::Lose);
    // What was not answered is looked at again, and found as it was meant.
    run.end().code(0);
    round.converges(&nats);
}

/// The server is gone before it has seen the write, and back, with what it had stored.
fn the_server_is_killed() {
    let mut nats = Nats::start();
    let proxy = Proxy::start(nats.address());
    let round = Round::new(&nats, 1);
    proxy.stop_at(2, Place::Before);
    let run = round.run("apply", &proxy.url()).start();
    assert!(proxy.is_reached(LIMIT), "{}", run.end());
    nats.restart();
    proxy.go_on(Then::Cut);
    let said = run.end();
    assert!(matches!(said.code, Some(0 | 1 | 7)), "{said}");
    round.converges(&nats);
}

/// The server is asleep when the write comes, and does it long after the run has given up.
fn the_server_sleeps() {
    let mut nats = Nats::start();
    let proxy = Proxy::start(nats.address());
    let round = Round::new(&nats, 1);
    proxy.stop_at(1, Place::Before);
    let run = round.run("apply", &proxy.url()).arguments(&["--concurrency", "1"]).start();
    assert!(proxy.is_reached(LIMIT), "{}", run.end());
    nats.server.pause();
    proxy.go_on(Then::Pass);
    run.end().code(1).says(&["no answer within 2 s"]);
    nats.server.resume();
    proxy.settle(LIMIT);
    round.converges(&nats);
}

/// What is in flight is finished and counted; the rest is named as not begun.
fn first_signal() {
    let nats = Nats::start();
    for (number, signal) in ["INT", "TERM"].into_iter().enumerate() {
        let round = Round::new(&nats, number);
        let proxy = Proxy::start(nats.address());
        proxy.stop_at(2, Place::Answered);
        let run = round.run_within("apply", &proxy.url(), "60s");
        let run = run.arguments(&["--concurrency", "2"]).start();
        assert!(proxy.is_reached(LIMIT), "{}", run.end());
        run.signal(signal);
        run.wait_says("interrupted: ", LIMIT);
        proxy.go_on(Then::Pass);
        let said = run.end().code(7).says(&["not begun: interrupted", "Apply incomplete."]);
        let ended = |word: &str| said.stdout.lines().filter(|line| line.ends_with(word)).count();
        // What was in flight may have been read only, and then is written too.
        let done = ended(" done");
        assert_eq!(done, proxy.writes(), "{said}");
        assert_eq!(ended(" not begun: interrupted"), objects() - done, "{said}");
        round.converges(&nats);
    }
}

/// How many objects a round changes: each stream and its consumer.
fn objects() -> usize {
    2 * (OLD + GONE + new_channels())
}

/// How many writes that takes: a stream that goes takes its consumer with it.
fn writes_of_a_round() -> usize {
    objects() - GONE
}

/// At once: what is in flight is not waited for.
fn second_signal() {
    let nats = Nats::start();
    let round = Round::new(&nats, 1);
    let proxy = Proxy::start(nats.address());
    proxy.stop_at(1, Place::Before);
    let run = round.run_within("apply", &proxy.url(), "60s");
    let run = run.arguments(&["--concurrency", "1"]).start();
    assert!(proxy.is_reached(LIMIT), "{}", run.end());
    run.signal("INT");
    run.wait_says("interrupted: ", LIMIT);
    run.signal("INT");
    run.end().code(7).hides(&["Apply incomplete."]);
    proxy.go_on(Then::Lose);
    proxy.settle(LIMIT);
    assert_eq!(proxy.writes(), 1, "{:?}", proxy.subjects());
    round.converges(&nats);
}
