//! Connection profiles made whole: what an Account names is read from the cluster, or else from the
//! input, and goes before the run's own settings. Values go into the target and nowhere else.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Secret;
use kube::api::{Api, DynamicObject};

use serde_json::Value;

use crate::diag::Severity;
use crate::model::{Assumed, Input, ObjectKey, load};
use crate::world::site::{Declared, Profile, Reference, SecretKey, Site};

use super::cluster::Cluster;
use super::target::{NatsAuth, NatsTarget, servers};
use super::{LiveError, discovery};

/// Where profiles and Secrets are looked for.
pub(super) struct Places<'a> {
    pub(super) cluster: Option<&'a Cluster>,
    pub(super) declared: &'a Declared,
}

type Secrets = BTreeMap<ObjectKey, BTreeMap<String, Vec<u8>>>;

impl Places<'_> {
    /// How to connect to a site, from how the run itself connects; `named` is that before what it only
    /// names was read.
    pub(super) async fn target(
        &self,
        own: &NatsTarget,
        named: &NatsTarget,
        site: &Site,
    ) -> Result<NatsTarget, LiveError> {
        let mut target = match &site.account {
            None => own.clone(),
            // An address that was given stands for the one inside of the cluster. Who we are is the
            // namespace's to say.
            Some(map) if map.kind == "ConfigMap" => {
                let profile = self.profile(map).await?;
                let said = self.with(NatsTarget::default(), &profile, &map.to_string()).await?;
                NatsTarget { certificate: None, ..named.clone().anonymous() }.over(said)
            }
            Some(account) => {
                let profile = self.profile(account).await?;
                self.with(own.clone(), &profile, &account.to_string()).await?
            }
        };
        if !site.domain.is_empty() {
            target.domain.clone_from(&site.domain);
            target.api_prefix = None;
        }
        Ok(target)
    }

    /// How the run itself connects, with what is only named read.
    pub(super) async fn own(&self, own: NatsTarget) -> Result<NatsTarget, LiveError> {
        match own.reference.clone() {
            None => Ok(own),
            Some(Reference::Credentials(at)) => {
                let profile = Profile { credentials: Some(at), ..Profile::default() };
                let target = self.with(own, &profile, "the project's environment").await?;
                Ok(NatsTarget { reference: None, ..target })
            }
            Some(Reference::ConfigMap(map)) => {
                let profile = self.profile(&map).await?;
                let said = self.with(NatsTarget::default(), &profile, &map.to_string()).await?;
                Ok(own.over(said))
            }
        }
    }

    /// A target with everything that a profile says in its place.
    pub(super) async fn with(
        &self,
        own: NatsTarget,
        profile: &Profile,
        named_by: &str,
    ) -> Result<NatsTarget, LiveError> {
        let mut secrets = Secrets::new();
        for secret in profile.secrets() {
            secrets.insert(secret.clone(), self.secret(secret, named_by).await?);
        }
        let value = |at: &Option<SecretKey>| match at {
            Some(at) => text(&secrets, at),
            None => Ok(None),
        };
        let pair = |at: &Option<(SecretKey, SecretKey)>| match at {
            Some((one, other)) => Ok(text(&secrets, one)?.zip(text(&secrets, other)?)),
            None => Ok(None),
        };
        let (urls, in_url) = servers(&profile.servers.join(","));
        // Who we are is for the run's own servers alone, not for any that a manifest names.
        let mut target =
            if urls.is_empty() { own } else { NatsTarget { servers: urls, ..own.anonymous() } };
        let (user, token) = match in_url {
            Some((user, Some(password))) => (Some((user, password)), None),
            Some((token, None)) => (None, Some(token)),
            None => (None, None),
        };
        let auth = if let Some((user, password)) = pair(&profile.user)?.or(user) {
            Some(NatsAuth::UserAndPassword(user, password))
        } else if let Some(credentials) = value(&profile.credentials)? {
            Some(NatsAuth::Credentials(credentials))
        } else {
            value(&profile.nkey)?.map(NatsAuth::Nkey)
        };
        let token = value(&profile.token)?.or(token);
        if auth.is_some() || token.is_some() {
            target.auth = auth.unwrap_or_default();
            target.token = token;
        }
        let trusted = value(&profile.authorities)?.or_else(|| profile.bundle.clone());
        target.authorities = trusted.or(target.authorities);
        target.certificate = pair(&profile.certificate)?.or(target.certificate);
        target.tls_first |= profile.tls_first;
        Ok(target)
    }

    /// What an Account or a ConfigMap says: the input's, which is what the cluster is to have, or else
    /// the cluster's.
    async fn profile(&self, object: &ObjectKey) -> Result<Profile, LiveError> {
        if let Some(profile) = self.declared.profile(object) {
            return Ok(profile.clone());
        }
        if let Some(cluster) = self.cluster
            && let Some(live) = live_object(cluster, object).await?
        {
            return read(object, live).map_err(|why| {
                LiveError::new(
                    format!("{object} of {} says no way to connect to NATS", cluster.name),
                    why,
                    "write it as docs/guide.md, \"The planes\", has it",
                )
            });
        }
        let help = if object.kind == "ConfigMap" {
            "name the ConfigMap by which the NATS channel connects, and its namespace: \
             --nats-from NAMESPACE/NAME"
        } else {
            "declare the Account beside what names it, or take `account` away to use the run's own \
             connection"
        };
        Err(LiveError::new(
            format!("how to connect to NATS as {object} says is not known"),
            format!("the object is {}", self.nowhere()),
            help,
        ))
    }

    /// The values of a Secret: the cluster's, or where it has none, the input's.
    async fn secret(
        &self,
        secret: &ObjectKey,
        named_by: &str,
    ) -> Result<BTreeMap<String, Vec<u8>>, LiveError> {
        if let Some(cluster) = self.cluster
            && let Some(values) = live_secret(cluster, secret).await?
        {
            return Ok(values);
        }
        if let Some(values) = self.declared.secret(secret) {
            return Ok(values.clone());
        }
        Err(LiveError::new(
            format!("the credentials of {named_by} cannot be had"),
            format!("{secret} is {}", self.nowhere()),
            "make the Secret in the cluster, give the cluster that has it with --context, or declare it",
        ))
    }

    fn nowhere(&self) -> String {
        match self.cluster {
            Some(cluster) => format!("neither in the cluster {} nor declared", cluster.name),
            None => {
                "not declared, and no Kubernetes plane takes part that could have it".to_owned()
            }
        }
    }
}

async fn live_object(
    cluster: &Cluster,
    key: &ObjectKey,
) -> Result<Option<DynamicObject>, LiveError> {
    let Some(kind) = discovery::recommended(cluster, key).await? else { return Ok(None) };
    let namespace = key.namespace.as_deref().unwrap_or_default();
    let api: Api<DynamicObject> =
        Api::namespaced_with(cluster.client.clone(), namespace, &kind.resource);
    cluster.ask(&key.to_string(), api.get_opt(&key.name)).await
}

async fn live_secret(
    cluster: &Cluster,
    key: &ObjectKey,
) -> Result<Option<BTreeMap<String, Vec<u8>>>, LiveError> {
    let namespace = key.namespace.as_deref().unwrap_or_default();
    let api: Api<Secret> = Api::namespaced(cluster.client.clone(), namespace);
    let found = cluster.ask(&key.to_string(), api.get_opt(&key.name)).await?;
    Ok(found.map(|secret| {
        secret.data.unwrap_or_default().into_iter().map(|(key, value)| (key, value.0)).collect()
    }))
}

/// What a live object says, read as if it were declared.
fn read(key: &ObjectKey, live: DynamicObject) -> Result<Profile, String> {
    let mut body = serde_json::to_value(live).map_err(|error| error.to_string())?;
    if let Some(metadata) = body.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.retain(|name, _| name == "name" || name == "namespace");
    }
    let input = Input::named(key.to_string(), Ok(body.to_string().into_bytes()));
    let namespace = key.namespace.as_deref().unwrap_or_default();
    let loaded = load(vec![input], namespace, &Assumed::default());
    if let Some(profile) = Declared::of(&loaded.manifests).profile(key) {
        return Ok(profile.clone());
    }
    // The words of a finding could repeat what it finds; its path does not.
    let fault = loaded.findings.iter().find(|finding| finding.severity == Severity::Error);
    Err(match fault {
        Some(fault) => format!("`{}` is not as it has to be ({})", fault.path, fault.code.name()),
        None => "it has neither `eventing-nats` nor `eventing-jetstream`".to_owned(),
    })
}

fn text(secrets: &Secrets, at: &SecretKey) -> Result<Option<String>, LiveError> {
    let values = secrets.get(&at.secret);
    let value = values.and_then(|values| values.get(&at.key));
    let why = match value.map(|bytes| std::str::from_utf8(bytes)) {
        Some(Ok(text)) if !text.trim().is_empty() => return Ok(Some(text.trim_end().to_owned())),
        Some(Ok(_)) => format!("its key {} is empty", at.key),
        Some(Err(_)) => format!("its key {} holds bytes that are no text", at.key),
        None if at.optional => return Ok(None),
        None => {
            let keys: Vec<&str> =
                values.into_iter().flatten().map(|(key, _)| key.as_str()).collect();
            match keys.as_slice() {
                [] => format!("it has no key {}, nor any other", at.key),
                keys => format!("it has no key {}, but {}", at.key, keys.join(", ")),
            }
        }
    };
    let what = format!("{} cannot be used to connect to NATS", at.secret);
    Err(LiveError::new(what, why, "put the value there, or name the right key"))
}
