//! Real servers for the integration tests: which of them a test needs, and what becomes of a test
//! whose server is not on this machine (skipped by name, or failed where `EVCTL_TEST_REQUIRE` asks).
//!
//! Must not know evctl: nothing here names a type of `src/` or runs its binary.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a harness has no one to hand an error to: a test that cannot be set up fails"
)]
#![expect(
    clippy::disallowed_methods,
    reason = "where the servers are is said by the environment of the test run"
)]
#![expect(
    dead_code,
    reason = "a harness offers what a test may want; not every function is wanted at every time"
)]

pub(crate) mod api_watch;
pub(crate) mod audit;
pub(crate) mod certificates;
pub(crate) mod crds;
pub(crate) mod http_faults;
pub(crate) mod knative;
pub(crate) mod kubectl;
pub(crate) mod kubernetes;
pub(crate) mod kubernetes_setup;
pub(crate) mod language_server;
pub(crate) mod lookup;
pub(crate) mod nats;
pub(crate) mod nats_cluster;
pub(crate) mod nats_connection;
pub(crate) mod nats_frames;
pub(crate) mod nats_operator;
pub(crate) mod nats_pull;
pub(crate) mod nats_wire;
pub(crate) mod proxy;
pub(crate) mod stubborn;
pub(crate) mod supervised;
pub(crate) mod terminal;
pub(crate) mod validator;
pub(crate) mod waiting;

use std::sync::Mutex;

use libtest_mimic::{Failed, Trial};

/// Something outside the project that a test cannot do without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// The nats-server binary.
    Nats,
    /// A nats-server of another version, such as `2.11`.
    NatsVersion(&'static str),
    /// The `nats` command, the NATS project's own client.
    NatsCli,
    /// etcd, kube-apiserver and kubectl.
    Kubernetes,
    /// kube-controller-manager, beside those.
    ControllerManager,
    /// The folder with Knative Eventing's CRDs.
    KnativeCrds,
    /// Knative Eventing's webhooks and controllers.
    Knative,
    /// The CRD of `NatsJetStreamChannel`, a file of the data folder.
    NatssCrd,
    /// The folder with other projects' manifests and recorded traces.
    Data,
    /// Node.js, and the packages that `testenv/node` names.
    Node,
    /// kubeconform, a third validator of schemas.
    Kubeconform,
}

impl Need {
    /// The word by which `EVCTL_TEST_REQUIRE` asks for it.
    fn family(self) -> &'static str {
        match self {
            Self::Nats | Self::NatsVersion(_) | Self::NatsCli => "nats",
            Self::Kubernetes | Self::ControllerManager => "kube",
            Self::KnativeCrds | Self::Knative => "knative",
            Self::NatssCrd | Self::Data => "data",
            Self::Node => "node",
            Self::Kubeconform => "kubeconform",
        }
    }

    /// Why it cannot be had, or nothing when it is there.
    fn lack(self) -> Option<String> {
        match self {
            Self::Nats => lookup::nats_server().err(),
            Self::NatsVersion(version) => lookup::nats_server_version(version).err(),
            Self::NatsCli => lookup::nats_cli().err(),
            Self::Kubernetes => lookup::kubernetes().err(),
            Self::ControllerManager => lookup::controller_manager().err(),
            Self::KnativeCrds => lookup::knative_crds().err(),
            Self::Knative => lookup::knative().err(),
            Self::NatssCrd => lookup::natss_crd().err(),
            Self::Data => lookup::data().err(),
            Self::Node => lookup::node().err(),
            Self::Kubeconform => lookup::kubeconform().err(),
        }
    }
}

/// The reason to skip a test with these needs: each thing that is missing and where it was sought.
pub(crate) fn missing(needs: &[Need]) -> Option<String> {
    let lacks: Vec<String> = needs.iter().filter_map(|need| need.lack()).collect();
    (!lacks.is_empty()).then(|| lacks.join("; "))
}

/// A test for libtest-mimic, ignored when something that it needs is missing, failed when
/// `EVCTL_TEST_REQUIRE` insists on the missing thing. A panic in `test` is a failure with the
/// panic's message (libtest-mimic catches it).
pub(crate) fn trial(name: &str, needs: &[Need], test: fn()) -> Trial {
    trial_of(name, needs, test)
}

/// As `trial`, for a test that holds something.
pub(crate) fn trial_of(name: &str, needs: &[Need], test: impl FnOnce() + Send + 'static) -> Trial {
    let Some(reason) = missing(needs) else {
        return Trial::test(name, move || {
            test();
            Ok(())
        });
    };
    let required = needs.iter().any(|need| need.lack().is_some() && is_required(*need));
    if !required {
        let mut skips = SKIPPED.lock().expect("no one panics holding this lock");
        skips.push((name.to_owned(), reason.clone()));
    }
    // The body also runs when a user asks for ignored tests: then the reason is the answer.
    Trial::test(name, move || Err(Failed::from(reason))).with_ignored_flag(!required)
}

/// The tests that `trial` has marked as ignored so far, each with its reason.
pub(crate) fn skipped() -> Vec<(String, String)> {
    SKIPPED.lock().expect("no one panics holding this lock").clone()
}

static SKIPPED: Mutex<Vec<(String, String)>> = Mutex::new(Vec::new());

fn is_required(need: Need) -> bool {
    let families = std::env::var("EVCTL_TEST_REQUIRE").unwrap_or_default();
    families.split(',').map(str::trim).any(|family| family == "all" || family == need.family())
}
