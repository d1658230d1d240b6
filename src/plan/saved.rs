//! A plan as a file: `plan --out` writes it, `apply FILE` carries it out, whole and nothing else. It
//! holds every write, what each object was seen as, and which accounts and cluster it was made
//! against. Secret values are in it as salted digests only. Knows no files.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::world::{Account, World};

use super::Plan;
use super::json::{API_VERSION, document, value};
use super::text::Head;

/// What a file must hold to be carried out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Saved {
    /// The evctl that made it: another one may read its parts otherwise.
    pub evctl: String,
    /// What secret values are hashed with.
    pub salt: String,
    pub inputs: Inputs,
    /// The cluster, as output names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster: Option<String>,
    /// By their site.
    pub accounts: BTreeMap<String, Seen>,
    pub notes: Vec<String>,
    pub plan: Plan,
}

/// Where the manifests stood: secrets, project settings and profiles of accounts are read again.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct Inputs {
    pub paths: Vec<PathBuf>,
    pub kustomize: Vec<PathBuf>,
    pub namespace: Option<String>,
    pub env: Option<String>,
}

/// An account, as it was when the plan was made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct Seen {
    /// The server, as output names it.
    pub server: String,
    /// The account's own name or key, where the server says it.
    pub account: Option<String>,
    pub domain: String,
    pub cluster: Option<String>,
    pub version: String,
    pub api_level: Option<u64>,
}

impl Seen {
    /// What is to be remembered of an account.
    pub fn of(account: &Account) -> Self {
        Self {
            server: account.name.clone(),
            account: account.account.clone(),
            domain: account.domain.clone(),
            cluster: account.cluster.clone(),
            version: account.version.clone(),
            api_level: account.api_level,
        }
    }

    /// Why a plan that was made against this account is not for that one, where it is not. Another
    /// address of the same account is no reason, nor is a newer server.
    pub fn differs(&self, now: &Self) -> Option<String> {
        let said = |text: &Option<String>| text.clone().unwrap_or_else(|| "unknown".to_owned());
        let pairs = [
            ("account", said(&self.account), said(&now.account)),
            ("domain", self.domain.clone(), now.domain.clone()),
            ("cluster", said(&self.cluster), said(&now.cluster)),
        ];
        if let Some((what, planned, live)) =
            pairs.into_iter().find(|(_, planned, live)| planned != live)
        {
            return Some(format!("{what}: planned for `{planned}`, now `{live}`"));
        }
        if self.account.is_none() && self.server != now.server {
            return Some(format!("server: planned for {}, now {}", self.server, now.server));
        }
        let level = |seen: &Self| seen.api_level.unwrap_or(0);
        (level(now) < level(self)).then(|| {
            format!(
                "API level: planned for {} ({}), now {} ({})",
                level(self),
                self.version,
                level(now),
                now.version
            )
        })
    }
}

/// A plan with all that it was made from.
pub fn of(plan: &Plan, head: &Head, live: &World, inputs: Inputs) -> Saved {
    Saved {
        evctl: env!("CARGO_PKG_VERSION").to_owned(),
        salt: live.salt.clone(),
        inputs,
        cluster: live.cluster.as_ref().map(|cluster| cluster.name.clone()),
        accounts: live
            .accounts
            .iter()
            .map(|(site, account)| (site.clone(), Seen::of(account)))
            .collect(),
        notes: head.notes.clone(),
        plan: plan.clone(),
    }
}

/// The file: the document of `-o json`, with what only `apply` reads beside it.
pub fn to_json(head: &Head, saved: &Saved) -> String {
    let mut file = document(head, &saved.plan);
    if let Value::Object(fields) = &mut file {
        fields.insert("saved".to_owned(), value(saved));
    }
    format!("{file:#}\n")
}

/// Reads a file; `None` where it is no plan at all.
///
/// # Errors
/// It is a plan, and cannot be carried out.
pub fn from_json(text: &str) -> Option<Result<Saved, String>> {
    let mut file: Value = serde_json::from_str(text).ok()?;
    if file.get("kind")? != "Plan" || file.get("apiVersion")? != API_VERSION {
        return None;
    }
    let Some(saved) = file.get_mut("saved").map(Value::take) else {
        let text = "it was printed to be read; `evctl plan --out FILE` writes one to carry out";
        return Some(Err(text.to_owned()));
    };
    Some(match serde_json::from_value::<Saved>(saved) {
        Ok(saved) if saved.evctl == env!("CARGO_PKG_VERSION") => Ok(saved),
        Ok(saved) => Err(format!("evctl {} made it; plan again with this one", saved.evctl)),
        Err(error) => Err(format!("it is damaged, or another evctl made it: {error}")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(account: Option<&str>, server: &str, level: u64) -> Seen {
        Seen {
            server: server.to_owned(),
            account: account.map(str::to_owned),
            api_level: Some(level),
            version: format!("2.{level}"),
            ..Seen::default()
        }
    }

    #[track_caller]
    fn check(planned: &Seen, now: &Seen, expected: Option<&str>) {
        assert_eq!(planned.differs(now).as_deref(), expected);
    }

    #[test]
    fn only_another_account_or_an_older_server_is_another() {
        let planned = seen(Some("A"), "nats://one:4222", 4);
        check(&planned, &planned, None);
        check(&planned, &seen(Some("A"), "nats://two:4222", 5), None);
        let why = "account: planned for `A`, now `B`";
        check(&planned, &seen(Some("B"), "nats://one:4222", 4), Some(why));
        let why = "API level: planned for 4 (2.4), now 3 (2.3)";
        check(&planned, &seen(Some("A"), "nats://one:4222", 3), Some(why));
        let nameless = seen(None, "nats://one:4222", 4);
        check(&nameless, &nameless, None);
        let why = "server: planned for nats://one:4222, now nats://two:4222";
        check(&nameless, &seen(None, "nats://two:4222", 4), Some(why));
    }

    #[test]
    fn what_is_no_plan_is_told() {
        assert_eq!(from_json("kind: Service"), None);
        assert_eq!(from_json(r#"{"apiVersion": "v1", "kind": "Service"}"#), None);
        let shown = format!(r#"{{"apiVersion": "{API_VERSION}", "kind": "Plan"}}"#);
        assert!(from_json(&shown).unwrap().unwrap_err().contains("--out"));
    }
}
