//! Who provisions a source or a channel: by reference or by labels, of the right type, and content
//! with the arguments.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::diag::Code;
use crate::model::manifest::Typed;
use crate::model::object_model::{
    GROUP, LabelSelector, ObjectModel, ObjectReference, ProvisionedKind, ProvisionerReference,
    ProvisionerSpec,
};
use crate::model::path::Step;
use crate::model::{Manifest, ObjectKey, Path};
use crate::topology::resolve::Resolver;

const KIND: &str = "Provisioner";

impl<'a> Resolver<'a> {
    /// What people call the provisioner of a channel.
    pub(super) fn provisioner_name(
        &self,
        manifest: &Manifest,
        provisioner: &ProvisionerReference,
    ) -> String {
        if let Some(reference) = &provisioner.reference {
            return reference.name.clone();
        }
        let selector = provisioner.selector.as_ref();
        let found = selector.map(|selector| self.labelled(manifest, selector)).unwrap_or_default();
        match found.as_slice() {
            [one] => one.key.name.clone().into(),
            _ => KIND.to_owned(),
        }
    }

    /// Finds the provisioner, and holds what is asked of it against what it is.
    pub(super) fn provisioner(
        &mut self,
        manifest: &Manifest,
        provisioner: &ProvisionerReference,
        wanted: ProvisionedKind,
        arguments: Option<&BTreeMap<String, Value>>,
    ) {
        let path = Path::of("spec.provisioner");
        let found = match (&provisioner.reference, &provisioner.selector) {
            (Some(reference), None) => self.referred(manifest, &path.key("ref"), reference),
            (None, Some(selector)) => self.only_labelled(manifest, &path.key("selector"), selector),
            _ => None,
        };
        let Some(found) = found else { return };
        let Typed::ObjectModel(ObjectModel::Provisioner(spec)) = &found.typed else { return };
        if spec.provisions.kind != wanted {
            let kind = &manifest.key.kind;
            let message = format!(
                "{} provisions {:?}s, and this is a {kind}",
                found.key, spec.provisions.kind
            );
            let help = format!("name a Provisioner whose type is {kind}");
            self.fault(manifest, Code::WrongKind, &path, message, help);
        } else if let Some(arguments) = arguments {
            self.check_arguments(manifest, arguments, spec, &found.key.name);
        }
    }

    fn referred(
        &mut self,
        manifest: &Manifest,
        path: &Path,
        reference: &ObjectReference,
    ) -> Option<&'a Manifest> {
        let key = self.key_of(manifest, &super::plain(reference));
        if !key.is(GROUP, KIND) {
            let message = format!("{key} is no Provisioner");
            let help = format!("name a Provisioner of apiVersion {GROUP}/v1alpha1");
            self.fault(manifest, Code::WrongKind, &path.key("kind"), message, help);
            return None;
        }
        self.refer(manifest, &path.key("name"), &key);
        self.declared.get(&key).map(|at| &self.manifests[*at])
    }

    fn only_labelled(
        &mut self,
        manifest: &Manifest,
        path: &Path,
        selector: &LabelSelector,
    ) -> Option<&'a Manifest> {
        let found = self.labelled(manifest, selector);
        match found.as_slice() {
            [one] => {
                self.refer(manifest, path, &one.key);
                return Some(one);
            }
            [] => {
                let message = "the selector matches no Provisioner that is declared here";
                let help = "declare one with these labels, in the same namespace; or use a ref";
                self.fault(manifest, Code::DanglingReference, path, message, help);
            }
            several => {
                let names: Vec<String> = several.iter().map(|m| m.key.to_string()).collect();
                let message =
                    format!("the selector must match one, and matches {}", names.join(", "));
                let help = "ask for one more label, or use a ref";
                self.fault(manifest, Code::SeveralMatches, path, message, help);
            }
        }
        None
    }

    fn labelled(&self, manifest: &Manifest, selector: &LabelSelector) -> Vec<&'a Manifest> {
        let manifests = self.manifests;
        let label = |of: &Manifest, name: &str| {
            let path = Path::of("metadata.labels").key(name);
            of.root.at(&path).and_then(|node| node.text()).map(str::to_owned)
        };
        let first = ObjectKey {
            group: GROUP.into(),
            kind: KIND.into(),
            namespace: manifest.key.namespace.clone(),
            name: "".into(),
        };
        let from = self.declared.partition_point(|key, _| **key < first);
        self.declared
            .iter()
            .skip(from)
            .take_while(|(key, _)| key.is(GROUP, KIND) && key.namespace == first.namespace)
            .map(|(_, at)| &manifests[*at])
            .filter(|m| selector.matches(|name| label(m, name)))
            .collect()
    }

    fn check_arguments(
        &mut self,
        manifest: &Manifest,
        arguments: &BTreeMap<String, Value>,
        spec: &ProvisionerSpec,
        name: &str,
    ) {
        let Some(parameters) = &spec.parameters else { return };
        let schema = Value::Object(parameters.clone().into_iter().collect());
        // A schema that is wrong in itself is a finding of the Provisioner.
        let Ok(validator) = jsonschema::validator_for(&schema) else { return };
        let value = Value::Object(arguments.clone().into_iter().collect());
        for error in validator.iter_errors(&value) {
            let steps = error.instance_path().iter().map(|segment| match segment {
                jsonschema::paths::LocationSegment::Property(key) => Step::Key(key.into()),
                jsonschema::paths::LocationSegment::Index(index) => Step::Index(index),
            });
            let path = Path::of("spec.arguments").join(&Path(steps.collect()));
            let message = format!("not as the Provisioner `{name}` wants it: {error}");
            let help = "change the argument, or the Provisioner's `parameters`";
            self.fault(manifest, Code::InvalidValue, &path, message, help);
        }
    }
}
