//! Two applies of one project never write at once: against a real API server and a real nats-server, with
//! runs that are paused, killed and robbed of their lock.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use libtest_mimic::Trial;
use serde_json::{Value, json};

use super::binary::{Evctl, Folder, Said};
use super::live_kubernetes::Place;
use super::live_prune::BUCKET;
use super::running::Running;
use crate::servers::http_faults::{Answer, Faults};
use crate::servers::nats::Nats;
use crate::servers::{Need, trial, waiting};

pub(super) fn trials() -> Vec<Trial> {
    let (kube, nats) = (&[Need::Kubernetes], &[Need::Nats]);
    let both = &[Need::Kubernetes, Need::Nats, Need::KnativeCrds, Need::NatssCrd];
    vec![
        trial("live_lock::of_two_one_is_locked_out", kube, of_two_one_is_locked_out),
        trial("live_lock::of_two_one_waits", kube, of_two_one_waits),
        trial("live_lock::a_lock_of_a_run_that_is_gone_is_over", kube, of_a_run_that_is_gone),
        trial("live_lock::a_lost_lock_ends_the_writing", kube, a_lost_lock_ends_the_writing),
        trial("live_lock::who_only_reads_never_locks", kube, who_only_reads_never_locks),
        trial("live_lock::without_the_right_it_is_said", kube, without_the_right_it_is_said),
        trial("live_lock::a_namespace_of_its_own", kube, a_namespace_of_its_own),
        trial("live_lock::a_key_locks_an_account", nats, a_key_locks_an_account),
        trial("live_lock::a_bucket_forgets_by_itself", nats, a_bucket_forgets_by_itself),
        trial("live_lock::a_bucket_that_never_forgets_is_refused", nats, a_bucket_for_ever),
        trial("live_lock::both_planes_are_locked", both, both_planes_are_locked),
        trial("live_lock::applies_at_once_all_end_well", both, applies_at_once_all_end_well),
    ]
}

const LIMIT: Duration = Duration::from_secs(30);

fn maps(count: usize) -> String {
    let document = |number: usize| {
        format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: m{number}}}\ndata: {{a: x}}\n")
    };
    (0..count).map(document).collect::<Vec<_>>().join("---\n")
}

/// A server that keeps the writing of ConfigMap `m0` waiting until it is told to let go.
fn held(place: &Place) -> (Faults, Arc<AtomicBool>) {
    let open = Arc::new(AtomicBool::new(false));
    let is_open = Arc::clone(&open);
    let faults = place.cluster.faults(move |method, uri| {
        let writes = method == "PATCH" && uri.contains("/configmaps/m0?");
        if writes && !uri.contains("dryRun") {
            let open = || is_open.load(Ordering::SeqCst).then_some(());
            waiting::until(2 * LIMIT, Duration::from_millis(20), open);
        }
        None::<Answer>
    });
    (faults, open)
}

/// An apply that has the lock and cannot go on.
fn holder(place: &Place, faults: &Faults) -> Running {
    let run = place.evctl_as(&faults.kubeconfig, "apply").variable("USER", "ann");
    let run = run.variable("CI_JOB_URL", "https://ci.example/7");
    let running = run.arguments(&["-o", "json", "--timeout", "60s", "--concurrency", "1"]).start();
    let lease = || place.cluster.get("lease", &place.namespace, "evctl-test");
    let held = waiting::until(LIMIT, Duration::from_millis(50), || {
        lease()?["spec"]["holderIdentity"].as_str().map(str::to_owned)
    });
    assert!(held.expect("the lease is held").starts_with("ann@"));
    running
}

fn of_two_one_is_locked_out() {
    let place = Place::new(&maps(2));
    let (faults, open) = held(&place);
    let first = holder(&place, &faults);
    let said = place.evctl("apply").run().code(6);
    let _ = said.says(&[
        "another run applies project test; nothing was written",
        "is held by ann@",
        "(https://ci.example/7) since",
        "--lock-timeout",
    ]);
    // Nobody who only looks is kept out, nor one who says that he knows better.
    let _ = place.evctl("plan").run().code(0);
    open.store(true, Ordering::SeqCst);
    let _ = first.end().code(0);
    let lease = place.get("lease", "evctl-test");
    assert_eq!(lease["spec"].get("holderIdentity"), None, "it is released: {lease:#}");
    place.is_settled();
}

fn of_two_one_waits() {
    let place = Place::new(&maps(2));
    let (faults, open) = held(&place);
    let first = holder(&place, &faults);
    let second = place.evctl("apply").arguments(&["--lock-timeout", "60s", "-o", "json"]).start();
    second.wait_says("is held by ann@", LIMIT);
    open.store(true, Ordering::SeqCst);
    let _ = first.end().code(0);
    // What the first has written is not written again, and is no reason to fail.
    let said = second.end().code(0).says(&["somebody else has applied meanwhile"]);
    assert_eq!(said.json()["summary"]["created"], 0);
    place.is_settled();
}

/// SIGKILL releases nothing: the lease is over once nobody has renewed it for its lifetime.
fn of_a_run_that_is_gone() {
    let place = Place::new(&maps(2));
    let (faults, open) = held(&place);
    holder(&place, &faults).kill();
    open.store(true, Ordering::SeqCst);
    let _ = place.evctl("apply").run().code(6);
    let _ = place.evctl("apply").arguments(&["--lock-timeout", "90s"]).run().code(0);
    place.is_settled();
    // One that says nothing for two lifetimes is not even waited for.
    let old = json!({"spec": {
        "holderIdentity": "bob@gone", "renewTime": "2026-01-01T00:00:00.000000Z",
        "acquireTime": "2026-01-01T00:00:00.000000Z",
    }});
    place.kubectl(&["patch", "lease", "evctl-test", "--type=merge", "-p", &old.to_string()], "");
    place.write(&maps(3));
    let _ = place.apply();
}

/// Who makes the lock's own namespace locks elsewhere until it ends; who comes once it is there sees that.
fn a_namespace_of_its_own() {
    let mut place = Place::new("");
    let (home, project) = (format!("{}-home", place.namespace), place.namespace.clone());
    let own = format!("apiVersion: v1\nkind: Namespace\nmetadata: {{name: {home}}}\n---\n");
    place.folder.write("evctl.yaml", &format!("name: {project}\n"));
    place.write(&(own + &maps(2)));
    place.namespace = home;
    let name = format!("evctl-{project}");
    let (faults, open) = held(&place);
    let first =
        place.evctl_as(&faults.kubeconfig, "apply").arguments(&["--timeout", "60s"]).start();
    let made = waiting::until(LIMIT, Duration::from_millis(50), || {
        place.cluster.get("configmap", &place.namespace, "m1")
    });
    assert!(made.is_some());
    assert!(place.cluster.get("lease", "default", &name).is_some());
    let said = place.evctl("apply").run().code(6);
    let kept = format!("lease.coordination.k8s.io/default/{name}, is held by");
    let _ = said.says(&["another run applies project", &kept]);
    let second = place.evctl("apply").arguments(&["--lock-timeout", "60s"]).start();
    second.wait_says("waiting", LIMIT);
    open.store(true, Ordering::SeqCst);
    let _ = first.end().code(0);
    let _ = second.end().code(0);
    assert!(place.cluster.get("lease", "default", &name).is_none());
    assert!(place.cluster.get("lease", &place.namespace, &name).is_some());
}

/// Somebody deletes the lease, or takes it: the run that had it writes no more.
fn a_lost_lock_ends_the_writing() {
    let place = Place::new(&maps(40));
    let (faults, open) = held(&place);
    let running = holder(&place, &faults);
    let stolen = json!({"spec": {"holderIdentity": "bob@thief"}});
    place.kubectl(&["patch", "lease", "evctl-test", "--type=merge", "-p", &stolen.to_string()], "");
    // It notices at its next renewal, ten seconds later at most; then the held write goes on.
    std::thread::sleep(Duration::from_secs(12));
    place.write(&maps(0));
    open.store(true, Ordering::SeqCst);
    let _ = running.end().code(7);
    assert_eq!(place.get("lease", "evctl-test")["spec"]["holderIdentity"], "bob@thief");
}

fn who_only_reads_never_locks() {
    let place = Place::new(&maps(1));
    let _ = place.evctl("plan").run().code(0);
    assert!(place.cluster.get("lease", &place.namespace, "evctl-test").is_none());
    let _ = place.apply();
    let version =
        |place: &Place| place.get("lease", "evctl-test")["metadata"]["resourceVersion"].clone();
    let before = version(&place);
    let _ = place.evctl("plan").run().code(0);
    // Nor one who has nothing to write.
    let _ = place.apply();
    assert_eq!(version(&place), before);
}

fn without_the_right_it_is_said() {
    let place = Place::new(&maps(1));
    let user = format!("no-leases-in-{}", place.namespace);
    let kubeconfig = place.cluster.kubeconfig_as(&user, &[]);
    let role = ["create", "role", "maps", "--verb=*", "--resource=configmaps"];
    place.kubectl(&role, "");
    place.kubectl(&["create", "rolebinding", "maps", "--role=maps", "--user", &user], "");
    let said = place.evctl_as(&kubeconfig, "apply").run().code(1);
    let _ = said.says(&["the project's lock, lease.coordination", "(403)", "resources [leases]"]);
    assert!(place.cluster.get("configmap", &place.namespace, "m0").is_none());
    let _ = place.evctl_as(&kubeconfig, "apply").arguments(&["--no-lock"]).run().code(0);
}

const STREAM: &str = "apiVersion: jetstream.nats.io/v1beta2\nkind: Stream\nmetadata: {name: orders}\n\
    spec: {name: ORDERS, subjects: [orders], storage: file}\n";

fn apply(nats: &Nats, folder: &Folder) -> Evctl {
    Evctl::new(&["apply", folder.text(), "--no-kubernetes", "--nats-url", &nats.url(), "--yes"])
}

/// What the test keeps in the bucket in the place of another run.
fn put(nats: &Nats, holder: &str) {
    let now = jiff::Timestamp::now();
    let record = json!({"holder": holder, "acquired": now, "renewed": now});
    nats.wire().request("$KV.evctl-locks.test", record.to_string(), LIMIT);
}

fn bucket(nats: &Nats, more: &Value) {
    let mut config = json!({"name": BUCKET, "subjects": ["$KV.evctl-locks.>"]});
    config.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    nats.wire().api(&format!("STREAM.CREATE.{BUCKET}"), &config);
}

fn a_key_locks_an_account() {
    let nats = Nats::start();
    let folder = Folder::project(&[("a.yaml", STREAM)]);
    let _ = apply(&nats, &folder).run().code(0).says(&["1 added"]);
    let info = nats.wire().api(&format!("STREAM.INFO.{BUCKET}"), &json!({}));
    assert_eq!(info["config"]["max_age"], 30_000_000_000_u64, "{info:#}");
    put(&nats, "ann@far");
    folder.write("a.yaml", &STREAM.replace("[orders]", "[orders, more]"));
    let said = apply(&nats, &folder).run().code(6);
    let _ = said.says(&["key test of bucket evctl-locks", "is held by ann@far"]);
    // Another project is another lock.
    let other =
        Folder::bare(&[("a.yaml", &STREAM.replace("orders", "other").replace("ORDERS", "O"))]);
    let _ = apply(&nats, &other).arguments(&["--project", "other"]).run().code(0);
    put(&nats, "");
    let _ = apply(&nats, &folder).run().code(0);
}

/// The server lets go of what nobody renews, whatever the clocks of the runs say.
fn a_bucket_forgets_by_itself() {
    let nats = Nats::start();
    bucket(&nats, &json!({"max_age": 3_000_000_000_u64, "duplicate_window": 1_000_000_000_u64}));
    put(&nats, "ann@far");
    let folder = Folder::project(&[("a.yaml", STREAM)]);
    let said = apply(&nats, &folder).arguments(&["--lock-timeout", "30s"]).run().code(0);
    let _ = said.says(&["is held by ann@far", "1 added"]);
}

fn a_bucket_for_ever() {
    let nats = Nats::start();
    bucket(&nats, &json!({}));
    let folder = Folder::project(&[("a.yaml", STREAM)]);
    let _ = apply(&nats, &folder).run().code(1).says(&["has no max_age", "--no-lock"]);
    let _ = apply(&nats, &folder).arguments(&["--no-lock"]).run().code(0);
}

const CHANNEL: &str = "apiVersion: messaging.knative.dev/v1alpha1\nkind: NatsJetStreamChannel\n\
    metadata: {name: c}\n";

fn on_both(place: &Place, nats: &Nats) -> Evctl {
    let kubeconfig = place.cluster.kubeconfig().to_str().unwrap();
    let url = nats.url();
    let run = Evctl::new(&["apply", place.folder.text(), "--yes", "--nats-url", &url]);
    run.arguments(&["--kubeconfig", kubeconfig, "-n", &place.namespace])
}

/// A job on one plane and a job on two do not interleave.
fn both_planes_are_locked() {
    let nats = Nats::start();
    let place = Place::new(CHANNEL);
    bucket(&nats, &json!({"max_age": 30_000_000_000_u64, "duplicate_window": 1_000_000_000_u64}));
    put(&nats, "ann@jetstream-only");
    let _ = on_both(&place, &nats).run().code(6).says(&["is held by ann@jetstream-only"]);
    // What was taken first is given back.
    let lease = place.get("lease", "evctl-test");
    assert_eq!(lease["spec"].get("holderIdentity"), None, "{lease:#}");
    put(&nats, "");
    let now = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string();
    let taken = json!({"spec": {"holderIdentity": "bob@cluster-only", "renewTime": now}});
    place.kubectl(&["patch", "lease", "evctl-test", "--type=merge", "-p", &taken.to_string()], "");
    let _ = on_both(&place, &nats).run().code(6).says(&["is held by bob@cluster-only"]);
    let free = json!({"spec": {"holderIdentity": null}});
    place.kubectl(&["patch", "lease", "evctl-test", "--type=merge", "-p", &free.to_string()], "");
    let _ = on_both(&place, &nats).run().code(0);
}

fn applies_at_once_all_end_well() {
    let nats = Nats::start();
    let place = Place::new(CHANNEL);
    let start = || on_both(&place, &nats).arguments(&["--lock-timeout", "60s"]).start();
    let runs: Vec<Running> = (0..4).map(|_| start()).collect();
    let ends: Vec<Said> = runs.into_iter().map(|run| run.end().code(0)).collect();
    let added = ends.iter().filter(|said| said.stdout.contains("Objects: 2 added")).count();
    assert_eq!(added, 1, "one of them makes both objects");
}
