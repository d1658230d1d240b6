//! Streams and consumers against the recordings of the real NATS channel controller: what evctl
//! derives for a case's topology is what the controller made of it, field by field
//! (shared/data/natss-channel, `config-*`).

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use evctl::diag::{Code, Finding, Severity};
use evctl::jetstream::channel::{Reader, consumer as channel_consumer, stream_name};
use evctl::jetstream::server::{Beside, Server};
use evctl::jetstream::version::Version;
use evctl::jetstream::{consumer, naming, stream};
use evctl::model::{self, Assumed, Input, yaml};
use evctl::topology::{Backing, Role, Topology, resolve};
use evctl::world::lower::lower;
use evctl::world::{Account, Cluster, World, placeholder};
use libtest_mimic::Trial;
use serde_json::Value;

use crate::servers::{Need, lookup, trial};

pub(super) fn trials() -> Vec<Trial> {
    vec![trial(
        "recorded_objects::agree_with_the_controller",
        &[Need::Data],
        agree_with_the_controller,
    )]
}

/// What evctl derives and the real server refused, with the code that the rule book gives for it.
const REFUSED_BY_SERVER: &[(&str, &str, u16)] = &[
    ("config-delete-broken", "THREE", 10074),
    ("config-stream-invalid", "AGE_TINY", 10052),
    ("config-stream-invalid", "DUP_OVER_AGE", 10052),
    ("config-stream-invalid", "REPLICAS_THREE", 10074),
    ("config-stream-invalid", "SUBJECT_DUP", 10052),
    ("config-stream-invalid", "SUBJECT_SPACE", 10052),
];

/// What evctl derives and the real controller did not make in the recording. A note (own-dispatcher)
/// says that there is no stream before that dispatcher runs, and in the recording nothing ran it.
const NEVER_MADE: &[(&str, &str)] = &[("config-scope-and-deployment", "OWN_DISPATCHER")];

/// Channels that evctl refuses with an error, and the real webhook admits: a typo that falls back
/// silently, a name that never works, two channels on one stream.
const STRICTER: &[(&str, &[&str])] = &[
    (
        "config-consumer-invalid",
        &[
            "batch-zero",
            "negative-wait",
            "policy-lower",
            "policy-typo",
            "replay-lower",
            "sample-words",
            "type-typo",
        ],
    ),
    ("config-names", &["dotted.name", "override-bad", "override-space", "share-two"]),
    // These two the real thing refuses as well.
    ("config-scope-and-deployment", &["no-affinity", "scope-bad"]),
    (
        "config-stream-invalid",
        &["discard-lower", "retention-lower", "retention-typo", "storage-lower"],
    ),
];

/// Channels that evctl refuses as they can never work, and that the real webhook admits.
/// The first says why.
const UNWORKABLE: &[(&str, Code, &[&str])] = &[
    ("config-broker", Code::UnworkableSetting, &["u"]),
    ("config-channel-sink", Code::UnworkableSetting, &["outer"]),
    (
        "config-consumer-invalid",
        Code::UnworkableSetting,
        &["by-seq-none", "by-time-none", "filter-outside"],
    ),
    ("config-consumer-template", Code::UnworkableSetting, &["filter-other", "filter-own"]),
    ("config-delivery-consumer", Code::UnworkableSetting, &["parent"]),
    ("config-mirror-sources", Code::UnworkableSetting, &["mirror"]),
    ("config-retention", Code::SubscriptionRefused, &["x2"]),
    ("config-stream-limits", Code::SubscriptionRefused, &["two"]),
];

fn agree_with_the_controller() {
    let folder = lookup::data().unwrap().join("natss-channel");
    let mut cases = 0;
    let mut faults = Vec::new();
    let mut entries: Vec<_> =
        std::fs::read_dir(&folder).unwrap().map(|e| e.unwrap().path()).collect();
    entries.sort();
    for file in entries {
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        if !name.starts_with("config-") || file.extension().is_none_or(|e| e != "yaml") {
            continue;
        }
        cases += 1;
        faults.extend(case(&folder, &name).into_iter().map(|fault| format!("{name}: {fault}")));
    }
    assert!(cases >= 15, "only {cases} cases");
    assert!(faults.is_empty(), "{} faults\n{}", faults.len(), faults.join("\n"));
}

fn case(folder: &Path, name: &str) -> Vec<String> {
    let text = std::fs::read_to_string(folder.join(format!("{name}.yaml"))).unwrap();
    let trace: Value =
        serde_json::from_slice(&std::fs::read(folder.join(format!("{name}.trace.json"))).unwrap())
            .unwrap();
    let derived = derived(&text);
    let recorded = recorded(&trace);
    let stricter = of_case(STRICTER, name);
    let unworkable: Vec<&str> = UNWORKABLE
        .iter()
        .filter(|(case, ..)| *case == name)
        .flat_map(|(_, _, names)| names.to_vec())
        .collect();
    let mut faults = Vec::new();
    let rejected = trace["rejected"].as_array().into_iter().flatten();
    let rejected: BTreeSet<String> = rejected
        .filter_map(|entry| entry["object"].as_str()?.rsplit('/').next().map(str::to_owned))
        .filter(|name| {
            let stream = naming::stream("", name);
            !NEVER_MADE.iter().any(|(_, never)| stream.ends_with(never))
        })
        .collect();
    let expected =
        stricter.iter().chain(&unworkable).map(|name| (*name).to_owned()).chain(rejected).collect();
    let refused: BTreeSet<String> = derived.refused.iter().map(|(name, _)| name.clone()).collect();
    if refused != expected {
        faults.push(format!("evctl refuses {refused:?}, not {expected:?}"));
    }
    for (case, code, names) in UNWORKABLE.iter().filter(|(case, ..)| *case == name) {
        let says = |named: &&&str| !derived.refused.contains(&((**named).to_owned(), *code));
        faults
            .extend(names.iter().filter(says).map(|named| format!("{case}: {named}: no {code:?}")));
    }
    for (key, config) in recorded.iter().filter(|(key, _)| !of_any(key, &stricter)) {
        match derived.objects.get(key) {
            None => faults.push(format!("{key} was made and is not derived")),
            Some(own) if own != config => {
                faults.push(format!("{key}\n   made    {config}\n   derived {own}"));
            }
            Some(_) => {}
        }
    }
    for key in
        derived.objects.keys().filter(|key| !recorded.contains_key(*key) && !of_any(key, &stricter))
    {
        if is_refused(key, &derived.refused) || shares_with_refused(key, &derived) {
            continue;
        }
        let is = |never: &str| key.contains(&format!("__{never}"));
        let refused = REFUSED_BY_SERVER.iter().find(|(case, never, _)| *case == name && is(never));
        let expected = refused.map(|(_, _, code)| *code);
        let said = refused_by_server(key, &derived);
        if said != expected {
            faults.push(format!("{key}: the rule book says {said:?}, the server {expected:?}"));
        }
        if expected.is_none() && !NEVER_MADE.iter().any(|(case, never)| *case == name && is(never))
        {
            faults.push(format!("{key} is derived and was never made"));
        }
    }
    faults
}

fn of_case<'l>(list: &[(&str, &'l [&'l str])], name: &str) -> Vec<&'l str> {
    list.iter().filter(|(case, _)| *case == name).flat_map(|(_, names)| names.to_vec()).collect()
}

/// Whether a stream or consumer belongs to one of the channels, by the name or the override.
fn of_any(key: &str, channels: &[&str]) -> bool {
    let stream = key.split('/').nth(1).unwrap_or_default();
    channels.iter().any(|channel| stream == naming::stream("default", channel))
        || (!stream.starts_with("KN_")
            && channels
                .iter()
                .any(|channel| channel.starts_with("override-") || *channel == "share-two"))
            && stream != "orders"
}

/// Objects of which an error says that they come to nothing: what they would have made was not made.
fn is_refused(key: &str, refused: &BTreeSet<(String, Code)>) -> bool {
    let stream = key.split('/').nth(1).unwrap_or_default();
    let reader = key.split("Subscription/").nth(1).and_then(|rest| rest.split(' ').next());
    refused
        .iter()
        .any(|(name, _)| reader == Some(name) || stream == naming::stream("default", name))
}

/// The code with which the rule book says that a server standing alone, as the recorded one, refuses a
/// stream; a consumer has none where its stream has none.
fn refused_by_server(key: &str, derived: &Derived) -> Option<u16> {
    let stream = format!("stream/{}", key.split('/').nth(1)?);
    let config = derived.objects.get(&stream)?.as_object()?;
    let server = Server::assumed(Version::NEWEST);
    stream::check(config, &server, &Beside::unknown()).first()?.err_code
}

/// Which of the Subscriptions that exclude each other was served is chance.
fn shares_with_refused(key: &str, derived: &Derived) -> bool {
    let stream = key.split('/').nth(1);
    let refused =
        |other: &&String| is_refused(other, &derived.refused) && other.split('/').nth(1) == stream;
    key.starts_with("consumer/") && derived.objects.keys().any(|other| refused(&other))
}

struct Derived {
    objects: BTreeMap<String, Value>,
    /// Names of objects with an error, and the codes.
    refused: BTreeSet<(String, Code)>,
}

/// What evctl asks for, by name, uids as the recordings write them.
fn derived(case: &str) -> Derived {
    let (documents, problems) = yaml::documents(case);
    assert!(problems.is_empty(), "{problems:?}");
    let root = documents[0].root.as_ref().unwrap().to_json();
    // Of some all comes while the case runs, which `recorded_changes` looks at.
    let inputs = root["topology"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|object| Input::named("case.json", Ok(object.to_string().into_bytes())));
    let loaded = model::load(inputs.collect(), "default", &Assumed::default());
    let resolved = resolve(&loaded.manifests, &Assumed::default());
    let live = World {
        cluster: Some(Cluster::default()),
        accounts: BTreeMap::from([(String::new(), Account::default())]),
        ..World::default()
    };
    let desired = lower(&resolved.topology, &loaded.manifests, "test", &live);
    let mut objects: BTreeMap<String, Value> = desired
        .world
        .objects
        .iter()
        .filter(|(key, _)| key.object().is_none())
        .map(|(key, object)| (key, &*object.body))
        .chain(&desired.generated)
        .map(|(key, body)| (recorded_names(&key.to_string()), rename(body)))
        .collect();
    objects.extend(of_triggers(&resolved.topology));
    let refused = loaded
        .findings
        .iter()
        .chain(&resolved.findings)
        .filter(|finding| finding.severity == Severity::Error)
        .filter_map(|finding| Some((name_of(finding)?, finding.code)))
        .collect();
    Derived { objects, refused }
}

/// The consumers of Triggers, which evctl leaves to the controllers that make them: what its rules for a
/// channel's consumers say of the Broker's.
fn of_triggers(topology: &Topology) -> Vec<(String, Value)> {
    let mut consumers = Vec::new();
    for route in topology.routes.iter().filter(|route| route.unserved.is_none()) {
        let from = &topology.graph[route.from];
        let Role::Channel(broker) = &from.role else { continue };
        let Backing::Broker { channel: Some(of), .. } = broker.backing else { continue };
        let Role::Channel(channel) = &topology.graph[of].role else { continue };
        let Backing::NatsJetStream(spec) = &channel.backing else { continue };
        let (broker, trigger) = (&from.name.object().unwrap().name, &route.object.name);
        let uid = |word: &str| {
            format!(
                "<{word} of Subscription/{broker}-{trigger}-<uid of Trigger/{trigger}> without hyphens>"
            )
        };
        let reader = Reader {
            namespace: "default",
            channel: &topology.graph[of].name.object().unwrap().name,
            upper_uid: &uid("UID"),
            lower_uid: &uid("uid"),
        };
        let stream = stream_name("default", reader.channel, spec);
        let config = channel_consumer(reader, spec, route.delivery.as_ref());
        let config = consumer::into_normal(config);
        let name = config["durable_name"].as_str().unwrap().to_owned();
        consumers.push((format!("consumer/{stream}/{name}"), Value::Object(config)));
    }
    consumers
}

fn name_of(finding: &Finding) -> Option<String> {
    finding.object.as_ref()?.rsplit('/').next().map(str::to_owned)
}

fn rename(body: &Value) -> Value {
    serde_json::from_str(&recorded_names(&body.to_string())).unwrap()
}

fn recorded_names(text: &str) -> String {
    let mut out = text.to_owned();
    for name in placeholder::waits_for(text) {
        let short = name.rsplit('/').next().unwrap();
        for case in ["UID", "uid"] {
            let theirs = format!("<{case} of Subscription/{short} without hyphens>");
            out = out.replace(&format!("({case} of {name})"), &theirs);
        }
    }
    out
}

/// What the controller made, by name, in normal form.
fn recorded(trace: &Value) -> BTreeMap<String, Value> {
    let mut all = BTreeMap::new();
    let at_first = |entry: &&Value| entry["newAtEnd"] != true;
    for entry in trace["streams"].as_array().into_iter().flatten().filter(at_first) {
        let config = entry["config"].as_object().unwrap();
        all.insert(
            format!("stream/{}", entry["name"].as_str().unwrap()),
            Value::Object(stream::normal(config)),
        );
    }
    for entry in trace["consumers"].as_array().into_iter().flatten().filter(at_first) {
        let config = entry["config"].as_object().unwrap();
        let (stream, name) = (entry["stream"].as_str().unwrap(), entry["name"].as_str().unwrap());
        all.insert(format!("consumer/{stream}/{name}"), Value::Object(consumer::normal(config)));
    }
    all
}
