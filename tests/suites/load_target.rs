//! What must hold of loading whatever the bytes are: no panic,
//! YAML as the parser has it, every place within its text and
//! between characters, every path leading somewhere. Shared by the property tests and by the target
//! of cargo-fuzz (fuzz/fuzz_targets/load.rs), so it names nothing but the library.

use evctl::diag::{Code, Finding, Location, Sources};
use evctl::model::yaml::{self, Node, Value};
use evctl::model::{self, Assumed, Input, Manifest};
use evctl::topology::resolve;

/// Loads and resolves bytes, and checks all that was found.
///
/// # Panics
/// Where something does not hold: that is what the callers look for.
pub(crate) fn check(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        reading(text);
    }
    let input = Input::named("input.yaml", Ok(bytes.to_vec()));
    let loaded = model::load(vec![input], "default", &Assumed::default());
    let resolved = resolve(&loaded.manifests, &Assumed::default());
    let dangling = resolved.dangling.iter().map(|(_, finding)| finding);
    for finding in loaded.findings.iter().chain(&resolved.findings).chain(dangling) {
        assert!(!finding.message.is_empty() && !finding.help.is_empty(), "{finding:?}");
        let related = finding.related.iter().map(|label| label.at);
        for at in finding.at.into_iter().chain(related) {
            place(at, &loaded.sources, finding);
        }
        path(finding, &loaded.manifests);
    }
}

/// What is read without the parser is read as the parser does.
///
/// # Panics
/// Where it is not.
pub(crate) fn reading(text: &str) {
    let (documents, problems) = yaml::documents(text);
    if problems.is_empty() && !text.trim_start().starts_with('{') {
        assert_eq!((documents, problems), yaml::parsed(text), "{text}");
    }
}

fn place(at: Location, sources: &Sources, finding: &Finding) {
    let text = sources.text(at.file);
    assert!(text.get(at.span.start..at.span.end).is_some(), "{finding:?} is outside of its text");
    let start = sources.position(at.file, at.span.start);
    let end = sources.position(at.file, at.span.end);
    assert!(
        (start.line, start.column) <= (end.line, end.column),
        "{finding:?} ends before it begins"
    );
}

fn path(finding: &Finding, manifests: &[Manifest]) {
    let Some(object) = &finding.object else { return };
    // What only the proposal has is taken out of the tree; what is missing may lack its parents too.
    if matches!(finding.code, Code::ProposalField | Code::MissingField) {
        return;
    }
    // Two objects of one name and one file cannot be told apart by a finding.
    let mut said = manifests.iter().filter(|manifest| manifest.key.to_string() == *object);
    let leads = said.clone().any(|manifest| leads_somewhere(&manifest.root, &finding.path));
    assert!(leads || said.next().is_none(), "{finding:?} has a path to nowhere");
}

/// Whether a path names a value, or something that its parent lacks.
fn leads_somewhere(node: &Node, path: &str) -> bool {
    if path.is_empty() || is_one_step(path) {
        return true;
    }
    let rest = |step: &str| {
        path.strip_prefix(step).filter(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    };
    match &node.value {
        Value::Mapping(entries) => entries.iter().any(|entry| {
            let plain = rest(&entry.key).or_else(|| rest(&format!(".{}", entry.key)));
            let quoted = || rest(&format!("[{:?}]", entry.key));
            plain.or_else(quoted).is_some_and(|rest| leads_somewhere(&entry.value, rest))
        }),
        Value::Sequence(items) => items.iter().enumerate().any(|(at, item)| {
            rest(&format!("[{at}]")).is_some_and(|rest| leads_somewhere(item, rest))
        }),
        // A ConfigMap's value holds YAML of its own.
        Value::String(text) => text.contains(':'),
        _ => false,
    }
}

fn is_one_step(path: &str) -> bool {
    let name = path.strip_prefix('.').unwrap_or(path);
    !name.contains(['.', '[']) || (path.starts_with("[\"") && path.ends_with("\"]"))
}
