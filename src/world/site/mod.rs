//! Which NATS accounts the manifests speak of besides the run's own, and how NACK's Account objects and
//! the NATS channel's ConfigMaps say to get there. Secrets are named here, never held. Knows no connection.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::model::config_maps::{JetStreamConnection, KeyInSecret, NatsConnection, Settings};
use crate::model::manifest::Typed;
use crate::model::nack::{AccountSpec, GROUP, Nack, TlsSecret};
use crate::model::text::AccountName;
use crate::model::{Manifest, ObjectKey};

pub use crate::model::nack::site_of;

mod scope;

pub use scope::{scoped_sites, scopes};

/// An account that keys name by their site.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Site {
    /// The Account object, or the ConfigMap of a namespace's dispatcher, that says how to connect; `None`
    /// where it is done as for the run itself.
    pub account: Option<ObjectKey>,
    /// The JetStream domain; empty is what the connection itself has.
    pub domain: String,
}

/// A value that a Secret holds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SecretKey {
    pub secret: ObjectKey,
    pub key: String,
    /// Whether a Secret without the key says nothing, rather than being wrong.
    pub optional: bool,
}

/// What is named, instead of said, about how the run itself connects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reference {
    /// The ConfigMap by which the NATS channel connects.
    ConfigMap(ObjectKey),
    /// A credentials file in a Secret.
    Credentials(SecretKey),
}

/// How to connect, each secret by reference. What is absent or empty is as for the run itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Profile {
    pub servers: Vec<String>,
    /// A credentials file.
    pub credentials: Option<SecretKey>,
    /// An NKey's seed.
    pub nkey: Option<SecretKey>,
    pub token: Option<SecretKey>,
    /// A user's name and password.
    pub user: Option<(SecretKey, SecretKey)>,
    /// Whom to trust, PEM.
    pub authorities: Option<SecretKey>,
    /// The same, said in the profile itself: certificates are no secret.
    pub bundle: Option<String>,
    /// The client's certificate and key, PEM.
    pub certificate: Option<(SecretKey, SecretKey)>,
    pub tls_first: bool,
}

/// The usual keys of Secrets.
const CREDENTIALS: &str = "nats.creds";
const AUTHORITIES: &str = "ca.crt";
const CERTIFICATE: &str = "tls.crt";
const KEY: &str = "tls.key";

/// Where the NATS channel connects when it is not told.
const USUAL_URL: &str = "nats://nats.nats-io.svc.cluster.local";

fn urls(said: Option<&str>) -> Vec<String> {
    vec![said.filter(|url| !url.is_empty()).unwrap_or(USUAL_URL).to_owned()]
}

impl SecretKey {
    /// A key that must be there.
    pub fn of(namespace: &str, name: &str, key: &str) -> Self {
        let secret = ObjectKey {
            group: "".into(),
            kind: "Secret".into(),
            namespace: Some(namespace.into()),
            name: name.into(),
        };
        Self { secret, key: key.to_owned(), optional: false }
    }
}

/// The site of an object of NACK; `None` for an Account and for other families.
pub fn site(manifest: &Manifest) -> Option<String> {
    let (account, domain) = named(manifest)?;
    Some(site_of(namespace(manifest), account, domain))
}

/// Every site that the manifests need besides the run's own.
pub fn sites<'m>(manifests: impl IntoIterator<Item = &'m Manifest>) -> BTreeMap<String, Site> {
    let needed = manifests.into_iter().filter_map(|manifest| {
        let (account, domain) = named(manifest)?;
        let namespace = namespace(manifest);
        let object = ObjectKey {
            group: GROUP.into(),
            kind: "Account".into(),
            namespace: Some(namespace.into()),
            name: account.into(),
        };
        let account = (!account.is_empty()).then_some(object);
        let site = Site { account, domain: domain.to_owned() };
        Some((self::site(manifest)?, site))
    });
    needed.filter(|(name, _)| !name.is_empty()).collect()
}

fn namespace(manifest: &Manifest) -> &str {
    manifest.key.namespace.as_deref().unwrap_or_default()
}

/// The account and the domain that an object of NACK names.
fn named(manifest: &Manifest) -> Option<(&str, &str)> {
    let Typed::Nack(kind) = &manifest.typed else { return None };
    let (account, domain) = match kind {
        Nack::Stream(spec) => (&spec.account, &spec.js_domain),
        Nack::Consumer(spec) => (&spec.account, &spec.js_domain),
        Nack::KeyValue(spec) => (&spec.account, &spec.js_domain),
        Nack::ObjectStore(spec) => (&spec.account, &spec.js_domain),
        Nack::Account(_) => return None,
    };
    let account = account.as_ref().map(AccountName::as_str).unwrap_or_default();
    Some((account, domain.as_deref().unwrap_or_default()))
}

impl Profile {
    /// What an Account says. A path in the controller's pod is none of ours, and left out: where a
    /// Secret is not named, the run's own settings stand.
    pub fn of_account(namespace: &str, spec: &AccountSpec) -> Self {
        let at = |name: &str, key: &str| SecretKey::of(namespace, name, key);
        let tls = spec.tls.as_ref().and_then(|tls| Some((tls.secret.as_ref()?, tls)));
        let in_tls = |key: fn(&TlsSecret) -> &Option<String>| {
            let (secret, tls) = tls?;
            let key = key(tls).as_ref().filter(|key| !key.is_empty())?;
            Some(at(&secret.name, key))
        };
        let credentials = spec
            .creds
            .as_ref()
            .and_then(|creds| creds.secret.as_ref().map(|secret| at(&secret.name, &creds.file)));
        let servers = spec.servers.iter().flatten().map(|server| server.as_str().to_owned());
        Self {
            servers: servers.collect(),
            credentials,
            nkey: spec.nkey.as_ref().map(|nkey| at(&nkey.secret.name, &nkey.seed)),
            token: spec.token.as_ref().map(|token| at(&token.secret.name, &token.token)),
            user: spec.user.as_ref().map(|user| {
                (at(&user.secret.name, &user.user), at(&user.secret.name, &user.password))
            }),
            authorities: in_tls(|tls| &tls.ca),
            certificate: in_tls(|tls| &tls.cert).zip(in_tls(|tls| &tls.key)),
            tls_first: spec.tls_first == Some(true),
            bundle: None,
        }
    }

    /// What the released NATS channel's `eventing-nats` says; Secrets are in its own namespace.
    pub fn of_channel(namespace: &str, connection: &NatsConnection) -> Self {
        let at = |name: &str, key: &str| SecretKey::of(namespace, name, key);
        let auth = connection.auth.as_ref();
        let file = auth.and_then(|auth| auth.credential_file.as_ref());
        let client = auth.and_then(|auth| auth.tls.as_ref()).map(|tls| tls.secret.name.as_str());
        let trust = connection.tls.as_ref();
        let bundle = trust.and_then(|trust| trust.ca_bundle.as_ref());
        let bundle = bundle.filter(|bundle| !bundle.is_empty());
        let trusted = trust.and_then(|trust| trust.secret.as_ref()).filter(|_| bundle.is_none());
        Self {
            servers: urls(connection.url.as_deref()),
            credentials: file.map(|file| {
                at(&file.secret.name, file.secret.key.as_deref().unwrap_or(CREDENTIALS))
            }),
            authorities: trusted.map(|secret| at(&secret.name, AUTHORITIES)),
            certificate: client.map(|name| (at(name, CERTIFICATE), at(name, KEY))),
            bundle: bundle.map(|bundle| match STANDARD.decode(bundle.trim()) {
                Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
                Err(_) => bundle.clone(),
            }),
            ..Self::default()
        }
    }

    /// What `eventing-jetstream` of the channel's proposal says.
    pub fn of_proposal(namespace: &str, connection: &JetStreamConnection) -> Self {
        let at = |name: &str, key: Option<&str>, usual: &str| {
            let key = key.filter(|key| !key.is_empty()).unwrap_or(usual);
            (!name.is_empty()).then(|| SecretKey::of(namespace, name, key))
        };
        let auth = connection.auth.as_ref();
        let one = |of: Option<&KeyInSecret>, usual: &str| {
            let secret = &of?.secret;
            at(&secret.secret_name, secret.key.as_deref(), usual)
        };
        let user = auth.and_then(|auth| auth.username_password.as_ref()).and_then(|user| {
            let secret = &user.secret;
            let name = at(&secret.secret_name, secret.username_key.as_deref(), "username")?;
            Some((name, at(&secret.secret_name, secret.password_key.as_deref(), "password")?))
        });
        let tls = connection.tls.as_ref().map(|tls| tls.secret_name.as_str());
        let in_tls = |key: &str| Some(SecretKey { optional: true, ..at(tls?, None, key)? });
        Self {
            servers: urls(connection.url.as_deref()),
            credentials: one(auth.and_then(|auth| auth.credential_file.as_ref()), CREDENTIALS),
            nkey: one(auth.and_then(|auth| auth.n_key.as_ref()), CREDENTIALS),
            token: one(auth.and_then(|auth| auth.token.as_ref()), "token"),
            user,
            authorities: in_tls(AUTHORITIES),
            certificate: in_tls(CERTIFICATE).zip(in_tls(KEY)),
            ..Self::default()
        }
    }

    /// The Secrets that it takes, each once.
    pub fn secrets(&self) -> Vec<&ObjectKey> {
        let single = [&self.credentials, &self.nkey, &self.token, &self.authorities];
        let pairs = [&self.user, &self.certificate];
        let pairs = pairs.into_iter().flatten().flat_map(|(one, other)| [one, other]);
        let mut secrets: Vec<_> =
            single.into_iter().flatten().chain(pairs).map(|value| &value.secret).collect();
        secrets.sort();
        secrets.dedup();
        secrets
    }
}

/// What the manifests themselves hold of profiles and Secrets: the second place to look, after the
/// cluster. Holds secret values, so it is never printed or kept.
#[derive(Default)]
pub struct Declared {
    profiles: BTreeMap<ObjectKey, Profile>,
    secrets: BTreeMap<ObjectKey, BTreeMap<String, Vec<u8>>>,
}

impl Declared {
    pub fn of(manifests: &[Manifest]) -> Self {
        let mut declared = Self::default();
        for manifest in manifests {
            if let Typed::Nack(Nack::Account(spec)) = &manifest.typed {
                let profile = Profile::of_account(namespace(manifest), spec);
                declared.profiles.insert(manifest.key.clone(), profile);
            }
            if let Typed::ConfigMap(map) = &manifest.typed {
                let namespace = namespace(manifest);
                let profile = map.settings.iter().find_map(|settings| match settings {
                    Settings::Nats(connection) => Some(Profile::of_channel(namespace, connection)),
                    Settings::JetStream(said) => Some(Profile::of_proposal(namespace, said)),
                    _ => None,
                });
                declared.profiles.extend(profile.map(|profile| (manifest.key.clone(), profile)));
            }
            if manifest.key.is("", "Secret") {
                declared.secrets.insert(manifest.key.clone(), secret_values(manifest.body()));
            }
        }
        declared
    }

    /// What an Account or a ConfigMap says.
    pub fn profile(&self, object: &ObjectKey) -> Option<&Profile> {
        self.profiles.get(object)
    }

    pub fn secret(&self, secret: &ObjectKey) -> Option<&BTreeMap<String, Vec<u8>>> {
        self.secrets.get(secret)
    }
}

/// The values of a Secret by their keys; `stringData` goes before `data`, as on a server.
pub fn secret_values(body: &Value) -> BTreeMap<String, Vec<u8>> {
    let texts = |field: &str| {
        let values = body.get(field).and_then(Value::as_object).into_iter().flatten();
        values.filter_map(|(key, value)| Some((key.clone(), value.as_str()?)))
    };
    let bytes = |text: &str| STANDARD.decode(text.trim()).unwrap_or_default();
    let mut values: BTreeMap<String, Vec<u8>> =
        texts("data").map(|(key, text)| (key, bytes(text))).collect();
    values.extend(texts("stringData").map(|(key, text)| (key, text.as_bytes().to_vec())));
    values
}

#[cfg(test)]
mod tests;
