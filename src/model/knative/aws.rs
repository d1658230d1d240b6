//! The parts of AWS that IntegrationSource and IntegrationSink share. Fields and defaults are those
//! of the CRDs.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::model::Path;
use crate::model::mapping::optional_mapping;
use crate::model::reading::Reading;

/// An S3 bucket.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct S3 {
    /// The bucket's name or ARN. Required.
    pub arn: Option<String>,
    /// The region, such as `eu-west-1`. Required.
    pub region: Option<String>,
    /// Whether objects are deleted once they are read; `true` by default.
    pub delete_after_read: Option<bool>,
    /// Whether objects are moved to another bucket once they are read; `false` by default.
    pub move_after_read: Option<bool>,
    /// The bucket that objects are moved to.
    pub destination_bucket: Option<String>,
    /// What moved objects' names begin with.
    pub destination_bucket_prefix: Option<String>,
    /// What moved objects' names end with.
    pub destination_bucket_suffix: Option<String>,
    /// Whether the bucket is made where there is none; `false` by default.
    pub auto_create_bucket: Option<bool>,
    /// Only objects whose names begin so, such as `folder/`.
    pub prefix: Option<String>,
    /// Whether objects' contents are left out; `false` by default.
    pub ignore_body: Option<bool>,
    /// Another endpoint. Counts with `overrideEndpoint` alone.
    pub uri_endpoint_override: Option<String>,
    /// Whether `uriEndpointOverride` counts; `false` by default.
    pub override_endpoint: Option<bool>,
    /// Whether the bucket stands in the path of URLs; `false` by default.
    pub force_path_style: Option<bool>,
    /// Milliseconds between polls; 500 by default.
    pub delay: Option<i64>,
    /// How many objects one poll takes, 10 by default; no limit with 0 or less.
    pub max_messages_per_poll: Option<i64>,
}

/// An SQS queue.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Sqs {
    /// The queue's name or ARN. Required.
    pub arn: Option<String>,
    /// The region, such as `eu-west-1`. Required.
    pub region: Option<String>,
    /// Whether messages are deleted once they are read; `true` by default.
    pub delete_after_read: Option<bool>,
    /// Whether the queue is made where there is none; `false` by default.
    pub auto_create_queue: Option<bool>,
    /// The host of AWS; `amazonaws.com` by default.
    pub host: Option<String>,
    /// `https` (the default) or `http`.
    pub protocol: Option<String>,
    /// The whole URL of the queue.
    #[serde(rename = "queueURL")]
    pub queue_url: Option<String>,
    /// Another endpoint. Counts with `overrideEndpoint` alone.
    pub uri_endpoint_override: Option<String>,
    /// Whether `uriEndpointOverride` counts; `false` by default.
    pub override_endpoint: Option<bool>,
    /// Milliseconds between polls; 500 by default.
    pub delay: Option<i64>,
    /// Whether a poll that found messages is followed by another at once; `false` by default.
    pub greedy: Option<bool>,
    /// How many messages one poll takes, 1 to 10; 1 by default.
    pub max_messages_per_poll: Option<i64>,
    /// Seconds that a poll waits for a message.
    pub wait_time_seconds: Option<i64>,
    /// Seconds for which a message that was read is hidden from others.
    pub visibility_timeout: Option<i64>,
}

/// An SNS topic.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Sns {
    /// The topic's name or ARN. Required.
    pub arn: Option<String>,
    /// The region, such as `eu-west-1`. Required.
    pub region: Option<String>,
    /// Whether the topic is made where there is none; `false` by default.
    pub auto_create_topic: Option<bool>,
    /// Another endpoint. Counts with `overrideEndpoint` alone.
    pub uri_endpoint_override: Option<String>,
    /// Whether `uriEndpointOverride` counts; `false` by default.
    pub override_endpoint: Option<bool>,
}

/// The stream of changes of a DynamoDB table.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DynamoDbStreams {
    /// The table's name. Required.
    pub table: Option<String>,
    /// The region, such as `eu-west-1`. Required.
    pub region: Option<String>,
    /// Where to start: `FROM_LATEST` (the default) or `FROM_START`.
    pub stream_iterator_type: Option<String>,
    /// Another endpoint. Counts with `overrideEndpoint` alone.
    pub uri_endpoint_override: Option<String>,
    /// Whether `uriEndpointOverride` counts; `false` by default.
    pub override_endpoint: Option<bool>,
    /// Milliseconds between polls; 500 by default.
    pub delay: Option<i64>,
}

/// By what right AWS is used: a Secret's keys, or a ServiceAccount's role.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Auth {
    /// The Secret with `aws.accessKey` and `aws.secretKey`.
    #[serde(default, deserialize_with = "optional_mapping")]
    pub secret: Option<AuthSecret>,
    /// A ServiceAccount whose pods have the right by themselves.
    pub service_account_name: Option<String>,
}

/// Where the keys are.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AuthSecret {
    /// The Secret, in the same namespace.
    #[serde(rename = "ref", default, deserialize_with = "optional_mapping")]
    pub reference: Option<SecretReference>,
}

/// A Secret of the same namespace.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SecretReference {
    /// The Secret's name.
    pub name: String,
}

impl Auth {
    fn says_something(&self) -> bool {
        let named = |text: &String| !text.is_empty();
        let reference = self.secret.as_ref().and_then(|secret| secret.reference.as_ref());
        reference.is_some_and(|reference| named(&reference.name))
            || self.service_account_name.as_ref().is_some_and(named)
    }
}

/// A service of AWS that is used: where it stands under `spec.aws`, and its required fields.
pub(super) type Service<'a> = (&'static str, [(&'static str, Option<&'a String>); 2]);

/// What the webhook demands of the one service that is used.
pub(super) fn check(reading: &mut Reading<'_>, service: &Service<'_>, auth: Option<&Auth>) {
    let aws = Path::of("spec.aws");
    let (name, required) = service;
    for (field, value) in required {
        if value.is_none_or(String::is_empty) {
            let help = format!("add it; every {name} has a {field}");
            reading.missing(&aws.key(*name).key(*field), help);
        }
    }
    if !auth.is_some_and(Auth::says_something) {
        let help =
            "name a Secret in auth.secret.ref, or a ServiceAccount in auth.serviceAccountName";
        reading.missing(&aws.key("auth"), help);
    }
}
