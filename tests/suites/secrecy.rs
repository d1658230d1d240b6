//! No secret reaches an output, a log, or a file that evctl writes: every verb, in every form, with
//! secrets that nothing else could have made.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use libtest_mimic::Trial;
use nkeys::KeyPair;

use super::binary::{Evctl, Folder, Said};
use crate::servers::kubernetes::Cluster;
use crate::servers::nats::Nats;
use crate::servers::nats_operator::Operator;
use crate::servers::{Need, trial};

pub(super) fn trials() -> Vec<Trial> {
    let both = &[Need::Nats, Need::Kubernetes, Need::KnativeCrds, Need::NatssCrd];
    vec![
        trial("secrecy::no_secret_is_shown_or_written", both, no_secret_is_shown_or_written),
        trial("secrecy::nats_credentials_are_not_shown", &[Need::Nats], nats_credentials),
    ]
}

const CHANNEL: &str =
    "apiVersion: messaging.knative.dev/v1alpha1\nkind: NatsJetStreamChannel\nmetadata: {name: a}\n";

/// What nobody could guess, and so nothing else prints.
fn random() -> String {
    KeyPair::new_user().public_key()
}

/// A value in every form that it may slip out in.
fn forms(secret: &str) -> Vec<String> {
    let plain = STANDARD.encode(secret);
    vec![secret.to_owned(), plain, format!("{:?}", secret.as_bytes())]
}

struct Watch {
    secrets: Vec<String>,
    /// Where inputs stand, which hold secrets, and where runs write.
    input: Folder,
    output: Folder,
}

impl Watch {
    fn new(secrets: &[&str], files: &[(&str, &str)]) -> Self {
        let secrets = secrets.iter().flat_map(|secret| forms(secret)).collect();
        Self { secrets, input: Folder::project(files), output: Folder::bare(&[]) }
    }

    #[track_caller]
    fn run(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Said {
        let run = Evctl::new(arguments).within(&self.output);
        let run = run.variable("RUST_LOG", "trace").variable("RUST_BACKTRACE", "full");
        let run = variables.iter().fold(run, |run, (name, value)| run.variable(name, value));
        let secrets: Vec<&str> = self.secrets.iter().map(String::as_str).collect();
        let said = run.run().hides(&secrets);
        self.nothing_is_written(self.output.path());
        said
    }

    #[track_caller]
    fn nothing_is_written(&self, folder: &Path) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                self.nothing_is_written(&path);
                continue;
            }
            let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
            let found = self.secrets.iter().find(|secret| text.contains(secret.as_str()));
            assert_eq!(found, None, "{} holds a secret", path.display());
        }
    }
}

fn secret(value: &str, other: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Secret\nmetadata: {{name: keys}}\n\
         data: {{one: {}}}\nstringData: {{two: {other}}}\n",
        STANDARD.encode(value)
    )
}

fn no_secret_is_shown_or_written() {
    let cluster = Cluster::shared();
    let namespace = cluster.namespace("secrecy");
    let (password, one, two, changed) = (random(), random(), random(), random());
    let nats = Nats::start_with(&format!("authorization {{ user: ann, password: {password} }}"));
    let files = [("a.yaml", CHANNEL), ("b.yaml", &secret(&one, &two))];
    let watch = Watch::new(&[&password, &one, &two, &changed], &files);
    let kubeconfig = cluster.kubeconfig().to_str().unwrap();
    let (input, url) = (watch.input.text(), nats.url());
    let servers = ["-n", &namespace, "--kubeconfig", kubeconfig, "--nats-url", &url];
    let variables = [("NATS_USER", "ann"), ("NATS_PASSWORD", password.as_str())];
    let with = |arguments: &[&str]| {
        let arguments = [arguments, &[input], &servers[..]].concat();
        watch.run(&arguments, &variables)
    };
    for form in ["text", "json", "sarif", "github"] {
        let _ = watch.run(&["validate", input, "-o", form], &[]);
    }
    let _ = watch.run(&["plan", "--offline", input], &[]).code(0).says(&["secret/default/keys"]);
    for form in ["text", "json"] {
        let _ = with(&["plan", "-o", form]).code(0).says(&["keys"]);
    }
    let _ = with(&["plan", "--save-world", "before.json"]).code(0);
    let _ = with(&["plan", "--out", "made.json"]).code(0).says(&["carries out exactly this"]);
    let saved = std::fs::read_to_string(watch.output.file("made.json")).unwrap();
    assert!(saved.contains("evctl:sha256:"), "{saved}");
    let _ = with(&["apply", "--yes"]).code(0).says(&["done"]);
    watch.input.write("b.yaml", &secret(&changed, &two));
    let _ = with(&["plan"]).code(0).says(&["value not shown (#1) → value not shown (#2)"]);
    let _ = with(&["plan", "-o", "json"]).code(0).says(&["data.one"]);
    for form in ["text", "json"] {
        let _ = with(&["plan", "--out", "changed.json", "-o", form]).code(0);
    }
    let _ = with(&["plan", "--save-world", "world.json"]).code(0);
    let saved = std::fs::read_to_string(watch.output.file("world.json")).unwrap();
    assert!(saved.contains("evctl:sha256:"), "{saved}");
    let _ = watch.run(&["plan", input, "-n", &namespace, "--world", "world.json"], &[]).code(0);
    let _ = with(&["apply", "--yes", "-o", "json"]).code(0).says(&["\"updated\": 1"]);
    let _ = with(&["plan"]).code(0).says(&["No changes"]);
    // What the API server refuses repeats what it was sent.
    let broken = "apiVersion: v1\nkind: Secret\nmetadata: {name: keys}\ntype: kubernetes.io/tls\n";
    watch.input.write("b.yaml", &format!("{broken}data: {{one: {}}}\n", STANDARD.encode(&one)));
    let _ = with(&["plan"]);
    let _ = with(&["apply", "--yes"]);
    let wrong = [("NATS_USER", "ann"), ("NATS_PASSWORD", changed.as_str())];
    for verb in ["plan", "apply"] {
        let arguments = [&[verb, input], &servers[..]].concat();
        let _ = watch.run(&arguments, &wrong).code(1).says(&["refuses the credentials"]);
    }
}

fn nats_credentials() {
    let operator = Operator::new();
    let nats = Nats::start_with(&operator.config());
    let (user, stranger) = (operator.user(false), Operator::new().user(false));
    let token = random();
    let files = [("a.yaml", CHANNEL)];
    let secrets = [&user.jwt, &user.seed, &stranger.jwt, &stranger.seed, &token];
    let watch = Watch::new(&secrets.map(String::as_str), &files);
    watch.input.write("ann.creds", &user.creds());
    watch.input.write("other.creds", &stranger.creds());
    watch.input.write("swapped.creds", &user.creds().replace(&user.seed, &stranger.seed));
    let (input, url) = (watch.input.text(), nats.url());
    let creds = |name: &str| watch.input.file(name).to_str().unwrap().to_owned();
    for (file, code) in [("ann.creds", 0), ("other.creds", 1), ("swapped.creds", 1)] {
        for verb in [&["plan"][..], &["apply", "--yes"], &["plan", "-o", "json"]] {
            let more = [input, "--no-kubernetes", "--nats-url", &url, "--creds", &creds(file)];
            let _ = watch.run(&[verb, &more[..]].concat(), &[("NATS_TOKEN", &token)]).code(code);
        }
    }
    // Secrets where other things belong.
    for variables in [
        [("NATS_CREDS", user.seed.as_str()), ("NATS_TOKEN", token.as_str())],
        [("NATS_NKEY", &user.seed), ("NATS_TOKEN", &token)],
        [("NATS_JWT", &token), ("NATS_SEED", &token)],
        [("NATS_JWT", &user.jwt), ("NATS_SEED", &token)],
    ] {
        let arguments = ["plan", input, "--no-kubernetes", "--nats-url", &url];
        let _ = watch.run(&arguments, &variables).code(1);
    }
}
