//! Which `JetStream` API requests the other clients of an account make, so that a test can say:
//! these were reads only.
//!
//! A plain subscription sees them all, bodies included. It is on `$JS.>`, not on `$JS.API.>`, and the
//! difference matters: the server hands a message to wider subscriptions first, so this one has the
//! request before the API has it, and whoever has an answer can rely on the list. On the same level
//! as the API's own subscription the order is open (tried: 6 of 12,000 came late, against none).
//! The audit advisory (`$JS.EVENT.ADVISORY.API`) would not do: it comes some time after the answer
//! and leaves out direct gets and pulls.
//!
//! One effect on the watched: the watcher counts as a responder. A request that no one serves (any in
//! an account without `JetStream`, a direct get on a stream that does not allow it) normally fails at
//! once with "no responders"; under a watch it waits for its time to be up. Do not watch these.

use super::nats_frames::Message;
use super::nats_wire::{Subscription, Wire};

/// The requests since the watch began.
pub(crate) struct ApiWatch {
    // Above the connection: it ends first.
    requests: Subscription,
    _wire: Wire,
}

impl ApiWatch {
    /// Watches the account of the URL's user.
    pub(crate) fn start(url: &str) -> Self {
        let wire = Wire::connect(url);
        Self { requests: wire.subscribe("$JS.>"), _wire: wire }
    }

    /// The requests so far: subject and body.
    pub(crate) fn requests(&self) -> Vec<Message> {
        let mut requests = self.requests.messages();
        requests.retain(|message| message.subject.starts_with(PREFIX));
        requests
    }

    /// The subjects of the requests so far, without the prefix `$JS.API.`.
    pub(crate) fn subjects(&self) -> Vec<String> {
        let requests = self.requests();
        requests.iter().map(|request| request.subject.replacen(PREFIX, "", 1)).collect()
    }

    /// The subjects of the requests so far that are not known to leave everything as it was.
    pub(crate) fn writes(&self) -> Vec<String> {
        let mut subjects = self.subjects();
        subjects.retain(|subject| !is_read(subject));
        subjects
    }
}

/// The subject without its prefix, if it is one of the API and not known to leave everything as it was.
pub(super) fn is_write(subject: &str) -> Option<&str> {
    subject.strip_prefix(PREFIX).filter(|subject| !is_read(subject))
}

const PREFIX: &str = "$JS.API.";

/// The API subjects that only look; any other counts as a write.
const READS: [&str; 9] = [
    "INFO",
    "STREAM.INFO.",
    "STREAM.NAMES",
    "STREAM.LIST",
    "STREAM.MSG.GET.",
    "CONSUMER.INFO.",
    "CONSUMER.NAMES.",
    "CONSUMER.LIST.",
    "DIRECT.GET.",
];

fn is_read(subject: &str) -> bool {
    READS.iter().any(|read| match read.strip_suffix('.') {
        Some(_) => subject.starts_with(read),
        None => subject == *read,
    })
}
