//! What people reported of NACK and of the nats command, and what evctl does there
//! (shared/facts/jetstream.md §4): each on a real server.

use libtest_mimic::Trial;
use serde_json::json;

use super::binary::{Evctl, Folder};
use super::live_nack::{settle, stream};
use crate::servers::nats::Nats;
use crate::servers::{Need, trial};

pub(super) fn trials() -> Vec<Trial> {
    let nats = &[Need::Nats];
    vec![
        trial("live_reported::nack_120_a_stream_is_renamed", nats, a_stream_is_renamed),
        trial("live_reported::nack_262_a_stream_becomes_a_queue", nats, a_stream_becomes_a_queue),
        trial("live_reported::natscli_1171_defaults_are_no_difference", nats, defaults_are_none),
        trial("live_reported::natscli_1010_sources_differ", nats, sources_differ),
    ]
}

fn document(kind: &str, name: &str, spec: &str) -> String {
    format!(
        "apiVersion: jetstream.nats.io/v1beta2\nkind: {kind}\nmetadata: {{name: {name}}}\nspec: {spec}\n"
    )
}

fn run(verb: &str, nats: &Nats, folder: &Folder, more: &[&str]) -> Evctl {
    let run = Evctl::new(&[verb, folder.text(), "--no-kubernetes", "--nats-url", &nats.url()]);
    let run = if verb == "apply" { run.arguments(&["--yes"]) } else { run };
    run.arguments(more)
}

/// NACK makes the new stream while the old one still has its subjects, and never gets on.
fn a_stream_is_renamed() {
    let nats = Nats::start();
    let old = document("Stream", "orders", "{name: OLD, subjects: [orders.>]}");
    let folder = Folder::project(&[("a.yaml", &old)]);
    settle(&nats, folder.text());
    folder.write("a.yaml", &document("Stream", "orders", "{name: NEW, subjects: [orders.>]}"));
    run("plan", &nats, &folder, &[]).run().says(&["stream/NEW", "(10065)", "stream OLD"]);
    run("apply", &nats, &folder, &["--prune"]).run().code(0).says(&["1 added", "1 destroyed"]);
    assert_eq!(stream(&nats, "NEW")["subjects"], json!(["orders.>"]));
    let old = nats.wire().api("STREAM.INFO.OLD", &json!({}));
    assert_eq!(old["error"]["err_code"], 10059);
    settle(&nats, folder.text());
}

/// NACK deletes and makes the stream again for ever; evctl asks first, and does it once.
fn a_stream_becomes_a_queue() {
    let nats = Nats::start();
    let of = |retention: &str| {
        let spec = format!("{{name: JOBS, subjects: [jobs], retention: {retention}}}");
        let consumer = "{streamName: JOBS, durableName: worker, ackPolicy: explicit, ackWait: 30s}";
        let stream = document("Stream", "jobs", &spec);
        format!("{stream}---\n{}", document("Consumer", "worker", consumer))
    };
    let folder = Folder::project(&[("a.yaml", &of("limits"))]);
    settle(&nats, folder.text());
    folder.write("a.yaml", &of("workqueue"));
    run("plan", &nats, &folder, &[]).run().says(&["(10052)", "--allow-replace stream/JOBS"]);
    assert_eq!(stream(&nats, "JOBS")["retention"], "limits");
    run("apply", &nats, &folder, &["--allow-replace", "stream/JOBS"]).run().code(0);
    assert_eq!(stream(&nats, "JOBS")["retention"], "workqueue");
    settle(&nats, folder.text());
}

/// `nats stream edit` shows differences that are defaults alone, and that never go.
fn defaults_are_none() {
    let nats = Nats::start();
    nats.wire().api("STREAM.CREATE.PLAIN", &json!({"name": "PLAIN", "subjects": ["plain"]}));
    let spec = "{name: PLAIN, subjects: [plain], storage: file}";
    let folder = Folder::project(&[("a.yaml", &document("Stream", "plain", spec))]);
    run("plan", &nats, &folder, &["--exit-code"]).run().code(0).says(&["No changes."]);
    run("apply", &nats, &folder, &["--adopt"]).run().code(0).says(&["1 adopted"]);
    settle(&nats, folder.text());
}

/// `nats stream edit` misses a difference in what a source takes.
fn sources_differ() {
    let nats = Nats::start();
    let of = |filter: &str| {
        let sources = format!("[{{name: ORIGIN, filterSubject: {filter}}}]");
        let copy = document("Stream", "copy", &format!("{{name: COPY, sources: {sources}}}"));
        let origin = document("Stream", "origin", "{name: ORIGIN, subjects: [in.>]}");
        format!("{origin}---\n{copy}")
    };
    let folder = Folder::project(&[("a.yaml", &of("in.a"))]);
    settle(&nats, folder.text());
    folder.write("a.yaml", &of("in.b"));
    run("plan", &nats, &folder, &[]).run().code(0).says(&[
        "sources",
        "in.a",
        "in.b",
        "1 to change",
    ]);
    settle(&nats, folder.text());
    assert_eq!(stream(&nats, "COPY")["sources"][0]["filter_subject"], "in.b");
}
