//! One connection to NATS, and requests to JetStream's API as raw JSON: nothing a newer server adds
//! is lost on the way. Credentials go in and never come out.

use std::path::PathBuf;
use std::time::Duration;

use async_nats::client::{Request, RequestErrorKind};
use async_nats::{Client, ConnectErrorKind, ConnectOptions};
use serde_json::{Map, Value};

use crate::world::Account;

use super::LiveError;

/// How to say who we are.
#[derive(Clone, Default)]
pub enum NatsAuth {
    #[default]
    None,
    UserAndPassword(String, String),
    Token(String),
    /// A credentials file.
    Credentials(PathBuf),
    /// An NKey seed.
    Nkey(String),
}

impl std::fmt::Debug for NatsAuth {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("NatsAuth(…)")
    }
}

/// Which NATS servers, and how to get in.
#[derive(Debug, Clone, Default)]
pub struct NatsTarget {
    /// URLs without credentials.
    pub servers: Vec<String>,
    pub auth: NatsAuth,
    pub authorities: Option<PathBuf>,
    pub certificate: Option<(PathBuf, PathBuf)>,
    pub tls_first: bool,
    pub domain: String,
    /// Instead of `$JS.API`, where it is said.
    pub api_prefix: Option<String>,
}

impl NatsTarget {
    /// As output names it.
    pub fn name(&self) -> String {
        self.servers.join(",")
    }
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

/// An open connection with JetStream behind it.
pub(super) struct Connection {
    client: Client,
    prefix: String,
    timeout: Duration,
    pub(super) account: Account,
}

impl Connection {
    pub(super) async fn connect(target: &NatsTarget, timeout: Duration) -> Result<Self, LiveError> {
        let name = target.name();
        let options = options(target, timeout).await?;
        let connecting = options.connect(target.servers.clone());
        let client = match tokio::time::timeout(timeout, connecting).await {
            Ok(Ok(client)) => client,
            Ok(Err(error)) => return Err(refused(&name, error.kind(), &error.to_string())),
            Err(_) => return Err(refused(&name, ConnectErrorKind::TimedOut, "")),
        };
        let prefix = match (&target.api_prefix, target.domain.as_str()) {
            (Some(prefix), _) => prefix.clone(),
            (None, "") => "$JS.API".to_owned(),
            (None, domain) => format!("$JS.{domain}.API"),
        };
        let version = client.server_info().version;
        let account =
            Account { name, version, domain: target.domain.clone(), ..Account::default() };
        let mut connection = Self { client, prefix, timeout, account };
        let info = connection.information().await?;
        connection.account.api_level = info.get("api").and_then(|api| api.get("level")?.as_u64());
        connection.account.info = Value::Object(info);
        Ok(connection)
    }

    /// Asks whether JetStream is there for this account, with which limits and API level.
    async fn information(&self) -> Result<Map<String, Value>, LiveError> {
        match self.request("INFO", None).await {
            Ok(info) => Ok(info),
            Err(RequestError::NoResponders) => {
                Err(self.without_jetstream("nobody answers $JS.API.INFO"))
            }
            Err(RequestError::Api(error)) if matches!(error.err_code, 10039 | 10076) => {
                Err(self.without_jetstream(&error.text))
            }
            Err(error) => Err(self.unreadable("JetStream's account information", &error)),
        }
    }

    fn without_jetstream(&self, why: &str) -> LiveError {
        LiveError::new(
            format!("no JetStream at {}", self.account.name),
            why,
            "start the server with -js, enable JetStream for the account, name its domain in the \
             NATS context, or leave the plane out with --no-nats",
        )
    }

    /// An error about something that could not be read.
    pub(super) fn unreadable(&self, what: &str, error: &RequestError) -> LiveError {
        let help = match error {
            RequestError::Api(_) => "see what the account may do on $JS.API.>",
            _ => "see that the server is well, or give it longer with --timeout",
        };
        LiveError::new(
            format!("{what} cannot be read from {}", self.account.name),
            error.to_string(),
            help,
        )
    }

    /// Sends a request to JetStream's API. `subject` is without the prefix.
    pub(super) async fn request(
        &self,
        subject: &str,
        payload: Option<&Value>,
    ) -> Result<Map<String, Value>, RequestError> {
        let payload = payload.map(ToString::to_string).unwrap_or_default();
        let request = Request::new().payload(payload.into()).timeout(Some(self.timeout));
        let sent = self.client.send_request(format!("{}.{subject}", self.prefix), request);
        // A client that is reconnecting keeps requests back longer than their own time limit.
        let message = match tokio::time::timeout(self.timeout, sent).await {
            Ok(Ok(message)) => message,
            Ok(Err(error)) if error.kind() == RequestErrorKind::NoResponders => {
                return Err(RequestError::NoResponders);
            }
            Ok(Err(error)) if error.kind() == RequestErrorKind::TimedOut => return Err(self.late()),
            Ok(Err(error)) => return Err(RequestError::Transport(error.to_string())),
            Err(_) => return Err(self.late()),
        };
        let body: Map<String, Value> =
            serde_json::from_slice(&message.payload).map_err(|error| {
                RequestError::Transport(format!("the answer is no JSON object: {error}"))
            })?;
        match body.get("error") {
            None => Ok(body),
            Some(error) => Err(RequestError::Api(api_error(error))),
        }
    }

    fn late(&self) -> RequestError {
        RequestError::Transport(format!("no answer within {} s", self.timeout.as_secs_f32()))
    }
}

fn api_error(error: &Value) -> ApiError {
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

async fn options(target: &NatsTarget, timeout: Duration) -> Result<ConnectOptions, LiveError> {
    let mut options = ConnectOptions::new()
        .name("evctl")
        .connection_timeout(timeout)
        .request_timeout(Some(timeout));
    if let Some(path) = &target.authorities {
        options = options.add_root_certificates(path.clone());
    }
    if let Some((certificate, key)) = &target.certificate {
        options = options.add_client_certificate(certificate.clone(), key.clone());
    }
    if target.tls_first {
        options = options.tls_first();
    }
    match &target.auth {
        NatsAuth::None => Ok(options),
        NatsAuth::UserAndPassword(user, password) => {
            Ok(options.user_and_password(user.clone(), password.clone()))
        }
        NatsAuth::Token(token) => Ok(options.token(token.clone())),
        NatsAuth::Nkey(seed) => Ok(options.nkey(seed.clone())),
        NatsAuth::Credentials(path) => options.credentials_file(path).await.map_err(|error| {
            LiveError::new(
                format!("the credentials file {} cannot be used", path.display()),
                error.to_string(),
                "name a file that `nsc generate creds` wrote",
            )
        }),
    }
}

fn refused(name: &str, kind: ConnectErrorKind, detail: &str) -> LiveError {
    match kind {
        ConnectErrorKind::Authentication | ConnectErrorKind::AuthorizationViolation => {
            LiveError::new(
                format!("NATS at {name} refuses the credentials"),
                "authorization violation",
                "give the right ones: --creds, a NATS context, or NATS_USER and NATS_PASSWORD",
            )
        }
        ConnectErrorKind::TimedOut => LiveError::new(
            format!("NATS at {name} cannot be reached"),
            "no answer in time",
            "see that the address is right and the server is up, or give it longer with --timeout",
        ),
        ConnectErrorKind::Tls => LiveError::new(
            format!("NATS at {name} and evctl agree on no TLS"),
            detail,
            "name the right authority, certificate and key in the NATS context",
        ),
        _ => LiveError::new(
            format!("NATS at {name} cannot be reached"),
            detail,
            "see that the address is right and the server is up; --no-nats leaves the plane out",
        ),
    }
}
