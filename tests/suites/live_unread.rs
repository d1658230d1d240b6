//! Streams that the server names and cannot list are neither there nor absent: the rest of the plan goes
//! on, nothing is made in their place, and nothing is pruned.

use libtest_mimic::Trial;
use serde_json::Value;

use super::binary::{Evctl, Folder, Said};
use crate::servers::nats::Nats;
use crate::servers::{Need, trial};

pub(super) fn trials() -> Vec<Trial> {
    let needs = &[Need::Nats, Need::NatsVersion("2.12")];
    vec![trial("live_unread::a_stream_of_a_newer_server", needs, a_stream_of_a_newer_server)]
}

fn channel(name: &str) -> String {
    format!(
        "apiVersion: messaging.knative.dev/v1alpha1\nkind: NatsJetStreamChannel\n\
         metadata: {{name: {name}}}\n---\n"
    )
}

fn evctl(verb: &str, nats: &Nats, folder: &Folder) -> Evctl {
    Evctl::new(&[verb, folder.text(), "--no-kubernetes", "--nats-url", &nats.url()])
}

/// A server of 2.12 cannot run what needs 2.14, and says so of it.
fn a_stream_of_a_newer_server() {
    let mut nats = Nats::start();
    let folder = Folder::project(&[("all.yaml", &(channel("a") + &channel("b")))]);
    evctl("apply", &nats, &folder).arguments(&["--yes"]).run().code(0);
    let wire = nats.wire();
    let mut config = wire.api("STREAM.INFO.KN_DEFAULT__A", &Value::Null)["config"].clone();
    config["allow_batched"] = Value::Bool(true);
    let answer = wire.api("STREAM.UPDATE.KN_DEFAULT__A", &config);
    assert_eq!(answer["config"]["allow_batched"], true, "{answer:#}");
    drop(wire);
    nats.restart_as("2.12");
    let refused = |said: Said| {
        let said = said.code(4).says(&["stream/KN_DEFAULT__A", "it could not be read"]);
        assert!(!said.stdout.contains("+ stream/"), "{said}");
    };
    refused(evctl("plan", &nats, &folder).run());
    refused(evctl("apply", &nats, &folder).arguments(&["--yes"]).run());
    folder.write("all.yaml", &channel("a"));
    let pruned = evctl("apply", &nats, &folder).arguments(&["--yes", "--prune"]).run();
    refused(pruned.says(&["0 to destroy", "stream/KN_DEFAULT__B"]));
    let left = nats.wire().api("STREAM.INFO.KN_DEFAULT__B", &Value::Null);
    assert_eq!(left["config"]["name"], "KN_DEFAULT__B", "{left:#}");
}
