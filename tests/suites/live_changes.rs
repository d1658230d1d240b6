//! Changes on the Kubernetes plane that are easily missed: refusals with dependents, objects on their
//! way out, items of lists, spellings that the server changes.

use libtest_mimic::Trial;

use super::live_kubernetes::Place;
use crate::servers::{Need, trial};

pub(super) fn trials() -> Vec<Trial> {
    let kube = &[Need::Kubernetes];
    vec![
        trial("live_changes::a_refusal_holds_what_needs_it", kube, a_refusal_holds_what_needs_it),
        trial(
            "live_changes::what_is_being_deleted_is_refused",
            kube,
            what_is_being_deleted_is_refused,
        ),
        trial(
            "live_changes::an_item_taken_out_of_a_list_goes",
            kube,
            an_item_taken_out_of_a_list_goes,
        ),
        trial(
            "live_changes::equal_but_spelt_otherwise_is_equal",
            kube,
            equal_but_spelt_otherwise_is_equal,
        ),
    ]
}

fn a_refusal_holds_what_needs_it() {
    let place = Place::new(
        "apiVersion: v1\nkind: Namespace\nmetadata: {name: refused-ns, labels: {a: 'not a label!'}}\n\
         ---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, namespace: refused-ns}\n",
    );
    place
        .evctl("apply")
        .run()
        .code(4)
        .says(&["1 refused, 1 held", "held: waits for namespace/refused-ns"]);
}

fn what_is_being_deleted_is_refused() {
    let text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, finalizers: [example.com/wait]}\ndata: {a: x}\n";
    let place = Place::new(text);
    let _ = place.apply();
    place.kubectl(&["delete", "configmap", "c", "--wait=false"], "");
    place.evctl("plan").run().code(4).says(&["it is being deleted"]);
    place.kubectl(
        &["patch", "configmap", "c", "--type=merge", "-p", r#"{"metadata":{"finalizers":null}}"#],
        "",
    );
}

fn an_item_taken_out_of_a_list_goes() {
    let text = |sidecar: &str| {
        format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\nspec:\n  selector: {{matchLabels: {{app: web}}}}\n\
             \x20 template:\n    metadata: {{labels: {{app: web}}}}\n    spec:\n      containers:\n      - {{name: web, image: web}}\n{sidecar}"
        )
    };
    let place = Place::new(&text("      - {name: sidecar, image: sidecar}\n"));
    let _ = place.apply();
    place.is_settled();
    place.write(&text(""));
    place.apply().says(&["1 changed"]);
    let containers =
        place.get("deployment", "web")["spec"]["template"]["spec"]["containers"].clone();
    assert_eq!(containers.as_array().unwrap().len(), 1, "{containers}");
    place.is_settled();
}

fn equal_but_spelt_otherwise_is_equal() {
    let text = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  selector: {matchLabels: {app: web}}\n\
                \x20 template:\n    metadata: {labels: {app: web}}\n    spec:\n      containers:\n\
                \x20     - {name: web, image: web, resources: {requests: {cpu: 1000m}}}\n";
    let place = Place::new(text);
    place.kubectl(&["apply", "-f", "-"], text);
    place.evctl("plan").arguments(&["--exit-code"]).run().code(0).says(&["No changes."]);
}
