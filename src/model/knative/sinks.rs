//! sinks.knative.dev: what takes events (shared/facts/knative.md §1).

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::de::Error;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::diag::Code;
use crate::model::Path;
use crate::model::kinds::{Kind, Spec};
use crate::model::manifest::Typed;
use crate::model::reading::Reading;

use super::aws::{self, Auth, S3, Sns, Sqs};
use super::pods::{self, Naming};

/// The group of every kind of the family.
pub const GROUP: &str = "sinks.knative.dev";

/// The kinds of the family.
pub const KINDS: &[Kind] = &[
    Kind::of::<JobSinkSpec>(GROUP, "JobSink", "v1alpha1"),
    Kind::of::<IntegrationSinkSpec>(GROUP, "IntegrationSink", "v1alpha1"),
];

/// What a manifest of the family says.
#[derive(Debug, Clone)]
pub enum SinkKind {
    Job(Box<JobSinkSpec>),
    Integration(Box<IntegrationSinkSpec>),
}

/// Runs a Job for every event.
#[derive(Debug, Clone, PartialEq, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JobSinkSpec {
    /// The Job to run (batch/v1 Job): `spec.template.spec` with containers and a `restartPolicy` of
    /// `Never` or `OnFailure`. The webhook tries it out on the API server; the event is mounted into
    /// its containers.
    pub job: BTreeMap<String, Value>,
}

/// Hands events to one other system: a log, or a service of AWS.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct IntegrationSinkSpec {
    /// Writes events to its own log. Not together with a service of AWS.
    pub log: Option<Log>,
    /// Hands events to one service of AWS.
    pub aws: Option<Aws>,
}

/// What of an event is written to the log, and how.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Log {
    /// The category; `log-sink` by default.
    pub logger_name: Option<String>,
    /// The level; `INFO` by default.
    pub level: Option<String>,
    /// Whether passwords and the like are masked; `false` by default.
    pub log_mask: Option<bool>,
    /// A marker's name.
    pub marker: Option<String>,
    /// Whether every piece stands on a line of its own; `false` by default.
    pub multiline: Option<bool>,
    /// Whether all of Camel's properties are shown; `false` by default.
    pub show_all_properties: Option<bool>,
    /// Whether the data is shown; `true` by default.
    pub show_body: Option<bool>,
    /// Whether the Java type of the data is shown; `true` by default.
    pub show_body_type: Option<bool>,
    /// Whether the message exchange pattern is shown; `true` by default.
    pub show_exchange_pattern: Option<bool>,
    /// Whether headers are shown; `false` by default.
    pub show_headers: Option<bool>,
    /// Whether the exchange's own properties are shown; `false` by default.
    pub show_properties: Option<bool>,
    /// Whether the data of streams is shown, which uses it up; `false` by default.
    pub show_streams: Option<bool>,
    /// Whether the data of cached streams is shown; `true` by default.
    pub show_cached_streams: Option<bool>,
}

/// One service of AWS, and by what right it is used.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Aws {
    /// A bucket.
    pub s3: Option<S3>,
    /// A queue.
    pub sqs: Option<Sqs>,
    /// A topic.
    pub sns: Option<Sns>,
    /// By what right. Required.
    pub auth: Option<Auth>,
}

/// By hand, as serde would take a list for a type of one field.
impl<'de> Deserialize<'de> for JobSinkSpec {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let mut fields = BTreeMap::<String, BTreeMap<String, Value>>::deserialize(from)?;
        let job = fields.remove("job").ok_or_else(|| D::Error::missing_field("job"))?;
        match fields.pop_first() {
            Some((other, _)) => Err(D::Error::unknown_field(&other, &["job"])),
            None => Ok(Self { job }),
        }
    }
}

impl Spec for JobSinkSpec {
    fn check(&self, reading: &mut Reading<'_>) {
        let pod = Path::of("spec.job.spec.template.spec");
        pods::containers(reading, &pod, Naming::Demanded);
        let path = pod.key("restartPolicy");
        match reading.text(&path) {
            Some("Never" | "OnFailure") => {}
            Some(other) => {
                let message = format!("a Job's pods cannot have restartPolicy `{other}`");
                reading.fault(Code::InvalidValue, &path, message, "write Never or OnFailure");
            }
            None => {
                let help = "write Never or OnFailure; what a pod has by default, no Job may have";
                reading.missing(&path, help);
            }
        }
    }

    fn typed(self) -> Typed {
        Typed::Sink(SinkKind::Job(Box::new(self)))
    }
}

impl Spec for IntegrationSinkSpec {
    fn check(&self, reading: &mut Reading<'_>) {
        let services = self.aws.as_ref().map(Aws::services).unwrap_or_default();
        match (self.log.is_some(), services.as_slice()) {
            (true, []) => {}
            (false, [service]) => {
                aws::check(reading, service, self.aws.as_ref().and_then(|aws| aws.auth.as_ref()));
            }
            (_, several) => {
                let number = several.len() + usize::from(self.log.is_some());
                let message = format!("an IntegrationSink has one target, not {number}");
                let help = "write one of log, aws.s3, aws.sqs and aws.sns";
                reading.fault_at_key(Code::InvalidValue, &Path::of("spec"), message, help);
            }
        }
    }

    fn typed(self) -> Typed {
        Typed::Sink(SinkKind::Integration(Box::new(self)))
    }
}

impl Aws {
    fn services(&self) -> Vec<aws::Service<'_>> {
        let s3 = self.s3.as_ref();
        let s3 = s3.map(|s| ("s3", [("arn", s.arn.as_ref()), ("region", s.region.as_ref())]));
        let sqs = self.sqs.as_ref();
        let sqs = sqs.map(|s| ("sqs", [("arn", s.arn.as_ref()), ("region", s.region.as_ref())]));
        let sns = self.sns.as_ref();
        let sns = sns.map(|s| ("sns", [("arn", s.arn.as_ref()), ("region", s.region.as_ref())]));
        [s3, sqs, sns].into_iter().flatten().collect()
    }
}
