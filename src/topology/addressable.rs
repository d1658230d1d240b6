//! Which kinds have an address that events can be sent to. Data only.

/// Whether objects of a kind have an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Address {
    Has,
    HasNot,
    /// A kind that evctl knows nothing of.
    Unknown,
}

const HAS: &[(&str, &str)] = &[
    ("", "Service"),
    ("core.openfunction.io", "Function"),
    ("eventing.knative.dev", "Broker"),
    ("eventing.knative.dev", "Channel"),
    ("eventing.knative.dev", "EventTransform"),
    ("eventing.knative.dev", "KafkaSink"),
    ("eventing.knative.dev", "RequestReply"),
    ("flows.knative.dev", "Parallel"),
    ("flows.knative.dev", "Sequence"),
    ("messaging.knative.dev", "Channel"),
    ("messaging.knative.dev", "InMemoryChannel"),
    ("messaging.knative.dev", "KafkaChannel"),
    ("messaging.knative.dev", "NatsJetStreamChannel"),
    ("serving.knative.dev", "Route"),
    ("serving.knative.dev", "Service"),
    ("sinks.knative.dev", "IntegrationSink"),
    ("sinks.knative.dev", "JobSink"),
];

const HAS_NOT: &[(&str, &str)] = &[
    ("", "ConfigMap"),
    ("", "Namespace"),
    ("", "PersistentVolumeClaim"),
    ("", "Pod"),
    ("", "Secret"),
    ("", "ServiceAccount"),
    ("apps", "DaemonSet"),
    ("apps", "Deployment"),
    ("apps", "ReplicaSet"),
    ("apps", "StatefulSet"),
    ("batch", "CronJob"),
    ("batch", "Job"),
    ("eventing.internal.knative.dev", "ResolvedSubscriptionSet"),
    ("eventing.knative.dev", "ClusterChannelProvisioner"),
    ("eventing.knative.dev", "EventPolicy"),
    ("eventing.knative.dev", "EventType"),
    ("eventing.knative.dev", "Provisioner"),
    ("eventing.knative.dev", "Source"),
    ("eventing.knative.dev", "Subscription"),
    ("eventing.knative.dev", "Trigger"),
    ("messaging.knative.dev", "Subscription"),
    ("networking.k8s.io", "Ingress"),
    ("serving.knative.dev", "Configuration"),
    ("serving.knative.dev", "Revision"),
];

/// Groups of which no kind has an address: what only sends, and what only configures.
const HAS_NOT_GROUPS: &[&str] =
    &["events.openfunction.io", "jetstream.nats.io", "sources.knative.dev"];

/// Whether objects of a kind have an address.
pub(super) fn address(group: &str, kind: &str) -> Address {
    if HAS.contains(&(group, kind)) {
        Address::Has
    } else if HAS_NOT.contains(&(group, kind)) || HAS_NOT_GROUPS.contains(&group) {
        Address::HasNot
    } else {
        Address::Unknown
    }
}

/// The groups that have a kind of this name, where it is known to have an address.
pub(super) fn groups_of(kind: &str) -> impl Iterator<Item = &'static str> + '_ {
    HAS.iter().filter(move |(_, known)| *known == kind).map(|(group, _)| *group)
}

/// The kinds that have an address, for a text that names one wrongly.
pub(super) fn kinds() -> impl Iterator<Item = &'static str> {
    HAS.iter().map(|(_, kind)| *kind)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::kinds;

    #[test]
    fn every_kind_of_knative_is_known() {
        let unknown: Vec<_> = kinds::all()
            .filter(|row| row.group.ends_with(".knative.dev"))
            .filter(|row| address(row.group, row.kind) == Address::Unknown)
            .map(|row| format!("{}.{}", row.kind, row.group))
            .collect();
        assert!(unknown.is_empty(), "{unknown:?}");
    }
}
