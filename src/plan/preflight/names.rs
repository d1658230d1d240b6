//! Streams that are live under a name that is wanted, and that another channel made: taking one over
//! would take that channel's events.

use crate::diag::Code;
use crate::jetstream::Config;
use crate::jetstream::decode::Read;
use crate::world::{Key, World};

use super::Trouble;

/// The end of the subject under which a NATS channel publishes.
const CHANNEL: &str = "._knative";

/// What stands against adopting a stream.
pub(super) fn taken(key: &Key, config: &Config, live: &World) -> Option<Trouble> {
    let Key::Stream { name, .. } = key else { return None };
    let there = live.objects.get(key)?.body.as_object()?;
    let own = channel(config)?;
    let theirs = channel(there).filter(|theirs| *theirs != own)?;
    Some(Trouble {
        key: key.clone(),
        code: Code::NameTaken,
        err_code: None,
        text: format!("stream {name} is another channel's: `{theirs}`"),
        detail: format!("adopting it for `{own}` would take that channel's events"),
        help: "give this channel a stream.overrideName of its own",
        field: "name",
        related: Vec::new(),
    })
}

/// The subject under which a stream's channel publishes.
fn channel(config: &Config) -> Option<&str> {
    config.texts("subjects").into_iter().find(|subject| subject.ends_with(CHANNEL))
}
