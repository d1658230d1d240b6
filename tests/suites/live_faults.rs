//! Servers that are down, slow, without JetStream, without the CRDs, or that refuse: one clear error
//! and exit 1, within the time limit.

use std::time::{Duration, Instant};

use libtest_mimic::Trial;

use super::binary::{Evctl, Folder, Said};
use crate::servers::kubernetes::Cluster;
use crate::servers::nats::Nats;
use crate::servers::{Need, stubborn, trial};

pub(super) fn trials() -> Vec<Trial> {
    let nats = &[Need::Nats];
    let kube = &[Need::Kubernetes];
    let channels = &[Need::Kubernetes, Need::KnativeCrds, Need::NatssCrd];
    vec![
        trial("live_faults::nats_is_down", &[], nats_is_down),
        trial("live_faults::nats_is_silent", &[], nats_is_silent),
        trial("live_faults::nats_is_slow", nats, nats_is_slow),
        trial("live_faults::nats_is_paused", nats, nats_is_paused),
        trial("live_faults::nats_has_no_jetstream", nats, nats_has_no_jetstream),
        trial("live_faults::nats_refuses_the_credentials", nats, nats_refuses_the_credentials),
        trial("live_faults::nats_forbids_the_api", nats, nats_forbids_the_api),
        trial("live_faults::the_connection_is_cut", nats, the_connection_is_cut),
        trial("live_faults::the_cluster_is_down", kube, the_cluster_is_down),
        trial("live_faults::the_cluster_is_silent", kube, the_cluster_is_silent),
        trial(
            "live_faults::the_cluster_refuses_the_credentials",
            kube,
            the_cluster_refuses_the_credentials,
        ),
        trial("live_faults::the_cluster_forbids_a_kind", channels, the_cluster_forbids_a_kind),
        trial(
            "live_faults::the_cluster_lacks_the_crds",
            &[Need::Kubernetes],
            the_cluster_lacks_the_crds,
        ),
        trial("live_faults::the_kubeconfig_is_bad", &[], the_kubeconfig_is_bad),
        trial("live_faults::the_nats_context_is_bad", &[], the_nats_context_is_bad),
    ]
}

const ORDERS: &str = "examples/topologies/orders";

fn nats(url: &str) -> Evctl {
    Evctl::new(&["plan", ORDERS, "--no-kubernetes", "--nats-url", url, "--timeout", "2s"])
}

fn kube(kubeconfig: &str) -> Evctl {
    Evctl::new(&["plan", ORDERS, "--no-nats", "--kubeconfig", kubeconfig, "--timeout", "2s"])
}

/// One error, with what, why and help, exit 1, in time; and no URL's password anywhere.
#[track_caller]
fn one_clear_error(run: Evctl, texts: &[&str]) -> Said {
    let begun = Instant::now();
    let said = run.run().code(1).says(texts).says(&["error: ", "  why: ", "  help: "]);
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(8), "took {took:?}");
    let errors = said.stderr.lines().filter(|line| line.starts_with("error: ")).count();
    assert_eq!((errors, said.stderr.lines().count()), (1, 3), "{said}");
    assert_eq!(said.stdout, "", "{said}");
    said
}

fn nats_is_down() {
    let url = format!("nats://ann:s3cret@{}", stubborn::closed());
    one_clear_error(nats(&url), &["cannot be reached"]).hides(&["s3cret"]);
}

fn nats_is_silent() {
    let silent = stubborn::silent();
    one_clear_error(
        nats(&format!("nats://{}", silent.address())),
        &["cannot be reached", "no answer in time"],
    );
}

/// Slower than the limit is an error; slow within it is not.
fn nats_is_slow() {
    let server = Nats::start();
    let slow = stubborn::slow_proxy(server.address(), Duration::from_secs(3));
    one_clear_error(nats(&format!("nats://{}", slow.address())), &["cannot be", "in time"]);
    let patient = stubborn::slow_proxy(server.address(), Duration::from_millis(200));
    nats(&format!("nats://{}", patient.address())).run().code(0).says(&["5 to add"]);
}

fn nats_is_paused() {
    let mut server = Nats::start();
    let url = server.url();
    server.server.pause();
    one_clear_error(nats(&url), &["cannot be reached"]);
    server.server.resume();
}

fn nats_has_no_jetstream() {
    let server = Nats::start_with("jetstream: disabled\n");
    one_clear_error(nats(&server.url()), &["no JetStream at", "-js"]);
}

fn nats_refuses_the_credentials() {
    let server = Nats::start_with("authorization { user: ann, password: s3cret }\n");
    one_clear_error(nats(&server.url_with("ann", "wr0ng")), &["refuses the credentials"])
        .hides(&["s3cret", "wr0ng"]);
    one_clear_error(nats(&server.url()), &["refuses the credentials"]).hides(&["s3cret"]);
    nats(&server.url_with("ann", "s3cret")).run().code(0).says(&["5 to add"]).hides(&["s3cret"]);
    nats(&server.url())
        .variable("NATS_USER", "ann")
        .variable("NATS_PASSWORD", "s3cret")
        .run()
        .code(0)
        .says(&["5 to add"])
        .hides(&["s3cret"]);
}

fn nats_forbids_the_api() {
    let server = Nats::start_with(
        "authorization { users: [{ user: ann, password: s3cret, permissions: { publish: { deny: \"$JS.API.>\" } } }] }\n",
    );
    one_clear_error(nats(&server.url_with("ann", "s3cret")), &["cannot be read from"])
        .hides(&["s3cret"]);
}

fn the_connection_is_cut() {
    let server = Nats::start();
    // Enough for INFO and PONG, not for an answer.
    let proxy = stubborn::cutting_proxy(server.address(), 700);
    one_clear_error(nats(&format!("nats://{}", proxy.address())), &["127.0.0.1", "cannot be"]);
}

fn the_cluster_is_down() {
    let cluster = Cluster::shared();
    let kubeconfig = cluster.kubeconfig_at(&format!("https://{}", stubborn::closed()));
    one_clear_error(kube(kubeconfig.to_str().unwrap()), &["cannot be reached", "--no-kubernetes"]);
}

fn the_cluster_is_silent() {
    let (cluster, silent) = (Cluster::shared(), stubborn::silent());
    let kubeconfig = cluster.kubeconfig_at(&format!("https://{}", silent.address()));
    one_clear_error(kube(kubeconfig.to_str().unwrap()), &["cannot be reached"]);
}

fn the_cluster_refuses_the_credentials() {
    let cluster = Cluster::shared();
    for kubeconfig in [cluster.kubeconfig_bad(), cluster.kubeconfig_bad_token()] {
        one_clear_error(kube(kubeconfig.to_str().unwrap()), &["refuses the credentials", "401"]);
    }
}

fn the_cluster_forbids_a_kind() {
    let kubeconfig = Cluster::shared().kubeconfig_as("nobody", &["nobodies"]);
    // It is no error of the run: each object says so, and what else there is goes on.
    kube(kubeconfig.to_str().unwrap()).run().code(4).says(&[
        "could not be read",
        "403",
        "forbidden",
        "8 refused",
    ]);
}

fn the_cluster_lacks_the_crds() {
    let cluster = Cluster::start();
    one_clear_error(
        kube(cluster.kubeconfig().to_str().unwrap()),
        &[
            "does not serve",
            "NatsJetStreamChannel (messaging.knative.dev/v1alpha1)",
            "Subscription (messaging.knative.dev/v1)",
            "install the CRDs",
        ],
    );
}

fn the_kubeconfig_is_bad() {
    let folder =
        Folder::bare(&[("config", "apiVersion: v1\nkind: Config\nusers: [{token: s3cret}\n")]);
    one_clear_error(kube(folder.file("config").to_str().unwrap()), &["kubeconfig", "line 3"])
        .hides(&["s3cret"]);
    one_clear_error(kube("/nonexistent/config"), &["kubeconfig"]);
    one_clear_error(kube("/dev/null").arguments(&["--context", "nowhere"]), &["kubeconfig"]);
}

fn the_nats_context_is_bad() {
    let folder = Folder::bare(&[]);
    let contexts = folder.path().join("nats/context");
    std::fs::create_dir_all(&contexts).unwrap();
    std::fs::write(contexts.join("broken.json"), "{\"password\": \"s3cret\", \"url\": 7}").unwrap();
    let run = |name: &str| {
        Evctl::new(&["plan", ORDERS, "--no-kubernetes", "--nats-context", name, "--timeout", "2s"])
            .variable("XDG_CONFIG_HOME", folder.text())
    };
    one_clear_error(run("absent"), &["the NATS context absent cannot be used", "nats context ls"]);
    one_clear_error(run("broken"), &["not a context's JSON (line 1"]).hides(&["s3cret"]);
}
