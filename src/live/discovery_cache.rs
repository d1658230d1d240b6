//! What a cluster serves, kept between runs: one file for each server and version. It only saves
//! requests: whatever is wrong with a file, it is as if there were none, and a kind that it does not
//! have is asked for. Must not know what a kind is needed for.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::model::object::group_of;

/// How long an entry counts, in seconds; kubectl's number. A kind that has gone meanwhile is noticed
/// when it is listed.
const LIFETIME: i64 = 6 * 60 * 60;

/// A kind as the server's discovery says it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Served {
    pub(super) kind: String,
    pub(super) plural: String,
    pub(super) namespaced: bool,
}

/// Everything that a group serves in one version, and when it was asked.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    asked: i64,
    kinds: Vec<Served>,
}

/// The file.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    server: String,
    version: String,
    /// By their apiVersion.
    groups: BTreeMap<String, Entry>,
}

/// What is known from earlier runs; nothing where there is no folder for it.
#[derive(Debug, Clone, Default)]
pub(super) struct Cache {
    path: Option<PathBuf>,
    file: File,
    /// Whether anything was taken from it.
    pub(super) is_used: bool,
}

impl Cache {
    /// What the folder holds for a server of this version.
    pub(super) fn read(folder: &Path, server: &str, version: &str) -> Self {
        let digest = URL_SAFE_NO_PAD.encode(Sha256::digest(format!("{server} {version}")));
        let path = folder.join("discovery").join(format!("{digest}.json"));
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        let file = serde_json::from_str::<File>(&text).unwrap_or_default();
        let empty =
            File { server: server.to_owned(), version: version.to_owned(), ..File::default() };
        let is_its_own = file.server == server && file.version == version;
        Self { path: Some(path), file: if is_its_own { file } else { empty }, is_used: false }
    }

    /// What a group serves in a version, if it was asked lately and every one of these kinds is in it.
    pub(super) fn get(&mut self, api_version: &str, kinds: &[&str], now: i64) -> Option<&[Served]> {
        let entry = self.file.groups.get(api_version)?;
        let is_young = (0..LIFETIME).contains(&(now - entry.asked));
        let has = |kind: &&str| entry.kinds.iter().any(|served| served.kind == **kind);
        if !is_young || !kinds.iter().all(has) {
            return None;
        }
        self.is_used = true;
        Some(&entry.kinds)
    }

    /// The versions of a group that were asked for.
    pub(super) fn versions(&self, group: &str) -> Vec<String> {
        let versions = self.file.groups.keys().filter(|version| group_of(version) == group);
        versions.cloned().collect()
    }

    /// Remembers an answer.
    pub(super) fn put(&mut self, api_version: &str, kinds: &[Served], now: i64) {
        let entry = Entry { asked: now, kinds: kinds.to_vec() };
        self.file.groups.insert(api_version.to_owned(), entry);
    }

    /// Forgets everything: the cluster has turned out to be another.
    pub(super) fn forget(&mut self) {
        self.file.groups.clear();
        self.is_used = false;
    }

    /// Writes the file, whole or not at all. A folder that cannot be written to is no trouble.
    pub(super) fn save(&self) {
        let Some(path) = &self.path else { return };
        let (Some(folder), Ok(text)) = (path.parent(), serde_json::to_string(&self.file)) else {
            return;
        };
        let draft = path.with_extension(format!("{}.draft", std::process::id()));
        let written = std::fs::create_dir_all(folder)
            .and_then(|()| std::fs::write(&draft, text))
            .and_then(|()| std::fs::rename(&draft, path));
        if written.is_err() {
            let _ = std::fs::remove_file(&draft);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn served(kind: &str) -> Served {
        Served { kind: kind.to_owned(), plural: kind.to_lowercase() + "s", namespaced: true }
    }

    #[test]
    fn only_what_is_young_whole_and_of_the_same_server_counts() {
        let folder = tempfile::tempdir().unwrap();
        let mut cache = Cache::read(folder.path(), "https://a", "v1");
        assert_eq!(cache.get("v1", &["Service"], 100), None);
        cache.put("v1", &[served("Service")], 100);
        cache.save();
        let mut again = Cache::read(folder.path(), "https://a", "v1");
        assert_eq!(again.get("v1", &["Service"], 100), Some([served("Service")].as_slice()));
        assert_eq!(again.get("v1", &["Service", "Secret"], 100), None);
        assert_eq!(again.get("v2", &["Service"], 100), None);
        assert_eq!(again.get("v1", &["Service"], 100 + LIFETIME), None);
        // A clock that was set back.
        assert_eq!(again.get("v1", &["Service"], 99), None);
        for (server, version) in [("https://a", "v2"), ("https://b", "v1")] {
            let mut other = Cache::read(folder.path(), server, version);
            assert_eq!(other.get("v1", &["Service"], 100), None);
        }
    }

    #[test]
    fn a_broken_file_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let mut cache = Cache::read(folder.path(), "https://a", "v1");
        cache.put("v1", &[served("Service")], 100);
        cache.save();
        let path = cache.path.clone().unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        for broken in ["", "{", "[]", "{\"groups\": 3}", &text[..text.len() / 2], "\u{0}"] {
            std::fs::write(&path, broken).unwrap();
            let mut cache = Cache::read(folder.path(), "https://a", "v1");
            assert_eq!(cache.get("v1", &["Service"], 100), None, "{broken}");
        }
        std::fs::remove_file(&path).unwrap();
        std::fs::create_dir(&path).unwrap();
        Cache::read(folder.path(), "https://a", "v1").save();
    }
}
