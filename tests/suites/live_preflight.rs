//! What plans predict of the server's answers, beside what a real nats-server answers: every change of
//! random plans is sent as it stands in the plan, also those that it refuses; codes must agree.

use std::cell::Cell;
use std::collections::BTreeMap;

use evctl::diag::{FileId, Location, Span};
use evctl::jetstream::{consumer, stream};
use evctl::model::ObjectKey;
use evctl::model::hashed::sorted;
use evctl::plan::allowed::Options;
use evctl::plan::build::build;
use evctl::plan::{Action, Change};
use evctl::world::lower::{Desired, Origin};
use evctl::world::{Account, Key, Object, Owner, World};
use libtest_mimic::Trial;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use super::binary::{Evctl, Folder};
use super::plain;
use super::shape_properties::cases;
use crate::servers::nats::Nats;
use crate::servers::nats_wire::Wire;
use crate::servers::{Need, trial};

pub(super) fn trials() -> Vec<Trial> {
    let nats = &[Need::Nats];
    vec![
        trial(
            "live_preflight::random_plans_are_answered_as_predicted",
            nats,
            random_plans_are_answered_as_predicted,
        ),
        trial("live_preflight::a_full_account", nats, a_full_account),
        trial("live_preflight::room_is_made_in_time", nats, room_is_made_in_time),
        trial("live_preflight::what_is_refused_and_held", nats, what_is_refused_and_held),
        trial("live_preflight::what_the_api_does_not_tell", nats, what_the_api_does_not_tell),
        plain("live_preflight::older_servers_drop_fields", older_servers_drop_fields),
    ]
}

/// An account that is soon full.
const LIMITED: &str = "accounts { A { users: [{user: a, password: a}], jetstream {
    max_store: 20000, max_mem: 20000, max_streams: 5, max_consumers: 3 } } }";

/// A stream to be: which subjects, where it copies from, how large.
#[derive(Debug, Clone)]
struct Draft {
    subjects: Vec<&'static str>,
    source: Option<(usize, bool)>,
    bytes: i64,
    retention: &'static str,
    readers: Vec<Vec<&'static str>>,
}

fn drafts() -> impl Strategy<Value = Vec<Option<Draft>>> {
    let subject = || prop::sample::select(vec!["a", "b", "a.x", "a.*", "b.x.y", "b.>", "c.*.y"]);
    let subjects =
        prop::collection::btree_set(subject(), 0..3).prop_map(|set| set.into_iter().collect());
    let source = prop::option::weighted(0.3, (0..5usize, any::<bool>()));
    let bytes = prop::sample::select(vec![-1, 1000, 7000, 15_000, 25_000]);
    let retention = prop::sample::select(vec!["limits", "workqueue"]);
    let filters =
        prop::collection::btree_set(subject(), 0..2).prop_map(|set| set.into_iter().collect());
    let readers = prop::collection::vec(filters, 0..3);
    let draft = (subjects, source, bytes, retention, readers).prop_map(
        |(subjects, source, bytes, retention, readers)| Draft {
            subjects,
            source,
            bytes,
            retention,
            readers,
        },
    );
    prop::collection::vec(prop::option::weighted(0.8, draft), 1..6)
}

fn name(case: u32, number: usize) -> String {
    format!("C{case}_S{number}")
}

impl Draft {
    fn stream(&self, case: u32, number: usize) -> Value {
        // Subjects of cases are their own: what a server has yet to delete is no matter.
        let subjects: Vec<String> =
            self.subjects.iter().map(|subject| format!("c{case}.{subject}")).collect();
        let mut config = json!({"name": name(case, number), "max_bytes": self.bytes,
            "storage": "memory", "retention": self.retention});
        if !subjects.is_empty() {
            config["subjects"] = json!(subjects);
        }
        if let Some((origin, filtered)) = self.source {
            let mut source = json!({"name": name(case, origin)});
            if filtered {
                source["filter_subject"] = json!(format!("c{case}.a.x"));
            }
            config["sources"] = json!([source]);
        }
        config
    }

    fn readers(&self, case: u32) -> Vec<(String, Value)> {
        let readers = self.readers.iter().enumerate();
        readers
            .map(|(number, filters)| {
                let name = format!("R{number}");
                let filters: Vec<String> =
                    filters.iter().map(|filter| format!("c{case}.{filter}")).collect();
                let mut config = json!({"durable_name": name, "ack_policy": "explicit"});
                if let [filter] = filters.as_slice() {
                    config["filter_subject"] = json!(filter);
                } else if !filters.is_empty() {
                    config["filter_subjects"] = json!(filters);
                }
                (name, config)
            })
            .collect()
    }
}

fn object(key: &Key, body: serde_json::Map<String, Value>) -> Object {
    let owner = Some(Owner { project: "p".into(), object: key.to_string().into() });
    Object { body: Value::Object(body).into(), owner, ..Object::default() }
}

fn desired(case: u32, drafts: &[Option<Draft>]) -> Desired {
    let mut desired = Desired::default();
    for (number, draft) in drafts.iter().enumerate() {
        let Some(draft) = draft else { continue };
        let name = name(case, number);
        let key = Key::Stream { site: "".into(), name: name.clone().into() };
        let config = draft.stream(case, number);
        let body = stream::normal(config.as_object().unwrap());
        desired.world.objects.insert(key.clone(), object(&key, body));
        for (reader, config) in draft.readers(case) {
            let of =
                Key::Consumer { site: "".into(), stream: name.clone().into(), name: reader.into() };
            let body = consumer::normal(config.as_object().unwrap());
            desired.world.objects.insert(of.clone(), object(&of, body));
            desired.needs.insert(of, vec![key.clone()]);
        }
    }
    let origin = Origin {
        object: ObjectKey {
            group: "".into(),
            kind: "Stream".into(),
            namespace: None,
            name: "it".into(),
        },
        at: Location { file: FileId::default(), span: Span::default() },
    };
    let keys = desired.world.objects.keys();
    desired.origins = keys.map(|key| (key.clone(), origin.clone())).collect();
    desired
}

/// What the server holds.
fn observe(wire: &Wire) -> World {
    let mut objects = BTreeMap::new();
    let streams = wire.api("STREAM.LIST", &Value::Null);
    for entry in streams["streams"].as_array().into_iter().flatten() {
        let config = entry["config"].as_object().unwrap();
        let name = config["name"].as_str().unwrap();
        let key = Key::Stream { site: "".into(), name: name.into() };
        objects.insert(key.clone(), object(&key, stream::normal(config)));
        let consumers = wire.api(&format!("CONSUMER.LIST.{name}"), &Value::Null);
        for entry in consumers["consumers"].as_array().into_iter().flatten() {
            let key = Key::Consumer {
                site: "".into(),
                stream: name.into(),
                name: entry["name"].as_str().unwrap().into(),
            };
            let body = consumer::normal(entry["config"].as_object().unwrap());
            objects.insert(key.clone(), object(&key, body));
        }
    }
    let account = Account {
        version: wire.info()["version"].as_str().unwrap().to_owned(),
        info: wire.api("INFO", &Value::Null),
        ..Account::default()
    };
    World {
        objects: sorted(objects),
        accounts: BTreeMap::from([(String::new(), account)]),
        ..World::default()
    }
}

/// Sends what the plan would write, or refuses to; the code of the server's answer.
fn send(wire: &Wire, change: &Change, wanted: &Desired) -> Option<u64> {
    let config = &wanted.world.objects[&change.key].body;
    let answer = match &change.key {
        Key::Stream { name, .. } => {
            let verb = if change.exists { "UPDATE" } else { "CREATE" };
            wire.api(&format!("STREAM.{verb}.{name}"), config)
        }
        Key::Consumer { stream, name, .. } => {
            let action = if change.exists { "update" } else { "create" };
            let request = json!({"stream_name": stream, "config": config, "action": action});
            wire.api(&format!("CONSUMER.CREATE.{stream}.{name}"), &request)
        }
        Key::Object(_) => panic!("no object was wanted"),
    };
    answer["error"]["err_code"].as_u64()
}

/// Plans, sends, and compares; how many changes the server refused.
fn round(wire: &Wire, wanted: &Desired) -> Result<usize, TestCaseError> {
    let live = observe(wire);
    let plan = build(wanted, &live, "p", &Options::default());
    let mut refused = 0;
    for change in &plan.changes {
        let foreseen = match change.action {
            Action::Create | Action::Update => None,
            Action::Refused => {
                let rule = change.rule.as_ref().unwrap();
                // What evctl refuses in the server's place.
                let Some(code) = rule.err_code else { continue };
                Some(u64::from(code))
            }
            Action::Held | Action::None => continue,
            other => panic!("{other:?} was not asked for"),
        };
        let answer = send(wire, change, wanted);
        prop_assert_eq!(
            answer,
            foreseen,
            "{:?} of {}",
            change,
            *wanted.world.objects[&change.key].body
        );
        refused += usize::from(answer.is_some());
    }
    Ok(refused)
}

fn random_plans_are_answered_as_predicted() {
    let nats = Nats::start_with(LIMITED);
    let wire = Wire::connect(&nats.url_with("a", "a"));
    let (case, refusals) = (Cell::new(0), Cell::new(0));
    let mut runner = TestRunner::new(Config { cases: cases(60), ..Config::default() });
    runner
        .run(&(drafts(), drafts()), |(first, second)| {
            case.set(case.get() + 1);
            let before = round(&wire, &desired(case.get(), &first))?;
            let after = round(&wire, &desired(case.get(), &second))?;
            refusals.set(refusals.get() + before + after);
            let streams = wire.api("STREAM.NAMES", &Value::Null);
            for name in streams["streams"].as_array().into_iter().flatten() {
                wire.api(&format!("STREAM.DELETE.{}", name.as_str().unwrap()), &Value::Null);
            }
            Ok(())
        })
        .unwrap();
    assert!(refusals.get() > 0, "no plan met a rule");
}

/// The plan's own sums are the server's: exactly what fits is let through.
fn a_full_account() {
    let nats = Nats::start_with(LIMITED);
    let wire = Wire::connect(&nats.url_with("a", "a"));
    let sized = |bytes: i64| Draft {
        subjects: Vec::new(),
        source: None,
        bytes,
        retention: "limits",
        readers: Vec::new(),
    };
    let fits: Vec<_> = [7000, 7000, 6000].into_iter().map(|bytes| Some(sized(bytes))).collect();
    assert_eq!(round(&wire, &desired(0, &fits)).unwrap(), 0);
    let over: Vec<_> = [7000, 7001, 6000].into_iter().map(|bytes| Some(sized(bytes))).collect();
    assert_eq!(round(&wire, &desired(0, &over)).unwrap(), 1);
    let folder = Folder::project(&[("a.yaml", &channel("a", "maxBytes: 4000"))]);
    let mut large = sized(4000).stream(0, 9);
    large["storage"] = json!("file");
    large["max_bytes"] = json!(18_000);
    wire.api("STREAM.CREATE.C0_S9", &large);
    Evctl::new(&["plan", folder.text(), "--no-kubernetes", "-o", "json"])
        .arguments(&["--nats-url", &nats.url_with("a", "a")])
        .run()
        .code(4)
        .says(&["\"over-capacity\"", "10047", "needs 3.9 KiB more, 2.0 KiB of 19.5 KiB is left"]);
    wire.api("STREAM.DELETE.C0_S9", &Value::Null);
    let moved: Vec<_> = [6000, 8000, 6000].into_iter().map(|bytes| Some(sized(bytes))).collect();
    assert_eq!(round(&wire, &desired(0, &moved)).unwrap(), 0);
}

/// What is no longer declared goes first where the account would be too small for both; and a source that
/// is nowhere is told.
fn room_is_made_in_time() {
    let nats = Nats::start_with(LIMITED);
    let url = nats.url_with("a", "a");
    let stream = |name: &str, bytes: u32, more: &str| {
        format!(
            "---\napiVersion: jetstream.nats.io/v1beta2\nkind: Stream\nmetadata: {{name: {name}}}\n\
             spec: {{name: {}, subjects: [{name}], storage: file, maxAge: 1h, maxBytes: {bytes}{more}}}\n",
            name.to_uppercase()
        )
    };
    let folder =
        Folder::project(&[("a.yaml", &(stream("old", 15_000, "") + &stream("other", 500, "")))]);
    let apply = || {
        Evctl::new(&["apply", "--yes", folder.text(), "--no-kubernetes", "--nats-url", &url])
            .arguments(&["--prune", "--allow-delete", "stream/OLD"])
    };
    let first = ["apply", "--yes", folder.text(), "--no-kubernetes", "--nats-url", &url];
    Evctl::new(&first).run().code(0).says(&["2 added"]);
    let source = ", sources: [{name: TYPO}]";
    folder.write("a.yaml", &(stream("new", 15_000, source) + &stream("other", 500, "")));
    Evctl::new(&first).run().code(4).says(&["10047"]);
    apply().run().code(0).says(&[
        "[1/2] stream/OLD done",
        "[2/2] stream/NEW done",
        "origin-missing",
        "it copies from stream TYPO, which is neither in the account nor declared",
    ]);
}

fn channel(name: &str, config: &str) -> String {
    format!(
        "apiVersion: messaging.knative.dev/v1alpha1\nkind: NatsJetStreamChannel\nmetadata: {{name: {name}}}\n\
         spec: {{stream: {{config: {{{config}}}}}}}\n---\n"
    )
}

fn what_is_refused_and_held() {
    let nats = Nats::start();
    let wire = nats.wire();
    wire.api("STREAM.CREATE.THEIRS", &json!({"name": "THEIRS", "subjects": ["theirs.>"]}));
    // Another channel's, which comes to the same name.
    let other = json!({"name": "KN_DEFAULT__A_B", "subjects": ["default.a_b._knative"]});
    wire.api("STREAM.CREATE.KN_DEFAULT__A_B", &other);
    let text = [
        channel("a-b", ""),
        channel("meets", "additionalSubjects: [theirs.x]"),
        channel("three", "replicas: 3"),
        channel("fine", ""),
    ];
    let folder = Folder::project(&[("a.yaml", &text.concat())]);
    let plan = ["plan", folder.text(), "--no-kubernetes", "--nats-url", &nats.url()];
    Evctl::new(&plan).arguments(&["--adopt"]).run().code(4).says(&[
        "refused: stream KN_DEFAULT__A_B is another channel's: `default.a_b._knative`",
        "refused: subjects overlap with an existing stream (10065): `theirs.x` meets `theirs.>` of \
         stream THEIRS",
        "refused: replicas > 1 not supported in non-clustered mode (10074)",
        "1 to add",
        "3 refused",
    ]);
    let said = Evctl::new(&plan).arguments(&["--adopt", "-o", "json"]).run();
    said.code(4).says(&["\"name-taken\"", "\"subjects-overlap\"", "10065"]);
    // How many servers there will be is not known.
    Evctl::new(&["plan", folder.text(), "--offline"]).run().code(0).says(&["three"]);
}

/// A limit of the server's own: the plan cannot know it, and the step fails.
fn what_the_api_does_not_tell() {
    let nats = Nats::start_with("jetstream { limits { duplicate_window: \"1m\" } }");
    let folder = Folder::project(&[("a.yaml", &channel("a", "duplicateWindow: 90s"))]);
    Evctl::new(&["apply", "--yes", folder.text(), "--no-kubernetes", "--nats-url", &nats.url()])
        .run()
        .code(1)
        .says(&["10052", "server limit of 1m0s", "1 failed"]);
}

fn older_servers_drop_fields() {
    let text = "apiVersion: jetstream.nats.io/v1beta2\nkind: Stream\nmetadata: {name: a}\n\
                spec: {name: A, subjects: [a], storage: file, maxAge: 1h, allowMsgTtl: true}\n";
    let folder = Folder::bare(&[("a.yaml", text)]);
    let assumes = |version: &str| {
        folder.write("evctl.yaml", &format!("name: t\nassume: {{nats: \"{version}\"}}\n"));
    };
    assumes("2.10");
    Evctl::new(&["validate", folder.text()]).run().code(4).says(&[
        "field-dropped-by-server",
        "allow_msg_ttl needs nats-server 2.11; 2.10 would drop it without a word",
    ]);
    assumes("2.11");
    Evctl::new(&["validate", folder.text()]).run().code(0).says(&["1 object"]);
}
