//! NACK's KeyValue and ObjectStore, made by evctl and by the `nats` command: the same streams, field by
//! field.

use libtest_mimic::Trial;

use super::binary::Folder;
use super::live_nack::{nats_cli, settle, stream};
use crate::servers::nats::Nats;
use crate::servers::{Need, trial};

pub(super) fn trials() -> Vec<Trial> {
    let cli = &[Need::Nats, Need::NatsCli];
    vec![trial("live_nack::stores_are_the_clients_own", cli, stores_are_the_clients_own)]
}

/// A bucket by evctl on one server, and by the `nats` command on another.
#[track_caller]
fn same_as_cli(kind: &str, spec: &str, arguments: &[&str]) {
    let (ours, theirs) = (Nats::start(), Nats::start());
    for nats in [&ours, &theirs] {
        // What others copy from.
        nats_cli(nats, &["kv", "add", "origin"]);
    }
    let text = format!(
        "apiVersion: jetstream.nats.io/v1beta2\nkind: {kind}\nmetadata: {{name: a}}\nspec: {{bucket: a{spec}}}\n"
    );
    let folder = Folder::project(&[("a.yaml", &text)]);
    settle(&ours, folder.text());
    let (command, name) = if kind == "KeyValue" { ("kv", "KV_a") } else { ("object", "OBJ_a") };
    nats_cli(&theirs, &[&[command, "add", "a"], arguments].concat());
    assert_eq!(stream(&ours, name), stream(&theirs, name), "{spec}");
}

fn stores_are_the_clients_own() {
    let kv = |spec: &str, arguments: &[&str]| same_as_cli("KeyValue", spec, arguments);
    kv("", &[]);
    kv(", ttl: 30s, history: 5", &["--ttl", "30s", "--history", "5"]);
    kv(
        ", description: d, ttl: 24h, maxValueSize: 100, maxBytes: 1000000, storage: memory, \
         compression: true, limitMarkerTtl: 60000000000, placement: {tags: [a, b]}, \
         republish: {source: '>', destination: copy.>}",
        &[
            "--description=d",
            "--ttl=24h",
            "--max-value-size=100",
            "--max-bucket-size=1000000",
            "--storage=memory",
            "--compress",
            "--marker-ttl=1m",
            "--tags=a",
            "--tags=b",
            "--republish-source=>",
            "--republish-destination=copy.>",
        ],
    );
    kv(", mirror: {name: origin}", &["--mirror=origin"]);
    kv(", sources: [{name: origin}, {name: KV_other}]", &["--source=origin", "--source=KV_other"]);
    kv(
        ", mirror: {name: origin, externalApiPrefix: $JS.hub.API}",
        &["--mirror=origin", "--mirror-domain=hub"],
    );
    let object = |spec: &str, arguments: &[&str]| same_as_cli("ObjectStore", spec, arguments);
    object("", &[]);
    object(
        ", description: d, ttl: 1h, maxBytes: 1000000, storage: memory, compression: true, placement: {cluster: c}",
        &[
            "--description=d",
            "--ttl=1h",
            "--max-bucket-size=1000000",
            "--storage=memory",
            "--compress",
            "--cluster=c",
        ],
    );
}
