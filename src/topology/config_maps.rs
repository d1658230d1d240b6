//! What the NATS channel's ConfigMaps refer to.

use crate::model::Manifest;
use crate::model::config_maps::ConfigMap;

use super::resolve::Resolver;

impl Resolver<'_> {
    pub(super) fn config_map(&mut self, _manifest: &Manifest, kind: &ConfigMap) {
        match *kind {}
    }
}
