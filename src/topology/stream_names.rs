//! Names of streams that the server will refuse, or that two channels share: upper case and `-` to
//! `_` make two names one.

use std::collections::BTreeMap;

use crate::diag::{Code, Finding};
use crate::jetstream::{channel, naming};
use crate::model::natsjs::{self, NatsJetStreamChannelSpec};
use crate::model::{Manifest, Path};

use super::resolve::Resolver;
use super::{Backing, NodeName, Role};

impl Resolver<'_> {
    pub(super) fn stream_names(&mut self) {
        let mut streams: BTreeMap<String, &Manifest> = BTreeMap::new();
        for manifest in self.manifests {
            let Some(spec) = self.stream_spec(manifest) else { continue };
            let namespace = manifest.key.namespace.as_deref().unwrap_or_default();
            let stream = channel::stream_name(namespace, &manifest.key.name, spec);
            let path = path(manifest, spec);
            let finding = match (naming::fault(&stream), streams.get(&stream)) {
                (Some(fault), _) => invalid(manifest, &path, &stream, &fault),
                (None, Some(first)) if first.key != manifest.key => {
                    collision(manifest, &path, &stream, first)
                }
                _ => {
                    streams.insert(stream, manifest);
                    continue;
                }
            };
            self.findings.push(finding.object(manifest.key.to_string()));
        }
    }

    fn stream_spec(&self, manifest: &Manifest) -> Option<&NatsJetStreamChannelSpec> {
        if !manifest.key.kind.ends_with("Channel") {
            return None;
        }
        let node = self.nodes.get(&NodeName::Object(manifest.key.clone()))?;
        match &self.topology.graph[*node].role {
            Role::Channel(channel) => match &channel.backing {
                Backing::NatsJetStream(spec) => Some(spec),
                _ => None,
            },
            Role::Sink | Role::Producer => None,
        }
    }
}

fn invalid(manifest: &Manifest, path: &Path, stream: &str, fault: &str) -> Finding {
    let message = format!("the stream `{stream}` can never be made: {fault}");
    let help = "choose another name; the server's reason would only be seen in a Kubernetes Event";
    manifest.place().finding(Code::InvalidStreamName, path, message, help)
}

fn collision(manifest: &Manifest, path: &Path, stream: &str, first: &Manifest) -> Finding {
    let message = format!("this channel's stream is `{stream}`, as is that of {}", first.key);
    let help = "rename one of them, or give it a stream.overrideName";
    let finding = manifest.place().finding(Code::StreamNameCollision, path, message, help);
    finding.related(first.name_location(), "the same stream")
}

/// What the stream's name is made from.
fn path(manifest: &Manifest, spec: &NatsJetStreamChannelSpec) -> Path {
    let overridden = spec.stream.as_ref().is_some_and(|stream| stream.override_name.is_some());
    let in_template = manifest.key.kind != natsjs::KIND;
    Path::of(match (overridden, in_template) {
        (false, _) => "metadata.name",
        (true, false) => "spec.stream.overrideName",
        (true, true) => "spec.channelTemplate.spec.stream.overrideName",
    })
}
