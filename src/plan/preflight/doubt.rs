//! What cannot be said beforehand: where a server, its version or its account is not known far enough for
//! the rule book to be sure. Must not know what is wrong with a change; that is the rehearsal's.

use crate::jetstream::Config;
use crate::jetstream::version::Version;
use crate::world::{Account, Key};

use super::account::Paper;
use super::servers::Places;

/// Why it is not sure that the server takes an object, although nothing is known against it. `live` is
/// its present form.
pub(super) fn doubt(
    paper: &Paper<'_>,
    key: &Key,
    config: &Config,
    live: Option<&Config>,
) -> Option<String> {
    if paper.account.info.is_null() {
        return Some("no JetStream server was asked".to_owned());
    }
    let of_version = version(paper.account);
    if of_version.is_some() || !matches!(key, Key::Stream { .. }) {
        return of_version;
    }
    if is_beside_unknown(paper, config, live) {
        return Some("not every stream of the account is known".to_owned());
    }
    Places::of(paper, config, live)?.doubt()
}

/// Versions beyond the rule book.
fn version(account: &Account) -> Option<String> {
    let newest = Version::NEWEST;
    match Version::parse(&account.version) {
        None => Some("the server does not say which version it is".to_owned()),
        Some(version) if (version.major, version.minor) > (newest.major, newest.minor) => {
            let known = format!("{}.{}", newest.major, newest.minor);
            Some(format!("nats-server {version} is newer than the rules that are known, {known}"))
        }
        Some(_) => None,
    }
}

/// Whether a stream that is not known could stand in the way, by its subjects or by what it uses of the
/// account's limits.
fn is_beside_unknown(paper: &Paper<'_>, config: &Config, live: Option<&Config>) -> bool {
    let same = |field: &str| live.is_some_and(|live| live.get(field) == config.get(field));
    let alike =
        ["subjects", "sources", "mirror", "max_bytes", "num_replicas"].into_iter().all(same);
    !paper.complete && !alike
}
