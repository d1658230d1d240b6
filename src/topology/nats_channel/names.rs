//! The Service that the controller makes for a channel, whose name has an end that counts too.

use crate::diag::{Code, Finding};
use crate::topology::resolve::Resolver;

use super::NatsChannel;

const SUFFIX: &str = "-kn-jsm-channel";
/// The longest name of a Service: it is a label of DNS.
const LONGEST: usize = 63;

/// A channel's Service is called after it, and the API server refuses longer names.
pub(super) fn service_name(_: &Resolver<'_>, channel: &NatsChannel<'_>) -> Vec<Finding> {
    let (name, most) = (&channel.key.name, LONGEST - SUFFIX.len());
    if name.len() <= most {
        return Vec::new();
    }
    let message = format!(
        "the channel `{name}` never becomes Ready: its Service would be called `{name}{SUFFIX}`, and 63 characters \
         are allowed"
    );
    let over = name.len() - most;
    let help = format!("take {over} characters off the name");
    let path = crate::model::Path::of("metadata.name");
    vec![super::tell(channel.manifest, Code::NameTooLong, &path, message, &help)]
}
