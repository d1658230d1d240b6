//! The ApplySet of a project (KEP-3659, as kubectl's code has it): a parent object that says which kinds and
//! namespaces the members are of, and a label on each member with the parent's id. By it prune finds what
//! no file names any more, and kubectl and other tools see whose the objects are. Knows no server.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use smol_str::{SmolStr, format_smolstr};

use crate::model::ObjectKey;

/// On the parent: the id, which is made of its name.
pub const ID: &str = "applyset.kubernetes.io/id";
/// On every member: the parent's id.
pub const PART_OF: &str = "applyset.kubernetes.io/part-of";
/// On the parent: the tool that the set is of, and its version.
pub const TOOLING: &str = "applyset.kubernetes.io/tooling";
/// On the parent: `Kind.group` of every member, with commas between.
pub const KINDS: &str = "applyset.kubernetes.io/contains-group-kinds";
/// On the parent: where members are, beside its own namespace.
pub const NAMESPACES: &str = "applyset.kubernetes.io/additional-namespaces";

const TOOL: &str = "evctl";

/// Group and kind.
pub type GroupKind = (String, String);

/// Which kinds and namespaces the members of a set are of. It may name more than there are, never less.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Hints {
    pub kinds: BTreeSet<GroupKind>,
    pub namespaces: BTreeSet<String>,
}

impl Hints {
    /// Takes a member in.
    pub fn add(&mut self, key: &ObjectKey) {
        self.kinds.insert((key.group.clone().into(), key.kind.clone().into()));
        self.namespaces.extend(key.namespace.as_ref().map(ToString::to_string));
    }

    /// What either names.
    #[must_use]
    pub fn with(mut self, other: &Self) -> Self {
        self.kinds.extend(other.kinds.iter().cloned());
        self.namespaces.extend(other.namespaces.iter().cloned());
        self
    }
}

/// Why a set is not to be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Trouble {
    /// The parent is another tool's, or no parent.
    Foreign(String),
    /// Nobody knows what it says.
    Unread(String),
}

/// A project's set as it was observed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ApplySet {
    pub parent: ObjectKey,
    pub id: String,
    pub hints: Hints,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<Trouble>,
}

impl ApplySet {
    /// The set of a project that is at home in this namespace, before its parent is looked at.
    pub fn of(project: &str, home: &str) -> Self {
        let parent = ObjectKey {
            group: SmolStr::default(),
            kind: "ConfigMap".into(),
            namespace: Some(home.into()),
            name: format_smolstr!("{TOOL}-{project}"),
        };
        Self { id: id(&parent), parent, hints: Hints::default(), trouble: None }
    }

    /// Takes in what the live parent says; `None` where there is none.
    #[must_use]
    pub fn observed(mut self, parent: Option<&Value>) -> Self {
        let Some(parent) = parent else { return self };
        match self.hints_of(parent) {
            Ok(hints) => self.hints = hints,
            Err(why) => self.trouble = Some(Trouble::Foreign(why)),
        }
        self
    }

    /// What a live parent says of the members.
    ///
    /// # Errors
    /// It is the parent of another set, or none.
    pub fn hints_of(&self, parent: &Value) -> Result<Hints, String> {
        let of = |marks: &str, name: &str| {
            parent["metadata"][marks][name].as_str().unwrap_or_default().to_owned()
        };
        let (id, tool) = (of("labels", ID), of("annotations", TOOLING));
        if id != self.id {
            return Err(format!("{} has the id `{id}`, not {}", self.parent, self.id));
        }
        if tool.split('/').next() != Some(TOOL) {
            return Err(format!("{} is managed by `{tool}`, not {TOOL}", self.parent));
        }
        let words = |text: String| -> Vec<String> {
            text.split(',').map(str::trim).filter(|w| !w.is_empty()).map(str::to_owned).collect()
        };
        let kind = |word: String| match word.split_once('.') {
            Some((kind, group)) => (group.to_owned(), kind.to_owned()),
            None => (String::new(), word),
        };
        Ok(Hints {
            kinds: words(of("annotations", KINDS)).into_iter().map(kind).collect(),
            namespaces: words(of("annotations", NAMESPACES)).into_iter().collect(),
        })
    }

    /// The parent with these hints, as it is applied.
    pub fn manifest(&self, hints: &Hints) -> Value {
        let word = |(group, kind): &GroupKind| {
            if group.is_empty() { kind.clone() } else { format!("{kind}.{group}") }
        };
        let mut kinds: Vec<String> = hints.kinds.iter().map(word).collect();
        kinds.sort();
        let home = self.parent.namespace.clone().unwrap_or_default();
        let elsewhere = hints.namespaces.iter().filter(|namespace| **namespace != home);
        let namespaces: Vec<&str> = elsewhere.map(String::as_str).collect();
        json!({
            "apiVersion": "v1",
            "kind": self.parent.kind,
            "metadata": {
                "name": self.parent.name,
                "namespace": home,
                "labels": {ID: self.id},
                "annotations": {
                    TOOLING: format!("{TOOL}/v{}", env!("CARGO_PKG_VERSION")),
                    KINDS: kinds.join(","),
                    NAMESPACES: namespaces.join(","),
                },
            },
        })
    }
}

/// The id that a parent of this name must have.
fn id(parent: &ObjectKey) -> String {
    let namespace = parent.namespace.as_deref().unwrap_or_default();
    let name = [&parent.name, namespace, &parent.kind, &parent.group].join(".");
    format!("applyset-{}-v1", URL_SAFE_NO_PAD.encode(Sha256::digest(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let set = ApplySet::of("shop", "home");
        let mut hints = Hints::default();
        let key = |group: &str, kind: &str, namespace: &str| ObjectKey {
            group: group.into(),
            kind: kind.into(),
            namespace: Some(namespace.into()),
            name: "a".into(),
        };
        hints.add(&key("messaging.knative.dev", "Channel", "there"));
        hints.add(&key("", "ConfigMap", "there"));
        let parent = set.manifest(&hints);
        assert_eq!(
            parent["metadata"]["annotations"][KINDS],
            "Channel.messaging.knative.dev,ConfigMap"
        );
        assert_eq!(set.clone().observed(Some(&parent)).hints, hints);
        assert_eq!(set.clone().observed(None), set);
    }

    #[test]
    fn a_parent_of_another_name_or_tool_is_another_set() {
        let set = ApplySet::of("shop", "home");
        let parent = set.manifest(&Hints::default());
        let copy = ApplySet::of("shop", "elsewhere").observed(Some(&parent));
        assert!(matches!(copy.trouble, Some(Trouble::Foreign(_))), "{copy:?}");
        let mut theirs = parent;
        theirs["metadata"]["annotations"][TOOLING] = json!("kubectl/v1.36");
        let Some(Trouble::Foreign(why)) = set.observed(Some(&theirs)).trouble else {
            panic!("it is taken for ours")
        };
        assert!(why.contains("kubectl/v1.36"), "{why}");
    }
}
