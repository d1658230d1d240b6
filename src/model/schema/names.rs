//! How kinds are called: plurals, the order of API versions, files.

use super::Subject;

/// The plural as CRDs have it: lower case, by the rules of English spelling.
pub fn plural(kind: &str) -> String {
    let singular = kind.to_lowercase();
    let hissing = ["s", "x", "z", "ch", "sh"].iter().any(|end| singular.ends_with(end));
    match singular.strip_suffix('y') {
        Some(stem) if !stem.ends_with(['a', 'e', 'i', 'o', 'u']) => format!("{stem}ies"),
        _ if hissing => format!("{singular}es"),
        _ => format!("{singular}s"),
    }
}

/// The order of API versions as Kubernetes has it, the greatest first to be chosen: stable before
/// beta before alpha, then by number.
pub fn priority(version: &str) -> (u8, u32, u32) {
    let number = |text: &str| text.parse().unwrap_or(0);
    let rest = version.strip_prefix('v').unwrap_or(version);
    if let Some((major, minor)) = rest.split_once("alpha") {
        (0, number(major), number(minor))
    } else if let Some((major, minor)) = rest.split_once("beta") {
        (1, number(major), number(minor))
    } else {
        (2, number(rest), 0)
    }
}

/// The file of a schema within the folder of schemas, as kubeconform looks for it with
/// `{{.Group}}/{{.ResourceKind}}_{{.ResourceAPIVersion}}.json`.
pub fn file(subject: &Subject) -> String {
    let name = format!("{}_{}.json", subject.kind.to_lowercase(), subject.version);
    if subject.group.is_empty() { name } else { format!("{}/{name}", subject.group) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plurals_are_those_of_the_real_definitions() {
        for (kind, expected) in [
            ("Broker", "brokers"),
            ("EventPolicy", "eventpolicies"),
            ("RequestReply", "requestreplies"),
            ("ClusterEventBus", "clustereventbuses"),
            ("KeyValue", "keyvalues"),
            ("Gateway", "gateways"),
        ] {
            assert_eq!(plural(kind), expected);
        }
    }

    #[test]
    fn stable_versions_come_before_beta_and_alpha() {
        let mut versions = ["v1alpha1", "v1beta2", "v1", "v1beta10", "v2", "v2alpha1"];
        versions.sort_by_key(|version| std::cmp::Reverse(priority(version)));
        assert_eq!(versions, ["v2", "v1", "v1beta10", "v1beta2", "v2alpha1", "v1alpha1"]);
    }
}
