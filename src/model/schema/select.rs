//! What people write for a kind on the command line, and which schemas it means.

use crate::model::shape::nearest;

use super::{Subject, names};

/// Why a name means no one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unclear {
    /// No kind is called so; the name that was probably meant.
    Unknown(Option<String>),
    /// Several are; each as it may be said.
    Ambiguous(Vec<String>),
    /// One is, in other versions than the one asked for; each as it may be said.
    Unserved(Vec<String>),
}

/// The one subject that a name means: `Trigger`, `trigger`, `triggers`,
/// `trigger.eventing.knative.dev`, `trigger.v1.eventing.knative.dev`, `eventing.knative.dev/v1/Trigger`.
///
/// # Errors
/// When there is none or more than one.
pub fn one<'s>(
    subjects: &'s [Subject],
    name: &str,
    api_version: Option<&str>,
) -> Result<&'s Subject, Unclear> {
    match matching(subjects, name, api_version)?.as_slice() {
        [only] => Ok(only),
        several => Err(Unclear::Ambiguous(ways(several))),
    }
}

/// Every version of the one kind that a name means.
///
/// # Errors
/// When there is none, or kinds of several groups.
pub fn versions<'s>(
    subjects: &'s [Subject],
    name: &str,
    api_version: Option<&str>,
) -> Result<Vec<&'s Subject>, Unclear> {
    let found = matching(subjects, name, api_version)?;
    let one_group =
        found.iter().all(|subject| Some(subject.group) == found.first().map(|f| f.group));
    if one_group { Ok(found) } else { Err(Unclear::Ambiguous(ways(&found))) }
}

fn matching<'s>(
    subjects: &'s [Subject],
    name: &str,
    api_version: Option<&str>,
) -> Result<Vec<&'s Subject>, Unclear> {
    let (api_version, name) = match name.rsplit_once(['/', ' ']) {
        Some((before, name)) => (Some(before), name),
        None => (api_version, name),
    };
    let lower = name.to_lowercase();
    let called: Vec<&Subject> =
        subjects.iter().filter(|subject| spellings(subject).contains(&lower)).collect();
    if called.is_empty() {
        let kind = name.split('.').next().unwrap_or_default();
        let near = nearest(kind, subjects.iter().map(|subject| subject.kind));
        return Err(Unclear::Unknown(near.map(str::to_owned)));
    }
    let Some(api_version) = api_version else { return Ok(called) };
    let found: Vec<&Subject> =
        called.iter().copied().filter(|subject| subject.api_version() == api_version).collect();
    if found.is_empty() { Err(Unclear::Unserved(ways(&called))) } else { Ok(found) }
}

fn spellings(subject: &Subject) -> Vec<String> {
    let (group, version) = (subject.group, subject.version);
    [subject.kind.to_lowercase(), names::plural(subject.kind)]
        .iter()
        .flat_map(|word| {
            [word.clone(), format!("{word}.{group}"), format!("{word}.{version}.{group}")]
        })
        .collect()
}

fn ways(subjects: &[&Subject]) -> Vec<String> {
    let said =
        |subject: &&Subject| format!("{} --api-version {}", subject.kind, subject.api_version());
    subjects.iter().map(said).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::kinds::Kind;
    use crate::model::manifest::Typed;

    fn subject(group: &'static str, version: &'static str) -> Subject {
        Subject::manifest(&Kind {
            group,
            kind: "Channel",
            version,
            cluster_scoped: false,
            schema: || serde_json::json!({}),
            read: |_| Some(Typed::Other),
        })
    }

    #[test]
    fn a_name_that_several_kinds_share_is_a_question() {
        let all = [subject("a.dev", "v1"), subject("b.dev", "v1"), subject("b.dev", "v1beta1")];
        let found = |name, version| one(&all, name, version).map(Subject::api_version);
        assert!(matches!(found("channel", None), Err(Unclear::Ambiguous(ways)) if ways.len() == 3));
        assert_eq!(found("channels.a.dev", None), Ok("a.dev/v1".to_owned()));
        assert!(matches!(found("channel.b.dev", None), Err(Unclear::Ambiguous(_))));
        assert_eq!(found("Channel.v1beta1.b.dev", None), Ok("b.dev/v1beta1".to_owned()));
        assert_eq!(found("channel", Some("b.dev/v1")), Ok("b.dev/v1".to_owned()));
        assert_eq!(found("b.dev/v1 Channel", None), Ok("b.dev/v1".to_owned()));
        assert!(matches!(found("channel", Some("c.dev/v1")), Err(Unclear::Unserved(_))));
        assert_eq!(found("chanel", None), Err(Unclear::Unknown(Some("Channel".to_owned()))));
        assert_eq!(versions(&all, "channel.b.dev", None).map(|all| all.len()), Ok(2));
        assert!(matches!(versions(&all, "channel", None), Err(Unclear::Ambiguous(_))));
    }
}
