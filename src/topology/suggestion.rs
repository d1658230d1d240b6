//! What a reference to nothing probably meant: an object of a near name, or of the same name and
//! another kind, group or namespace. Knows nothing of what the reference is for.

use crate::model::object::ObjectKey;
use crate::model::shape::nearest;
use crate::model::{Path, kinds};

use super::addressable;
use super::resolve::Resolver;

/// What was probably meant.
pub(super) struct Suggestion {
    pub(super) help: String,
    /// The manifest of it.
    pub(super) manifest: Option<usize>,
    /// The field of the reference that is wrong, where it is not the name.
    pub(super) field: Option<&'static str>,
}

/// How many dangling references get a name that was probably meant.
const MOST_SUGGESTIONS: usize = 200;

impl Resolver<'_> {
    /// What was probably meant, and where it stands.
    pub(super) fn suggestion(&self, key: &ObjectKey) -> Suggestion {
        self.near_name(key)
            .or_else(|| self.same_name(key))
            .or_else(|| kind_alone(key))
            .unwrap_or_else(|| Suggestion {
                help: format!(
                    "declare it, or correct the name; a {} that only lives in the cluster is \
                     found when a Kubernetes plane takes part",
                    key.kind
                ),
                manifest: None,
                field: None,
            })
    }

    fn near_name(&self, key: &ObjectKey) -> Option<Suggestion> {
        // Each asks all names of the kind: past the first, nobody reads them, and time would grow
        // with the square of the project.
        if self.dangling.len() >= MOST_SUGGESTIONS {
            return None;
        }
        let of_kind = self.declared.iter().filter(|(other, _)| {
            other.group == key.group && other.kind == key.kind && other.namespace == key.namespace
        });
        let by_name: Vec<_> = of_kind.map(|(other, at)| (other.name.as_str(), *at)).collect();
        let near = nearest(&key.name, by_name.iter().map(|(name, _)| *name))?;
        let manifest = by_name.iter().find(|(name, _)| *name == near).map(|(_, at)| *at);
        Some(Suggestion { help: format!("did you mean `{near}`?"), manifest, field: None })
    }

    /// An object of the same name: first of the kind, then of a near kind, then in the namespace.
    fn same_name(&self, key: &ObjectKey) -> Option<Suggestion> {
        let named = || self.declared.iter().filter(|(other, _)| other.name == key.name);
        let of_kind = || named().filter(|(other, _)| other.kind == key.kind);
        let here = || named().filter(|(other, _)| other.namespace == key.namespace);
        let near_kind = nearest(&key.kind, here().map(|(other, _)| other.kind.as_str()));
        let (other, at) = of_kind()
            .find(|(other, _)| other.namespace == key.namespace)
            .or_else(|| of_kind().next())
            .or_else(|| here().find(|(other, _)| Some(other.kind.as_str()) == near_kind))
            .or_else(|| here().find(|(other, _)| is_sort_of(&other.kind, &key.kind)))
            .or_else(|| here().next())?;
        let field = match other {
            other if other.kind != key.kind => Some("kind"),
            other if other.group != key.group => Some("apiVersion"),
            _ => Some("namespace"),
        };
        let help = match field {
            Some("kind") if near_kind == Some(&other.kind) => {
                format!("did you mean `{}`? {other} is declared", other.kind)
            }
            _ => format!("{other} is declared; is that the one?"),
        };
        Some(Suggestion { help, manifest: Some(*at), field })
    }
}

/// Whether one kind is a sort of the other, by its name: a NatsJetStreamChannel is a Channel.
fn is_sort_of(kind: &str, other: &str) -> bool {
    kind.ends_with(other) || other.ends_with(kind)
}

/// A kind of another group, or one that is not quite written as it should be.
fn kind_alone(key: &ObjectKey) -> Option<Suggestion> {
    let known = |kind: &str| {
        let rows = kinds::all().filter(move |row| row.kind == kind).map(|row| row.group);
        rows.chain(addressable::groups_of(kind)).collect::<Vec<_>>()
    };
    let groups = known(&key.kind);
    if groups.contains(&key.group.as_str()) {
        return None;
    }
    if let Some(group) = groups.first() {
        let group = if group.is_empty() { "the core group (v1)" } else { group };
        let help = format!("a {} is of {group}", key.kind);
        return Some(Suggestion { help, manifest: None, field: Some("apiVersion") });
    }
    let kinds = kinds::all().map(|row| row.kind).chain(addressable::kinds());
    let near = nearest(&key.kind, kinds)?;
    if !known(near).contains(&key.group.as_str()) {
        return None;
    }
    let help = format!("did you mean the kind `{near}`?");
    Some(Suggestion { help, manifest: None, field: Some("kind") })
}

/// The field beside the name that a reference is wrong in, where the document has it.
pub(super) fn beside(name: &Path, field: &str) -> Path {
    name.above().key(field)
}
