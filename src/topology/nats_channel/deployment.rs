//! Dispatchers: which one serves a channel, and whose template its Deployment is made from.

use std::collections::BTreeMap;

use crate::diag::{Code, Finding, Severity};
use crate::model::Path;
use crate::model::natsjs::rules::SCOPE;
use crate::topology::resolve::Resolver;

use super::{NatsChannel, tell, tell_at_key};

/// The namespace whose dispatcher serves a channel, where it is not the cluster's.
fn own_namespace<'c>(channel: &'c NatsChannel<'_>) -> Option<&'c str> {
    let scope = channel.manifest.root.at(&Path::of("metadata.annotations").key(SCOPE));
    let own = channel.manifest.key == channel.key
        && scope.and_then(|scope| scope.text()) == Some("namespace");
    channel.key.namespace.as_deref().filter(|_| own)
}

/// A channel that the cluster's dispatcher leaves alone.
pub(super) fn own_dispatcher(_: &Resolver<'_>, channel: &NatsChannel<'_>) -> Vec<Finding> {
    let Some(namespace) = own_namespace(channel) else { return Vec::new() };
    let message = format!(
        "a dispatcher of its own is deployed to {namespace} for this channel, and there is no stream before \
         that runs; take the channels away before it, or their streams stay behind"
    );
    let help = "leave the annotation out for the dispatcher of the whole cluster";
    let path = Path::of("metadata.annotations").key(SCOPE);
    vec![tell(channel.manifest, Code::OwnDispatcher, &path, message, help)]
}

/// One Deployment and several templates for it: the channel that is reconciled last decides.
pub(super) fn templates(channels: &[NatsChannel<'_>]) -> Vec<Finding> {
    let mut first: BTreeMap<Option<&str>, &NatsChannel<'_>> = BTreeMap::new();
    let mut findings = Vec::new();
    for channel in channels.iter().filter(|c| c.spec.deployment_spec_template.is_some()) {
        let known = *first.entry(own_namespace(channel)).or_insert(channel);
        let same = known.spec.deployment_spec_template == channel.spec.deployment_spec_template;
        if same || known.manifest.key == channel.manifest.key {
            continue;
        }
        let path = channel.at("deploymentSpecTemplate");
        let message = format!(
            "{} says otherwise how the dispatcher is deployed, and there is one for both: the channel that \
             is reconciled last decides",
            known.manifest.key
        );
        let help = "write the same in both, or in one of them";
        let finding = tell_at_key(channel.manifest, Code::Overwritten, &path, message, help)
            .related(known.manifest.place().key(&known.at("deploymentSpecTemplate")), "the other");
        findings.push(Finding { severity: Severity::Warning, ..finding });
    }
    findings
}
