//! How long plan and apply take against a real nats-server, beside the requests that any program must
//! send for the same, and beside the `nats` CLI, all in one run and in turn.
//!
//!   cargo bench --bench jetstream
//!
//! `EVCTL_BENCH_STREAMS` (10000) streams with `EVCTL_BENCH_CONSUMERS` (2) consumers each are planned,
//! `EVCTL_BENCH_APPLY` (2000) streams are applied, `EVCTL_BENCH_ROUNDS` (5) times each, in
//! `EVCTL_BENCH_STORAGE` (Memory) storage; `EVCTL_BENCH_SAMPLE` (50) is how often the `nats` CLI is run
//! where it needs a process for each stream: its time is scaled; `EVCTL_BENCH_BINARY` names another evctl. The
//! best round counts: other work on the machine only adds to it. Each is measured with the server on the same cores
//! and on one of its own. `EVCTL_BENCH_HOLD` keeps the server, once the
//! streams are made, until its stdin ends, so that a profiler can look at a plan.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a bench prints, and may stop"
)]
#![expect(clippy::disallowed_methods, reason = "a bench looks at the clock and the environment")]

mod bare;
mod cores;
mod rounds;
#[path = "../tests/servers/mod.rs"]
mod servers;

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use bare::Bare;
use cores::Cores;
use rounds::{Best, row, run, timed};
use servers::api_watch::ApiWatch;
use servers::lookup;
use servers::nats::Nats;

/// As many lists of consumers, and as many pages, are in flight as evctl has.
const LISTS: usize = 32;
const PAGES: usize = 4;
const PAGE: usize = 256;
/// As many creates as evctl has in flight.
const CREATES: usize = evctl::apply::CONCURRENCY;

struct Sizes {
    streams: usize,
    consumers: usize,
    apply: usize,
    rounds: usize,
    sample: usize,
    storage: String,
}

fn main() {
    let number = |name: &str, usual: usize| {
        std::env::var(name).ok().map_or(usual, |text| text.parse().expect("a number"))
    };
    let sizes = Sizes {
        streams: number("EVCTL_BENCH_STREAMS", 10_000),
        consumers: number("EVCTL_BENCH_CONSUMERS", 2),
        apply: number("EVCTL_BENCH_APPLY", 2_000),
        rounds: number("EVCTL_BENCH_ROUNDS", 5),
        sample: number("EVCTL_BENCH_SAMPLE", 50),
        storage: std::env::var("EVCTL_BENCH_STORAGE").unwrap_or_else(|_| "Memory".to_owned()),
    };
    plan(&sizes);
    apply(&sizes);
}

fn plan(sizes: &Sizes) {
    let nats = Nats::start();
    let folder = manifests(sizes.streams, sizes);
    let made = timed(|| run(evctl("apply", folder.path(), &nats).arg("--yes")));
    let streams = sizes.streams;
    println!(
        "{streams} streams in {} storage, {} consumers each (made by evctl in {:.1} s)",
        sizes.storage,
        sizes.consumers,
        made.as_secs_f64()
    );
    let watch = ApiWatch::start(&nats.url());
    run(evctl("plan", folder.path(), &nats).arg("--exit-code"));
    assert_eq!(watch.writes(), [""; 0], "a plan that finds nothing to do has written");
    println!("  a plan of nothing sent {} requests, none of them a write", watch.requests().len());
    drop(watch);
    if std::env::var_os("EVCTL_BENCH_HOLD").is_some() {
        println!("plan {} --no-kubernetes --nats-url {}", folder.path().display(), nats.url());
        std::io::copy(&mut std::io::stdin(), &mut std::io::sink()).unwrap();
        return;
    }
    let mut all = Cores::BOTH.map(|cores| (cores, [Best::default(); 3]));
    for _ in 0..sizes.rounds {
        for (cores, [bare, ours, cli]) in &mut all {
            cores.place(&[nats.server.process_id()]);
            bare.take(timed(|| lists(&nats, sizes)));
            ours.take(timed(|| run(evctl("plan", folder.path(), &nats).arg("--exit-code"))));
            if lookup::nats_cli().is_ok() {
                cli.take(cli_lists(&nats, sizes));
            }
        }
    }
    for (cores, [bare, ours, cli]) in all {
        println!(" {}", cores.words());
        row("bare LISTs", bare, bare, "");
        row("evctl plan", ours, bare, "of the bare LISTs (aim: 1.25)");
        row("nats CLI", cli, bare, "of them (stream ls; consumer ls for each stream, scaled)");
    }
}

fn apply(sizes: &Sizes) {
    let folder =
        manifests(sizes.apply, &Sizes { consumers: 0, storage: sizes.storage.clone(), ..*sizes });
    let mut all = Cores::BOTH.map(|cores| (cores, [Best::default(); 4]));
    for _ in 0..sizes.rounds {
        for (cores, [bare, ours, saved, cli]) in &mut all {
            // Each on a server that holds nothing yet.
            let empty = || {
                let nats = Nats::start();
                cores.place(&[nats.server.process_id()]);
                nats
            };
            let nats = empty();
            bare.take(timed(|| creates(&nats, sizes)));
            let nats = empty();
            ours.take(timed(|| run(evctl("apply", folder.path(), &nats).arg("--yes"))));
            let nats = empty();
            let file = nats.directory().join("plan.json");
            let out = format!("--out={}", file.display());
            run(evctl("plan", folder.path(), &nats).arg(out));
            saved.take(timed(|| run(evctl("apply", &file, &nats).arg("--yes"))));
            if lookup::nats_cli().is_ok() {
                cli.take(cli_creates(&empty(), sizes));
            }
        }
    }
    println!("{} streams made, {CREATES} at once", sizes.apply);
    for (cores, [bare, ours, saved, cli]) in all {
        println!(" {}", cores.words());
        row("bare creates", bare, bare, "");
        row("evctl apply", ours, bare, "of the bare creates (aim: 1.15)");
        row("a saved plan", saved, bare, "of the bare creates");
        row("nats CLI", cli, bare, "of them (stream add --config for each, scaled)");
    }
}

/// The LISTs that any program must send: every page of streams, and the consumers of each stream.
fn lists(nats: &Nats, sizes: &Sizes) {
    let mut bare = Bare::connect(nats.address());
    let page = |offset: usize| ("STREAM.LIST".to_owned(), format!("{{\"offset\":{offset}}}"));
    let pages: Vec<_> = (0..sizes.streams).step_by(PAGE).map(page).collect();
    bare.ask(&pages, PAGES, |answer| assert!(answer.len() > PAGE));
    let list = |at: usize| (format!("CONSUMER.LIST.{}", stream(at)), "{\"offset\":0}".to_owned());
    let all: Vec<_> = (0..sizes.streams).map(list).collect();
    bare.ask(&all, LISTS, |answer| assert!(answer.len() > PAGE));
}

fn creates(nats: &Nats, sizes: &Sizes) {
    let mut bare = Bare::connect(nats.address());
    let create = |at: usize| (format!("STREAM.CREATE.{}", stream(at)), config(at, sizes));
    let all: Vec<_> = (0..sizes.apply).map(create).collect();
    bare.ask(&all, CREATES, |answer| {
        let text = String::from_utf8_lossy(answer);
        assert!(text.contains("\"did_create\":true"), "{text}");
    });
}

/// The configuration that evctl sends too, written by hand.
fn config(at: usize, sizes: &Sizes) -> String {
    let storage = sizes.storage.to_lowercase();
    format!(
        "{{\"name\":\"{}\",\"subjects\":[\"shop.ledger-{at}._knative\"],\"retention\":\"limits\",\
         \"max_consumers\":-1,\"max_msgs\":100000,\"max_bytes\":-1,\"max_age\":0,\"discard\":\"old\",\
         \"storage\":\"{storage}\",\"num_replicas\":1,\"metadata\":{{\"evctl.dev/project\":\"bench\",\
         \"evctl.dev/object\":\"natsjetstreamchannel.messaging.knative.dev/shop/ledger-{at}\"}}}}",
        stream(at)
    )
}

/// The stream that the NATS channel of this number has.
fn stream(at: usize) -> String {
    format!("KN_SHOP__LEDGER_{at}")
}

fn manifests(channels: usize, sizes: &Sizes) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("evctl.yaml"), "name: bench\n").unwrap();
    let numbers: Vec<usize> = (0..channels).collect();
    for (file, chunk) in numbers.chunks(100).enumerate() {
        let mut text = String::new();
        for at in chunk {
            channel(&mut text, *at, sizes);
        }
        std::fs::write(folder.path().join(format!("part-{file:05}.yaml")), text).unwrap();
    }
    folder
}

fn channel(text: &mut String, at: usize, sizes: &Sizes) {
    let storage = &sizes.storage;
    write!(
        text,
        "apiVersion: messaging.knative.dev/v1alpha1\nkind: NatsJetStreamChannel\nmetadata:\n  \
         name: ledger-{at}\n  namespace: shop\nspec:\n  stream:\n    config: {{retention: Limits, \
         maxMsgs: 100000, discard: Old, storage: {storage}}}\n---\n"
    )
    .unwrap();
    for number in 0..sizes.consumers {
        write!(
            text,
            "apiVersion: messaging.knative.dev/v1\nkind: Subscription\nmetadata:\n  \
             name: ledger-{at}-{number}\n  namespace: shop\nspec:\n  channel:\n    \
             apiVersion: messaging.knative.dev/v1alpha1\n    kind: NatsJetStreamChannel\n    \
             name: ledger-{at}\n  subscriber:\n    uri: http://ledger.shop.svc.cluster.local/{number}\n  \
             delivery:\n    retry: 3\n    backoffPolicy: linear\n    backoffDelay: PT1S\n---\n"
        )
        .unwrap();
    }
}

/// The binary, with nothing of the machine's environment.
fn evctl(verb: &str, folder: &Path, nats: &Nats) -> Command {
    let named = std::env::var_os("EVCTL_BENCH_BINARY");
    let mut run = Command::new(named.unwrap_or_else(|| env!("CARGO_BIN_EXE_evctl").into()));
    run.env_clear().arg(verb).arg(folder).args(["--no-kubernetes", "--nats-url", &nats.url()]);
    run
}

fn cli(nats: &Nats, arguments: &[&str]) -> Command {
    let mut run = Command::new(lookup::nats_cli().unwrap());
    run.env_clear().env("HOME", nats.directory()).args(["--server", &nats.url()]).args(arguments);
    run
}

/// All streams in one process, then the consumers of a sample of streams, scaled to all of them.
fn cli_lists(nats: &Nats, sizes: &Sizes) -> Duration {
    let streams = timed(|| run(&mut cli(nats, &["stream", "ls", "--all", "--json"])));
    let consumers = timed(|| {
        for at in 0..sizes.sample {
            run(&mut cli(nats, &["consumer", "ls", &stream(at), "--json"]));
        }
    });
    streams + consumers.mul_f64(sizes.streams as f64 / sizes.sample as f64)
}

/// A sample of streams made, scaled to all of them.
fn cli_creates(nats: &Nats, sizes: &Sizes) -> Duration {
    let made = timed(|| {
        for at in 0..sizes.sample {
            let file = nats.directory().join("stream.json");
            std::fs::write(&file, config(at, sizes)).unwrap();
            run(&mut cli(nats, &["stream", "add", "--config", file.to_str().unwrap()]));
        }
    });
    made.mul_f64(sizes.apply as f64 / sizes.sample as f64)
}
