//! One connection to NATS, and requests to JetStream's API as raw JSON: nothing a newer server adds
//! is lost on the way. Credentials go in and never come out.

use std::time::Duration;

use async_nats::{ConnectError, ConnectErrorKind, ConnectOptions};
use futures::StreamExt;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::world::Account;

use super::jetstream_api::{JetstreamApi, RequestError};
use super::target::{NatsAuth, NatsTarget};
use super::{LiveError, tls};

/// An open connection with JetStream behind it.
pub(super) struct Connection {
    api: JetstreamApi,
    /// Whether the prefix is one of the user's own, which may lead to any account.
    is_imported: bool,
    /// Whether the JetStream that answers is the connected server's own, or that of its cluster.
    is_direct: bool,
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
        let mut connection = Self {
            api: JetstreamApi { client, prefix, timeout },
            is_imported,
            is_direct,
            account,
            identity,
        };
        let info = connection.information().await?;
        let domain = |text: Option<&str>| text.unwrap_or_default().to_owned();
        let own = domain(connection.api.client.server_info().domain.as_deref());
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

    /// Whether the API has been imported from another account, where nothing but the API can be reached.
    pub(super) fn is_imported(&self) -> bool {
        self.is_imported
    }

    /// JetStream's API alone, for whoever outlives the connection's owner.
    pub(super) fn api(&self) -> JetstreamApi {
        self.api.clone()
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
        self.api.client.server_info().connect_urls.len()
    }

    /// Asks whether JetStream is there for this account, with which limits and API level.
    async fn information(&self) -> Result<Map<String, Value>, LiveError> {
        match self.request("INFO", None).await {
            Ok(info) => Ok(info),
            Err(RequestError::NoResponders) => {
                Err(self.without_jetstream(&format!("nobody answers {}.INFO", self.api.prefix)))
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
        let asked = self.api.ask("$SYS.REQ.USER.INFO".to_owned(), None);
        let Ok(Ok(user)) = tokio::time::timeout(WAIT, asked).await else { return };
        let user = Value::Object(user);
        let text = |at: &str| user.pointer(at).and_then(Value::as_str);
        let servers = text("/server/cluster").or_else(|| text("/server/id"));
        let domain = self.account.info.get("domain").and_then(Value::as_str).unwrap_or_default();
        let imported = if self.is_imported { self.api.prefix.as_str() } else { "" };
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
        self.api.request(subject, payload).await
    }

    /// As `request`, and decodes the answer into what is asked for. An error in it is the caller's to
    /// see.
    pub(super) async fn decoded<T: DeserializeOwned>(
        &self,
        subject: &str,
        payload: Option<&Value>,
    ) -> Result<T, RequestError> {
        let answer = self
            .api
            .answer(
                format!("{}.{subject}", self.api.prefix),
                payload.map(ToString::to_string),
                None,
            )
            .await?;
        serde_json::from_slice(&answer.payload)
            .map_err(|error| RequestError::Transport(format!("the answer makes no sense: {error}")))
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
        let inbox = self.api.client.new_inbox();
        let mut answers = Vec::new();
        let Ok(mut listening) = self.api.client.subscribe(inbox.clone()).await else {
            return answers;
        };
        let payload = payload.to_string().into();
        let asked = self.api.client.publish_with_reply(subject.to_owned(), inbox, payload);
        if !matches!(tokio::time::timeout(self.api.timeout, asked).await, Ok(Ok(()))) {
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
