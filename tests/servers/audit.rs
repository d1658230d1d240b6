//! The API server's audit log: which requests were made, by whom, and how they were answered, so
//! that a test can say that nothing was written.
//!
//! Must not know how the server is started, but for the policy that it is given.

use std::fs;
use std::path::Path;

use serde_json::Value;

/// What the server records: every request once it is answered, except its own.
pub(crate) const POLICY: &str = r#"
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: None
  users: ["system:apiserver"]
- level: Metadata
"#;

/// A place in the log: what was recorded before it is not asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Marker(u64);

/// One answered request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Request {
    /// `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`, `deletecollection`.
    pub(crate) verb: String,
    pub(crate) uri: String,
    pub(crate) user: String,
    pub(crate) user_agent: String,
    /// Empty where the object has none, or where the request is about no object.
    pub(crate) namespace: String,
    pub(crate) code: u64,
}

impl Request {
    /// Whether it asked for a change. A dry run does not, though its verb says so.
    pub(crate) fn is_write(&self) -> bool {
        let looks = ["get", "list", "watch", "head", "options"];
        !looks.contains(&self.verb.as_str()) && !self.is_dry_run() && !self.is_question()
    }

    pub(crate) fn is_dry_run(&self) -> bool {
        self.uri.contains("dryRun=All")
    }

    /// A review is "created" to ask what one may do; nothing is stored.
    fn is_question(&self) -> bool {
        self.uri.starts_with("/apis/authorization.k8s.io/")
            || self.uri.starts_with("/apis/authentication.k8s.io/")
    }
}

/// The end of the log as it is now.
pub(crate) fn marker(log: &Path) -> Marker {
    // The server makes the file with the first request.
    Marker(fs::metadata(log).map_or(0, |file| file.len()))
}

/// The requests that were answered since `marker`, in the order of their answers.
pub(crate) fn requests(log: &Path, marker: Marker) -> Vec<Request> {
    let text = fs::read_to_string(log).unwrap_or_default();
    let begin = usize::try_from(marker.0).expect("a log fits into memory");
    let recent = text.get(begin..).unwrap_or_default();
    // The last line may be caught half written.
    let whole = recent.rfind('\n').map_or("", |end| &recent[..end]);
    whole.lines().filter_map(parse).collect()
}

/// One line of the log; nothing for a watch that goes on.
fn parse(line: &str) -> Option<Request> {
    let event: Value = serde_json::from_str(line).expect("the audit log is JSON lines");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let code = event["responseStatus"]["code"].as_u64().unwrap_or_default();
    // The server records a request of an unknown user (401) at an earlier stage, and only there.
    let answered = event["stage"] == "ResponseComplete" || code == 401;
    answered.then(|| Request {
        verb: text(&event["verb"]),
        uri: text(&event["requestURI"]),
        user: text(&event["user"]["username"]),
        user_agent: text(&event["userAgent"]),
        namespace: text(&event["objectRef"]["namespace"]),
        code,
    })
}
