//! yaml-language-server, the one behind VS Code's YAML extension and most other editors, driven over
//! its protocol: JSON-RPC with `Content-Length` frames on its standard streams.
//!
//! Must not know what the schemas say.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use super::lookup;

/// How long any one answer may take; a first one takes about a second.
const LIMIT: Duration = Duration::from_mins(1);

/// A running language server. It ends when its standard input closes, however the test ends.
pub(crate) struct LanguageServer {
    child: Child,
    input: Option<ChildStdin>,
    messages: Receiver<Value>,
    settings: Value,
    diagnostics: BTreeMap<String, Vec<Value>>,
    requests: u64,
}

impl LanguageServer {
    /// Starts it with settings as an editor has them (the section `yaml`).
    pub(crate) fn start(settings: Value) -> Self {
        let programs = lookup::node().expect("the test has asked for Node.js");
        let program = programs.packages.join("yaml-language-server/bin/yaml-language-server");
        let mut child = Command::new(programs.node)
            .arg(program)
            .arg("--stdio")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("node can be started");
        let input = child.stdin.take();
        let output = child.stdout.take().expect("stdout is piped");
        let (sender, messages) = channel();
        thread::spawn(move || {
            let mut output = BufReader::new(output);
            while let Some(message) = receive(&mut output) {
                if sender.send(message).is_err() {
                    break;
                }
            }
        });
        let diagnostics = BTreeMap::new();
        let mut server = Self { child, input, messages, settings, diagnostics, requests: 0 };
        server.open_session();
        server
    }

    fn open_session(&mut self) {
        let capabilities = json!({"textDocument": {
            "hover": {"contentFormat": ["markdown"]},
            "completion": {"completionItem": {"snippetSupport": true, "documentationFormat": ["markdown"]}},
        }});
        let parameters = json!({
            "processId": std::process::id(), "rootUri": null, "capabilities": capabilities,
        });
        self.request("initialize", &parameters);
        self.notify("initialized", &json!({}));
        let settings = json!({"settings": {"yaml": self.settings}});
        self.notify("workspace/didChangeConfiguration", &settings);
    }

    /// Opens a file that need not exist, and waits until it has been looked at.
    pub(crate) fn open(&mut self, uri: &str, text: &str) -> Vec<Value> {
        let document = json!({"uri": uri, "languageId": "yaml", "version": 1, "text": text});
        self.diagnostics.remove(uri);
        self.notify("textDocument/didOpen", &json!({"textDocument": document}));
        while !self.diagnostics.contains_key(uri) {
            let message = self.next();
            self.take(&message);
        }
        self.diagnostics.get(uri).cloned().unwrap_or_default()
    }

    /// Asks about a place: line and column from 0.
    pub(crate) fn ask(&mut self, method: &str, uri: &str, line: usize, column: usize) -> Value {
        let place = json!({
            "textDocument": {"uri": uri}, "position": {"line": line, "character": column},
        });
        self.request(method, &place)
    }

    fn request(&mut self, method: &str, parameters: &Value) -> Value {
        self.requests += 1;
        let id = self.requests;
        self.send(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": parameters}));
        loop {
            let message = self.next();
            if message.get("method").is_none() && message["id"] == id {
                assert!(message.get("error").is_none(), "{method}: {message}");
                return message["result"].clone();
            }
            self.take(&message);
        }
    }

    fn notify(&mut self, method: &str, parameters: &Value) {
        self.send(&json!({"jsonrpc": "2.0", "method": method, "params": parameters}));
    }

    /// Deals with what the server says of its own accord.
    fn take(&mut self, message: &Value) {
        let parameters = &message["params"];
        match (message["method"].as_str(), message.get("id")) {
            (Some("textDocument/publishDiagnostics"), _) => {
                let uri = parameters["uri"].as_str().expect("diagnostics are of a file");
                let all = parameters["diagnostics"].as_array().cloned().unwrap_or_default();
                self.diagnostics.insert(uri.to_owned(), all);
            }
            (Some("workspace/configuration"), Some(id)) => {
                let sections = parameters["items"].as_array().expect("sections are asked for");
                let answer: Vec<&Value> = sections
                    .iter()
                    .map(
                        |item| {
                            if item["section"] == "yaml" { &self.settings } else { &Value::Null }
                        },
                    )
                    .collect();
                let answer = json!({"jsonrpc": "2.0", "id": id, "result": answer});
                self.send(&answer);
            }
            (Some(_), Some(id)) => {
                self.send(&json!({"jsonrpc": "2.0", "id": id, "result": null}));
            }
            _ => {}
        }
    }

    fn next(&self) -> Value {
        self.messages.recv_timeout(LIMIT).expect("the language server answers")
    }

    fn send(&mut self, message: &Value) {
        let text = message.to_string();
        let input = self.input.as_mut().expect("the pipe is open until drop");
        write!(input, "Content-Length: {}\r\n\r\n{text}", text.len())
            .and_then(|()| input.flush())
            .expect("the language server reads");
    }
}

impl Drop for LanguageServer {
    fn drop(&mut self) {
        self.input = None;
        // Nothing in it is worth an orderly end, and a panic in drop would hide the test's own.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The next message; nothing once the server has closed its output.
fn receive(output: &mut BufReader<ChildStdout>) -> Option<Value> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if output.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let line = line.trim();
        if line.is_empty() {
            break;
        }
        if let Some(text) = line.strip_prefix("Content-Length: ") {
            length = text.parse().ok()?;
        }
    }
    let mut bytes = vec![0; length];
    output.read_exact(&mut bytes).ok()?;
    serde_json::from_slice(&bytes).ok()
}
