//! Which servers of a cluster can hold streams. Every account may ping all servers for its own
//! statistics, and each answers with its name, cluster and tags (`$SYS.REQ.ACCOUNT.PING.STATZ`, since
//! 2.10). Must not know what the servers are needed for.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use serde_json::json;

use crate::jetstream::server::Peer;
use crate::live::nats::Connection;
use crate::world::Peers;

/// How long it is quiet after the last answer before the rest is given up.
const QUIET: Duration = Duration::from_millis(300);

#[derive(Deserialize)]
struct Answer {
    server: Told,
}

/// What a server says of itself.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Told {
    id: String,
    cluster: String,
    domain: String,
    jetstream: bool,
    tags: Vec<String>,
}

/// Hears every server of the cluster. A server that stands alone is not asked.
pub(in crate::live) async fn peers(nats: &Connection) -> Peers {
    let Some(cluster) = nats.account.cluster.as_deref().filter(|_| nats.is_direct()) else {
        return Peers::default();
    };
    // Servers that have no client of the account answer too.
    let payload = json!({"include_unused": true});
    let size = nats.cluster_size();
    let answers = nats.gather("$SYS.REQ.ACCOUNT.PING.STATZ", &payload, size, QUIET).await;
    let answers = answers.iter().filter_map(|answer| serde_json::from_slice::<Answer>(answer).ok());
    let told: BTreeMap<String, Told> =
        answers.map(|answer| (answer.server.id.clone(), answer.server)).collect();
    heard(told.into_values().collect(), cluster, nats.domain(), size)
}

/// `size` is how many servers the cluster has as it tells its clients; some tell none.
fn heard(told: Vec<Told>, cluster: &str, domain: &str, size: usize) -> Peers {
    let own = told.iter().filter(|server| server.cluster == cluster).count();
    // Another cluster can be far away, and one more not yet heard.
    let complete = size > 0 && own >= size && own == told.len();
    let peers = told.into_iter().filter(|server| server.jetstream && server.domain == domain);
    let heard = peers.map(|server| Peer { cluster: server.cluster, tags: server.tags }).collect();
    Peers { heard, complete }
}

#[cfg(test)]
mod tests {
    use super::{Told, heard};

    fn told(cluster: &str, jetstream: bool) -> Told {
        Told { cluster: cluster.to_owned(), jetstream, ..Told::default() }
    }

    #[track_caller]
    fn check(clusters: &[(&str, bool)], size: usize, expected: (usize, bool)) {
        let told = clusters.iter().map(|(cluster, jetstream)| told(cluster, *jetstream)).collect();
        let peers = heard(told, "C", "", size);
        assert_eq!((peers.heard.len(), peers.complete), expected);
    }

    #[test]
    fn all_are_known_where_the_whole_cluster_answers() {
        check(&[("C", true), ("C", true), ("C", false)], 3, (2, true));
        check(&[("C", true), ("C", true)], 3, (2, false));
        // It does not say how many they are.
        check(&[("C", true), ("C", true)], 0, (2, false));
        // There is another cluster, and perhaps a third.
        check(&[("C", true), ("D", true)], 1, (2, false));
        check(&[], 0, (0, false));
    }
}
