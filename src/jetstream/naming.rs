//! The names that the NATS channel's controller gives to streams, subjects and consumers
//! (shared/facts/jetstream.md §4), and the server's rule for names.

/// What a stream made for a channel is called.
pub fn stream(namespace: &str, channel: &str) -> String {
    format!("KN_{namespace}__{channel}").to_uppercase().replace('-', "_")
}

/// Where a channel's own events are published.
pub fn subject(namespace: &str, channel: &str) -> String {
    format!("{namespace}.{channel}._knative")
}

/// The durable of a Subscription's consumer; its deliver group too, where it is pushed. The uid is in
/// upper case without hyphens, or a placeholder for one.
pub fn durable(upper_uid: &str) -> String {
    format!("KN_SUB_{upper_uid}")
}

/// Where a pushed consumer's messages are sent. The uid is in lower case without hyphens, or a
/// placeholder for one.
pub fn deliver_subject(namespace: &str, channel: &str, lower_uid: &str) -> String {
    format!("{namespace}.{channel}._knative_consumer.{lower_uid}")
}

/// Why the server will refuse a stream's or consumer's name, where it will.
pub fn fault(name: &str) -> Option<String> {
    let bad = |c: char| c.is_whitespace() || ".*>\\/".contains(c);
    if name.is_empty() {
        return Some("a name cannot be empty".to_owned());
    }
    if name.len() > 255 {
        return Some(format!("a name has at most 255 bytes, this has {}", name.len()));
    }
    name.chars().find(|c| bad(*c)).map(|c| match c {
        ' ' => "a name cannot hold a space".to_owned(),
        c => format!("a name cannot hold {c:?}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_controller() {
        assert_eq!(stream("my-ns", "a-b"), "KN_MY_NS__A_B");
        assert_eq!(subject("default", "a-b"), "default.a-b._knative");
        assert_eq!(durable("6D0B0A2E"), "KN_SUB_6D0B0A2E");
        assert_eq!(deliver_subject("default", "a", "6d0b"), "default.a._knative_consumer.6d0b");
    }

    #[test]
    fn bad_names_are_told() {
        assert_eq!(fault("ORDERS"), None);
        for bad in ["", "a.b", "a b", "a*", "a>", "a/b", "a\\b", "a\tb"] {
            assert!(fault(bad).is_some(), "{bad:?}");
        }
    }
}
