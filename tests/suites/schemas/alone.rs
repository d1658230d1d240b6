//! What evctl finds and neither a schema nor an API server with our definitions does, with the
//! reason. Every row must be needed by some fixture.

use std::collections::BTreeSet;
use std::sync::Mutex;

use super::documents::Found;

/// A code, what the path must hold, and why it is evctl's alone.
type Row = (&'static str, &'static str, &'static str);

/// What a definition for an API server cannot say, though JSON Schema can: a type that holds itself
/// is left open, the keys of a mapping have no pattern.
const LEFT_OPEN: &[Row] = &[];

/// What no schema can say.
const ALONE: &[Row] = &[
    ("dangling-reference", "", "a schema sees one document"),
    ("wrong-kind", "", "a schema sees one document"),
    ("stream-name-collision", "", "a schema sees one document"),
    ("invalid-stream-name", "", "a rule of nats-server about a name that is put together"),
    ("forbidden-field", "channel.namespace", "the field is one of the shared reference type"),
    ("missing-field", "subscriber.ref", "one of two fields is enough, and group stands for it"),
    ("missing-field", "deadLetterSink", "a rule between fields: ref or uri"),
    ("invalid-value", "reply", "a rule between fields: ref and uri"),
    ("invalid-value", "subscriber", "a rule between fields: ref and uri"),
    ("invalid-value", "stream.config.discard", "a template is described by the kind it names"),
];

/// The rows that count, and which of them have been needed.
pub(crate) struct Alone {
    rows: Vec<&'static Row>,
    needed: Mutex<BTreeSet<usize>>,
}

impl Alone {
    /// What evctl finds and schemas do not.
    pub(crate) fn beside_schemas() -> Self {
        Self { rows: ALONE.iter().collect(), needed: Mutex::default() }
    }

    /// What evctl finds and an API server with the definitions does not.
    pub(crate) fn beside_definitions() -> Self {
        Self { rows: ALONE.iter().chain(LEFT_OPEN).collect(), needed: Mutex::default() }
    }

    /// Whether a finding may be evctl's alone.
    pub(crate) fn allows(&self, found: &Found) -> bool {
        let row = self
            .rows
            .iter()
            .position(|(code, part, _)| found.code == *code && found.path.contains(part));
        self.needed.lock().unwrap().extend(row);
        row.is_some()
    }

    /// Every row must have been needed.
    pub(crate) fn check(&self) {
        let needed = self.needed.lock().unwrap();
        let idle: Vec<_> =
            self.rows.iter().enumerate().filter(|(row, _)| !needed.contains(row)).collect();
        assert!(idle.is_empty(), "nothing needs {idle:#?}");
    }
}
