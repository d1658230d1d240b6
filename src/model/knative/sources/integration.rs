//! IntegrationSource: events out of other systems, by way of Apache Camel.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use crate::diag::Code;
use crate::model::Path;
use crate::model::kinds::Spec;
use crate::model::knative::aws::{self, Auth, DynamoDbStreams, S3, Sqs};
use crate::model::knative::duck::Destination;
use crate::model::manifest::Typed;
use crate::model::mapping::optional_mapping;
use crate::model::reading::Reading;

use super::Source;
use super::overrides::{self, CloudEventOverrides};

/// Sends events out of one other system: a timer, or a service of AWS.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct IntegrationSourceSpec {
    /// Where events go.
    pub sink: Destination,
    /// Attributes to set on every event.
    #[serde(default, deserialize_with = "optional_mapping")]
    pub ce_overrides: Option<CloudEventOverrides>,
    /// Events by the clock. Not together with a service of AWS.
    pub timer: Option<Timer>,
    /// Events out of one service of AWS.
    pub aws: Option<Aws>,
    /// What to change in the pods that run it, as in a Deployment's template.
    pub template: Option<BTreeMap<String, Value>>,
}

/// Events by the clock.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Timer {
    /// Milliseconds between two events; 1000 by default.
    pub period: Option<i64>,
    /// The data of every event.
    pub message: Option<String>,
    /// The media type of the data; `text/plain` by default.
    pub content_type: Option<String>,
    /// How many events to send; without end where it is absent.
    pub repeat_count: Option<i64>,
}

/// One service of AWS, and by what right it is used.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Aws {
    /// The objects of a bucket.
    pub s3: Option<S3>,
    /// The messages of a queue.
    pub sqs: Option<Sqs>,
    /// The changes of a DynamoDB table.
    pub ddb_streams: Option<DynamoDbStreams>,
    /// By what right. Required.
    pub auth: Option<Auth>,
}

impl Spec for IntegrationSourceSpec {
    fn check(&self, reading: &mut Reading<'_>) {
        let services = self.aws.as_ref().map(Aws::services).unwrap_or_default();
        match (self.timer.is_some(), services.as_slice()) {
            (true, []) => {}
            (false, [service]) => {
                aws::check(reading, service, self.aws.as_ref().and_then(|aws| aws.auth.as_ref()));
            }
            (_, several) => {
                let number = several.len() + usize::from(self.timer.is_some());
                let message = format!("an IntegrationSource has one origin, not {number}");
                let help = "write one of timer, aws.s3, aws.sqs and aws.ddbStreams";
                reading.fault_at_key(Code::InvalidValue, &Path::of("spec"), message, help);
            }
        }
        overrides::check(reading, self.ce_overrides.as_ref());
    }

    fn typed(self) -> Typed {
        Typed::Source(Source::Integration(Box::new(self)))
    }
}

impl Aws {
    fn services(&self) -> Vec<aws::Service<'_>> {
        let s3 = self.s3.as_ref();
        let s3 = s3.map(|s| ("s3", [("arn", s.arn.as_ref()), ("region", s.region.as_ref())]));
        let sqs = self.sqs.as_ref();
        let sqs = sqs.map(|s| ("sqs", [("arn", s.arn.as_ref()), ("region", s.region.as_ref())]));
        let streams = self.ddb_streams.as_ref();
        let streams = streams
            .map(|s| ("ddbStreams", [("table", s.table.as_ref()), ("region", s.region.as_ref())]));
        [s3, sqs, streams].into_iter().flatten().collect()
    }
}
