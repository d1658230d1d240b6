//! Credentials that Secrets of a real cluster hold: of NACK's Accounts, of the NATS channel's ConfigMap,
//! and of the project's environment, each against a server that demands them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use libtest_mimic::Trial;
use nkeys::KeyPair;

use evctl::live::{ClusterTarget, LiveError, NatsTarget, Servers, Targets, Wanted};
use evctl::model::{self, Assumed, Input};
use evctl::world::site::{Declared, sites};

use super::binary::{Evctl, Folder};
use super::live_prune::BUCKET;
use crate::servers::certificates::Authority;
use crate::servers::kubernetes::Cluster;
use crate::servers::nats::Nats;
use crate::servers::nats_operator::Operator;
use crate::servers::nats_wire::Wire;
use crate::servers::{Need, lookup, trial, waiting};

pub(super) fn trials() -> Vec<Trial> {
    let both = &[Need::Nats, Need::Kubernetes, Need::KnativeCrds, Need::NatssCrd];
    vec![
        trial("live_secrets::of_accounts", both, of_accounts),
        trial("live_secrets::of_an_account_in_the_cluster", both, of_an_account_in_the_cluster),
        trial("live_secrets::of_the_channels_config_map", both, of_the_channels_config_map),
        trial("live_secrets::of_a_namespaces_dispatcher", both, of_a_namespaces_dispatcher),
        trial("live_secrets::of_the_proposals_config_map", both, of_the_proposals_config_map),
        trial("live_secrets::of_the_projects_environment", both, of_the_projects_environment),
        trial("live_secrets::in_a_declared_config_map", &[Need::Nats], in_a_declared_config_map),
    ]
}

struct Place {
    cluster: &'static Cluster,
    namespace: String,
}

impl Place {
    fn new() -> Self {
        let cluster = Cluster::shared();
        Self { cluster, namespace: cluster.namespace("secrets") }
    }

    fn secret(&self, name: &str, values: &[(&str, &str)]) {
        let values = values.iter().map(|(key, value)| format!("--from-literal={key}={value}"));
        let mut arguments: Vec<String> =
            ["create", "secret", "generic", name, "-n", &self.namespace].map(str::to_owned).into();
        arguments.extend(values);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        self.cluster.kubectl(&arguments).expect_success();
    }

    fn apply(&self, text: &str) {
        let arguments = ["apply", "--server-side", "-n", &self.namespace, "-f", "-"];
        self.cluster.kubectl_stdin(&arguments, text).expect_success();
    }

    /// Connects to everything that the manifests name and says which accounts were seen.
    fn joined(&self, own: &Nats, text: &str) -> Result<BTreeMap<String, String>, LiveError> {
        let input = Input::named("a.yaml", Ok(text.as_bytes().to_vec()));
        let loaded = model::load(vec![input], &self.namespace, &Assumed::default());
        let cluster = ClusterTarget {
            kubeconfig: Some(self.cluster.kubeconfig().to_owned()),
            ..ClusterTarget::default()
        };
        let own = NatsTarget { servers: vec![own.url()], ..NatsTarget::default() };
        let timeout = Duration::from_secs(20);
        let targets = Targets { cluster: Some(cluster), nats: Some(own), timeout, cache: None };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut servers = Servers::connect(&targets).await?;
            servers.join(&sites(&loaded.manifests), &Declared::of(&loaded.manifests)).await?;
            let world = servers.observe(&Wanted::default()).await?;
            Ok(world.accounts.into_iter().map(|(site, account)| (site, account.name)).collect())
        })
    }
}

/// A Stream, and the Account that it names.
fn account(name: &str, server: &str, spec: &str) -> String {
    let nack = "apiVersion: jetstream.nats.io/v1beta2";
    let upper = name.to_uppercase();
    format!(
        "---\n{nack}\nkind: Stream\nmetadata: {{name: {name}}}\n\
         spec: {{name: {upper}, storage: file, maxAge: 1h, account: {name}}}\n\
         ---\n{nack}\nkind: Account\nmetadata: {{name: {name}}}\n\
         spec: {{servers: ['{server}'], {spec}}}\n"
    )
}

fn of_accounts() {
    let place = Place::new();
    let plain = Nats::start();
    let operator = Operator::new();
    let by_creds = Nats::start_with(&operator.config());
    place.secret("creds", &[("ann.creds", &operator.user(false).creds())]);
    let keys = KeyPair::new_user();
    let users = format!("authorization {{ users: [{{nkey: {}}}] }}", keys.public_key());
    let by_nkey = Nats::start_with(&users);
    place.secret("nkey", &[("seed", &keys.seed().unwrap())]);
    let by_token = Nats::start_with("authorization { token: t-1 }");
    place.secret("token", &[("t", "t-1")]);
    let by_user = Nats::start_with("authorization { user: ann, password: p-1 }");
    place.secret("user", &[("name", "ann"), ("word", "p-1")]);
    let (authority, folder) = (Authority::new(), Folder::bare(&[]));
    let (server, client) = (authority.server(&["127.0.0.1"]), authority.client("ann", &[]));
    for (name, text) in
        [("ca", authority.certificate()), ("cert", &server.certificate), ("key", &server.key)]
    {
        folder.write(name, text);
    }
    let by_tls = Nats::start_with(&format!(
        "tls {{ ca_file: '{0}/ca', cert_file: '{0}/cert', key_file: '{0}/key', verify: true }}",
        folder.text()
    ));
    place.secret(
        "tls",
        &[
            ("ca.crt", authority.certificate()),
            ("tls.crt", &client.certificate),
            ("tls.key", &client.key),
        ],
    );
    let servers = [
        ("creds", &by_creds, "creds: {secret: {name: creds}, file: ann.creds}"),
        ("nkey", &by_nkey, "nkey: {secret: {name: nkey}, seed: seed}"),
        ("token", &by_token, "token: {secret: {name: token}, token: t}"),
        ("user", &by_user, "user: {secret: {name: user}, user: name, password: word}"),
        ("tls", &by_tls, "tls: {secret: {name: tls}, ca: ca.crt, cert: tls.crt, key: tls.key}"),
    ];
    let mut text = String::new();
    let mut expected = BTreeMap::from([(String::new(), plain.url())]);
    for (name, nats, spec) in servers {
        let _ = write!(text, "{}", account(name, &nats.url(), spec));
        expected.insert(format!("{}/{name}", place.namespace), nats.url());
    }
    assert_eq!(place.joined(&plain, &text).unwrap(), expected);
    // None of them lets anybody in without.
    for (name, nats, _) in servers {
        let error = place.joined(&plain, &account(name, &nats.url(), "")).unwrap_err();
        assert!(
            error.what.starts_with(&format!("site {}/{name}: NATS at", place.namespace)),
            "{error}"
        );
    }
    let absent = "token: {secret: {name: nowhere}, token: t}";
    let error = place.joined(&plain, &account("token", &by_token.url(), absent)).unwrap_err();
    assert!(error.why.contains("neither in the cluster"), "{error}");
}

/// Neither the Account nor its Secret is in the input.
fn of_an_account_in_the_cluster() {
    let place = Place::new();
    let crds = lookup::data().unwrap().join("crds/nack/deploy/crds.yml");
    let crds = ["apply", "--server-side", "--force-conflicts", "-f", crds.to_str().unwrap()];
    place.cluster.kubectl(&crds).expect_success();
    let served = waiting::until(Duration::from_secs(30), Duration::from_millis(50), || {
        place.cluster.kubectl(&["get", "accounts.jetstream.nats.io"]).success.then_some(())
    });
    assert!(served.is_some(), "NACK's CRDs are not served");
    let (plain, nats) = (Nats::start(), Nats::start_with("authorization { token: t-2 }"));
    place.secret("token", &[("t", "t-2")]);
    let both = account("team", &nats.url(), "token: {secret: {name: token}, token: t}");
    let (stream, account) = both.rsplit_once("---\n").unwrap();
    let error = place.joined(&plain, stream).unwrap_err();
    assert!(error.why.contains("neither in the cluster"), "{error}");
    place.apply(account);
    let seen = place.joined(&plain, stream).unwrap();
    assert_eq!(seen[&format!("{}/team", place.namespace)], nats.url());
}

const CHANNEL: &str =
    "apiVersion: messaging.knative.dev/v1alpha1\nkind: NatsJetStreamChannel\nmetadata: {name: a}\n";

fn config_map(name: &str, key: &str, said: &str) -> String {
    format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\ndata:\n  {key}: |\n    {said}\n"
    )
}

fn plan(place: &Place, arguments: &[&str]) -> Evctl {
    let folder = Folder::project(&[("a.yaml", CHANNEL)]);
    let kubeconfig = place.cluster.kubeconfig().to_str().unwrap();
    let run =
        Evctl::new(&["plan", "-n", &place.namespace, "--kubeconfig", kubeconfig, "--project", "p"]);
    let file = std::fs::read(folder.file("a.yaml")).unwrap();
    run.arguments(&["-"]).input(&file).arguments(arguments)
}

fn of_the_channels_config_map() {
    let place = Place::new();
    let operator = Operator::new();
    let (authority, folder) = (Authority::new(), Folder::bare(&[]));
    let server = authority.server(&["127.0.0.1"]);
    folder.write("cert", &server.certificate);
    folder.write("key", &server.key);
    let nats = Nats::start_with(&format!(
        "{}\ntls {{ cert_file: '{1}/cert', key_file: '{1}/key' }}",
        operator.config(),
        folder.text()
    ));
    let user = operator.user(false);
    place.secret("nats-creds", &[("nats.creds", &user.creds())]);
    place.secret("nats-ca", &[("ca.crt", authority.certificate())]);
    let said = |url: &str| {
        let said = format!(
            "{{url: '{url}', auth: {{credentialFile: {{secret: {{name: nats-creds}}}}}}, \
             tls: {{secret: {{name: nats-ca}}}}}}"
        );
        config_map("config-nats", "eventing-nats", &said)
    };
    place.apply(&said(&nats.url()));
    let from = format!("{}/config-nats", place.namespace);
    let secrets: &[&str] = &[&user.jwt, &user.seed];
    let own = plan(&place, &["--nats-from", &from]).run().code(0);
    let _ = own.says(&["jetstream nats://127.0.0.1", "stream/KN_"]).hides(secrets);
    // An address inside of the cluster: the credentials count, the address is given.
    place.apply(&said("nats://nats.nats-io.svc.cluster.local"));
    let inside = plan(&place, &["--nats-from", &from, "--timeout", "5s"]).run().code(1);
    let _ = inside.says(&["kubectl port-forward", "--nats-url"]);
    let outside = plan(&place, &["--nats-from", &from, "--nats-url", &nats.url()]).run().code(0);
    let _ = outside.hides(secrets);
    let gone = format!("{}/gone", place.namespace);
    let gone = plan(&place, &["--nats-from", &gone]).run().code(1);
    let _ = gone.says(&["neither in the cluster", "--nats-from NAMESPACE/NAME"]);
    place.apply(&config_map("empty", "other", "{}"));
    let empty = format!("{}/empty", place.namespace);
    let empty = plan(&place, &["--nats-from", &empty]).run().code(1);
    let _ = empty.says(&["neither `eventing-nats` nor `eventing-jetstream`"]);
}

/// Three servers that let nobody in without their own credentials: the cluster's dispatcher has one, each of
/// two namespaces another. Every channel goes where its dispatcher would make its stream.
fn of_a_namespaces_dispatcher() {
    let cluster = Cluster::shared();
    let system = Place { cluster, namespace: cluster.namespace("system") };
    let place = Place { cluster, namespace: cluster.namespace("scoped") };
    let guarded =
        |word: &str| Nats::start_with(&format!("authorization {{ user: ann, password: {word} }}"));
    let (global, own) = (guarded("p-global"), guarded("p-own"));
    let says = |place: &Place, nats: &Nats, word: &str| {
        place.secret("user", &[("username", "ann"), ("password", word)]);
        let said = format!(
            "{{url: '{}', auth: {{usernamePassword: {{secret: {{secretName: user}}}}}}}}",
            nats.url()
        );
        place.apply(&config_map("config-jetstream", "eventing-jetstream", &said));
    };
    says(&system, &global, "p-global");
    let scoped = "---\napiVersion: messaging.knative.dev/v1alpha1\nkind: NatsJetStreamChannel\n\
                  metadata: {name: b, annotations: {eventing.knative.dev/scope: namespace}}\n";
    let text = format!("{CHANNEL}{scoped}");
    let folder = Folder::project(&[("a.yaml", &text)]);
    let kubeconfig = cluster.kubeconfig().to_str().unwrap();
    let from = format!("{}/config-jetstream", system.namespace);
    let run = |verb: &str, more: &[&str]| {
        let run = Evctl::new(&[verb, "-n", &place.namespace, "--kubeconfig", kubeconfig]);
        let run = run.arguments(&["--project", "p", folder.text(), "--nats-from", &from]);
        let run = if verb == "apply" { run.arguments(&["--yes"]) } else { run };
        run.arguments(more).run().hides(&["p-global", "p-own"])
    };
    // The dispatcher of the namespace would not start.
    let gone = format!("configmap/{}/config-jetstream", place.namespace);
    let _ = run("plan", &[]).code(1).says(&[&gone, "neither in the cluster"]);
    says(&place, &own, "p-own");
    let upper = place.namespace.to_uppercase().replace('-', "_");
    let (here, there) =
        (format!("stream/KN_{upper}__A"), format!("stream/KN_{upper}__B@{}", place.namespace));
    let head = format!(" · {} {}", place.namespace, own.url());
    let _ = run("plan", &[]).code(0).says(&[&here, &there, &head]);
    let _ = run("apply", &[]).code(0).says(&["4 added"]);
    let streams = |nats: &Nats, word: &str| {
        let wire = Wire::connect(&nats.url_with("ann", word));
        wire.api("STREAM.NAMES", &serde_json::json!({}))["streams"].clone()
    };
    assert_eq!(streams(&global, "p-global"), serde_json::json!([format!("KN_{upper}__A"), BUCKET]));
    assert_eq!(streams(&own, "p-own"), serde_json::json!([format!("KN_{upper}__B"), BUCKET]));
    let _ = run("plan", &["--exit-code"]).code(0).says(&["No changes."]);
    // A plan to carry out later finds the way too.
    folder.write(
        "a.yaml",
        &text.replace(
            "scope: namespace}}",
            "scope: namespace}}\nspec: {stream: {config: {maxMsgs: 9}}}",
        ),
    );
    let file = folder.file("plan.json").display().to_string();
    let _ = run("plan", &["--out", &file]).code(0).says(&["max_msgs"]);
    let saved = Evctl::new(&["apply", &file, "--kubeconfig", kubeconfig, "--nats-from", &from]);
    let _ = saved.run().code(0).says(&[&format!("{there} done")]);
    let _ = run("plan", &["--prune"]).code(0).says(&["No changes."]);
}

fn of_the_proposals_config_map() {
    let place = Place::new();
    let nats = Nats::start_with("authorization { user: ann, password: p-3 }");
    place.secret("user", &[("username", "ann"), ("password", "p-3")]);
    let said = format!(
        "{{url: '{}', auth: {{usernamePassword: {{secret: {{secretName: user}}}}}}}}",
        nats.url()
    );
    place.apply(&config_map("config-jetstream", "eventing-jetstream", &said));
    let from = format!("{}/config-jetstream", place.namespace);
    let _ = plan(&place, &["--nats-from", &from]).run().code(0).hides(&["p-3"]);
}

fn of_the_projects_environment() {
    let place = Place::new();
    let operator = Operator::new();
    let nats = Nats::start_with(&operator.config());
    let user = operator.user(false);
    place.secret("nats-creds", &[("ann.creds", &user.creds())]);
    place.apply(&config_map(
        "config-nats",
        "eventing-nats",
        "{auth: {credentialFile: {secret: {name: nats-creds, key: ann.creds}}}}",
    ));
    let (namespace, url) = (&place.namespace, nats.url());
    let kubernetes =
        format!("kubernetes: {{kubeconfig: '{}'}}", place.cluster.kubeconfig().display());
    let secret = format!(
        "credentials: {{secret: {{namespace: {namespace}, name: nats-creds, key: ann.creds}}}}"
    );
    let project = format!(
        "name: test\nenvironments:\n  secret: {{namespace: {namespace}, {kubernetes}, nats: {{url: '{url}', {secret}}}}}\n  \
         map: {{namespace: {namespace}, {kubernetes}, nats: {{url: '{url}', from: {namespace}/config-nats}}}}\n"
    );
    let folder = Folder::bare(&[("a.yaml", CHANNEL), ("evctl.yaml", &project)]);
    for environment in ["secret", "map"] {
        let said = Evctl::new(&["plan", folder.text(), "--env", environment]).run().code(0);
        let _ = said.says(&[&format!("jetstream {url}")]).hides(&[&user.jwt, &user.seed]);
    }
    // A flag is the only way in.
    let other = Operator::new().user(false);
    folder.write("other.creds", &other.creds());
    let file = folder.file("other.creds");
    let said = Evctl::new(&["plan", folder.text(), "--env", "secret", "--creds"]);
    let said = said.arguments(&[file.to_str().unwrap()]).run().code(1);
    let _ = said.says(&["refuses the credentials"]);
}

/// No cluster: the ConfigMap and the Secret stand beside the channel.
fn in_a_declared_config_map() {
    let nats = Nats::start_with("authorization { user: ann, password: p-4 }");
    let said = format!(
        "{{url: '{}', auth: {{usernamePassword: {{secret: {{secretName: user}}}}}}}}",
        nats.url()
    );
    let map = config_map("config-jetstream", "eventing-jetstream", &said);
    let map = map.replace(
        "{name: config-jetstream}",
        "{name: config-jetstream, namespace: knative-eventing}",
    );
    let secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: user, namespace: knative-eventing}\n\
                  stringData: {username: ann, password: p-4}\n";
    let folder = Folder::project(&[("a.yaml", CHANNEL), ("b.yaml", &map)]);
    let plan = || {
        let run = Evctl::new(&["plan", folder.text(), "--no-kubernetes"]);
        run.arguments(&["--nats-from", "config-jetstream"]).run()
    };
    let _ =
        plan().code(1).says(&["the credentials of configmap/knative-eventing/config-jetstream"]);
    folder.write("c.yaml", secret);
    let _ = plan().code(0).says(&["stream/KN_DEFAULT__A"]).hides(&["p-4"]);
}
