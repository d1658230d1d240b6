//! `evctl init`, and what a project file's environments, assumptions and policy make of a run.

use libtest_mimic::Trial;

use super::binary::{Evctl, Folder};
use super::plain;
use crate::servers::nats::Nats;
use crate::servers::{Need, trial};

pub(super) fn trials() -> Vec<Trial> {
    vec![
        plain("project_file::init_is_clean", init_is_clean),
        plain("project_file::init_overwrites_nothing", init_overwrites_nothing),
        plain("project_file::an_environment_that_is_not_there", an_environment_that_is_not_there),
        plain("project_file::assumptions_are_printed", assumptions_are_printed),
        plain("project_file::credentials_are_refused_and_hidden", credentials_are_refused),
        plain("project_file::faults_are_findings", faults_are_findings),
        plain("project_file::moves_have_a_form", moves_have_a_form),
        plain("project_file::defaults_decide_what_a_channel_is", defaults_decide),
        plain("project_file::sources_are_where_the_project_says", sources_are_read),
        plain("project_file::findings_weigh_what_the_project_says", findings_weigh),
        trial("project_file::an_environment_selects_planes", &[Need::Nats], selects_planes),
    ]
}

fn init_is_clean() {
    let folder = Folder::bare(&[]);
    let project = folder.file("shop");
    let project = project.to_str().unwrap();
    let said = Evctl::new(&["init", project]).run().code(0);
    // The commands that it names work as they stand.
    let commands: Vec<&str> =
        said.stdout.lines().filter_map(|l| l.trim().strip_prefix("evctl ")).collect();
    assert_eq!(commands.len(), 3, "{said}");
    for command in commands {
        let words: Vec<&str> = command.split_whitespace().collect();
        Evctl::new(&words).run().code(0).hides(&["error:", "×", "⚠"]);
    }
    Evctl::new(&["validate", project]).run().code(0).says(&["0 errors, 0 warnings"]);
    Evctl::new(&["plan", project, "--offline"])
        .run()
        .code(0)
        .says(&["project shop", "stream/KN_DEFAULT__ORDERS"]);
    // A workflow of GitHub is YAML, and says what it runs.
    let workflow =
        std::fs::read_to_string(folder.file("shop/.github/workflows/topology.yaml")).unwrap();
    let (documents, problems) = evctl::model::yaml::documents(&workflow);
    assert_eq!(problems, []);
    let root = documents[0].root.as_ref().unwrap().to_json();
    let steps = root.pointer("/jobs/validate/steps").and_then(|steps| steps.as_array()).unwrap();
    let runs: Vec<&str> = steps.iter().filter_map(|step| step.get("run")?.as_str()).collect();
    for run in runs {
        let mut words: Vec<&str> = run.split_whitespace().skip(1).collect();
        if words[0] != "--version" {
            words.push(project);
        }
        Evctl::new(&words).run().code(0);
    }
}

fn init_overwrites_nothing() {
    let folder = Folder::bare(&[("evctl.yaml", "name: mine\n")]);
    Evctl::new(&["init", folder.text()]).run().code(1).says(&["is there already"]);
    assert_eq!(std::fs::read_to_string(folder.file("evctl.yaml")).unwrap(), "name: mine\n");
    assert!(!folder.file("topology").exists());
    let folder = Folder::bare(&[]);
    let named = folder.file("no name");
    Evctl::new(&["init", named.to_str().unwrap()]).run().code(64).says(&["--name"]);
    Evctl::new(&["init", named.to_str().unwrap(), "--name", "-x"]).run().code(64);
    Evctl::new(&["init", named.to_str().unwrap(), "--name", "orders"]).run().code(0);
}

const CHANNEL: &str =
    "apiVersion: messaging.knative.dev/v1alpha1\nkind: NatsJetStreamChannel\nmetadata: {name: a}\n";

fn an_environment_that_is_not_there() {
    let folder = Folder::bare(&[
        ("a.yaml", CHANNEL),
        ("evctl.yaml", "name: a\nenvironments: {one: {}, two: {}}\n"),
    ]);
    for verb in ["validate", "plan", "apply"] {
        Evctl::new(&[verb, folder.text(), "--env", "three"]).run().code(64).says(&["one, two"]);
    }
    Evctl::new(&["validate", folder.text(), "--env", "one"]).run().code(0);
    let bare = Folder::bare(&[("a.yaml", CHANNEL)]);
    Evctl::new(&["validate", bare.text(), "--env", "one"]).run().code(64).says(&["project file"]);
}

fn assumptions_are_printed() {
    let project = "name: a\nassume: {nats: \"2.12\", features: {delivery-retryafter: enabled}}\nenvironments:\n  old: {assume: {knative: \"0.40\"}}\n";
    let folder = Folder::bare(&[("a.yaml", CHANNEL), ("evctl.yaml", project)]);
    let said = Evctl::new(&["plan", folder.text(), "--offline"]).run().code(0);
    said.says(&[
        "Knative Eventing 0.50, delivery-retryafter enabled",
        "nats-server 2.12",
        "API level 3",
    ]);
    let said = Evctl::new(&["plan", folder.text(), "--offline", "--env", "old"]).run().code(0);
    said.says(&["Knative Eventing 0.40, delivery-retryafter enabled and nats-server 2.12"]);
}

fn credentials_are_refused() {
    let project =
        "name: a\nenvironments:\n  one: {nats: {url: 'nats://ann:s3cret@nats.test:4222'}}\n";
    let folder = Folder::bare(&[("a.yaml", CHANNEL), ("evctl.yaml", project)]);
    for output in ["text", "json"] {
        let said = Evctl::new(&["validate", folder.text(), "-o", output]).run().code(4);
        said.says(&["credentials-in-project"]).hides(&["s3cret"]);
    }
    Evctl::new(&["plan", folder.text(), "--env", "one"]).run().code(4).hides(&["s3cret"]);
}

fn faults_are_findings() {
    let project = "name: a\npolicy: {severity: {yaml-syntax: ignore}}\n";
    let folder =
        Folder::bare(&[("a.yaml", "a: [\nkind: x\napiVersion: b\n"), ("evctl.yaml", project)]);
    Evctl::new(&["validate", folder.text()])
        .run()
        .code(4)
        .says(&["yaml-syntax", "`yaml-syntax` always is an error"]);
    let project = "name: a\nassume: {nats: 2.1}\nenviroments: {}\npolicy:\n  protect: [orders]\n  severity: {dangling-referense: note, yaml-syntax: loud}\nenvironments:\n  One: {}\n  two: {nats: {tls: {cert: a.pem}}}\n";
    let folder = Folder::bare(&[("a.yaml", CHANNEL), ("evctl.yaml", project)]);
    Evctl::new(&["validate", folder.text()]).run().code(4).says(&[
        "has no field `enviroments`",
        "did you mean `environments`?",
        "is the number `2.1`, not text",
        "`policy.protect[0]` is `orders`",
        "not one of error, warning, note, ignore",
        "`environments` has no field `One`",
    ]);
    let project = "name: a\npolicy: {severity: {dangling-referense: note}}\nenvironments:\n  two: {nats: {tls: {cert: a.pem}}}\n";
    let folder = Folder::bare(&[("a.yaml", CHANNEL), ("evctl.yaml", project)]);
    Evctl::new(&["validate", folder.text()]).run().code(4).says(&[
        "there is no finding `dangling-referense`",
        "did you mean `dangling-reference`?",
        "a client's certificate needs its key",
    ]);
}

fn moves_have_a_form() {
    let check = |project: &str, said: &[&str]| {
        let folder = Folder::bare(&[("a.yaml", CHANNEL), ("evctl.yaml", project)]);
        Evctl::new(&["validate", folder.text()]).run().code(4).says(&["evctl.yaml:2"]).says(said);
    };
    check("name: a\nmoved: {from: b}\n", &["`moved` is a mapping, not a list"]);
    check("name: a\nmoved: [{}]\n", &["from"]);
    check("name: a\nmoved: [{from: -b}]\n", &["`moved[0].from` is `-b`"]);
    check("name: a\nmoved: [{from: b, object: []}]\n", &["`object`", "did you mean `objects`?"]);
    check(
        "name: a\nmoved: [{from: b, objects: [orders]}]\n",
        &["`moved[0].objects[0]` is `orders`"],
    );
    check("name: a\nremoved: [orders]\n", &["`removed[0]` is `orders`"]);
    check("name: a\nremoved: [7]\n", &["`removed[0]` is the number `7`, not text"]);
    check("name: a\nremoved: stream/A\n", &["`removed` is `stream/A`, not a list"]);
}

/// A Channel without a template is what the project's defaults say, by namespace too.
fn defaults_decide() {
    let channel = "apiVersion: messaging.knative.dev/v1\nkind: Channel\nmetadata: {name: a}\n---\napiVersion: messaging.knative.dev/v1\nkind: Channel\nmetadata: {name: a, namespace: shop}\n";
    let nats = "{apiVersion: messaging.knative.dev/v1alpha1, kind: NatsJetStreamChannel, spec: {stream: {config: {storage: Memory}}}}";
    let plan = |project: &str| {
        let folder = Folder::bare(&[("a.yaml", channel), ("evctl.yaml", project)]);
        Evctl::new(&["plan", folder.text(), "--offline", "--no-kubernetes"]).run().code(0)
    };
    plan("name: a\n").hides(&["stream/"]);
    plan(&format!("name: a\ndefaults: {{channel: {nats}}}\n")).says(&[
        "stream/KN_DEFAULT__A",
        "stream/KN_SHOP__A",
        "storage: memory",
    ]);
    plan(&format!("name: a\ndefaults: {{namespaces: {{shop: {{channel: {nats}}}}}}}\n"))
        .says(&["stream/KN_SHOP__A"])
        .hides(&["KN_DEFAULT__A"]);
}

/// An environment with a NATS account alone leaves an ambient kubeconfig out; flags win over it.
fn selects_planes() {
    let nats = Nats::start();
    let project = format!(
        "name: a\nenvironments:\n  here: {{namespace: shop, nats: {{url: '{}'}}}}\n  there: {{nats: {{url: 'nats://127.0.0.1:1'}}}}\n",
        nats.url()
    );
    let folder = Folder::bare(&[("a.yaml", CHANNEL), ("evctl.yaml", &project), ("config", "none")]);
    let ambient = |arguments: &[&str]| {
        Evctl::new(&["plan", folder.text()])
            .arguments(arguments)
            .variable("KUBECONFIG", folder.file("config").to_str().unwrap())
            .variable("NATS_CONTEXT", "nowhere")
            .run()
    };
    ambient(&["--env", "here"]).code(0).says(&["no kubernetes", "stream/KN_SHOP__A"]);
    ambient(&["--env", "there"]).code(1).says(&["127.0.0.1:1"]);
    ambient(&["--env", "there", "--nats-url", &nats.url()]).code(0).says(&["stream/KN_DEFAULT__A"]);
    ambient(&["--env", "there", "--nats-context", "gone"]).code(1).says(&["gone"]);
    ambient(&["--env", "here", "-n", "own"]).code(0).says(&["stream/KN_OWN__A"]);
}

/// By code, dangling references included; an environment's levels before the project's.
fn findings_weigh() {
    let subscription = "apiVersion: messaging.knative.dev/v1\nkind: Subscription\nmetadata: {name: s}\nspec:\n  channel: {apiVersion: messaging.knative.dev/v1alpha1, kind: NatsJetStreamChannel, name: a}\n  subscriber: {ref: {apiVersion: v1, kind: Service, name: gone}}\n  delivery: {retry: 1, backoffPolicy: linear, backoffDelay: PT1S}\n";
    let project = "name: a\npolicy: {severity: {dangling-reference: note}}\nenvironments:\n  quiet: {policy: {severity: {dangling-reference: ignore}}}\n  strict: {policy: {severity: {dangling-reference: error}}}\n";
    let folder =
        Folder::bare(&[("a.yaml", CHANNEL), ("b.yaml", subscription), ("evctl.yaml", project)]);
    let validate =
        |arguments: &[&str]| Evctl::new(&["validate", folder.text()]).arguments(arguments).run();
    validate(&[]).code(0).says(&["0 errors, 0 warnings, 1 note"]);
    validate(&["--env", "quiet"]).code(0).says(&["nothing to say"]);
    validate(&["--env", "strict"]).code(4).says(&["1 error,"]);
    Evctl::new(&["plan", folder.text(), "--offline"]).run().code(0);
}

/// The project's folder stands for its sources, an environment's included; a path below it for itself.
fn sources_are_read() {
    let project = "name: a\nsources: [one, two/b.yaml]\nenvironments:\n  more: {sources: [three]}\n  lost: {sources: [four]}\n";
    let folder = Folder::bare(&[("stray.yaml", CHANNEL), ("evctl.yaml", project)]);
    for (file, name) in
        [("one/a.yaml", "p"), ("two/b.yaml", "q"), ("two/c.yaml", "r"), ("three/d.yaml", "s")]
    {
        std::fs::create_dir_all(folder.file(file).parent().unwrap()).unwrap();
        folder.write(file, &CHANNEL.replace("name: a", &format!("name: {name}")));
    }
    let plan = |arguments: &[&str]| {
        Evctl::new(&["plan", "--offline", "--no-kubernetes"]).arguments(arguments).run()
    };
    let own = plan(&[folder.text()]).code(0);
    own.says(&["KN_DEFAULT__P ", "KN_DEFAULT__Q ", "2 to add"]);
    plan(&[folder.text(), "--env", "more"]).code(0).says(&["KN_DEFAULT__S ", "3 to add"]);
    plan(&[folder.text(), "--env", "lost"]).code(4).says(&["four` cannot be read"]);
    let two = folder.file("two");
    plan(&[two.to_str().unwrap(), "--project", "a"]).code(0).says(&["2 to add"]);
}
