//! Lowers the family of `model::knative::eventing`.

use crate::model::Manifest;
use crate::model::knative::eventing::Eventing;

use super::resolve::Resolver;

impl Resolver<'_> {
    pub(super) fn eventing_nodes(&mut self, _manifest: &Manifest, kind: &Eventing) {
        match *kind {}
    }

    pub(super) fn eventing_routes(&mut self, _manifest: &Manifest, kind: &Eventing) {
        match *kind {}
    }
}
