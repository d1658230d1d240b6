//! NACK's kinds applied to a real nats-server where NACK does not run: what evctl makes is what the
//! `nats` command makes (NACK's controllers use the same Go client), field by field, and stays so.

use libtest_mimic::Trial;
use serde_json::{Value, json};

use super::binary::{Evctl, Folder, Said};
use crate::servers::api_watch::ApiWatch;
use crate::servers::kubernetes::Cluster;
use crate::servers::nats::Nats;
use crate::servers::{Need, lookup, trial};

pub(super) fn trials() -> Vec<Trial> {
    let nats = &[Need::Nats];
    let cli = &[Need::Nats, Need::NatsCli];
    vec![
        trial("live_nack::the_example_settles", cli, the_example_settles),
        trial("live_nack::what_is_written_is_stored", nats, what_is_written_is_stored),
        trial("live_nack::what_is_left_out_is_the_servers", nats, what_is_left_out_is_the_servers),
        trial("live_nack::a_mirror_settles_with_its_origin", nats, a_mirror_settles),
        trial("live_nack::a_consumer_reads_any_stream", nats, a_consumer_reads_any_stream),
        trial("live_nack::metadata_is_as_written", nats, metadata_is_as_written),
        trial("live_nack::prevent_delete_protects", nats, prevent_delete_protects),
        trial("live_nack::prevent_update_leaves_alone", nats, prevent_update_leaves_alone),
        trial("live_nack::observed_streams_are_not_made", nats, observed_streams_are_not_made),
        trial(
            "live_nack::discovery_says_who_makes_streams",
            &[Need::Nats, Need::Kubernetes, Need::Data],
            discovery_says_who_makes_streams,
        ),
    ]
}

fn evctl(verb: &str, nats: &Nats, path: &str) -> Evctl {
    let run = Evctl::new(&[verb, path, "--no-kubernetes", "--nats-url", &nats.url()]);
    if verb == "apply" { run.arguments(&["--yes"]) } else { run.arguments(&["--exit-code"]) }
}

/// Applies, and sees that nothing is left to do and nothing more is written.
#[track_caller]
pub(super) fn settle(nats: &Nats, path: &str) -> Said {
    let said = evctl("apply", nats, path).run().code(0).hides(&["failed:"]);
    let watch = ApiWatch::start(&nats.url());
    evctl("plan", nats, path).run().code(0).says(&["No changes."]);
    evctl("apply", nats, path).run().code(0).says(&["No changes."]);
    assert_eq!(writes(&watch), Vec::<String>::new());
    said
}

/// What clients wrote: the server itself makes consumers for what copies, nameless or `JS_…`.
fn writes(watch: &ApiWatch) -> Vec<String> {
    let by_server = |subject: &String| {
        let name = subject.strip_prefix("CONSUMER.CREATE.").map(|rest| rest.split('.').nth(1));
        name.is_some_and(|name| name.is_none_or(|name| name.starts_with("JS_")))
    };
    watch.writes().into_iter().filter(|subject| !by_server(subject)).collect()
}

pub(super) fn nats_cli(nats: &Nats, arguments: &[&str]) -> String {
    let output = std::process::Command::new(lookup::nats_cli().unwrap())
        .args(["--server", &nats.url()])
        .args(arguments)
        .env("HOME", nats.directory())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{arguments:?}: {said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    said
}

/// What the server stores, but for metadata.
fn stored(nats: &Nats, subject: &str) -> Value {
    let answer = nats.wire().api(subject, &json!({}));
    let mut config = answer["config"].clone();
    let fields = config.as_object_mut().unwrap_or_else(|| panic!("{subject}: {answer}"));
    fields.remove("metadata");
    config
}

pub(super) fn stream(nats: &Nats, name: &str) -> Value {
    stored(nats, &format!("STREAM.INFO.{name}"))
}

fn the_example_settles() {
    let nats = Nats::start();
    let example = "examples/topologies/nack";
    let watch = ApiWatch::start(&nats.url());
    evctl("plan", &nats, example).run().code(2).says(&[
        "streams of NACK's Consumer, KeyValue, ObjectStore, Stream: managed, as no Kubernetes plane",
        "Plan: 13 to add",
    ]);
    assert_eq!(watch.writes(), Vec::<String>::new());
    settle(&nats, example).says(&["Objects: 13 added"]).hides(&["derived from each Subscription"]);
    let buckets = nats_cli(&nats, &["kv", "ls", "--names"]);
    let names: Vec<&str> = buckets.lines().collect();
    assert_eq!(names, ["catalogue", "evctl-locks", "prices", "prices-copy"]);
    assert_eq!(nats_cli(&nats, &["object", "ls", "--names"]).trim(), "invoices");
    let info: Value = serde_json::from_str(&nats_cli(
        &nats,
        &["consumer", "info", "ORDERS", "billing", "--json"],
    ))
    .unwrap();
    assert_eq!(info["config"]["filter_subjects"], json!(["orders.*.changed", "orders.*.new"]));
    nats_cli(&nats, &["kv", "put", "prices", "apple", "3"]);
    assert_eq!(nats_cli(&nats, &["kv", "get", "prices", "apple", "--raw"]).trim(), "3");
}

fn nack(kind: &str, name: &str, spec: &str) -> String {
    format!(
        "apiVersion: jetstream.nats.io/v1beta2\nkind: {kind}\nmetadata: {{name: {name}}}\nspec: {{{spec}}}\n---\n"
    )
}

/// Every field that people can write arrives.
fn what_is_written_is_stored() {
    let nats = Nats::start();
    let streams = [
        "name: A, description: d, subjects: [a.*], retention: interest, maxConsumers: 7, maxMsgs: 1000, \
         maxBytes: 100000, discard: new, discardPerSubject: true, maxAge: 24h, maxMsgsPerSubject: 10, \
         maxMsgSize: 65536, storage: memory, replicas: 1, noAck: true, duplicateWindow: 1m, \
         placement: {cluster: east, tags: [ssd]}, denyDelete: true, denyPurge: true, compression: s2, \
         firstSequence: 100, subjectTransform: {source: a.*, dest: 'part.{{wildcard(1)}}'}, \
         republish: {source: '>', destination: copy.>}, allowDirect: true, \
         consumerLimits: {inactiveThreshold: 1h, maxAckPending: 100}",
        "name: B, allowRollup: true, allowMsgTtl: true, subjectDeleteMarkerTtl: 1h, \
         allowAtomicPublish: true, allowMsgSchedules: true, persistMode: default, maxAge: 30s",
        "name: C, allowMsgCounter: true, persistMode: async",
        "name: D, sources: [{name: FAR, optStartSeq: 5, externalApiPrefix: $JS.hub.API, \
         externalDeliverPrefix: hub.deliver, subjectTransforms: [{source: x.>, dest: y.>}]}, \
         {name: A, optStartTime: '2026-01-01T02:00:00+02:00', filterSubject: a.b}]",
    ];
    let consumers = [
        "streamName: B, durableName: PULL, description: d, deliverPolicy: byStartSequence, optStartSeq: 3, \
         ackPolicy: explicit, ackWait: 5s, maxDeliver: 4, backoff: [5s, 10s], filterSubject: B, \
         replayPolicy: original, sampleFreq: '30', maxWaiting: 9, maxAckPending: 8, headersOnly: true, \
         maxRequestBatch: 7, maxRequestExpires: 2s, maxRequestMaxBytes: 6, inactiveThreshold: 1h, \
         replicas: 1, memStorage: true, priorityPolicy: overflow, priorityGroups: [one]",
        "streamName: B, durableName: PUSH, deliverPolicy: lastPerSubject, deliverSubject: to.push, \
         deliverGroup: group, ackPolicy: none, rateLimitBps: 1000, flowControl: true, \
         heartbeatInterval: 1s, filterSubjects: [B]",
        "streamName: B, durableName: PAUSED, ackPolicy: all, pauseUntil: '2099-01-01T00:00:00Z', \
         priorityPolicy: pinned_client, priorityGroups: [one], pinnedTtl: 5s",
    ];
    let files = streams
        .iter()
        .map(|spec| ("Stream", spec))
        .chain(consumers.iter().map(|s| ("Consumer", s)));
    let text: String =
        files.enumerate().map(|(at, (kind, spec))| nack(kind, &format!("o{at}"), spec)).collect();
    let folder = Folder::project(&[("a.yaml", &text)]);
    settle(&nats, folder.text());
    let all: Vec<Value> = ["A", "B", "C", "D"].iter().map(|name| stream(&nats, name)).collect();
    let consumers: Vec<Value> = ["PULL", "PUSH", "PAUSED"]
        .iter()
        .map(|name| stored(&nats, &format!("CONSUMER.INFO.B.{name}")))
        .collect();
    let said = format!("{:#}\n", json!({"streams": all, "consumers": consumers}));
    super::golden::same("tests/golden/nack-stored.json", &said);
}

/// Neither a year nor memory nor a nanosecond, which is what NACK makes of the same.
fn what_is_left_out_is_the_servers() {
    let nats = Nats::start();
    let text = nack("Stream", "a", "name: A")
        + &nack(
            "Consumer",
            "b",
            "streamName: A, durableName: B, ackPolicy: explicit, maxDeliver: 20",
        )
        + &nack(
            "Consumer",
            "c",
            "streamName: A, durableName: C, ackPolicy: explicit, backoff: [1s, 10s]",
        )
        + &nack("Consumer", "d", "streamName: A, durableName: D")
        + &nack(
            "Consumer",
            "e",
            "streamName: A, durableName: E, ackPolicy: explicit, priorityPolicy: pinned_client, \
             priorityGroups: [one]",
        );
    let folder = Folder::project(&[("a.yaml", &text)]);
    settle(&nats, folder.text());
    let a = stream(&nats, "A");
    assert_eq!(
        (&a["storage"], &a["max_age"], &a["subjects"]),
        (&json!("file"), &json!(0), &json!(["A"]))
    );
    let consumer = |name: &str| stored(&nats, &format!("CONSUMER.INFO.A.{name}"));
    assert_eq!(consumer("B")["ack_wait"], json!(30_000_000_000_i64));
    assert_eq!(consumer("C")["ack_wait"], json!(1_000_000_000));
    assert_eq!(consumer("D")["ack_policy"], "none");
    assert_eq!(consumer("E")["priority_timeout"], json!(120_000_000_000_i64));
}

/// The server gives a mirror its origin's word on direct reads, whatever the mirror says.
fn a_mirror_settles() {
    let nats = Nats::start();
    nats.wire().api("STREAM.CREATE.OLD", &json!({"name": "OLD", "allow_direct": true}));
    let text = nack("Stream", "copy", "name: COPY, mirror: {name: ORIGIN}")
        + &nack("Stream", "copy-of-copy", "name: COPY_2, mirror: {name: COPY}, mirrorDirect: true")
        + &nack("Stream", "origin", "name: ORIGIN, allowDirect: true")
        + &nack("Stream", "old", "name: COPY_OF_OLD, mirror: {name: OLD}");
    let folder = Folder::project(&[("a.yaml", &text)]);
    settle(&nats, folder.text());
    let direct = |name: &str| stream(&nats, name)["mirror_direct"] == json!(true);
    assert_eq!([direct("COPY"), direct("COPY_2"), direct("COPY_OF_OLD")], [true, false, true]);
}

/// A channel's stream, one of another project, and one that nobody has.
fn a_consumer_reads_any_stream() {
    let nats = Nats::start();
    nats.wire().api("STREAM.CREATE.THEIRS", &json!({"name": "THEIRS"}));
    let channel = "apiVersion: messaging.knative.dev/v1alpha1\nkind: NatsJetStreamChannel\nmetadata: {name: a}\n---\n";
    let consumer = |stream: &str| {
        nack(
            "Consumer",
            &stream.to_lowercase().replace('_', ""),
            &format!("streamName: {stream}, durableName: R, ackPolicy: none"),
        )
    };
    let text = consumer("KN_DEFAULT__A") + channel + &consumer("THEIRS");
    let folder = Folder::project(&[("a.yaml", &text)]);
    settle(&nats, folder.text());
    for subject in ["CONSUMER.INFO.KN_DEFAULT__A.R", "CONSUMER.INFO.THEIRS.R"] {
        assert_eq!(stored(&nats, subject)["durable_name"], "R");
    }
    folder.write("b.yaml", &consumer("NOBODYS"));
    let said = evctl("apply", &nats, folder.text()).run().code(4);
    said.says(&["stream/NOBODYS is neither there nor declared", "stream not found (10059)"]);
}

fn prevent_update_leaves_alone() {
    let nats = Nats::start();
    let text =
        |limit: u32, more: &str| nack("Stream", "a", &format!("name: A, maxMsgs: {limit}{more}"));
    let folder = Folder::project(&[("a.yaml", &text(5, ", preventUpdate: true"))]);
    settle(&nats, folder.text());
    folder.write("a.yaml", &text(6, ", preventUpdate: true"));
    evctl("apply", &nats, folder.text()).run().code(0).says(&["No changes."]);
    let said = evctl("plan", &nats, folder.text()).arguments(&["-o", "json"]).run().code(0).json();
    assert_eq!(
        said["changes"][0]["reason"],
        "differs in max_msgs: left as it is, by `preventUpdate`"
    );
    assert_eq!(stream(&nats, "A")["max_msgs"], 5);
    folder.write("a.yaml", &text(6, ""));
    settle(&nats, folder.text());
    assert_eq!(stream(&nats, "A")["max_msgs"], 6);
}

/// What the manifest says is all there is; where it says nothing, what others wrote stays.
fn metadata_is_as_written() {
    let nats = Nats::start();
    let labels = |name: &str| {
        let info = nats.wire().api(&format!("STREAM.INFO.{name}"), &json!({}));
        let mut labels = info["config"]["metadata"].clone();
        let ours = |key: &str| key.starts_with("_nats.") || key.starts_with("evctl.dev/o");
        labels.as_object_mut().unwrap().retain(|key, _| !ours(key) && key != "evctl.dev/project");
        labels
    };
    let text = |more: &str| nack("Stream", "a", &format!("name: A{more}"));
    let folder =
        Folder::project(&[("a.yaml", &text(", metadata: {a: '1', b: '2'}, preventDelete: true"))]);
    settle(&nats, folder.text());
    assert_eq!(labels("A"), json!({"a": "1", "b": "2", "evctl.dev/protect": "true"}));
    folder.write("a.yaml", &text(", metadata: {a: '1', c: '3'}"));
    evctl("plan", &nats, folder.text()).run().code(2).says(&["metadata: "]);
    settle(&nats, folder.text());
    assert_eq!(labels("A"), json!({"a": "1", "c": "3", "evctl.dev/protect": "true"}));
    let mut theirs = nats.wire().api("STREAM.INFO.A", &json!({}))["config"].clone();
    theirs["metadata"]["d"] = json!("4");
    nats.wire().api("STREAM.UPDATE.A", &theirs);
    folder.write("a.yaml", &text(", maxMsgs: 5, preventDelete: false"));
    settle(&nats, folder.text());
    assert_eq!(labels("A"), json!({"a": "1", "c": "3", "d": "4"}));
}

/// What is protected is not pruned unless its name is said.
fn prevent_delete_protects() {
    let nats = Nats::start();
    let folder =
        Folder::project(&[("a.yaml", &nack("Stream", "a", "name: A, preventDelete: true"))]);
    settle(&nats, folder.text());
    folder.write("a.yaml", &nack("Stream", "b", "name: B"));
    let prune = |more: &[&str]| {
        evctl("apply", &nats, folder.text()).arguments(&["--prune"]).arguments(more).run()
    };
    let _ = prune(&[]).code(4).says(&["it is protected; --allow-delete stream/A lets it go"]);
    assert_eq!(stream(&nats, "A")["name"], "A");
    let _ = prune(&["--allow-delete", "stream/A"]).code(0);
    assert_eq!(nats.wire().api("STREAM.INFO.A", &json!({}))["error"]["err_code"], 10059);
}

fn observed_streams_are_not_made() {
    let nats = Nats::start();
    let folder = Folder::project(&[("a.yaml", &nack("Stream", "a", "name: A"))]);
    folder.write("evctl.yaml", "name: test\nstreams: observed\n");
    let said = evctl("apply", &nats, folder.text()).run().code(0);
    said.says(&[
        "streams of NACK's Stream: observed, as the project says",
        "No changes. 0 objects",
    ]);
    // What was made before is neither undeclared nor touched.
    folder.write(
        "evctl.yaml",
        "name: test\nenvironments: {there: {streams: managed}}\nstreams: observed\n",
    );
    let made = evctl("apply", &nats, folder.text()).arguments(&["--env", "there"]).run().code(0);
    made.says(&["managed, as the project says", "1 added"]);
    evctl("plan", &nats, folder.text()).run().code(0).says(&["No changes."]).hides(&["stream/A"]);
}

/// A cluster without NACK's definitions, and the same with them.
fn discovery_says_who_makes_streams() {
    let (cluster, nats) = (Cluster::start(), Nats::start());
    let text = nack("Stream", "a", "name: A, storage: file, maxAge: 1h")
        + &nack("Consumer", "b", "streamName: A, durableName: B, ackPolicy: none");
    let folder = Folder::project(&[("a.yaml", &text)]);
    let kubeconfig = cluster.kubeconfig().to_str().unwrap();
    let url = nats.url();
    let run = |verb: &str, more: &str| {
        let to = ["--kubeconfig", kubeconfig, "--nats-url", &url, more];
        Evctl::new(&[verb, folder.text()]).arguments(&to).run().code(0)
    };
    let managed = "streams of NACK's Consumer, Stream: managed, as the cluster does not serve them";
    let made = run("apply", "--yes").says(&[managed, "Objects: 2 added"]);
    let _ = made.hides(&["stream.jetstream.nats.io"]);
    assert_eq!(stream(&nats, "A")["max_age"], json!(3_600_000_000_000_i64));
    let _ = run("plan", "--exit-code").says(&["No changes. 2 objects"]);
    let definitions = lookup::data().unwrap().join("crds/nack/deploy/crds.yml");
    let definitions = definitions.to_str().unwrap();
    let _ = cluster.kubectl(&["apply", "--server-side", "-f", definitions]).expect_success();
    let wait = ["wait", "--for=condition=Established", "crd", "--all", "--timeout=30s"];
    let _ = cluster.kubectl(&wait).expect_success();
    let watch = ApiWatch::start(&nats.url());
    let observed = "streams of NACK's Consumer, Stream: observed, as the cluster serves them";
    let applied = run("apply", "--yes").says(&[
        observed,
        "+ stream.jetstream.nats.io/default/a",
        "+ consumer.jetstream.nats.io/default/b",
        "Objects: 2 added",
    ]);
    let _ = applied.hides(&["stream/A", "consumer/A"]);
    let _ = run("plan", "--exit-code").says(&["No changes. 2 objects"]);
    assert_eq!(writes(&watch), Vec::<String>::new());
}
