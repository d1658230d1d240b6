//! Three real nats-servers that are one `JetStream` cluster.
//!
//! Must not know what is asked of the servers; that is `nats_wire`.

use std::net::TcpListener;
use std::time::Duration;

use serde_json::{Value, json};

use super::nats::Nats;
use super::nats_wire::Wire;
use super::waiting;

/// How long a cluster may take until it has a leader and takes streams with three copies.
const READY_LIMIT: Duration = Duration::from_secs(60);

/// What the cluster is called.
pub(crate) const NAME: &str = "C1";

/// The tags of the servers, in their order.
pub(crate) const TAGS: [&[&str]; 3] = [&["east", "ssd"], &["east"], &["west"]];

/// A cluster of three.
pub(crate) struct Cluster {
    pub(crate) servers: Vec<Nats>,
}

impl Cluster {
    /// Servers of a version, each with `config` beside what makes them one cluster.
    pub(crate) fn start(version: &str, config: &str) -> Self {
        // Routes must be known before their servers are. Each port is held until its own server
        // starts, so that no other one is given it for its clients.
        let held: Vec<TcpListener> = TAGS.iter().map(|_| held_port()).collect();
        let ports: Vec<u16> = held.iter().map(port_of).collect();
        let routes: Vec<String> =
            ports.iter().map(|port| format!("\"nats-route://127.0.0.1:{port}\"")).collect();
        let routes = routes.join(", ");
        let start = |(at, held): (usize, TcpListener)| {
            let tags = TAGS[at].join(", ");
            let port = port_of(&held);
            drop(held);
            let own = format!(
                "server_name: n{at}\nserver_tags: [{tags}]\n\
                 cluster {{ name: {NAME}, listen: \"127.0.0.1:{port}\", routes: [{routes}] }}\n\
                 {config}"
            );
            Nats::start_version_with(version, &own)
        };
        let servers = held.into_iter().enumerate().map(start).collect();
        let cluster = Self { servers };
        cluster.wait_ready();
        cluster
    }

    /// Our own client, connected to the first server.
    pub(crate) fn wire(&self) -> Wire {
        self.servers[0].wire()
    }

    fn wait_ready(&self) {
        let wire = self.wire();
        let probe = json!({"name": "READY", "num_replicas": 3, "storage": "memory"});
        let ready = waiting::until(READY_LIMIT, Duration::from_millis(100), || {
            let limit = Duration::from_secs(2);
            let answer =
                wire.try_request("$JS.API.STREAM.CREATE.READY", probe.to_string(), limit).ok()?;
            let answer: Value = serde_json::from_slice(&answer).ok()?;
            answer["config"].is_object().then_some(())
        });
        ready.expect("the cluster finds a leader and takes streams in time");
        wire.api("STREAM.DELETE.READY", &Value::Null);
    }
}

fn held_port() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").expect("a port can be had")
}

fn port_of(listener: &TcpListener) -> u16 {
    listener.local_addr().expect("a bound address").port()
}
