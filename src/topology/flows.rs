//! Lowers the family of `model::knative::flows`.

use crate::model::Manifest;
use crate::model::knative::flows::Flow;

use super::resolve::Resolver;

impl Resolver<'_> {
    pub(super) fn flow_nodes(&mut self, _manifest: &Manifest, kind: &Flow) {
        match *kind {}
    }

    pub(super) fn flow_routes(&mut self, _manifest: &Manifest, kind: &Flow) {
        match *kind {}
    }
}
