//! How long plan and apply take against a real API server, beside the requests that any program must send
//! for the same, and beside `kubectl diff`, all in one run and in turn.
//!
//!   cargo bench --bench kubernetes
//!
//! `EVCTL_BENCH_OBJECTS` (10000) objects are planned in steady state, `EVCTL_BENCH_APPLY` (2000) are made,
//! `EVCTL_BENCH_ROUNDS` (3) times each; `kubectl diff` gets `EVCTL_BENCH_SAMPLE` (100) of them, and its time
//! is scaled. `EVCTL_BENCH_BINARY` names another evctl. The best round counts: other work on the machine
//! only adds to it. Each is measured with the servers on the same cores and on one of their own. `EVCTL_BENCH_HOLD` keeps the server, once the objects are made, until its stdin ends, so that a
//! profiler can look at a plan.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a bench prints, and may stop"
)]
#![expect(clippy::disallowed_methods, reason = "a bench looks at the clock and the environment")]

mod cores;
mod generate;
mod rounds;
#[path = "../tests/servers/mod.rs"]
mod servers;

use std::path::Path;
use std::process::Command;

use cores::Cores;
use futures::stream::{self, StreamExt};
use generate::{Mix, Repository};
use http_body_util::BodyExt as _;
use kube::client::Body;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use rounds::{Best, row, run, timed};
use servers::kubernetes::Cluster;

/// As many objects in a page, and as many writes at once, as evctl has.
const PAGE: usize = 500;
const WRITES: usize = evctl::apply::CONCURRENCY;
/// How often lists and plans take turns in a round: each is soon done, and the machine has its moments.
const TURNS: usize = 4;
/// The kinds that are made: their API and plural.
const KINDS: [(&str, &str); 3] = [
    ("apis/eventing.knative.dev/v1", "triggers"),
    ("apis/eventing.knative.dev/v1", "brokers"),
    ("api/v1", "services"),
];

struct Sizes {
    objects: usize,
    apply: usize,
    rounds: usize,
    sample: usize,
}

fn main() {
    let number = |name: &str, usual: usize| {
        std::env::var(name).ok().map_or(usual, |text| text.parse().expect("a number"))
    };
    let sizes = Sizes {
        objects: number("EVCTL_BENCH_OBJECTS", 10_000),
        apply: number("EVCTL_BENCH_APPLY", 2_000),
        rounds: number("EVCTL_BENCH_ROUNDS", 3),
        sample: number("EVCTL_BENCH_SAMPLE", 100),
    };
    let cluster = Cluster::start();
    cluster.install_crds();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let bare = runtime.block_on(Bare::connect(cluster.kubeconfig()));
    plan(&sizes, &cluster, &runtime, &bare);
    apply(&sizes, &cluster, &runtime, &bare);
}

/// The least that a program must do to ask an API server.
struct Bare(Client);

impl Bare {
    async fn connect(kubeconfig: &Path) -> Self {
        let kubeconfig = Kubeconfig::read_from(kubeconfig).unwrap();
        let options = KubeConfigOptions::default();
        let config = Config::from_custom_kubeconfig(kubeconfig, &options).await.unwrap();
        Self(Client::try_from(config).unwrap())
    }

    async fn ask(&self, method: &str, uri: &str, body: Vec<u8>) -> String {
        let request = http::Request::builder()
            .method(method)
            .uri(uri)
            .header("Content-Type", "application/apply-patch+yaml")
            .body(body)
            .unwrap();
        self.0.request_text(request).await.unwrap()
    }

    /// Every page of every kind, kinds at once. Gives how many bytes came.
    async fn lists(&self, namespace: &str) -> usize {
        let lists = KINDS.map(|(api, plural)| async move {
            let (mut bytes, mut token) = (0, String::new());
            loop {
                let uri =
                    format!("/{api}/namespaces/{namespace}/{plural}?limit={PAGE}&continue={token}");
                let (length, next) = self.page(&uri).await;
                bytes += length;
                match next {
                    Some(next) => token = next,
                    None => return bytes,
                }
            }
        });
        futures::future::join_all(lists).await.into_iter().sum()
    }

    /// How long a page is, and where the next one begins. That stands before the items or after them; these are
    /// thrown away as they come, unread.
    async fn page(&self, uri: &str) -> (usize, Option<String>) {
        const EDGE: usize = 4_096;
        let request = http::Request::get(uri).body(Body::empty()).unwrap();
        let answer = self.0.send(request).await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.status());
        let (mut length, mut head, mut tail) = (0, Vec::new(), Vec::new());
        let mut body = answer.into_body();
        while let Some(frame) = body.frame().await {
            let data = frame.unwrap().into_data().unwrap();
            length += data.len();
            head.extend_from_slice(&data[..data.len().min(EDGE.saturating_sub(head.len()))]);
            tail.extend_from_slice(&data[data.len().saturating_sub(EDGE)..]);
            tail.drain(..tail.len().saturating_sub(EDGE));
        }
        let token = |edge: &[u8]| {
            let text = String::from_utf8_lossy(edge).into_owned();
            let (_, rest) = text.rsplit_once("\"continue\":\"")?;
            Some(rest.split_once('"')?.0.to_owned()).filter(|token| !token.is_empty())
        };
        (length, token(&tail).or_else(|| token(&head)))
    }

    /// Applies every object, so many at once as evctl does.
    async fn patches(&self, objects: &[(String, Vec<u8>)]) {
        let patches = objects.iter().map(|(uri, body)| self.ask("PATCH", uri, body.clone()));
        stream::iter(patches).buffer_unordered(WRITES).for_each(|_| async {}).await;
    }
}

fn plan(sizes: &Sizes, cluster: &Cluster, runtime: &tokio::runtime::Runtime, bare: &Bare) {
    let namespace = cluster.namespace("plan");
    let folder = manifests(sizes.objects, 100);
    let made = timed(|| run(&mut evctl("apply", folder.path(), cluster, &namespace)));
    println!("{} objects (made by evctl in {:.1} s)", sizes.objects, made.as_secs_f64());
    if std::env::var_os("EVCTL_BENCH_HOLD").is_some() {
        let config = cluster.kubeconfig().display();
        println!("plan {} --no-nats -n {namespace} --kubeconfig {config}", folder.path().display());
        std::io::copy(&mut std::io::stdin(), &mut std::io::sink()).unwrap();
        return;
    }
    let sample = manifests(sizes.sample, sizes.sample);
    let mut all = Cores::BOTH.map(|cores| (cores, [Best::default(); 3]));
    for _ in 0..sizes.rounds {
        for (cores, [lists, ours, kubectl]) in &mut all {
            cores.place(&servers(cluster));
            let list = || {
                let bytes = runtime.block_on(bare.lists(&namespace));
                assert!(bytes > sizes.objects * 500, "{bytes} bytes");
            };
            // What kubectl has left to the server's garbage collector is nobody's else.
            list();
            for turn in 0..TURNS {
                // Each is first in turn: the server's collector must not fall upon one of them alone.
                for is_list in [turn % 2 == 0, turn % 2 == 1] {
                    if is_list {
                        lists.take(timed(list));
                    } else {
                        let mut plan = evctl("plan", folder.path(), cluster, &namespace);
                        ours.take(timed(|| run(&mut plan)));
                    }
                }
            }
            let diff = timed(|| {
                let file = sample.path().display().to_string();
                // Whether there are differences is its exit code, and of no matter here.
                let _ = cluster.kubectl(&["diff", "-n", &namespace, "--server-side", "-f", &file]);
            });
            kubectl.take(diff.mul_f64(sizes.objects as f64 / sizes.sample as f64));
        }
    }
    for (cores, [lists, ours, kubectl]) in all {
        println!(" {}", cores.words());
        row("bare LISTs", lists, lists, "");
        row("evctl plan", ours, lists, "of the bare LISTs (aim: 1.3)");
        row("kubectl diff", kubectl, ours, "of evctl plan (a sample, scaled; aim: 80)");
    }
}

fn apply(sizes: &Sizes, cluster: &Cluster, runtime: &tokio::runtime::Runtime, bare: &Bare) {
    let folder = manifests(sizes.apply, 100);
    let mut all = Cores::BOTH.map(|cores| (cores, [Best::default(); 4]));
    for _ in 0..sizes.rounds {
        for (cores, [patches, asked, ours, saved]) in &mut all {
            cores.place(&servers(cluster));
            // Each into a namespace that holds nothing yet.
            let namespace = cluster.namespace("bare");
            let objects = objects(folder.path(), &namespace);
            let dry = |(uri, body): &(String, Vec<u8>)| (format!("{uri}&dryRun=All"), body.clone());
            let dry: Vec<_> = objects.iter().map(dry).collect();
            let before = timed(|| runtime.block_on(bare.patches(&dry)));
            let written = timed(|| runtime.block_on(bare.patches(&objects)));
            patches.take(written);
            asked.take(before + written);
            let namespace = cluster.namespace("apply");
            ours.take(timed(|| run(&mut evctl("apply", folder.path(), cluster, &namespace))));
            let namespace = cluster.namespace("saved");
            let file = folder.path().join("plan.json");
            let out = format!("--out={}", file.display());
            run(evctl("plan", folder.path(), cluster, &namespace).arg(out));
            saved.take(timed(|| run(&mut evctl("apply", &file, cluster, &namespace))));
            std::fs::remove_file(&file).unwrap();
        }
    }
    println!("{} objects made, {WRITES} at once", sizes.apply);
    for (cores, [patches, asked, ours, saved]) in all {
        println!(" {}", cores.words());
        row("bare patches", patches, patches, "");
        let costs = "of the bare patches: what a plan that is asked about costs anybody";
        row("with dry-runs", asked, patches, costs);
        row("evctl apply", ours, patches, "of the bare patches (aim: 1.15)");
        row("evctl apply", ours, asked, "of the bare dry-runs and patches");
        row("a saved plan", saved, patches, "of the bare patches");
    }
}

fn servers(cluster: &Cluster) -> [u32; 2] {
    [cluster.api_server.process_id(), cluster.etcd.process_id()]
}

/// The patches that evctl sends too, but for its marks.
fn objects(folder: &Path, namespace: &str) -> Vec<(String, Vec<u8>)> {
    let mut objects = Vec::new();
    for file in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if file.file_name().unwrap() == "evctl.yaml" {
            continue;
        }
        let (documents, _) =
            evctl::model::yaml::documents(&std::fs::read_to_string(&file).unwrap());
        for root in documents.iter().filter_map(|document| document.root.as_ref()) {
            let mut body = root.to_json();
            body["metadata"]["namespace"] = namespace.into();
            let kind = body["kind"].as_str().unwrap().to_lowercase();
            let name = body["metadata"]["name"].as_str().unwrap();
            let (api, plural) = KINDS.iter().find(|(_, plural)| plural.starts_with(&kind)).unwrap();
            let uri = format!(
                "/{api}/namespaces/{namespace}/{plural}/{name}?fieldManager=bare&fieldValidation=Strict"
            );
            objects.push((uri, body.to_string().into_bytes()));
        }
    }
    objects
}

fn manifests(documents: usize, per_file: usize) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("evctl.yaml"), "name: bench\n").unwrap();
    let repository = Repository { mix: Mix::named("triggers"), documents, per_file };
    for (name, text) in repository.files() {
        // The namespace is said on the command line.
        let lines = text.lines().filter(|line| !line.trim_start().starts_with("namespace:"));
        let text: String = lines.flat_map(|line| [line, "\n"]).collect();
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

/// The binary, with nothing of the machine's environment but a folder for what it remembers of the cluster, as
/// kubectl has one.
fn evctl(verb: &str, path: &Path, cluster: &Cluster, namespace: &str) -> Command {
    let named = std::env::var_os("EVCTL_BENCH_BINARY");
    let mut run = Command::new(named.unwrap_or_else(|| env!("CARGO_BIN_EXE_evctl").into()));
    let cache = cluster.kubeconfig().with_file_name("evctl-cache");
    run.env_clear()
        .env("XDG_CACHE_HOME", cache)
        .arg(verb)
        .arg(path)
        .arg("--kubeconfig")
        .arg(cluster.kubeconfig());
    run.arg("--no-nats");
    let is_saved = path.is_file();
    if !is_saved {
        run.args(["-n", namespace]);
    }
    if verb == "apply" {
        run.args(["--yes", "--wait-timeout", "0"]);
    }
    run
}
