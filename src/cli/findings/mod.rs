//! Findings as something printed, one file for each form. The one place that turns a finding into
//! output; knows nothing of how findings arise or which stream takes them.

mod excerpt;
mod github;
mod json;
mod sarif;
mod text;

pub(super) use github::annotations;
pub(super) use json::{document, line, print, values};
pub(super) use sarif::log;
pub(super) use text::render;
