//! The kinds that tests need beyond Kubernetes' own: Knative Eventing's from its module, that of the
//! NATS `JetStream` channel from the data folder, and a stand-in for Knative Serving's Service.
//!
//! Must not know how a cluster is started.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::kubectl::Kubectl;
use super::{lookup, waiting};

/// A stand-in: Serving's own CRD is not to be had. It takes any spec and status.
pub(crate) const SERVING_SERVICE: &str = r"
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: services.serving.knative.dev
spec:
  group: serving.knative.dev
  scope: Namespaced
  names:
    kind: Service
    plural: services
    singular: service
    shortNames: [kservice, ksvc]
    categories: [all, knative, serving]
  versions:
  - name: v1
    served: true
    storage: true
    subresources:
      status: {}
    schema:
      openAPIV3Schema:
        type: object
        x-kubernetes-preserve-unknown-fields: true
";

const SERVED_LIMIT: Duration = Duration::from_secs(30);

/// Applies every CRD that can be found, in one go, and waits until all are served.
pub(crate) fn install(kubectl: &Kubectl, scratch: &Path) {
    let stand_in = scratch.join("serving-service.yaml");
    fs::write(&stand_in, SERVING_SERVICE).expect("a file can be written into the test's folder");
    let mut files = found();
    files.push(stand_in);
    let names: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
    let mut arguments = vec!["apply", "--server-side", "--output=name"];
    arguments.extend(names.iter().flat_map(|name| ["--filename", name]));
    let applied = kubectl.run(&arguments).expect_success();
    wait_served(kubectl, applied.lines().count());
}

/// Knative's files that hold a CRD, and the channel's; those that are missing are left out, as a
/// test that needs them says so and is skipped.
fn found() -> Vec<PathBuf> {
    let knative = lookup::knative_crds().into_iter().flat_map(|folder| {
        let core = definitions(&folder.join("config/resources"));
        let channel = definitions(&folder.join("config/channels/in-memory-channel/resources"));
        core.into_iter().chain(channel)
    });
    knative.chain(lookup::natss_crd()).collect()
}

/// The YAML files of a folder that hold a `CustomResourceDefinition`.
fn definitions(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("the folder of CRDs can be read");
    let files = entries.map(|entry| entry.expect("an entry can be read").path());
    let mut files: Vec<PathBuf> = files
        .filter(|file| file.extension().is_some_and(|ending| ending == "yaml"))
        .filter(|file| {
            let text = fs::read_to_string(file).expect("a CRD's file can be read");
            text.contains("kind: CustomResourceDefinition")
        })
        .collect();
    files.sort();
    files
}

/// Asks until the server's discovery lists every kind, which it does once the CRD is Established and
/// served. (`kubectl wait` takes two seconds for what is done in a fraction of one.)
fn wait_served(kubectl: &Kubectl, count: usize) {
    let listed = waiting::until(SERVED_LIMIT, Duration::from_millis(20), || {
        let kinds = kubectl.run(&["api-resources", "--cached=false", "--no-headers"]);
        let ours = kinds.stdout.lines().filter(|line| line.contains(".knative.dev/"));
        (ours.count() >= count).then_some(())
    });
    assert!(listed.is_some(), "the API server does not serve the {count} CRDs");
}
