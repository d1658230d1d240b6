//! A real Kubernetes API server (etcd and kube-apiserver, no nodes, no controllers) with its users
//! and their kubeconfigs: one that all tests share, or a test's own.
//!
//! Must not know what evctl does with it.

use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use super::audit::{self, Marker, Request};
use super::certificates::{Authority, Identity};
use super::http_faults::{Answer, Fault, Faults};
use super::kubectl::{Kubectl, Said};
use super::kubernetes_setup as setup;
use super::supervised::{Scratch, Supervised};
use super::{crds, lookup, stubborn, waiting};

/// How long the server may take until it is ready; alone on two cores it takes three seconds.
const READY_LIMIT: Duration = Duration::from_mins(1);
/// A port can be lost between finding and using it, which another try mends.
const TRIES: usize = 3;

/// A running API server and its store.
pub(crate) struct Cluster {
    /// The processes: to be killed, paused, resumed; the shared cluster's cannot be, being borrowed.
    pub(crate) api_server: Supervised,
    pub(crate) etcd: Supervised,
    kubectl: Kubectl,
    server_url: String,
    authority: Authority,
    counter: AtomicUsize,
    scratch: Scratch,
}

impl Cluster {
    /// The cluster of this test run, with all CRDs, started when it is first asked for. Tests keep
    /// apart by `namespace`.
    pub(crate) fn shared() -> &'static Self {
        static SHARED: OnceLock<Result<Cluster, String>> = OnceLock::new();
        let shared = SHARED.get_or_init(|| {
            let cluster = Self::try_start()?;
            cluster.install_crds();
            Ok(cluster)
        });
        shared.as_ref().unwrap_or_else(|reason| panic!("{reason}"))
    }

    /// A cluster of the test's own, without CRDs.
    pub(crate) fn start() -> Self {
        Self::try_start().unwrap_or_else(|reason| panic!("{reason}"))
    }

    fn try_start() -> Result<Self, String> {
        let mut last = String::new();
        for _ in 0..TRIES {
            match Self::start_once() {
                Err(reason) if reason.contains("address already in use") => last = reason,
                done => return done,
            }
        }
        Err(last)
    }

    fn start_once() -> Result<Self, String> {
        let programs = lookup::kubernetes()?;
        let scratch = Scratch::new();
        let authority = Authority::new();
        setup::write_certificates(&scratch, &authority);
        let ports = setup::free_ports();
        let etcd = Supervised::start(
            &scratch,
            &programs.etcd,
            &setup::etcd_arguments(&scratch, &ports),
            &[],
            "etcd.log",
        );
        let api_server = Supervised::start(
            &scratch,
            &programs.api_server,
            &setup::api_server_arguments(&scratch, &ports),
            &[],
            "kube-apiserver.log",
        );
        let server_url = format!("https://127.0.0.1:{}", ports.secure);
        let admin = authority.client("evctl-test-admin", &["system:masters"]);
        let kubeconfig = setup::write_kubeconfig(&scratch, "admin", &server_url, &admin);
        let kubectl =
            Kubectl { program: programs.kubectl, kubeconfig, home: scratch.path().to_owned() };
        let mut cluster = Self {
            api_server,
            etcd,
            kubectl,
            server_url,
            authority,
            counter: AtomicUsize::new(0),
            scratch,
        };
        cluster.wait_ready(ports.secure)?;
        Ok(cluster)
    }

    /// The port is asked first, as kubectl costs more than the server has to spare while starting.
    fn wait_ready(&mut self, port: u16) -> Result<(), String> {
        let pause = Duration::from_millis(20);
        let listening = waiting::until(READY_LIMIT, pause, || {
            let ended = self.api_server.ended().is_some() || self.etcd.ended().is_some();
            let connected = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok();
            (ended || connected).then_some(connected)
        });
        if listening == Some(true) && self.kubectl.wait_ready(READY_LIMIT) {
            return Ok(());
        }
        Err(format!(
            "kube-apiserver did not become ready; its log ends:\n{}\netcd's log ends:\n{}",
            self.api_server.log_tail(),
            self.etcd.log_tail()
        ))
    }

    /// `https://127.0.0.1:PORT`.
    pub(crate) fn server_url(&self) -> &str {
        &self.server_url
    }

    /// The kubeconfig of an administrator (group `system:masters`), context `evctl-test`.
    pub(crate) fn kubeconfig(&self) -> &Path {
        &self.kubectl.kubeconfig
    }

    /// The administrator's kubeconfig for another address of the server, such as a proxy's
    /// (`https://127.0.0.1:PORT`; any port of 127.0.0.1 or localhost fits the server's certificate).
    pub(crate) fn kubeconfig_at(&self, server_url: &str) -> PathBuf {
        let admin = self.authority.client("evctl-test-admin", &["system:masters"]);
        self.new_kubeconfig(server_url, &admin)
    }

    /// The kubeconfig of another user, in two groups at most, who may do nothing until a binding
    /// says so (403).
    pub(crate) fn kubeconfig_as(&self, user: &str, groups: &[&str]) -> PathBuf {
        let identity = self.authority.client(user, groups);
        self.new_kubeconfig(&self.server_url, &identity)
    }

    /// A kubeconfig whose client certificate another authority has signed: the server does not
    /// know who it is (401).
    pub(crate) fn kubeconfig_bad(&self) -> PathBuf {
        let stranger = Authority::new().client("evctl-test-admin", &["system:masters"]);
        self.new_kubeconfig(&self.server_url, &stranger)
    }

    /// A kubeconfig with a token that the server does not know (401).
    pub(crate) fn kubeconfig_bad_token(&self) -> PathBuf {
        let user = json!({ "token": "evctl-test-bogus-token" });
        let text = setup::kubeconfig_text(self.scratch.path(), &self.server_url, &user);
        self.scratch.write(&self.unique("token", ".kubeconfig"), text)
    }

    /// Starts a program that ends with the cluster at the latest.
    pub(crate) fn run(
        &self,
        program: &Path,
        arguments: &[String],
        variables: &[(&str, &str)],
        log: &str,
    ) -> Supervised {
        Supervised::start(&self.scratch, program, arguments, variables, log)
    }

    /// Starts the controllers that collect objects whose owner is gone and empty namespaces that are
    /// deleted.
    pub(crate) fn start_controller_manager(&self) -> Supervised {
        let program = lookup::controller_manager().unwrap_or_else(|reason| panic!("{reason}"));
        let controllers = [
            "garbage-collector-controller",
            "namespace-controller",
            "clusterrole-aggregation-controller",
            "serviceaccount-controller",
        ];
        let arguments = [
            format!("--kubeconfig={}", self.kubeconfig().display()),
            "--leader-elect=false".to_owned(),
            "--bind-address=127.0.0.1".to_owned(),
            format!("--secure-port={}", stubborn::closed().port()),
            format!("--cert-dir={}", self.scratch.path().join("manager").display()),
            format!("--controllers={}", controllers.join(",")),
        ];
        self.run(&program, &arguments, &[], "kube-controller-manager.log")
    }

    /// The server behind one that gives some answers itself, to its administrator.
    pub(crate) fn faults(
        &self,
        fault: impl Fn(&str, &str) -> Option<Answer> + Send + Sync + 'static,
    ) -> Faults {
        self.faulty(move |method, uri| fault(method, uri).map(Fault::Answer))
    }

    /// The server behind one that treats some requests badly.
    pub(crate) fn faulty(
        &self,
        fault: impl Fn(&str, &str) -> Option<Fault> + Send + Sync + 'static,
    ) -> Faults {
        Faults::start(&self.kubectl.program, &self.kubectl.kubeconfig, fault)
    }

    fn new_kubeconfig(&self, server_url: &str, identity: &Identity) -> PathBuf {
        let name = self.unique("user", "");
        setup::write_kubeconfig(&self.scratch, &name, server_url, identity)
    }

    fn unique(&self, prefix: &str, suffix: &str) -> String {
        let number = self.counter.fetch_add(1, Ordering::Relaxed);
        format!("{prefix}-{number}{suffix}")
    }

    /// A fresh namespace whose name begins with `prefix`.
    pub(crate) fn namespace(&self, prefix: &str) -> String {
        let name = self.unique(prefix, "");
        self.kubectl(&["create", "namespace", &name]).expect_success();
        name
    }

    /// Runs kubectl as the administrator.
    pub(crate) fn kubectl(&self, arguments: &[&str]) -> Said {
        self.kubectl.run(arguments)
    }

    /// Runs kubectl as the administrator with `text` as its standard input.
    pub(crate) fn kubectl_stdin(&self, arguments: &[&str], text: &str) -> Said {
        self.kubectl.run_with(arguments, text)
    }

    /// Runs `kubectl apply --prune --applyset`, which kubectl has as a trial yet.
    pub(crate) fn kubectl_applyset(&self, namespace: &str, set: &str, text: &str) -> Said {
        let arguments = ["apply", "-n", namespace, "--prune", "--applyset", set, "-f", "-"];
        self.kubectl.run_in(&[("KUBECTL_APPLYSET", "true")], &arguments, text)
    }

    /// Runs kubectl with another kubeconfig.
    pub(crate) fn kubectl_as(&self, kubeconfig: &Path, arguments: &[&str]) -> Said {
        self.kubectl.with_kubeconfig(kubeconfig).run(arguments)
    }

    /// An object as the cluster holds it; an empty namespace is for kinds that have none.
    #[track_caller]
    pub(crate) fn get(&self, kind: &str, namespace: &str, name: &str) -> Option<Value> {
        self.kubectl.get(kind, namespace, name)
    }

    /// Installs every CRD that can be found (`crds`) and waits until they are served.
    pub(crate) fn install_crds(&self) {
        crds::install(&self.kubectl, self.scratch.path());
    }

    /// The present end of the audit log.
    pub(crate) fn marker(&self) -> Marker {
        audit::marker(&self.audit_log())
    }

    /// The requests that were answered since, by whomever; on the shared cluster other tests' too,
    /// so look at the user, the user agent or the namespace.
    pub(crate) fn requests(&self, since: Marker) -> Vec<Request> {
        audit::requests(&self.audit_log(), since)
    }

    fn audit_log(&self) -> PathBuf {
        self.scratch.path().join("audit.log")
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // Nothing in it is worth the second that an orderly end takes.
        self.api_server.kill();
        self.etcd.kill();
    }
}
