//! `jetstream-dispatcher-config` and `eventing-jetstream`: the configuration of dispatchers in the
//! proposal of the NATS channel (shared/seeds/nats-jetstream-channel-proposal.md). The released channel
//! reads neither, and that is said.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::diag::{Code, Severity};
use crate::model::mapping::from_mapping;
use crate::model::text::{NamespaceName, ObjectName};

use super::{Opened, Settings};

/// Which ConfigMap is for the dispatcher of which namespace.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DispatcherDefaults {
    /// For the dispatcher of the cluster, and of every namespace that is not named.
    pub cluster_default: Option<DispatcherDefault>,
    /// For dispatchers of namespaces, by the namespace's name.
    pub namespace_defaults: Option<BTreeMap<NamespaceName, DispatcherDefault>>,
}

/// The ConfigMap of a dispatcher.
#[derive(Debug, Clone, PartialEq, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DispatcherDefault {
    /// A ConfigMap with the key `eventing-jetstream`, in the dispatcher's namespace.
    pub config_name: ObjectName,
}

from_mapping!(DispatcherDefault { config_name: ObjectName });

/// How a dispatcher connects. Empty texts count as left out.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct JetStreamConnection {
    /// URLs of servers, with commas between.
    pub url: Option<String>,
    /// As whom to connect; one way only.
    pub auth: Option<ProposedAuth>,
    /// Whom to trust, and with which certificate.
    pub tls: Option<ProposedTls>,
}

/// As whom to connect; one way only.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ProposedAuth {
    /// By a credentials file.
    pub credential_file: Option<KeyInSecret>,
    /// By a user's name and password.
    pub username_password: Option<UserInSecret>,
    /// By a token.
    pub token: Option<KeyInSecret>,
    /// By an nkey.
    pub n_key: Option<KeyInSecret>,
}

/// Something that a Secret holds under one key.
#[derive(Debug, Clone, PartialEq, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct KeyInSecret {
    /// Where it is.
    pub secret: ProposedKey,
}

from_mapping!(KeyInSecret { secret: ProposedKey });

/// Something that a Secret holds under two keys.
#[derive(Debug, Clone, PartialEq, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UserInSecret {
    /// Where it is.
    pub secret: ProposedUser,
}

from_mapping!(UserInSecret { secret: ProposedUser });

/// A key of a Secret.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ProposedKey {
    /// The Secret's name.
    pub secret_name: String,
    /// The key in it; `nats.creds` for a credentials file and an nkey, `token` for a token.
    pub key: Option<String>,
}

/// Two keys of a Secret.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ProposedUser {
    /// The Secret's name.
    pub secret_name: String,
    /// The key of the user's name; `username` where it is left out.
    pub username_key: Option<String>,
    /// The key of the password; `password` where it is left out.
    pub password_key: Option<String>,
}

/// Certificates of a Secret.
#[derive(Debug, Clone, PartialEq, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ProposedTls {
    /// A Secret with the keys of type kubernetes.io/tls; with `ca.crt` alone, the client has no
    /// certificate of its own.
    pub secret_name: String,
}

from_mapping!(ProposedTls { secret_name: String });

impl JetStreamConnection {
    /// The Secrets that it takes.
    pub fn secrets(&self) -> impl Iterator<Item = &str> {
        let auth = self.auth.as_ref();
        let named = [
            auth.and_then(|a| a.credential_file.as_ref()).map(|of| of.secret.secret_name.as_str()),
            auth.and_then(|a| a.username_password.as_ref())
                .map(|of| of.secret.secret_name.as_str()),
            auth.and_then(|a| a.token.as_ref()).map(|of| of.secret.secret_name.as_str()),
            auth.and_then(|a| a.n_key.as_ref()).map(|of| of.secret.secret_name.as_str()),
            self.tls.as_ref().map(|tls| tls.secret_name.as_str()),
        ];
        named.into_iter().flatten().filter(|name| !name.is_empty())
    }
}

pub(super) fn dispatchers(opened: &mut Opened<'_, '_>) -> Option<Settings> {
    let defaults = opened.settings()?;
    let help = "take it away; every dispatcher reads `config-nats` of its own namespace";
    unread(opened, help);
    Some(Settings::Dispatchers(defaults))
}

pub(super) fn connection(opened: &mut Opened<'_, '_>) -> Option<Settings> {
    let connection: JetStreamConnection = opened.settings()?;
    let help = "write it into ConfigMap `config-nats`, key `eventing-nats`: `secretName` is `secret.name` \
                there, and `tls.secretName` is `auth.tls.secret.name`";
    unread(opened, help);
    one_way_in(opened, &connection);
    Some(Settings::JetStream(connection))
}

/// Points at the key: all of it is for nobody.
fn unread(opened: &mut Opened<'_, '_>, help: &str) {
    let message = "only the proposal of the NATS channel has this; the released one reads ConfigMap \
                   `config-nats`, key `eventing-nats`";
    opened.fault_at_key(Code::ProposalField, "", message, help);
    opened.reading.weigh_last(Severity::Note);
}

fn one_way_in(opened: &mut Opened<'_, '_>, connection: &JetStreamConnection) {
    let Some(auth) = &connection.auth else { return };
    let ways = [
        ("credentialFile", auth.credential_file.is_some()),
        ("usernamePassword", auth.username_password.is_some()),
        ("token", auth.token.is_some()),
        ("nKey", auth.n_key.is_some()),
    ];
    let ways: Vec<&str> = ways.iter().filter(|(_, said)| *said).map(|(way, _)| *way).collect();
    let code = Code::InvalidValue;
    match ways.as_slice() {
        [_] => {}
        [] => opened.fault_at_key(
            code,
            "auth",
            "`auth` names no way in",
            "write one, or take it away",
        ),
        several => {
            let message =
                format!("`auth` has {}; only one way in may be set", several.join(" and "));
            opened.fault_at_key(code, "auth", message, "keep one of them");
        }
    }
}
