//! Lists of objects, expanded as kubectl expands them: whatever has `items`, of any kind, to any depth.

use crate::diag::{Code, Finding, Span};

use super::decode::Place;
use super::path::Path;
use super::yaml::{Entry, Node, Value};

/// Whether a document holds others: one with `items` is nothing else to kubectl, whatever its kind.
pub fn is_list(root: &Node) -> bool {
    let has = |key: &str| root.get(key).is_some();
    let is_bare = root.get("kind").and_then(Node::text) == Some("List");
    has("kind") && (is_bare || has("items"))
}

/// The items of a list, and what is wrong with those that are no objects.
pub fn items(place: Place<'_>) -> (Vec<Node>, Vec<Finding>) {
    let path = Path::of("items");
    let kind = |what: &str, help: &str, code: Code| {
        (Vec::new(), vec![place.finding(code, &path, what, help)])
    };
    match place.root.get("items").map(|items| &items.value) {
        None | Some(Value::Null) => {
            let (items, findings) = kind(
                "`items` is missing",
                "add it; `items: []` is a list of nothing",
                Code::MissingField,
            );
            let at = place.value(&Path::of("kind"));
            (items, findings.into_iter().map(|finding| finding.at(at)).collect())
        }
        Some(Value::Sequence(items)) => objects(place, items),
        Some(_) => {
            kind("`items` is not a list", "write one object after each `- `", Code::WrongType)
        }
    }
}

fn objects(place: Place<'_>, items: &[Node]) -> (Vec<Node>, Vec<Finding>) {
    let mut objects = Vec::new();
    let mut findings = Vec::new();
    for (index, item) in items.iter().enumerate() {
        if matches!(item.value, Value::Mapping(_)) {
            objects.push(headed(place.root, item));
            continue;
        }
        let path = Path::of("items").index(index);
        let message = format!("`{path}` is not an object");
        let help = "write an object with apiVersion, kind and metadata, or take the item away";
        findings.push(place.finding(Code::WrongType, &path, message, help));
    }
    (objects, findings)
}

/// An item that says neither apiVersion nor kind has those of a typed list: a `SubscriptionList`
/// holds Subscriptions.
fn headed(list: &Node, item: &Node) -> Node {
    let mut item = item.clone();
    let bare = item.get("apiVersion").is_none() && item.get("kind").is_none();
    let (Some(version), Some(kind)) = (list.entry("apiVersion"), list.entry("kind")) else {
        return item;
    };
    let single = kind.value.text().and_then(|kind| kind.strip_suffix("List")).unwrap_or_default();
    if let Value::Mapping(entries) = &mut item.value
        && bare
        && !single.is_empty()
    {
        let value = Node { value: Value::String(single.into()), span: kind.value.span };
        let key_span: Span = kind.key_span;
        let kind = Entry { key: "kind".into(), key_span, value };
        let own = std::mem::take(entries).into_iter();
        *entries = own.chain([kind, version.clone()]).collect();
    }
    item
}
