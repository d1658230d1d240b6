//! NACK's Account: not an account of NATS, but how the controllers connect to one.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::model::mapping::from_mapping;
use crate::model::path::Path;
use crate::model::reading::Reading;
use crate::model::text::{AccountName, Word};

use super::shared::in_pod;

/// How the controllers connect for every object that names this one in `account`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AccountSpec {
    /// A name for people. Objects refer to `metadata.name`.
    pub name: Option<AccountName>,
    /// URLs of servers, such as `nats://nats:4222`; the controller's own where it is left out.
    pub servers: Option<Vec<Word>>,
    /// A credentials file to connect with.
    pub creds: Option<CredsSecret>,
    /// An nkey to connect with.
    pub nkey: Option<NkeySecret>,
    /// Certificates to connect with.
    pub tls: Option<TlsSecret>,
    /// A token to connect with.
    pub token: Option<TokenSecret>,
    /// A user and password to connect with.
    pub user: Option<UserSecret>,
    /// Whether TLS begins before the server has said anything.
    pub tls_first: Option<bool>,
}

/// A Secret in the Account's namespace.
#[derive(Debug, Clone, PartialEq, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SecretReference {
    /// The Secret's name.
    pub name: String,
}

from_mapping!(SecretReference { name: String });

/// A credentials file in a Secret.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CredsSecret {
    /// The Secret; without one, `file` is a path in the controller.
    pub secret: Option<SecretReference>,
    /// The key in the Secret that holds the credentials file.
    pub file: String,
}

/// An nkey in a Secret.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NkeySecret {
    /// The Secret; without one the controllers pass the nkey over.
    pub secret: SecretReference,
    /// The key in the Secret that holds the seed.
    pub seed: String,
}

/// Certificates in a Secret.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TlsSecret {
    /// The Secret; without one, the others are paths in the controller.
    pub secret: Option<SecretReference>,
    /// The key in the Secret that holds the certificate to trust, such as `ca.crt`.
    pub ca: Option<String>,
    /// The key in the Secret that holds the client's certificate, such as `tls.crt`.
    pub cert: Option<String>,
    /// The key in the Secret that holds the client's key, such as `tls.key`.
    pub key: Option<String>,
}

/// A token in a Secret.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TokenSecret {
    /// The Secret. The CRD does not demand it; the controllers look for one all the same.
    pub secret: SecretReference,
    /// The key in the Secret that holds the token.
    pub token: String,
}

/// A user and password in a Secret.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UserSecret {
    /// The Secret. The CRD does not demand it; the controllers look for one all the same.
    pub secret: SecretReference,
    /// The key in the Secret that holds the user's name.
    pub user: String,
    /// The key in the Secret that holds the password.
    pub password: String,
}

impl AccountSpec {
    /// The Secrets that the controllers read, with the part that names each.
    pub fn secrets(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let creds = self.creds.as_ref().and_then(|creds| creds.secret.as_ref());
        let tls = self.tls.as_ref().and_then(|tls| tls.secret.as_ref());
        [
            ("creds", creds),
            ("nkey", self.nkey.as_ref().map(|nkey| &nkey.secret)),
            ("tls", tls),
            ("token", self.token.as_ref().map(|token| &token.secret)),
            ("user", self.user.as_ref().map(|user| &user.secret)),
        ]
        .into_iter()
        .filter_map(|(part, secret)| Some((part, secret?.name.as_str())))
    }
}

/// What of an Account evctl does not do.
pub(super) fn check(spec: &AccountSpec, reading: &mut Reading<'_>) {
    let at = Path::of("spec");
    if spec.creds.as_ref().is_some_and(|creds| creds.secret.is_none()) {
        in_pod(reading, &at.key("creds"));
    }
    if spec.tls.as_ref().is_some_and(|tls| tls.secret.is_none()) {
        in_pod(reading, &at.key("tls"));
    }
}
