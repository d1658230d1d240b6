//! Credentials that people write where they should not reach no output, whatever else is wrong.

use libtest_mimic::Trial;

use super::binary::{Evctl, Folder};
use super::plain;

pub(super) fn trials() -> Vec<Trial> {
    vec![
        plain("credentials::of_project_files_are_not_shown", of_project_files),
        plain("credentials::of_manifests_are_not_shown", of_manifests),
    ]
}

const CHANNEL: &str =
    "apiVersion: messaging.knative.dev/v1alpha1\nkind: NatsJetStreamChannel\nmetadata: {name: a}\n";

fn of_project_files() {
    for nats in [
        "nats: 'nats://u:hunter2secret@h:4222'",
        "nats: {urls: 'nats://u:hunter2secret@h'}",
        "nats: {url: ['nats://u:hunter2secret@h']}",
        "nats: {password: hunter2secret, token: hunter2secret}",
        "nats: {token: hunter2secret",
    ] {
        let project = format!("name: a\nenvironments:\n  p:\n    {nats}\n");
        check(&[("a.yaml", CHANNEL), ("evctl.yaml", &project)]);
    }
}

fn of_manifests() {
    let config = |text: &str| {
        format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: config-nats}}\ndata:\n  eventing-nats: {text}\n"
        )
    };
    for text in [
        config("|\n    url: nats://a:1\n    auth: hunter2secret"),
        config("|\n    auth: {credentialFile: {secret: hunter2secret}}"),
        config("|\n    urls: nats://u:hunter2secret@h"),
        config("{url: 'nats://u:hunter2secret@h'}"),
        "apiVersion: jetstream.nats.io/v1beta2\nkind: Account\nmetadata: {name: a}\nspec: {servers: 'nats://u:hunter2secret@h', token: hunter2secret}\n".to_owned(),
        "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\ndata: [x]\nstringdata: {a: hunter2secret}\n".to_owned(),
        "apiVersion: v1\nkind: secret\nmetadata: {name: a}\ndata: {a: hunter2secret, a: x}\n".to_owned(),
        "apiVersion: events.openfunction.io/v1alpha1\nkind: EventSource\nmetadata: {name: a}\nspec: {redis: {t: {redisPassword: hunter2secret, foo: 1}}}\n".to_owned(),
    ] {
        check(&[("a.yaml", &text)]);
    }
}

fn check(files: &[(&str, &str)]) {
    let folder = Folder::bare(files);
    for output in ["text", "json", "sarif", "github"] {
        let said = Evctl::new(&["validate", folder.text(), "-o", output]).run();
        assert!(!format!("{said}").contains("hunter2"), "{files:?}:\n{said}");
    }
    Evctl::new(&["plan", "--offline", "--project", "a", folder.text()]).run().hides(&["hunter2"]);
}
