//! Where in an object: `spec.delivery.retry`, `spec.sources[0].name`,
//! `metadata.annotations["a.b/c"]`. Knows nothing of texts and spans.

use std::fmt;

use smol_str::SmolStr;

/// One step down.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// Most keys are short: these lie in the path itself.
    Key(SmolStr),
    Index(usize),
}

/// A way from the root of an object to a value; empty is the root.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Path(pub Vec<Step>);

impl Path {
    /// The path of the keys in `dotted`, which must not themselves hold dots.
    pub fn of(dotted: &str) -> Self {
        Self(dotted.split('.').filter(|k| !k.is_empty()).map(|k| Step::Key(k.into())).collect())
    }

    #[must_use]
    pub fn key(&self, key: impl Into<SmolStr>) -> Self {
        self.with(Step::Key(key.into()))
    }

    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        self.with(Step::Index(index))
    }

    fn with(&self, last: Step) -> Self {
        let mut steps = Vec::with_capacity(self.0.len() + 1);
        steps.extend_from_slice(&self.0);
        steps.push(last);
        Self(steps)
    }

    /// The path without its last step; the root above the root.
    #[must_use]
    pub fn above(&self) -> Self {
        Self(self.0.split_last().map_or(Vec::new(), |(_, above)| above.to_vec()))
    }

    #[must_use]
    pub fn join(&self, rest: &Self) -> Self {
        Self(self.0.iter().chain(&rest.0).cloned().collect())
    }
}

impl fmt::Display for Path {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, step) in self.0.iter().enumerate() {
            match step {
                Step::Index(index) => write!(out, "[{index}]")?,
                Step::Key(key) if !plain(key) => write!(out, "[{key:?}]")?,
                Step::Key(key) if at == 0 => write!(out, "{key}")?,
                Step::Key(key) => write!(out, ".{key}")?,
            }
        }
        Ok(())
    }
}

fn plain(key: &str) -> bool {
    !key.is_empty() && key.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_written_as_people_write_them() {
        let path = Path::of("spec.sources").index(0).key("name");
        assert_eq!(path.to_string(), "spec.sources[0].name");
        let path = Path::of("metadata.annotations").key("a.b/c");
        assert_eq!(path.to_string(), r#"metadata.annotations["a.b/c"]"#);
        assert_eq!(Path::default().to_string(), "");
    }
}
