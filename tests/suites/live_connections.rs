//! Every way into NATS, each against a server that demands it: by a context, by variables, with wrong
//! and with missing credentials. No secret is ever shown.

use libtest_mimic::Trial;
use nkeys::KeyPair;
use serde_json::{Value, json};

use super::binary::{Evctl, Folder, Said};
use crate::servers::certificates::Authority;
use crate::servers::nats::Nats;
use crate::servers::nats_operator::Operator;
use crate::servers::nats_wire::Wire;
use crate::servers::{Need, lookup, trial};

pub(super) fn trials() -> Vec<Trial> {
    let nats = &[Need::Nats];
    vec![
        trial("live_connections::user_and_password", nats, user_and_password),
        trial("live_connections::a_token", nats, a_token),
        trial("live_connections::an_nkey", nats, an_nkey),
        trial("live_connections::a_credentials_file", nats, a_credentials_file),
        trial("live_connections::a_jwt_and_its_seed", nats, a_jwt_and_its_seed),
        trial("live_connections::a_bearers_jwt", nats, a_bearers_jwt),
        trial("live_connections::tls_with_an_authority", nats, tls_with_an_authority),
        trial("live_connections::mutual_tls", nats, mutual_tls),
        trial("live_connections::tls_first", nats, tls_first),
        trial("live_connections::a_domain_behind_a_leaf_node", nats, a_domain_behind_a_leaf_node),
        trial("live_connections::an_api_prefix", nats, an_api_prefix),
        trial("live_connections::an_inbox_prefix", nats, an_inbox_prefix),
        trial("live_connections::the_projects_environment", nats, the_projects_environment),
        trial("live_connections::as_the_nats_cli", &[Need::Nats, Need::NatsCli], as_the_nats_cli),
    ]
}

const CHANNEL: &str =
    "apiVersion: messaging.knative.dev/v1alpha1\nkind: NatsJetStreamChannel\nmetadata: {name: a}\n";

/// A project with one channel, in a folder that is a home too, with contexts in it.
struct Home(Folder);

/// What one way in needs: a context, variables, and what must be shown nowhere.
struct Way<'a> {
    context: Value,
    variables: &'a [(&'a str, &'a str)],
    secrets: &'a [&'a str],
}

impl Home {
    fn new() -> Self {
        Self(Folder::bare(&[("project/a.yaml", CHANNEL), ("project/evctl.yaml", "name: test\n")]))
    }

    fn context(&self, name: &str, context: &Value) {
        self.0.write(&format!(".config/nats/context/{name}.json"), &context.to_string());
    }

    fn evctl(&self, verb: &str, arguments: &[&str]) -> Evctl {
        let project = self.0.file("project");
        let run = Evctl::new(&[verb, project.to_str().unwrap(), "--no-kubernetes"]);
        let run = run.arguments(arguments).variable("HOME", self.0.text());
        if verb == "apply" { run.arguments(&["--yes"]) } else { run }
    }

    fn plan(&self, variables: &[(&str, &str)]) -> Said {
        let run = self.evctl("plan", &["--timeout", "5s"]);
        variables.iter().fold(run, |run, (name, value)| run.variable(name, value)).run()
    }

    /// Applies by the context, plans by the variables, and is refused with wrong and without any.
    #[track_caller]
    fn gets_in(&self, nats: &Nats, way: &Way<'_>, wrong: &Value, refusal: &str) {
        let url = nats.url();
        let with_url = |context: &Value| {
            let mut context = context.clone();
            context["url"] = json!(url);
            context
        };
        self.context("right", &with_url(&way.context));
        self.context("wrong", &with_url(wrong));
        self.context("missing", &with_url(&json!({})));
        let by = |verb: &str, name: &str| {
            self.evctl(verb, &["--nats-context", name, "--timeout", "5s"]).run().hides(way.secrets)
        };
        let _ = by("apply", "right").code(0).says(&["1 added"]);
        let variables = [&[("NATS_URL", url.as_str())], way.variables].concat();
        let _ = self.plan(&variables).code(0).says(&["No changes"]).hides(way.secrets);
        let _ = by("plan", "wrong").code(1).says(&[refusal]);
        let _ = by("plan", "missing").code(1).says(&[&url]);
    }

    fn file(&self, name: &str, text: &str) -> String {
        self.0.write(name, text);
        self.0.file(name).to_str().unwrap().to_owned()
    }
}

const REFUSED: &str = "refuses the credentials";

fn user_and_password() {
    let nats = Nats::start_with("authorization { user: ann, password: pw-8d1f }");
    let way = Way {
        context: json!({"user": "ann", "password": "env://SHOP"}),
        variables: &[("NATS_USER", "ann"), ("NATS_PASSWORD", "pw-8d1f")],
        secrets: &["pw-8d1f", "pw-wrong"],
    };
    let home = Home::new();
    home.context("right", &json!({"url": nats.url(), "user": "ann", "password": "env:SHOP"}));
    let by_variable = home.evctl("plan", &["--nats-context", "right"]).variable("SHOP", "pw-8d1f");
    let _ = by_variable.run().code(0).says(&["1 to add"]);
    let unset = home.evctl("plan", &["--nats-context", "right"]).run().code(1);
    let _ = unset.says(&["the password for NATS cannot be had", "SHOP is not set"]);
    let password = home.file("password", "pw-8d1f\n");
    let wrong = json!({"user": "ann", "password": "pw-wrong"});
    let context = json!({"user": "ann", "password": format!("file://{password}")});
    home.gets_in(&nats, &Way { context, ..way }, &wrong, REFUSED);
    let in_url = nats.url_with("ann", "pw-8d1f");
    let _ = home.plan(&[("NATS_URL", &in_url)]).code(0).hides(way.secrets);
    let in_url = home.evctl("plan", &["--nats-url", &nats.url_with("ann", "pw-wrong")]).run();
    let _ = in_url.code(1).says(&[REFUSED]).hides(way.secrets);
}

fn a_token() {
    let nats = Nats::start_with("authorization { token: t-5e2c }");
    let way = Way {
        context: json!({"token": "data:;base64,dC01ZTJj"}),
        variables: &[("NATS_TOKEN", "t-5e2c")],
        secrets: &["t-5e2c", "dC01ZTJj", "t-wrong"],
    };
    let home = Home::new();
    home.gets_in(&nats, &way, &json!({"token": "t-wrong"}), REFUSED);
    // The `nats` CLI takes a user alone for a token.
    let _ = home.plan(&[("NATS_URL", &nats.url()), ("NATS_USER", "t-5e2c")]).code(0);
}

fn an_nkey() {
    let keys = KeyPair::new_user();
    let nats =
        Nats::start_with(&format!("authorization {{ users: [{{nkey: {}}}] }}", keys.public_key()));
    let (seed, other) = (keys.seed().unwrap(), KeyPair::new_user().seed().unwrap());
    let home = Home::new();
    let file = home.file("ann.nk", &format!("{seed}\n"));
    let way = Way {
        context: json!({"nkey": "~/ann.nk"}),
        variables: &[("NATS_NKEY", &file)],
        secrets: &[&seed, &other],
    };
    home.file("other.nk", &other);
    home.gets_in(&nats, &way, &json!({"nkey": "$HOME/other.nk"}), REFUSED);
    let by_flag = home.evctl("plan", &["--nats-url", &nats.url(), "--nkey", &file]).run();
    let _ = by_flag.code(0).hides(way.secrets);
    home.file("broken.nk", &seed[..40]);
    let broken = home.evctl("plan", &["--nats-url", &nats.url(), "--nkey"]);
    let broken = broken.arguments(&[home.0.file("broken.nk").to_str().unwrap()]).run();
    let _ = broken.code(1).hides(&[&seed[..40]]);
}

fn a_credentials_file() {
    let operator = Operator::new();
    let nats = Nats::start_with(&operator.config());
    let (user, stranger) = (operator.user(false), Operator::new().user(false));
    let home = Home::new();
    let file = home.file("ann.creds", &user.creds());
    let way = Way {
        context: json!({"creds": "~/ann.creds"}),
        variables: &[("NATS_CREDS", &file)],
        secrets: &[&user.jwt, &user.seed, &stranger.jwt, &stranger.seed],
    };
    home.file("other.creds", &stranger.creds());
    home.gets_in(&nats, &way, &json!({"creds": "~/other.creds"}), REFUSED);
    let by_flag = home.evctl("plan", &["--nats-url", &nats.url(), "--creds", &file]).run();
    let _ = by_flag.code(0).hides(way.secrets);
    home.file(".local/share/nats/nsc/keys/creds/O/A/ann.creds", &user.creds());
    home.context("nsc", &json!({"url": nats.url(), "creds": "nsc://O/A/ann"}));
    let _ = home.evctl("plan", &["--nats-context", "nsc"]).run().code(0).hides(way.secrets);
    home.file("half.creds", &user.creds()[..300]);
    home.context("half", &json!({"url": nats.url(), "creds": "~/half.creds"}));
    let half = home.evctl("plan", &["--nats-context", "half"]).run().code(1);
    let _ = half.says(&["the NATS credentials cannot be used"]).hides(&[&user.creds()[40..300]]);
}

fn a_jwt_and_its_seed() {
    let operator = Operator::new();
    let nats = Nats::start_with(&operator.config());
    let (user, other) = (operator.user(false), operator.user(false));
    let way = Way {
        context: json!({"user_jwt": user.jwt, "user_seed": user.seed}),
        variables: &[("NATS_JWT", &user.jwt), ("NATS_SEED", &user.seed)],
        secrets: &[&user.jwt, &user.seed, &other.seed],
    };
    let wrong = json!({"user_jwt": user.jwt, "user_seed": other.seed});
    Home::new().gets_in(&nats, &way, &wrong, REFUSED);
}

fn a_bearers_jwt() {
    let operator = Operator::new();
    let nats = Nats::start_with(&operator.config());
    let (user, other) = (operator.user(true), operator.user(false));
    let way = Way {
        context: json!({"user_jwt": user.jwt}),
        variables: &[("NATS_JWT", &user.jwt)],
        secrets: &[&user.jwt, &other.jwt],
    };
    Home::new().gets_in(&nats, &way, &json!({"user_jwt": other.jwt}), REFUSED);
}

/// A home with an authority's certificate, a server's and a client's files, and the server's lines.
fn with_tls(more: &str) -> (Home, String) {
    let home = Home::new();
    let (authority, stranger) = (Authority::new(), Authority::new());
    let (server, client) = (authority.server(&["127.0.0.1"]), authority.client("ann", &[]));
    let ca = home.file("ca.pem", authority.certificate());
    home.file("stranger.pem", stranger.certificate());
    let (cert, key) = (home.file("s.pem", &server.certificate), home.file("s.key", &server.key));
    home.file("c.pem", &client.certificate);
    home.file("c.key", &client.key);
    let config =
        format!("tls {{ cert_file: '{cert}', key_file: '{key}', ca_file: '{ca}', {more} }}");
    (home, config)
}

fn tls_with_an_authority() {
    let (home, config) = with_tls("");
    let nats = Nats::start_with(&config);
    let ca = home.0.file("ca.pem");
    let way = Way {
        context: json!({"ca": "~/ca.pem"}),
        variables: &[("NATS_CA", ca.to_str().unwrap())],
        secrets: &[],
    };
    home.gets_in(&nats, &way, &json!({"ca": "~/stranger.pem"}), "agree on no TLS");
    let no_pem = home.evctl("plan", &["--nats-url", &nats.url(), "--nats-ca"]);
    let no_pem = no_pem.arguments(&[home.0.file("project/a.yaml").to_str().unwrap()]).run();
    let _ = no_pem.code(1).says(&["it holds no certificate in PEM"]);
}

fn mutual_tls() {
    let (home, config) = with_tls("verify: true");
    let nats = Nats::start_with(&config);
    let file = |name: &str| home.0.file(name).to_str().unwrap().to_owned();
    let (ca, cert, key) = (file("ca.pem"), file("c.pem"), file("c.key"));
    let secret = std::fs::read_to_string(&key).unwrap();
    let secret = secret.lines().nth(1).unwrap();
    let way = Way {
        context: json!({"ca": "~/ca.pem", "cert": "~/c.pem", "key": "~/c.key"}),
        variables: &[("NATS_CA", &ca), ("NATS_CERT", &cert), ("NATS_KEY", &key)],
        secrets: &[secret],
    };
    home.gets_in(&nats, &way, &json!({"ca": "~/ca.pem"}), "agree on no TLS");
    let flags = ["--nats-ca", &ca, "--nats-cert", &cert, "--nats-key", &key];
    let _ = home.evctl("plan", &["--nats-url", &nats.url()]).arguments(&flags).run().code(0);
    let swapped = ["--nats-ca", &ca, "--nats-cert", &cert, "--nats-key", &cert];
    let swapped = home.evctl("plan", &["--nats-url", &nats.url()]).arguments(&swapped).run();
    let _ = swapped.code(1).says(&["it holds no private key in PEM"]).hides(&[secret]);
}

fn tls_first() {
    let (home, config) = with_tls("handshake_first: true");
    let nats = Nats::start_with(&config);
    let context = json!({"url": nats.url(), "ca": "~/ca.pem", "tls_first": true});
    home.context("right", &context);
    let by =
        |arguments: &[&str]| home.evctl("plan", &["--timeout", "3s"]).arguments(arguments).run();
    let _ = by(&["--nats-context", "right"]).code(0);
    let ca = home.0.file("ca.pem");
    let url = ["--nats-url", &nats.url(), "--nats-ca", ca.to_str().unwrap()];
    let _ = by(&url).code(1).says(&["--nats-tls-first"]);
    let _ = by(&[&url[..], &["--nats-tls-first"]].concat()).code(0);
}

fn a_domain_behind_a_leaf_node() {
    let hub = Nats::start_with("jetstream { domain: hub }\nleafnodes { listen: '127.0.0.1:-1' }");
    let leaf = Nats::start_with(&format!(
        "jetstream {{ domain: leaf }}\nleafnodes {{ remotes: [{{url: '{}'}}] }}",
        hub.leafnodes()
    ));
    let home = Home::new();
    home.context("hub", &json!({"url": leaf.url(), "jetstream_domain": "hub"}));
    let by_hub = || home.evctl("apply", &["--nats-context", "hub"]);
    let _ = by_hub().run().code(0).says(&["domain hub", "1 added"]);
    let streams = |nats: &Nats| nats.wire().api("STREAM.NAMES", &json!({}))["total"].clone();
    // The bucket of locks is the second.
    assert_eq!((streams(&hub), streams(&leaf)), (json!(2), json!(0)));
    let by_flag = home.evctl("plan", &["--nats-url", &leaf.url(), "--js-domain", "hub"]).run();
    let _ = by_flag.code(0).says(&["No changes"]);
    let own = home.evctl("plan", &["--nats-context", "hub", "--js-domain", "leaf"]).run();
    let _ = own.code(0).says(&["domain leaf", "1 to add"]);
    let none = home.evctl("plan", &["--nats-url", &leaf.url(), "--js-domain", "gone"]).run();
    let _ = none.code(1).says(&["no JetStream at", "nobody answers $JS.gone.API.INFO"]);
}

fn an_api_prefix() {
    let nats = Nats::start_with(
        "accounts {
           OWNER { jetstream: enabled, users: [{user: owner, password: o}],
             exports: [{service: '$JS.API.>'}] }
           GUEST { users: [{user: guest, password: g}],
             imports: [{service: {account: OWNER, subject: '$JS.API.>'}, to: 'JS.OWNER.API.>'}] }
         }",
    );
    let home = Home::new();
    let url = nats.url_with("guest", "g");
    home.context("guest", &json!({"url": url, "jetstream_api_prefix": "JS.OWNER.API"}));
    let _ = home.evctl("apply", &["--nats-context", "guest"]).run().code(0).says(&["1 added"]);
    let names = Wire::connect(&nats.url_with("owner", "o")).api("STREAM.NAMES", &json!({}));
    assert_eq!(names["streams"], json!(["KN_DEFAULT__A"]));
    let by_flag = ["--nats-url", &url, "--js-api-prefix", "JS.OWNER.API."];
    let _ = home.evctl("plan", &by_flag).run().code(0).says(&["No changes"]);
    let own = home.evctl("plan", &["--nats-url", &url]).run().code(1);
    let _ = own.says(&["no JetStream at"]);
}

fn an_inbox_prefix() {
    let nats = Nats::start_with(
        "authorization { users: [{user: ann, password: p, permissions: {subscribe: ['_ANN.>']}}] }",
    );
    let home = Home::new();
    let url = nats.url_with("ann", "p");
    home.context("ann", &json!({"url": url, "inbox_prefix": "_ANN"}));
    let _ = home.evctl("apply", &["--nats-context", "ann"]).run().code(0).says(&["1 added"]);
    let _ = home.evctl("plan", &["--nats-url", &url, "--timeout", "500ms"]).run().code(1);
}

/// A project's environment names files beside itself; flags fill in or go before it.
fn the_projects_environment() {
    let keys = KeyPair::new_user();
    let nats =
        Nats::start_with(&format!("authorization {{ users: [{{nkey: {}}}] }}", keys.public_key()));
    let home = Home::new();
    home.file("project/secret/ann.nk", &keys.seed().unwrap());
    let environment = format!("nats: {{url: '{}', nkey: secret/ann.nk}}", nats.url());
    home.file(
        "project/evctl.yaml",
        &format!("name: test\nenvironments:\n  here: {{{environment}}}\n"),
    );
    home.context("selected", &json!({"url": "nats://127.0.0.1:1", "user": "nobody"}));
    home.file(".config/nats/context.txt", "selected");
    let _ = home.evctl("plan", &["--env", "here"]).run().code(0).says(&["1 to add"]);
    let variable =
        home.evctl("plan", &["--env", "here"]).variable("NATS_URL", "nats://127.0.0.1:1");
    let _ = variable.run().code(0);
    let elsewhere =
        home.evctl("plan", &["--env", "here", "--nats-url", "nats://127.0.0.1:1"]).run();
    let _ = elsewhere.code(1).says(&["127.0.0.1:1"]);
    let context = home.evctl("plan", &["--env", "here", "--nats-context", "selected"]).run();
    let _ = context.code(1).says(&["127.0.0.1:1"]);
}

/// Which setting wins is asked of the `nats` CLI itself: it gets in where evctl does, and nowhere else.
fn as_the_nats_cli() {
    let nats = Nats::start_with("authorization { user: ann, password: right }");
    let tokens = Nats::start_with("authorization { token: t-9 }");
    let home = Home::new();
    let context = |password: &str| json!({"url": nats.url(), "user": "ann", "password": password});
    home.context("right", &context("right"));
    home.context("wrong", &context("wrong"));
    home.context("bare", &json!({"url": nats.url()}));
    home.context("token", &json!({"url": tokens.url(), "token": "t-9"}));
    home.context("half", &json!({"url": nats.url(), "user": "ann"}));
    let creds = home.file("ann.creds", &Operator::new().user(false).creds());
    let (url, dead) = (nats.url(), "nats://127.0.0.1:1".to_owned());
    let in_url = nats.url_with("ann", "right");
    let cases: &[(&str, &[(&str, &str)])] = &[
        ("right", &[]),
        ("wrong", &[]),
        ("bare", &[]),
        ("half", &[]),
        ("", &[("NATS_CONTEXT", "right")]),
        ("right", &[("NATS_CONTEXT", "wrong")]),
        ("right", &[("NATS_URL", &url)]),
        ("right", &[("NATS_URL", &dead)]),
        ("wrong", &[("NATS_PASSWORD", "right"), ("NATS_USER", "ann")]),
        ("bare", &[("NATS_PASSWORD", "right"), ("NATS_USER", "ann")]),
        ("half", &[("NATS_PASSWORD", "right")]),
        ("right", &[("NATS_CREDS", &creds)]),
        ("wrong", &[("NATS_CREDS", &creds)]),
        ("wrong", &[("NATS_URL", &in_url)]),
        ("token", &[]),
        ("token", &[("NATS_TOKEN", "other")]),
        ("bare", &[("NATS_URL", &tokens.url()), ("NATS_USER", "t-9")]),
        ("token", &[("NATS_USER", "ann"), ("NATS_PASSWORD", "right"), ("NATS_URL", &url)]),
    ];
    let mut ins = 0;
    for (selected, variables) in cases {
        home.file(".config/nats/context.txt", selected);
        let evctl = home.plan(variables);
        let mut command = std::process::Command::new(lookup::nats_cli().unwrap());
        command.args(["account", "info"]).env_clear().env("HOME", home.0.text());
        command.env("XDG_CONFIG_HOME", home.0.file(".config")).envs(variables.iter().copied());
        let output = command.output().unwrap();
        let got_in = output.status.success();
        assert_eq!(
            evctl.code == Some(0),
            got_in,
            "{selected} {variables:?}: {evctl}\nnats: {output:?}"
        );
        ins += usize::from(got_in);
    }
    assert!(ins > 5 && ins < cases.len() - 5, "{ins} of {}", cases.len());
}
