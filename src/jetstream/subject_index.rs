//! Many subjects at once: which of those that are held meet one that is asked about. A tree of
//! tokens, so that ten thousand streams are not compared two by two. Knows nothing of streams.

use std::collections::BTreeMap;

use super::wildcard::collide;

/// A subject, and who holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Held<'a> {
    pub subject: &'a str,
    pub holder: &'a str,
}

/// Subjects and their holders, by token.
#[derive(Debug, Clone, Default)]
pub struct SubjectIndex<'a> {
    root: Branch<'a>,
}

/// Where subjects go on after the same tokens.
#[derive(Debug, Clone, Default)]
struct Branch<'a> {
    /// Subjects that end here.
    ends: Vec<Held<'a>>,
    /// Subjects that end with a `>` from here.
    open: Vec<Held<'a>>,
    plain: BTreeMap<&'a str, Branch<'a>>,
    wild: Option<Box<Branch<'a>>>,
}

impl<'a> SubjectIndex<'a> {
    /// Holds a subject.
    pub fn insert(&mut self, subject: &'a str, holder: &'a str) {
        let held = Held { subject, holder };
        let mut branch = &mut self.root;
        for token in subject.split('.') {
            if token == ">" {
                branch.open.push(held);
                return;
            }
            branch = if is_wild(token) {
                branch.wild.get_or_insert_default()
            } else {
                branch.plain.entry(token).or_default()
            };
        }
        branch.ends.push(held);
    }

    /// Lets a subject go, where the holder has it.
    pub fn remove(&mut self, subject: &str, holder: &str) {
        let is_it = |held: &Held<'_>| held.subject == subject && held.holder == holder;
        let mut branch = &mut self.root;
        for token in subject.split('.') {
            if token == ">" {
                branch.open.retain(|held| !is_it(held));
                return;
            }
            let next = if is_wild(token) {
                branch.wild.as_deref_mut()
            } else {
                branch.plain.get_mut(token)
            };
            let Some(next) = next else { return };
            branch = next;
        }
        branch.ends.retain(|held| !is_it(held));
    }

    /// Every held subject that one message could match together with this one.
    pub fn meeting(&self, subject: &str) -> Vec<Held<'a>> {
        let tokens: Vec<&str> = subject.split('.').collect();
        let mut found = Vec::new();
        self.root.collect(&tokens, &mut found);
        found.retain(|held| collide(subject, held.subject));
        found
    }
}

impl<'a> Branch<'a> {
    fn collect(&self, tokens: &[&str], found: &mut Vec<Held<'a>>) {
        let [token, rest @ ..] = tokens else {
            found.extend(&self.ends);
            return;
        };
        found.extend(&self.open);
        let children = self.plain.values().chain(self.wild.as_deref());
        if *token == ">" {
            children.for_each(|child| child.all(found));
        } else if is_wild(token) {
            children.for_each(|child| child.collect(rest, found));
        } else {
            let child = self.plain.get(token).into_iter().chain(self.wild.as_deref());
            child.for_each(|child| child.collect(rest, found));
        }
    }

    fn all(&self, found: &mut Vec<Held<'a>>) {
        found.extend(self.ends.iter().chain(&self.open));
        self.plain.values().chain(self.wild.as_deref()).for_each(|child| child.all(found));
    }
}

/// Whether the server may take a token for a wildcard: it looks at the first character where both
/// subjects have wildcards.
fn is_wild(token: &str) -> bool {
    token.starts_with(['*', '>'])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn subjects() -> impl Strategy<Value = String> {
        let token = prop::sample::select(vec!["a", "b", "*", ">", "*a", ""]);
        prop::collection::vec(token, 1..5).prop_map(|tokens| tokens.join("."))
    }

    proptest! {
        #[test]
        fn the_tree_finds_what_a_look_at_each_finds(
            held in prop::collection::vec(subjects(), 0..20),
            gone in prop::collection::vec(subjects(), 0..5),
            asked in subjects(),
        ) {
            let mut index = SubjectIndex::default();
            held.iter().for_each(|subject| index.insert(subject, "S"));
            gone.iter().for_each(|subject| index.remove(subject, "S"));
            let mut found: Vec<&str> = index.meeting(&asked).iter().map(|h| h.subject).collect();
            let stays = |subject: &&str| !gone.iter().any(|gone| gone == subject);
            let mut expected: Vec<&str> = held.iter().map(String::as_str).filter(stays).collect();
            expected.retain(|subject| collide(&asked, subject));
            found.sort_unstable();
            expected.sort_unstable();
            prop_assert_eq!(found, expected);
        }
    }
}
