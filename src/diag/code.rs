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

            /// Whether a project must not weigh it otherwise: something was not read, or a secret
            /// stands where it must not.
            pub fn is_firm(self) -> bool {
                use Code::*;
                matches!(
                    self,
                    UnreadableFile | NotUtf8 | NoManifests | YamlSyntax | TooDeep | TooLarge
                        | DuplicateKey | KustomizeFailed | CredentialsInProject
                )
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
    ControllerConnection "controller-connection" Note "how NACK's controllers connect for an object, where evctl does not connect so";
    SkippedKind "skipped-kind" Note "a document is for another tool and is passed over";
    MissingField "missing-field" Error "a required field is not there";
    UnknownField "unknown-field" Error "a field that the kind does not have";
    WrongType "wrong-type" Error "a value is of another type than its field";
    InvalidValue "invalid-value" Error "a value is outside of what its field allows";
    CredentialsInProject "credentials-in-project" Error "a project file that holds credentials";
    ForbiddenField "forbidden-field" Error "a field that may not be set here";
    UnknownKind "unknown-kind" Warning "a kind that its group does not have, and nearly has";
    UnservedVersion "unserved-version" Error "a known kind in an API version that servers no longer serve";
    ProposalField "proposal-field" Note "a field or spelling that only the proposal of the NATS channel has";
    UnworkableSetting "unworkable-setting" Error "a setting that is admitted and with which the released software cannot work";
    IgnoredField "ignored-field" Warning "a field that is admitted and then has no effect";
    ImplicitDefault "implicit-default" Warning "a field that is left out, with a default that is rarely meant";
    UnknownFlag "unknown-flag" Warning "a feature flag, or a value of one, that Knative does not know";
    DuplicateObject "duplicate-object" Error "the same object is declared twice";
    DanglingReference "dangling-reference" Error "a reference to an object that is declared nowhere";
    WrongKind "wrong-kind" Error "a reference to an object of a kind that cannot stand there";
    UndeclaredStream "undeclared-stream" Note "a stream that is read from and declared nowhere here";
    StreamNameCollision "stream-name-collision" Error "two objects come out as one stream";
    ConsumerNameCollision "consumer-name-collision" Error "two objects come out as one consumer";
    FeatureDisabled "feature-disabled" Error "a kind or field that needs a feature which is switched off";
    NameTooLong "name-too-long" Error "a name that no label's value can hold, where a controller makes it one";
    IncompleteBackoff "incomplete-backoff" Warning "retries without a wait between them, or waits without retries";
    SeveralDialects "several-dialects" Error "a filter with more than one dialect";
    EmptyFilter "empty-filter" Warning "a filter that lets every event pass";
    FilterCrashes "filter-crashes" Error "a filter that ends the process of the broker's filter";
    InvalidCesql "invalid-cesql" Error "a CESQL expression that does not parse";
    CesqlNotBoolean "cesql-not-boolean" Error "a CESQL expression that never comes to a boolean";
    CesqlFunction "cesql-function" Error "a CESQL function that does not exist";
    CesqlLeftOut "cesql-left-out" Warning "characters of a CESQL expression that are left out silently";
    CesqlPrecedence "cesql-precedence" Warning "a NOT that takes less than it seems to";
    BrokerPathLost "broker-path-lost" Warning "a relative URI that takes the place of a Broker's own path";
    InvalidStreamName "invalid-stream-name" Error "a channel whose stream the server will refuse for its name";
    LaterDialect "later-dialect" Error "a document in a later dialect of the same API version";
    ProposedDialect "proposed-dialect" Note "a document in a dialect that was proposed and never shipped";
    WrittenByController "written-by-controller" Warning "a declaration that a controller writes over";
    SeveralMatches "several-matches" Error "a selector that must match one object matches several";
    Overwritten "overwritten" Error "two things under one name, of which one is lost";
    CrossTalk "cross-talk" Warning "events of two sources on one topic";
    Crashes "crashes" Error "a declaration that the software behind it crashes on";
    InvalidCondition "invalid-condition" Error "a condition that does not compile";
    NeverFires "never-fires" Error "nothing can ever come this way";
    InertField "inert-field" Warning "a field that is accepted and has no effect";
    OddFilter "odd-filter" Warning "a filter that does not do what it seems to";
    UnanchoredPattern "unanchored-pattern" Note "a pattern that fits parts of a text";
    RemovedBackend "removed-backend" Warning "a server that the software behind it no longer supports";
    ConsumerNotPlanned "consumer-not-planned" Warning "a subscription whose consumer evctl cannot derive";
    RefusedByServer "refused-by-server" Error "a stream or consumer that the server will refuse";
    FieldDroppedByServer "field-dropped-by-server" Error "a field that the server does not know and drops without a word";
    SubjectsOverlap "subjects-overlap" Error "two streams of one account that would take the same subject";
    CopyCircle "copy-circle" Error "streams that copy from each other in a circle";
    OverCapacity "over-capacity" Error "more than the limits of the account allow";
    WorkQueueShared "work-queue-shared" Error "a consumer that a work queue cannot have";
    NameTaken "name-taken" Error "a live stream of this name that another channel made";
    OriginMissing "origin-missing" Warning "a mirror or source of a stream that is nowhere";
    DeadFilter "dead-filter" Warning "a consumer's filter that no message of its stream can match";
    AttributeName "attribute-name" Warning "a name that is none of a CloudEvents attribute";
    DispatcherCrashes "dispatcher-crashes" Warning "a delivery at which the NATS channel's dispatcher ends, with every channel";
    LostOnRestart "lost-on-restart" Note "events and a stream that a restart of the nats-server takes away";
    SubscriptionRefused "subscription-refused" Error "a subscription for which the stream takes no consumer";
    DeadLetterGaps "dead-letter-gaps" Note "failures that a dead letter sink never gets to see";
    DroppedAsDuplicate "dropped-as-duplicate" Note "events that meet in a channel, which tells them apart by id alone";
    KeptForever "kept-forever" Note "events that were given up and stay in the stream";
    UnreadInterest "unread-interest" Note "a channel that drops every event while nothing reads it";
    OwnDispatcher "own-dispatcher" Note "a channel that waits for a dispatcher in its own namespace";
    SequentialBatch "sequential-batch" Note "a time limit that counts for a whole batch of events";
    UnprotectedFilter "unprotected-filter" Warning "a Parallel's filter is called without the care that its branch asks for";
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
