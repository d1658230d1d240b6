//! The schemas in an editor: yaml-language-server with the settings that `evctl schema --write`
//! writes, on a file with mistakes and half-written places.

use libtest_mimic::Trial;
use serde_json::{Value, json};

use super::files;
use crate::servers::language_server::LanguageServer;
use crate::servers::{Need, trial};
use crate::suites::binary::{Evctl, Folder};

pub(crate) fn trials() -> Vec<Trial> {
    let node = &[Need::Node];
    vec![
        trial("schemas::an_editor_marks_mistakes", node, an_editor_marks_mistakes),
        trial("schemas::an_editor_completes", node, an_editor_completes),
        trial("schemas::an_editor_explains", node, an_editor_explains),
    ]
}

/// An editor with the schemas; in the texts it is given, `‸` is where the cursor is.
struct Session {
    server: LanguageServer,
    /// Holds the schemas.
    _folder: Folder,
}

impl Session {
    /// An editor that has opened the folder, with what the written settings map to which files.
    fn new() -> Self {
        let folder = files::written();
        let text = std::fs::read_to_string(folder.file(".vscode/settings.json")).unwrap();
        let settings: Value = serde_json::from_str(&text).unwrap();
        // An editor takes the paths of settings from the folder that it has opened.
        let mapping: serde_json::Map<String, Value> = settings["yaml.schemas"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(schema, files)| (format!("file://{}/{schema}", folder.text()), files.clone()))
            .collect();
        let server = LanguageServer::start(json!({
            "schemas": mapping, "validate": true, "completion": true, "hover": true,
            "schemaStore": {"enable": false},
        }));
        Self { server, _folder: folder }
    }

    /// The messages about a file, each as `LINE: MESSAGE`, lines from 1.
    fn marks(&mut self, name: &str, text: &str) -> Vec<String> {
        let uri = Self::uri(name);
        let found = self.server.open(&uri, text);
        let mut said: Vec<(u64, String)> = found
            .iter()
            .map(|found| {
                let line = found["range"]["start"]["line"].as_u64().unwrap() + 1;
                (line, found["message"].as_str().unwrap().to_owned())
            })
            .collect();
        said.sort();
        said.iter().map(|(line, message)| format!("{line}: {message}")).collect()
    }

    /// What is offered where the cursor is.
    fn offers(&mut self, name: &str, text: &str) -> Vec<String> {
        let answer = self.at_cursor("textDocument/completion", name, text);
        let items = answer.get("items").unwrap_or(&answer).as_array().cloned().unwrap_or_default();
        items.iter().map(|item| item["label"].as_str().unwrap().to_owned()).collect()
    }

    /// What is said about the word under the cursor.
    fn explains(&mut self, name: &str, text: &str) -> String {
        let answer = self.at_cursor("textDocument/hover", name, text);
        answer["contents"]["value"].as_str().unwrap_or_default().to_owned()
    }

    fn at_cursor(&mut self, method: &str, name: &str, text: &str) -> Value {
        let (before, after) = text.split_once('‸').expect("a cursor");
        let line = before.matches('\n').count();
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count();
        let uri = Self::uri(name);
        self.server.open(&uri, &format!("{before}{after}"));
        self.server.ask(method, &uri, line, column)
    }

    /// Where the file seems to be: a language server passes over hidden folders, and folders of tests
    /// are hidden.
    fn uri(name: &str) -> String {
        format!("file:///project/{name}")
    }
}

const MISTAKES: &str = "\
apiVersion: messaging.knative.dev/v1
kind: Channel
metadata:
  name: orders
spec:
  delivery:
    retry: -1
    backofPolicy: linear
    backoffDelay: 200ms
---
apiVersion: example.com/v1
kind: Unknown
spec: {anything: goes}
---
apiVersion: messaging.knative.dev/v1
kind: Subscription
metadata:
  name: billing
spec:
  channel: {apiVersion: messaging.knative.dev/v1, kind: Channel, name: orders}
  subscriber: {uri: 17}
---
apiVersion: messaging.knative.dev/v1
kind: Subscription
metadata:
  name: empty
";

fn an_editor_marks_mistakes() {
    let mut session = Session::new();
    assert_eq!(
        session.marks("orders.yaml", MISTAKES),
        [
            "7: Value is below the minimum of 0.",
            "8: Property backofPolicy is not allowed.",
            "9: This is not a duration of ISO 8601, such as PT0.2S, PT30S or PT1H.",
            "21: Incorrect type. Expected \"string\".",
            "23: Missing property \"spec\".",
        ]
    );
    let clean = std::fs::read_to_string("examples/topologies/orders/subscriptions.yaml").unwrap();
    assert_eq!(session.marks("clean.yaml", &clean), Vec::<String>::new());
    assert_eq!(session.marks("evctl.yaml", "name: orders\n"), Vec::<String>::new());
    let project = session.marks("nested/evctl.yaml", "nam: orders\n");
    assert_eq!(project, ["1: Missing property \"name\".", "1: Property nam is not allowed."]);
}

fn an_editor_completes() {
    let mut session = Session::new();
    let subscription =
        "apiVersion: messaging.knative.dev/v1\nkind: Subscription\nmetadata:\n  name: a\n";
    let text = format!("{subscription}spec:\n  delivery:\n    ‸\n");
    let offers = session.offers("subscription.yaml", &text);
    for field in ["retry", "backoffPolicy", "backoffDelay", "deadLetterSink", "timeout"] {
        assert!(offers.contains(&field.to_owned()), "{field} is not among {offers:?}");
    }
    // In the second document of a file, and what is there already is not offered again.
    let channel =
        "---\napiVersion: messaging.knative.dev/v1\nkind: Channel\nmetadata:\n  name: b\n";
    let text = format!("{subscription}{channel}spec:\n  delivery:\n    retry: 3\n    ‸\n");
    let offers = session.offers("both.yaml", &text);
    assert!(offers.contains(&"timeout".to_owned()), "{offers:?}");
    assert!(!offers.contains(&"retry".to_owned()), "{offers:?}");
    let text = format!("{subscription}spec:\n  delivery:\n    backoffPolicy: ‸\n");
    assert_eq!(session.offers("policy.yaml", &text), ["linear", "exponential"]);
    let kinds = session.offers("kinds.yaml", "apiVersion: messaging.knative.dev/v1\nkind: ‸\n");
    for kind in ["Channel", "Subscription", "NatsJetStreamChannel"] {
        assert!(kinds.contains(&kind.to_owned()), "{kind} is not among {kinds:?}");
    }
}

fn an_editor_explains() {
    let mut session = Session::new();
    let head = "apiVersion: messaging.knative.dev/v1\nkind: Subscription\nmetadata:\n  name: a\n";
    let schema = Evctl::new(&["schema", "subscription.messaging.knative.dev"]).run().code(0).json();
    let described = |definition: &str, field: &str| {
        let field = &schema["definitions"][definition]["properties"][field];
        field["description"].as_str().unwrap().to_owned()
    };
    let said = session.explains("channel.yaml", &format!("{head}spec:\n  chan‸nel: {{}}\n"));
    let channel = described("SubscriptionSpec", "channel");
    assert!(said.contains(&channel), "{channel:?} is not in {said:?}");
    for (field, value, more) in [
        ("timeout", "PT1S", vec!["a duration of ISO 8601 above zero", "PT30S"]),
        ("backoffPolicy", "linear", vec!["`exponential`"]),
    ] {
        let (start, end) = field.split_at(3);
        let text = format!("{head}spec:\n  delivery:\n    {start}‸{end}: {value}\n");
        let said = session.explains(&format!("{field}.yaml"), &text);
        for part in more.into_iter().chain([described("DeliverySpec", field).as_str()]) {
            assert!(said.contains(part), "{part:?} is not in {said:?}");
        }
    }
}
