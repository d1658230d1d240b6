//! Each rule by a small account: what is live, what is wanted, what the plan says.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::diag::{Code, FileId, Location, Span};
use crate::jetstream::server::Peer;
use crate::jetstream::{consumer, stream};
use crate::model::ObjectKey;
use crate::plan::allowed::Options;
use crate::plan::build::reviewed;
use crate::plan::{Action, check};
use crate::world::lower::{Desired, Origin};
use crate::world::{Account, Key, Keyed, Object, Owner, Peers, World};

const GIB: i64 = 1 << 30;

/// Streams by their configurations; consumers have a `stream_name` beside theirs.
#[derive(Default)]
struct Case {
    account: Account,
    /// Of another project.
    others: Vec<Value>,
    live: Vec<Value>,
    wanted: Vec<Value>,
    options: Options,
}

fn object(value: &Value) -> (Key, Object) {
    let mut config = value.as_object().expect("a mapping").clone();
    let text = |name: &str| value[name].as_str().unwrap_or_default().to_owned();
    let (key, body) = if let Some(of) = config.remove("stream_name") {
        let stream = of.as_str().expect("a name").to_owned();
        let name = text("durable_name");
        (
            Key::Consumer { site: "".into(), stream: stream.into(), name: name.into() },
            consumer::normal(&config),
        )
    } else {
        (Key::Stream { site: "".into(), name: text("name").into() }, stream::normal(&config))
    };
    let owner = Some(Owner { project: "p".into(), object: key.to_string().into() });
    (key, Object { body: Value::Object(body).into(), owner, ..Object::default() })
}

impl Case {
    fn new(wanted: &[Value]) -> Self {
        let account = Account { version: "2.15.2".to_owned(), ..Account::default() };
        Self { account, wanted: wanted.to_vec(), ..Self::default() }
    }

    fn live(mut self, live: &[Value]) -> Self {
        self.live = live.to_vec();
        self
    }

    fn limits(mut self, info: Value) -> Self {
        self.account.info = info;
        self
    }

    /// Lines of the plan, `word key: why` where it is refused or held, in its order; then warnings.
    #[track_caller]
    fn says(self, expected: &[&str]) {
        let live = World {
            objects: self.live.iter().map(object).collect(),
            accounts: BTreeMap::from([(String::new(), self.account)]),
            others: self
                .others
                .iter()
                .map(object)
                .map(|(key, it)| (key, it.body.into_value()))
                .collect(),
            ..World::default()
        };
        let mut desired = Desired::default();
        desired.world.objects = self.wanted.iter().map(object).collect();
        for key in desired.world.objects.keys() {
            let at = Location { file: FileId::default(), span: Span::default() };
            let object = ObjectKey {
                group: "".into(),
                kind: "Stream".into(),
                namespace: None,
                name: "it".into(),
            };
            desired.origins.insert(key.clone(), Origin { object, at });
            let stream = key.stream().filter(|stream| stream != key);
            desired.needs.entry(key.clone()).or_default().extend(stream);
        }
        let (plan, troubles) = reviewed(&desired, &live, "p", &self.options);
        assert_eq!(check::faults(&plan), Vec::<String>::new());
        let lines = plan.changes.iter().filter(|change| change.action != Action::None);
        let lines = lines.map(|change| match change.action {
            Action::Refused => format!("refused {}: {}", change.key, change.reason),
            action => format!("{} {}", action.word(), change.key),
        });
        let warnings = troubles.iter().filter(|trouble| !trouble.refuses());
        let found: Vec<String> = lines.chain(warnings.map(super::Trouble::message)).collect();
        assert_eq!(found, expected);
    }
}

fn stream(name: &str, subjects: &[&str]) -> Value {
    json!({"name": name, "subjects": subjects})
}

fn sized(name: &str, gib: i64) -> Value {
    json!({"name": name, "subjects": [name], "max_bytes": gib * GIB})
}

fn reader(stream: &str, name: &str, filter: &str) -> Value {
    json!({"stream_name": stream, "durable_name": name, "ack_policy": "explicit",
        "filter_subject": filter})
}

#[test]
fn a_subject_belongs_to_one_stream() {
    let overlap = "refused stream/B: subjects overlap with an existing stream (10065): \
                   `a.*` meets `a.b` of stream A";
    Case::new(&[stream("A", &["a.b"]), stream("B", &["a.*"])]).says(&["create stream/A", overlap]);
    let mut case = Case::new(&[stream("B", &["a.*"])]);
    case.others = vec![stream("A", &["a.b"])];
    case.says(&[overlap]);
    // Whether it is wanted any longer or not, it is there.
    Case::new(&[stream("B", &["a.*"])]).live(&[stream("A", &["a.b"])]).says(&[overlap]);
}

#[test]
fn who_gives_a_subject_up_goes_first() {
    Case::new(&[stream("A", &["x"]), stream("B", &["y"])])
        .live(&[stream("B", &["x", "y"])])
        .says(&["update stream/B", "create stream/A"]);
    let mut case = Case::new(&[stream("A", &["x"])]).live(&[stream("B", &["x"])]);
    case.options = Options { prune: true, ..Options::default() };
    case.says(&["delete stream/B", "create stream/A"]);
    Case::new(&[stream("A", &["y"]), stream("B", &["x"])])
        .live(&[stream("A", &["x"]), stream("B", &["y"])])
        .says(&[
            "refused stream/A: subjects overlap with an existing stream (10065): `y` meets `y` of \
             stream B",
            "held stream/B",
        ]);
}

#[test]
fn copies_lead_nowhere_round() {
    let copies = |name: &str, of: &str| json!({"name": name, "sources": [{"name": of}]});
    Case::new(&[copies("A", "B"), copies("B", "C"), copies("C", "A")]).says(&[
        "create stream/A",
        "create stream/B",
        "refused stream/C: detected cycle (10052): C copies from A copies from B copies from C",
    ]);
}

#[test]
fn the_account_has_limits() {
    let info = json!({"reserved_storage": 9 * GIB, "streams": 2,
        "limits": {"max_memory": -1, "max_storage": 10 * GIB, "max_streams": 3}});
    Case::new(&[sized("A", 4)]).limits(info.clone()).says(&[
        "refused stream/A: insufficient storage resources available (10047): needs 4 GiB more, 1 GiB \
         of 10 GiB is left",
    ]);
    Case::new(&[sized("A", 1), sized("B", 1)]).limits(info.clone()).says(&[
        "create stream/A",
        "refused stream/B: maximum number of streams reached (10027): it has 3 of 3",
    ]);
    // What becomes smaller gives room.
    Case::new(&[sized("A", 2), sized("B", 4)])
        .live(&[sized("A", 6)])
        .limits(info)
        .says(&["update stream/A", "create stream/B"]);
}

/// What goes, or becomes smaller, goes before what would not fit without.
#[test]
fn room_is_made_before_it_is_taken() {
    let limits = |reserved: i64, streams: i64| {
        json!({"reserved_storage": reserved * GIB, "streams": streams,
            "limits": {"max_memory": -1, "max_storage": 10 * GIB, "max_streams": 2}})
    };
    let prune = Options { prune: true, ..Options::default() };
    let mut case = Case::new(&[sized("A", 8)]).live(&[sized("Z", 6)]).limits(limits(6, 1));
    case.options = prune.clone();
    case.says(&["delete stream/Z", "create stream/A"]);
    // There is room for both: nothing has to wait.
    let mut case = Case::new(&[sized("A", 3)]).live(&[sized("Z", 6)]).limits(limits(6, 1));
    case.options = prune.clone();
    case.says(&["create stream/A", "delete stream/Z"]);
    Case::new(&[sized("A", 8), sized("Z", 2)])
        .live(&[sized("Z", 6)])
        .limits(limits(6, 1))
        .says(&["update stream/Z", "create stream/A"]);
    // A place among the streams.
    let mut case = Case::new(&[sized("A", 1), sized("Y", 1)])
        .live(&[sized("Y", 1), sized("Z", 1)])
        .limits(limits(2, 2));
    case.options = prune;
    case.says(&["delete stream/Z", "create stream/A"]);
    // Nothing that goes would do.
    Case::new(&[sized("A", 9), sized("Z", 2)]).live(&[sized("Z", 6)]).limits(limits(6, 1)).says(&[
        "update stream/Z",
        "refused stream/A: insufficient storage resources available (10047): needs 9 GiB more, 8 GiB \
         of 10 GiB is left",
    ]);
}

#[test]
fn origins_that_are_nowhere_are_told() {
    let copies = |of: &str| json!({"name": "B", "sources": [{"name": of}]});
    let known = || json!({"streams": 1});
    let told = "it copies from stream TYPO, which is neither in the account nor declared";
    let says = |case: Case, expected: &[&str]| case.live(&[stream("A", &["a"])]).says(expected);
    let case = |of: &str| Case::new(&[stream("A", &["a"]), copies(of)]);
    says(case("TYPO").limits(known()), &["create stream/B", told]);
    says(case("A").limits(known()), &["create stream/B"]);
    // There may be one that evctl has not seen.
    says(case("TYPO").limits(json!({"streams": 2})), &["create stream/B"]);
    let mirror = json!({"name": "M", "mirror": {"name": "TYPO"}});
    says(Case::new(&[stream("A", &["a"]), mirror]).limits(known()), &["create stream/M", told]);
    let far = json!({"name": "M", "mirror": {"name": "TYPO", "external": {"api": "$JS.far.API"}}});
    says(Case::new(&[stream("A", &["a"]), far]).limits(known()), &["create stream/M"]);
}

#[test]
fn copies_count_where_limits_are_flat() {
    // The server tells its sum without them.
    let info = json!({"reserved_storage": 2 * GIB, "streams": 1,
        "limits": {"max_memory": -1, "max_storage": 10 * GIB}});
    let copied = json!({"name": "A", "subjects": ["A"], "max_bytes": 2 * GIB, "num_replicas": 3});
    let mut case = Case::new(&[copied.clone(), sized("B", 5)]).live(&[copied]).limits(info);
    case.account.cluster = Some("C".to_owned());
    case.says(&[
        "refused stream/B: insufficient storage resources available (10047): needs 5 GiB more, 4 GiB \
         of 10 GiB is left",
    ]);
}

#[test]
fn a_lone_server_holds_one_copy() {
    let three = json!({"name": "A", "subjects": ["a"], "num_replicas": 3});
    Case::new(&[three.clone(), reader("A", "C", "")]).says(&[
        "refused stream/A: replicas > 1 not supported in non-clustered mode (10074)",
        "held consumer/A/C",
    ]);
    let mut case = Case::new(&[three]);
    case.account.cluster = Some("C".to_owned());
    case.says(&["create stream/A"]);
}

#[test]
fn a_work_queue_hands_a_message_to_one() {
    let queue = json!({"name": "Q", "subjects": ["q.*"], "retention": "workqueue"});
    let (one, two) = (reader("Q", "ONE", "q.a"), reader("Q", "TWO", "q.b"));
    Case::new(&[queue.clone(), one.clone(), two.clone(), reader("Q", "X", "q.*")]).says(&[
        "create stream/Q",
        "create consumer/Q/ONE",
        "create consumer/Q/TWO",
        "refused consumer/Q/X: filtered consumer not unique on workqueue stream (10100)",
    ]);
    // The server would let it pass.
    Case::new(&[queue.clone(), reader("Q", "ONE", ""), two.clone()])
        .live(&[queue, one, two])
        .says(&[
            "refused consumer/Q/ONE: multiple non-filtered consumers not allowed on workqueue stream",
        ]);
}

#[test]
fn filters_that_match_nothing_are_told() {
    let copies = |of: &str| json!({"name": "B", "sources": [{"name": of}]});
    Case::new(&[stream("A", &["a.*"]), copies("A"), reader("B", "C", "b.x")]).says(&[
        "create stream/A",
        "create stream/B",
        "create consumer/B/C",
        "the filter `b.x` can never match: stream B has `a.*`",
    ]);
    Case::new(&[copies("ELSEWHERE"), reader("B", "C", "b.x")])
        .says(&["create stream/B", "create consumer/B/C"]);
    // Older messages may be there still.
    Case::new(&[stream("A", &["a"]), reader("A", "C", "old")])
        .live(&[stream("A", &["a", "old"])])
        .says(&["update stream/A", "create consumer/A/C"]);
}

/// What a plan of these says of each change that it cannot say more of.
fn doubts(account: Account, wanted: &[Value]) -> Vec<String> {
    let mut desired = Desired::default();
    desired.world.objects = wanted.iter().map(object).collect();
    let accounts = BTreeMap::from([(String::new(), account)]);
    let live = World { accounts, ..World::default() };
    let (plan, _) = reviewed(&desired, &live, "p", &Options::default());
    plan.changes.into_iter().filter_map(|change| change.unverified).collect()
}

#[test]
fn what_is_not_known_is_not_verified() {
    let all = [stream("A", &["a"]), reader("A", "C", "")];
    let asked = Account {
        version: "2.15.9".to_owned(),
        info: json!({"streams": 0}),
        cluster: Some("C".to_owned()),
        ..Account::default()
    };
    assert_eq!(doubts(asked.clone(), &all), [""; 0]);
    let offline = Account { info: Value::Null, ..asked.clone() };
    assert_eq!(doubts(offline, &all), ["no JetStream server was asked"; 2]);
    let newer = Account { version: "2.16.1".to_owned(), ..asked.clone() };
    let said = "nats-server 2.16.1 is newer than the rules that are known, 2.15";
    assert_eq!(doubts(newer, &all), [said; 2]);
    let more = Account { info: json!({"streams": 1}), ..asked.clone() };
    assert_eq!(doubts(more, &all), ["not every stream of the account is known"]);
    let three = json!({"name": "A", "subjects": ["a"], "num_replicas": 3});
    let unheard = ["it needs 3 servers of a cluster, and which it has is not known"];
    assert_eq!(doubts(asked.clone(), std::slice::from_ref(&three)), unheard);
    // As many have been heard, whether there are more or not.
    let peers = Peers { heard: vec![Peer::default(); 3], complete: false };
    let heard = Account { peers, ..asked };
    assert_eq!(doubts(heard.clone(), std::slice::from_ref(&three)), [""; 0]);
    let five = json!({"name": "A", "subjects": ["a"], "num_replicas": 5});
    assert_eq!(doubts(heard, &[five]), ["it needs 5 servers, and 3 of the cluster answer"]);
}

/// A server that is down counts for the cluster; as many as are up cannot be down.
#[test]
fn copies_need_servers() {
    let sized = |copies: u64, tag: &str| {
        let mut config = json!({"name": "A", "subjects": ["a"], "num_replicas": copies});
        if !tag.is_empty() {
            config["placement"] = json!({"tags": [tag]});
        }
        config
    };
    let says = |tags: &[&str], wanted: Value, expected: &str| {
        let peer = |tag: &&str| Peer { cluster: "C".to_owned(), tags: vec![(*tag).to_owned()] };
        let mut case = Case::new(&[wanted]);
        case.account.cluster = Some("C".to_owned());
        case.account.peers = Peers { heard: tags.iter().map(peer).collect(), complete: true };
        case.says(&[expected]);
    };
    let refused = |why: &str| {
        format!("refused stream/A: no suitable peers for placement (10005): it needs {why}")
    };
    says(&["x"], sized(2, ""), &refused("2 servers, and 1 of the cluster answer"));
    says(&["x"], sized(1, "y"), &refused("a server, and 0 of 1 that answer fit its placement"));
    says(&["x", "x"], sized(3, ""), "create stream/A");
    says(&["x", "x"], sized(4, ""), &refused("4 servers, and 2 of the cluster answer"));
    says(&["x", "x", "z"], sized(5, ""), "create stream/A");
    says(&["x", "x", "z"], sized(3, "x"), "create stream/A");
    says(
        &["x", "x", "z"],
        sized(3, "y"),
        &refused("3 servers, and 0 of 3 that answer fit its placement"),
    );
    says(&[], sized(3, ""), "create stream/A");
}

#[test]
fn another_channels_stream_is_not_adopted() {
    let wanted = object(&stream("KN_A__B", &["a.b._knative"]));
    let theirs = object(&stream("KN_A__B", &["a.B._knative"]));
    let config = wanted.1.body.as_object().expect("a mapping");
    let live = World { objects: Keyed::from_iter([theirs]), ..World::default() };
    let trouble = super::names::taken(&wanted.0, config, &live).expect("a trouble");
    assert_eq!(trouble.code, Code::NameTaken);
    let same = World { objects: Keyed::from_iter([wanted.clone()]), ..World::default() };
    assert_eq!(super::names::taken(&wanted.0, config, &same), None);
}
