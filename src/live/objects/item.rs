//! An item of a LIST, decoded. More than half of it is `managedFields`, of which evctl keeps what its own manager and
//! client-side apply own: the rest is passed over unread. Must not know what the object is wanted for.

use std::borrow::Cow;
use std::fmt;

use kube::api::ApiResource;
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::world::managed::{Entry, Owned};

/// The object without its managed fields, and what is kept of these.
pub(super) struct Item {
    pub(super) body: Value,
    pub(super) owned: Owned,
}

impl Item {
    /// Decodes an item of a list, which does not say of what kind it is.
    pub(super) fn of(text: &RawValue, resource: &ApiResource) -> Result<Self, serde_json::Error> {
        let mut owned = Owned::default();
        let mut deserializer = serde_json::Deserializer::from_str(text.get());
        let mut fields = Fields { owned: &mut owned, depth: 0 }.deserialize(&mut deserializer)?;
        fields.insert("apiVersion".to_owned(), resource.api_version.clone().into());
        fields.insert("kind".to_owned(), resource.kind.clone().into());
        Ok(Self { body: Value::Object(fields), owned })
    }
}

/// The fields of an object, or of its metadata.
struct Fields<'o> {
    owned: &'o mut Owned,
    depth: usize,
}

impl<'de> DeserializeSeed<'de> for Fields<'_> {
    type Value = Map<String, Value>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Fields<'_> {
    type Value = Map<String, Value>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut fields = Map::new();
        while let Some(name) = map.next_key::<Cow<'_, str>>()? {
            match (self.depth, name.as_ref()) {
                (0, "metadata") => {
                    let metadata = Fields { owned: &mut *self.owned, depth: 1 };
                    fields.insert(name.into_owned(), Value::Object(map.next_value_seed(metadata)?));
                }
                (1, "managedFields") => {
                    let entries: Vec<Entry<'de>> = map.next_value::<Entries<'de>>()?.0;
                    *self.owned = Owned::of(&entries).map_err(serde::de::Error::custom)?;
                }
                _ => drop(fields.insert(name.into_owned(), map.next_value()?)),
            }
        }
        Ok(fields)
    }
}

#[derive(Deserialize)]
#[serde(transparent)]
struct Entries<'a>(#[serde(borrow)] Vec<Entry<'a>>);

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::world::normal;

    /// Decoded in either way an object is the same.
    #[track_caller]
    fn check(metadata: &Value) {
        let resource = ApiResource {
            group: String::new(),
            version: "v1".to_owned(),
            api_version: "v1".to_owned(),
            kind: "ConfigMap".to_owned(),
            plural: "configmaps".to_owned(),
        };
        let item = json!({"metadata": metadata, "data": {"a": "x", "managedFields": "y"}});
        let text = RawValue::from_string(item.to_string()).unwrap();
        let mut whole = item;
        whole["apiVersion"] = json!("v1");
        whole["kind"] = json!("ConfigMap");
        let Item { body, owned } = Item::of(&text, &resource).unwrap();
        assert_eq!(normal::live_with(body, owned, "salt"), normal::live(whole, "salt"));
    }

    #[test]
    fn an_item_is_what_its_whole_text_says() {
        check(&json!({"name": "a"}));
        check(&json!({"name": "a", "managedFields": []}));
        let entry = |manager: &str, operation: &str, fields: Value| {
            json!({"manager": manager, "operation": operation, "apiVersion": "v1", "time": "2026-01-01T00:00:00Z",
                "fieldsType": "FieldsV1", "fieldsV1": fields})
        };
        let ours = entry("evctl", "Apply", json!({"f:data": {"f:a": {}}}));
        let mut status = ours.clone();
        status["subresource"] = json!("status");
        let by_name = entry("kubectl-client-side-apply", "Update", json!({"f:data": {"f:b": {}}}));
        let annotation = "f:kubectl.kubernetes.io/last-applied-configuration";
        let fields = json!({"f:metadata": {"f:annotations": {annotation: {}}}, "f:x\u{e4}\"": {}});
        let by_annotation = entry("ci", "Update", fields);
        let others = entry("them", "Update", json!({"f:data": {"f:c": {}}}));
        let empty = json!({"manager": "evctl", "operation": "Apply"});
        let labels = json!({"evctl.dev/project": "p"});
        for entries in [
            json!([ours, status, others]),
            json!([status]),
            json!([by_name, by_annotation]),
            json!([others, by_annotation, ours]),
            json!([empty]),
        ] {
            check(&json!({"name": "a", "labels": labels, "managedFields": entries, "uid": "u"}));
        }
    }
}
