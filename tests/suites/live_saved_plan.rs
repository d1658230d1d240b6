//! A plan that is made now and carried out later: exactly it, or not at all. Against real servers.

use libtest_mimic::Trial;
use serde_json::{Value, json};

use super::binary::{Evctl, Folder, Said};
use crate::servers::api_watch::ApiWatch;
use crate::servers::nats::Nats;
use crate::servers::{Need, trial};

pub(super) fn trials() -> Vec<Trial> {
    let nats = &[Need::Nats];
    vec![
        trial("live_saved_plan::is_carried_out_as_shown", nats, is_carried_out_as_shown),
        trial("live_saved_plan::stale_steps_are_left_alone", nats, stale_steps_are_left_alone),
        trial("live_saved_plan::what_does_not_matter", nats, what_does_not_matter),
        trial("live_saved_plan::another_account_is_stale", nats, another_account_is_stale),
        trial("live_saved_plan::files_that_are_none", nats, files_that_are_none),
        trial("live_saved_plan::replaces_and_deletes", nats, replaces_and_deletes),
    ]
}

fn channel(name: &str, config: &str) -> String {
    format!(
        "---\napiVersion: messaging.knative.dev/v1alpha1\nkind: NatsJetStreamChannel\n\
         metadata: {{name: {name}}}\nspec: {{stream: {{config: {{{config}}}}}}}\n"
    )
}

fn plan(nats: &Nats, folder: &Folder, more: &[&str]) -> String {
    let file = folder.file("plan.json").display().to_string();
    let url = nats.url();
    let run = Evctl::new(&["plan", folder.text(), "--no-kubernetes", "--nats-url", &url]);
    run.arguments(&["--out", &file])
        .arguments(more)
        .run()
        .code(0)
        .says(&["carries out exactly this"]);
    file
}

fn apply(nats: &Nats, file: &str) -> Said {
    Evctl::new(&["apply", file, "--no-kubernetes", "--nats-url", &nats.url()]).run()
}

fn config(nats: &Nats, stream: &str) -> Value {
    nats.wire().api(&format!("STREAM.INFO.{stream}"), &json!({}))["config"].clone()
}

/// Without a question, and without the manifests.
fn is_carried_out_as_shown() {
    let nats = Nats::start();
    let folder = Folder::project(&[("a.yaml", &(channel("a", "maxMsgs: 5") + &channel("b", "")))]);
    let watch = ApiWatch::start(&nats.url());
    let file = plan(&nats, &folder, &[]);
    assert_eq!(watch.writes(), Vec::<String>::new());
    folder.write("a.yaml", &channel("c", ""));
    apply(&nats, &file).code(0).says(&["+ stream/KN_DEFAULT__A", "a.yaml:4]", "2 added"]);
    assert_eq!(config(&nats, "KN_DEFAULT__A")["max_msgs"], 5);
    // Once more is no harm: all of it is done.
    let watch = ApiWatch::start(&nats.url());
    apply(&nats, &file).code(0).says(&["2 added"]);
    let updates = watch.writes().iter().filter(|subject| subject.contains("UPDATE")).count();
    assert_eq!(updates, 0);
}

fn stale_steps_are_left_alone() {
    let nats = Nats::start();
    let both = |limit: u8| {
        channel("a", &format!("maxMsgs: {limit}")) + &channel("b", &format!("maxMsgs: {limit}"))
    };
    let folder = Folder::project(&[("a.yaml", &both(5))]);
    apply(&nats, &plan(&nats, &folder, &[])).code(0);
    folder.write("a.yaml", &both(6));
    let file = plan(&nats, &folder, &[]);
    let wire = nats.wire();
    let mut theirs = config(&nats, "KN_DEFAULT__A");
    theirs["max_msgs"] = json!(7);
    wire.api("STREAM.UPDATE.KN_DEFAULT__A", &theirs);
    apply(&nats, &file).code(7).says(&[
        "stream/KN_DEFAULT__A stale: max_msgs: planned from 5, now 7, planned to 6; plan again",
        "stream/KN_DEFAULT__B done",
    ]);
    assert_eq!(config(&nats, "KN_DEFAULT__A")["max_msgs"], 7);
    assert_eq!(config(&nats, "KN_DEFAULT__B")["max_msgs"], 6);
    // Nothing but the stale step is left.
    apply(&nats, &file).code(7);
    wire.api("STREAM.DELETE.KN_DEFAULT__B", &json!({}));
    apply(&nats, &file).code(5).says(&["it has gone since the plan was made"]);
}

/// Messages, other metadata, and somebody who was faster.
fn what_does_not_matter() {
    let nats = Nats::start();
    let folder = Folder::project(&[("a.yaml", &channel("a", "maxMsgs: 50"))]);
    apply(&nats, &plan(&nats, &folder, &[])).code(0);
    folder.write("a.yaml", &channel("a", "maxMsgs: 60, maxAge: 1h"));
    let file = plan(&nats, &folder, &[]);
    let wire = nats.wire();
    wire.publish("default.a._knative", "x");
    let mut theirs = config(&nats, "KN_DEFAULT__A");
    theirs["max_msgs"] = json!(60);
    theirs["metadata"]["team"] = json!("billing");
    wire.api("STREAM.UPDATE.KN_DEFAULT__A", &theirs);
    apply(&nats, &file).code(0).says(&["1 changed"]);
    let now = config(&nats, "KN_DEFAULT__A");
    assert_eq!((&now["max_msgs"], &now["metadata"]["team"]), (&json!(60), &json!("billing")));
    assert_eq!(now["max_age"], json!(3_600_000_000_000_i64));
}

fn another_account_is_stale() {
    let users = "accounts {\n  A {jetstream: enabled, users: [{user: a, password: a}]}\n  \
                 B {jetstream: enabled, users: [{user: b, password: b}]}\n}\n";
    let nats = Nats::start_with(users);
    let folder = Folder::project(&[("a.yaml", &channel("a", ""))]);
    let file = folder.file("plan.json").display().to_string();
    let run = |arguments: &[&str], user: &str| {
        Evctl::new(arguments)
            .arguments(&["--no-kubernetes", "--nats-url", &nats.url()])
            .variable("NATS_USER", user)
            .variable("NATS_PASSWORD", user)
            .run()
    };
    run(&["plan", folder.text(), "--out", &file], "a").code(0);
    run(&["apply", &file], "b").code(5).says(&["account: planned for `A`, now `B`"]);
    run(&["apply", &file], "a").code(0).says(&["1 added"]);
}

fn files_that_are_none() {
    let nats = Nats::start();
    let folder = Folder::project(&[("a.yaml", &channel("a", ""))]);
    let url = nats.url();
    let shown = Evctl::new(&["plan", folder.text(), "--no-kubernetes", "--nats-url", &url]);
    let shown = shown.arguments(&["-o", "json"]).run().code(0).stdout;
    folder.write("shown.json", &shown);
    apply(&nats, folder.file("shown.json").to_str().unwrap()).code(64).says(&["--out FILE"]);
    let file = plan(&nats, &folder, &[]);
    let text = std::fs::read_to_string(&file).unwrap();
    folder.write("bent.json", &text.replace("\"salt\"", "\"pepper\""));
    apply(&nats, folder.file("bent.json").to_str().unwrap()).code(64).says(&["it is damaged"]);
    // A plan among the manifests is none of them.
    plan(&nats, &folder, &[]);
    let offline = Evctl::new(&["plan", folder.text(), "--offline", "--out", &file]);
    offline.run().code(64);
}

fn replaces_and_deletes() {
    let nats = Nats::start();
    let folder = Folder::project(&[("a.yaml", &(channel("a", "") + &channel("b", "")))]);
    apply(&nats, &plan(&nats, &folder, &[])).code(0);
    folder.write("a.yaml", &channel("a", "storage: Memory"));
    let more = ["--prune", "--allow-replace", "stream/KN_DEFAULT__A"];
    let file = plan(&nats, &folder, &more);
    let wire = nats.wire();
    wire.publish("default.b._knative", "x");
    apply(&nats, &file).code(7).says(&[
        "it was empty when the plan was made and holds 1 messages now",
        "stream/KN_DEFAULT__A done",
    ]);
    assert_eq!(config(&nats, "KN_DEFAULT__A")["storage"], "memory");
    wire.api("STREAM.PURGE.KN_DEFAULT__B", &json!({}));
    apply(&nats, &file).code(0).says(&["0 changed, 2 destroyed"]);
    assert!(config(&nats, "KN_DEFAULT__B").is_null());
}
