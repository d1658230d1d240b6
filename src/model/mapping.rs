//! Types of a single field. serde would decode such a struct from a list of one value as well; these
//! decode from a mapping alone, as their schema says.

/// Decodes a struct of one field from a mapping, and from nothing else.
macro_rules! from_mapping {
    ($name:ident { $field:ident: $type:ty }) => {
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                #[derive(serde::Deserialize)]
                #[serde(rename_all = "camelCase", deny_unknown_fields)]
                struct Fields {
                    $field: $type,
                }
                let fields = serde_json::Map::<String, serde_json::Value>::deserialize(from)?;
                let fields = Fields::deserialize(serde_json::Value::Object(fields));
                fields.map(|all| Self { $field: all.$field }).map_err(serde::de::Error::custom)
            }
        }
    };
}
pub(crate) use from_mapping;
