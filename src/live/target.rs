//! Which NATS servers, and how to get in: everything read already, nothing connected yet. Holds secrets
//! and shows none of them.

use std::time::Duration;

use crate::world::site::Reference;

/// How to say who we are.
#[derive(Clone, Default)]
pub enum NatsAuth {
    #[default]
    None,
    UserAndPassword(String, String),
    /// The text of a credentials file: a JWT and an NKey's seed.
    Credentials(String),
    /// An NKey's seed.
    Nkey(String),
    /// A user's JWT, and the seed that signs for it; a bearer's JWT needs none.
    Jwt(String, Option<String>),
}

/// Which NATS servers, and how to get in.
#[derive(Clone, Default)]
pub struct NatsTarget {
    /// URLs without credentials.
    pub servers: Vec<String>,
    pub auth: NatsAuth,
    /// Sent besides, whatever the auth is.
    pub token: Option<String>,
    /// Whom to trust instead of the system's authorities, PEM.
    pub authorities: Option<String>,
    /// The client's certificate and key, PEM.
    pub certificate: Option<(String, String)>,
    /// Whether TLS begins before the server says anything.
    pub tls_first: bool,
    pub domain: String,
    /// Instead of `$JS.API`, where it is said.
    pub api_prefix: Option<String>,
    /// Instead of `_INBOX`, where it is said.
    pub inbox_prefix: Option<String>,
    /// How long any one answer may take, where it is not as for all servers.
    pub timeout: Option<Duration>,
    /// What is named instead of said, and read when the cluster and the input are at hand.
    pub reference: Option<Reference>,
}

impl std::fmt::Debug for NatsTarget {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "NatsTarget({})", self.name())
    }
}

impl NatsTarget {
    /// As output names it.
    pub fn name(&self) -> String {
        self.servers.join(",")
    }

    /// The same connection, with what it says left out where it is about who we are.
    #[must_use]
    pub(super) fn anonymous(mut self) -> Self {
        self.auth = NatsAuth::None;
        self.token = None;
        self
    }

    /// This target, with another's settings where this one says nothing.
    #[must_use]
    pub(super) fn over(self, base: Self) -> Self {
        let says_who = !matches!(self.auth, NatsAuth::None) || self.token.is_some();
        let (auth, token) =
            if says_who { (self.auth, self.token) } else { (base.auth, base.token) };
        Self {
            servers: if self.servers.is_empty() { base.servers } else { self.servers },
            auth,
            token,
            authorities: self.authorities.or(base.authorities),
            certificate: self.certificate.or(base.certificate),
            tls_first: self.tls_first || base.tls_first,
            reference: None,
            domain: self.domain,
            api_prefix: self.api_prefix,
            inbox_prefix: self.inbox_prefix,
            timeout: self.timeout,
        }
    }

    /// The subjects of JetStream's API begin like this.
    pub(super) fn prefix(&self) -> String {
        match (self.domain.as_str(), &self.api_prefix) {
            ("", Some(prefix)) => prefix.clone(),
            ("", None) => "$JS.API".to_owned(),
            (domain, _) => format!("$JS.{domain}.API"),
        }
    }
}

/// Server URLs without credentials, and what the first URL that says who we are says: a user alone is
/// a token.
pub fn servers(urls: &str) -> (Vec<String>, Option<(String, Option<String>)>) {
    let mut credentials = None;
    let plain = urls.split(',').map(str::trim).filter(|url| !url.is_empty()).map(|url| {
        let (scheme, rest) = url.split_once("://").unwrap_or(("nats", url));
        let host = match rest.rsplit_once('@') {
            Some((user, host)) => {
                let said = match user.split_once(':') {
                    Some((user, password)) => (decoded(user), Some(decoded(password))),
                    None => (decoded(user), None),
                };
                credentials.get_or_insert(said);
                host
            }
            None => rest,
        };
        format!("{scheme}://{host}")
    });
    let plain = plain.collect();
    (plain, credentials)
}

/// `%40` and its like as what they stand for.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let code = after
            .get(..2)
            .filter(|_| *first == b'%')
            .and_then(|two| u8::from_str_radix(std::str::from_utf8(two).ok()?, 16).ok());
        bytes.push(code.unwrap_or(*first));
        rest = if code.is_some() { after.get(2..).unwrap_or_default() } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_taken_out_of_urls() {
        let (plain, credentials) = servers("nats://ann:s%40cret%@one:4222, two:4223");
        assert_eq!(plain, ["nats://one:4222", "nats://two:4223"]);
        assert_eq!(credentials, Some(("ann".into(), Some("s@cret%".into()))));
        assert_eq!(servers("tls://t0ken@one").1, Some(("t0ken".into(), None)));
    }

    #[test]
    fn no_secret_is_shown() {
        let auth = NatsAuth::UserAndPassword("ann".into(), "hunter2".into());
        let servers = vec!["nats://one".into()];
        let target = NatsTarget { servers, auth, ..NatsTarget::default() };
        assert_eq!(format!("{target:?}"), "NatsTarget(nats://one)");
    }
}
