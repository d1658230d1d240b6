//! What a real API server does not change in place, and what other managers own: refused by name, made anew
//! or taken only where somebody says so.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use libtest_mimic::Trial;
use serde_json::{Value, json};

use super::binary::Evctl;
use super::live_kubernetes::Place;
use crate::servers::http_faults::{Answer, Faults};
use crate::servers::nats::Nats;
use crate::servers::{Need, trial};

pub(super) fn trials() -> Vec<Trial> {
    let kube = &[Need::Kubernetes];
    let channels = &[Need::Kubernetes, Need::KnativeCrds, Need::NatssCrd];
    let both = &[Need::Nats, Need::Kubernetes, Need::KnativeCrds, Need::NatssCrd];
    let named = |name: &str| format!("live_kubernetes_replace::{name}");
    vec![
        trial(
            &named("what_a_webhook_fixes_needs_a_name"),
            channels,
            what_a_webhook_fixes_needs_a_name,
        ),
        trial(
            &named("what_the_server_fixes_needs_a_name"),
            kube,
            what_the_server_fixes_needs_a_name,
        ),
        trial(&named("a_finalizer_holds_a_replacement"), kube, a_finalizer_holds_a_replacement),
        trial(
            &named("a_new_subscription_has_a_new_consumer"),
            both,
            a_new_subscription_has_a_new_consumer,
        ),
        trial(
            &named("conflicts_are_named_and_taken_by_word"),
            kube,
            conflicts_are_named_and_taken_by_word,
        ),
        trial(&named("adoption_says_what_it_takes"), kube, adoption_says_what_it_takes),
        trial(&named("a_webhook_without_dry_run"), kube, a_webhook_without_dry_run),
        trial(
            &named("a_broken_replacement_is_made_up_for"),
            kube,
            a_broken_replacement_is_made_up_for,
        ),
        trial(&named("a_broken_adoption_is_made_up_for"), kube, a_broken_adoption_is_made_up_for),
    ]
}

fn topology(channel: &str) -> String {
    let one = |name: &str| {
        format!(
            "apiVersion: messaging.knative.dev/v1alpha1\nkind: NatsJetStreamChannel\nmetadata: {{name: {name}}}\n---\n"
        )
    };
    one("a")
        + &one("b")
        + &format!(
            "apiVersion: messaging.knative.dev/v1\nkind: Subscription\nmetadata: {{name: s}}\nspec:\n\
             \x20 channel: {{apiVersion: messaging.knative.dev/v1alpha1, kind: NatsJetStreamChannel, name: {channel}}}\n\
             \x20 subscriber: {{uri: 'http://s.example'}}\n"
        )
}

fn uid(place: &Place, kind: &str, name: &str) -> String {
    place.get(kind, name)["metadata"]["uid"].as_str().unwrap().to_owned()
}

fn what_a_webhook_fixes_needs_a_name() {
    let place = Place::new(&topology("a"));
    let _ = place.apply();
    let before = uid(&place, "subscriptions.messaging.knative.dev", "s");
    place.write(&topology("b"));
    let name = format!("subscription.messaging.knative.dev/{}/s", place.namespace);
    place.evctl("apply").run().code(4).says(&[
        "spec.channel.name is immutable in a Subscription",
        &format!("(400); --allow-replace {name} makes it anew"),
        "! loses the events in flight",
    ]);
    assert_eq!(uid(&place, "subscriptions.messaging.knative.dev", "s"), before);
    let more = ["--allow-replace", &name, "--exit-code"];
    place
        .evctl("plan")
        .arguments(&more)
        .run()
        .code(3)
        .says(&["-/+ subscription", "Not verified: 1"]);
    place
        .evctl("apply")
        .arguments(&more[..2])
        .run()
        .code(0)
        .says(&["1 added, 0 changed, 1 destroyed"]);
    let after = place.get("subscriptions.messaging.knative.dev", "s");
    assert_eq!(after["spec"]["channel"]["name"], "b");
    assert_ne!(after["metadata"]["uid"].as_str(), Some(before.as_str()));
    place.is_settled();
}

fn deployment(app: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\nspec:\n\
         \x20 selector: {{matchLabels: {{app: {app}}}}}\n  template:\n    metadata: {{labels: {{app: {app}}}}}\n\
         \x20   spec: {{containers: [{{name: web, image: web}}]}}\n"
    )
}

fn what_the_server_fixes_needs_a_name() {
    let place = Place::new(&deployment("one"));
    let _ = place.apply();
    place.write(&deployment("two"));
    let name = format!("deployment.apps/{}/web", place.namespace);
    let refused = format!("field is immutable (422); --allow-replace {name} makes it anew");
    place.evctl("apply").run().code(4).says(&[&refused]);
    // The project's word does it as well, unless the object protects itself.
    place.kubectl(&["annotate", "deployment", "web", "evctl.dev/protect=true"], "");
    place.folder.write("evctl.yaml", &format!("name: test\npolicy: {{allowReplace: [{name}]}}\n"));
    place.evctl("apply").run().code(4).says(&[&refused]);
    place.kubectl(&["annotate", "deployment", "web", "evctl.dev/protect-"], "");
    let before = uid(&place, "deployment", "web");
    place.apply().says(&["-/+ deployment.apps/", "1 added, 0 changed, 1 destroyed"]);
    let after = place.get("deployment", "web");
    assert_eq!(after["spec"]["selector"]["matchLabels"]["app"], "two");
    assert_ne!(after["metadata"]["uid"].as_str(), Some(before.as_str()));
    place.is_settled();
}

fn a_finalizer_holds_a_replacement() {
    let place = Place::new(&deployment("one"));
    let _ = place.apply();
    let finalizer = r#"{"metadata":{"finalizers":["example.com/held"]}}"#;
    place.kubectl(&["patch", "deployment", "web", "--type=merge", "-p", finalizer], "");
    place.write(&deployment("two"));
    let name = format!("deployment.apps/{}/web", place.namespace);
    let more = ["--allow-replace", &name, "--timeout", "2s"];
    place.evctl("apply").arguments(&more).run().code(1).says(&["finalizers example.com/held"]);
    place.evctl("plan").run().code(4).says(&["it is being deleted"]);
    let none = r#"{"metadata":{"finalizers":null}}"#;
    place.kubectl(&["patch", "deployment", "web", "--type=merge", "-p", none], "");
    place.apply().says(&["1 added"]);
    place.is_settled();
}

/// The consumer bears the Subscription's uid in its name, and that is another one then.
fn a_new_subscription_has_a_new_consumer() {
    let place = Place::new(&topology("a"));
    let nats = Nats::start();
    let kubeconfig = place.cluster.kubeconfig().to_str().unwrap();
    let run = |verb: &str, more: &[&str]| {
        let run = Evctl::new(&[verb, place.folder.text(), "--kubeconfig", kubeconfig]);
        let run = run.arguments(&["-n", &place.namespace, "--nats-url", &nats.url()]);
        let run = if verb == "apply" { run.arguments(&["--yes"]) } else { run };
        run.arguments(more).run()
    };
    let upper = place.namespace.to_uppercase().replace('-', "_");
    let consumers = |channel: &str| {
        let names = nats.wire().api(&format!("CONSUMER.NAMES.KN_{upper}__{channel}"), &json!({}));
        names["consumers"].clone()
    };
    let durable = || {
        let uid = uid(&place, "subscriptions.messaging.knative.dev", "s");
        json!([format!("KN_SUB_{}", uid.replace('-', "").to_uppercase())])
    };
    let _ = run("apply", &[]).code(0);
    assert_eq!(consumers("A"), durable());
    place.write(&topology("b"));
    let name = format!("subscription.messaging.knative.dev/{}/s", place.namespace);
    let _ = run("apply", &["--prune", "--allow-mass-delete", "--allow-replace", &name]).code(0);
    assert_eq!((consumers("A"), consumers("B")), (json!([]), durable()));
    run("plan", &["--exit-code", "--prune"]).code(0).says(&["No changes."]);
}

const MAP: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {a: x, b: z}\n";

fn conflicts_are_named_and_taken_by_word() {
    let place = Place::new(MAP);
    let _ = place.apply();
    let theirs =
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {a: theirs, c: theirs}\n";
    place.kubectl(
        &["apply", "--server-side", "--force-conflicts", "--field-manager=them", "-f", "-"],
        theirs,
    );
    place.write(&MAP.replace("b: z", "b: new"));
    let plan = place.evctl("plan").arguments(&["-o", "json"]).run().code(4).json();
    let conflict = json!([{"path": "data.a", "manager": "them"}]);
    assert_eq!(plan["changes"][0]["conflicts"], conflict, "{plan:#}");
    assert_eq!(plan["changes"][0]["rule"]["errCode"], 409);
    place.evctl("apply").run().code(4).says(&["data.a (them); --force-conflicts takes them (409)"]);
    place.evctl("apply").arguments(&["--force-conflicts"]).run().code(0).says(&[
        "! data.a: taken from them",
        "data.b: z → new",
        "1 changed",
    ]);
    assert_eq!(place.get("configmap", "c")["data"], json!({"a": "x", "b": "new", "c": "theirs"}));
    place.is_settled();
    // The word alone changes nothing where there is no conflict.
    place.evctl("apply").arguments(&["--force-conflicts"]).run().code(0).says(&["No changes."]);
}

fn adoption_says_what_it_takes() {
    let place = Place::new(MAP);
    place.kubectl(
        &["apply", "--server-side", "--field-manager=them", "-f", "-"],
        &MAP.replace("a: x", "a: theirs"),
    );
    place
        .evctl("apply")
        .arguments(&["--adopt"])
        .run()
        .code(0)
        .says(&["! data.a: taken from them", "1 adopted"]);
    assert_eq!(place.get("configmap", "c")["data"], json!({"a": "x", "b": "z"}));
    place.is_settled();
}

/// Every dry-run of the object is answered as by a webhook that has side effects.
fn a_webhook_without_dry_run() {
    let place = Place::new(MAP);
    let faults = place.cluster.faults(|_, uri| {
        let body = json!({
            "kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "BadRequest", "code": 400,
            "message": "admission webhook \"old.example.com\" does not support dry run",
        });
        uri.contains("dryRun=All").then(|| Answer {
            status: 400,
            headers: "Content-Type: application/json\r\n",
            body: body.to_string(),
        })
    });
    let evctl = |verb: &str| place.evctl_as(Path::new(&faults.kubeconfig), verb);
    let plan: Value = evctl("plan").arguments(&["-o", "json"]).run().code(0).json();
    assert_eq!(plan["changes"][0]["verified"], false, "{plan:#}");
    assert_eq!(plan["summary"]["unverified"], 1);
    evctl("apply").run().code(0).says(&[
        "Not verified: 1 (admission webhook \"old.example.com\" does not support dry run",
        "1 added",
    ]);
    place.is_settled();
}

/// The API server's trouble at a write of the object, from the given one on; dry-runs pass.
fn trouble(place: &Place, path: &'static str, from: usize) -> Faults {
    let writes = AtomicUsize::new(0);
    place.cluster.faults(move |method, uri| {
        let is_write = method == "PATCH" && uri.contains(path) && !uri.contains("dryRun=All");
        let body = json!({
            "kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 500,
            "message": "etcdserver: request timed out",
        });
        (is_write && writes.fetch_add(1, Ordering::SeqCst) >= from).then(|| Answer {
            status: 500,
            headers: "Content-Type: application/json\r\n",
            body: body.to_string(),
        })
    })
}

fn a_broken_replacement_is_made_up_for() {
    let place = Place::new(&deployment("one"));
    let _ = place.apply();
    place.write(&deployment("two"));
    let name = format!("deployment.apps/{}/web", place.namespace);
    let faults = trouble(&place, "/deployments/web", 0);
    let run = place.evctl_as(&faults.kubeconfig, "apply").arguments(&["--allow-replace", &name]);
    run.run().code(7).says(&[
        "it was deleted and could not be made anew",
        "etcdserver: request timed out (500)",
        "1 deleted and not made anew",
    ]);
    assert!(place.cluster.get("deployment", &place.namespace, "web").is_none());
    place.apply().says(&["1 added"]);
    place.is_settled();
}

/// Its fields are evctl's already, and its marks are not.
fn a_broken_adoption_is_made_up_for() {
    let place = Place::new("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {a: x}\n");
    place.kubectl(&["apply", "-f", "-"], MAP);
    let faults = trouble(&place, "/configmaps/c", 1);
    let run = place.evctl_as(&faults.kubeconfig, "apply").arguments(&["--adopt"]);
    let _ = run.run().says(&["etcdserver: request timed out"]);
    assert_eq!(place.get("configmap", "c")["data"], json!({"a": "x", "b": "z"}));
    place.evctl("apply").arguments(&["--adopt"]).run().code(0).says(&["- data.b: z", "1 adopted"]);
    assert_eq!(place.get("configmap", "c")["data"], json!({"a": "x"}));
    place.is_settled();
}
