//! The rules of each object of the object model alone: the tables' "limitations" column. What an
//! object refers to is asked later.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::diag::Code;
use crate::model::path::Path;
use crate::model::reading::Reading;

use super::{
    CallRole, ChannelSpec, Continuation, EndpointSpec, EventTypeSpec, GROUP, Operator,
    ProvisionerReference, ProvisionerSpec, ResolvedSubscription, ResolvedSubscriptionSetSpec,
    SourceSpec, SubscriptionSpec,
};

const ONE_REFERENCE: &str = "write a ref to a Provisioner, or a selector of its labels";
const ONE_ENDPOINT: &str = "write a targetRef to an object that can be called, or a dnsName";

pub(super) fn source(spec: &SourceSpec, reading: &mut Reading<'_>) {
    provisioner_reference(&spec.provisioner, reading);
}

pub(super) fn channel(spec: &ChannelSpec, reading: &mut Reading<'_>) {
    provisioner_reference(&spec.provisioner, reading);
    let Some(subscribers) = spec.channelable.as_ref().and_then(|c| c.subscribers.as_ref()) else {
        return;
    };
    let path = Path::of("spec.channelable.subscribers");
    let help = "leave it out: declare Subscriptions, and it is filled in from them";
    let message = "the Subscription controller writes this field, over whatever stands here";
    reading.fault_at_key(Code::WrittenByController, &path, message, help);
    resolved(subscribers, &path, reading);
}

pub(super) fn resolved_subscription_set(
    spec: &ResolvedSubscriptionSetSpec,
    reading: &mut Reading<'_>,
) {
    let message = "a ResolvedSubscriptionSet is written by the Subscription controller, over \
                   whatever is declared";
    let help = "take the document away and declare Subscriptions; it is for reading only";
    reading.fault(Code::WrittenByController, &Path::of("kind"), message, help);
    resolved(&spec.subscribers, &Path::of("spec.subscribers"), reading);
}

fn resolved(subscribers: &[ResolvedSubscription], path: &Path, reading: &mut Reading<'_>) {
    for (at, subscriber) in subscribers.iter().enumerate() {
        let role = subscriber.role.unwrap_or_default();
        if subscriber.route_mapping.is_some() && role != CallRole::Router {
            let message =
                format!("`routeMapping` is for the router role, and this is a {}", role.word());
            let help = "make the role router, or take routeMapping away";
            reading.fault_at_key(
                Code::ForbiddenField,
                &path.index(at).key("routeMapping"),
                message,
                help,
            );
        }
    }
}

fn provisioner_reference(reference: &ProvisionerReference, reading: &mut Reading<'_>) {
    let path = Path::of("spec.provisioner");
    let given = (reference.reference.is_some(), reference.selector.is_some());
    one_of(given, ("ref", "selector"), &path, ONE_REFERENCE, reading);
    let demands = reference.selector.iter().flat_map(|selector| &selector.match_expressions);
    for (at, demand) in demands.flatten().enumerate() {
        let values = demand.values.as_ref().is_some_and(|values| !values.is_empty());
        let path = path.key("selector").key("matchExpressions").index(at);
        match demand.operator {
            Operator::In | Operator::NotIn if !values => {
                reading.missing(&path.key("values"), "In and NotIn compare with values; add some");
            }
            Operator::Exists | Operator::DoesNotExist if values => {
                let message = "`values` stands beside an operator that compares with none";
                let help = "take it away, or write In or NotIn";
                reading.fault_at_key(Code::ForbiddenField, &path.key("values"), message, help);
            }
            _ => {}
        }
    }
}

pub(super) fn subscription(spec: &SubscriptionSpec, reading: &mut Reading<'_>) {
    if spec.call.is_none() && spec.result.is_none() {
        let message = "a Subscription needs `call` or `result`, and this one has neither";
        let help = "add a call, or a result to pass events straight on, or both";
        reading.fault_at_key(Code::MissingField, &Path::of("spec"), message, help);
    }
    spec.call.iter().for_each(|call| endpoint(call, reading));
    spec.result.iter().for_each(|result| continuation(result, reading));
}

fn endpoint(call: &EndpointSpec, reading: &mut Reading<'_>) {
    let given = (call.target_ref.is_some(), call.dns_name.is_some());
    one_of(given, ("targetRef", "dnsName"), &Path::of("spec.call"), ONE_ENDPOINT, reading);
}

/// Exactly one of two fields must be there.
fn one_of(
    given: (bool, bool),
    names: (&str, &str),
    path: &Path,
    help: &str,
    reading: &mut Reading<'_>,
) {
    let (code, message) = match given {
        (true, true) => {
            (Code::InvalidValue, format!("`{path}` has both `{}` and `{}`", names.0, names.1))
        }
        (false, false) => {
            (Code::MissingField, format!("`{path}` has neither `{}` nor `{}`", names.0, names.1))
        }
        _ => return,
    };
    reading.fault_at_key(code, path, message, help);
}

fn continuation(result: &Continuation, reading: &mut Reading<'_>) {
    let path = Path::of("spec.result");
    let reference = [
        ("apiVersion", &result.api_version),
        ("kind", &result.kind),
        ("name", &result.name),
        ("namespace", &result.namespace),
        ("uid", &result.uid),
        ("resourceVersion", &result.resource_version),
        ("fieldPath", &result.field_path),
    ];
    if result.is_strategy() {
        for (name, _) in reference.iter().filter(|(_, value)| value.is_some()) {
            let message = format!("`{name}` is of a reference, and this result is a strategy");
            let help = "put the reference under `target`";
            reading.fault_at_key(Code::ForbiddenField, &path.key(*name), message, help);
        }
        return routes(result, reading);
    }
    if reference.iter().all(|(_, value)| value.is_none()) {
        let message = "`spec.result` names nothing: it is neither a reference nor a strategy";
        let help = "write apiVersion, kind and name of a Channel; or target, routeMapping or both";
        return reading.fault_at_key(Code::MissingField, &path, message, help);
    }
    for (name, _) in reference.iter().take(3).filter(|(_, value)| value.is_none()) {
        reading.missing(&path.key(*name), "add it: a reference is apiVersion, kind and name");
    }
}

fn routes(result: &Continuation, reading: &mut Reading<'_>) {
    let mut names = BTreeSet::new();
    for (at, route) in result.route_mapping.iter().flatten().enumerate() {
        let path = Path::of("spec.result.routeMapping").index(at).key("name");
        if route.name.is_empty() {
            let message = "a route without a name is one that no router can take";
            reading.fault(Code::InvalidValue, &path, message, "name it as the router answers");
        } else if !names.insert(&route.name) {
            let message = format!("the name `{}` is taken by an earlier route", route.name);
            let help =
                "names are the keys of one map, in which the last one wins: make them differ";
            reading.fault(Code::Overwritten, &path, message, help);
        }
    }
}

pub(super) fn provisioner(spec: &ProvisionerSpec, reading: &mut Reading<'_>) {
    if let Some(group) = spec.provisions.group.as_deref().filter(|group| *group != GROUP) {
        let message =
            format!("a Provisioner makes Sources or Channels of {GROUP}, not of `{group}`");
        let help = format!("write group: {GROUP}, or leave it out");
        reading.fault(Code::InvalidValue, &Path::of("spec.type.group"), message, help);
    }
    if let Some(parameters) = &spec.parameters {
        let schema = Value::Object(parameters.clone().into_iter().collect());
        let path = Path::of("spec.parameters");
        schema_fault(&schema, &path, reading);
        if let Err(error) = jsonschema::validator_for(&schema)
            && !reading.has_errors()
        {
            let message = format!("no arguments can be held against `{path}`: {error}");
            let help = "write the whole schema here, without references to other places";
            reading.fault(Code::InvalidValue, &path, message, help);
        }
    }
}

pub(super) fn event_type(spec: &EventTypeSpec, reading: &mut Reading<'_>) {
    let Some(text) = &spec.json_schema else { return };
    let path = Path::of("spec.jsonSchema");
    match serde_json::from_str::<Value>(text) {
        Ok(schema) => schema_fault(&schema, &path, reading),
        Err(error) => {
            let message = format!("`spec.jsonSchema` is not JSON: {error}");
            let help = "write the schema as JSON text, in a block scalar (`|`) for example";
            reading.fault(Code::InvalidValue, &path, message, help);
        }
    }
}

fn schema_fault(schema: &Value, path: &Path, reading: &mut Reading<'_>) {
    let fault = match jsonschema::meta::options().validate(schema) {
        Ok(()) => return,
        Err(error) => {
            let at = error.instance_path().to_string();
            if at.is_empty() { error.to_string() } else { format!("{error}, at {at}") }
        }
    };
    let message = format!("`{path}` is not a JSON Schema: {fault}");
    let help = "correct it; json-schema.org has the words of each draft";
    reading.fault(Code::InvalidValue, path, message, help);
}
