//! NatsJetStreamChannels in the spelling of the channel's proposal
//! (shared/seeds/nats-jetstream-channel-proposal.md), rewritten to what was shipped: a tree before it is
//! decoded, so that what is checked, shown and sent is one thing. Values keep the places where they
//! were written; every rewriting is a note. Knows nothing of the rules of the shipped kind.

use crate::diag::{Code, FileId, Finding, Location, Severity, Span};
use crate::model::knative::messaging::GROUP;
use crate::model::object::group_of;
use crate::model::path::Path;
use crate::model::yaml::{Entry, Node, Value};

use super::KIND;

/// Choices of the stream: an empty one is the default, for the shipped webhook too.
const STREAM_CHOICES: &[&str] = &["retention", "discard", "storage"];
/// Choices of the consumers: an empty one is the default, for the shipped webhook too.
const CONSUMER_CHOICES: &[&str] =
    &["deliverPolicy", "replayPolicy", "consumerType", "sampleFrequency"];

/// Rewrites the spec of a NatsJetStreamChannel, or of a channel template that asks for one. What was
/// rewritten comes back as findings.
pub fn rewrite(file: FileId, root: &mut Node) -> Vec<Finding> {
    let Some(at) = spec_path(root) else { return Vec::new() };
    let Some(spec) = root.at_mut(&at) else { return Vec::new() };
    without_empty_choices(spec);
    if !has_marks(spec) {
        return Vec::new();
    }
    let mut rewriting = Rewriting { file, findings: Vec::new() };
    if let Some(config) = spec.get_mut("stream").and_then(|stream| stream.get_mut("config")) {
        rewriting.stream(config, &at.key("stream").key("config"));
    }
    let template = at.key("consumerConfigTemplate");
    if let Some(consumer) = spec.get_mut("consumerConfigTemplate") {
        rewriting.consumer(consumer, &template);
    }
    rewriting.pulled(spec, &at);
    rewriting.findings
}

/// Takes choices away that are empty texts: absent, they mean the same.
pub fn without_empty_choices(spec: &mut Node) {
    for (path, choices) in
        [("stream.config", STREAM_CHOICES), ("consumerConfigTemplate", CONSUMER_CHOICES)]
    {
        let Some(node) = spec.at_mut(&Path::of(path)) else { continue };
        for choice in choices {
            if is_empty(node.get(choice)) {
                node.remove(choice);
            }
        }
    }
}

/// Where a document has the spec of a NatsJetStreamChannel.
fn spec_path(root: &Node) -> Option<Path> {
    let is_channel = |node: &Node| {
        let text = |key: &str| node.get(key).and_then(Node::text).unwrap_or_default();
        text("kind") == KIND && group_of(text("apiVersion")) == GROUP
    };
    if is_channel(root) {
        return Some(Path::of("spec"));
    }
    let template = Path::of("spec.channelTemplate");
    root.at(&template).filter(|node| is_channel(node)).map(|_| template.key("spec"))
}

/// Whether a spec has anything that only the proposal has. Without it, the shipped rules alone hold.
fn has_marks(spec: &Node) -> bool {
    let has = |path: &str| spec.at(&Path::of(path)).is_some();
    let start_is_text = |node: &Node| node.get("optStartSeq").is_some_and(|n| n.text().is_some());
    let config = spec.at(&Path::of("stream.config"));
    let sources: &[Node] =
        match config.and_then(|config| config.get("sources")).map(|node| &node.value) {
            Some(Value::Sequence(items)) => items,
            _ => &[],
        };
    let starts = [spec.get("consumerConfigTemplate"), config.and_then(|c| c.get("mirror"))];
    has("stream.config.template")
        || has("consumerConfigTemplate.idleHeartbeat")
        || has("consumerConfigTemplate.rateLimitBps")
        || starts.into_iter().flatten().chain(sources).any(start_is_text)
}

fn is_empty(node: Option<&Node>) -> bool {
    node.and_then(Node::text).is_some_and(str::is_empty)
}

struct Rewriting {
    file: FileId,
    findings: Vec<Finding>,
}

impl Rewriting {
    fn stream(&mut self, config: &mut Node, at: &Path) {
        self.absent_field(
            config,
            &at.key("template"),
            "stream templates were never shipped, and JetStream has none any more",
        );
        for field in ["maxAge", "duplicateWindow"] {
            self.placeholder(config, &at.key(field));
        }
        if let Some(mirror) = config.get_mut("mirror") {
            self.origin(mirror, &at.key("mirror"));
        }
        if config.get("mirror").is_some_and(says_nothing) {
            self.dropped(config, &at.key("mirror"), "a mirror without a name mirrors nothing");
        }
        if let Some(Value::Sequence(sources)) = config.get_mut("sources").map(|n| &mut n.value) {
            for (number, source) in sources.iter_mut().enumerate() {
                self.origin(source, &at.key("sources").index(number));
            }
        }
        if let Some(Value::Sequence(tags)) =
            config.at_mut(&Path::of("placement.tags")).map(|node| &mut node.value)
        {
            let all = std::mem::take(tags).into_iter();
            *tags = all.filter(|tag| !is_empty(Some(tag))).collect();
        }
        if config.get("placement").is_some_and(says_nothing) {
            config.remove("placement");
        }
    }

    fn consumer(&mut self, consumer: &mut Node, at: &Path) {
        self.absent_field(
            consumer,
            &at.key("idleHeartbeat"),
            "the released dispatcher asks for no heartbeats",
        );
        for field in ["ackWait", "optStartTime"] {
            self.placeholder(consumer, &at.key(field));
        }
        self.start(consumer, &at.key("optStartSeq"));
        self.renamed(consumer, &at.key("rateLimitBps"), "rateLimitBPS");
        let pending = consumer.get("maxAckPending").map(|node| (&node.value, node.span));
        if let Some((Value::Number(number), span)) = pending
            && number.as_i64() == Some(0)
        {
            let message = "the proposal's 0 is no limit; shipped, 0 leaves it to the server: 1000";
            self.tell(
                Severity::Note,
                &at.key("maxAckPending"),
                span,
                message,
                "write -1 for no limit",
            );
        }
    }

    /// A stream that is copied from.
    fn origin(&mut self, origin: &mut Node, at: &Path) {
        self.start(origin, &at.key("optStartSeq"));
        self.placeholder(origin, &at.key("optStartTime"));
    }

    /// A field that was not shipped under any name.
    fn absent_field(&mut self, node: &mut Node, field: &Path, why: &str) {
        let name = last(field);
        let Some(entry) = node.entry(name) else { return };
        if is_empty(Some(&entry.value)) {
            let span = entry.key_span;
            let message = format!("`{name}` is in the channel's proposal alone: {why}");
            self.tell(
                Severity::Note,
                field,
                span,
                &message,
                "take it away; it is empty and not sent",
            );
        } else {
            let span = entry.key_span;
            let message = format!("`{name}` has no effect: {why}");
            let help = "take it away; it is in the channel's proposal alone, a server would drop it \
                        silently, and evctl does not send it";
            self.tell(Severity::Warning, field, span, &message, help);
        }
        node.remove(name);
    }

    /// An empty text that stands for the default. The shipped webhook refuses it.
    fn placeholder(&mut self, node: &mut Node, field: &Path) {
        if is_empty(node.get(last(field))) {
            self.dropped(node, field, "empty stands for the default in the proposal alone");
        }
    }

    fn dropped(&mut self, node: &mut Node, field: &Path, why: &str) {
        let name = last(field);
        let Some(span) = node.get(name).map(|value| value.span) else { return };
        let message = format!("`{name}` is left out: {why}");
        self.tell(Severity::Note, field, span, &message, "leave it out");
        node.remove(name);
    }

    /// A sequence, which the proposal writes as text.
    fn start(&mut self, node: &mut Node, field: &Path) {
        let Some(value) = node.get_mut(last(field)) else { return };
        let (Some(text), span) = (value.text().map(str::to_owned), value.span) else { return };
        if text.is_empty() {
            return self.placeholder(node, field);
        }
        let Ok(number) = text.parse::<u64>() else { return };
        value.value = Value::Number(number.into());
        let message =
            format!("the proposal writes `{}` as text; shipped, it is a number", last(field));
        let help = format!("write {number} without quotes; evctl sends it so");
        self.tell(Severity::Note, field, span, &message, &help);
    }

    /// A field that was shipped under another name.
    fn renamed(&mut self, node: &mut Node, field: &Path, shipped: &str) {
        if node.get(shipped).is_some() {
            return;
        }
        let Value::Mapping(entries) = &mut node.value else { return };
        let Some(entry) = entries.iter_mut().find(|entry| entry.key == last(field)) else { return };
        let Entry { key, key_span, .. } = entry;
        *key = shipped.into();
        let span = *key_span;
        let message = format!("`{}` of the proposal was shipped as `{shipped}`", last(field));
        let help =
            format!("write {shipped}; evctl sends it so, as a server drops the other silently");
        self.tell(Severity::Note, field, span, &message, &help);
    }

    /// The proposal's consumers are pulled from; the shipped default is push.
    fn pulled(&mut self, spec: &Node, at: &Path) {
        let template = spec.entry("consumerConfigTemplate");
        if template.is_some_and(|entry| entry.value.get("consumerType").is_some()) {
            return;
        }
        let span = template.map_or(spec.span, |entry| entry.key_span);
        let message = "the proposal's consumers are pulled from; shipped, the server pushes to them \
                       unless `consumerType` is Pull";
        let help = "write `consumerType: Push`, which is what works in the released dispatcher";
        self.tell(Severity::Note, &at.key("consumerConfigTemplate"), span, message, help);
    }

    fn tell(&mut self, severity: Severity, path: &Path, span: Span, message: &str, help: &str) {
        let finding = Finding::new(Code::ProposalField, message, help)
            .at(Location { file: self.file, span })
            .path(path.to_string());
        self.findings.push(Finding { severity, ..finding });
    }
}

/// Whether a mapping holds nothing but empty texts and empty lists.
fn says_nothing(node: &Node) -> bool {
    match &node.value {
        Value::Mapping(entries) => entries.iter().all(|entry| says_nothing(&entry.value)),
        Value::Sequence(items) => items.is_empty(),
        Value::String(text) => text.is_empty(),
        Value::Null => true,
        Value::Bool(_) | Value::Number(_) => false,
    }
}

fn last(path: &Path) -> &str {
    match path.0.last() {
        Some(crate::model::path::Step::Key(key)) => key,
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::yaml::documents;

    #[test]
    fn what_is_sent_is_in_the_shipped_spelling() {
        let text = "apiVersion: messaging.knative.dev/v1alpha1\nkind: NatsJetStreamChannel\nspec:\n  \
                    stream: {config: {template: '', retention: '', maxAge: '', maxMsgs: 0, \
                    mirror: {name: ''}, placement: {tags: ['']}, sources: [{name: A, optStartSeq: '7'}]}}\n  \
                    consumerConfigTemplate: {optStartSeq: '42', rateLimitBps: 8, idleHeartbeat: 1s}\n";
        let mut root = documents(text).0.remove(0).root.expect("a document");
        let findings = rewrite(FileId(0), &mut root);
        assert_eq!(
            root.to_json()["spec"],
            json!({
                "stream": {"config": {"maxMsgs": 0, "sources": [{"name": "A", "optStartSeq": 7}]}},
                "consumerConfigTemplate": {"optStartSeq": 42, "rateLimitBPS": 8}
            })
        );
        let warnings = findings.iter().filter(|finding| finding.severity == Severity::Warning);
        assert_eq!(
            warnings.map(|finding| finding.path.as_str()).collect::<Vec<_>>(),
            ["spec.consumerConfigTemplate.idleHeartbeat"]
        );
    }

    #[test]
    fn what_is_shipped_stays_as_it_is() {
        let text = "apiVersion: messaging.knative.dev/v1alpha1\nkind: NatsJetStreamChannel\nspec:\n  \
                    consumerConfigTemplate: {ackWait: '', optStartSeq: 4, rateLimitBPS: 8}\n";
        let mut root = documents(text).0.remove(0).root.expect("a document");
        let before = root.clone();
        assert_eq!((rewrite(FileId(0), &mut root), root), (Vec::new(), before));
    }
}
