//! Secret values in worlds and plans: salted digests, so that equal shows and nothing else does.
//! The values themselves stay in the vault, in memory, and go from there to the server alone.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

const MARK: &str = "evctl:sha256:";

/// Secret values by their digests.
#[derive(Default)]
pub struct Vault(BTreeMap<String, String>);

impl Vault {
    /// Takes in all that another one holds.
    pub fn take(&mut self, mut other: Self) {
        self.0.append(&mut other.0);
    }

    /// Whether a body holds a digest whose value is not known.
    pub fn lacks(&self, body: &Value) -> bool {
        match body {
            Value::String(text) => text.starts_with(MARK) && !self.0.contains_key(text),
            Value::Array(items) => items.iter().any(|item| self.lacks(item)),
            Value::Object(fields) => fields.values().any(|value| self.lacks(value)),
            _ => false,
        }
    }

    /// The body with every digest replaced by the value it stands for.
    pub fn reveal(&self, body: &Value) -> Value {
        match body {
            Value::String(text) => Value::String(self.0.get(text).unwrap_or(text).clone()),
            Value::Array(items) => items.iter().map(|item| self.reveal(item)).collect(),
            Value::Object(fields) => {
                fields.iter().map(|(name, value)| (name.clone(), self.reveal(value))).collect()
            }
            other => other.clone(),
        }
    }
}

/// Replaces the values of a Secret by digests; `stringData` becomes `data`, as the server has it.
pub fn conceal(body: &mut Value, salt: &str, mut vault: Option<&mut Vault>) {
    let is_secret = body.get("kind").is_some_and(|kind| kind == "Secret")
        && body.get("apiVersion").is_some_and(|version| version == "v1");
    let Some(fields) = body.as_object_mut().filter(|_| is_secret) else { return };
    let mut data = match fields.remove("data") {
        Some(Value::Object(data)) => data,
        _ => Map::new(),
    };
    if let Some(Value::Object(texts)) = fields.remove("stringData") {
        let encoded =
            |value: Value| Value::String(STANDARD.encode(value.as_str().unwrap_or_default()));
        data.extend(texts.into_iter().map(|(name, value)| (name, encoded(value))));
    }
    for value in data.values_mut() {
        let secret = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        if secret.starts_with(MARK) {
            continue;
        }
        let digest = digest(salt, &secret);
        if let Some(vault) = vault.as_deref_mut() {
            vault.0.insert(digest.clone(), secret);
        }
        *value = Value::String(digest);
    }
    if !data.is_empty() {
        fields.insert("data".to_owned(), Value::Object(data));
    }
}

fn digest(salt: &str, secret: &str) -> String {
    let bytes = Sha256::new().chain_update(salt).chain_update([0]).chain_update(secret).finalize();
    let mut text = MARK.to_owned();
    for byte in bytes.iter().take(12) {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn secrets_are_hidden_and_found_again() {
        let secret = json!({"apiVersion": "v1", "kind": "Secret", "stringData": {"a": "hunter2"}});
        let (mut hidden, mut vault) = (secret.clone(), Vault::default());
        conceal(&mut hidden, "salt", Some(&mut vault));
        assert!(
            !hidden.to_string().contains("hunter2") && !hidden.to_string().contains("aHVudGVyMg")
        );
        assert_eq!(vault.reveal(&hidden)["data"]["a"], "aHVudGVyMg==");
        let mut live = json!({"apiVersion": "v1", "kind": "Secret", "data": {"a": "aHVudGVyMg=="}});
        conceal(&mut live, "salt", None);
        assert_eq!(live, hidden);
        let mut other = secret;
        conceal(&mut other, "pepper", None);
        assert_ne!(other, hidden);
    }
}
