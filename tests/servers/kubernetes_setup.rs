//! What an API server is started with: free ports, certificates, arguments; and the kubeconfigs that
//! its users get.
//!
//! Must not start anything.

use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::audit;
use super::certificates::{self, Authority, Identity};
use super::supervised::Scratch;

/// The addresses of one try.
pub(crate) struct Ports {
    pub(crate) store: u16,
    pub(crate) peers: u16,
    pub(crate) secure: u16,
}

/// Three ports that were free a moment ago, all different as they are held together.
pub(crate) fn free_ports() -> Ports {
    let listener = || TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
    let listeners = [listener(), listener(), listener()];
    let [store, peers, secure] = listeners.each_ref().map(|listener| {
        let address = listener.local_addr();
        address.expect("a listener has an address").port()
    });
    Ports { store, peers, secure }
}

pub(crate) fn etcd_arguments(scratch: &Scratch, ports: &Ports) -> Vec<String> {
    let folder = scratch.path().join("etcd");
    let clients = format!("http://127.0.0.1:{}", ports.store);
    let peers = format!("http://127.0.0.1:{}", ports.peers);
    vec![
        format!("--data-dir={}", folder.display()),
        format!("--listen-client-urls={clients}"),
        format!("--advertise-client-urls={clients}"),
        format!("--listen-peer-urls={peers}"),
        // Nothing here has to survive a power cut.
        "--unsafe-no-fsync".to_owned(),
        "--log-level=error".to_owned(),
    ]
}

pub(crate) fn api_server_arguments(scratch: &Scratch, ports: &Ports) -> Vec<String> {
    let file = |name: &str| scratch.path().join(name).display().to_string();
    vec![
        format!("--etcd-servers=http://127.0.0.1:{}", ports.store),
        format!("--secure-port={}", ports.secure),
        "--bind-address=127.0.0.1".to_owned(),
        format!("--cert-dir={}", file("")),
        format!("--tls-cert-file={}", file("server.crt")),
        format!("--tls-private-key-file={}", file("server.key")),
        format!("--client-ca-file={}", file("authority.crt")),
        "--service-cluster-ip-range=10.0.0.0/16".to_owned(),
        "--authorization-mode=RBAC".to_owned(),
        "--service-account-issuer=https://localhost".to_owned(),
        format!("--service-account-key-file={}", file("accounts.pub")),
        format!("--service-account-signing-key-file={}", file("accounts.key")),
        "--disable-admission-plugins=ServiceAccount".to_owned(),
        "--allow-privileged=true".to_owned(),
        format!("--audit-policy-file={}", file("audit-policy.yaml")),
        format!("--audit-log-path={}", file("audit.log")),
        // A request's record is on disk before its answer is complete.
        "--audit-log-mode=blocking".to_owned(),
        // No rotation: a marker counts the bytes of one file.
        "--audit-log-maxsize=0".to_owned(),
    ]
}

/// Writes what the arguments name.
pub(crate) fn write_certificates(scratch: &Scratch, authority: &Authority) {
    let server = authority.server(&["127.0.0.1", "localhost"]);
    let accounts = certificates::keys();
    scratch.write("authority.crt", authority.certificate());
    scratch.write("server.crt", server.certificate);
    scratch.write("server.key", server.key);
    scratch.write("accounts.key", accounts.private);
    scratch.write("accounts.pub", accounts.public);
    scratch.write("audit-policy.yaml", audit::POLICY);
}

/// Writes `name.kubeconfig` for a user with a client certificate.
pub(crate) fn write_kubeconfig(
    scratch: &Scratch,
    name: &str,
    server_url: &str,
    identity: &Identity,
) -> PathBuf {
    let certificate = scratch.write(&format!("{name}.crt"), &identity.certificate);
    let key = scratch.write(&format!("{name}.key"), &identity.key);
    let user = json!({ "client-certificate": certificate, "client-key": key });
    let text = kubeconfig_text(scratch.path(), server_url, &user);
    scratch.write(&format!("{name}.kubeconfig"), text)
}

/// A kubeconfig is YAML, of which JSON is a part.
pub(crate) fn kubeconfig_text(folder: &Path, server_url: &str, user: &Value) -> String {
    let name = "evctl-test";
    let authority = folder.join("authority.crt");
    let cluster = json!({ "server": server_url, "certificate-authority": authority });
    let config = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": name,
        "clusters": [{ "name": name, "cluster": cluster }],
        "users": [{ "name": name, "user": user }],
        "contexts": [{ "name": name, "context": { "cluster": name, "user": name } }],
    });
    format!("{config:#}\n")
}
