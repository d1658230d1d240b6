//! What a Trigger listens to: whether the source is there, makes such an event, and sends it to the
//! Trigger's bus.

use crate::diag::Code;
use crate::model::manifest::Typed;
use crate::model::openfunction::{Dialect, EventSource, GROUP, Input, OpenFunction, Trigger};
use crate::model::shape::nearest;
use crate::model::{Manifest, ObjectKey};
use crate::topology::resolve::Resolver;

impl<'a> Resolver<'a> {
    /// Says what is wrong with an input.
    pub(super) fn input(
        &mut self,
        manifest: &Manifest,
        trigger: &Trigger,
        input: &Input,
        bus: Option<&ObjectKey>,
    ) {
        let (source_field, event_field) = trigger.dialect.input_fields();
        let key = ObjectKey {
            group: GROUP.into(),
            kind: "EventSource".into(),
            namespace: input
                .namespace
                .clone()
                .map(Into::into)
                .or_else(|| manifest.key.namespace.clone()),
            name: input.source.clone().into(),
        };
        self.refer(manifest, &input.path.key(source_field), &key);
        let Some((declared, source)) = self.source_of(&key) else { return };
        let path = input.path.key(event_field);
        if source.events.iter().all(|event| event.name != input.event) {
            let message = format!("{key} makes no event `{}`", input.event);
            let names: Vec<&str> = source.events.iter().map(|event| event.name.as_str()).collect();
            let help = match nearest(&input.event, names.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None if names.is_empty() => "the source makes no events at all".to_owned(),
                None => format!("it makes {}", names.join(", ")),
            };
            self.fault(manifest, Code::DanglingReference, &path, message, help);
        }
        self.same_bus(manifest, trigger, input, bus, (declared, source));
    }

    fn same_bus(
        &mut self,
        manifest: &Manifest,
        trigger: &Trigger,
        input: &Input,
        bus: Option<&ObjectKey>,
        (declared, source): (&Manifest, &EventSource),
    ) {
        if source.dialect == Dialect::First || trigger.dialect == Dialect::First {
            return;
        }
        let path = input.path.key(trigger.dialect.input_fields().0);
        let message = match (&source.event_bus, bus) {
            (None, _) => format!("{} sends to its sink only, and to no bus", declared.key),
            // A bus that is declared nowhere is a finding already.
            (Some(name), Some(bus))
                if self.declared.contains_key(bus)
                    && self.declared.contains_key(&self.bus(declared, name))
                    && self.bus(declared, name) != *bus =>
            {
                let other = self.bus(declared, name);
                format!("{} sends to {other}, and this Trigger listens on {bus}", declared.key)
            }
            _ => return,
        };
        let help = "give both the same eventBus";
        self.fault(manifest, Code::NeverFires, &path, message, help);
    }

    fn source_of(&self, key: &ObjectKey) -> Option<(&'a Manifest, &'a EventSource)> {
        let manifest = &self.manifests[*self.declared.get(key)?];
        match &manifest.typed {
            Typed::OpenFunction(OpenFunction::EventSource(source)) => Some((manifest, source)),
            _ => None,
        }
    }
}
