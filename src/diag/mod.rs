//! Findings: what evctl has to say about the input, each with a stable code, a place and a way on.
//! Knows nothing of YAML, Kubernetes, JetStream or of how findings are printed.

pub mod code;
pub mod origin;
pub mod overrides;
pub mod sources;
pub mod visible;

pub use code::Code;
pub use overrides::{Override, apply_overrides, overridden};
pub use sources::{FileId, Location, Sources, Span};

/// How much a finding weighs. Ordered: a note is less than an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing; never changes the exit code.
    Note,
    /// Probably not what was meant; changes the exit code with `--fail-on warning`.
    Warning,
    /// The run cannot be right; exit code 4.
    Error,
}

impl Severity {
    /// The word that text and JSON output use.
    pub fn word(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// A second place that a finding speaks of, in the same file or another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    pub at: Location,
    pub text: String,
}

/// One thing evctl has to say: what, where, why and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub code: Code,
    pub severity: Severity,
    /// What is wrong, in lower case and without a final period.
    pub message: String,
    /// What to do about it.
    pub help: String,
    /// The exact value. Absent only where there is no text to point at.
    pub at: Option<Location>,
    /// Where in the object, such as `spec.delivery.retry`; empty for the whole of it.
    pub path: String,
    /// The object, as `kind[.group]/[namespace/]name`.
    pub object: Option<String>,
    pub related: Vec<Label>,
}

impl Finding {
    /// A finding of the code's own severity, with no place yet.
    pub fn new(code: Code, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            code,
            severity: code.severity(),
            message: message.into(),
            help: help.into(),
            at: None,
            path: String::new(),
            object: None,
            related: Vec::new(),
        }
    }

    #[must_use]
    pub fn at(mut self, at: Location) -> Self {
        self.at = Some(at);
        self
    }

    #[must_use]
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.path = path.into();
        self
    }

    #[must_use]
    pub fn object(mut self, object: impl Into<String>) -> Self {
        self.object = Some(object.into());
        self
    }

    #[must_use]
    pub fn related(mut self, at: Location, text: impl Into<String>) -> Self {
        self.related.push(Label { at, text: text.into() });
        self
    }
}

/// The heaviest severity among findings, if there are any.
pub fn worst(findings: &[Finding]) -> Option<Severity> {
    findings.iter().map(|finding| finding.severity).max()
}

/// Orders findings as a reader meets them: by file, then by place, then by code; a finding that
/// is there twice stays once.
pub fn sort(findings: &mut Vec<Finding>) {
    findings
        .sort_by(|a, b| (a.at, a.code.name(), &a.message).cmp(&(b.at, b.code.name(), &b.message)));
    findings.dedup();
}
