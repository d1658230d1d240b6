//! Channels that the dispatcher of their own namespace serves (`eventing.knative.dev/scope: namespace`): it
//! connects as the ConfigMap of that namespace says, so they are a site by the namespace's name. Knows no
//! connection.

use std::collections::BTreeMap;

use crate::model::config_maps::Settings;
use crate::model::manifest::Typed;
use crate::model::natsjs::rules::SCOPE;
use crate::model::{Manifest, ObjectKey, Path};

use super::Site;

/// The namespace of each channel that is scoped to it.
pub fn scopes<'m>(
    manifests: impl IntoIterator<Item = &'m Manifest>,
) -> BTreeMap<&'m ObjectKey, &'m str> {
    let scoped = manifests.into_iter().filter_map(|manifest| {
        let is_channel = manifest.key.is("messaging.knative.dev", "NatsJetStreamChannel");
        let scope = manifest.root.at(&Path::of("metadata.annotations").key(SCOPE));
        let is_own = is_channel && scope.and_then(|scope| scope.text()) == Some("namespace");
        Some((&manifest.key, manifest.key.namespace.as_deref()?)).filter(|_| is_own)
    });
    scoped.collect()
}

/// The sites of such channels, where dispatchers connect by a ConfigMap of this name, unless the manifests
/// say another for the dispatcher of a namespace.
pub fn scoped_sites(manifests: &[Manifest], config_map: &str) -> BTreeMap<String, Site> {
    let sites = scopes(manifests).into_values().map(|namespace| {
        let config_map = named_for(manifests, namespace).unwrap_or(config_map);
        let map = ObjectKey {
            group: "".into(),
            kind: "ConfigMap".into(),
            namespace: Some(namespace.into()),
            name: config_map.into(),
        };
        (namespace.to_owned(), Site { account: Some(map), domain: String::new() })
    });
    sites.collect()
}

/// The ConfigMap of a namespace's dispatcher, as `jetstream-dispatcher-config` of the channel's proposal has it.
fn named_for<'m>(manifests: &'m [Manifest], namespace: &str) -> Option<&'m str> {
    let maps = manifests.iter().filter_map(|manifest| match &manifest.typed {
        Typed::ConfigMap(map) => Some(&map.settings),
        _ => None,
    });
    let named = maps.flatten().filter_map(|settings| match settings {
        Settings::Dispatchers(defaults) => defaults.namespace_defaults.as_ref(),
        _ => None,
    });
    let mut named = named.flatten().filter(|(of, _)| of.as_str() == namespace);
    named.next().map(|(_, default)| default.config_name.as_str())
}
