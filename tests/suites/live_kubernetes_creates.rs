//! Many creates of one kind: one LIST of names says for all what is not there, and what appears all the same is
//! seen, before it is written or by the answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use libtest_mimic::Trial;

use super::binary::{Evctl, Said};
use super::live_kubernetes::Place;
use crate::servers::audit::Request;
use crate::servers::http_faults::{Answer, Fault, Faults};
use crate::servers::{Need, trial};

pub(super) fn trials() -> Vec<Trial> {
    let kube = &[Need::Kubernetes];
    let name = |test: &str| format!("live_kubernetes_creates::{test}");
    vec![
        trial(&name("one_list_for_many"), kube, one_list_for_many),
        trial(&name("a_saved_plan_looks_kinds_up_once"), kube, a_saved_plan_looks_kinds_up_once),
        trial(&name("a_saved_plan_is_overtaken"), kube, a_saved_plan_is_overtaken),
        trial(&name("a_list_that_is_refused"), kube, a_list_that_is_refused),
        trial(&name("what_appeared_before_the_list"), kube, what_appeared_before_the_list),
        trial(&name("what_appears_after_the_list"), kube, what_appears_after_the_list),
        trial(&name("a_list_grows_old"), kube, a_list_grows_old),
        trial(
            &name("what_is_made_anew_by_somebody_else"),
            kube,
            what_is_made_anew_by_somebody_else,
        ),
        trial(&name("a_kind_that_never_comes_is_waited_for_once"), kube, a_kind_that_never_comes),
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

/// By the project itself: another run has made, since the plan was saved, what the plan would make.
fn a_saved_plan_is_overtaken() {
    let place = Place::new(&maps(40));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("plan.json");
    let file = file.to_str().unwrap();
    let _ = place.evctl("plan").arguments(&["--out", file]).run().code(0);
    place.write(&maps(40).replace("a: x", "a: newer"));
    let _ = place.apply();
    let kubeconfig = place.cluster.kubeconfig().to_str().unwrap();
    let late = ["apply", file, "--no-nats", "--yes", "--kubeconfig", kubeconfig];
    let said = Evctl::new(&late).run().code(5);
    let _ = said.says(&["/m00 stale: it has appeared", "/m39 stale: it has appeared"]);
    for number in 0..40 {
        assert_eq!(place.get("configmap", &format!("m{number:02}"))["data"]["a"], "newer");
    }
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
    let _ = said.says(&["/m39 stale: somebody else made it at the same moment", "39 added"]);
    assert_eq!(place.get("configmap", "m39")["data"]["b"], "theirs");
    // What has both is evctl's own now, and the next plan says what it would do.
    let _ = place.evctl("plan").run().code(0);
}

/// What appears while creates go on is seen by a later list: the first is a second old by then.
fn a_list_grows_old() {
    let place = Place::new(&maps(40));
    let marker = place.cluster.marker();
    let (cluster, namespace) = (place.cluster, place.namespace.clone());
    let faults = place.cluster.faulty(move |method, uri| -> Option<Fault> {
        if is_apply_of(method, uri, "m20") {
            let make = ["-n", &namespace, "create", "configmap", "m39", "--from-literal=b=theirs"];
            cluster.kubectl(&make).expect_success();
            std::thread::sleep(Duration::from_millis(1100));
        }
        None
    });
    let said = apply(&place, &faults).code(7);
    let _ = said.says(&["/m39 stale: it has appeared since the plan was made", "39 added"]);
    assert_eq!(place.get("configmap", "m39")["data"], serde_json::json!({"b": "theirs"}));
    // What the run itself has made is not sent again with the later lists.
    let of_names = |request: &&Request| {
        request.namespace == place.namespace && request.uri.contains("limit=1000")
    };
    let asked = place.cluster.requests(marker);
    let lists: Vec<bool> = asked
        .iter()
        .filter(of_names)
        .map(|list| list.uri.contains("labelSelector=evctl.dev%2Fproject%21%3D"))
        .collect();
    assert!(lists.len() > 1 && !lists[0] && lists[1..].iter().all(|others| *others), "{lists:?}");
}

fn what_is_made_anew_by_somebody_else() {
    let secret = |kind: &str| {
        format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: anew}}\ntype: {kind}\n")
    };
    let place = Place::new(&secret("Opaque"));
    let _ = place.apply();
    place.write(&secret("example.com/x"));
    let (cluster, namespace) = (place.cluster, place.namespace.clone());
    let faults = place.cluster.faulty(move |method, uri| -> Option<Fault> {
        if method == "PATCH" && !uri.contains("dryRun") && uri.contains("/secrets/anew?") {
            let make = ["-n", &namespace, "create", "secret", "generic", "anew"];
            let more = ["--type=example.com/x", "--from-literal=b=theirs"];
            cluster.kubectl(&[&make[..], &more].concat()).expect_success();
        }
        None
    });
    let name = format!("secret/{}/anew", place.namespace);
    let run = place.evctl_as(&faults.kubeconfig, "apply").arguments(&["--allow-replace", &name]);
    let _ = run.run().code(7).says(&["it was deleted, and somebody else has made it anew"]);
}

/// The API server never tells of the kind that the plan defines, until it is too late.
fn a_kind_that_never_comes() {
    let place = Place::new("");
    let group = format!("{}.example.com", place.namespace);
    let definition = format!(
        "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {{name: late.{group}}}\n\
         spec:\n  group: {group}\n  scope: Namespaced\n  names: {{kind: Late, plural: late, singular: late}}\n\
         \x20 versions:\n  - name: v1\n    served: true\n    storage: true\n\
         \x20   schema: {{openAPIV3Schema: {{type: object}}}}\n"
    );
    let late =
        |name| format!("---\napiVersion: {group}/v1\nkind: Late\nmetadata: {{name: {name}}}\n");
    place.write(&(definition + &late("a") + &late("b") + &late("c")));
    let hidden = format!("/apis/{group}");
    let since = std::sync::Mutex::new(None::<std::time::Instant>);
    let defined = format!("/customresourcedefinitions/late.{group}");
    let faults = place.cluster.faulty(move |method, uri| {
        let mut since = since.lock().unwrap();
        if method == "PATCH" && uri.contains(&defined) && !uri.contains("dryRun") {
            *since = Some(std::time::Instant::now());
        }
        let is_too_early = since.is_none_or(|since| since.elapsed() < Duration::from_secs(4));
        (method == "GET" && uri.starts_with(&hidden) && is_too_early).then(|| {
            Fault::Answer(Answer {
                status: 404,
                headers: "",
                body: "404 page not found".to_owned(),
            })
        })
    });
    let run = place.evctl_as(&faults.kubeconfig, "apply");
    let run =
        run.arguments(&["--concurrency", "1", "--timeout", "3s", "--wait-timeout", "0"]).run();
    let _ = run.code(7).says(&["does not serve Late", "1 added", "3 failed"]);
    let _ = place.evctl("apply").run().code(0).says(&["3 added"]);
}
