//! Lowers the family of `model::nack`.

use crate::model::Manifest;
use crate::model::nack::Nack;

use super::resolve::Resolver;

impl Resolver<'_> {
    pub(super) fn nack_nodes(&mut self, _manifest: &Manifest, kind: &Nack) {
        match *kind {}
    }

    pub(super) fn nack_routes(&mut self, _manifest: &Manifest, kind: &Nack) {
        match *kind {}
    }
}
