//! Names of streams that the server will refuse, or that two channels share: upper case and `-` to
//! `_` make two names one, and an override in a template makes all channels of it one.

use std::collections::BTreeMap;

use crate::diag::{Code, Finding};
use crate::jetstream::{channel, naming};
use crate::model::natsjs::{self, NatsJetStreamChannelSpec};
use crate::model::{Manifest, ObjectKey, Path};

use super::resolve::Resolver;
use super::{Backing, NodeName};

impl Resolver<'_> {
    pub(super) fn stream_names(&mut self) {
        let mut streams: BTreeMap<String, &Manifest> = BTreeMap::new();
        let mut faulty: Vec<&ObjectKey> = Vec::new();
        for (_, node, channel) in self.topology.channels() {
            let (NodeName::Object(key), Backing::NatsJetStream(spec)) =
                (&node.name, &channel.backing)
            else {
                continue;
            };
            let declared = node.generated_by.as_ref().unwrap_or(key);
            let Some(at) = self.declared.get(declared) else { continue };
            let manifest = &self.manifests[*at];
            let namespace = key.namespace.as_deref().unwrap_or_default();
            let stream = channel::stream_name(namespace, &key.name, spec);
            let path = path(manifest, spec);
            let finding = match (naming::fault(&stream), streams.get(&stream)) {
                (Some(fault), _) => invalid(manifest, &path, &stream, &fault),
                (None, Some(first)) => collision(manifest, &path, &stream, first),
                (None, None) => {
                    streams.insert(stream, manifest);
                    continue;
                }
            };
            // One finding says it for all channels that one object makes.
            if !faulty.contains(&declared) {
                faulty.push(declared);
                self.findings.push(finding.object(manifest.key.to_string()));
            }
        }
    }
}

fn invalid(manifest: &Manifest, path: &Path, stream: &str, fault: &str) -> Finding {
    let message = format!("the stream `{stream}` can never be made: {fault}");
    let help = "choose another name; the server's reason would only be seen in a Kubernetes Event";
    manifest.place().finding(Code::InvalidStreamName, path, message, help)
}

fn collision(manifest: &Manifest, path: &Path, stream: &str, first: &Manifest) -> Finding {
    if first.key == manifest.key {
        let message = format!("all channels of this {} get one stream, `{stream}`", first.key.kind);
        let help = "take stream.overrideName out of the template; each channel needs its own";
        return manifest.place().finding(Code::StreamNameCollision, path, message, help);
    }
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
