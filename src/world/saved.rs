//! A world as a file: `plan --save-world` writes it, `--world` reads it, and a plan against it needs
//! no server and no credentials. Holds no secret value, only salted digests.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::model::hashed::sorted;

use super::{Account, Cluster, Key, Object, World};

const API_VERSION: &str = "evctl.dev/v1alpha1";
const KIND: &str = "World";

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Saved {
    api_version: String,
    kind: String,
    salt: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    kubernetes: Option<Cluster>,
    /// NATS accounts by their site.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    jetstream: BTreeMap<String, Account>,
    objects: Vec<Entry>,
    /// Streams that are neither wanted nor owned.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    others: Vec<(Key, Value)>,
}

#[derive(Serialize, Deserialize)]
struct Entry {
    key: Key,
    #[serde(flatten)]
    object: Object,
}

/// The world as pretty JSON, in stable order.
///
/// # Errors
/// A world that JSON cannot hold: a mistake of ours, and better than an empty file.
pub fn to_json(world: &World) -> Result<String, String> {
    let saved = Saved {
        api_version: API_VERSION.to_owned(),
        kind: KIND.to_owned(),
        salt: world.salt.clone(),
        kubernetes: world.cluster.clone(),
        jetstream: world.accounts.clone(),
        objects: world
            .objects
            .iter()
            .map(|(key, object)| Entry { key: key.clone(), object: object.clone() })
            .collect(),
        others: world.others.clone().into_iter().collect(),
    };
    serde_json::to_string_pretty(&saved).map(|text| text + "\n").map_err(|error| error.to_string())
}

/// Reads a saved world.
///
/// # Errors
/// What is wrong with the text, with line and column.
pub fn from_json(text: &str) -> Result<World, String> {
    let saved: Saved = serde_json::from_str(text).map_err(|error| error.to_string())?;
    if saved.api_version != API_VERSION || saved.kind != KIND {
        return Err(format!(
            "it is a {} of {}, not a {KIND} of {API_VERSION}",
            saved.kind, saved.api_version
        ));
    }
    Ok(World {
        objects: sorted(saved.objects.into_iter().map(|entry| (entry.key, entry.object))),
        cluster: saved.kubernetes,
        accounts: saved.jetstream,
        others: sorted(saved.others),
        streams: None,
        salt: saved.salt,
    })
}
