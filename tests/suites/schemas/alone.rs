//! What evctl finds alone: a list of the places that is written (`UPDATE_EXPECT=1`) and reviewed, and
//! for each code the reason why a schema does not find it.

use std::collections::BTreeSet;
use std::path::Path;

use super::documents::{Document, Found};

/// Codes of what no schema of one document can say, and why.
const REASONS: &[(&str, &str)] = &[
    ("dangling-reference", "it takes all documents to see"),
    ("wrong-kind", "it takes all documents to see"),
    ("stream-name-collision", "it takes all documents to see"),
    ("subscription-refused", "it takes all documents to see"),
    ("consumer-name-collision", "it takes all documents to see"),
    ("subjects-overlap", "it takes all documents to see"),
    ("copy-circle", "it takes all documents to see"),
    ("work-queue-shared", "it takes all documents to see"),
    ("refused-by-server", "it depends on the server's version, and values on each other"),
    ("invalid-stream-name", "the name is put together from others"),
    ("forbidden-field", "the type is shared with places that have the field"),
    ("missing-field", "one of several fields is enough, or one demands another"),
    ("invalid-value", "fields exclude each other, or a part is of the kind that it names"),
    ("invalid-cesql", "an expression has a grammar of its own"),
    ("cesql-function", "an expression has a grammar of its own"),
    ("cesql-not-boolean", "an expression has a grammar of its own"),
    ("invalid-condition", "an expression has a grammar of its own"),
    ("never-fires", "an expression has a grammar of its own"),
    ("several-dialects", "the schema leaves a filter's members open to completion"),
    ("filter-crashes", "each part alone is allowed"),
    ("feature-disabled", "it depends on the cluster's flags"),
    ("name-too-long", "the length is that of a label, which the name becomes"),
    ("crashes", "each part alone is allowed"),
    ("overwritten", "it compares parts of the document"),
    ("several-matches", "it takes all documents to see"),
    ("unworkable-setting", "servers admit it"),
    ("later-dialect", "the dialect has no schema"),
    ("unserved-version", "the version stands in a reference, or inside of a ConfigMap's text"),
    ("duplicate-key", "it stands inside of a ConfigMap's text"),
    ("unknown-field", "it stands in a template, or inside of a ConfigMap's text"),
    ("wrong-type", "it stands in a template, or inside of a ConfigMap's text"),
    ("yaml-syntax", "it stands inside of a ConfigMap's text"),
];

/// Codes that say that a document is in another dialect than the one that servers take, which
/// evctl reads all the same. The schema is that of the servers.
const DIALECTS: &[&str] = &["proposal-field", "proposed-dialect", "later-dialect"];

/// Whether evctl says that a document is in a dialect that the schema does not describe.
pub(crate) fn is_dialect(document: &Document) -> bool {
    document.findings.iter().any(|found| DIALECTS.contains(&found.code))
}

/// The places of one sort, as they are listed.
#[derive(Default)]
pub(crate) struct Places {
    lines: BTreeSet<String>,
    codes: BTreeSet<&'static str>,
}

impl Places {
    pub(crate) fn add(&mut self, document: &Document, found: &Found) {
        let mut path = String::new();
        let mut rest = found.path.as_str();
        // Which item of a list it is says nothing.
        while let Some((before, after)) = rest.split_once('[') {
            let (index, after) = after.split_once(']').unwrap_or((after, ""));
            let is_index = index.bytes().all(|byte| byte.is_ascii_digit());
            path += &if is_index { format!("{before}[]") } else { format!("{before}[{index}]") };
            rest = after;
        }
        path += rest;
        let (api_version, kind) = (document.text("apiVersion"), document.text("kind"));
        self.lines.insert(format!("{} {api_version} {kind} {path}", found.code));
        self.codes.insert(found.code);
    }

    /// Compares with the list `tests/schemas/NAME.txt`, whose comments stay.
    pub(crate) fn check(&self, name: &str) {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/schemas/{name}.txt"));
        let text = std::fs::read_to_string(&file).unwrap();
        let comments = text.lines().filter(|line| line.starts_with('#')).map(str::to_owned);
        let told: Vec<String> = comments.chain(self.lines.iter().cloned()).collect();
        let told = told.join("\n") + "\n";
        if std::env::var("UPDATE_EXPECT").is_ok() {
            std::fs::write(file, told).unwrap();
            return;
        }
        let diff = similar::TextDiff::from_lines(&text, &told);
        assert!(text == told, "{name}:\n{}", diff.unified_diff());
    }

    /// Every code has its reason, and every reason is needed.
    pub(crate) fn check_reasons(&self) {
        let reasons: BTreeSet<&str> = REASONS.iter().map(|(code, _)| *code).collect();
        let bare: Vec<_> = self.codes.difference(&reasons).collect();
        let idle: Vec<_> = reasons.difference(&self.codes).collect();
        assert!(bare.is_empty(), "say in alone.rs why no schema finds {bare:?}: {:#?}", self.lines);
        assert!(idle.is_empty(), "nothing needs the reasons of {idle:?}");
    }
}
