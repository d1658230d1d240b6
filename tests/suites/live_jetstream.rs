//! plan and apply on the JetStream plane alone, against a real nats-server; what is there is checked
//! through other clients.

use evctl::apply::ApplyEvent;
use libtest_mimic::Trial;
use serde_json::{Value, json};

use super::binary::{Evctl, Folder, Said};
use crate::servers::api_watch::ApiWatch;
use crate::servers::nats::Nats;
use crate::servers::{Need, lookup, trial};

pub(super) fn trials() -> Vec<Trial> {
    let nats = &[Need::Nats];
    vec![
        trial("live_jetstream::plan_apply_plan_is_empty", nats, plan_apply_plan_is_empty),
        trial(
            "live_jetstream::the_nats_cli_sees_it",
            &[Need::Nats, Need::NatsCli],
            the_nats_cli_sees_it,
        ),
        trial(
            "live_jetstream::equal_and_unmarked_is_left_alone",
            nats,
            equal_and_unmarked_is_left_alone,
        ),
        trial(
            "live_jetstream::the_project_says_what_it_adopts",
            nats,
            the_project_says_what_it_adopts,
        ),
        trial(
            "live_jetstream::different_and_unmarked_needs_adopt",
            nats,
            different_and_unmarked_needs_adopt,
        ),
        trial("live_jetstream::an_owned_stream_is_updated", nats, an_owned_stream_is_updated),
        trial(
            "live_jetstream::another_projects_stream_is_refused",
            nats,
            another_projects_stream_is_refused,
        ),
        trial(
            "live_jetstream::a_dispatchers_consumer_counts_as_owned",
            nats,
            a_dispatchers_consumer_counts_as_owned,
        ),
        trial("live_jetstream::many_streams_are_read_whole", nats, many_streams_are_read_whole),
        trial("live_jetstream::refusals_are_the_servers_own", nats, refusals_are_the_servers_own),
        trial(
            "live_jetstream::a_plan_that_is_stale_writes_nothing",
            nats,
            a_plan_that_is_stale_writes_nothing,
        ),
        trial("live_jetstream::instants_and_tags_converge", nats, instants_and_tags_converge),
        trial(
            "live_jetstream::what_evctl_does_not_know_survives",
            nats,
            what_evctl_does_not_know_survives,
        ),
    ]
}

const CHANNEL: &str =
    "apiVersion: messaging.knative.dev/v1alpha1\nkind: NatsJetStreamChannel\nmetadata: {name: a}\n";

fn channel(config: &str) -> String {
    format!("{CHANNEL}spec: {{stream: {{config: {{{config}}}}}}}\n")
}

fn evctl(verb: &str, nats: &Nats, folder: &Folder) -> Evctl {
    let run = Evctl::new(&[verb, folder.text(), "--no-kubernetes", "--nats-url", &nats.url()]);
    if verb == "apply" { run.arguments(&["--yes"]) } else { run }
}

fn apply(nats: &Nats, folder: &Folder) -> Said {
    evctl("apply", nats, folder).run().code(0)
}

fn config(nats: &Nats, subject: &str) -> Value {
    nats.wire().api(subject, &json!({}))["config"].clone()
}

fn plan_apply_plan_is_empty() {
    let nats = Nats::start();
    let orders = ["examples/topologies/orders", "--no-kubernetes", "--nats-url", &nats.url()];
    let watch = ApiWatch::start(&nats.url());
    Evctl::new(&["plan", "--exit-code"])
        .arguments(&orders)
        .run()
        .code(2)
        .says(&["Plan: 5 to add, 0 to change"]);
    assert_eq!(watch.writes(), Vec::<String>::new());
    Evctl::new(&["apply", "--yes"])
        .arguments(&orders)
        .run()
        .code(0)
        .says(&["[5/5]", "Objects: 5 added"]);
    // The bucket of locks is made too.
    assert_eq!(watch.writes().len(), 6);
    let watch = ApiWatch::start(&nats.url());
    Evctl::new(&["plan", "--exit-code"])
        .arguments(&orders)
        .run()
        .code(0)
        .says(&["No changes. 5 objects"]);
    Evctl::new(&["apply", "--yes"]).arguments(&orders).run().code(0).says(&["No changes."]);
    assert_eq!(watch.writes(), Vec::<String>::new());
    let stream = config(&nats, "STREAM.INFO.KN_DEFAULT__ORDERS");
    assert_eq!(stream["subjects"], json!(["default.orders._knative"]));
    assert_eq!(stream["max_age"], json!(604_800_000_000_000_i64));
    assert_eq!(stream["metadata"]["evctl.dev/project"], "orders");
    assert_eq!(
        stream["metadata"]["evctl.dev/object"],
        "natsjetstreamchannel.messaging.knative.dev/default/orders"
    );
}

fn the_nats_cli_sees_it() {
    let nats = Nats::start();
    let folder =
        Folder::project(&[("a.yaml", &channel("maxAge: 1h, maxMsgs: 10, storage: Memory"))]);
    let _ = apply(&nats, &folder);
    let output = std::process::Command::new(lookup::nats_cli().unwrap())
        .args(["--server", &nats.url(), "stream", "info", "KN_DEFAULT__A", "--json"])
        .env("HOME", folder.path())
        .output()
        .unwrap();
    let info: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(info["config"]["max_age"], json!(3_600_000_000_000_i64));
    assert_eq!(info["config"]["max_msgs"], json!(10));
    assert_eq!(info["config"]["storage"], "memory");
}

fn equal_and_unmarked_is_left_alone() {
    let nats = Nats::start();
    let folder = Folder::project(&[("a.yaml", CHANNEL)]);
    let made = json!({"name": "KN_DEFAULT__A", "subjects": ["default.a._knative"]});
    nats.wire().api("STREAM.CREATE.KN_DEFAULT__A", &made);
    let watch = ApiWatch::start(&nats.url());
    apply(&nats, &folder).says(&["No changes."]);
    assert_eq!(watch.writes(), Vec::<String>::new());
    evctl("apply", &nats, &folder).arguments(&["--adopt"]).run().code(0).says(&["1 adopted"]);
    assert_eq!(config(&nats, "STREAM.INFO.KN_DEFAULT__A")["metadata"]["evctl.dev/project"], "test");
}

fn different_and_unmarked_needs_adopt() {
    let nats = Nats::start();
    let folder = Folder::project(&[("a.yaml", &channel("maxMsgs: 7"))]);
    let made = json!({"name": "KN_DEFAULT__A", "subjects": ["default.a._knative"], "max_msgs": 9});
    nats.wire().api("STREAM.CREATE.KN_DEFAULT__A", &made);
    evctl("apply", &nats, &folder).run().code(4).says(&[
        "exists, is not owned and differs in max_msgs",
        "max_msgs: 9 → 7",
        "1 refused",
    ]);
    assert_eq!(config(&nats, "STREAM.INFO.KN_DEFAULT__A")["max_msgs"], 9);
    evctl("apply", &nats, &folder).arguments(&["--adopt"]).run().code(0).says(&["1 adopted"]);
    let adopted = config(&nats, "STREAM.INFO.KN_DEFAULT__A");
    assert_eq!(
        (&adopted["max_msgs"], &adopted["metadata"]["evctl.dev/project"]),
        (&json!(7), &json!("test"))
    );
    apply(&nats, &folder).says(&["No changes."]);
}

fn an_owned_stream_is_updated() {
    let nats = Nats::start();
    let folder = Folder::project(&[("a.yaml", &channel("maxMsgs: 100"))]);
    let _ = apply(&nats, &folder);
    let wire = nats.wire();
    for number in 0..10 {
        wire.publish("default.a._knative", format!("{number}"));
    }
    wire.info();
    folder.write("a.yaml", &channel("maxMsgs: 4"));
    evctl("plan", &nats, &folder).arguments(&["--exit-code"]).run().code(3).says(&[
        "max_msgs: 100 → 4",
        "! drops the 6 oldest messages of 10",
        "0 to add, 1 to change",
    ]);
    apply(&nats, &folder).says(&["0 added, 1 changed"]);
    let state = wire.api("STREAM.INFO.KN_DEFAULT__A", &json!({}))["state"]["messages"].clone();
    assert_eq!(state, 4);
    apply(&nats, &folder).says(&["No changes."]);
}

fn another_projects_stream_is_refused() {
    let nats = Nats::start();
    let folder = Folder::project(&[("a.yaml", CHANNEL)]);
    let _ = apply(&nats, &folder);
    let other = ["--project", "other"];
    evctl("plan", &nats, &folder)
        .arguments(&other)
        .run()
        .code(4)
        .says(&["belongs to project test"]);
    evctl("apply", &nats, &folder).arguments(&other).arguments(&["--adopt"]).run().code(4);
    assert_eq!(config(&nats, "STREAM.INFO.KN_DEFAULT__A")["metadata"]["evctl.dev/project"], "test");
}

const SUBSCRIPTION: &str = "---\napiVersion: messaging.knative.dev/v1\nkind: Subscription\nmetadata: {name: s}\n\
    spec:\n  channel: {apiVersion: messaging.knative.dev/v1alpha1, kind: NatsJetStreamChannel, name: a}\n\
    \x20 subscriber: {uri: 'http://s.example'}\n";

/// A dispatcher that pushes its consumer again drops the metadata.
fn a_dispatchers_consumer_counts_as_owned() {
    let nats = Nats::start();
    let folder = Folder::project(&[("a.yaml", &format!("{CHANNEL}{SUBSCRIPTION}"))]);
    let _ = apply(&nats, &folder);
    let wire = nats.wire();
    let names = wire.api("CONSUMER.NAMES.KN_DEFAULT__A", &json!({}));
    let name = names["consumers"][0].as_str().unwrap().to_owned();
    let mut plain = config(&nats, &format!("CONSUMER.INFO.KN_DEFAULT__A.{name}"));
    plain.as_object_mut().unwrap().remove("metadata");
    plain["max_ack_pending"] = json!(7);
    let request = json!({"stream_name": "KN_DEFAULT__A", "config": plain, "action": "update"});
    let answer = wire.api(&format!("CONSUMER.CREATE.KN_DEFAULT__A.{name}"), &request);
    assert!(answer["config"]["metadata"]["evctl.dev/project"].is_null(), "{answer}");
    evctl("plan", &nats, &folder).run().code(0).says(&["max_ack_pending: 7 → 1000", "1 to change"]);
    let _ = apply(&nats, &folder);
    apply(&nats, &folder).says(&["No changes."]);
}

/// Lists come in pages of 256.
fn many_streams_are_read_whole() {
    let nats = Nats::start();
    let wire = nats.wire();
    for number in 0..300 {
        let config = json!({"name": format!("A{number:03}"), "storage": "memory"});
        wire.api(&format!("STREAM.CREATE.A{number:03}"), &config);
    }
    let folder = Folder::project(&[("a.yaml", CHANNEL)]);
    let _ = apply(&nats, &folder);
    evctl("plan", &nats, &folder).arguments(&["--exit-code"]).run().code(0).says(&["No changes."]);
}

/// What the plan says of a change that cannot be is what the server says when it is asked.
fn refusals_are_the_servers_own() {
    let nats = Nats::start();
    let cases: &[(&str, &str, &str, Value)] = &[
        ("storage: File", "storage: Memory", "storage", json!("memory")),
        ("retention: Limits", "retention: Work", "retention", json!("workqueue")),
        ("retention: Work", "retention: Limits", "retention", json!("limits")),
    ];
    for (number, (before, after, field, value)) in cases.iter().enumerate() {
        let stream = format!("KN_DEFAULT__C{number}");
        let text = |config: &str| channel(config).replace("name: a", &format!("name: c{number}"));
        let folder = Folder::project(&[("a.yaml", &text(before))]);
        let _ = apply(&nats, &folder);
        folder.write("a.yaml", &text(after));
        let mut asked = config(&nats, &format!("STREAM.INFO.{stream}"));
        asked[*field] = value.clone();
        let error = nats.wire().api(&format!("STREAM.UPDATE.{stream}"), &asked)["error"].clone();
        agree(&evctl("plan", &nats, &folder).arguments(&["-o", "json"]).run().code(4), &error);
    }
    let consumers = [
        ("deliverPolicy: All", "deliverPolicy: New", "deliver_policy", json!("new")),
        ("replayPolicy: Instant", "replayPolicy: Original", "replay_policy", json!("original")),
    ];
    for (number, (before, after, field, value)) in consumers.into_iter().enumerate() {
        let name = format!("d{number}");
        let text = |template: &str| {
            format!("{CHANNEL}spec: {{consumerConfigTemplate: {{{template}}}}}\n{SUBSCRIPTION}")
                .replace("name: a", &format!("name: {name}"))
        };
        let folder = Folder::project(&[("a.yaml", &text(before))]);
        let _ = apply(&nats, &folder);
        folder.write("a.yaml", &text(after));
        let stream = format!("KN_DEFAULT__{}", name.to_uppercase());
        let wire = nats.wire();
        let consumer =
            wire.api(&format!("CONSUMER.NAMES.{stream}"), &json!({}))["consumers"][0].clone();
        let consumer = consumer.as_str().unwrap();
        let mut asked = config(&nats, &format!("CONSUMER.INFO.{stream}.{consumer}"));
        asked[field] = value;
        let request = json!({"stream_name": stream, "config": asked, "action": "update"});
        let error =
            wire.api(&format!("CONSUMER.CREATE.{stream}.{consumer}"), &request)["error"].clone();
        agree(&evctl("plan", &nats, &folder).arguments(&["-o", "json"]).run().code(4), &error);
    }
}

#[track_caller]
fn agree(said: &Said, server: &Value) {
    let plan = said.json();
    let refused: Vec<&Value> = plan["changes"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|change| change["action"] == "refused")
        .collect();
    assert_eq!(refused.len(), 1, "{said}");
    assert_eq!(refused[0]["rule"]["errCode"], server["err_code"], "{said}\n{server}");
    assert_eq!(refused[0]["rule"]["text"], server["description"], "{said}\n{server}");
}

/// An update replaces what it leaves out by defaults: metadata of others must be sent along.
fn what_evctl_does_not_know_survives() {
    let nats = Nats::start();
    let folder = Folder::project(&[("a.yaml", &channel("maxMsgs: 5"))]);
    let _ = apply(&nats, &folder);
    let wire = nats.wire();
    let mut theirs = config(&nats, "STREAM.INFO.KN_DEFAULT__A");
    theirs["metadata"]["team"] = json!("billing");
    let answer = wire.api("STREAM.UPDATE.KN_DEFAULT__A", &theirs);
    assert_eq!(answer["config"]["metadata"]["team"], "billing", "{answer}");
    folder.write("a.yaml", &channel("maxMsgs: 6"));
    apply(&nats, &folder).says(&["1 changed"]);
    let after = config(&nats, "STREAM.INFO.KN_DEFAULT__A");
    assert_eq!((&after["max_msgs"], &after["metadata"]["team"]), (&json!(6), &json!("billing")));
}

/// The plan is made, then somebody else changes the stream, or takes it over, or deletes it.
fn a_plan_that_is_stale_writes_nothing() {
    let meddle: [fn(&mut Value); 2] = [
        |config| config["max_age"] = json!(3_600_000_000_000_i64),
        |config| config["metadata"]["evctl.dev/project"] = json!("other"),
    ];
    for change in meddle {
        let nats = Nats::start();
        let folder = Folder::project(&[("a.yaml", &channel("maxMsgs: 5"))]);
        let _ = apply(&nats, &folder);
        folder.write("a.yaml", &channel("maxMsgs: 6"));
        let mut theirs = config(&nats, "STREAM.INFO.KN_DEFAULT__A");
        change(&mut theirs);
        let events = super::in_process::plan_then(&folder, &nats.url(), || {
            nats.wire().api("STREAM.UPDATE.KN_DEFAULT__A", &theirs);
        });
        assert!(events.iter().any(|event| matches!(event, ApplyEvent::Stale { .. })), "{events:?}");
        assert_eq!(config(&nats, "STREAM.INFO.KN_DEFAULT__A")["max_msgs"], 5);
    }
}

/// The server keeps instants in UTC, and tags as a set.
fn instants_and_tags_converge() {
    let nats = Nats::start();
    for (number, instant) in
        ["2026-01-01T02:00:00+02:00", "2026-01-01T00:00:00.500Z"].iter().enumerate()
    {
        let text = channel(&format!(
            "sources: [{{name: NOPE, optStartTime: \"{instant}\"}}], placement: {{tags: [b, a]}}"
        ));
        let folder = Folder::project(&[(
            "a.yaml",
            &text.replace("name: a}", &format!("name: a{number}}}")),
        )]);
        let _ = apply(&nats, &folder);
        apply(&nats, &folder).says(&["No changes."]);
    }
}

/// `policy.adopt` names a stream: it alone is taken over, with what it holds and without a flag.
fn the_project_says_what_it_adopts() {
    let nats = Nats::start();
    let wire = nats.wire();
    for name in ["a", "b"] {
        let upper = format!("KN_DEFAULT__{}", name.to_uppercase());
        let theirs = json!({"name": upper, "subjects": [format!("default.{name}._knative")]});
        wire.api(&format!("STREAM.CREATE.{upper}"), &theirs);
    }
    wire.publish("default.a._knative", "x");
    let named = |name: &str| {
        format!(
            "---\napiVersion: messaging.knative.dev/v1alpha1\nkind: NatsJetStreamChannel\n\
             metadata: {{name: {name}}}\nspec: {{stream: {{config: {{maxMsgs: 7}}}}}}\n"
        )
    };
    let folder = Folder::bare(&[
        ("a.yaml", &(named("a") + &named("b"))),
        ("evctl.yaml", "name: test\npolicy: {adopt: [stream/KN_DEFAULT__A]}\n"),
    ]);
    evctl("apply", &nats, &folder).run().code(4).says(&[
        "> stream/KN_DEFAULT__A",
        "x stream/KN_DEFAULT__B  refused: exists, is not owned and differs in max_msgs",
        "1 adopted",
        "1 refused",
    ]);
    let info = wire.api("STREAM.INFO.KN_DEFAULT__A", &Value::Null);
    let found = (&info["config"]["max_msgs"], &info["config"]["metadata"]["evctl.dev/project"]);
    assert_eq!(found, (&json!(7), &json!("test")), "{info:#}");
    assert_eq!(info["state"]["messages"], 1, "{info:#}");
    let left = config(&nats, "STREAM.INFO.KN_DEFAULT__B");
    assert_eq!(
        (&left["max_msgs"], &left["metadata"]["evctl.dev/project"]),
        (&json!(-1), &Value::Null)
    );
}
