//! What loading is given: bytes with a name, and how evctl came to read them. Reads no file itself.

use crate::diag::Finding;

/// A file's bytes, or why they could not be had.
#[derive(Debug, Clone)]
pub struct Input {
    /// How output calls it.
    pub name: String,
    pub content: Result<Vec<u8>, Box<Finding>>,
    pub how: How,
}

/// How evctl came to read an input.
#[derive(Debug, Clone, Default)]
pub enum How {
    /// The user named it, so it must be manifests.
    #[default]
    Named,
    /// It lay in a folder, where much else may lie.
    Found,
    /// It lay in a folder and belongs to another tool: this is said at its first line, no more.
    Passed(Box<Finding>),
    /// kustomize made it from a folder and these local files.
    Built { folder: String, files: Vec<OriginFile> },
}

/// A local file that kustomize was given.
#[derive(Debug, Clone)]
pub struct OriginFile {
    /// How output calls it: the folder that was built, and the way from there, without `..` inside.
    pub name: String,
    pub text: String,
}

impl Input {
    /// An input that the user named.
    pub fn named(name: impl Into<String>, content: Result<Vec<u8>, Box<Finding>>) -> Self {
        Self { name: name.into(), content, how: How::Named }
    }

    /// An input of which only a finding is left.
    pub fn failed(name: impl Into<String>, finding: Finding) -> Self {
        Self::named(name, Err(Box::new(finding)))
    }
}
