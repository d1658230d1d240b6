//! A Kubernetes object as the API server answers it, read apart: what can be declared, and what only the server writes.
//! Knows no server, and nothing of what the fields mean.

use std::fmt;

use serde::de::{DeserializeSeed, Error, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use smol_str::SmolStr;

use super::managed::Entry;
use super::normal::SERVER_METADATA;
use super::tree::{Fields, Tree};

/// An object, and what the server says of it.
#[derive(Default)]
pub struct Item {
    /// Without its status and without metadata that only the server writes.
    pub body: Tree,
    pub uid: Option<String>,
    /// Whether it is on its way out.
    pub deleting: bool,
    pub generation: Option<i64>,
    /// Null where there is none.
    pub status: Value,
    /// Who manages which of its fields.
    pub managed: Vec<Entry>,
}

impl Item {
    /// Says what it is, which items of a list do not say.
    #[must_use]
    pub fn of_kind(mut self, api_version: &str, kind: &str) -> Self {
        if let Some(fields) = self.body.fields_mut() {
            fields.insert("apiVersion", Tree::Text(api_version.into()));
            fields.insert("kind", Tree::Text(kind.into()));
        }
        self
    }

    /// A text of its metadata.
    pub fn metadata(&self, name: &str) -> Option<&str> {
        self.body.get("metadata")?.get(name)?.text()
    }
}

impl From<Value> for Item {
    fn from(mut body: Value) -> Self {
        let metadata = body.get_mut("metadata").and_then(Value::as_object_mut);
        let managed = metadata.and_then(|metadata| metadata.remove(MANAGED));
        // The API server writes no others; what is no entry would be nobody's.
        let managed = managed.as_ref().and_then(Value::as_array).into_iter().flatten();
        let managed = managed.filter_map(Entry::of).collect();
        let read = Self::deserialize(&body);
        let read = read.unwrap_or_else(|_| Self { body: Tree::of(&body), ..Self::default() });
        Self { managed, ..read }
    }
}

const MANAGED: &str = "managedFields";

impl<'de> Deserialize<'de> for Item {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(Object)
    }
}

struct Object;

impl<'de> Visitor<'de> for Object {
    type Value = Item;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Item, A::Error> {
        let (mut item, mut fields) = (Item::default(), Vec::new());
        while let Some(name) = map.next_key::<SmolStr>()? {
            let value = match name.as_str() {
                "status" => {
                    item.status = map.next_value()?;
                    continue;
                }
                "metadata" => Tree::Fields(map.next_value_seed(Metadata(&mut item))?),
                _ => map.next_value()?,
            };
            fields.push((name, value));
        }
        item.body = Tree::Fields(Fields::sorted(fields));
        Ok(item)
    }
}

/// An object's metadata; what the server alone writes goes to the item.
struct Metadata<'a>(&'a mut Item);

impl<'de> DeserializeSeed<'de> for Metadata<'_> {
    type Value = Fields;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Fields, D::Error> {
        let read = from.deserialize_map(self);
        read.map_err(|error| D::Error::custom(format!("metadata: {error}")))
    }
}

impl<'de> Visitor<'de> for Metadata<'_> {
    type Value = Fields;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
        let (item, mut fields) = (self.0, Vec::new());
        while let Some(name) = map.next_key::<SmolStr>()? {
            match name.as_str() {
                "uid" => item.uid = map.next_value::<Tree>()?.text().map(str::to_owned),
                "deletionTimestamp" => {
                    let _: IgnoredAny = map.next_value()?;
                    item.deleting = true;
                }
                "generation" => item.generation = map.next_value::<Value>()?.as_i64(),
                MANAGED => item.managed = map.next_value()?,
                other if SERVER_METADATA.contains(&other) => {
                    let _: IgnoredAny = map.next_value()?;
                }
                _ => fields.push((name, map.next_value()?)),
            }
        }
        Ok(Fields::sorted(fields))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::world::managed::claims;

    #[test]
    fn it_is_the_same_by_either_way() {
        let body = json!({
            "kind": "Service", "spec": {"managedFields": [1], "status": 1}, "status": {"metadata": {}},
            "metadata": {"name": "a", "uid": "u", "generation": 3, "resourceVersion": "7", "managedFields": [
                {"manager": "evctl", "operation": "Apply", "fieldsType": "FieldsV1", "fieldsV1": {"f:spec": {}}},
                {"manager": "kubectl-client-side-apply", "operation": "Update", "fieldsV1": {"f:a": {}}},
                {"manager": "them", "operation": "Update", "subresource": "status"}
            ]}
        });
        let text = body.to_string();
        let (read, made): (Item, Item) =
            (serde_json::from_str(&text).unwrap(), body.clone().into());
        assert_eq!(read.body, made.body);
        let own = json!({"kind": "Service", "spec": body["spec"], "metadata": {"name": "a"}});
        assert_eq!(read.body.to_value(), own);
        for item in [read, made] {
            assert_eq!((item.uid.as_deref(), item.generation), (Some("u"), Some(3)));
            assert_eq!((item.deleting, &item.status), (false, &body["status"]));
            assert_eq!(item.managed.len(), 3);
            let (claimed, inherited) = claims(item.managed);
            assert!(claimed.is_some_and(|fields| fields.get("f:spec").is_some()));
            assert!(inherited.is_some_and(|fields| fields.get("f:a").is_some()));
        }
        assert!(serde_json::from_str::<Item>("[]").is_err());
        assert!(serde_json::from_str::<Item>(r#"{"metadata": []}"#).is_err());
    }

    #[test]
    fn what_is_odd_is_kept() {
        let entries = json!([1, {"manager": 1}, {"manager": "evctl", "operation": "Apply"}]);
        let odd = json!({"metadata": {"uid": 1, "generation": "x", "managedFields": entries}});
        let item = Item::from(odd);
        assert_eq!((item.uid, item.generation, item.managed.len()), (None, None, 1));
        assert_eq!(Item::from(json!({"metadata": [1]})).body.to_value(), json!({"metadata": [1]}));
        assert_eq!(Item::from(json!("a")).body.to_value(), json!("a"));
    }
}
