//! A project's lock in a JetStream account: a key of a bucket, written by its revision so that of two runs
//! one gets it. The server itself forgets what nobody renews: the bucket keeps nothing for longer than a
//! lock lives.

use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::apply::lock::{LIFETIME, Record};
use crate::live::LiveError;
use crate::live::jetstream_api::{JetstreamApi, RequestError};
use crate::live::nats::Connection;

use super::{Seen, Writing};

/// The bucket, and the stream that it is.
const BUCKET: &str = "evctl-locks";
const STREAM: &str = "KV_evctl-locks";
/// "stream name already in use with a different configuration".
const DIFFERENT: u64 = 10058;
/// "no message found".
const NO_MESSAGE: u64 = 10037;
/// "stream not found".
const NO_STREAM: u64 = 10059;
/// "wrong last sequence", for the stream and for the subject.
const WRONG_SEQUENCE: [u64; 2] = [10071, 10164];

/// The key of one project in one account.
pub(super) struct Place {
    api: JetstreamApi,
    /// How the account is named where it is not the run's own.
    site: String,
    key: String,
    /// The sequence of what was last read or written; 0 for nothing.
    last: u64,
    copies: usize,
}

impl Place {
    pub(super) fn new(nats: &Connection, site: &str, project: &str) -> Self {
        // One server more may be lost than with one copy.
        let copies = if nats.account.peers.heard.len() >= 3 { 3 } else { 1 };
        let (api, site) = (nats.api(), site.to_owned());
        Self { api, site, key: project.to_owned(), last: 0, copies }
    }

    /// How many messages the bucket has ever held, where it is there to be asked.
    pub(super) async fn glimpse(&self) -> Option<String> {
        match self.api.request(&format!("STREAM.INFO.{STREAM}"), None).await {
            Ok(info) => Some(count(&info)),
            Err(RequestError::Api(error)) if error.err_code == NO_STREAM => Some(String::new()),
            Err(_) => None,
        }
    }

    pub(super) async fn look(&mut self) -> Result<Seen, LiveError> {
        let (lifetime, version) = self.open().await.map_err(|why| self.trouble(&why))?;
        let by_subject = json!({"last_by_subj": self.subject()});
        let found = self.api.request(&format!("STREAM.MSG.GET.{STREAM}"), Some(&by_subject)).await;
        let message = match found {
            Ok(answer) => answer.get("message").cloned().unwrap_or_default(),
            Err(RequestError::Api(error)) if error.err_code == NO_MESSAGE => Value::Null,
            Err(error) => return Err(self.trouble(&error.to_string())),
        };
        self.last = message.get("seq").and_then(Value::as_u64).unwrap_or_default();
        let record = message.get("data").and_then(Value::as_str).and_then(decoded);
        Ok(Seen { record, version, lifetime })
    }

    /// Finds the bucket or makes it, and says how long it keeps what it holds, and how much it has held.
    async fn open(&self) -> Result<(Duration, String), String> {
        let info = match self.api.request(&format!("STREAM.INFO.{STREAM}"), None).await {
            Ok(info) => info,
            Err(RequestError::Api(error)) if error.err_code == NO_STREAM => self.make().await?,
            Err(error) => return Err(error.to_string()),
        };
        let config = info.get("config").cloned().unwrap_or_default();
        let nanoseconds = config.get("max_age").and_then(Value::as_u64).unwrap_or_default();
        if nanoseconds == 0 {
            return Err(format!(
                "stream {STREAM} has no max_age, so that the lock of a run that is killed would stay"
            ));
        }
        Ok((Duration::from_nanos(nanoseconds), count(&info)))
    }

    async fn make(&self) -> Result<Map<String, Value>, String> {
        let age = u64::try_from(LIFETIME.as_nanos()).unwrap_or(u64::MAX);
        let config = json!({
            "name": STREAM,
            "description": "who applies which evctl project right now",
            "subjects": [format!("$KV.{BUCKET}.>")],
            "max_msgs_per_subject": 1,
            "max_age": age,
            "duplicate_window": age,
            "max_msg_size": 4096,
            "discard": "new",
            "storage": "file",
            "num_replicas": self.copies,
            "deny_delete": true,
            "allow_rollup_hdrs": true,
        });
        match self.api.request(&format!("STREAM.CREATE.{STREAM}"), Some(&config)).await {
            Ok(info) => Ok(info),
            // Another run has been faster, with another number of copies.
            Err(RequestError::Api(error)) if error.err_code == DIFFERENT => {
                let info = self.api.request(&format!("STREAM.INFO.{STREAM}"), None).await;
                info.map_err(|error| error.to_string())
            }
            Err(error) => Err(error.to_string()),
        }
    }

    /// Writes the record where nobody has written since it was last seen.
    pub(super) async fn write(&mut self, record: &Record) -> Result<Writing, LiveError> {
        let body = serde_json::to_string(record).unwrap_or_default();
        match self.api.put(&self.subject(), body, self.last).await {
            Ok(sequence) => {
                self.last = sequence;
                Ok(Writing::Done)
            }
            Err(RequestError::Api(error)) if WRONG_SEQUENCE.contains(&error.err_code) => {
                Ok(Writing::Raced)
            }
            Err(error) => Err(self.trouble(&error.to_string())),
        }
    }

    fn subject(&self) -> String {
        format!("$KV.{BUCKET}.{}", self.key)
    }

    fn trouble(&self, why: &str) -> LiveError {
        LiveError::new(
            format!("the project's lock, {self}, cannot be kept"),
            why,
            format!(
                "the user needs to make stream {STREAM}, read its messages and publish on \
                 $KV.{BUCKET}.>; --no-lock does without"
            ),
        )
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "key {} of bucket {BUCKET}", self.key)?;
        if self.site.is_empty() { Ok(()) } else { write!(out, " at {}", self.site) }
    }
}

/// The bucket's last sequence; empty where it has never held anything.
fn count(info: &Map<String, Value>) -> String {
    let last = info.get("state").and_then(|state| state.get("last_seq")?.as_u64());
    last.filter(|last| *last > 0).map(|last| last.to_string()).unwrap_or_default()
}

fn decoded(data: &str) -> Option<Record> {
    use base64::Engine;
    let bytes = base64::engine::general_purpose::STANDARD.decode(data).ok()?;
    serde_json::from_slice(&bytes).ok()
}
