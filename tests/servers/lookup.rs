//! Where the real servers and other projects' files are looked for on this machine: an environment
//! variable, then `testenv/bin`, then PATH. An `Err` says in words what is missing and where it was
//! sought.
//!
//! Must not start anything.

use std::env;
use std::path::{Path, PathBuf};

/// The programs that make a Kubernetes API server, and the client that asks it.
pub(crate) struct KubernetesPrograms {
    pub(crate) etcd: PathBuf,
    pub(crate) api_server: PathBuf,
    pub(crate) kubectl: PathBuf,
}

pub(crate) fn nats_server() -> Result<PathBuf, String> {
    let named = variable("EVCTL_TEST_NATS_SERVER");
    first_file(
        "nats-server",
        "EVCTL_TEST_NATS_SERVER",
        named.into_iter().chain(places("nats-server")),
    )
}

/// A nats-server of another version, such as `2.11`; the usual one for an empty text.
pub(crate) fn nats_server_version(version: &str) -> Result<PathBuf, String> {
    if version.is_empty() {
        return nats_server();
    }
    let name = format!("nats-server-{version}");
    first_file(&name, "", places(&name))
}

pub(crate) fn nats_cli() -> Result<PathBuf, String> {
    first_file("the nats command", "", places("nats"))
}

/// Node.js with the packages of `testenv/node`.
pub(crate) struct NodePrograms {
    pub(crate) node: PathBuf,
    /// The folder `node_modules`.
    pub(crate) packages: PathBuf,
}

pub(crate) fn node() -> Result<NodePrograms, String> {
    let folder =
        variable("EVCTL_TEST_NODE_PACKAGES").unwrap_or_else(|| built().join("node-packages"));
    let packages = folder.join("node_modules");
    let packages = existing(
        "the folder of npm packages",
        "EVCTL_TEST_NODE_PACKAGES",
        &packages,
        &packages.join("yaml-language-server"),
    )?;
    Ok(NodePrograms { node: first_file("node", "", places("node"))?, packages })
}

pub(crate) fn kubeconform() -> Result<PathBuf, String> {
    first_file("kubeconform", "", places("kubeconform"))
}

pub(crate) fn kubernetes() -> Result<KubernetesPrograms, String> {
    let folder = variable("EVCTL_TEST_KUBE_ASSETS").or_else(|| variable("KUBEBUILDER_ASSETS"));
    let find = |name: &str| {
        let named = folder.iter().map(|folder| folder.join(name));
        first_file(name, "EVCTL_TEST_KUBE_ASSETS or KUBEBUILDER_ASSETS", named.chain(places(name)))
    };
    Ok(KubernetesPrograms {
        etcd: find("etcd")?,
        api_server: find("kube-apiserver")?,
        kubectl: find("kubectl")?,
    })
}

/// Beside the API server: what collects objects without an owner and empties namespaces.
pub(crate) fn controller_manager() -> Result<PathBuf, String> {
    let folder = variable("EVCTL_TEST_KUBE_ASSETS").or_else(|| variable("KUBEBUILDER_ASSETS"));
    let named = folder.into_iter().map(|folder| folder.join("kube-controller-manager"));
    let variables = "EVCTL_TEST_KUBE_ASSETS or KUBEBUILDER_ASSETS";
    let places = named.chain(places("kube-controller-manager"));
    first_file("kube-controller-manager", variables, places)
}

/// Knative Eventing: its processes and its configuration.
pub(crate) struct KnativePrograms {
    /// The folder of the programs.
    pub(crate) folder: PathBuf,
    /// The folder of the configuration.
    pub(crate) config: PathBuf,
}

pub(crate) fn knative() -> Result<KnativePrograms, String> {
    let folder = variable("EVCTL_TEST_KNATIVE_BIN").unwrap_or_else(built);
    let webhook = folder.join("knative-webhook");
    let folder = existing("Knative Eventing", "EVCTL_TEST_KNATIVE_BIN", &folder, &webhook)?;
    let config = knative_crds()?.join("config");
    let core = config.join("core");
    let what = "the configuration of Knative Eventing";
    Ok(KnativePrograms {
        folder,
        config: existing(what, "EVCTL_TEST_KNATIVE_CRDS", &config, &core)?,
    })
}

/// The unpacked Knative Eventing module: the folder that holds its `config`.
pub(crate) fn knative_crds() -> Result<PathBuf, String> {
    let folder =
        variable("EVCTL_TEST_KNATIVE_CRDS").unwrap_or_else(|| built().join("knative-eventing"));
    existing(
        "the folder of Knative's CRDs",
        "EVCTL_TEST_KNATIVE_CRDS",
        &folder,
        &folder.join("config/resources"),
    )
}

pub(crate) fn data() -> Result<PathBuf, String> {
    let folder = variable("EVCTL_TEST_DATA")
        .unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data"));
    existing("the folder of test data", "EVCTL_TEST_DATA", &folder, &folder)
}

/// The file with the CRD of `NatsJetStreamChannel`.
pub(crate) fn natss_crd() -> Result<PathBuf, String> {
    let file = data()?.join("crds/eventing-natss/config/jetstream/302-jsm-channel.yaml");
    existing("the CRD of NatsJetStreamChannel", "EVCTL_TEST_DATA", &file, &file)
}

/// Where `testenv/build.sh` puts what it builds.
fn built() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testenv/bin")
}

/// An environment variable that names a place; an empty one counts as not set.
fn variable(name: &str) -> Option<PathBuf> {
    env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}

/// The places of a program when no variable names it.
fn places(name: &str) -> Vec<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    std::iter::once(built())
        .chain(env::split_paths(&path))
        .map(|folder| folder.join(name))
        .collect()
}

fn first_file(
    what: &str,
    variable: &str,
    candidates: impl IntoIterator<Item = PathBuf>,
) -> Result<PathBuf, String> {
    let found = candidates.into_iter().find(|file| file.is_file());
    found.ok_or_else(|| {
        let bin = built();
        let before = if variable.is_empty() { String::new() } else { format!("by {variable}, ") };
        format!(
            "{what} was not found {before}in {} (testenv/build.sh makes it) or on PATH",
            bin.display()
        )
    })
}

fn existing(what: &str, variable: &str, place: &Path, proof: &Path) -> Result<PathBuf, String> {
    if proof.exists() {
        return Ok(place.to_owned());
    }
    Err(format!("{what} was not found at {} ({variable} names another place)", place.display()))
}
