//! What is declared no longer, and what cannot be changed in place, against a real nats-server: the
//! gates of prune and replace, and that exactly what was shown is deleted.

use libtest_mimic::Trial;
use serde_json::{Value, json};

use super::binary::{Evctl, Folder, Said};
use crate::servers::api_watch::ApiWatch;
use crate::servers::nats::Nats;
use crate::servers::{Need, trial};

pub(super) fn trials() -> Vec<Trial> {
    let nats = &[Need::Nats];
    vec![
        trial("live_prune::only_what_is_asked_for", nats, only_what_is_asked_for),
        trial("live_prune::consumers_go_with_their_marks", nats, consumers_go_with_their_marks),
        trial("live_prune::others_are_left_alone", nats, others_are_left_alone),
        trial("live_prune::many_need_a_word", nats, many_need_a_word),
        trial("live_prune::a_share_needs_a_word", nats, a_share_needs_a_word),
        trial("live_prune::the_protected_need_their_name", nats, the_protected_need_their_name),
        trial("live_prune::replacing_needs_a_name", nats, replacing_needs_a_name),
        trial("live_prune::a_consumer_is_replaced", nats, a_consumer_is_replaced),
    ]
}

fn channel(name: &str, config: &str) -> String {
    format!(
        "---\napiVersion: messaging.knative.dev/v1alpha1\nkind: NatsJetStreamChannel\n\
         metadata: {{name: {name}}}\nspec: {{stream: {{config: {{{config}}}}}}}\n"
    )
}

fn subscription(name: &str, channel: &str) -> String {
    format!(
        "---\napiVersion: messaging.knative.dev/v1\nkind: Subscription\nmetadata: {{name: {name}}}\n\
         spec:\n  channel: {{apiVersion: messaging.knative.dev/v1alpha1, kind: NatsJetStreamChannel, \
         name: {channel}}}\n  subscriber: {{uri: 'http://s.example'}}\n"
    )
}

fn evctl(verb: &str, nats: &Nats, folder: &Folder, more: &[&str]) -> Said {
    let run = Evctl::new(&[verb, folder.text(), "--no-kubernetes", "--nats-url", &nats.url()]);
    let run = if verb == "apply" { run.arguments(&["--yes"]) } else { run };
    run.arguments(more).run()
}

/// Where runs keep each other out.
pub(super) const BUCKET: &str = "KV_evctl-locks";

fn streams(nats: &Nats) -> Vec<String> {
    let names = nats.wire().api("STREAM.NAMES", &json!({}));
    let names = names["streams"].as_array().cloned().unwrap_or_default();
    let names = names.iter().map(|name| name.as_str().unwrap().to_owned());
    names.filter(|name| name != BUCKET).collect()
}

fn consumers(nats: &Nats, stream: &str) -> Vec<String> {
    let names = nats.wire().api(&format!("CONSUMER.NAMES.{stream}"), &json!({}));
    let names = names["consumers"].as_array().cloned().unwrap_or_default();
    names.iter().map(|name| name.as_str().unwrap().to_owned()).collect()
}

fn only_what_is_asked_for() {
    let nats = Nats::start();
    let both = channel("a", "") + &channel("b", "");
    let folder = Folder::project(&[("a.yaml", &both)]);
    evctl("apply", &nats, &folder, &[]).code(0).says(&["2 added"]);
    nats.wire().publish("default.b._knative", "x");
    folder.write("a.yaml", &channel("a", ""));
    let watch = ApiWatch::start(&nats.url());
    evctl("apply", &nats, &folder, &[]).code(0).says(&[
        "No longer declared, and left as it is: stream/KN_DEFAULT__B (--prune",
        "No changes.",
    ]);
    assert_eq!(watch.writes(), Vec::<String>::new());
    evctl("plan", &nats, &folder, &["--prune", "--exit-code"]).code(3).says(&[
        "  - stream/KN_DEFAULT__B  is no longer declared  ! drops ",
        "Plan: 0 to add, 0 to change, 1 to destroy. (1 destructive, 1 unchanged)",
    ]);
    evctl("apply", &nats, &folder, &["--prune"])
        .code(0)
        .says(&["[1/1] stream/KN_DEFAULT__B done", "0 added, 0 changed, 1 destroyed."]);
    assert_eq!(streams(&nats), ["KN_DEFAULT__A"]);
    evctl("apply", &nats, &folder, &["--prune"]).code(0).says(&["No changes."]);
}

/// A Subscription goes: its consumer with it, unless it lost its mark to a dispatcher.
fn consumers_go_with_their_marks() {
    let nats = Nats::start();
    let all = channel("a", "") + &subscription("one", "a") + &subscription("two", "a");
    let folder = Folder::project(&[("a.yaml", &all)]);
    evctl("apply", &nats, &folder, &[]).code(0).says(&["3 added"]);
    let wire = nats.wire();
    let names = consumers(&nats, "KN_DEFAULT__A");
    let unmarked = &names[0];
    let info = wire.api(&format!("CONSUMER.INFO.KN_DEFAULT__A.{unmarked}"), &json!({}));
    let mut config = info["config"].clone();
    config.as_object_mut().unwrap().remove("metadata");
    let request = json!({"stream_name": "KN_DEFAULT__A", "config": config, "action": "update"});
    wire.api(&format!("CONSUMER.CREATE.KN_DEFAULT__A.{unmarked}"), &request);
    folder.write("a.yaml", &channel("a", ""));
    evctl("apply", &nats, &folder, &["--prune"]).code(4).says(&[
        "it has no mark of its own",
        "1 destroyed",
        "1 refused",
    ]);
    assert_eq!(consumers(&nats, "KN_DEFAULT__A"), std::slice::from_ref(unmarked));
    let name = format!("consumer/KN_DEFAULT__A/{unmarked}");
    evctl("apply", &nats, &folder, &["--prune", "--allow-delete", &name])
        .code(0)
        .says(&["1 destroyed"]);
    assert_eq!(consumers(&nats, "KN_DEFAULT__A"), Vec::<String>::new());
    evctl("plan", &nats, &folder, &["--allow-delete", "stream/NOPE"])
        .code(64)
        .says(&["--allow-delete stream/NOPE names nothing of this plan"]);
}

/// Another project's, and nobody's.
fn others_are_left_alone() {
    let nats = Nats::start();
    nats.wire().api("STREAM.CREATE.PLAIN", &json!({"name": "PLAIN"}));
    let other = Folder::project(&[("a.yaml", &channel("theirs", ""))]);
    evctl("apply", &nats, &other, &["--project", "other"]).code(0);
    let folder = Folder::project(&[("a.yaml", &channel("a", ""))]);
    evctl("apply", &nats, &folder, &["--prune"]).code(0).says(&["1 added", "0 destroyed"]);
    assert_eq!(streams(&nats), ["KN_DEFAULT__A", "KN_DEFAULT__THEIRS", "PLAIN"]);
}

fn many_need_a_word() {
    let nats = Nats::start();
    let all: String = (0..70).map(|n| channel(&format!("c{n:02}"), "")).collect();
    let some: String = (0..59).map(|n| channel(&format!("c{n:02}"), "")).collect();
    let folder = Folder::project(&[("a.yaml", &all)]);
    evctl("apply", &nats, &folder, &[]).code(0).says(&["70 added"]);
    folder.write("a.yaml", &some);
    evctl("apply", &nats, &folder, &["--prune"])
        .code(4)
        .says(&["11 of 70 owned objects would go", "11 refused"]);
    assert_eq!(streams(&nats).len(), 70);
    evctl("apply", &nats, &folder, &["--prune", "--allow-mass-delete"])
        .code(0)
        .says(&["11 destroyed"]);
    assert_eq!(streams(&nats).len(), 59);
}

fn a_share_needs_a_word() {
    let nats = Nats::start();
    let some = |count: usize| (0..count).map(|n| channel(&format!("c{n}"), "")).collect::<String>();
    let folder = Folder::project(&[("a.yaml", &some(5))]);
    evctl("apply", &nats, &folder, &[]).code(0).says(&["5 added"]);
    folder.write("a.yaml", &some(3));
    evctl("apply", &nats, &folder, &["--prune"]).code(4).says(&["2 of 5 owned objects would go"]);
    folder.write("a.yaml", &some(4));
    evctl("apply", &nats, &folder, &["--prune"]).code(0).says(&["1 destroyed"]);
    // Of four, half may go.
    folder.write("a.yaml", &some(2));
    evctl("apply", &nats, &folder, &["--prune"]).code(0).says(&["2 destroyed"]);
}

fn the_protected_need_their_name() {
    let nats = Nats::start();
    let all = channel("a", "") + &channel("b", "") + &channel("c", "");
    let folder = Folder::project(&[("a.yaml", &all)]);
    evctl("apply", &nats, &folder, &[]).code(0);
    let wire = nats.wire();
    let mut config = wire.api("STREAM.INFO.KN_DEFAULT__B", &json!({}))["config"].clone();
    config["metadata"]["evctl.dev/protect"] = json!("true");
    wire.api("STREAM.UPDATE.KN_DEFAULT__B", &config);
    folder.write("a.yaml", &channel("a", ""));
    folder.write("evctl.yaml", "name: test\npolicy: {protect: [stream/KN_DEFAULT__C]}\n");
    evctl("apply", &nats, &folder, &["--prune"]).code(4).says(&[
        "it is protected; --allow-delete stream/KN_DEFAULT__B lets it go",
        "it is protected; --allow-delete stream/KN_DEFAULT__C lets it go",
        "2 refused",
    ]);
    assert_eq!(streams(&nats).len(), 3);
    let named = ["--prune", "--allow-delete", "stream/KN_DEFAULT__B"];
    evctl("apply", &nats, &folder, &named).code(4).says(&["1 destroyed", "1 refused"]);
    evctl("apply", &nats, &folder, &["--prune", "--allow-delete", "stream/KN_DEFAULT__C"]).code(0);
    assert_eq!(streams(&nats), ["KN_DEFAULT__A"]);
}

fn replacing_needs_a_name() {
    let nats = Nats::start();
    let text =
        |storage: &str| channel("a", &format!("storage: {storage}")) + &subscription("s", "a");
    let folder = Folder::project(&[("a.yaml", &text("File"))]);
    evctl("apply", &nats, &folder, &[]).code(0);
    let wire = nats.wire();
    (0..3).for_each(|_| wire.publish("default.a._knative", "x"));
    folder.write("a.yaml", &text("Memory"));
    evctl("apply", &nats, &folder, &[]).code(4).says(&[
        "can not change storage type (10052); --allow-replace stream/KN_DEFAULT__A makes it anew",
    ]);
    let name = ["--allow-replace", "stream/KN_DEFAULT__A"];
    let shown = ["--allow-replace", "stream/KN_DEFAULT__A", "--exit-code"];
    evctl("plan", &nats, &folder, &shown).code(3);
    evctl("apply", &nats, &folder, &name).code(0).says(&[
        "-/+ stream/KN_DEFAULT__A",
        "! drops ",
        "its stream is made anew",
        "2 added, 0 changed, 1 destroyed",
    ]);
    let info = wire.api("STREAM.INFO.KN_DEFAULT__A", &json!({}));
    assert_eq!(
        (&info["config"]["storage"], &info["state"]["messages"]),
        (&json!("memory"), &json!(0))
    );
    assert_eq!(consumers(&nats, "KN_DEFAULT__A").len(), 1);
    evctl("apply", &nats, &folder, &[]).code(0).says(&["No changes."]);
    // The project's own word does it as well, unless the stream is protected.
    folder.write("a.yaml", &text("File"));
    let policy = "allowReplace: [stream/KN_DEFAULT__A]";
    folder.write(
        "evctl.yaml",
        &format!("name: test\npolicy: {{{policy}, protect: [stream/KN_DEFAULT__A]}}\n"),
    );
    evctl("plan", &nats, &folder, &[]).code(4).says(&["x stream/KN_DEFAULT__A"]);
    folder.write("evctl.yaml", &format!("name: test\npolicy: {{{policy}}}\n"));
    evctl("apply", &nats, &folder, &[]).code(0).says(&["-/+ stream/KN_DEFAULT__A"]);
}

fn a_consumer_is_replaced() {
    let nats = Nats::start();
    let text = |policy: &str| {
        channel("a", "").replace(
            "spec: {",
            &format!("spec: {{consumerConfigTemplate: {{deliverPolicy: {policy}}}, "),
        ) + &subscription("s", "a")
    };
    let folder = Folder::project(&[("a.yaml", &text("All"))]);
    evctl("apply", &nats, &folder, &[]).code(0);
    folder.write("a.yaml", &text("New"));
    let name = format!("consumer/KN_DEFAULT__A/{}", consumers(&nats, "KN_DEFAULT__A")[0]);
    evctl("plan", &nats, &folder, &[]).code(4).says(&["deliver policy can not be updated (10012)"]);
    evctl("apply", &nats, &folder, &["--allow-replace", &name])
        .code(0)
        .says(&["1 added, 0 changed, 1 destroyed"]);
    evctl("apply", &nats, &folder, &[]).code(0).says(&["No changes."]);
    let config: Value = nats
        .wire()
        .api(&name.replace("consumer/", "CONSUMER.INFO.").replace('/', "."), &json!({}))["config"]
        .clone();
    assert_eq!(config["deliver_policy"], "new");
}
