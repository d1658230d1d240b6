//! What an import is about to write, planned before it is written: what a plan would not take over as it is
//! is left out, with the plan's own reason.

use std::collections::BTreeMap;

use crate::diag::{Finding, Severity};
use crate::model::{Input, ObjectKey};
use crate::plan::Action;
use crate::world::export::Exported;

use super::args::{FailOn, InputArgs, Output, ProjectArgs};
use super::environment::Environment;
use super::import::{ImportArgs, Stop, yaml};
use super::pipeline::{self, Planned, Request, Stopped};
use super::resolved::Read;
use super::settings;

/// Leaves out what could not be adopted.
///
/// # Errors
/// No plan can be made at all.
pub(super) async fn rehearse(
    args: &ImportArgs,
    project: &str,
    environment: &Environment,
    exported: &mut Exported,
) -> Result<(), Stop> {
    // What is left out may be what something else needs, so what is left is planned again.
    while !exported.files.is_empty() {
        let refused = match planned(args, project, environment, exported).await? {
            Ok(planned) => unfit(&planned),
            Err(read) => faulty(&read)?,
        };
        if refused.is_empty() {
            return Ok(());
        }
        for (key, (name, why)) in refused {
            if !exported.take_out(&key, &name, &why) {
                return Err(Stop::Usage(format!("{name} cannot be taken over: {why}")));
            }
        }
    }
    Ok(())
}

async fn planned(
    args: &ImportArgs,
    project: &str,
    environment: &Environment,
    exported: &Exported,
) -> Result<Result<Planned, Box<Read>>, Stop> {
    let inputs: Result<Vec<Input>, String> = exported
        .files
        .iter()
        .map(|(name, bodies)| Ok(Input::named(name.clone(), Ok(yaml(bodies)?.into_bytes()))))
        .collect();
    let chosen = settings::choose(None, &[]).map_err(Stop::Usage)?;
    let input = InputArgs {
        paths: Vec::new(),
        files: Vec::new(),
        kustomize: Vec::new(),
        namespace: args.namespace.clone(),
        env: None,
        output: Output::Text,
        fail_on: FailOn::Error,
    };
    let adopting = ProjectArgs { adopt: true, ..ProjectArgs::of(Some(project)) };
    let request = Request {
        verb: "import",
        input: &input,
        project: &adopting,
        servers: &args.servers,
        environment,
        is_kept: false,
        is_applied: false,
    };
    match pipeline::planned(&request, &(inputs.map_err(Stop::Usage)?, chosen)).await {
        Ok(planned) => Ok(Ok(planned)),
        Err(Stopped::Findings(read)) => Ok(Err(read)),
        Err(Stopped::Usage(text)) => Err(Stop::Usage(text)),
        Err(Stopped::Live(error)) => Err(error.into()),
    }
}

/// What is to be left out, with the name that people know it by and the reason.
type Refused = BTreeMap<ObjectKey, (String, String)>;

/// What is neither taken over nor the project's already.
fn unfit(planned: &Planned) -> Refused {
    let changes = planned.plan.changes.iter();
    let unfit = changes.filter(|c| !matches!(c.action, Action::Adopt | Action::None));
    unfit
        .filter_map(|change| {
            let origin = change.origin.as_ref()?;
            let why = if change.action.writes() {
                format!("a plan would {} it", change.action.word())
            } else {
                change.reason.clone()
            };
            Some((origin.object.clone(), (change.key.to_string(), why)))
        })
        .collect()
}

/// What evctl's own reading finds at fault.
///
/// # Errors
/// What is at fault is in no single manifest.
fn faulty(read: &Read) -> Result<Refused, Stop> {
    let errors = read.findings.iter().filter(|finding| finding.severity == Severity::Error);
    let fault = |finding: &Finding| {
        let at = finding.at?;
        let manifest = read.manifests.iter().find(|manifest| {
            let span = manifest.root.span;
            manifest.file == at.file && span.start <= at.span.start && at.span.end <= span.end
        })?;
        Some((manifest.key.clone(), (manifest.key.to_string(), finding.message.clone())))
    };
    let lost = |finding: &Finding| {
        Stop::Usage(format!("what is live cannot be declared: {}", finding.message))
    };
    errors.map(|finding| fault(finding).ok_or_else(|| lost(finding))).collect()
}
