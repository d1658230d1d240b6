//! Three real nats-servers that are one `JetStream` cluster.
//!
//! Must not know what is asked of the servers; that is `nats_wire`.

use std::net::TcpListener;
use std::time::Duration;

use serde_json::{Value, json};

use super::nats::Nats;
use super::nats_wire::Wire;
use super::waiting;

/// How long a cluster may take until it has a leader and takes streams with three copies: usually a
/// second, and a few on a busy machine.
const READY_LIMIT: Duration = Duration::from_secs(20);

/// How many clusters are started before it is a failure. On a busy machine about one of a hundred stays
/// as it is when its routes are made and broken off again at the start (each server dials each): a peer
/// is connected and yet unknown to the leader, which answers 10005 for good. And the port of a route must
/// be known before its server listens there, so another process can be given it in between.
const TRIES: usize = 4;

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
        let mut failures = Vec::new();
        for _ in 0..TRIES {
            match Self::try_start(version, config) {
                Ok(cluster) => return cluster,
                Err(reason) => failures.push(reason),
            }
        }
        panic!("no cluster took streams in time:\n{}", failures.join("\n\nthe next one:\n"));
    }

    fn try_start(version: &str, config: &str) -> Result<Self, String> {
        // One route for each pair, not a pool of them: less to be broken off. Each port is held until its own server starts, so that no other one is given it for its
        // clients.
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
                 cluster {{ name: {NAME}, listen: \"127.0.0.1:{port}\", routes: [{routes}], \
                 pool_size: -1 }}\n\
                 {config}"
            );
            Nats::try_start_version_with(version, &own)
        };
        let servers: Result<_, String> = held.into_iter().enumerate().map(start).collect();
        let mut cluster = Self { servers: servers? };
        cluster.wait_ready().map_err(|said| cluster.failure(&said))?;
        Ok(cluster)
    }

    /// Our own client, connected to the first server.
    pub(crate) fn wire(&self) -> Wire {
        self.servers[0].wire()
    }

    /// Waits until the cluster makes a stream; an `Err` is what it answered last.
    fn wait_ready(&self) -> Result<(), String> {
        let wire = self.wire();
        let mut said = "nothing was asked".to_owned();
        let mut asked = 0;
        let ready = waiting::until(READY_LIMIT, Duration::from_millis(100), || {
            // Another name each time: a stream whose first answer came too late is not answered
            // for again by every version.
            let name = format!("READY{asked}");
            asked += 1;
            match try_make(&wire, &name) {
                Ok(()) => Some(()),
                Err(reason) => {
                    said = format!("{name}: {reason}");
                    None
                }
            }
        });
        ready.ok_or(said)?;
        for number in 0..asked {
            // Those that were never made are unknown to it, which is as good.
            wire.api(&format!("STREAM.DELETE.READY{number}"), &Value::Null);
        }
        Ok(())
    }

    fn failure(&mut self, said: &str) -> String {
        let log = |(at, nats): (usize, &mut Nats)| {
            let ended = nats.server.ended();
            format!("n{at} (ended: {ended:?}) says at last:\n{}", nats.server.log_tail())
        };
        let logs: Vec<String> = self.servers.iter_mut().enumerate().map(log).collect();
        format!("the last answer: {said}\n{}", logs.join("\n"))
    }
}

/// Makes a stream with as many copies as there are servers.
fn try_make(wire: &Wire, name: &str) -> Result<(), String> {
    let config = json!({"name": name, "num_replicas": TAGS.len(), "storage": "memory"});
    let subject = format!("$JS.API.STREAM.CREATE.{name}");
    let answer = wire.try_request(&subject, config.to_string(), Duration::from_secs(5))?;
    let answer: Value = serde_json::from_slice(&answer).map_err(|reason| reason.to_string())?;
    if answer["config"].is_object() { Ok(()) } else { Err(answer.to_string()) }
}

fn held_port() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").expect("a port can be had")
}

fn port_of(listener: &TcpListener) -> u16 {
    listener.local_addr().expect("a bound address").port()
}
