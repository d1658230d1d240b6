//! Streams of NATS channels have one maker: the channel's controller where it runs, evctl elsewhere. The
//! controller itself is not to be had here; what tells that it runs is its Deployment.

use libtest_mimic::Trial;
use serde_json::{Value, json};

use super::binary::{Evctl, Folder};
use super::live_prune::BUCKET;
use crate::servers::kubernetes::Cluster;
use crate::servers::nats::Nats;
use crate::servers::{Need, trial};

pub(super) fn trials() -> Vec<Trial> {
    let both = &[Need::Nats, Need::Kubernetes, Need::KnativeCrds, Need::NatssCrd];
    vec![trial("live_channel_controller::one_writer_for_each", both, one_writer_for_each)]
}

const CONTROLLER: &str = "apiVersion: v1\nkind: Namespace\nmetadata: {name: knative-eventing}\n---\n\
    apiVersion: apps/v1\nkind: Deployment\n\
    metadata: {name: jetstream-ch-controller, namespace: knative-eventing}\nspec:\n  replicas: 1\n  \
    selector: {matchLabels: {app: c}}\n  template:\n    metadata: {labels: {app: c}}\n    \
    spec: {containers: [{name: controller, image: none}]}\n";

fn streams(nats: &Nats) -> Vec<String> {
    let names = nats.wire().api("STREAM.NAMES", &json!({}))["streams"].clone();
    let names: Vec<String> = serde_json::from_value(names).unwrap_or_default();
    names.into_iter().filter(|name| name != BUCKET).collect()
}

fn one_writer_for_each() {
    // The Deployment would count for every test of a shared cluster.
    let cluster = Cluster::start();
    cluster.install_crds();
    let nats = Nats::start();
    let namespace = cluster.namespace("writer");
    let orders = "examples/topologies/orders";
    let run = |verb: &str, path: &str| {
        let kubeconfig = cluster.kubeconfig().to_str().unwrap();
        let run = Evctl::new(&[verb, path, "-n", &namespace, "--kubeconfig", kubeconfig]);
        let run = run.arguments(&["--nats-url", &nats.url()]);
        if verb == "apply" { run.arguments(&["--yes"]) } else { run }
    };
    let _ = run("plan", orders).run().code(0).says(&["13 to add"]).hides(&["observed"]);
    cluster.kubectl_stdin(&["create", "-f", "-"], CONTROLLER).expect_success();
    let said = run("apply", orders).run().code(0);
    let _ = said.says(&["streams of NATS channels: observed, as its controller runs", "8 added"]);
    assert_eq!(streams(&nats), [""; 0]);
    let _ = run("plan", orders).arguments(&["--exit-code"]).run().code(0).says(&["No changes."]);
    // What the controller has made is in nobody's way, and nobody's to prune.
    let upper = namespace.to_uppercase().replace('-', "_");
    let config = json!({"name": format!("KN_{upper}__ORDERS"), "subjects": [format!("{namespace}.orders._knative")]});
    nats.wire().api(&format!("STREAM.CREATE.KN_{upper}__ORDERS"), &config);
    let prune = ["--exit-code", "--prune"];
    let _ = run("plan", orders).arguments(&prune).run().code(0).says(&["No changes."]);
    // Scaled to nothing it makes nothing, and the project may know better.
    let scale = [
        "scale",
        "deployment",
        "jetstream-ch-controller",
        "-n",
        "knative-eventing",
        "--replicas=0",
    ];
    cluster.kubectl(&scale).expect_success();
    let _ = run("plan", orders).run().code(4).says(&["stream/KN_"]).hides(&["observed"]);
    let text = std::fs::read_to_string("examples/topologies/orders/channel.yaml");
    let channel = text.unwrap_or_else(|_| {
        "apiVersion: messaging.knative.dev/v1alpha1\nkind: NatsJetStreamChannel\nmetadata: {name: own}\n".to_owned()
    });
    let folder = Folder::bare(&[("a.yaml", &channel)]);
    for (said, is_observed) in [("managed", false), ("observed", true)] {
        folder.write("evctl.yaml", &format!("name: own\nstreams: {said}\n"));
        let plan = run("plan", folder.text()).arguments(&["-o", "json"]).run().json();
        let notes: Vec<&str> =
            plan["notes"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        let noted = notes.iter().any(|note| note.contains("observed, as the project says"));
        assert_eq!(noted, is_observed, "{notes:?}");
    }
}
