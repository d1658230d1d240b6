//! How fast repositories load, validate and resolve, beside the bare parser's event loop on the same
//! bytes and beside kubeconform, in one run.
//!
//!   cargo bench --bench load                  every size, on one core and on two
//!   cargo bench --bench load -- --here SIZE…  in this process, on the cores it was given
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a bench prints, and may stop")]

mod generate;

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use evctl::model::{self, Assumed, Input};
use evctl::topology;
use generate::{Mix, Repository};
use granit_parser::{Event, Parser, options};

const SIZES: &[usize] = &[1_000, 10_000, 50_000];
/// Each figure is the best of so many runs, taken in turn: other work on the machine only adds.
const ROUNDS: usize = 7;
const KUBECONFORM: &str = "testenv/bin/kubeconform";

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    match arguments.split_first() {
        Some((flag, sizes)) if flag == "--here" => {
            sizes.iter().for_each(|size| measure(size.parse().unwrap()));
        }
        _ => on_cores(),
    }
}

/// Runs this program again on one core and on two: a process sees its cores when it starts.
fn on_cores() {
    for cores in ["0", "0,1"] {
        println!("cores {cores}");
        let this = std::env::current_exe().unwrap();
        let sizes = SIZES.iter().map(ToString::to_string);
        let mut run = Command::new("taskset");
        run.args(["-c", cores]).arg(this).arg("--here").args(sizes);
        assert!(run.status().unwrap().success());
    }
}

fn measure(documents: usize) {
    for (mix, per_file) in [(Mix::Triggers, 100), (Mix::Triggers, documents), (Mix::Mixed, 100)] {
        let files = Repository { mix, documents, per_file }.files();
        let bytes: usize = files.iter().map(|(_, text)| text.len()).sum();
        let peer = Kubeconform::on(&files);
        let [mut bare, mut ours, mut theirs] = [const { Vec::new() }; 3];
        for _ in 0..ROUNDS {
            bare.push(timed(|| files.iter().map(|(_, text)| events(text)).sum::<usize>()));
            let inputs = inputs(&files);
            ours.push(timed(|| load(inputs, documents)));
            theirs.extend(peer.as_ref().map(|peer| timed(|| peer.run())));
        }
        let [bare, ours, theirs] = [bare, ours, theirs].map(best);
        println!(
            "{documents:>6} documents, {:>4} files, {mix:?}, {:.1} MB",
            files.len(),
            bytes as f64 / 1e6
        );
        row("parser's events", bare, documents, bytes, String::new());
        let ratio = format!("{:.2} of the parser", bare.unwrap().div_duration_f64(ours.unwrap()));
        row("load and resolve", ours, documents, bytes, ratio);
        let ratio = theirs.zip(ours).map_or(String::new(), |(theirs, ours)| {
            format!("evctl is {:.1} times as fast", theirs.div_duration_f64(ours))
        });
        row("kubeconform", theirs, documents, bytes, ratio);
    }
}

fn row(what: &str, time: Option<Duration>, documents: usize, bytes: usize, ratio: String) {
    let Some(time) = time else { return println!("  {what:18} not measured: it is not built") };
    let seconds = time.as_secs_f64();
    println!(
        "  {what:18} {:8.1} ms {:9.0} documents/s {:7.1} MB/s  {ratio}",
        seconds * 1e3,
        documents as f64 / seconds,
        bytes as f64 / 1e6 / seconds
    );
}

fn timed<T>(work: impl FnOnce() -> T) -> Duration {
    let start = Instant::now();
    let result = black_box(work());
    let time = start.elapsed();
    drop(result);
    time
}

fn best(times: Vec<Duration>) -> Option<Duration> {
    times.into_iter().min()
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
    assert_eq!(findings.count() + resolved.dangling.len(), 0, "nothing to say of what is right");
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

    fn run(&self) {
        let schemas = self.folder.path().join("{{.ResourceKind}}-{{.ResourceAPIVersion}}.json");
        let workers = std::thread::available_parallelism().unwrap().to_string();
        let mut run = Command::new(&self.program);
        run.args(["-ignore-missing-schemas", "-n", &workers, "-schema-location"]);
        run.arg(schemas).args(["-ignore-filename-pattern", r"\.json$"]).arg(self.folder.path());
        let status = run.stdout(Stdio::null()).status().unwrap();
        assert!(status.success(), "kubeconform finds fault with the generated documents");
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
