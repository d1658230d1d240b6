//! The parts that NACK's kinds share: how to connect, where a stream lives, what it copies from.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::diag::{Code, Severity};
use crate::model::number::Count;
use crate::model::path::Path;
use crate::model::reading::Reading;
use crate::model::text::{InstantOrEmpty, StreamName, SubjectOrEmpty};

/// Certificates to connect with, as files that are mounted into the controller.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Tls {
    /// The path of the client's certificate.
    pub client_cert: Option<String>,
    /// The path of the client's key.
    pub client_key: Option<String>,
    /// The paths of the certificates to trust.
    pub root_cas: Option<Vec<String>>,
}

/// How one object says to connect, apart from its Account.
pub(super) struct Connection<'a> {
    pub(super) creds: Option<&'a String>,
    pub(super) nkey: Option<&'a String>,
    pub(super) tls: Option<&'a Tls>,
    pub(super) servers: Option<&'a Vec<String>>,
}

impl Connection<'_> {
    /// Says what of it evctl does not do.
    pub(super) fn check(&self, reading: &mut Reading<'_>) {
        let said = |text: Option<&String>| text.is_some_and(|text| !text.is_empty());
        for (field, is_said) in [
            ("creds", said(self.creds)),
            ("nkey", said(self.nkey)),
            ("tls", self.tls.is_some_and(|tls| *tls != Tls::default())),
        ] {
            if is_said {
                in_pod(reading, &Path::of("spec").key(field));
            }
        }
        if self.servers.is_some_and(|servers| !servers.is_empty()) {
            let message = "NACK's controllers connect to these servers for this object; evctl makes it \
                           where the run connects to";
            let path = Path::of("spec.servers");
            reading.fault_at_key(Code::ControllerConnection, &path, message, ACCOUNT);
            reading.weigh_last(Severity::Warning);
        }
    }
}

const ACCOUNT: &str = "put it into an Account, with Secrets, and name that in `account`: evctl connects as \
                       it says";

/// A path in the controllers' pod.
pub(super) fn in_pod(reading: &mut Reading<'_>, path: &Path) {
    let message =
        format!("`{path}` is a path in the pod of NACK's controllers; evctl does not use it");
    reading.fault_at_key(Code::ControllerConnection, path, message, ACCOUNT);
}

/// Labels that others write and that count for nothing in a manifest.
pub(super) fn check_metadata(
    metadata: Option<&BTreeMap<String, String>>,
    reading: &mut Reading<'_>,
) {
    let at = Path::of("spec.metadata");
    for name in metadata.into_iter().flat_map(BTreeMap::keys) {
        let writer = match name.as_str() {
            name if name.starts_with("_nats.") => "the server",
            "evctl.dev/project" | "evctl.dev/object" => "evctl",
            _ => continue,
        };
        let message = format!("`{name}` is a mark that {writer} writes itself");
        reading.fault(Code::IgnoredField, &at.key(name.as_str()), message, "take it away");
    }
}

/// Where in a cluster a stream lives.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Placement {
    /// The name of the cluster.
    pub cluster: Option<String>,
    /// Tags that a server must have, all of them.
    pub tags: Option<Vec<String>>,
}

/// Another stream to copy from.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StreamSource {
    /// The name of the other stream; of a bucket, for a KeyValue.
    pub name: StreamName,
    /// The first sequence to copy; 0 is all.
    pub opt_start_seq: Option<Count>,
    /// The first instant to copy from.
    pub opt_start_time: Option<InstantOrEmpty>,
    /// Which subjects to copy.
    pub filter_subject: Option<SubjectOrEmpty>,
    /// The prefix of the other account's or domain's JetStream API, such as `$JS.hub.API`. The origin
    /// is then not in this account.
    pub external_api_prefix: Option<String>,
    /// The subject under which the other side delivers.
    pub external_deliver_prefix: Option<String>,
    /// How subjects change on the way in. Not together with `filterSubject`.
    pub subject_transforms: Option<Vec<SubjectTransform>>,
}

impl StreamSource {
    /// Whether the origin is in another account or domain, where nothing here can declare it.
    pub fn is_external(&self) -> bool {
        let said = |text: &Option<String>| text.as_ref().is_some_and(|text| !text.is_empty());
        said(&self.external_api_prefix) || said(&self.external_deliver_prefix)
    }
}

/// How a subject changes.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SubjectTransform {
    /// Which subjects.
    pub source: Option<SubjectOrEmpty>,
    /// What they become, with `{{wildcard(1)}}` for what a `*` stood for.
    pub dest: Option<String>,
}

/// Messages of a stream that are published once more.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Republish {
    /// The subject that they are published to.
    pub destination: Option<String>,
    /// Which subjects; all where it is left out.
    pub source: Option<SubjectOrEmpty>,
}

/// Where messages are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Storage {
    /// On disk.
    File,
    /// In memory: a restart of the servers loses them.
    Memory,
}
