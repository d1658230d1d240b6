//! Which NATS accounts the manifests speak of besides the run's own, and how NACK's Account objects say
//! to get there. Secrets are named here, never held. Knows no connection.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::model::manifest::Typed;
use crate::model::nack::{AccountSpec, GROUP, Nack, TlsSecret};
use crate::model::text::AccountName;
use crate::model::{Manifest, ObjectKey};

/// An account that keys name by their site.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Site {
    /// The Account object that says how to connect; `None` where it is done as for the run itself.
    pub account: Option<ObjectKey>,
    /// The JetStream domain; empty is what the connection itself has.
    pub domain: String,
}

/// A value that a Secret holds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SecretKey {
    pub secret: ObjectKey,
    pub key: String,
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
    /// The client's certificate and key, PEM.
    pub certificate: Option<(SecretKey, SecretKey)>,
    pub tls_first: bool,
}

/// The site of what an object declares in its `account` and `jsDomain`: `[NAMESPACE/ACCOUNT][#DOMAIN]`.
/// Empty texts say nothing, and where neither says anything the site is the run's own: empty.
pub fn site_of(namespace: &str, account: &str, domain: &str) -> String {
    let account = if account.is_empty() { String::new() } else { format!("{namespace}/{account}") };
    if domain.is_empty() { account } else { format!("{account}#{domain}") }
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
            group: GROUP.to_owned(),
            kind: "Account".to_owned(),
            namespace: Some(namespace.to_owned()),
            name: account.to_owned(),
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
        let secret = |name: &str| ObjectKey {
            group: String::new(),
            kind: "Secret".to_owned(),
            namespace: Some(namespace.to_owned()),
            name: name.to_owned(),
        };
        let at = |name: &str, key: &str| SecretKey { secret: secret(name), key: key.to_owned() };
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
            if manifest.key.is("", "Secret") {
                declared.secrets.insert(manifest.key.clone(), secret_values(manifest.body()));
            }
        }
        declared
    }

    pub fn profile(&self, account: &ObjectKey) -> Option<&Profile> {
        self.profiles.get(account)
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
mod tests {
    use super::*;
    use crate::model::{Assumed, Input, load};

    const TEXT: &str = "
apiVersion: jetstream.nats.io/v1beta2
kind: Stream
metadata: {name: a}
spec: {name: A, storage: file, maxAge: 1h, account: team, jsDomain: hub}
---
apiVersion: jetstream.nats.io/v1beta2
kind: KeyValue
metadata: {name: b, namespace: other}
spec: {bucket: b, account: team}
---
apiVersion: jetstream.nats.io/v1beta2
kind: ObjectStore
metadata: {name: c}
spec: {bucket: c, jsDomain: hub}
---
apiVersion: jetstream.nats.io/v1beta2
kind: Stream
metadata: {name: d}
spec: {name: D, storage: file, maxAge: 1h, account: ''}
---
apiVersion: jetstream.nats.io/v1beta2
kind: Account
metadata: {name: team}
spec:
  servers: [nats://team:4222]
  creds: {secret: {name: keys}, file: team.creds}
  tls: {secret: {name: certificates}, ca: ca.crt, cert: tls.crt}
---
apiVersion: v1
kind: Secret
metadata: {name: keys}
data: {team.creds: b25l, other: b25l}
stringData: {other: two}
";

    fn manifests() -> Vec<Manifest> {
        let input = Input::named("a.yaml", Ok(TEXT.into()));
        load(vec![input], "n", &Assumed::default()).manifests
    }

    #[test]
    fn sites_are_what_objects_name() {
        let sites = sites(&manifests());
        let named: Vec<_> = sites
            .iter()
            .map(|(name, site)| {
                let account = site.account.as_ref().map(ToString::to_string);
                (name.as_str(), account.unwrap_or_default(), site.domain.as_str())
            })
            .collect();
        assert_eq!(
            named,
            [
                ("#hub", String::new(), "hub"),
                ("n/team#hub", "account.jetstream.nats.io/n/team".to_owned(), "hub"),
                ("other/team", "account.jetstream.nats.io/other/team".to_owned(), ""),
            ]
        );
    }

    #[test]
    fn profiles_and_secrets_of_the_input_are_found() {
        let (manifests, sites) = (manifests(), sites(&manifests()));
        let declared = Declared::of(&manifests);
        let account = sites["n/team#hub"].account.as_ref().unwrap();
        let profile = declared.profile(account).unwrap();
        assert_eq!(profile.servers, ["nats://team:4222"]);
        let names: Vec<_> = profile.secrets().iter().map(|key| key.name.as_str()).collect();
        assert_eq!(names, ["certificates", "keys"]);
        assert_eq!(profile.authorities.as_ref().unwrap().key, "ca.crt");
        assert_eq!(profile.certificate, None, "a certificate without its key is none");
        let credentials = profile.credentials.as_ref().unwrap();
        let secret = declared.secret(&credentials.secret).unwrap();
        assert_eq!((&secret["team.creds"][..], &secret["other"][..]), (&b"one"[..], &b"two"[..]));
        let other = sites["other/team"].account.as_ref().unwrap();
        assert_eq!(declared.profile(other), None);
    }
}
