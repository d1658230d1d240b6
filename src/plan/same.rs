//! Whether a live Kubernetes object is as declared, told from the two trees as they came. Nearly all are, and then
//! nothing else is made of them. It says yes where `fields::object_diff` finds nothing; where it is not sure it says
//! no, and that one looks.

use crate::model::yaml::{Node, Value};
use crate::world::body::Body;
use crate::world::field_set::FieldSet;
use crate::world::tree::{Fields, Tree};

/// Whether an object is as declared, where that is easily told. `claimed` is what evctl owns of the live one.
pub(super) fn is_surely_as_declared(want: &Body, have: &Body, claimed: Option<&FieldSet>) -> bool {
    let (Some(want), Some(have)) = (want.as_declared(), have.as_live()) else { return false };
    let (Some(entries), Some(fields)) = (said(want), have.fields()) else { return false };
    let mut entries = entries.map(|(name, value)| match name {
        // The key has told where it is, whatever the file says.
        "metadata" => is_metadata(value, fields.get(name), owned(claimed, name)),
        _ => fields.get(name).is_some_and(|live| is_same(value, live, owned(claimed, name))),
    });
    entries.all(|is_same| is_same) && none_dropped(want, fields, claimed)
}

fn is_metadata(want: &Node, have: Option<&Tree>, claimed: Option<&FieldSet>) -> bool {
    let (Some(entries), Some(fields)) = (said(want), have.and_then(Tree::fields)) else {
        return false;
    };
    if claimed.is_some_and(FieldSet::is_empty) {
        return false;
    }
    let mut entries = entries.filter(|(name, _)| *name != "namespace").map(|(name, value)| {
        fields.get(name).is_some_and(|live| is_same(value, live, owned(claimed, name)))
    });
    entries.all(|is_same| is_same) && none_dropped(want, fields, claimed)
}

/// What a mapping says; null says nothing.
fn said(node: &Node) -> Option<impl Iterator<Item = (&str, &Node)>> {
    let said = node.entries()?.iter().filter(|entry| entry.value.value != Value::Null);
    Some(said.map(|entry| (entry.key.as_str(), &entry.value)))
}

fn owned<'c>(claimed: Option<&'c FieldSet>, name: &str) -> Option<&'c FieldSet> {
    claimed.and_then(|claimed| claimed.field(name))
}

/// Whether all that is declared is live, and nothing that evctl owns is declared no longer.
fn is_same(want: &Node, have: &Tree, claimed: Option<&FieldSet>) -> bool {
    // Owned as one: nothing else may be in it.
    let is_whole = claimed.is_some_and(FieldSet::is_empty);
    match (&want.value, have) {
        (Value::Mapping(_), Tree::Fields(_)) if is_whole => is_equal(want, have),
        (Value::Mapping(_), Tree::Fields(fields)) => {
            let mut entries = said(want).into_iter().flatten();
            entries.all(|(name, value)| {
                fields.get(name).is_some_and(|live| is_same(value, live, owned(claimed, name)))
            }) && none_dropped(want, fields, claimed)
        }
        // Others may add to what nobody of ours owns; how lists are merged is told elsewhere.
        (Value::Sequence(want), Tree::List(have)) if claimed.is_none() => {
            let mut pairs = want.iter().zip(have);
            want.len() == have.len() && pairs.all(|(want, have)| is_same_item(want, have))
        }
        _ => is_equal(want, have),
    }
}

/// Whether an item is live as declared: a mapping may have more.
fn is_same_item(want: &Node, have: &Tree) -> bool {
    match have {
        Tree::Fields(_) => is_same(want, have, None),
        _ => is_equal(want, have),
    }
}

/// Whether nothing is owned and live that the mapping does not say.
fn none_dropped(want: &Node, have: &Fields, claimed: Option<&FieldSet>) -> bool {
    let says = |name: &str| want.get(name).is_some_and(|value| value.value != Value::Null);
    claimed.into_iter().flat_map(FieldSet::iter).all(|(entry, _)| {
        let field = entry.strip_prefix("f:");
        field.is_none_or(|field| says(field) || have.get(field).is_none())
    })
}

/// Whether both are the same value, but for what is null in the file.
fn is_equal(want: &Node, have: &Tree) -> bool {
    match (&want.value, have) {
        (Value::Null, Tree::Null) => true,
        (Value::Bool(want), Tree::Bool(have)) => want == have,
        (Value::Number(want), Tree::Number(have)) => want == have,
        (Value::String(want), Tree::Text(have)) => want == have,
        (Value::Sequence(want), Tree::List(have)) => {
            let mut pairs = want.iter().zip(have);
            want.len() == have.len() && pairs.all(|(want, have)| is_equal(want, have))
        }
        (Value::Mapping(_), Tree::Fields(fields)) => {
            let mut count = 0;
            let mut entries = said(want).into_iter().flatten().inspect(|_| count += 1);
            entries.all(|(name, value)| fields.get(name).is_some_and(|live| is_equal(value, live)))
                && count == fields.len()
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;
    use proptest::test_runner::{Config, TestRunner};
    use serde_json::{Map, Value as Json, json};

    use super::*;
    use crate::model::yaml::documents;
    use crate::plan::fields::object_diff;

    fn declared(value: &Json) -> Body {
        let root = documents(&value.to_string()).0.remove(0).root.unwrap();
        Body::declared(Arc::new(root))
    }

    fn is_surely(want: &Json, have: &Json, claimed: Option<&Json>) -> bool {
        let claimed = claimed.map(FieldSet::of);
        let (want, have) = (declared(want), Body::from(Tree::of(have)));
        let is_surely = is_surely_as_declared(&want, &have, claimed.as_ref());
        let diff = object_diff(&want, &have, claimed.as_ref());
        assert!(!is_surely || diff.is_empty(), "{want:?} {have:?} {claimed:?}: {diff:?}");
        is_surely
    }

    #[track_caller]
    fn check(want: &Json, have: &Json, claimed: Option<&Json>, expected: bool) {
        let of = |spec: &Json| json!({"metadata": {"name": "a"}, "spec": spec});
        let claimed = claimed.map(|claimed| json!({"f:spec": claimed}));
        assert_eq!(is_surely(&of(want), &of(have), claimed.as_ref()), expected);
    }

    #[test]
    fn it_is_sure_of_what_is_plain() {
        let (a, b) = (json!({"a": {"b": [1, {"c": "x"}]}}), json!({"a": {"b": 1}}));
        check(&a, &a, None, true);
        check(&a, &b, None, false);
        // What others or the server have added is theirs.
        let more = json!({"a": {"b": [1, {"c": "x", "d": true}], "e": null}, "f": 1});
        check(&a, &more, None, true);
        check(&a, &more, Some(&json!({"f:a": {"f:b": {}}})), false);
        check(&a, &a, Some(&json!({"f:a": {"f:b": {}}})), true);
        // What evctl owns and nobody declares is to go, where it is there.
        check(&b, &json!({"a": {"b": 1, "c": 2}}), Some(&json!({"f:a": {"f:c": {}}})), false);
        check(&b, &b, Some(&json!({"f:a": {"f:b": {}, "f:c": {}}})), true);
        check(&json!({"a": {"c": null, "b": 1}}), &b, Some(&json!({"f:a": {}})), true);
    }

    #[test]
    fn where_it_is_does_not_count() {
        let of = |namespace: &str| json!({"metadata": {"name": "a", "namespace": namespace}});
        let (mut want, have) = (declared(&of("x")), Body::from(Tree::of(&of("y"))));
        want.put_into(Some("y"));
        assert!(
            is_surely_as_declared(&want, &have, None) && object_diff(&want, &have, None).is_empty()
        );
        assert!(!is_surely(&json!({"metadata": {"name": "a"}}), &json!({"metadata": {}}), None));
        assert!(!is_surely(&json!({"spec": {}}), &json!({}), None));
    }

    fn values() -> impl Strategy<Value = Json> {
        let leaf = prop_oneof![
            Just(json!(null)),
            any::<bool>().prop_map(Json::from),
            (0..3).prop_map(Json::from),
            "[xy]".prop_map(Json::from),
        ];
        leaf.prop_recursive(4, 20, 3, |inner| {
            let fields = proptest::collection::btree_map("[abc]", inner.clone(), 0..4);
            let fields = fields.prop_map(|all| Json::Object(all.into_iter().collect()));
            prop_oneof![fields, proptest::collection::vec(inner, 0..3).prop_map(Json::from)]
        })
    }

    /// Some change somewhere in a value, or none.
    fn changed(value: &Json, at: u8, by: &Json) -> Json {
        match value {
            Json::Object(fields) if at >= 2 && !fields.is_empty() => {
                let nth = usize::from(at) % fields.len();
                let change = |(number, (name, value)): (usize, (&String, &Json))| {
                    let value =
                        if number == nth { changed(value, at / 2, by) } else { value.clone() };
                    (name.clone(), value)
                };
                fields.iter().enumerate().map(change).collect::<Map<String, Json>>().into()
            }
            Json::Object(fields) if at == 1 => {
                let added = [("b".to_owned(), by.clone())];
                fields.clone().into_iter().chain(added).collect::<Map<String, Json>>().into()
            }
            value if at == 0 => value.clone(),
            _ => by.clone(),
        }
    }

    /// What somebody owns of a value: parts of it, all of it, or more.
    fn owned_of(value: &Json, mut bits: u32) -> Json {
        let mut set = Map::new();
        for name in ["a", "b", "c", "metadata", "spec"] {
            let below = value.get(name).map(|value| owned_of(value, bits / 3)).unwrap_or(json!({}));
            if bits & 1 == 1 && (value.is_object() || bits & 2 == 2) {
                set.insert(format!("f:{name}"), below);
            }
            bits = bits.rotate_right(3);
        }
        let items = value.as_array().map_or(&[][..], Vec::as_slice);
        let key =
            |item: &Json| item.get("a").filter(|key| !key.is_object() && !key.is_array()).cloned();
        let keys: Vec<Json> = items.iter().filter_map(key).collect();
        let are_keyed = keys.len() == items.len()
            && keys.iter().enumerate().all(|(at, key)| !keys[..at].contains(key));
        for (at, item) in items.iter().enumerate().filter(|(at, _)| bits >> at & 1 == 1) {
            if are_keyed {
                set.insert(format!("k:{}", json!({"a": keys[at]})), owned_of(item, bits / 3));
            } else if !item.is_object() {
                set.insert(format!("v:{item}"), json!({}));
            }
        }
        set.into()
    }

    #[test]
    fn what_it_is_sure_of_has_no_difference() {
        let draw = (values(), values(), any::<u8>(), values(), prop::option::of(any::<u32>()));
        let (mut sure, mut unsure) = (0, 0);
        let mut runner = TestRunner::new(Config { cases: 4_000, ..Config::default() });
        let count = std::cell::RefCell::new((&mut sure, &mut unsure));
        let result = runner.run(&draw, |(metadata, spec, at, by, bits)| {
            let metadata = if metadata.is_object() { metadata } else { json!({"a": metadata}) };
            let want = json!({"metadata": metadata, "spec": spec});
            let have = changed(&want, at % 16, &by);
            let claimed = bits.map(|bits| owned_of(&have, bits));
            let mut count = count.borrow_mut();
            match is_surely(&want, &have, claimed.as_ref()) {
                true => *count.0 += 1,
                false => *count.1 += 1,
            }
            Ok(())
        });
        result.unwrap();
        assert!(sure > 400 && unsure > 400, "{sure} sure, {unsure} not");
    }
}
