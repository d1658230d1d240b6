//! A project and one of its environments, laid one over the other: what a run goes by.

use std::collections::BTreeMap;

use crate::model::assumed::{Assumed, Features};
use crate::model::text::{EnvironmentName, ObjectText};

use super::environment::{Assume, Defaults, Environment, KubernetesPlane, NatsPlane, Streams};
use super::policy::Policy;
use super::{Moved, Project};

/// What a run goes by.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Settings {
    /// The environment's name, where one was chosen.
    pub environment: Option<String>,
    pub sources: Vec<String>,
    pub kustomize: Vec<String>,
    pub namespace: Option<String>,
    pub kubernetes: Option<KubernetesPlane>,
    pub nats: Option<NatsPlane>,
    pub streams: Option<Streams>,
    pub assume: Assume,
    pub defaults: Defaults,
    pub policy: Policy,
    pub moved: Vec<Moved>,
    pub removed: Vec<ObjectText>,
}

/// An environment was asked for that the project does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unknown {
    /// Those that it has.
    pub known: Vec<String>,
}

/// The project as it is in an environment, or in none.
///
/// # Errors
/// The project has no environment of the name.
pub fn settings(project: &Project, environment: Option<&str>) -> Result<Settings, Unknown> {
    let environments = project.environments.clone().unwrap_or_default();
    let none = Environment::default();
    let chosen = match environment {
        None => &none,
        Some(name) => find(&environments, name).ok_or_else(|| Unknown {
            known: environments.keys().map(|name| name.as_str().to_owned()).collect(),
        })?,
    };
    Ok(Settings {
        environment: environment.map(str::to_owned),
        sources: both(project.sources.as_ref(), chosen.sources.as_ref()),
        kustomize: both(project.kustomize.as_ref(), chosen.kustomize.as_ref()),
        namespace: chosen.namespace.as_ref().map(|name| name.as_str().to_owned()),
        kubernetes: chosen.kubernetes.clone(),
        nats: chosen.nats.clone(),
        streams: chosen.streams.or(project.streams),
        assume: assume(project.assume.as_ref(), chosen.assume.as_ref()),
        defaults: defaults(project.defaults.as_ref(), chosen.defaults.as_ref()),
        policy: project.policy.clone().unwrap_or_default().with(chosen.policy.as_ref()),
        moved: project.moved.clone().unwrap_or_default(),
        removed: project.removed.clone().unwrap_or_default(),
    })
}

impl Settings {
    /// Whether the manifests stand elsewhere than in the project file's folder.
    pub fn names_sources(&self) -> bool {
        !self.sources.is_empty() || !self.kustomize.is_empty()
    }

    /// What is taken for granted about the servers.
    pub fn assumed(&self) -> Assumed {
        Assumed {
            features: Features::new(self.assume.features.clone().unwrap_or_default()),
            ..Assumed::from(&self.defaults)
        }
    }
}

fn find<'e>(
    environments: &'e BTreeMap<EnvironmentName, Environment>,
    name: &str,
) -> Option<&'e Environment> {
    environments.iter().find(|(key, _)| key.as_str() == name).map(|(_, environment)| environment)
}

fn both(first: Option<&Vec<String>>, second: Option<&Vec<String>>) -> Vec<String> {
    first.into_iter().chain(second).flatten().cloned().collect()
}

fn assume(project: Option<&Assume>, over: Option<&Assume>) -> Assume {
    let (project, over) = (project.cloned().unwrap_or_default(), over.cloned().unwrap_or_default());
    let mut features = project.features.unwrap_or_default();
    features.extend(over.features.unwrap_or_default());
    Assume {
        kubernetes: over.kubernetes.or(project.kubernetes),
        knative: over.knative.or(project.knative),
        nats: over.nats.or(project.nats),
        features: Some(features),
    }
}

fn defaults(project: Option<&Defaults>, over: Option<&Defaults>) -> Defaults {
    let (project, over) = (project.cloned().unwrap_or_default(), over.cloned().unwrap_or_default());
    let mut namespaces = project.namespaces.unwrap_or_default();
    namespaces.extend(over.namespaces.unwrap_or_default());
    Defaults {
        channel: over.channel.or(project.channel),
        broker: over.broker.or(project.broker),
        namespaces: Some(namespaces),
    }
}
