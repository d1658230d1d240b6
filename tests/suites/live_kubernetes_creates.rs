//! Many creates of one kind: one LIST of names says for all what is not there, and what appears all the same is
//! seen, before it is written or by the answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use libtest_mimic::Trial;

use super::binary::{Evctl, Said};
use super::live_kubernetes::Place;
use crate::servers::http_faults::{Answer, Fault, Faults};
use crate::servers::{Need, trial};

pub(super) fn trials() -> Vec<Trial> {
    let kube = &[Need::Kubernetes];
    let name = |test: &str| format!("live_kubernetes_creates::{test}");
    vec![
        trial(&name("one_list_for_many"), kube, one_list_for_many),
        trial(&name("a_saved_plan_looks_kinds_up_once"), kube, a_saved_plan_looks_kinds_up_once),
        trial(&name("a_list_that_is_refused"), kube, a_list_that_is_refused),
        trial(&name("what_appeared_before_the_list"), kube, what_appeared_before_the_list),
        trial(&name("what_appears_after_the_list"), kube, what_appears_after_the_list),
    ]
}

fn maps(many: usize) -> String {
    let map = |number| {
        format!(
            "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: m{number:02}}}\ndata: {{a: x}}\n"
        )
    };
    (0..many).map(map).collect()
}

fn is_apply_of(method: &str, uri: &str, name: &str) -> bool {
    method == "PATCH" && !uri.contains("dryRun") && uri.contains(&format!("/configmaps/{name}?"))
}

fn apply(place: &Place, faults: &Faults) -> Said {
    place.evctl_as(&faults.kubeconfig, "apply").arguments(&["--concurrency", "1"]).run()
}

fn one_list_for_many() {
    let place = Place::new(&maps(60));
    let marker = place.cluster.marker();
    let _ = place.apply().says(&["60 added"]);
    let asked = place.cluster.requests(marker);
    let own = asked.iter().filter(|request| {
        request.namespace == place.namespace && request.uri.contains("/configmaps/m")
    });
    let looks = own.filter(|request| request.verb == "get").count();
    assert!((1..=16).contains(&looks), "{looks} looks");
    place.is_settled();
}

fn a_saved_plan_looks_kinds_up_once() {
    let place = Place::new(&maps(40));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("plan.json");
    let file = file.to_str().unwrap();
    let asked = Arc::new(AtomicUsize::new(0));
    let ours = Arc::clone(&asked);
    let faults = place.cluster.faulty(move |method, uri| -> Option<Fault> {
        let discovers = method == "GET" && uri.trim_end_matches('?') == "/api/v1";
        ours.fetch_add(usize::from(discovers), Ordering::SeqCst);
        None
    });
    let kubeconfig = faults.kubeconfig.to_str().unwrap();
    let _ = place.evctl_as(&faults.kubeconfig, "plan").arguments(&["--out", file]).run().code(0);
    asked.store(0, Ordering::SeqCst);
    let more = ["apply", file, "--no-nats", "--yes", "--kubeconfig", kubeconfig];
    let _ = Evctl::new(&more).run().code(0).says(&["40 added"]);
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    place.is_settled();
}

fn a_list_that_is_refused() {
    let place = Place::new(&maps(40));
    let faults = place.cluster.faults(|method, uri| {
        (method == "GET" && uri.contains("/configmaps?") && uri.contains("limit=1000")).then(|| {
            Answer {
                status: 500,
                headers: "Content-Type: text/plain\r\n",
                body: "etcdserver: leader changed\n".to_owned(),
            }
        })
    });
    let _ = apply(&place, &faults).code(0).says(&["40 added"]);
    place.is_settled();
}

/// Lets somebody make m39 when evctl applies an object for the first time.
fn intruded(place: &Place, at: &'static str) -> Faults {
    let (cluster, namespace) = (place.cluster, place.namespace.clone());
    let done = AtomicBool::new(false);
    place.cluster.faulty(move |method, uri| -> Option<Fault> {
        if is_apply_of(method, uri, at) && !done.swap(true, Ordering::SeqCst) {
            let make = ["-n", &namespace, "create", "configmap", "m39", "--from-literal=b=theirs"];
            cluster.kubectl(&make).expect_success();
        }
        None
    })
}

fn what_appeared_before_the_list() {
    let place = Place::new(&maps(40));
    let faults = intruded(&place, "m00");
    let said = apply(&place, &faults).code(7);
    let _ = said.says(&["/m39 stale: it has appeared since the plan was made", "39 added"]);
    let theirs = place.get("configmap", "m39");
    assert_eq!(theirs["data"], serde_json::json!({"b": "theirs"}));
    assert_eq!(theirs["metadata"]["labels"]["evctl.dev/project"], serde_json::Value::Null);
}

/// A server-side apply cannot demand that an object be absent; its answer tells that it was not.
fn what_appears_after_the_list() {
    let place = Place::new(&maps(40));
    let faults = intruded(&place, "m39");
    let said = apply(&place, &faults).code(7);
    let _ = said.says(&["/m39 failed: somebody else made it at the same moment", "39 added"]);
    assert_eq!(place.get("configmap", "m39")["data"]["b"], "theirs");
    // What has both is evctl's own now, and the next plan says what it would do.
    let _ = place.evctl("plan").run().code(0);
}
