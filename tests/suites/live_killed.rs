//! kill -9 before and after every request by which a run writes to a cluster, its lock and its books
//! included: whatever is left, the next run comes to the same end.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, mpsc};
use std::time::Duration;

use libtest_mimic::Trial;

use super::binary::Evctl;
use super::live_kubernetes::Place;
use super::live_prune::BUCKET;
use crate::servers::http_faults::Fault;
use crate::servers::nats::Nats;
use crate::servers::{Need, trial};

pub(super) fn trials() -> Vec<Trial> {
    let kube = &[Need::Kubernetes];
    let both = &[Need::Kubernetes, Need::Nats, Need::KnativeCrds, Need::NatssCrd];
    vec![
        trial("live_killed::an_apply", kube, an_apply),
        trial("live_killed::a_move_and_a_forgetting", kube, a_move_and_a_forgetting),
        trial("live_killed::a_destroy", both, a_destroy),
    ]
}

const LIMIT: Duration = Duration::from_secs(60);

/// Something to be killed.
struct Scene {
    place: Place,
    nats: Option<Nats>,
    verb: &'static str,
    flags: Vec<String>,
    /// What must be so in the end.
    end: Box<dyn Fn(&Scene)>,
}

impl Scene {
    fn run(&self, kubeconfig: &std::path::Path) -> Evctl {
        let kubeconfig = kubeconfig.to_str().unwrap();
        let run = Evctl::new(&[self.verb, self.place.folder.text(), "--yes"]);
        let run = run.arguments(&["--kubeconfig", kubeconfig, "-n", &self.place.namespace]);
        let flags: Vec<&str> = self.flags.iter().map(String::as_str).collect();
        let run = run.arguments(&flags);
        match &self.nats {
            Some(nats) => run.arguments(&["--nats-url", &nats.url()]),
            None => run.arguments(&["--no-nats"]),
        }
    }

    /// Kills the run at one of its writes, runs it again, and looks at the end. Gives whether there was
    /// such a write.
    fn killed_at(&self, number: usize, is_done: bool) -> bool {
        let (reached, told) = mpsc::channel();
        let (go_on, waits) = mpsc::channel::<()>();
        let (reached, waits) = (Mutex::new(reached), Mutex::new(waits));
        let writes = AtomicUsize::new(0);
        let faults = self.place.cluster.faulty(move |method, uri| {
            let writes_here = ["PATCH", "POST", "PUT", "DELETE"].contains(&method)
                && !uri.contains("dryRun")
                && !uri.contains("selfsubjectaccessreviews");
            if !writes_here || writes.fetch_add(1, Ordering::SeqCst) != number {
                return None;
            }
            let reached = reached.lock().unwrap().clone();
            if is_done {
                return Some(Fault::Lost(reached));
            }
            let _ = reached.send(());
            let _ = waits.lock().unwrap().recv_timeout(LIMIT);
            Some(Fault::Cut)
        });
        let mut running = self.run(&faults.kubeconfig).arguments(&["--concurrency", "1"]).start();
        let was_reached = loop {
            match told.recv_timeout(Duration::from_millis(20)) {
                Ok(()) => break true,
                Err(_) if running.has_ended() => break told.try_recv().is_ok(),
                Err(_) => {}
            }
        };
        if was_reached {
            running.kill();
        } else {
            let _ = running.end().code(0);
        }
        drop(go_on);
        // Nobody is left to release the lock.
        let again = self.run(self.place.cluster.kubeconfig()).arguments(&["--no-lock"]).run();
        let _ = again.code(0);
        (self.end)(self);
        was_reached
    }
}

/// As often as there are writes. Gives how many there are.
#[track_caller]
fn at_every_write(scene: impl Fn() -> Scene, least: usize) {
    let mut number = 0;
    while [false, true].into_iter().all(|is_done| scene().killed_at(number, is_done)) {
        number += 1;
    }
    assert!(number >= least, "the lock, the books and one of each sort: {number}");
}

fn map(name: &str, value: &str) -> String {
    format!(
        "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\ndata: {{a: {value}}}\n"
    )
}

/// Some objects stay, one changes, one goes, one is new, one is made anew.
fn round(is_before: bool) -> String {
    let secret = |kind: &str| {
        format!("---\napiVersion: v1\nkind: Secret\nmetadata: {{name: anew}}\ntype: {kind}\n")
    };
    if is_before {
        map("stays", "x") + &map("changes", "x") + &map("goes", "x") + &secret("Opaque")
    } else {
        map("stays", "x") + &map("changes", "z") + &map("comes", "x") + &secret("example.com/x")
    }
}

fn an_apply() {
    let scene = || {
        let place = Place::new(&round(true));
        let _ = place.apply();
        let uid = |place: &Place, name: &str| {
            place.get("configmap", name)["metadata"]["uid"].as_str().unwrap().to_owned()
        };
        let before = ["stays", "changes"].map(|name| uid(&place, name));
        place.write(&round(false));
        let anew = format!("secret/{}/anew", place.namespace);
        let flags = ["--prune", "--allow-mass-delete", "--allow-replace", &anew];
        let flags = flags.map(str::to_owned).to_vec();
        let end = move |scene: &Scene| {
            let place = &scene.place;
            place.is_settled();
            assert_eq!(["stays", "changes"].map(|name| uid(place, name)), before);
            assert_eq!(place.get("configmap", "changes")["data"]["a"], "z");
            assert_eq!(place.get("secret", "anew")["type"], "example.com/x");
            assert!(place.cluster.get("configmap", &place.namespace, "comes").is_some());
            assert!(place.cluster.get("configmap", &place.namespace, "goes").is_none());
        };
        Scene { place, nats: None, verb: "apply", flags, end: Box::new(end) }
    };
    at_every_write(scene, 7);
}

fn a_move_and_a_forgetting() {
    let scene = || {
        let place = Place::new(&(map("a", "x") + &map("b", "x")));
        let _ = place.apply();
        // One becomes another project's; what that one had itself is forgotten.
        place.folder.write("evctl.yaml", "name: new\n");
        place.write(&map("mine", "x"));
        let _ = place.apply();
        let before = |place: &Place, name: &str| {
            let mut object = place.get("configmap", name);
            let uid = object["metadata"]["uid"].take();
            (uid, object["data"].take())
        };
        let names = ["a", "b", "mine"];
        let was = names.map(|name| before(&place, name));
        place.write(&(map("a", "x") + &map("b", "x")));
        let removed = format!("configmap/{}/mine", place.namespace);
        let settings = format!("name: new\nmoved: [{{from: test}}]\nremoved: [{removed}]\n");
        place.folder.write("evctl.yaml", &settings);
        let end = move |scene: &Scene| {
            let place = &scene.place;
            assert_eq!(names.map(|name| before(place, name)), was);
            let project = |name: &str| {
                place.get("configmap", name)["metadata"]["labels"]["evctl.dev/project"].clone()
            };
            assert_eq!(names.map(project), ["new".into(), "new".into(), serde_json::Value::Null]);
            place.is_settled();
            let said = place.evctl("plan").arguments(&["--prune", "--exit-code"]).run().code(0);
            let _ = said.says(&["No changes."]);
        };
        Scene { place, nats: None, verb: "apply", flags: Vec::new(), end: Box::new(end) }
    };
    at_every_write(scene, 5);
}

const CHANNEL: &str = "apiVersion: messaging.knative.dev/v1alpha1\nkind: NatsJetStreamChannel\n\
    metadata: {name: c}\n---\napiVersion: messaging.knative.dev/v1\nkind: Subscription\n\
    metadata: {name: s}\nspec:\n  channel: {apiVersion: messaging.knative.dev/v1alpha1, kind: \
    NatsJetStreamChannel, name: c}\n  subscriber: {uri: http://example.com}\n---\n\
    apiVersion: sources.knative.dev/v1\nkind: PingSource\nmetadata: {name: p}\nspec:\n  sink: {ref: \
    {apiVersion: messaging.knative.dev/v1alpha1, kind: NatsJetStreamChannel, name: c}}\n";

fn a_destroy() {
    let scene = || {
        let nats = Nats::start();
        nats.wire()
            .api("STREAM.CREATE.OTHER", &serde_json::json!({"name": "OTHER", "subjects": ["o"]}));
        let place = Place::new(CHANNEL);
        place.kubectl(&["create", "configmap", "theirs"], "");
        let flags = vec!["--allow-mass-delete".to_owned()];
        let made = Scene { place, nats: Some(nats), verb: "apply", flags, end: Box::new(|_| ()) };
        let _ = made.run(made.place.cluster.kubeconfig()).run().code(0).says(&["5 added"]);
        let end = |scene: &Scene| {
            for kind in [
                "natsjetstreamchannels.messaging",
                "subscriptions.messaging",
                "pingsources.sources",
            ] {
                let kind = format!("{kind}.knative.dev");
                assert_eq!(scene.place.kubectl(&["get", &kind, "-o", "name"], ""), "");
            }
            let names =
                scene.nats.as_ref().unwrap().wire().api("STREAM.NAMES", &serde_json::json!({}));
            let names: Vec<String> = serde_json::from_value(names["streams"].clone()).unwrap();
            let names: Vec<String> = names.into_iter().filter(|name| name != BUCKET).collect();
            assert_eq!(names, ["OTHER"]);
            let maps = scene.place.kubectl(&["get", "configmaps", "-o", "name"], "");
            assert!(maps.contains("configmap/theirs") && !maps.contains("evctl-test"), "{maps}");
        };
        Scene { verb: "destroy", end: Box::new(end), ..made }
    };
    at_every_write(scene, 5);
}
