//! Lowers the family of `model::knative::sources`.

use crate::model::Manifest;
use crate::model::knative::sources::Source;

use super::resolve::Resolver;

impl Resolver<'_> {
    pub(super) fn source_nodes(&mut self, _manifest: &Manifest, kind: &Source) {
        match *kind {}
    }

    pub(super) fn source_routes(&mut self, _manifest: &Manifest, kind: &Source) {
        match *kind {}
    }
}
