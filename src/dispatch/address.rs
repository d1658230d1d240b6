//! The addresses that Knative gives to nodes, as far as names alone tell them: error attributes of
//! dead letters name them.

use crate::model::ObjectKey;
use crate::topology::{Backing, Node, NodeName, Role};

/// The URL of a node; its name where only the cluster knows the URL.
pub(super) fn address(node: &Node) -> String {
    match &node.name {
        NodeName::Uri(uri) => uri.clone(),
        NodeName::Object(key) => of_object(key, &node.role),
        NodeName::Topic(..) => node.name.to_string(),
        NodeName::Path(key, path) => {
            let slash = if path.starts_with('/') { "" } else { "/" };
            format!("{}{slash}{path}", of_object(key, &node.role))
        }
    }
}

fn of_object(key: &ObjectKey, role: &Role) -> String {
    let suffix = match role {
        Role::Channel(channel) if matches!(channel.backing, Backing::NatsJetStream(_)) => {
            "-kn-jsm-channel"
        }
        Role::Channel(_) => "-kn-channel",
        Role::Sink if key.kind == "Service" => "",
        Role::Sink | Role::Producer => return key.to_string(),
    };
    let namespace = key.namespace.as_deref().unwrap_or_default();
    format!("http://{}{suffix}.{namespace}.svc.cluster.local", key.name)
}
