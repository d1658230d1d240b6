//! The parts that NACK's kinds share: how to connect, where a stream lives, what it copies from.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::model::number::Count;
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
