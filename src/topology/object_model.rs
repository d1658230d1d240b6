//! Lowers the family of `model::object_model`.

use crate::model::Manifest;
use crate::model::object_model::ObjectModel;

use super::resolve::Resolver;

impl Resolver<'_> {
    pub(super) fn object_model_nodes(&mut self, _manifest: &Manifest, kind: &ObjectModel) {
        match *kind {}
    }

    pub(super) fn object_model_routes(&mut self, _manifest: &Manifest, kind: &ObjectModel) {
        match *kind {}
    }
}
