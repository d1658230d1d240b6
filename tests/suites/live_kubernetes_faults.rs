//! What becomes of plan and apply where the API server, the way to it or a webhook is in trouble: nothing is
//! taken for absent that was not read, what can go on goes on, and the next run comes to the end.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use libtest_mimic::Trial;
use serde_json::json;

use super::binary::Said;
use super::live_kubernetes::Place;
use crate::servers::http_faults::{Answer, Fault, Faults};
use crate::servers::{Need, stubborn, trial, waiting};

pub(super) fn trials() -> Vec<Trial> {
    let kube = &[Need::Kubernetes];
    let name = |test: &str| format!("live_kubernetes_faults::{test}");
    vec![
        trial(&name("a_torn_list_is_no_absence"), kube, a_torn_list_is_no_absence),
        trial(&name("a_torn_later_page_is_no_absence"), kube, a_torn_later_page_is_no_absence),
        trial(&name("a_server_that_is_overloaded_is_unread"), kube, overloaded_is_unread),
        trial(&name("one_conflict_is_tried_again"), kube, one_conflict_is_tried_again),
        trial(&name("conflicts_for_ever_are_stale"), kube, conflicts_for_ever_are_stale),
        trial(&name("what_fails_alone_fails_alone"), kube, what_fails_alone_fails_alone),
        trial(&name("answers_that_are_lost"), kube, answers_that_are_lost),
        trial(&name("who_may_list_and_not_get"), kube, who_may_list_and_not_get),
        trial(&name("a_webhook_that_hangs"), kube, a_webhook_that_hangs),
        trial(&name("a_policy_that_denies"), kube, a_policy_that_denies),
    ]
}

const LIMIT: Duration = Duration::from_secs(60);

fn map(name: &str, value: &str) -> String {
    format!(
        "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\ndata: {{a: {value}}}\n"
    )
}

fn is_write(method: &str, uri: &str) -> bool {
    let of_books = uri.contains("/leases/") || uri.contains("/configmaps/evctl-");
    ["PATCH", "POST", "PUT", "DELETE"].contains(&method) && !uri.contains("dryRun") && !of_books
}

fn by(place: &Place, faults: &Faults, verb: &str, more: &[&str]) -> Said {
    place.evctl_as(&faults.kubeconfig, verb).arguments(more).run()
}

fn a_torn_list_is_no_absence() {
    let place = Place::new(&(map("a", "x") + &map("b", "x") + &map("c", "x")));
    let _ = place.apply();
    place.write(&map("a", "z"));
    for bytes in [0, 20, 300, 900] {
        let faults = place.cluster.faulty(move |method, uri| {
            (method == "GET" && uri.contains("/configmaps?")).then_some(Fault::Torn(bytes))
        });
        let prune = ["--prune", "--allow-mass-delete", "--timeout", "5s"];
        for verb in ["plan", "apply"] {
            let said = by(&place, &faults, verb, &prune).code(1);
            let _ = said.says(&["cannot be reached"]).hides(&["to destroy", "Apply"]);
        }
    }
    for name in ["a", "b", "c"] {
        assert_eq!(place.get("configmap", name)["data"]["a"], "x");
    }
    let _ = place.evctl("apply").arguments(&["--prune", "--allow-mass-delete"]).run().code(0);
    place.is_settled();
    assert_eq!(place.get("configmap", "a")["data"]["a"], "z");
    assert!(place.cluster.get("configmap", &place.namespace, "b").is_none());
}

/// What stood on pages before the torn one was read, and is no whole.
fn a_torn_later_page_is_no_absence() {
    let all: String = (0..600).map(|number| map(&format!("m{number:03}"), "x")).collect();
    let place = Place::new(&all);
    let _ = place.apply();
    place.write(&map("m000", "x"));
    let torn = Arc::new(AtomicUsize::new(0));
    let ours = Arc::clone(&torn);
    let faults = place.cluster.faulty(move |method, uri| {
        let is_later = method == "GET" && uri.contains("/configmaps?") && uri.contains("continue=");
        is_later.then(|| {
            ours.fetch_add(1, Ordering::SeqCst);
            Fault::Torn(3000)
        })
    });
    let prune = ["--prune", "--allow-mass-delete", "--timeout", "5s"];
    let said = by(&place, &faults, "apply", &prune).code(1);
    let _ = said.says(&["cannot be reached"]).hides(&["to destroy", "Apply"]);
    assert!(torn.load(Ordering::SeqCst) > 0, "a later page was asked for");
    let left = place.kubectl(&["get", "configmaps", "-o", "name"], "");
    assert!(left.contains("configmap/m599"), "{left}");
    let _ = place.evctl("apply").arguments(&prune).run().code(0).says(&["599 destroyed"]);
    place.is_settled();
}

fn overloaded_is_unread() {
    let place = Place::new(&map("a", "x"));
    let _ = place.apply();
    let faults = place.cluster.faults(|method, uri| {
        (method == "GET" && uri.contains("/configmaps?")).then(|| Answer {
            status: 503,
            headers: "Content-Type: text/plain\r\n",
            body: "overloaded\n".to_owned(),
        })
    });
    let said = by(&place, &faults, "plan", &[]).code(4);
    let _ = said.says(&["it could not be read: ", "(503)"]);
    place.is_settled();
}

/// Conflicts that the API server has not seen, the first so many of them.
fn conflicts(place: &Place, times: usize) -> (Faults, Arc<AtomicUsize>) {
    let left = Arc::new(AtomicUsize::new(times));
    let ours = Arc::clone(&left);
    let body = json!({
        "kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "Conflict", "code": 409,
        "message": "the object has been modified",
    });
    let faults = place.cluster.faults(move |method, uri| {
        let counts = is_write(method, uri) && uri.contains("/configmaps/a");
        let taken = counts
            && ours.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1)).is_ok();
        taken.then(|| Answer {
            status: 409,
            headers: "Content-Type: application/json\r\n",
            body: body.to_string(),
        })
    });
    (faults, left)
}

fn one_conflict_is_tried_again() {
    let place = Place::new(&map("a", "x"));
    let _ = place.apply();
    place.write(&map("a", "z"));
    let (faults, left) = conflicts(&place, 1);
    let _ = by(&place, &faults, "apply", &[]).code(0).says(&["1 changed"]);
    assert_eq!(left.load(Ordering::SeqCst), 0);
    assert_eq!(place.get("configmap", "a")["data"]["a"], "z");
}

fn conflicts_for_ever_are_stale() {
    let place = Place::new(&(map("a", "x") + &map("b", "x")));
    let _ = place.apply();
    place.write(&(map("a", "z") + &map("b", "z")));
    let (faults, _) = conflicts(&place, usize::MAX);
    let said = by(&place, &faults, "apply", &[]).code(7);
    let _ = said.says(&["it changes faster than it can be written", "1 changed", "1 stale"]);
    let _ = place.apply();
    place.is_settled();
}

/// The rest goes on, what needs it is held, and the next run does what is left: for creates, changes,
/// deletions and what is made anew.
fn what_fails_alone_fails_alone() {
    for status in [500, 503] {
        let secret = |kind: &str| {
            format!(
                "---\napiVersion: v1\nkind: Secret\nmetadata: {{name: bad-anew}}\ntype: {kind}\n"
            )
        };
        let before = map("bad-changes", "x") + &map("bad-goes", "x") + &map("goes", "x");
        let place = Place::new(&(before + &map("changes", "x") + &secret("Opaque")));
        let _ = place.apply();
        let inner = format!("{}-bad", place.namespace);
        let held = format!(
            "---\napiVersion: v1\nkind: Namespace\nmetadata: {{name: {inner}}}\n{}",
            map("waits", "x").replace("name: waits", &format!("name: waits, namespace: {inner}"))
        );
        let after = map("bad-changes", "z") + &map("changes", "z") + &map("comes", "x");
        place.write(&(after + &map("bad-comes", "x") + &secret("example.com/x") + &held));
        let faults = place.cluster.faults(move |method, uri| {
            (is_write(method, uri) && uri.contains("bad")).then(|| Answer {
                status,
                headers: "Content-Type: text/plain\r\n",
                body: "etcdserver: leader changed\n".to_owned(),
            })
        });
        let anew = format!("secret/{}/bad-anew", place.namespace);
        let more = ["--prune", "--allow-mass-delete", "--allow-replace", &anew];
        let said = by(&place, &faults, "apply", &more).code(7);
        let failed = ["bad-changes", "bad-goes", "bad-comes", "bad-anew", &inner];
        let failed: Vec<String> = failed.iter().map(|name| format!("/{name} failed:")).collect();
        let failed: Vec<&str> = failed.iter().map(String::as_str).collect();
        let said = said.says(&failed).says(&[&format!("({status})"), "waits held"]);
        let _ = said.says(&["1 added, 1 changed, 1 destroyed", "5 failed", "1 held"]);
        let _ = place.evctl("apply").arguments(&more).run().code(0);
        place.is_settled();
        assert_eq!(place.get("secret", "bad-anew")["type"], "example.com/x");
    }
}

/// What was done although nobody said so is found done.
fn answers_that_are_lost() {
    for bytes in [0, 40] {
        let place = Place::new(&(map("a", "x") + &map("b", "x") + &map("gone", "x")));
        let _ = place.apply();
        place.write(&(map("a", "z") + &map("b", "x") + &map("new", "x")));
        let faults = place
            .cluster
            .faulty(move |method, uri| is_write(method, uri).then_some(Fault::Torn(bytes)));
        let prune = ["--prune", "--allow-mass-delete", "--timeout", "5s"];
        let said = by(&place, &faults, "apply", &prune).code(1);
        let _ = said.says(&["/a failed:", "/new failed:", "/gone failed:"]);
        // All of it was done.
        assert_eq!(place.get("configmap", "a")["data"]["a"], "z");
        assert!(place.cluster.get("configmap", &place.namespace, "new").is_some());
        assert!(place.cluster.get("configmap", &place.namespace, "gone").is_none());
        let _ = place.evctl("apply").arguments(&prune).run().code(0);
        place.is_settled();
    }
}

fn who_may_list_and_not_get() {
    let place = Place::new(&map("a", "x"));
    let _ = place.apply();
    let user = format!("lister-in-{}", place.namespace);
    let kubeconfig = place.cluster.kubeconfig_as(&user, &[]);
    let verbs = "--verb=list,patch,create";
    place.kubectl(&["create", "role", "lists", verbs, "--resource=configmaps"], "");
    place.kubectl(
        &["create", "role", "books", "--verb=*", "--resource=leases.coordination.k8s.io"],
        "",
    );
    let parent = ["--verb=*", "--resource=configmaps", "--resource-name=evctl-test"];
    place.kubectl(&[&["create", "role", "parent"][..], &parent].concat(), "");
    for role in ["lists", "books", "parent"] {
        let binding = ["create", "rolebinding", role, "--role", role, "--user", &user];
        place.kubectl(&binding, "");
    }
    place.write(&map("a", "z"));
    let said = place.evctl_as(&kubeconfig, "apply").run().code(1);
    let _ = said.says(&["/a failed:", "may not be read", "403"]);
    assert_eq!(place.get("configmap", "a")["data"]["a"], "x");
    let _ = place.apply();
    place.is_settled();
    assert_eq!(place.get("configmap", "a")["data"]["a"], "z");
}

/// A webhook for the ConfigMaps of one namespace that takes the call and says nothing.
fn a_webhook_that_hangs() {
    let place = Place::new(&map("a", "x"));
    let listener = stubborn::silent();
    let name = format!("hangs.{}.example.com", place.namespace);
    let webhook = json!({
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": name},
        "webhooks": [{
            "name": name, "sideEffects": "None", "admissionReviewVersions": ["v1"],
            "timeoutSeconds": 1, "failurePolicy": "Fail",
            "clientConfig": {"url": format!("https://{}/", listener.address())},
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": place.namespace}},
            "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["*"],
                "resources": ["configmaps"]}],
        }],
    });
    place.kubectl(&["create", "-f", "-"], &webhook.to_string());
    // The API server gives up on it and says so, in the plan already.
    let seen = waiting::until(LIMIT, Duration::from_millis(200), || {
        let said = place.evctl("plan").run();
        (said.code == Some(4)).then_some(said)
    });
    let _ =
        seen.expect("the webhook is called").says(&["failed calling webhook", &name, "a.yaml:"]);
    let _ = place.evctl("apply").run().code(4);
    place.kubectl(&["delete", "validatingwebhookconfiguration", &name], "");
    let settled = waiting::until(LIMIT, Duration::from_millis(200), || {
        (place.evctl("apply").run().code == Some(0)).then_some(())
    });
    assert!(settled.is_some());
    place.is_settled();
}

fn a_policy_that_denies() {
    let place = Place::new(&(map("a", "x") + &map("b", "x")));
    let name = format!("no-a.{}", place.namespace);
    let policy = json!({"apiVersion": "v1", "kind": "List", "items": [
        {
            "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicy",
            "metadata": {"name": name},
            "spec": {
                "failurePolicy": "Fail",
                "matchConstraints": {"resourceRules": [{"apiGroups": [""], "apiVersions": ["v1"],
                    "operations": ["CREATE", "UPDATE"], "resources": ["configmaps"]}]},
                "validations": [{"expression": "object.metadata.name != 'a'", "message": "not this one"}],
            },
        },
        {
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "ValidatingAdmissionPolicyBinding",
            "metadata": {"name": name},
            "spec": {
                "policyName": name, "validationActions": ["Deny"],
                "matchResources": {"namespaceSelector": {"matchLabels": {
                    "kubernetes.io/metadata.name": place.namespace}}},
            },
        },
    ]});
    place.kubectl(&["create", "-f", "-"], &policy.to_string());
    let denied = waiting::until(LIMIT, Duration::from_millis(200), || {
        let said = place.evctl("plan").run();
        (said.code == Some(4)).then_some(said)
    });
    let said = denied.expect("the policy is in force");
    let _ = said.says(&["x configmap/", "not this one", "1 to add", "1 refused"]);
    let _ = place.evctl("apply").run().code(4).says(&["1 added"]);
    assert!(place.cluster.get("configmap", &place.namespace, "a").is_none());
    place.kubectl(&["delete", "validatingadmissionpolicybinding", &name], "");
    let settled = waiting::until(LIMIT, Duration::from_millis(200), || {
        (place.evctl("apply").run().code == Some(0)).then_some(())
    });
    assert!(settled.is_some());
    place.is_settled();
}
