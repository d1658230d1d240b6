//! The shortcut of the plan, which asks no server about an object whose owned fields are as declared,
//! against always asking a real API server: for random objects, changed at random by the project and by
//! others, both must say the same.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use evctl::live::{ClusterTarget, Servers, Targets, Wanted};
use evctl::model::{Assumed, Input, load};
use evctl::plan::allowed::Options;
use evctl::plan::build::build;
use evctl::plan::verify::Preview;
use evctl::plan::{Action, Change, Conflict, Mode, Plan, Write};
use evctl::topology::resolve;
use evctl::world::lower::{Desired, lower};
use evctl::world::{Key, World};
use libtest_mimic::Trial;

use super::live_kubernetes::Place;
use crate::servers::{Need, trial};

pub(super) fn trials() -> Vec<Trial> {
    let needs = &[Need::Kubernetes, Need::KnativeCrds, Need::NatssCrd];
    vec![trial(
        "live_kubernetes_shortcut::it_agrees_with_always_asking",
        needs,
        it_agrees_with_always_asking,
    )]
}

/// Rounds of one history; each changes every object or not.
const ROUNDS: u64 = 12;

/// Numbers that look random and are the same in every run. What was rolled is kept, so that an object can
/// be made again with one roll changed.
#[derive(Clone)]
struct Dice {
    seed: u64,
    rolled: Vec<u64>,
    at: usize,
}

impl Dice {
    fn new(seed: u64) -> Self {
        Self { seed, rolled: Vec::new(), at: 0 }
    }

    fn next(&mut self) -> u64 {
        self.seed ^= self.seed << 13;
        self.seed ^= self.seed >> 7;
        self.seed ^= self.seed << 17;
        self.seed >> 11
    }

    fn roll(&mut self, sides: u64) -> u64 {
        if self.at == self.rolled.len() {
            let number = self.next();
            self.rolled.push(number);
        }
        self.at += 1;
        self.rolled[self.at - 1] % sides
    }

    /// Rolls one of the numbers again.
    fn nudge(&mut self) {
        let count = self.rolled.len() as u64;
        let at = usize::try_from(self.next() % count).unwrap();
        self.rolled[at] = self.next();
    }

    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        let at = self.roll(of.len() as u64);
        of[usize::try_from(at).unwrap()]
    }

    /// Some of the names in some order, each with one of the values.
    fn pairs(&mut self, names: &[&str], values: &[&str]) -> String {
        let mut pairs = Vec::new();
        for name in names {
            if self.roll(3) > 0 {
                pairs.push(format!("{name}: {}", self.one(values)));
            }
        }
        if self.roll(2) == 0 {
            pairs.reverse();
        }
        format!("{{{}}}", pairs.join(", "))
    }
}

fn metadata(name: &str, dice: &mut Dice) -> String {
    let labels = dice.pairs(&["l1", "l2"], &["a", "b"]);
    let annotations = dice.pairs(&["example.com/n1", "n2"], &["a", "'some words'"]);
    format!("{{name: {name}, labels: {labels}, annotations: {annotations}}}")
}

fn config_map(name: &str, dice: &mut Dice) -> String {
    let data = dice.pairs(&["a", "b", "c"], &["x", "'1'", "\"two\\nlines\\n\"", "''"]);
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {}\ndata: {data}\n", metadata(name, dice))
}

fn secret(dice: &mut Dice) -> String {
    let (data, texts) =
        (dice.pairs(&["a", "b"], &["eA==", "eQ=="]), dice.pairs(&["c"], &["x", "z"]));
    let metadata = metadata("secret", dice);
    format!(
        "apiVersion: v1\nkind: Secret\nmetadata: {metadata}\ndata: {data}\nstringData: {texts}\n"
    )
}

fn service(dice: &mut Dice) -> String {
    let metadata = metadata("service", dice);
    let mut text =
        format!("apiVersion: v1\nkind: Service\nmetadata: {metadata}\nspec:\n  ports:\n");
    for port in [80, 81, 82] {
        if port == 80 || dice.roll(2) == 0 {
            let target =
                dice.one(&["", ", targetPort: 8080", ", targetPort: http", ", protocol: TCP"]);
            let _ = writeln!(text, "  - {{name: p{port}, port: {port}{target}}}");
        }
    }
    text + &format!("  selector: {}\n", dice.pairs(&["app", "tier"], &["a", "b"]))
}

fn deployment(dice: &mut Dice) -> String {
    let metadata = metadata("deployment", dice);
    let replicas = dice.one(&["", "  replicas: 1\n", "  replicas: 2\n"]);
    let mut text = format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {metadata}\nspec:\n{replicas}\
         \x20 selector: {{matchLabels: {{app: d}}}}\n  template:\n    metadata: {{labels: {{app: d}}}}\n\
         \x20   spec:\n      containers:\n"
    );
    for container in ["one", "two"] {
        if container == "two" && dice.roll(2) == 0 {
            continue;
        }
        let cpu = dice.one(&["1000m", "'1'", "500m", "'0.5'"]);
        let args = dice.one(&["", ", args: [a, b]", ", args: [b, a]", ", args: []"]);
        let ports = dice.one(&[
            "",
            ", ports: [{containerPort: 80}]",
            ", ports: [{containerPort: 81, name: x}]",
        ]);
        let _ = writeln!(
            text,
            "      - {{name: {container}, image: web{args}{ports}, resources: {{requests: {{cpu: {cpu}}}}}, env: ["
        );
        for name in ["A", "B"] {
            if dice.roll(3) > 0 {
                let _ = writeln!(
                    text,
                    "          {{name: {name}, value: {}}},",
                    dice.one(&["x", "''", "'1'"])
                );
            }
        }
        text += "        ]}\n";
    }
    text + dice.one(&[
        "",
        "      tolerations: [{key: a, operator: Exists}]\n",
        "      nodeSelector: {a: b}\n",
    ])
}

fn channel(dice: &mut Dice) -> String {
    let metadata = metadata("channel", dice);
    let config = dice.pairs(&["maxMsgs", "maxBytes"], &["1", "1000"]);
    // Not empty: a server refuses a mapping that is emptied of all that its only manager owned (422, null).
    let config = config.replacen('{', "{maxAge: 1h, ", 1);
    format!(
        "apiVersion: messaging.knative.dev/v1alpha1\nkind: NatsJetStreamChannel\nmetadata: {metadata}\n\
         spec: {{stream: {{config: {config}}}}}\n"
    )
}

const KINDS: [fn(&mut Dice) -> String; 6] = [
    |dice| config_map("one", dice),
    |dice| config_map("two", dice),
    secret,
    service,
    deployment,
    channel,
];

/// Every object, each by its own dice from the start.
fn manifests(all: &mut [Dice]) -> String {
    let texts = KINDS.iter().zip(all).map(|(kind, dice)| {
        dice.at = 0;
        kind(dice)
    });
    texts.collect::<Vec<_>>().join("---\n")
}

/// What others do meanwhile: fields of theirs, and some of ours.
fn meddle(place: &Place, dice: &mut Dice) {
    let patch = |kind: &str, name: &str, patch: &str| {
        place.kubectl(&["patch", kind, name, "--type=merge", "-p", patch], "");
    };
    let value = dice.one(&["x", "theirs"]);
    patch("configmap", "one", &format!(r#"{{"data":{{"{}":"{value}"}}}}"#, dice.one(&["a", "d"])));
    patch("service", "service", &format!(r#"{{"metadata":{{"labels":{{"l1":"{value}"}}}}}}"#));
    patch("deployment", "deployment", &format!(r#"{{"spec":{{"replicas":{}}}}}"#, dice.roll(3)));
    let theirs = format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: two}}\ndata: {}\n",
        dice.pairs(&["a", "d"], &["x", "theirs"])
    );
    place.kubectl(
        &["apply", "--server-side", "--force-conflicts", "--field-manager=them", "-f", "-"],
        &theirs,
    );
}

/// What was said, with the shortcut and without.
struct Both {
    live: World,
    /// How much the plan writes.
    writes: usize,
    /// What the plan leaves as it is, as if it were to be written.
    left: Vec<Change>,
    previews: BTreeMap<Key, Preview>,
}

/// What the plan says by itself, and what the server says to everything that the plan leaves as it is.
async fn both(servers: &mut Servers, place: &Place, text: &str) -> Both {
    let input = Input::named("a.yaml", Ok(text.as_bytes().to_vec()));
    let loaded = load(vec![input], &place.namespace, &Assumed::default());
    let resolved = resolve(&loaded.manifests, &Assumed::default());
    let wanted = Wanted {
        objects: loaded.manifests.iter().map(|m| (m.key.clone(), m.api_version.clone())).collect(),
        project: "test".to_owned(),
        home: place.namespace.clone(),
        salt: "salt".to_owned(),
        ..Wanted::default()
    };
    let live = servers.observe(&wanted).await.unwrap();
    let desired = lower(&resolved.topology, &loaded.manifests, "test", &live);
    let plan = build(&desired, &live, "test", &Options::default());
    let asked = plan.changes.iter().filter(|change| change.action == Action::None);
    let changes = asked.map(|change| write_anyway(change, &desired, &live)).collect();
    let asking = Plan { project: "test".to_owned(), changes, ..Plan::default() };
    let previews = servers.preview(&asking, &live, &desired.vault).await.unwrap();
    Both { live, writes: plan.summary().writes(), left: asking.changes, previews }
}

/// The change as it would be without the shortcut.
fn write_anyway(change: &Change, desired: &Desired, live: &World) -> Change {
    let wanted = desired.world.objects.get(&change.key).unwrap();
    let seen = live.objects.get(&change.key).unwrap();
    let write = Write {
        mode: Mode::Put,
        body: wanted.body.to_value(),
        owner: wanted.owner.clone().unwrap(),
        observed: Some(seen.body.to_value()),
        observed_uid: seen.uid.clone(),
        observed_owner: seen.owner.clone(),
        observed_empty: false,
        force: false,
        set: seen.set.clone(),
        upgrade: false,
    };
    Change { action: Action::Update, write: Some(write.into()), ..change.clone() }
}

/// An empty mapping says nothing about what is in it, and is a field of its own all the same: where another
/// manager has it filled, the server sees a conflict, and there is nothing to write.
fn are_about_nothing(conflicts: &[Conflict], change: &Change) -> bool {
    let body = change.write.as_ref().map(|write| &write.body);
    conflicts.iter().all(|conflict| {
        let pointer = format!("/{}", conflict.path.replace('.', "/"));
        let declared = body.and_then(|body| body.pointer(&pointer));
        declared.and_then(|declared| declared.as_object()).is_some_and(serde_json::Map::is_empty)
    })
}

fn it_agrees_with_always_asking() {
    let place = Place::new("");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let cluster = ClusterTarget {
        kubeconfig: Some(place.cluster.kubeconfig().to_owned()),
        ..ClusterTarget::default()
    };
    let targets =
        Targets { cluster: Some(cluster), timeout: Duration::from_secs(20), ..Targets::default() };
    let mut servers = runtime.block_on(Servers::connect(&targets)).unwrap();
    let mut dice = Dice::new(0x5eed_0123_4567_89ab);
    let mut all: Vec<Dice> =
        (1..=6).map(|number| Dice::new(number * 0x1e37_79b9_7f4a_7c15)).collect();
    let (mut left, mut changed) = (0, 0);
    for round in 0..ROUNDS {
        let text = manifests(&mut all);
        place.write(&text);
        place.evctl("apply").arguments(&["--force-conflicts"]).run().code(0);
        if round % 2 == 1 {
            meddle(&place, &mut dice);
        }
        // As it is, and twice with one thing changed in every object.
        let mut texts = vec![text];
        for _ in 0..2 {
            all.iter_mut().for_each(Dice::nudge);
            texts.push(manifests(&mut all));
        }
        for text in &texts {
            let both = runtime.block_on(both(&mut servers, &place, text));
            changed += both.writes;
            for change in &both.left {
                let now = &both.live.objects.get(&change.key).unwrap().body;
                match both.previews.get(&change.key) {
                    Some(Preview::Becomes { body, .. }) => {
                        assert_eq!(body, now, "round {round}: {} in\n{text}", change.key);
                    }
                    Some(Preview::Conflict(conflicts)) if are_about_nothing(conflicts, change) => {}
                    other => panic!("round {round}: {}: {other:?} in\n{text}", change.key),
                }
                left += 1;
            }
        }
    }
    // Both ways must have been gone, or nothing has been seen.
    assert!(left >= 20 && changed >= 20, "{left} left as they are, {changed} changed");
}
