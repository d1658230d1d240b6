//! One plan over both planes: a real API server and a real nats-server, the NATS channel's own
//! example set, and the uid that only the API server can give.

use libtest_mimic::Trial;
use serde_json::{Value, json};

use super::binary::{Evctl, Folder};
use crate::servers::api_watch::ApiWatch;
use crate::servers::kubernetes::Cluster;
use crate::servers::nats::Nats;
use crate::servers::{Need, trial};

pub(super) fn trials() -> Vec<Trial> {
    let both = &[Need::Nats, Need::Kubernetes, Need::KnativeCrds, Need::NatssCrd];
    vec![
        trial(
            "live_both_planes::a_new_subscription_names_its_consumer",
            both,
            a_new_subscription_names_its_consumer,
        ),
        trial("live_both_planes::the_ping_demo", both, the_ping_demo),
        trial("live_both_planes::a_channel_with_a_template", both, a_channel_with_a_template),
        trial(
            "live_both_planes::a_refused_stream_holds_its_consumers",
            both,
            a_refused_stream_holds_its_consumers,
        ),
        trial(
            "live_both_planes::a_saved_world_plans_without_servers",
            both,
            a_saved_world_plans_without_servers,
        ),
        trial("live_both_planes::a_saved_plan_with_secrets", both, a_saved_plan_with_secrets),
        trial(
            "live_both_planes::a_foreseen_refusal_holds_what_needs_it",
            both,
            a_foreseen_refusal_holds_what_needs_it,
        ),
    ]
}

struct Place {
    cluster: &'static Cluster,
    nats: Nats,
    namespace: String,
    /// The namespace as the names of streams have it.
    upper: String,
}

impl Place {
    fn new() -> Self {
        let cluster = Cluster::shared();
        let namespace = cluster.namespace("both");
        let upper = namespace.to_uppercase().replace('-', "_");
        Self { cluster, nats: Nats::start(), namespace, upper }
    }

    fn evctl(&self, verb: &str, path: &str) -> Evctl {
        let kubeconfig = self.cluster.kubeconfig().to_str().unwrap();
        let run = Evctl::new(&[verb, path, "-n", &self.namespace, "--kubeconfig", kubeconfig]);
        let run = run.arguments(&["--nats-url", &self.nats.url()]);
        if verb == "apply" { run.arguments(&["--yes"]) } else { run }
    }

    fn uid(&self, subscription: &str) -> String {
        let object =
            self.cluster.get("subscriptions.messaging.knative.dev", &self.namespace, subscription);
        object.unwrap()["metadata"]["uid"].as_str().unwrap().to_owned()
    }

    fn consumers(&self, channel: &str) -> Vec<String> {
        let names = self
            .nats
            .wire()
            .api(&format!("CONSUMER.NAMES.KN_{}__{channel}", self.upper), &json!({}));
        let names = names["consumers"].as_array().cloned().unwrap_or_default();
        names.iter().map(|name| name.as_str().unwrap().to_owned()).collect()
    }

    fn consumer(&self, channel: &str, uid: &str) -> Value {
        let plain = uid.replace('-', "").to_uppercase();
        let subject = format!("CONSUMER.INFO.KN_{}__{channel}.KN_SUB_{plain}", self.upper);
        self.nats.wire().api(&subject, &json!({}))["config"].clone()
    }

    /// A second plan finds nothing and writes on neither plane.
    #[track_caller]
    fn is_settled(&self, path: &str, extra: &[&str]) {
        let marker = self.cluster.marker();
        let watch = ApiWatch::start(&self.nats.url());
        self.evctl("plan", path)
            .arguments(extra)
            .arguments(&["--exit-code"])
            .run()
            .code(0)
            .says(&["No changes."]);
        self.evctl("apply", path).arguments(extra).run().code(0).says(&["No changes."]);
        assert_eq!(watch.writes(), Vec::<String>::new());
        let asked = self.cluster.requests(marker);
        let writes: Vec<_> = asked
            .iter()
            .filter(|r| r.namespace == self.namespace && !matches!(r.verb.as_str(), "get" | "list"))
            .collect();
        assert!(writes.is_empty(), "{writes:?}");
    }
}

fn a_new_subscription_names_its_consumer() {
    let place = Place::new();
    let orders = "examples/topologies/orders";
    place.evctl("plan", orders).run().code(0).says(&[
        "13 to add",
        &format!("KN_SUB_(UID of subscription.messaging.knative.dev/{}/billing)", place.namespace),
        "known after apply",
    ]);
    place.evctl("apply", orders).run().code(0).says(&["[13/13]", "13 added"]).hides(&["failed:"]);
    let uid = place.uid("billing");
    let config = place.consumer("ORDERS", &uid);
    assert_eq!(config["max_deliver"], 4, "{config}");
    assert_eq!(config["ack_wait"], json!(5_500_000_000_i64));
    let plain = uid.replace('-', "");
    let subject = format!("{}.orders._knative_consumer.{}", place.namespace, plain.to_lowercase());
    assert_eq!(config["deliver_subject"], json!(subject));
    assert_eq!(config["deliver_group"], json!(format!("KN_SUB_{}", plain.to_uppercase())));
    assert_eq!(place.consumers("ORDERS").len(), 2);
    place.is_settled(orders, &[]);
}

/// The demo that the NATS channel ships, in our own words: a channel, a source that pings it, a
/// display, and a second one for dead letters. The source's CRD is Knative's own.
fn the_ping_demo() {
    let place = Place::new();
    let demo = "examples/topologies/ping";
    place.evctl("apply", demo).run().code(0).says(&["added"]);
    let uid = place.uid("display");
    let consumer = place.consumer("PINGS", &uid);
    // A lone dead letter sink counts as a delivery without retries.
    assert_eq!(consumer["max_deliver"], 1, "{consumer}");
    let channel =
        place.cluster.get("natsjetstreamchannels.messaging.knative.dev", &place.namespace, "pings");
    assert_eq!(channel.unwrap()["metadata"]["labels"]["evctl.dev/project"], "ping");
    let source =
        place.cluster.get("pingsources.sources.knative.dev", &place.namespace, "every-minute");
    assert_eq!(source.unwrap()["spec"]["schedule"], "* * * * *");
    place.is_settled(demo, &[]);
    let simple = "examples/topologies/simple";
    place.evctl("apply", simple).run().code(0).says(&["2 added"]);
    let stream =
        place.nats.wire().api(&format!("STREAM.INFO.KN_{}__SIMPLE", place.upper), &json!({}));
    assert_eq!(
        stream["config"]["subjects"],
        json!([format!("{}.simple._knative", place.namespace)])
    );
    place.is_settled(simple, &[]);
}

fn a_channel_with_a_template() {
    let place = Place::new();
    let folder = Folder::project(&[(
        "a.yaml",
        "apiVersion: messaging.knative.dev/v1\nkind: Channel\nmetadata: {name: outer}\nspec:\n  channelTemplate:\n\
         \x20   apiVersion: messaging.knative.dev/v1alpha1\n    kind: NatsJetStreamChannel\n    spec: {stream: {config: {maxAge: 1h}}}\n\
         \x20 delivery: {retry: 1, backoffPolicy: linear, backoffDelay: PT0.2S}\n\
         ---\napiVersion: messaging.knative.dev/v1\nkind: Subscription\nmetadata: {name: s}\nspec:\n\
         \x20 channel: {apiVersion: messaging.knative.dev/v1, kind: Channel, name: outer}\n\
         \x20 subscriber: {uri: 'http://s.example'}\n",
    )]);
    place.evctl("apply", folder.text()).run().code(0).says(&["4 added"]);
    let config = place.consumer("OUTER", &place.uid("s"));
    assert_eq!(config["max_deliver"], 2, "{config}");
    place.is_settled(folder.text(), &[]);
}

fn a_refused_stream_holds_its_consumers() {
    let place = Place::new();
    let name = format!("KN_{}__ORDERS", place.upper);
    let theirs = json!({"name": name, "subjects": [format!("{}.orders._knative", place.namespace)], "max_msgs": 3});
    place.nats.wire().api(&format!("STREAM.CREATE.{name}"), &theirs);
    let said = place.evctl("apply", "examples/topologies/orders").run().code(4);
    let _ =
        said.says(&["refused: exists, is not owned", "held: waits for stream/KN_", "1 refused"]);
    assert_eq!(place.consumers("ORDERS"), Vec::<String>::new());
    assert_eq!(place.consumers("FAILED_ORDERS").len(), 1);
    place.evctl("apply", "examples/topologies/orders").arguments(&["--adopt"]).run().code(0);
    place.is_settled("examples/topologies/orders", &[]);
}

fn a_saved_world_plans_without_servers() {
    let place = Place::new();
    let folder = Folder::bare(&[]);
    let world = folder.file("world.json");
    let world = world.to_str().unwrap();
    place.evctl("apply", "examples/topologies/orders").run().code(0);
    place
        .evctl("plan", "examples/topologies/orders")
        .arguments(&["--save-world", world])
        .run()
        .code(0);
    let offline = ["examples/topologies/orders", "-n", &place.namespace, "--world", world];
    Evctl::new(&["plan", "--exit-code"])
        .arguments(&offline)
        .run()
        .code(0)
        .says(&["No changes.", "saved world"]);
    Evctl::new(&["apply", "--yes"])
        .arguments(&offline)
        .run()
        .code(64)
        .says(&["can be shown, not applied"]);
}

/// The server would refuse one stream: its consumers and its channel are held, the rest goes on.
fn a_foreseen_refusal_holds_what_needs_it() {
    let place = Place::new();
    // 10065: another stream has the subject.
    let theirs = json!({"name": "THEIRS", "subjects": [format!("{}.orders.>", place.namespace)]});
    place.nats.wire().api("STREAM.CREATE.THEIRS", &theirs);
    let said = place.evctl("apply", "examples/topologies/orders").run().code(4);
    let _ = said.says(&["10065", "of stream THEIRS", "held: waits for stream/KN_", "1 refused"]);
    assert_eq!(place.consumers("FAILED_ORDERS").len(), 1);
    place.nats.wire().api("STREAM.DELETE.THEIRS", &json!({}));
    place.evctl("apply", "examples/topologies/orders").run().code(0);
    place.is_settled("examples/topologies/orders", &[]);
}

/// A plan over both planes that is carried out later: values of Secrets are read again where the manifests
/// are, and a Secret that has changed since, in the files or in the cluster, is not written.
fn a_saved_plan_with_secrets() {
    let place = Place::new();
    let text = |value: &str, max: u32| {
        format!(
            "apiVersion: v1\nkind: Secret\nmetadata: {{name: keys}}\nstringData: {{one: {value}}}\n---\n\
             apiVersion: messaging.knative.dev/v1alpha1\nkind: NatsJetStreamChannel\n\
             metadata: {{name: a}}\nspec: {{stream: {{config: {{maxMsgs: {max}}}}}}}\n---\n\
             apiVersion: messaging.knative.dev/v1\nkind: Subscription\nmetadata: {{name: s}}\n\
             spec:\n  channel: {{apiVersion: messaging.knative.dev/v1alpha1, kind: NatsJetStreamChannel, \
             name: a}}\n  subscriber: {{uri: 'http://s.example'}}\n"
        )
    };
    let folder = Folder::project(&[("a.yaml", &text("first-value", 5))]);
    let file = folder.file("plan.json").display().to_string();
    let plan = || {
        let run = place.evctl("plan", folder.text()).arguments(&["--out", &file]);
        run.run().code(0).says(&["carries out exactly this"]).hides(&["first-value"]);
        let saved = std::fs::read_to_string(&file).unwrap();
        assert!(saved.contains("evctl:sha256:") && !saved.contains("-value"), "{saved}");
    };
    let apply = || place.evctl("apply", &file).run();
    let secret = || {
        let object = place.cluster.get("secrets", &place.namespace, "keys").unwrap();
        object["data"]["one"].as_str().unwrap().to_owned()
    };
    plan();
    apply().code(0).says(&["5 added"]).hides(&["first-value"]);
    assert_eq!(secret(), "Zmlyc3QtdmFsdWU=");
    assert_eq!(place.consumers("A").len(), 1);

    folder.write("a.yaml", &text("second-value", 6));
    plan();
    // The files say another value than was planned.
    folder.write("a.yaml", &text("third-value", 6));
    apply()
        .code(1)
        .says(&["the secret values of secret/", "are not to be had"])
        .hides(&["third-value"]);
    assert_eq!(secret(), "Zmlyc3QtdmFsdWU=");
    // Somebody has changed the live one.
    folder.write("a.yaml", &text("second-value", 6));
    let theirs = "{\"stringData\":{\"one\":\"their-value\"}}";
    let patch = ["patch", "secret", "keys", "-n", &place.namespace, "-p", theirs];
    place.cluster.kubectl(&patch).expect_success();
    apply().code(7).says(&["secret/", " stale: "]).hides(&["their-value", "second-value"]);
    assert_eq!(secret(), "dGhlaXItdmFsdWU=");
    let stream = format!("STREAM.INFO.KN_{}__A", place.upper);
    assert_eq!(place.nats.wire().api(&stream, &json!({}))["config"]["max_msgs"], 6);
}
