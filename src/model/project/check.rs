//! What no shape says about a project file: codes that are none, credentials in URLs, certificates
//! without keys.

use crate::diag::{Code, Finding};
use crate::model::decode::{Place, decode};
use crate::model::knative::messaging;
use crate::model::natsjs::{self, NatsJetStreamChannelSpec};
use crate::model::object::group_of;
use crate::model::path::Path;
use crate::model::shape::nearest;

use super::Project;
use super::environment::{Defaults, NatsPlane};
use super::policy::Policy;

/// Everything that is wrong with a project file beyond its shape.
pub fn check(project: &Project, place: Place<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    policy(project.policy.as_ref(), &Path::of("policy"), place, &mut found);
    defaults(project.defaults.as_ref(), &Path::of("defaults"), place, &mut found);
    for (at, moved) in project.moved.iter().flatten().enumerate() {
        if moved.from == project.name {
            let path = Path::of("moved").index(at).key("from");
            let message = format!("`{}` is this project itself", moved.from.as_str());
            let help = "name the project that the objects are marked with now";
            found.push(place.finding(Code::InvalidValue, &path, message, help));
        }
    }
    for (name, environment) in project.environments.iter().flatten() {
        let at = Path::of("environments").key(name.as_str());
        policy(environment.policy.as_ref(), &at.key("policy"), place, &mut found);
        defaults(environment.defaults.as_ref(), &at.key("defaults"), place, &mut found);
        if let Some(nats) = &environment.nats {
            nats_plane(nats, &at.key("nats"), place, &mut found);
        }
    }
    found
}

const FIRM: &str = "take the line away: something was not read, or a secret stands open";

fn policy(policy: Option<&Policy>, at: &Path, place: Place<'_>, found: &mut Vec<Finding>) {
    let severity = policy.and_then(|policy| policy.severity.as_ref());
    for name in severity.into_iter().flat_map(|levels| levels.keys()) {
        if let Some(code) = Code::parse(name.as_str()) {
            if code.is_firm() {
                let message = format!("`{}` always is an error", code.name());
                let path = at.key("severity").key(code.name());
                let finding = place.finding(Code::ForbiddenField, &path, message, FIRM);
                found.push(finding.at(place.key(&path)));
            }
            continue;
        }
        let message = format!("there is no finding `{}`", name.as_str());
        let names = Code::ALL.iter().map(|code| code.name());
        let help = match nearest(name.as_str(), names) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "docs/diagnostics.md lists them all".to_owned(),
        };
        let path = at.key("severity").key(name.as_str());
        let finding = place.finding(Code::UnknownField, &path, message, help);
        found.push(finding.at(place.key(&path)));
    }
}

fn defaults(defaults: Option<&Defaults>, at: &Path, place: Place<'_>, found: &mut Vec<Finding>) {
    let Some(defaults) = defaults else { return };
    let own = defaults.namespaces.iter().flatten();
    let own = own.map(|(name, own)| {
        (own.channel.as_ref(), at.key("namespaces").key(name.as_str()).key("channel"))
    });
    for (template, at) in own.chain([(defaults.channel.as_ref(), at.key("channel"))]) {
        let nats = template.is_some_and(|template| {
            group_of(&template.api_version) == messaging::GROUP && template.kind == natsjs::KIND
        });
        if nats && let Err(faults) = decode::<NatsJetStreamChannelSpec>(place, &at.key("spec")) {
            found.extend(faults);
        }
    }
}

fn nats_plane(nats: &NatsPlane, at: &Path, place: Place<'_>, found: &mut Vec<Finding>) {
    if nats.url.as_deref().is_some_and(|url| url.contains('@')) {
        let message = "a project file holds no credentials, and this URL does";
        let help = "keep them in a NATS context or a credentials file, and name that";
        found.push(place.finding(Code::CredentialsInProject, &at.key("url"), message, help));
    }
    let ways = [nats.creds.is_some(), nats.nkey.is_some(), nats.credentials.is_some()];
    let doubles = [
        ("from", nats.from.is_some() && nats.context.is_some(), "a NATS context and a ConfigMap"),
        ("credentials", ways.iter().filter(|said| **said).count() > 1, "two ways in"),
    ];
    for (field, double, what) in doubles {
        if double {
            let message = format!("{what} cannot both say how to connect");
            let path = if nats.credentials.is_none() && field == "credentials" {
                at.key("nkey")
            } else {
                at.key(field)
            };
            let finding = place.finding(Code::InvalidValue, &path, message, "keep one of them");
            found.push(finding.at(place.key(&path)));
        }
    }
    let tls = nats.tls.as_ref();
    let (cert, key) = (tls.and_then(|tls| tls.cert.as_ref()), tls.and_then(|tls| tls.key.as_ref()));
    if cert.is_some() != key.is_some() {
        let message = "a client's certificate needs its key, and the key its certificate";
        let path = at.key("tls");
        let finding = place.finding(Code::MissingField, &path, message, "name both or neither");
        found.push(finding.at(place.key(&path)));
    }
}
