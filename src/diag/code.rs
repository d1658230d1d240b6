//! The one catalogue of finding codes: name, severity, summary. docs/diagnostics.md has a heading
//! for each, which a test holds. Knows nothing of when a finding arises.

use super::Severity;

macro_rules! catalogue {
    ($($variant:ident $name:literal $severity:ident $summary:literal;)*) => {
        /// A stable, kebab-case name for one kind of finding.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Code {
            $(#[doc = $summary] $variant,)*
        }

        impl Code {
            /// Every code, in the order of the catalogue.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name that output and documentation use.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The code of a name, if there is one.
            pub fn parse(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|code| code.name() == name)
            }

            /// How much a finding of this code weighs unless it says otherwise.
            pub fn severity(self) -> Severity {
                match self { $(Self::$variant => Severity::$severity,)* }
            }

            /// One line on what the code means.
            pub fn summary(self) -> &'static str {
                match self { $(Self::$variant => $summary,)* }
            }
        }
    };
}

catalogue! {
    UnreadableFile "unreadable-file" Error "a file or folder that was named cannot be read";
    NotUtf8 "not-utf8" Error "a file is not UTF-8 text";
    NoManifests "no-manifests" Error "the input holds no manifest at all";
    YamlSyntax "yaml-syntax" Error "a document is not YAML";
    TooDeep "too-deep" Error "a document nests deeper than any manifest does";
    TooLarge "too-large" Error "an input is larger, or expands to more, than any manifest";
    KustomizeFailed "kustomize-failed" Error "a kustomization that cannot be built";
    DuplicateKey "duplicate-key" Error "a mapping has the same key twice";
    MergeOverrides "merge-overrides" Warning "a merge key changes a key that stands above it";
    NotAManifest "not-a-manifest" Note "a document has neither apiVersion nor kind and is passed over";
    HelmTemplate "helm-template" Note "a Helm chart or another template is passed over";
    SkippedKind "skipped-kind" Note "a document is for another tool and is passed over";
    MissingField "missing-field" Error "a required field is not there";
    UnknownField "unknown-field" Error "a field that the kind does not have";
    WrongType "wrong-type" Error "a value is of another type than its field";
    InvalidValue "invalid-value" Error "a value is outside of what its field allows";
    ForbiddenField "forbidden-field" Error "a field that may not be set here";
    UnknownKind "unknown-kind" Warning "a kind that its group does not have, and nearly has";
    UnservedVersion "unserved-version" Error "a known kind in an API version that servers no longer serve";
    DuplicateObject "duplicate-object" Error "the same object is declared twice";
    DanglingReference "dangling-reference" Error "a reference to an object that is declared nowhere";
    WrongKind "wrong-kind" Error "a reference to an object of a kind that cannot stand there";
    StreamNameCollision "stream-name-collision" Error "two channels come out as one stream";
    InvalidStreamName "invalid-stream-name" Error "a channel whose stream the server will refuse for its name";
    ConsumerNotPlanned "consumer-not-planned" Warning "a subscription whose consumer evctl cannot derive";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_kebab_case_and_unique() {
        let mut names: Vec<_> = Code::ALL.iter().map(|code| code.name()).collect();
        for name in &names {
            assert!(name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'));
        }
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Code::ALL.len());
    }

    #[test]
    fn every_name_parses_back() {
        for code in Code::ALL {
            assert_eq!(Code::parse(code.name()), Some(*code));
        }
        assert_eq!(Code::parse("Yaml-Syntax"), None);
        assert_eq!(Code::parse(""), None);
    }
}
