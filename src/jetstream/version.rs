//! What a server's version says about its API. Knows versions by number only.

/// The JetStream API level that a nats-server of a version has (`JSApiLevel` in its sources: 2.10
/// has none, 2.11.17 has 1, 2.12.15 has 3, 2.14.9 has 4, 2.15.2 has 5).
pub fn api_level(version: &str) -> Option<u64> {
    let mut parts = version.trim_start_matches('v').split('.').map(|part| part.parse::<u64>().ok());
    match (parts.next().flatten()?, parts.next().flatten()?) {
        (2, ..=10) | (..=1, _) => None,
        (2, 11) => Some(1),
        (2, 12 | 13) => Some(3),
        (2, 14) => Some(4),
        _ => Some(5),
    }
}

#[cfg(test)]
mod tests {
    use super::api_level;

    #[test]
    fn levels() {
        assert_eq!(api_level("2.10.29"), None);
        assert_eq!(api_level("2.11"), Some(1));
        assert_eq!(api_level("v2.12.15"), Some(3));
        assert_eq!(api_level("2.14"), Some(4));
        assert_eq!(api_level("2.15.2"), Some(5));
        assert_eq!(api_level("next"), None);
    }
}
