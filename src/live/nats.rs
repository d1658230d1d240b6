//! One connection to NATS, and requests to JetStream's API as raw JSON: nothing a newer server adds
//! is lost on the way. Credentials go in and never come out.

use std::time::Duration;

use async_nats::client::{Request, RequestErrorKind};
use async_nats::{Client, ConnectError, ConnectErrorKind, ConnectOptions, Message};
use futures::StreamExt;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::world::Account;

use super::target::{NatsAuth, NatsTarget};
use super::{LiveError, tls};

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
    /// Whether the prefix is one of the user's own, which may lead to any account.
    is_imported: bool,
    /// Whether the JetStream that answers is the connected server's own, or that of its cluster.
    is_direct: bool,
    timeout: Duration,
    pub(super) account: Account,
    /// Equal for two connections that lead to the same account of the same servers and domain; `None`
    /// where the server does not say.
    pub(super) identity: Option<String>,
}

impl Connection {
    pub(super) async fn connect(target: &NatsTarget, timeout: Duration) -> Result<Self, LiveError> {
        let name = target.name();
        let timeout = target.timeout.unwrap_or(timeout);
        let options = options(target, timeout)?;
        let connecting = options.connect(target.servers.clone());
        let client = match tokio::time::timeout(timeout, connecting).await {
            Ok(Ok(client)) => client,
            Ok(Err(error)) => return Err(refused(&name, &error)),
            Err(_) => return Err(refused(&name, &ConnectErrorKind::TimedOut.into())),
        };
        let (prefix, is_imported) =
            (target.prefix(), target.domain.is_empty() && target.api_prefix.is_some());
        let version = client.server_info().version;
        let account = Account {
            name,
            version,
            domain: target.domain.clone(),
            cluster: client.server_info().cluster.filter(|cluster| !cluster.is_empty()),
            ..Account::default()
        };
        let (is_direct, identity) = (false, None);
        let mut connection =
            Self { client, prefix, is_imported, is_direct, timeout, account, identity };
        let info = connection.information().await?;
        let domain = |text: Option<&str>| text.unwrap_or_default().to_owned();
        let own = domain(connection.client.server_info().domain.as_deref());
        let theirs = domain(info.get("domain").and_then(Value::as_str));
        if own != theirs {
            // JetStream is behind another server, across leaf nodes: whether that one stands alone is not
            // known, nor which cluster it is of.
            connection.account.cluster = Some(format!("domain {theirs}"));
        }
        connection.is_direct = own == theirs && !connection.is_imported;
        connection.account.api_level = info.get("api").and_then(|api| api.get("level")?.as_u64());
        connection.account.info = Value::Object(info);
        Ok(connection)
    }

    /// Whether the server is of this version or a newer one. One that says no version is not.
    pub(super) fn is_at_least(&self, wanted: (u64, u64, u64)) -> bool {
        let version = self.account.version.split(['-', '+']).next().unwrap_or_default();
        let mut parts = version.split('.').map(|part| part.parse::<u64>().ok());
        let mut part = || parts.next().flatten();
        matches!((part(), part(), part()), (Some(a), Some(b), Some(c)) if (a, b, c) >= wanted)
    }

    pub(super) fn is_direct(&self) -> bool {
        self.is_direct
    }

    /// The domain of the JetStream that answers; empty for none.
    pub(super) fn domain(&self) -> &str {
        self.account.info.get("domain").and_then(Value::as_str).unwrap_or_default()
    }

    /// How many addresses the connected server names for its cluster, its own among them: as many as there
    /// are servers, or more where one has several. 0 where it is told not to.
    pub(super) fn cluster_size(&self) -> usize {
        self.client.server_info().connect_urls.len()
    }

    /// Asks whether JetStream is there for this account, with which limits and API level.
    async fn information(&self) -> Result<Map<String, Value>, LiveError> {
        match self.request("INFO", None).await {
            Ok(info) => Ok(info),
            Err(RequestError::NoResponders) => {
                Err(self.without_jetstream(&format!("nobody answers {}.INFO", self.prefix)))
            }
            Err(RequestError::Api(error)) if matches!(error.err_code, 10039 | 10076) => {
                Err(self.without_jetstream(&error.text))
            }
            Err(error) => Err(self.unreadable("JetStream's account information", &error)),
        }
    }

    /// Finds out whose the connection is. An account that may not ask gets no answer at all, so the
    /// wait is short.
    pub(super) async fn identify(&mut self) {
        const WAIT: Duration = Duration::from_secs(2);
        let asked = self.ask("$SYS.REQ.USER.INFO".to_owned(), None);
        let Ok(Ok(user)) = tokio::time::timeout(WAIT, asked).await else { return };
        let user = Value::Object(user);
        let text = |at: &str| user.pointer(at).and_then(Value::as_str);
        let servers = text("/server/cluster").or_else(|| text("/server/id"));
        let domain = self.account.info.get("domain").and_then(Value::as_str).unwrap_or_default();
        let imported = if self.is_imported { self.prefix.as_str() } else { "" };
        self.account.account = text("/data/account").map(str::to_owned);
        self.identity = text("/data/account")
            .zip(servers)
            .map(|(account, servers)| [account, servers, domain, imported].join("\n"));
    }

    fn without_jetstream(&self, why: &str) -> LiveError {
        LiveError::new(
            format!("no JetStream at {}", self.account.name),
            why,
            "start the server with -js, enable JetStream for the account, name its domain with \
             --js-domain or in the NATS context, or leave the plane out with --no-nats",
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
        self.ask(format!("{}.{subject}", self.prefix), payload).await
    }

    /// As `request`, and decodes the answer into what is asked for. An error in it is the caller's to
    /// see.
    pub(super) async fn decoded<T: DeserializeOwned>(
        &self,
        subject: &str,
        payload: Option<&Value>,
    ) -> Result<T, RequestError> {
        let answer = self.answer(format!("{}.{subject}", self.prefix), payload).await?;
        serde_json::from_slice(&answer.payload)
            .map_err(|error| RequestError::Transport(format!("the answer makes no sense: {error}")))
    }

    async fn ask(
        &self,
        subject: String,
        payload: Option<&Value>,
    ) -> Result<Map<String, Value>, RequestError> {
        let message = self.answer(subject, payload).await?;
        let body: Map<String, Value> =
            serde_json::from_slice(&message.payload).map_err(|error| {
                RequestError::Transport(format!("the answer is no JSON object: {error}"))
            })?;
        match body.get("error") {
            None => Ok(body),
            Some(error) => Err(RequestError::Api(api_error(error))),
        }
    }

    /// Asks everybody who listens: every answer until there is none for `quiet`, or for longer while fewer
    /// than `expected` have come. None may come at all.
    pub(super) async fn gather(
        &self,
        subject: &str,
        payload: &Value,
        expected: usize,
        quiet: Duration,
    ) -> Vec<Vec<u8>> {
        const LONGER: u32 = 4;
        let inbox = self.client.new_inbox();
        let mut answers = Vec::new();
        let Ok(mut listening) = self.client.subscribe(inbox.clone()).await else { return answers };
        let payload = payload.to_string().into();
        let asked = self.client.publish_with_reply(subject.to_owned(), inbox, payload);
        if !matches!(tokio::time::timeout(self.timeout, asked).await, Ok(Ok(()))) {
            return answers;
        }
        loop {
            let wait = if answers.len() < expected { quiet * LONGER } else { quiet };
            match tokio::time::timeout(wait, listening.next()).await {
                Ok(Some(message)) if message.status.is_none() => {
                    answers.push(message.payload.to_vec());
                }
                _ => break,
            }
        }
        answers
    }

    async fn answer(
        &self,
        subject: String,
        payload: Option<&Value>,
    ) -> Result<Message, RequestError> {
        let payload = payload.map(ToString::to_string).unwrap_or_default();
        let request = Request::new().payload(payload.into()).timeout(Some(self.timeout));
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

fn options(target: &NatsTarget, timeout: Duration) -> Result<ConnectOptions, LiveError> {
    let mut options = ConnectOptions::new()
        .name("evctl")
        .connection_timeout(timeout)
        .request_timeout(Some(timeout));
    if let Some(config) = tls::config(target)? {
        options = options.tls_client_config(config);
    }
    if target.tls_first {
        options = options.tls_first();
    }
    if let Some(prefix) = &target.inbox_prefix {
        options = options.custom_inbox_prefix(prefix);
    }
    if let Some(token) = &target.token {
        options = options.token(token.clone());
    }
    match &target.auth {
        NatsAuth::None => Ok(options),
        NatsAuth::UserAndPassword(user, password) => {
            Ok(options.user_and_password(user.clone(), password.clone()))
        }
        NatsAuth::Nkey(seed) => Ok(options.nkey(seed.trim().to_owned())),
        NatsAuth::Credentials(text) => signed(options, text),
        NatsAuth::Jwt(jwt, Some(seed)) => signed(options, &credentials(jwt, seed)),
        // A bearer's JWT is taken without a signature.
        NatsAuth::Jwt(jwt, None) => {
            Ok(options.jwt(jwt.trim().to_owned(), |_| async { Ok(Vec::new()) }))
        }
    }
}

fn signed(options: ConnectOptions, credentials: &str) -> Result<ConnectOptions, LiveError> {
    // Without the end of its last line a file counts as broken, and Secrets are often kept so.
    let credentials = format!("{}\n", credentials.trim_end());
    // The error's words could repeat what is wrong with them, which is a secret.
    options.credentials(&credentials).map_err(|_| {
        LiveError::new(
            "the NATS credentials cannot be used",
            "they do not hold a user's JWT and the seed of an NKey",
            "name what `nsc generate creds` wrote",
        )
    })
}

/// A credentials file of its two halves.
fn credentials(jwt: &str, seed: &str) -> String {
    format!(
        "-----BEGIN NATS USER JWT-----\n{}\n------END NATS USER JWT------\n\n\
         -----BEGIN USER NKEY SEED-----\n{}\n------END USER NKEY SEED------\n",
        jwt.trim(),
        seed.trim()
    )
}

fn refused(name: &str, error: &ConnectError) -> LiveError {
    let detail = tls::trouble(error).unwrap_or_else(|| error.to_string());
    match error.kind() {
        ConnectErrorKind::Authentication | ConnectErrorKind::AuthorizationViolation => {
            LiveError::new(
                format!("NATS at {name} refuses the credentials"),
                "authorization violation",
                "give the right ones: --creds, --nkey, a NATS context, or NATS_USER and NATS_PASSWORD",
            )
        }
        ConnectErrorKind::TimedOut => LiveError::new(
            format!("NATS at {name} cannot be reached"),
            "no answer in time",
            "see that the address is right and the server is up, or give it longer with --timeout",
        ),
        ConnectErrorKind::Io if detail.contains("expected INFO") => LiveError::new(
            format!("NATS at {name} cannot be reached"),
            "it does not greet as a NATS server does",
            "see that the address is right; where the server waits for TLS (`handshake_first`), give \
             --nats-tls-first",
        ),
        ConnectErrorKind::Io | ConnectErrorKind::Tls if tls::trouble(error).is_some() => {
            LiveError::new(
                format!("NATS at {name} and evctl agree on no TLS"),
                detail,
                "name the right authority, certificate and key: --nats-ca, --nats-cert, --nats-key, or in \
             the NATS context",
            )
        }
        _ if name.contains(".svc") => LiveError::new(
            format!("NATS at {name} cannot be reached"),
            detail,
            "the address is one inside of the cluster: run evctl there, or forward a port (`kubectl \
             port-forward`) and give it with --nats-url",
        ),
        _ => LiveError::new(
            format!("NATS at {name} cannot be reached"),
            detail,
            "see that the address is right and the server is up; --no-nats leaves the plane out",
        ),
    }
}
