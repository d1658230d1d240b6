//! What the ConfigMaps of the NATS channel and of Knative's defaults refer to.

use crate::diag::{Code, Severity};
use crate::model::config_maps::{ConfigMap, Settings};
use crate::model::decode::Place;
use crate::model::manifest::Typed;
use crate::model::shape::nearest;
use crate::model::{Manifest, ObjectKey, Path};

use super::Reference;
use super::resolve::Resolver;

impl Resolver<'_> {
    pub(super) fn config_map(&mut self, manifest: &Manifest, map: &ConfigMap) {
        for settings in &map.settings {
            match settings {
                Settings::Nats(connection) => {
                    connection.secrets().for_each(|name| self.secret(manifest, name));
                }
                Settings::JetStream(connection) => {
                    connection.secrets().for_each(|name| self.secret(manifest, name));
                }
                Settings::Dispatchers(defaults) => {
                    let at = Path::of("data.jetstream-dispatcher-config");
                    let own = manifest.key.namespace.clone().unwrap_or_default();
                    if let Some(default) = &defaults.cluster_default {
                        let at = at.key("clusterDefault").key("configName");
                        self.connection(manifest, map, &at, &own, default.config_name.as_str());
                    }
                    for (namespace, default) in defaults.namespace_defaults.iter().flatten() {
                        let namespace = namespace.as_str();
                        let at = at.key("namespaceDefaults").key(namespace).key("configName");
                        self.connection(
                            manifest,
                            map,
                            &at,
                            namespace,
                            default.config_name.as_str(),
                        );
                    }
                }
                Settings::BrokerChannel(_)
                | Settings::Channels(_)
                | Settings::Brokers(_)
                | Settings::Features(_) => {}
            }
        }
    }

    /// A dispatcher's ConfigMap. Where others of its sort are declared and this one is not, that is
    /// probably an oversight.
    fn connection(
        &mut self,
        manifest: &Manifest,
        map: &ConfigMap,
        at: &Path,
        namespace: &str,
        name: &str,
    ) {
        let to = ObjectKey {
            group: "".into(),
            kind: "ConfigMap".into(),
            namespace: Some(namespace.into()),
            name: name.into(),
        };
        self.topology.references.push(Reference { from: manifest.key.clone(), to: to.clone() });
        let connections: Vec<&Manifest> =
            self.manifests.iter().filter(|manifest| is_connection(manifest)).collect();
        if self.declared.contains_key(&to) || connections.is_empty() {
            return;
        }
        let here = connections.iter().filter(|other| other.key.namespace == to.namespace);
        let near = nearest(name, here.map(|other| other.key.name.as_str()));
        let help = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => "declare it, with the key `eventing-jetstream`".to_owned(),
        };
        let place = Place { file: manifest.file, root: &map.opened };
        let message = format!("nothing declares {to}");
        let mut finding = place.finding(Code::DanglingReference, at, message, help);
        finding.severity = Severity::Note;
        self.dangling.push((to, finding.object(manifest.key.to_string())));
    }
}

fn is_connection(manifest: &Manifest) -> bool {
    let Typed::ConfigMap(map) = &manifest.typed else { return false };
    map.settings.iter().any(|settings| matches!(settings, Settings::JetStream(_)))
}
