//! The fields of an object, in the form in which they came until somebody asks for more: a tree that was declared, or
//! one that a server answered. Nearly all that is declared is live as declared, which these two show by themselves.
//! Knows nothing of plans.

use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use smol_str::SmolStr;

use crate::model::yaml::Node;

use super::tree::Tree;

/// An object's fields in normal form. It is a `Value` to who looks into it, and made one then.
#[derive(Clone, Default)]
pub struct Body {
    /// What it is made from; `None` where it has been a value from the start, or was changed.
    source: Option<Source>,
    value: OnceLock<Value>,
}

#[derive(Clone)]
enum Source {
    /// A manifest that says nothing which the normal form leaves out, and the namespace that it is put into
    /// whatever it says; `Some(None)` for what belongs to the whole cluster.
    Declared(Arc<Node>, Option<Option<SmolStr>>),
    Live(Tree),
}

impl Source {
    fn value(&self) -> Value {
        match self {
            Self::Live(tree) => tree.to_value(),
            Self::Declared(root, place_in) => {
                let mut body = root.to_json();
                if let Some(namespace) = place_in {
                    place(&mut body, namespace.as_deref());
                }
                body
            }
        }
    }
}

/// Puts an object into a namespace, or into none.
fn place(body: &mut Value, namespace: Option<&str>) {
    if let Some(metadata) = body.get_mut("metadata").and_then(Value::as_object_mut) {
        match namespace {
            Some(namespace) => metadata.insert("namespace".into(), namespace.into()),
            None => metadata.remove("namespace"),
        };
    }
}

impl Body {
    pub fn declared(root: Arc<Node>) -> Self {
        Self { source: Some(Source::Declared(root, None)), value: OnceLock::new() }
    }

    /// The same object in a namespace, or in none.
    pub fn put_into(&mut self, namespace: Option<&str>) {
        match &mut self.source {
            Some(Source::Declared(_, place_in)) => {
                *place_in = Some(namespace.map(SmolStr::new));
                self.value = OnceLock::new();
            }
            _ => self.change(|body| place(body, namespace)),
        }
    }

    /// What it was declared as, where that is all there is to it.
    pub fn as_declared(&self) -> Option<&Node> {
        match &self.source {
            Some(Source::Declared(root, _)) => Some(root),
            _ => None,
        }
    }

    /// What a server answered, where that is all there is to it.
    pub fn as_live(&self) -> Option<&Tree> {
        match &self.source {
            Some(Source::Live(tree)) => Some(tree),
            _ => None,
        }
    }

    /// A text that stands at the top, such as `apiVersion`.
    pub fn text(&self, name: &str) -> Option<&str> {
        match &self.source {
            Some(Source::Declared(root, _)) => root.get(name).and_then(Node::text),
            Some(Source::Live(tree)) => tree.get(name).and_then(Tree::text),
            None => self.get(name).and_then(Value::as_str),
        }
    }

    /// A copy as a value, which makes none of the body.
    pub fn to_value(&self) -> Value {
        let made = self.value.get().cloned();
        made.unwrap_or_else(|| self.source.as_ref().map_or(Value::Null, Source::value))
    }

    pub fn into_value(self) -> Value {
        let made = self.value.into_inner();
        made.unwrap_or_else(|| self.source.as_ref().map_or(Value::Null, Source::value))
    }

    /// Changes it as a value, which it is from then on.
    pub fn change<T>(&mut self, with: impl FnOnce(&mut Value) -> T) -> T {
        let mut value = std::mem::take(self).into_value();
        let result = with(&mut value);
        *self = value.into();
        result
    }
}

impl Deref for Body {
    type Target = Value;

    fn deref(&self) -> &Value {
        self.value.get_or_init(|| self.source.as_ref().map_or(Value::Null, Source::value))
    }
}

impl From<Value> for Body {
    fn from(value: Value) -> Self {
        Self { source: None, value: OnceLock::from(value) }
    }
}

impl From<Tree> for Body {
    fn from(tree: Tree) -> Self {
        Self { source: Some(Source::Live(tree)), value: OnceLock::new() }
    }
}

impl PartialEq for Body {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl PartialEq<Value> for Body {
    fn eq(&self, other: &Value) -> bool {
        **self == *other
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(out)
    }
}

impl Serialize for Body {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (**self).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Body {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Value::deserialize(from).map(Self::from)
    }
}
