//! The published schemas, held against what reads them: validators, an editor's language server, an
//! API server.

pub(super) mod alone;
pub(super) mod cluster;
pub(super) mod documents;
pub(super) mod editor;
pub(super) mod files;
pub(super) mod outputs;
pub(super) mod validators;
