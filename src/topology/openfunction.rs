//! Lowers the family of `model::openfunction`.

use crate::model::Manifest;
use crate::model::openfunction::OpenFunction;

use super::resolve::Resolver;

impl Resolver<'_> {
    pub(super) fn openfunction_nodes(&mut self, _manifest: &Manifest, kind: &OpenFunction) {
        match *kind {}
    }

    pub(super) fn openfunction_routes(&mut self, _manifest: &Manifest, kind: &OpenFunction) {
        match *kind {}
    }
}
