//! Requests to JetStream's API as raw JSON, and messages that are stored only after the one that was seen.
//! Must not know what is asked, nor how the connection came about.

use std::time::Duration;

use async_nats::client::{Request, RequestErrorKind};
use async_nats::{Client, HeaderMap, Message};
use serde_json::{Map, Value};

/// The API by one connection.
#[derive(Clone)]
pub(super) struct JetstreamApi {
    pub(super) client: Client,
    /// What stands before the subjects of the API.
    pub(super) prefix: String,
    pub(super) timeout: Duration,
}

/// What JetStream's API answers to a request that it refuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ApiError {
    pub(super) code: u64,
    pub(super) err_code: u64,
    pub(super) text: String,
}

/// Why a request has no good answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum RequestError {
    Api(ApiError),
    /// No answer came, or none that makes sense.
    Transport(String),
    /// Nobody listens: no JetStream here.
    NoResponders,
}

impl std::fmt::Display for RequestError {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Api(error) => write!(out, "{} ({}/{})", error.text, error.code, error.err_code),
            Self::Transport(why) => out.write_str(why),
            Self::NoResponders => out.write_str("nobody answers JetStream's API"),
        }
    }
}

impl JetstreamApi {
    /// Sends a request to JetStream's API. `subject` is without the prefix.
    pub(super) async fn request(
        &self,
        subject: &str,
        payload: Option<&Value>,
    ) -> Result<Map<String, Value>, RequestError> {
        self.ask(format!("{}.{subject}", self.prefix), payload).await
    }

    /// Stores a message of a key-value bucket if the last of its subject still has this sequence, 0 for
    /// none. Gives the sequence of the new one.
    pub(super) async fn put(
        &self,
        subject: &str,
        payload: String,
        last: u64,
    ) -> Result<u64, RequestError> {
        // Across domains and accounts a bucket is reached as the API is.
        let subject = match self.prefix.as_str() {
            "$JS.API" => subject.to_owned(),
            prefix => format!("{prefix}.{subject}"),
        };
        let mut headers = HeaderMap::new();
        headers.insert(async_nats::header::NATS_EXPECTED_LAST_SUBJECT_SEQUENCE, last.to_string());
        let stored = decode(&self.answer(subject, Some(payload), Some(headers)).await?)?;
        Ok(stored.get("seq").and_then(Value::as_u64).unwrap_or_default())
    }

    pub(super) async fn ask(
        &self,
        subject: String,
        payload: Option<&Value>,
    ) -> Result<Map<String, Value>, RequestError> {
        decode(&self.answer(subject, payload.map(ToString::to_string), None).await?)
    }
    pub(super) async fn answer(
        &self,
        subject: String,
        payload: Option<String>,
        headers: Option<HeaderMap>,
    ) -> Result<Message, RequestError> {
        let payload = payload.unwrap_or_default();
        let mut request = Request::new().payload(payload.into()).timeout(Some(self.timeout));
        if let Some(headers) = headers {
            request = request.headers(headers);
        }
        let sent = self.client.send_request(subject, request);
        // A client that is reconnecting keeps requests back longer than their own time limit.
        match tokio::time::timeout(self.timeout, sent).await {
            Ok(Ok(message)) => Ok(message),
            Ok(Err(error)) => Err(match error.kind() {
                RequestErrorKind::NoResponders => RequestError::NoResponders,
                RequestErrorKind::TimedOut => self.late(),
                _ => RequestError::Transport(error.to_string()),
            }),
            Err(_) => Err(self.late()),
        }
    }

    fn late(&self) -> RequestError {
        RequestError::Transport(format!("no answer within {} s", self.timeout.as_secs_f32()))
    }
}

fn decode(message: &Message) -> Result<Map<String, Value>, RequestError> {
    let body: Map<String, Value> = serde_json::from_slice(&message.payload).map_err(|error| {
        RequestError::Transport(format!("the answer is no JSON object: {error}"))
    })?;
    match body.get("error") {
        None => Ok(body),
        Some(error) => Err(RequestError::Api(api_error(error))),
    }
}

/// An answer's `error`.
pub(super) fn api_error(error: &Value) -> ApiError {
    let number = |name: &str| error.get(name).and_then(Value::as_u64).unwrap_or_default();
    ApiError {
        code: number("code"),
        err_code: number("err_code"),
        text: error
            .get("description")
            .and_then(Value::as_str)
            .unwrap_or("no reason given")
            .to_owned(),
    }
}
