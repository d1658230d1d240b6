//! `eventing-nats`: how controller and dispatcher of the released NATS channel connect. The loader
//! drops what it does not know; this one says so.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::diag::Code;
use crate::model::mapping::from_mapping;

use super::{Opened, Settings};

/// How the NATS channel connects.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NatsConnection {
    /// URLs of servers, with commas between; `nats://nats.nats-io.svc.cluster.local` where it is left
    /// out.
    pub url: Option<String>,
    /// How to connect again. Nothing of it counts without `retryOnFailedConnect: true`.
    pub conn_opts: Option<ConnectOptions>,
    /// As whom to connect.
    pub auth: Option<Auth>,
    /// Whom to trust.
    pub tls: Option<Trust>,
}

/// How to connect again.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ConnectOptions {
    /// How often; the process ends afterwards.
    pub max_reconnects: Option<i64>,
    /// Whether the first connection is tried again too. Switches the other options on.
    pub retry_on_failed_connect: Option<bool>,
    /// The wait between two attempts, in milliseconds.
    pub reconnect_wait_milliseconds: Option<i64>,
    /// The most that is added to it by chance, in milliseconds; 100 where it is left out.
    pub reconnect_jitter_milliseconds: Option<i64>,
    /// The same with TLS; 1000 where it is left out.
    #[serde(rename = "reconnectJitterTLSMilliseconds")]
    pub reconnect_jitter_tls_milliseconds: Option<i64>,
}

/// As whom to connect.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Auth {
    /// By a credentials file.
    pub credential_file: Option<CredentialFile>,
    /// By a client's certificate.
    pub tls: Option<ClientCertificate>,
}

/// A credentials file of NATS.
#[derive(Debug, Clone, PartialEq, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CredentialFile {
    /// The Secret that holds it, in the dispatcher's namespace.
    pub secret: SecretKey,
}

from_mapping!(CredentialFile { secret: SecretKey });

/// A key of a Secret.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SecretKey {
    /// The Secret's name.
    pub name: String,
    /// The key in it; `nats.creds` where it is left out.
    pub key: Option<String>,
    /// Read by nobody; the Secret must be there.
    pub optional: Option<bool>,
}

/// A client's certificate and key.
#[derive(Debug, Clone, PartialEq, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ClientCertificate {
    /// The Secret that holds them, of type kubernetes.io/tls, in the dispatcher's namespace.
    pub secret: SecretName,
}

from_mapping!(ClientCertificate { secret: SecretName });

/// A Secret.
#[derive(Debug, Clone, PartialEq, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SecretName {
    /// The Secret's name.
    pub name: String,
}

from_mapping!(SecretName { name: String });

/// Whom to trust.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Trust {
    /// Certificates (PEM) in base64.
    pub ca_bundle: Option<String>,
    /// The Secret that holds them under `ca.crt`, in the dispatcher's namespace.
    pub secret: Option<SecretName>,
}

impl NatsConnection {
    /// The Secrets that it takes.
    pub fn secrets(&self) -> impl Iterator<Item = &str> {
        let auth = self.auth.as_ref();
        let creds = auth.and_then(|auth| auth.credential_file.as_ref());
        let client = auth.and_then(|auth| auth.tls.as_ref());
        let trusted = self.tls.as_ref().and_then(|tls| tls.secret.as_ref());
        [
            creds.map(|creds| creds.secret.name.as_str()),
            client.map(|client| client.secret.name.as_str()),
            trusted.map(|secret| secret.name.as_str()),
        ]
        .into_iter()
        .flatten()
    }
}

pub(super) fn read(opened: &mut Opened<'_, '_>) -> Option<Settings> {
    let connection: NatsConnection = opened.settings()?;
    let options = connection.conn_opts.as_ref();
    if options.is_some_and(|options| options.retry_on_failed_connect != Some(true)) {
        let message = "nothing of `connOpts` has an effect without `retryOnFailedConnect: true`";
        let help = "add it, or take `connOpts` away";
        opened.fault_at_key(Code::IgnoredField, "connOpts", message, help);
    }
    if let Some(trust) = &connection.tls {
        trust_is_one(opened, trust);
    }
    Some(Settings::Nats(connection))
}

fn trust_is_one(opened: &mut Opened<'_, '_>, trust: &Trust) {
    let bundle = trust.ca_bundle.as_ref().is_some_and(|bundle| !bundle.is_empty());
    match (bundle, &trust.secret) {
        (true, Some(_)) => {
            let message = "`tls` has a `caBundle` and a `secret`; the secret has no effect";
            opened.fault_at_key(Code::IgnoredField, "tls.secret", message, "keep one of them");
        }
        (false, None) => {
            let message =
                "`tls` names no certificate to trust; controller and dispatcher end on it";
            let help =
                "write `caBundle` or `secret`, or take `tls` away to trust what the system does";
            opened.fault_at_key(Code::UnworkableSetting, "tls", message, help);
        }
        _ => {}
    }
}
