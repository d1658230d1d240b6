//! ajv, a validator of JSON Schemas that shares no code with evctl's own, run once for many documents.
//!
//! Must not know what the documents are.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::lookup;

/// One way in which a document falls short.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
pub(crate) struct Fault {
    /// The JSON pointer of the value.
    pub(crate) path: String,
    pub(crate) keyword: String,
    /// The property that is missing, or that may not be.
    pub(crate) property: Option<String>,
}

/// The faults of each document, given with the `$id` of the schema that it is to be checked by.
pub(crate) fn faults(schemas: &[Value], documents: &[(String, Value)]) -> Vec<Vec<Fault>> {
    let programs = lookup::node().expect("the test has asked for Node.js");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("testenv/node/validate.mjs");
    let mut child = Command::new(programs.node)
        .arg(script)
        .arg(programs.packages)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("node can be started");
    let documents: Vec<Value> =
        documents.iter().map(|(schema, value)| json!({"schema": schema, "value": value})).collect();
    let request = json!({"schemas": schemas, "documents": documents}).to_string();
    let mut input = child.stdin.take().expect("stdin is piped");
    // An error means that node ended early, which its own message explains.
    let _ = input.write_all(request.as_bytes());
    drop(input);
    let output = child.wait_with_output().expect("node ends");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "ajv: {said}");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("ajv: {error}\n{said}"))
}
