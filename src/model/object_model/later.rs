//! Knative 0.2 to 0.7 served other shapes under eventing.knative.dev/v1alpha1
//! (shared/facts/knative.md §7). A document in one of them is said to be so, once, instead of one
//! unknown field at a time. Knows nothing of what it would be today: that is for migrating.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use crate::diag::Code;
use crate::model::kinds::{self, Spec};
use crate::model::manifest::Typed;
use crate::model::path::Path;
use crate::model::reading::Reading;

use super::{ChannelSpec, SubscriptionSpec};

/// The spec of a kind that only the later dialect has.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(transparent)]
pub(super) struct LaterSpec(
    #[expect(dead_code, reason = "never read further")] BTreeMap<String, Value>,
);

impl Spec for LaterSpec {
    fn typed(self) -> Typed {
        Typed::Broken
    }
}

pub(super) fn subscription(reading: &mut Reading<'_>) -> Option<Typed> {
    let has = |name: &str| reading.node(&Path::of("spec").key(name)).is_some();
    let later = ["channel", "subscriber", "reply"].into_iter().find(|name| has(name));
    let own = ["from", "call", "result"].into_iter().any(has);
    match later {
        Some(field) if !own => {
            let help = "write from, call and result; or apiVersion: messaging.knative.dev/v1, where \
                        channel, subscriber and reply are at home";
            later_dialect(reading, &Path::of("spec").key(field), field, help)
        }
        _ => kinds::read::<SubscriptionSpec>(reading),
    }
}

pub(super) fn channel(reading: &mut Reading<'_>) -> Option<Typed> {
    let provisioner = Path::of("spec.provisioner");
    let direct = reading.node(&provisioner.key("name")).is_some();
    let help = "write provisioner.ref or provisioner.selector; or apiVersion: \
                messaging.knative.dev/v1 with a channelTemplate";
    if reading.node(&Path::of("spec.subscribable")).is_some() {
        return later_dialect(reading, &Path::of("spec.subscribable"), "subscribable", help);
    }
    if direct && reading.node(&provisioner.key("ref")).is_none() {
        return later_dialect(reading, &provisioner.key("name"), "provisioner.name", help);
    }
    kinds::read::<ChannelSpec>(reading)
}

pub(super) fn provisioner(reading: &mut Reading<'_>) -> Option<Typed> {
    let message = "a ClusterChannelProvisioner is of Knative 0.2 to 0.7, not of the object model";
    let help = "declare a Provisioner with type Channel; or use the channel's own kind, as Knative \
                does today";
    reading.fault(Code::LaterDialect, &Path::of("kind"), message, help);
    None
}

fn later_dialect(reading: &mut Reading<'_>, path: &Path, field: &str, help: &str) -> Option<Typed> {
    let kind = &reading.key.kind;
    let message = format!(
        "this {kind} is in the dialect of Knative 0.2 to 0.7, which has `{field}`, and shares its \
         apiVersion with the object model"
    );
    reading.fault_at_key(Code::LaterDialect, path, message, help);
    None
}
