//! What the user and the project allow: objects are named as output names them. Knows nothing of
//! how the words came in.

use std::collections::BTreeSet;

use crate::world::Key;

/// Everything that a plan does only when somebody has said so.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// Take over whatever exists and belongs to nobody.
    pub adopt: bool,
    /// Objects that may be taken over whatever `adopt` says: the project's word.
    pub adoptable: BTreeSet<String>,
    /// Delete what the project owns and declares no longer.
    pub prune: bool,
    /// Objects that may be replaced: the command line's word, which counts for protected ones too.
    pub allow_replace: BTreeSet<String>,
    /// Objects that may be replaced unless they are protected: the project's word.
    pub replaceable: BTreeSet<String>,
    /// Objects that may be deleted although they are protected or bear no mark.
    pub allow_delete: BTreeSet<String>,
    /// Delete all that the project owns, declared or not.
    pub destroy: bool,
    /// Projects whose objects become this one's.
    pub moved: Vec<Moved>,
    /// Objects that are forgotten where they are declared no longer.
    pub removed: BTreeSet<String>,
    /// Delete however many there are.
    pub allow_mass_delete: bool,
    /// Take fields from the managers that own them.
    pub force_conflicts: bool,
    /// Objects that the project protects.
    pub protect: BTreeSet<String>,
    /// When the plan is made, for what is dropped by its age.
    pub now: Option<jiff::Timestamp>,
}

/// A project whose objects become this one's.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Moved {
    pub from: String,
    /// Those that are meant; `None` for all that are declared.
    pub objects: Option<BTreeSet<String>>,
}

impl Moved {
    /// Whether the object is meant: by its own name, or by its stream's, whose consumers go with it.
    pub fn means(&self, key: &Key) -> bool {
        let stream = key.stream().map(|stream| stream.to_string());
        let is_named = |names: &BTreeSet<String>| {
            names.contains(&key.to_string()) || stream.is_some_and(|stream| names.contains(&stream))
        };
        self.objects.as_ref().is_none_or(is_named)
    }
}

impl Options {
    /// Whether what is another project's becomes this one's.
    pub fn moves(&self, key: &Key, from: &str) -> bool {
        self.moved.iter().any(|moved| moved.from == from && moved.means(key))
    }

    /// Whether an object that belongs to nobody may be taken over.
    pub fn adopts(&self, key: &Key) -> bool {
        self.adopt || self.adoptable.contains(&key.to_string())
    }

    /// Whether an object may be deleted and made anew.
    pub fn replaces(&self, key: &Key, protected: bool) -> bool {
        let name = key.to_string();
        self.allow_replace.contains(&name)
            || (!self.protects(key, protected) && self.replaceable.contains(&name))
    }

    /// Whether an object may only be deleted or replaced by its name, as the project says or, in
    /// `marked`, the live object itself.
    pub fn protects(&self, key: &Key, marked: bool) -> bool {
        marked || self.protect.contains(&key.to_string())
    }

    /// Whether the object's name was said for deletion.
    pub fn names_for_deletion(&self, key: &Key) -> bool {
        self.allow_delete.contains(&key.to_string())
    }

    /// Whether no flag names an object.
    pub fn names_nothing(&self) -> bool {
        self.allow_replace.is_empty() && self.allow_delete.is_empty()
    }

    /// Names that were said and that none of these objects has, with the flag that said them.
    pub fn unknown<'a>(&'a self, known: &BTreeSet<String>) -> Vec<(&'static str, &'a str)> {
        let replace = self.allow_replace.iter().map(|name| ("--allow-replace", name.as_str()));
        let delete = self.allow_delete.iter().map(|name| ("--allow-delete", name.as_str()));
        replace.chain(delete).filter(|(_, name)| !known.contains(*name)).collect()
    }
}
