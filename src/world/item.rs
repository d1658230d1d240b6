//! A Kubernetes object as the API server answers it, with its managed fields read aside: as maps of maps they would
//! take more room than all the rest. Knows no server, and nothing of what the fields mean.

use std::fmt;

use serde::de::{DeserializeSeed, Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::managed::Entry;

/// An object, and who manages which of its fields.
pub struct Item {
    /// All but `metadata.managedFields`.
    pub body: Value,
    pub managed: Vec<Entry>,
}

impl From<Value> for Item {
    fn from(mut body: Value) -> Self {
        let metadata = body.get_mut("metadata").and_then(Value::as_object_mut);
        let managed = metadata.and_then(|metadata| metadata.remove(MANAGED));
        // The API server writes no others; what is no entry would be nobody's.
        let managed = managed.as_ref().and_then(Value::as_array).into_iter().flatten();
        let managed = managed.filter_map(Entry::of).collect();
        Self { body, managed }
    }
}

const MANAGED: &str = "managedFields";

impl<'de> Deserialize<'de> for Item {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let mut managed = Vec::new();
        let body = from.deserialize_map(Fields { managed: &mut managed, is_metadata: false })?;
        Ok(Self { body: Value::Object(body), managed })
    }
}

/// The fields of an object, or of its metadata.
struct Fields<'a> {
    managed: &'a mut Vec<Entry>,
    is_metadata: bool,
}

impl<'de> Visitor<'de> for Fields<'_> {
    type Value = Map<String, Value>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut fields = Map::new();
        while let Some(name) = map.next_key::<String>()? {
            if self.is_metadata && name == MANAGED {
                *self.managed = map.next_value()?;
                continue;
            }
            let value = if !self.is_metadata && name == "metadata" {
                map.next_value_seed(Metadata(self.managed))?
            } else {
                map.next_value()?
            };
            fields.insert(name, value);
        }
        Ok(fields)
    }
}

struct Metadata<'a>(&'a mut Vec<Entry>);

impl<'de> DeserializeSeed<'de> for Metadata<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        from.deserialize_map(Fields { managed: self.0, is_metadata: true })
            .map(Value::Object)
            .map_err(|error| D::Error::custom(format!("metadata: {error}")))
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
            "kind": "Service", "spec": {"managedFields": [1]}, "status": {"metadata": {}},
            "metadata": {"name": "a", "managedFields": [
                {"manager": "evctl", "operation": "Apply", "fieldsType": "FieldsV1", "fieldsV1": {"f:spec": {}}},
                {"manager": "kubectl-client-side-apply", "operation": "Update", "fieldsV1": {"f:a": {}}},
                {"manager": "them", "operation": "Update", "subresource": "status"}
            ]}
        });
        let text = body.to_string();
        let (read, made): (Item, Item) =
            (serde_json::from_str(&text).unwrap(), body.clone().into());
        assert_eq!(read.body, made.body);
        assert_eq!(read.body["spec"], body["spec"]);
        assert_eq!(read.body["metadata"], json!({"name": "a"}));
        for item in [read, made] {
            assert_eq!(item.managed.len(), 3);
            let (claimed, inherited) = claims(item.managed);
            assert!(claimed.is_some_and(|fields| fields.get("f:spec").is_some()));
            assert!(inherited.is_some_and(|fields| fields.get("f:a").is_some()));
        }
        assert!(serde_json::from_str::<Item>("[]").is_err());
        assert!(serde_json::from_str::<Item>(r#"{"metadata": []}"#).is_err());
    }
}
