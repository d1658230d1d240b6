//! PingSource: an event with fixed data, by a schedule. The rules are those of its webhook, which
//! are the same in both API versions.

use std::collections::BTreeMap;

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{GeneralPurpose, GeneralPurposeConfig};
use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::diag::Code;
use crate::model::Path;
use crate::model::kinds::Spec;
use crate::model::knative::duck::Destination;
use crate::model::manifest::Typed;
use crate::model::mapping::optional_mapping;
use crate::model::reading::Reading;
use crate::model::{cron, timezone};

use super::Source;
use super::overrides::{self, CloudEventOverrides};

/// The only content type whose data the webhook reads.
const JSON: &str = "application/json";

/// Go's standard decoder: padded, and careless about the last bits.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
);

/// Sends an event of type `dev.knative.sources.ping` by a schedule.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PingSourceSpec {
    /// Where events go.
    pub sink: Destination,
    /// Attributes to set on every event.
    #[serde(default, deserialize_with = "optional_mapping")]
    pub ce_overrides: Option<CloudEventOverrides>,
    /// Five cron fields, or six with seconds in front, or a name such as `@hourly`; `* * * * *`
    /// (every minute) where it is absent. `@every` is not allowed.
    pub schedule: Option<String>,
    /// The IANA name of the time zone of the schedule, such as `Europe/Berlin`; by default that of
    /// the server, usually UTC.
    pub timezone: Option<String>,
    /// The media type of the data. With `application/json` the data must be a JSON object.
    pub content_type: Option<String>,
    /// The data of every event, as text. Not together with `dataBase64`.
    pub data: Option<String>,
    /// The data of every event, in base64. Not together with `data`.
    pub data_base64: Option<String>,
}

impl Spec for PingSourceSpec {
    fn check(&self, reading: &mut Reading<'_>) {
        self.schedule(reading);
        self.data(reading);
        overrides::check(reading, self.ce_overrides.as_ref());
    }

    fn typed(self) -> Typed {
        Typed::Source(Source::Ping(Box::new(self)))
    }
}

impl PingSourceSpec {
    fn schedule(&self, reading: &mut Reading<'_>) {
        let zone = set(self.timezone.as_ref());
        if let Some(why) = zone.and_then(timezone::fault) {
            let help = "write a name such as Europe/Berlin, in exactly its spelling";
            reading.fault(Code::InvalidValue, &Path::of("spec.timezone"), why, help);
        }
        let schedule = set(self.schedule.as_ref());
        if let Some(why) = schedule.and_then(|text| cron::fault(text, zone.is_some())) {
            let help =
                "write minute, hour, day of month, month and day of week, as in `0 9 * * 1-5`";
            reading.fault(Code::InvalidValue, &Path::of("spec.schedule"), why, help);
        }
    }

    fn data(&self, reading: &mut Reading<'_>) {
        let (text, encoded) = (set(self.data.as_ref()), set(self.data_base64.as_ref()));
        let encoded_at = Path::of("spec.dataBase64");
        match (text, encoded) {
            (Some(_), Some(_)) => {
                let message = "`spec.data` and `spec.dataBase64` exclude each other";
                reading.fault_at_key(
                    Code::ForbiddenField,
                    &encoded_at,
                    message,
                    "keep one of them",
                );
            }
            (Some(text), None) => self.json(reading, &Path::of("spec.data"), text.as_bytes()),
            (None, Some(encoded)) => match decoded(encoded) {
                Some(bytes) => self.json(reading, &encoded_at, &bytes),
                None => {
                    let message = "the data is not base64";
                    let help = "encode it with the standard alphabet and padding (`base64 FILE`)";
                    reading.fault(Code::InvalidValue, &encoded_at, message, help);
                }
            },
            (None, None) => {}
        }
    }

    fn json(&self, reading: &mut Reading<'_>, path: &Path, data: &[u8]) {
        if self.content_type.as_deref() != Some(JSON) {
            return;
        }
        if let Err(error) = serde_json::from_slice::<Option<BTreeMap<String, IgnoredAny>>>(data) {
            let message = if error.is_data() {
                "the data is JSON and no object, which alone the webhook takes".to_owned()
            } else {
                format!("the data is not the JSON that its contentType promises: {error}")
            };
            let help = "write an object, as in '{\"order\": 1}', or another contentType";
            reading.fault(Code::InvalidValue, path, message, help);
        }
    }
}

/// An empty text counts as absent.
fn set(text: Option<&String>) -> Option<&str> {
    text.map(String::as_str).filter(|text| !text.is_empty())
}

fn decoded(text: &str) -> Option<Vec<u8>> {
    let text: String = text.chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
    BASE64.decode(text).ok()
}
