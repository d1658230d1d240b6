//! The plan: every change that makes a live world the desired one, in order, each complete; and what
//! was refused or held, and why. Pure: built from two worlds and what servers said when they were
//! asked. Nothing is left for apply to decide.

pub mod allowed;
pub mod build;
pub mod check;
mod compare;
pub mod controllers;
pub mod fields;
pub mod forget;
pub mod guard;
pub mod hold;
pub mod impact;
pub mod json;
mod lists;
pub mod membership;
pub mod order;
pub mod preflight;
pub mod prune;
mod prune_order;
pub mod recipe;
pub mod renew;
mod same;
pub mod saved;
mod summary;
pub mod text;
mod undeclared;
pub mod verify;
mod words;

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::diag::Sources;
use crate::world::lower::Origin;
use crate::world::{Key, Owner, Written};

use impact::Impact;
use membership::Membership;
use recipe::Recipe;

pub use summary::Summary;

/// What happens to one object.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// Is made.
    Create,
    /// Is changed.
    Update,
    /// Is deleted and made anew: what it holds is lost.
    Replace,
    /// Takes over what exists: its marks, and its differences if it has any.
    Adopt,
    /// Becomes the project's as it is: only its marks are another project's.
    Move,
    /// Is deleted: the project owns it and declares it no longer.
    Delete,
    /// Stays as it is, and is the project's no longer.
    Forget,
    /// Would be wrong or impossible; nothing is written.
    Refused,
    /// Waits for something that is refused; nothing is written.
    Held,
    /// Is as it should be.
    None,
}

impl Action {
    /// The word that output uses.
    pub fn word(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Replace => "replace",
            Self::Adopt => "adopt",
            Self::Move => "move",
            Self::Delete => "delete",
            Self::Forget => "forget",
            Self::Refused => "refused",
            Self::Held => "held",
            Self::None => "none",
        }
    }

    /// Whether the server is written to.
    pub fn writes(self) -> bool {
        !matches!(self, Self::Refused | Self::Held | Self::None)
    }
}

/// Why something is refused: our rule, and the server's own code and words where it has them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rule {
    /// Kebab-case and stable.
    pub code: Cow<'static, str>,
    /// JetStream's `err_code`, or the HTTP status of the Kubernetes API.
    pub err_code: Option<u16>,
    /// The server's words.
    pub text: String,
}

/// One value that differs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FieldDiff {
    /// Where in the object.
    pub path: String,
    /// What is live; null where there is nothing.
    pub from: Option<Value>,
    /// What is declared; null where there is nothing.
    pub to: Option<Value>,
}

/// A field that another manager owns.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Conflict {
    /// Where in the object.
    pub path: String,
    /// The manager, as the API server names it.
    pub manager: String,
}

/// How an object is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Made, or changed to what is planned.
    #[default]
    Put,
    /// Deleted, then made.
    Replace,
    /// Deleted.
    Delete,
    /// Its marks are taken off.
    Forget,
}

impl Mode {
    /// Whether the object is as planned, and the project's, once it is written.
    pub fn keeps(self) -> bool {
        matches!(self, Self::Put | Self::Replace)
    }
}

/// What exactly is written, and what was there when it was decided.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Write {
    #[serde(default)]
    pub mode: Mode,
    /// Kubernetes: the object. JetStream: the configuration. In normal form, without marks. Null
    /// where it is deleted.
    pub body: Value,
    pub owner: Owner,
    /// The live body in normal form; `None` where there was none.
    pub observed: Option<Value>,
    pub observed_uid: Option<String>,
    /// Whose it was.
    pub observed_owner: Option<Owner>,
    /// Whether the live stream held no message: one that is planned to go as an empty one must not
    /// go with messages.
    #[serde(default)]
    pub observed_empty: bool,
    /// Takes fields from other field managers.
    pub force: bool,
    /// The id of the ApplySet that a Kubernetes object is to be a member of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub set: Option<String>,
    /// Makes evctl's what client-side apply owns of the object.
    #[serde(default)]
    pub upgrade: bool,
}

/// Where an object is declared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Place {
    /// The file, as it was named.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
}

/// One object of the plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Change {
    pub key: Key,
    /// Kubernetes objects only.
    pub api_version: Option<String>,
    /// Whether the object is live.
    pub exists: bool,
    pub action: Action,
    /// In lower case, without a final period.
    pub reason: String,
    pub rule: Option<Rule>,
    #[serde(skip)]
    pub origin: Option<Origin>,
    /// Where it is declared, once [`Plan::locate`] has looked.
    pub place: Option<Place>,
    pub diff: Vec<FieldDiff>,
    /// Fields of other managers that the change is about: refused, or taken from them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conflicts: Vec<Conflict>,
    /// What the change costs beyond its fields.
    pub impact: Option<Impact>,
    /// How it is replaced without losing a message, where it cannot be changed in place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipe: Option<Box<Recipe>>,
    /// Why nobody but the server itself can say whether it takes the change; `None` where it was
    /// asked, or where its rule book is sure.
    pub unverified: Option<String>,
    /// Whether the live object has this project's mark.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub owned: bool,
    /// What the live object waits for until it is ready, where its controller says that it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unready: Option<String>,
    /// Present exactly where the action writes.
    pub write: Option<Box<Write>>,
    /// What is refused and yet worth asking about: an object that is not owned may be equal and only
    /// spelt differently. Never written.
    pub probe: Option<Box<Write>>,
    /// The changes of this plan that come first, each once.
    pub needs: Vec<Key>,
}

impl Change {
    /// A change that writes nothing.
    pub(crate) fn blank(key: Key, action: Action, reason: impl Into<String>) -> Self {
        Self {
            key,
            api_version: None,
            exists: false,
            owned: false,
            action,
            reason: reason.into(),
            rule: None,
            origin: None,
            place: None,
            diff: Vec::new(),
            conflicts: Vec::new(),
            impact: None,
            recipe: None,
            unverified: None,
            unready: None,
            write: None,
            probe: None,
            needs: Vec::new(),
        }
    }

    /// Whether it costs data, or a consumer its place.
    pub fn is_destructive(&self) -> bool {
        self.impact.as_ref().is_some_and(|impact| impact.destructive)
    }

    /// Notes that another change comes first.
    pub(in crate::plan) fn wait_for(&mut self, key: Key) {
        if !self.needs.contains(&key) {
            self.needs.push(key);
        }
    }

    /// Whether it is about what the project declares no longer.
    pub fn is_prune(&self) -> bool {
        self.origin.is_none() && self.place.is_none() && self.exists
    }

    /// The change with evctl's own rule for it.
    pub(in crate::plan) fn with_rule(mut self, code: &'static str, text: String) -> Self {
        self.rule = Some(Rule { code: code.into(), err_code: None, text });
        self
    }

    /// The change as one that writes nothing.
    #[must_use]
    pub fn stopped(
        mut self,
        action: Action,
        reason: impl Into<String>,
        rule: Option<Rule>,
    ) -> Self {
        self.action = action;
        self.reason = reason.into();
        self.rule = rule;
        self.write = None;
        self
    }
}

/// Every object, in the order of work.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Plan {
    /// The project that owns what is written.
    pub project: String,
    /// In order: each after what it needs.
    pub changes: Vec<Change>,
    /// Owned by the project, live, and no longer declared. Left as they are.
    pub undeclared: Vec<Key>,
    /// What the parent of the project's ApplySet is to say, where Kubernetes objects are written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub membership: Option<Membership>,
    /// Whether it deletes all that the project owns, declared or not.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub destroys: bool,
}

impl Plan {
    /// The Kubernetes objects that are deleted and made anew.
    pub fn renewed(&self) -> impl Iterator<Item = &Key> {
        let changes = self.changes.iter().filter(|change| change.action == Action::Replace);
        changes.map(|change| &change.key).filter(|key| key.object().is_some())
    }

    /// What is as declared and not ready, with what it waits for.
    pub fn unready(&self) -> impl Iterator<Item = (&Key, &String)> {
        let same = self.changes.iter().filter(|change| change.action == Action::None);
        same.filter_map(|change| Some((&change.key, change.unready.as_ref()?)))
    }

    /// What the plan writes, as worlds take it.
    pub fn written(&self) -> Vec<Written> {
        self.changes
            .iter()
            .filter_map(|change| {
                let write = change.write.as_ref()?;
                let object = (write.mode != Mode::Delete).then(|| crate::world::Object {
                    body: write.body.clone().into(),
                    owner: Some(write.owner.clone()).filter(|_| write.mode.keeps()),
                    set: write.set.clone(),
                    ..Default::default()
                });
                Some(Written { key: change.key.clone(), object })
            })
            .collect()
    }

    /// Looks up where each object is declared, so that the plan can be shown without its sources.
    pub fn locate(&mut self, sources: &Sources) {
        for change in &mut self.changes {
            change.place = change.origin.as_ref().map(|origin| {
                let at = sources.origins.of(origin.at);
                Place {
                    file: sources.name(at.file).to_owned(),
                    line: sources.line_number(at.file, at.span.start),
                }
            });
        }
    }
}
