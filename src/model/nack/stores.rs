//! NACK's KeyValue and ObjectStore: streams under conventions. Only controllers that run with
//! `--control-loop` make them.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::diag::Code;
use crate::model::duration::GoDurationOrEmpty;
use crate::model::number::{Bounded, Count, Limit, SmallLimit};
use crate::model::path::Path;
use crate::model::reading::Reading;
use crate::model::text::{AccountName, BucketName, SubjectOrEmpty};

use super::shared::{Placement, Republish, Storage, StreamSource, Tls};

/// A key-value bucket: the stream `KV_<bucket>`.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct KeyValueSpec {
    /// The bucket's name.
    pub bucket: BucketName,
    /// What the bucket is for.
    pub description: Option<String>,
    /// How big one value may be, in bytes; -1 is unlimited.
    pub max_value_size: Option<SmallLimit>,
    /// How many values of a key are kept, 1 to 64; 1 where it is left out.
    pub history: Option<Bounded<0, 64>>,
    /// How old a value gets, as Go writes durations (`24h`).
    pub ttl: Option<GoDurationOrEmpty>,
    /// How long marks of expired keys stay, in **nanoseconds**; 0 keeps none.
    pub limit_marker_ttl: Option<Count>,
    /// How many bytes; -1 is unlimited.
    pub max_bytes: Option<Limit>,
    /// Where values are kept; on disk where it is left out.
    pub storage: Option<Storage>,
    /// How many servers of a cluster keep the bucket; 1 where it is left out.
    pub replicas: Option<Bounded<1, 5>>,
    /// Where in a cluster the bucket lives.
    pub placement: Option<Placement>,
    /// Values that are published once more after they were stored.
    pub republish: Option<Republish>,
    /// The bucket that this one is a copy of.
    pub mirror: Option<StreamSource>,
    /// Whether values are compressed on disk.
    pub compression: Option<bool>,
    /// Buckets that this one copies from.
    pub sources: Option<Vec<StreamSource>>,
    /// The Account, in the same namespace, that says how to connect; only controllers that run with
    /// `--crd-connect` (or `--control-loop`) look.
    pub account: Option<AccountName>,
    /// The path of a credentials file that is mounted into the controller.
    pub creds: Option<String>,
    /// The path of an nkey seed that is mounted into the controller.
    pub nkey: Option<String>,
    /// URLs of servers; the controller's own where it is left out.
    pub servers: Option<Vec<String>>,
    /// Certificates to connect with.
    pub tls: Option<Tls>,
    /// Whether TLS begins before the server has said anything.
    pub tls_first: Option<bool>,
    /// The JetStream domain; the server's own where it is left out.
    pub js_domain: Option<String>,
    /// Whether what was made stays when this object goes. Without it, it is deleted with its data.
    pub prevent_delete: Option<bool>,
    /// Whether what was made stays as it is when this object changes.
    pub prevent_update: Option<bool>,
}

/// A store of objects in pieces: the stream `OBJ_<bucket>`.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ObjectStoreSpec {
    /// The store's name.
    pub bucket: BucketName,
    /// What the store is for.
    pub description: Option<String>,
    /// How old an object gets, as Go writes durations (`24h`).
    pub ttl: Option<GoDurationOrEmpty>,
    /// How many bytes; -1 is unlimited.
    pub max_bytes: Option<Limit>,
    /// Where objects are kept; on disk where it is left out.
    pub storage: Option<Storage>,
    /// How many servers of a cluster keep the store; 1 where it is left out.
    pub replicas: Option<Bounded<1, 5>>,
    /// Where in a cluster the store lives.
    pub placement: Option<Placement>,
    /// Whether objects are compressed on disk.
    pub compression: Option<bool>,
    /// Labels of the store in JetStream.
    pub metadata: Option<BTreeMap<String, String>>,
    /// The Account, in the same namespace, that says how to connect; only controllers that run with
    /// `--crd-connect` (or `--control-loop`) look.
    pub account: Option<AccountName>,
    /// The path of a credentials file that is mounted into the controller.
    pub creds: Option<String>,
    /// The path of an nkey seed that is mounted into the controller.
    pub nkey: Option<String>,
    /// URLs of servers; the controller's own where it is left out.
    pub servers: Option<Vec<String>>,
    /// Certificates to connect with.
    pub tls: Option<Tls>,
    /// Whether TLS begins before the server has said anything.
    pub tls_first: Option<bool>,
    /// The JetStream domain; the server's own where it is left out.
    pub js_domain: Option<String>,
    /// Whether what was made stays when this object goes. Without it, it is deleted with its data.
    pub prevent_delete: Option<bool>,
    /// Whether what was made stays as it is when this object changes.
    pub prevent_update: Option<bool>,
}

/// The least that the server takes as the life of a mark, in nanoseconds.
const SECOND: i64 = 1_000_000_000;

/// The rules and traps of a KeyValue.
pub(super) fn check(spec: &KeyValueSpec, reading: &mut Reading<'_>) {
    let at = Path::of("spec");
    if spec.limit_marker_ttl.is_some_and(|ttl| (1..SECOND).contains(&ttl.0)) {
        let message = "`limitMarkerTtl` counts in nanoseconds, and the server refuses less than a second \
                       (10052)";
        let help = "write it in nanoseconds: a minute is 60000000000";
        reading.fault(Code::InvalidValue, &at.key("limitMarkerTtl"), message, help);
    }
    let sources = spec.sources.iter().flatten();
    if spec.mirror.is_some() {
        if sources.count() > 0 {
            let message =
                "`sources` has no effect beside `mirror`: a copy holds what its origin holds";
            let help = "take one of the two away";
            reading.fault(Code::IgnoredField, &at.key("sources"), message, help);
        }
        return;
    }
    for (number, source) in sources.enumerate() {
        let filter = source.filter_subject.as_ref().map(SubjectOrEmpty::as_str);
        let transforms = source.subject_transforms.iter().flatten().count() > 0;
        if filter.is_some_and(|filter| !filter.is_empty()) && !transforms {
            let message = "the client adds a subject transform to a bucket's source, and the server \
                           refuses `filterSubject` beside one (10144)";
            let help = "write `subjectTransforms` instead: source is the filter, dest the key here";
            let path = at.key("sources").index(number).key("filterSubject");
            reading.fault(Code::InvalidValue, &path, message, help);
        }
    }
}
