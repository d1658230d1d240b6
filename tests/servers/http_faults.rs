//! An HTTP server in front of an API server that answers some requests itself, as a server in trouble
//! would, and passes all others on. `kubectl proxy` stands behind it, so that nothing here knows TLS.
//!
//! Must not know evctl, nor what the requests mean.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpStream};
use std::path::PathBuf;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use super::stubborn::{self, Stubborn};
use super::supervised::{Scratch, Supervised};
use super::waiting;

/// How long `kubectl proxy` may take until it listens.
const LIMIT: Duration = Duration::from_secs(20);

/// An answer that the API server has not given.
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Further header lines, each with its line end.
    pub(crate) headers: &'static str,
    pub(crate) body: String,
}

/// What becomes of a request.
pub(crate) enum Fault {
    /// It is answered here.
    Answer(Answer),
    /// The API server has done it, and so many bytes of its answer come through.
    Torn(usize),
    /// The API server has done it, which is told here, and nothing of its answer comes through.
    Lost(mpsc::Sender<()>),
    /// The API server never sees it, and the connection ends.
    Cut,
}

/// The server. It ends when it is dropped.
pub(crate) struct Faults {
    listener: Stubborn,
    /// Its kubeconfig; the user is an administrator.
    pub(crate) kubeconfig: PathBuf,
    _proxy: Supervised,
    _scratch: Scratch,
}

impl Faults {
    /// Does what `fault` says, by method and path with query, where it says anything.
    pub(crate) fn start(
        kubectl: &std::path::Path,
        kubeconfig: &std::path::Path,
        fault: impl Fn(&str, &str) -> Option<Fault> + Send + Sync + 'static,
    ) -> Self {
        let scratch = Scratch::new();
        let behind = stubborn::closed().port();
        let arguments = [
            "proxy".to_owned(),
            format!("--port={behind}"),
            format!("--kubeconfig={}", kubeconfig.display()),
        ];
        let proxy = Supervised::start(&scratch, kubectl, &arguments, &[], "proxy.log");
        let connect = || TcpStream::connect((Ipv4Addr::LOCALHOST, behind)).ok();
        waiting::until(LIMIT, Duration::from_millis(20), connect).expect("kubectl proxy listens");
        let fault = std::sync::Arc::new(fault);
        let listener = stubborn::listen(move |client, _| {
            let fault = std::sync::Arc::clone(&fault);
            thread::spawn(move || {
                // A client that goes away has had what it wanted.
                let _ = serve(&client, behind, fault.as_ref());
                let _ = client.shutdown(Shutdown::Both);
            });
        });
        let url = format!("http://{}", listener.address());
        let text = serde_json::json!({
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "faults",
            "clusters": [{"name": "faults", "cluster": {"server": url}}],
            "users": [{"name": "faults", "user": {}}],
            "contexts": [{"name": "faults", "context": {"cluster": "faults", "user": "faults"}}],
        });
        let kubeconfig = scratch.write("faults.kubeconfig", text.to_string());
        Self { listener, kubeconfig, _proxy: proxy, _scratch: scratch }
    }

    /// How many requests have come, as each has a connection of its own.
    pub(crate) fn requests(&self) -> usize {
        self.listener.accepted()
    }
}

/// One request, one answer, one connection.
fn serve(
    client: &TcpStream,
    behind: u16,
    fault: &(dyn Fn(&str, &str) -> Option<Fault> + Send + Sync),
) -> std::io::Result<()> {
    let mut reader = BufReader::new(client);
    let mut head = String::new();
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 || line == "\r\n" {
            break;
        }
        let lower = line.to_ascii_lowercase();
        if let Some(value) = lower.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or_default();
        }
        if !lower.starts_with("connection:") {
            head += &line;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let mut words = head.split_whitespace();
    let (method, uri) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let mut client = client;
    let (keeps, done) = match fault(method, uri) {
        None => (u64::MAX, None),
        Some(Fault::Torn(bytes)) => (bytes as u64, None),
        Some(Fault::Lost(done)) => (0, Some(done)),
        Some(Fault::Cut) => return Ok(()),
        Some(Fault::Answer(Answer { status, headers, body })) => {
            return write!(
                client,
                "HTTP/1.1 {status} Fault\r\nConnection: close\r\nContent-Length: {}\r\n{headers}\r\n{body}",
                body.len()
            );
        }
    };
    let mut server = TcpStream::connect((Ipv4Addr::LOCALHOST, behind))?;
    write!(server, "{head}Connection: close\r\n\r\n")?;
    server.write_all(&body)?;
    std::io::copy(&mut (&mut server).take(keeps), &mut client)?;
    // What does not come through is waited for all the same: it has been done.
    std::io::copy(&mut server, &mut std::io::sink())?;
    // Who has stopped listening has ended the test.
    done.map_or(Ok(()), |done| done.send(()).map_err(std::io::Error::other))
}
