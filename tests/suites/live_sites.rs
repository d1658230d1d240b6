//! Several accounts in one run: those that NACK's objects name by `account` and `jsDomain`, each
//! connected to as its Account says.

use libtest_mimic::Trial;
use serde_json::json;

use evctl::live::{NatsAuth, NatsTarget, Servers, Targets, Wanted};
use evctl::model::{self, Assumed, Input};
use evctl::world::site::{Declared, sites};
use evctl::world::{Key, World};

use super::binary::{Evctl, Folder};
use crate::servers::nats::Nats;
use crate::servers::nats_wire::Wire;
use crate::servers::{Need, trial};

pub(super) fn trials() -> Vec<Trial> {
    let nats = &[Need::Nats];
    vec![
        trial("live_sites::each_account_is_read_on_its_own", nats, each_account_is_read_on_its_own),
        trial("live_sites::the_head_names_every_account", nats, the_head_names_every_account),
        trial("live_sites::one_account_twice_is_read_once", nats, one_account_twice_is_read_once),
        trial(
            "live_sites::one_account_twice_is_judged_once",
            nats,
            one_account_twice_is_judged_once,
        ),
        trial("live_sites::what_is_missing_is_said", nats, what_is_missing_is_said),
        trial("live_sites::own_credentials_stay_at_home", nats, own_credentials_stay_at_home),
    ]
}

const ACCOUNTS: &str = "
accounts {
  RUN { jetstream: enabled, users: [{user: run, password: r-secret}] }
  TEAM { jetstream: enabled, users: [{user: team, password: t-secret}] }
}
";

const STREAM: &str = "
apiVersion: jetstream.nats.io/v1beta2
kind: Stream
metadata: {name: orders}
spec: {name: ORDERS, storage: file, maxAge: 1h, account: team}
";

const ACCOUNT: &str = "
---
apiVersion: jetstream.nats.io/v1beta2
kind: Account
metadata: {name: team}
spec: {user: {secret: {name: keys}, user: name, password: word}}
";

const SECRET: &str = "
---
apiVersion: v1
kind: Secret
metadata: {name: keys}
stringData: {name: team, word: t-secret}
";

fn observed(nats: &Nats, text: &str, wanted: &[(&str, &str)]) -> World {
    let input = Input::named("a.yaml", Ok(text.as_bytes().to_vec()));
    let loaded = model::load(vec![input], "default", &Assumed::default());
    let own = NatsTarget {
        servers: vec![nats.url()],
        auth: NatsAuth::UserAndPassword("run".into(), "r-secret".into()),
        ..NatsTarget::default()
    };
    let timeout = std::time::Duration::from_secs(5);
    let targets = Targets { cluster: None, nats: Some(own), timeout, cache: None };
    let key =
        |(site, name): &(&str, &str)| Key::Stream { site: (*site).into(), name: (*name).into() };
    let wanted = Wanted {
        streams: wanted.iter().map(key).collect(),
        project: "test".to_owned(),
        ..Wanted::default()
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut servers = Servers::connect(&targets).await.unwrap();
        let declared = Declared::of(&loaded.manifests);
        servers.join(&sites(&loaded.manifests), &declared).await.unwrap();
        servers.observe(&wanted).await.unwrap()
    })
}

fn stream(nats: &Nats, user: &str, password: &str, name: &str) {
    let wire = Wire::connect(&nats.url_with(user, password));
    let answer = wire.api(&format!("STREAM.CREATE.{name}"), &json!({"name": name}));
    assert!(answer["error"].is_null(), "{answer}");
}

fn keys(world: &World) -> (Vec<String>, Vec<String>) {
    let objects = world.objects.keys().map(ToString::to_string);
    (objects.collect(), world.others.keys().map(ToString::to_string).collect())
}

fn each_account_is_read_on_its_own() {
    let nats = Nats::start_with(ACCOUNTS);
    stream(&nats, "run", "r-secret", "ORDERS");
    stream(&nats, "team", "t-secret", "ORDERS");
    stream(&nats, "team", "t-secret", "MORE");
    let text = format!("{STREAM}{ACCOUNT}{SECRET}");
    let world = observed(&nats, &text, &[("default/team", "ORDERS")]);
    assert_eq!(world.accounts.keys().collect::<Vec<_>>(), ["", "default/team"]);
    let (objects, others) = keys(&world);
    assert_eq!(objects, ["stream/ORDERS@default/team"]);
    assert_eq!(others, ["stream/ORDERS", "stream/MORE@default/team"]);
}

/// The run's own account by another profile: subjects meet across the two, and every stream is known.
fn one_account_twice_is_judged_once() {
    let nats = Nats::start_with(ACCOUNTS);
    let text = format!("{STREAM}{ACCOUNT}{SECRET}")
        .replace("name: team, word: t-secret", "name: run, word: r-secret")
        .replace("name: ORDERS,", "name: ORDERS, subjects: [orders.>],");
    let own = |subject: &str| {
        format!(
            "---\napiVersion: jetstream.nats.io/v1beta2\nkind: Stream\nmetadata: {{name: own}}\n\
             spec: {{name: OWN, subjects: [{subject}], storage: file, maxAge: 1h}}\n"
        )
    };
    let folder = Folder::project(&[("a.yaml", &format!("{text}{}", own("orders.x")))]);
    let run = |verb: &str| {
        let url = nats.url_with("run", "r-secret");
        let run = Evctl::new(&[verb, folder.text(), "--no-kubernetes", "--nats-url", &url]);
        if verb == "apply" { run.arguments(&["--yes"]).run() } else { run.run() }
    };
    let _ = run("plan").code(4).says(&["1 to add", "10065", "meets `orders."]);
    folder.write("a.yaml", &format!("{text}{}", own("other")));
    let _ = run("plan").code(0).says(&["2 to add"]).hides(&["Not verified"]);
    let _ = run("apply").code(0).says(&["2 added"]);
    folder.write("a.yaml", &format!("{text}{}", own("orders.x")));
    let _ = run("plan").code(4).says(&["10065", "`orders.x` meets `orders.>` of stream ORDERS"]);
}

fn one_account_twice_is_read_once() {
    let nats = Nats::start_with(ACCOUNTS);
    for name in ["ORDERS", "MINE", "OTHER"] {
        stream(&nats, "run", "r-secret", name);
    }
    let text = format!("{STREAM}{ACCOUNT}{SECRET}")
        .replace("name: team, word: t-secret", "name: run, word: r-secret");
    let world = observed(&nats, &text, &[("default/team", "ORDERS"), ("", "MINE")]);
    let (objects, others) = keys(&world);
    assert_eq!(objects, ["stream/MINE", "stream/ORDERS@default/team"]);
    assert_eq!(others, ["stream/OTHER", "stream/OTHER@default/team"]);
}

fn plan(nats: &Nats, folder: &Folder) -> Evctl {
    let url = nats.url_with("run", "r-secret");
    Evctl::new(&["plan", folder.text(), "--no-kubernetes", "--nats-url", &url])
}

fn the_head_names_every_account() {
    let nats = Nats::start_with(ACCOUNTS);
    let folder = Folder::project(&[("a.yaml", &format!("{STREAM}{ACCOUNT}{SECRET}"))]);
    let head = format!(" · default/team {} (2.", nats.url());
    plan(&nats, &folder).run().code(0).says(&[&head]).hides(&["t-secret", "r-secret"]);
    let said = plan(&nats, &folder).arguments(&["-o", "json"]).run().code(0);
    let named = said.json()["sites"]["default/team"].as_str().unwrap_or_default().to_owned();
    assert!(named.starts_with(&nats.url()), "{said}");
    let offline = Evctl::new(&["plan", folder.text(), "--offline"]).run().code(0);
    let _ = offline.says(&[" · default/team offline"]);
}

fn what_is_missing_is_said() {
    let nats = Nats::start_with(ACCOUNTS);
    let folder = Folder::project(&[("a.yaml", STREAM)]);
    let nowhere = "not declared, and no Kubernetes plane takes part that could have it";
    let account =
        "how to connect to NATS as account.jetstream.nats.io/default/team says is not known";
    let _ = plan(&nats, &folder).run().code(1).says(&[account, nowhere]);
    folder.write("b.yaml", ACCOUNT);
    let secret = "site default/team: the credentials of account.jetstream.nats.io/default/team cannot be had";
    let _ = plan(&nats, &folder).run().code(1).says(&[secret, "secret/default/keys is", nowhere]);
    folder.write("c.yaml", &SECRET.replace("word", "wood"));
    let key = "it has no key word, but name, wood";
    let _ = plan(&nats, &folder).run().code(1).says(&["secret/default/keys cannot be used", key]);
    folder.write("c.yaml", &SECRET.replace("t-secret", "t-wrong"));
    let refused = plan(&nats, &folder).run().code(1);
    let _ = refused
        .says(&["site default/team: NATS at", "refuses the credentials"])
        .hides(&["t-wrong"]);
}

/// Another server that a manifest names is not told who we are at our own.
fn own_credentials_stay_at_home() {
    let (nats, other) = (Nats::start_with(ACCOUNTS), Nats::start_with(ACCOUNTS));
    let account = format!(
        "{STREAM}---\napiVersion: jetstream.nats.io/v1beta2\nkind: Account\nmetadata: {{name: team}}\n\
         spec: {{servers: ['{}']}}\n",
        other.url()
    );
    let folder = Folder::project(&[("a.yaml", &account)]);
    let _ = plan(&nats, &folder).run().code(1).says(&["refuses the credentials"]);
}
