//! What the files say, read and resolved: where every verb begins. Must not know servers.

use std::collections::BTreeMap;

use clap::ValueEnum;

use crate::diag::{self, Code, Finding, Severity, Sources};
use crate::model::nack::GROUP;
use crate::model::{self, Input, Manifest};
use crate::plan::preflight;
use crate::topology::{Backing, Channel, Resolved, resolve};
use crate::world::Plane;

use super::args::InputArgs;
use super::inputs;
use super::planes;
use super::settings::Chosen;

/// What the files say.
pub(super) struct Read {
    pub sources: Sources,
    pub manifests: Vec<Manifest>,
    pub findings: Vec<Finding>,
    pub resolved: Resolved,
    /// The name in the project file.
    pub project: Option<String>,
    /// What the project makes of findings.
    overrides: BTreeMap<Code, diag::Override>,
    /// The version of nats-server that is assumed while none is asked.
    nats: String,
}

/// Reads every file and resolves what is in them.
///
/// # Errors
/// The command line asks for an environment that is not there.
pub(super) fn read<Form: ValueEnum + Default + Send + Sync>(
    args: &InputArgs<Form>,
) -> Result<Read, String> {
    let (inputs, chosen) = inputs::read(args)?;
    let namespace = chosen.namespace(args.namespace.as_deref());
    Ok(resolved(&inputs, namespace.as_deref().unwrap_or("default"), &chosen))
}

/// The manifests alone, with the settings that they are read by; findings are passed over.
///
/// # Errors
/// The command line asks for an environment that is not there.
pub(super) fn manifests(args: &InputArgs) -> Result<(Vec<Manifest>, Chosen), String> {
    let (inputs, chosen) = inputs::read(args)?;
    let namespace = chosen.namespace(args.namespace.as_deref());
    let namespace = namespace.as_deref().unwrap_or("default");
    Ok((model::load(inputs, namespace, &chosen.assumed).manifests, chosen))
}

/// What inputs come to once references between them are resolved.
pub(super) fn resolved(inputs: &[Input], namespace: &str, chosen: &Chosen) -> Read {
    let assumed = &chosen.assumed;
    let loaded = model::load(inputs.to_vec(), namespace, assumed);
    let mut findings = loaded.findings;
    if loaded.manifests.is_empty() && diag::worst(&findings) < Some(Severity::Error) {
        let message = "the input holds no manifest";
        let help = "name files or folders with Kubernetes YAML: channels, subscriptions, services";
        findings.push(Finding::new(Code::NoManifests, message, help));
    }
    let mut resolved = resolve(&loaded.manifests, assumed);
    findings.append(&mut resolved.findings);
    loaded.sources.scrub(&mut findings);
    resolved.dangling.iter_mut().for_each(|(_, finding)| {
        loaded.sources.scrub(std::slice::from_mut(finding));
    });
    loaded.sources.origins.settle(&mut findings);
    let overrides = chosen.settings.policy.overrides();
    diag::apply_overrides(&mut findings, &overrides);
    resolved.dangling.retain_mut(|(_, finding)| diag::overridden(finding, &overrides));
    diag::sort(&mut findings);
    Read {
        sources: loaded.sources,
        manifests: loaded.manifests,
        findings,
        resolved,
        project: loaded.project.map(|(name, _)| name),
        overrides,
        nats: planes::assumed_nats(&chosen.settings.assume),
    }
}

impl Read {
    /// Takes dangling references in as findings, but for those that the predicate clears.
    pub(super) fn take_dangling(&mut self, clear: impl Fn(&model::ObjectKey) -> bool) {
        let dangling = std::mem::take(&mut self.resolved.dangling);
        self.findings.extend(dangling.into_iter().filter(|(key, _)| !clear(key)).map(|(_, f)| f));
        self.sources.origins.settle(&mut self.findings);
        diag::sort(&mut self.findings);
    }

    /// Takes in what servers of the assumed version would say to streams and consumers.
    pub(super) fn take_refusals(&mut self) {
        let (topology, manifests) = (&self.resolved.topology, &self.manifests);
        self.take(preflight::offline(topology, manifests, &self.nats, &self.findings));
    }

    /// Takes findings in, as the project weighs them.
    pub(super) fn take(&mut self, mut findings: Vec<Finding>) {
        self.sources.scrub(&mut findings);
        diag::apply_overrides(&mut findings, &self.overrides);
        self.findings.append(&mut findings);
        self.sources.origins.settle(&mut self.findings);
        diag::sort(&mut self.findings);
    }

    pub(super) fn has_errors(&self) -> bool {
        diag::worst(&self.findings) == Some(Severity::Error)
    }

    /// Whether the files may speak of objects on a plane.
    pub(super) fn declares(&self, plane: Plane) -> bool {
        let is_nack = |manifest: &Manifest| manifest.key.group == GROUP;
        let is_backed = |channel: &Channel| matches!(channel.backing, Backing::NatsJetStream(_));
        match plane {
            Plane::Kubernetes => !self.manifests.iter().all(is_nack),
            Plane::Jetstream => {
                let mut channels = self.resolved.topology.channels();
                self.manifests.iter().any(is_nack)
                    || channels.any(|(_, _, channel)| is_backed(channel))
            }
        }
    }
}
