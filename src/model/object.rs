//! The name of a Kubernetes object, in evctl's one grammar: `kind[.group]/[namespace/]name`.
//! The API version is no part of it, or v1beta2→v1 would read as delete and create.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

/// Which object: group, kind, namespace (none for what belongs to the whole cluster) and name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObjectKey {
    /// Empty for the core group.
    pub group: SmolStr,
    pub kind: SmolStr,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<SmolStr>,
    pub name: SmolStr,
}

impl ObjectKey {
    /// `natsjetstreamchannel.messaging.knative.dev`, or `service` in the core group.
    pub fn kind_name(&self) -> String {
        let kind = self.kind.to_lowercase();
        if self.group.is_empty() { kind } else { format!("{kind}.{}", self.group) }
    }

    /// Whether this is of the kind, whatever its version.
    pub fn is(&self, group: &str, kind: &str) -> bool {
        self.group == group && self.kind == kind
    }
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}/", self.kind_name())?;
        if let Some(namespace) = &self.namespace {
            write!(out, "{namespace}/")?;
        }
        out.write_str(&self.name)
    }
}

/// The group of an `apiVersion`: empty for the core group.
pub fn group_of(api_version: &str) -> &str {
    api_version.rsplit_once('/').map_or("", |(group, _)| group)
}

/// The version of an `apiVersion`.
pub fn version_of(api_version: &str) -> &str {
    api_version.rsplit_once('/').map_or(api_version, |(_, version)| version)
}

/// The kinds of Kubernetes itself that belong to no namespace, as (group, kind). CRDs in the input
/// and the cluster's own discovery add to it.
const CLUSTER_SCOPED: &[(&str, &str)] = &[
    ("", "Namespace"),
    ("", "Node"),
    ("", "PersistentVolume"),
    ("admissionregistration.k8s.io", "MutatingAdmissionPolicy"),
    ("admissionregistration.k8s.io", "MutatingAdmissionPolicyBinding"),
    ("admissionregistration.k8s.io", "MutatingWebhookConfiguration"),
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy"),
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding"),
    ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"),
    ("apiextensions.k8s.io", "CustomResourceDefinition"),
    ("apiregistration.k8s.io", "APIService"),
    ("certificates.k8s.io", "CertificateSigningRequest"),
    ("flowcontrol.apiserver.k8s.io", "FlowSchema"),
    ("flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration"),
    ("networking.k8s.io", "IngressClass"),
    ("node.k8s.io", "RuntimeClass"),
    ("rbac.authorization.k8s.io", "ClusterRole"),
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"),
    ("scheduling.k8s.io", "PriorityClass"),
    ("storage.k8s.io", "CSIDriver"),
    ("storage.k8s.io", "CSINode"),
    ("storage.k8s.io", "StorageClass"),
    ("storage.k8s.io", "VolumeAttachment"),
];

/// Whether a kind of Kubernetes itself belongs to the whole cluster.
pub fn is_cluster_scoped(group: &str, kind: &str) -> bool {
    // No other group has any, and this is asked of every reference.
    let is_kubernetes_own = group.is_empty() || group.ends_with(".k8s.io");
    is_kubernetes_own && CLUSTER_SCOPED.contains(&(group, kind))
}

/// What people write for an object on the command line: the kind in any case, its group and the
/// namespace only where they are needed to tell two objects apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectPattern {
    kind: String,
    group: Option<String>,
    namespace: Option<String>,
    name: String,
}

impl ObjectPattern {
    /// Whether the object is one that the pattern can mean.
    pub fn matches(&self, key: &ObjectKey) -> bool {
        key.kind.to_lowercase() == self.kind
            && self.group.as_ref().is_none_or(|group| *group == key.group)
            && self
                .namespace
                .as_ref()
                .is_none_or(|ns| key.namespace.as_ref().is_some_and(|own| own == ns))
            && key.name == self.name
    }
}

impl FromStr for ObjectPattern {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut parts = text.split('/');
        let (kind, rest): (_, Vec<_>) = (parts.next().unwrap_or_default(), parts.collect());
        let (namespace, name) = match rest.as_slice() {
            [name] => (None, *name),
            [namespace, name] => (Some((*namespace).to_owned()), *name),
            _ => {
                return Err(format!(
                    "`{text}` names no object; write kind[.group]/[namespace/]name"
                ));
            }
        };
        if kind.is_empty() || name.is_empty() {
            return Err(format!("`{text}` names no object; write kind[.group]/[namespace/]name"));
        }
        let (kind, group) = match kind.split_once('.') {
            Some((kind, group)) => (kind, Some(group.to_owned())),
            None => (kind, None),
        };
        Ok(Self { kind: kind.to_lowercase(), group, namespace, name: name.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(group: &str, kind: &str, namespace: Option<&str>, name: &str) -> ObjectKey {
        ObjectKey {
            group: group.into(),
            kind: kind.into(),
            namespace: namespace.map(Into::into),
            name: name.into(),
        }
    }

    #[test]
    fn names_are_written_in_one_grammar() {
        let channel = key("messaging.knative.dev", "Channel", Some("default"), "orders");
        assert_eq!(channel.to_string(), "channel.messaging.knative.dev/default/orders");
        assert_eq!(key("", "Service", Some("a"), "b").to_string(), "service/a/b");
        assert_eq!(key("", "Namespace", None, "a").to_string(), "namespace/a");
    }

    #[track_caller]
    fn check(pattern: &str, matches: bool) {
        let channel = key("messaging.knative.dev", "Channel", Some("default"), "orders");
        assert_eq!(pattern.parse::<ObjectPattern>().map(|p| p.matches(&channel)), Ok(matches));
    }

    #[test]
    fn patterns_leave_out_what_is_clear() {
        check("channel/orders", true);
        check("Channel/default/orders", true);
        check("channel.messaging.knative.dev/orders", true);
        check("channel/other/orders", false);
        check("channel.other/orders", false);
        check("service/orders", false);
        assert!("orders".parse::<ObjectPattern>().is_err());
        assert!("a/b/c/d".parse::<ObjectPattern>().is_err());
        assert!("/x".parse::<ObjectPattern>().is_err());
    }
}
