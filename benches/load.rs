//! How fast repositories load, validate and resolve, beside the bare parser's event loop on the same
//! bytes and beside kubeconform, in one run; on one core and on two.
//!
//!   cargo bench --bench load            every size
//!   cargo bench --bench load -- 1000    these sizes alone
//!
//! On one core the processor's time is measured, so that other work on the machine hardly counts; on two
//! the time that passes. Each round is a process of its own, as a run of evctl is: no round meets a heap that another has
//! left. Without testenv/bin/kubeconform (`testenv/build.sh kubeconform knative`) that peer is left out.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a bench prints, and may stop"
)]
#![expect(clippy::disallowed_methods, reason = "a bench looks at the clock")]

mod generate;

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use evctl::diag::Severity;
use evctl::model::{self, Assumed, Input};
use evctl::topology;
use generate::{Mix, Repository};
use granit_parser::{Event, Parser, options};

const SIZES: &[usize] = &[1_000, 10_000, 50_000];
/// Each figure is the best of so many rounds: other work on the machine only adds to it.
const ROUNDS: usize = 7;
const KUBECONFORM: &str = "testenv/bin/kubeconform";

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    if let [flag, mix, documents, per_file] = arguments.as_slice()
        && flag == "--round"
    {
        let number = |text: &String| text.parse().unwrap();
        let (documents, per_file) = (number(documents), number(per_file));
        return round(Repository { mix: Mix::named(mix), documents, per_file });
    }
    let asked: Vec<usize> = arguments.iter().map(|size| size.parse().unwrap()).collect();
    let sizes = if asked.is_empty() { SIZES } else { &asked };
    for cores in ["0", "0,1"] {
        for documents in sizes {
            measure(cores, "triggers", *documents, 100);
            measure(cores, "triggers", *documents, *documents);
            measure(cores, "mixed", *documents, 100);
        }
    }
}

/// One round in this process: prints the nanoseconds of the bare parser and of evctl.
fn round(repository: Repository) {
    let files = repository.files();
    let bare = timed(|| files.iter().map(|(_, text)| events(text)).sum::<usize>());
    let inputs = inputs(&files);
    let ours = timed(|| load(inputs, repository.documents));
    println!("{} {}", bare.as_nanos(), ours.as_nanos());
}

fn measure(cores: &str, mix: &str, documents: usize, per_file: usize) {
    let files = Repository { mix: Mix::named(mix), documents, per_file }.files();
    let bytes: usize = files.iter().map(|(_, text)| text.len()).sum();
    let peer = Kubeconform::on(&files);
    let [mut bare, mut ours, mut theirs] = [const { Vec::new() }; 3];
    for _ in 0..ROUNDS {
        let (parser, evctl) = apart(cores, mix, documents, per_file);
        bare.push(parser);
        ours.push(evctl);
        theirs.extend(peer.as_ref().map(|peer| peer.run(cores)));
    }
    let [bare, ours, theirs] = [bare, ours, theirs].map(|times| times.into_iter().min());
    let (bare, ours) = (bare.unwrap(), ours.unwrap());
    let (count, megabytes) = (files.len(), bytes as f64 / 1e6);
    println!("cores {cores}: {documents} documents, {mix}, files {count}, {megabytes:.1} MB");
    let row = |what: &str, time: Duration, ratio: f64, of: &str| {
        let seconds = time.as_secs_f64();
        let (rate, speed) = (documents as f64 / seconds, megabytes / seconds);
        let time = seconds * 1e3;
        println!(
            "  {what:16} {time:8.1} ms {rate:8.0} documents/s {speed:6.1} MB/s  {ratio:5.2} {of}"
        );
    };
    row("parser's events", bare, 1.0, "");
    row("load and resolve", ours, bare.div_duration_f64(ours), "of the parser's speed");
    if let Some(theirs) = theirs {
        row("kubeconform", theirs, theirs.div_duration_f64(ours), "times as long as evctl");
    }
}

/// A round in a process of its own on some cores.
fn apart(cores: &str, mix: &str, documents: usize, per_file: usize) -> (Duration, Duration) {
    let mut run = on(cores, &std::env::current_exe().unwrap());
    run.args(["--round", mix, &documents.to_string(), &per_file.to_string()]);
    let said = String::from_utf8(run.output().unwrap().stdout).unwrap();
    let times: Vec<_> =
        said.split_whitespace().map(|text| Duration::from_nanos(text.parse().unwrap())).collect();
    let [bare, ours] = times.as_slice() else { panic!("a round ended early: {said}") };
    (*bare, *ours)
}

/// A program that sees these cores and no other.
fn on(cores: &str, program: &Path) -> Command {
    let mut run = Command::new("taskset");
    run.args(["-c", cores]).arg(program);
    run
}

fn timed<T>(work: impl FnOnce() -> T) -> Duration {
    let start = clock();
    let result = black_box(work());
    let time = clock() - start;
    drop(result);
    time
}

/// On one core: how long this thread has run, so that other work on the machine does not count. On more: the time of day, as what counts is when all are done.
fn clock() -> Duration {
    if std::thread::available_parallelism().unwrap().get() > 1 {
        return START.elapsed();
    }
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(text.split(' ').next().unwrap().parse().unwrap())
}

static START: LazyLock<Instant> = LazyLock::new(Instant::now);

/// How long a program runs: on one core the processor's time.
fn outside(cores: &str, run: &mut Command) -> Duration {
    let before = (START.elapsed(), children());
    assert!(run.status().unwrap().success(), "the peer finds fault with the generated documents");
    let after = (START.elapsed(), children());
    if cores == "0" { after.1 - before.1 } else { after.0 - before.0 }
}

/// The processor's time of all children that have ended, in ticks of ten milliseconds.
fn children() -> Duration {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap();
    let (_, fields) = text.rsplit_once(") ").unwrap();
    let ticks = fields.split(' ').skip(13).take(2).map(|field| field.parse::<u64>().unwrap());
    Duration::from_millis(ticks.sum::<u64>() * 10)
}

/// The parser alone: every event, none of it kept.
fn events(text: &str) -> usize {
    let options = options! { emit_comments: false };
    let mut parser = Parser::new_from_str_with_options(text, options);
    let mut scalars = 0;
    while let Some(event) = parser.next_event() {
        scalars += usize::from(matches!(event.unwrap().0, Event::Scalar(..)));
    }
    scalars
}

fn inputs(files: &[(String, String)]) -> Vec<Input> {
    let input =
        |(name, text): &(String, String)| Input::named(name.clone(), Ok(text.clone().into()));
    files.iter().map(input).collect()
}

fn load(inputs: Vec<Input>, documents: usize) -> (model::load::Loaded, topology::Resolved) {
    let assumed = Assumed::default();
    let loaded = model::load(inputs, "default", &assumed);
    let resolved = topology::resolve(&loaded.manifests, &assumed);
    let findings = loaded.findings.iter().chain(&resolved.findings);
    let mut said = findings.chain(resolved.dangling.iter().map(|(_, finding)| finding));
    let wrong = said.find(|finding| finding.severity > Severity::Note);
    assert!(wrong.is_none(), "what is right is found wrong: {wrong:?}");
    assert_eq!(loaded.manifests.len(), documents);
    (loaded, resolved)
}

/// kubeconform beside us: the same files on disk, and Knative's CRDs as its schemas.
struct Kubeconform {
    program: PathBuf,
    folder: tempfile::TempDir,
}

impl Kubeconform {
    fn on(files: &[(String, String)]) -> Option<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let program = root.join(KUBECONFORM).canonicalize().ok()?;
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        schemas(&root.join("testenv/bin/knative-eventing/config"), folder.path());
        Some(Self { program, folder })
    }

    fn run(&self, cores: &str) -> Duration {
        let schemas = self.folder.path().join("{{.ResourceKind}}-{{.ResourceAPIVersion}}.json");
        let workers = cores.split(',').count().to_string();
        let mut run = on(cores, &self.program);
        run.args(["-ignore-missing-schemas", "-n", &workers, "-schema-location"]);
        run.arg(schemas).args(["-ignore-filename-pattern", r"\.json$"]).arg(self.folder.path());
        outside(cores, run.stdout(Stdio::null()))
    }
}

/// Writes the schema of every version of every CRD under a folder, as kubeconform asks for it.
fn schemas(crds: &Path, into: &Path) {
    for entry in std::fs::read_dir(crds).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            schemas(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "yaml") {
            let text = std::fs::read_to_string(&path).unwrap();
            let (documents, _) = model::yaml::documents(&text);
            documents.iter().filter_map(|document| document.root.as_ref()).for_each(|root| {
                schema(&root.to_json(), into);
            });
        }
    }
}

fn schema(crd: &serde_json::Value, into: &Path) {
    let kind = crd.pointer("/spec/names/kind").and_then(serde_json::Value::as_str);
    let versions = crd.pointer("/spec/versions").and_then(serde_json::Value::as_array);
    for version in versions.into_iter().flatten() {
        let (Some(kind), Some(name)) = (kind, version["name"].as_str()) else { continue };
        let file = format!("{}-{name}.json", kind.to_lowercase());
        let schema = version["schema"]["openAPIV3Schema"].to_string();
        std::fs::write(into.join(file), schema).unwrap();
    }
}
