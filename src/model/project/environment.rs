//! One environment of a project: its servers, what they are taken to be, and what they fill in.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::model::knative::duck::{DeliverySpec, KReference};
use crate::model::knative::messaging::ChannelTemplate;
use crate::model::text::{ConfigMapName, NamespaceName, ObjectName, ServerVersion};

use super::policy::Policy;

/// Where Knative Eventing and the NATS channel are installed.
const SYSTEM_NAMESPACE: &str = "knative-eventing";

/// One place that the project is applied to. What it says goes before what the project says.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Environment {
    /// More files and folders of manifests, read in this environment alone.
    pub sources: Option<Vec<String>>,
    /// More folders with a kustomization, read in this environment alone.
    pub kustomize: Option<Vec<String>>,
    /// The namespace of objects that name none.
    pub namespace: Option<NamespaceName>,
    /// The cluster. Where an environment names one plane, only the planes it names take part.
    pub kubernetes: Option<KubernetesPlane>,
    /// The NATS account.
    pub nats: Option<NatsPlane>,
    /// Who makes the streams of NACK's kinds and of NATS channels. Absent: their controllers, where they are
    /// seen, and evctl elsewhere.
    pub streams: Option<Streams>,
    /// What the servers are taken to be while none is asked.
    pub assume: Option<Assume>,
    /// What the servers fill in where a manifest says nothing.
    pub defaults: Option<Defaults>,
    /// What evctl may do here, besides what it may do everywhere.
    pub policy: Option<Policy>,
}

/// Who makes the streams and consumers of NACK's kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Streams {
    /// evctl itself.
    Managed,
    /// NACK's controllers; evctl applies the manifests alone.
    Observed,
}

/// A cluster, as kubectl is told.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct KubernetesPlane {
    /// The kubeconfig's context. Absent: its current one.
    pub context: Option<String>,
    /// The kubeconfig, from the project file's folder on. Absent: `$KUBECONFIG`, then `~/.kube/config`.
    pub kubeconfig: Option<String>,
}

/// A NATS account, as the `nats` CLI is told.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NatsPlane {
    /// A context of the `nats` CLI. What is said beside it goes before what it says.
    pub context: Option<String>,
    /// The ConfigMap by which the NATS channel connects, instead of a context: `config-nats`, or
    /// `NAMESPACE/NAME`. Read from the cluster, or else from the manifests, with the Secrets that it names.
    /// What is said beside it goes before what it says.
    pub from: Option<ConfigMapName>,
    /// The servers, with commas between, such as `tls://nats.example:4222`. No credentials in it.
    pub url: Option<String>,
    /// The credentials file, from the project file's folder on.
    pub creds: Option<String>,
    /// The file with the seed of an NKey, from the project file's folder on.
    pub nkey: Option<String>,
    /// The credentials file in a Secret of the cluster.
    pub credentials: Option<NatsCredentials>,
    /// Certificates for a connection over TLS.
    pub tls: Option<NatsTls>,
    /// The JetStream domain.
    pub domain: Option<String>,
    /// What stands before the subjects of JetStream's API in place of `$JS.API`, where another account
    /// lets this one in.
    pub api_prefix: Option<String>,
}

/// A credentials file in a Secret of the cluster.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NatsCredentials {
    /// Which Secret.
    pub secret: NatsSecret,
}

/// A key of a Secret.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NatsSecret {
    /// The Secret's namespace; knative-eventing where it is left out.
    pub namespace: Option<NamespaceName>,
    /// The Secret's name.
    pub name: ObjectName,
    /// The key in it; `nats.creds` where it is left out.
    pub key: Option<String>,
}

impl NatsCredentials {
    /// Namespace, name and key.
    pub fn place(&self) -> (String, String, String) {
        let Self { secret } = self;
        let namespace = secret.namespace.as_ref().map_or(SYSTEM_NAMESPACE, NamespaceName::as_str);
        let key = secret.key.as_deref().unwrap_or("nats.creds");
        (namespace.to_owned(), secret.name.as_str().to_owned(), key.to_owned())
    }
}

impl ConfigMapName {
    /// The namespace; knative-eventing where it says none.
    pub fn namespace(&self) -> String {
        let said = self.as_str().split_once('/').map(|(namespace, _)| namespace);
        said.unwrap_or(SYSTEM_NAMESPACE).to_owned()
    }

    pub fn name(&self) -> String {
        let text = self.as_str();
        text.split_once('/').map_or(text, |(_, name)| name).to_owned()
    }
}

/// Certificates for a NATS connection over TLS: PEM files, from the project file's folder on.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NatsTls {
    /// Whom to trust, besides the system's authorities.
    pub ca: Option<String>,
    /// The client's certificate, with `key`.
    pub cert: Option<String>,
    /// The client's private key, with `cert`.
    pub key: Option<String>,
    /// Whether TLS begins before the server says anything (`handshake_first`).
    pub first: Option<bool>,
}

/// What the servers are taken to be while none is asked. The newest that evctl knows where a field
/// is absent.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Assume {
    /// The version of the API server, in quotes, such as "1.36".
    pub kubernetes: Option<ServerVersion>,
    /// The version of Knative Eventing, in quotes, such as "0.50".
    pub knative: Option<ServerVersion>,
    /// The version of nats-server, in quotes, such as "2.15".
    pub nats: Option<ServerVersion>,
    /// Flags of Knative's ConfigMap `config-features`, such as `delivery-retryafter: enabled`. As
    /// released where a flag is absent.
    pub features: Option<BTreeMap<String, String>>,
}

/// What the servers fill in where a manifest says nothing.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Defaults {
    /// What is made of a Channel, Sequence or Parallel without a template: `clusterDefault` of
    /// Knative's ConfigMap `default-ch-webhook`. InMemoryChannel where it is absent.
    pub channel: Option<ChannelTemplate>,
    /// What is made of a Broker that does not say: `clusterDefault` of Knative's ConfigMap
    /// `config-br-defaults`.
    pub broker: Option<BrokerDefaults>,
    /// The same for single namespaces: `namespaceDefaults` of both.
    pub namespaces: Option<BTreeMap<NamespaceName, NamespaceDefaults>>,
}

/// What one namespace's objects are given.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NamespaceDefaults {
    /// What is made of a Channel, Sequence or Parallel without a template.
    pub channel: Option<ChannelTemplate>,
    /// What is made of a Broker that does not say.
    pub broker: Option<BrokerDefaults>,
}

/// What is made of a Broker that does not say.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BrokerDefaults {
    /// The class, such as MTChannelBasedBroker (what is released).
    pub class: Option<String>,
    /// The Broker's `config`, such as the ConfigMap `config-br-default-channel` in knative-eventing
    /// (what is released).
    pub config: Option<KReference>,
    /// The delivery of Brokers that have none: 10 retries, exponential from PT0.2S, as released.
    pub delivery: Option<DeliverySpec>,
}
