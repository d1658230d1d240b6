//! A real nats-server of a test's own: started in a folder of its own on a free port, gone with it.
//!
//! Must not know what is asked of the server; that is `nats_wire`.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::nats_wire::Wire;
use super::supervised::{Scratch, Supervised};
use super::{lookup, waiting};

/// How long a server may take until it listens.
const READY_LIMIT: Duration = Duration::from_secs(10);

/// The versions of nats-server whose rules evctl knows; the newest is the usual one.
pub(crate) const VERSIONS: &[&str] = &["", "2.14", "2.12", "2.11", "2.10"];

/// A running nats-server with `JetStream` (unless its configuration says otherwise).
pub(crate) struct Nats {
    /// The process: to be killed, paused, resumed.
    pub(crate) server: Supervised,
    program: PathBuf,
    address: String,
    scratch: Scratch,
}

impl Nats {
    /// A server without users, with `JetStream`.
    pub(crate) fn start() -> Self {
        Self::start_with("")
    }

    /// A server with `config` as its configuration file: users, accounts, limits. The address and
    /// the store's folder are the harness's; `JetStream` is on unless a line of `config` begins
    /// with `jetstream` and so decides itself (`jetstream: disabled`, `jetstream { … }`).
    pub(crate) fn start_with(config: &str) -> Self {
        Self::start_program(lookup::nats_server(), config)
    }

    /// A server of another version, such as `2.11`, with `JetStream`; empty for the usual one.
    pub(crate) fn start_version(version: &str) -> Self {
        Self::start_version_with(version, "")
    }

    /// As `start_version`, with a configuration as of `start_with`.
    pub(crate) fn start_version_with(version: &str, config: &str) -> Self {
        Self::start_program(lookup::nats_server_version(version), config)
    }

    /// As `start_version_with`; an `Err` says why the server did not become ready.
    pub(crate) fn try_start_version_with(version: &str, config: &str) -> Result<Self, String> {
        Self::try_start_program(lookup::nats_server_version(version), config)
    }

    fn start_program(program: Result<PathBuf, String>, config: &str) -> Self {
        Self::try_start_program(program, config).unwrap_or_else(|reason| panic!("{reason}"))
    }

    fn try_start_program(program: Result<PathBuf, String>, config: &str) -> Result<Self, String> {
        let program = program?;
        let scratch = Scratch::new();
        let decided = config.lines().any(|line| line.starts_with("jetstream"));
        let jetstream = if decided { "" } else { "jetstream: enabled\n" };
        scratch.write("server.conf", format!("{jetstream}{config}\n"));
        let mut server = launch(&program, &scratch, "-1");
        let address = wait_ready(&mut server, scratch.path())?;
        Ok(Self { server, program, address, scratch })
    }

    /// Ends the server, if it still runs, and starts another one at the same address with the same
    /// configuration and store.
    pub(crate) fn restart(&mut self) {
        self.stop();
        let (_, port) = self.address.rsplit_once(':').expect("host:port");
        self.server = launch(&self.program, &self.scratch, port);
        let ready = wait_ready(&mut self.server, self.scratch.path());
        self.address = ready.unwrap_or_else(|reason| panic!("{reason}"));
    }

    /// As `restart`, with a server of another version.
    pub(crate) fn restart_as(&mut self, version: &str) {
        let program = lookup::nats_server_version(version);
        self.program = program.unwrap_or_else(|reason| panic!("{reason}"));
        self.restart();
    }

    /// Ends the server by SIGKILL; its store stays for `restart`.
    pub(crate) fn stop(&mut self) {
        self.server.kill();
        for file in ports_files(self.scratch.path()) {
            fs::remove_file(file).expect("the ports file can be removed");
        }
    }

    /// `nats://127.0.0.1:PORT`.
    pub(crate) fn url(&self) -> String {
        format!("nats://{}", self.address)
    }

    /// Where leaf nodes connect, of a server whose configuration says that it listens to them.
    pub(crate) fn leafnodes(&self) -> String {
        // The ports file leaves them out; the log has them once the server is ready.
        let log = fs::read_to_string(self.scratch.path().join("server.log"));
        let log = log.expect("the server's log can be read");
        let said = "Listening for leafnode connections on ";
        let address = log.lines().find_map(|line| Some(line.split_once(said)?.1.to_owned()));
        format!("nats-leaf://{}", address.expect("it listens to leaf nodes").trim())
    }

    /// The URL with a user in it.
    pub(crate) fn url_with(&self, user: &str, password: &str) -> String {
        format!("nats://{user}:{password}@{}", self.address)
    }

    /// `127.0.0.1:PORT`.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// The folder of this server: its configuration, log and store.
    pub(crate) fn directory(&self) -> &Path {
        self.scratch.path()
    }

    /// Our own client, connected without a user.
    pub(crate) fn wire(&self) -> Wire {
        Wire::connect(&self.url())
    }
}

fn launch(program: &Path, scratch: &Scratch, port: &str) -> Supervised {
    let folder = scratch.path().display().to_string();
    let config = scratch.path().join("server.conf").display().to_string();
    let arguments =
        ["-c", &config, "-sd", &folder, "-a", "127.0.0.1", "-p", port, "--ports_file_dir", &folder]
            .map(str::to_owned);
    Supervised::start(scratch, program, &arguments, &[], "server.log")
}

/// The address that the server wrote into its ports file, which it does when it is ready.
fn wait_ready(server: &mut Supervised, folder: &Path) -> Result<String, String> {
    let pause = Duration::from_millis(5);
    let found = waiting::until(READY_LIMIT, pause, || {
        if server.ended().is_some() {
            return Some(None);
        }
        read_address(folder).map(Some)
    });
    found.flatten().ok_or_else(|| {
        format!("nats-server did not become ready; its log ends:\n{}", server.log_tail())
    })
}

fn read_address(folder: &Path) -> Option<String> {
    let file = ports_files(folder).pop()?;
    // The file may be caught half written; the next look sees the whole.
    let ports: serde_json::Value = serde_json::from_slice(&fs::read(file).ok()?).ok()?;
    let url = ports["nats"][0].as_str()?;
    Some(url.rsplit_once('/')?.1.to_owned())
}

fn ports_files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("the server's folder can be read");
    entries
        .map(|entry| entry.expect("an entry can be read").path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "ports"))
        .collect()
}
