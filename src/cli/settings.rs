//! The project file and the environment that `--env` chooses: what they say stands in for flags that
//! were not given. Flags win over the environment, the environment over variables and ambient contexts.

use std::path::{Path, PathBuf};

use crate::model::project::{
    self, FILE_NAME, KubernetesPlane, NatsCredentials, NatsPlane, Project, Settings, settings,
};
use crate::model::{Assumed, Input};

use super::args::{NatsArgs, ServerArgs};
use super::environment::Environment;

/// What a run goes by.
#[derive(Debug, Default)]
pub(super) struct Chosen {
    pub settings: Settings,
    pub assumed: Assumed,
    /// The name in the project file, as far as it can be read by itself.
    pub project: Option<String>,
    /// The project file's folder.
    folder: PathBuf,
}

/// The settings that the inputs' project file gives in the environment of the arguments.
///
/// # Errors
/// `--env` names what the project does not have.
pub(super) fn choose(wanted: Option<&str>, inputs: &[Input]) -> Result<Chosen, String> {
    let file = inputs
        .iter()
        .find(|input| Path::new(&input.name).file_name().is_some_and(|name| name == FILE_NAME));
    let Some(file) = file else {
        return match wanted {
            None => Ok(Chosen::default()),
            Some(name) => Err(format!(
                "--env {name} needs a project file: there is no {FILE_NAME} beside the manifests"
            )),
        };
    };
    // What is wrong with the file is said when all of it is loaded.
    let Some(project) = file.content.as_ref().ok().and_then(|bytes| project::read(bytes)) else {
        return Ok(Chosen::default());
    };
    let settings = settings(&project, wanted)
        .map_err(|unknown| no_environment(&project, wanted.unwrap_or_default(), &unknown.known))?;
    let folder = Path::new(&file.name).parent().unwrap_or(Path::new("")).to_owned();
    let project = Some(project.name.as_str().to_owned());
    Ok(Chosen { assumed: settings.assumed(), settings, project, folder })
}

fn no_environment(project: &Project, wanted: &str, known: &[String]) -> String {
    let name = project.name.as_str();
    if known.is_empty() {
        return format!("the project {name} has no environments, and so no `{wanted}`");
    }
    format!("the project {name} has no environment `{wanted}`; it has {}", known.join(", "))
}

/// Where a project's manifests stand.
pub(super) struct Sources {
    pub paths: Vec<PathBuf>,
    pub kustomize: Vec<PathBuf>,
}

impl Chosen {
    /// The files and folders that the project names; `None` where it is its own folder.
    pub(super) fn sources(&self) -> Option<Sources> {
        let from_here =
            |paths: &[String]| paths.iter().map(|path| self.folder.join(path)).collect::<Vec<_>>();
        self.settings.names_sources().then(|| Sources {
            paths: from_here(&self.settings.sources),
            kustomize: from_here(&self.settings.kustomize),
        })
    }

    /// The namespace of objects that name none, where anything but a kubeconfig says it.
    pub(super) fn namespace(&self, said: Option<&str>) -> Option<String> {
        said.map(str::to_owned).or_else(|| self.settings.namespace.clone())
    }

    /// The arguments, with what the environment says where they say nothing.
    pub(super) fn servers(&self, args: &ServerArgs, environment: &Environment) -> ServerArgs {
        let mut args = args.clone();
        if args.offline || args.world.is_some() {
            return args;
        }
        let (kubernetes, nats) = (self.settings.kubernetes.as_ref(), self.settings.nats.as_ref());
        let cluster_flags = args.context.is_some() || args.kubeconfig.is_some();
        if kubernetes.is_none() && nats.is_none() {
            return args;
        }
        match kubernetes {
            Some(plane) if !cluster_flags => self.cluster(plane, &mut args, environment),
            None if !cluster_flags => args.no_kubernetes = true,
            _ => {}
        }
        match nats {
            // Another context is another account: nothing of the project's belongs to it.
            Some(plane) if args.nats.nats_context.is_none() => {
                self.nats(plane, &mut args.nats, environment);
            }
            None if !args.nats.any() => args.no_nats = true,
            _ => {}
        }
        args
    }

    fn cluster(&self, plane: &KubernetesPlane, args: &mut ServerArgs, environment: &Environment) {
        args.context.clone_from(&plane.context);
        args.kubeconfig = plane.kubeconfig.as_ref().map(|file| self.path(file, environment));
    }

    /// What the flags leave open. A way in that a flag names is the only one.
    fn nats(&self, plane: &NatsPlane, args: &mut NatsArgs, environment: &Environment) {
        let or = |flag: &mut Option<PathBuf>, file: &Option<String>| {
            if flag.is_none() {
                *flag = file.as_ref().map(|file| self.path(file, environment));
            }
        };
        args.own_context = true;
        args.nats_context.clone_from(&plane.context);
        if args.nats_url.is_none() {
            args.nats_url.clone_from(&plane.url);
        }
        if args.nats_from.is_none() {
            args.nats_from.clone_from(&plane.from);
        }
        if args.creds.is_none() && args.nkey.is_none() {
            or(&mut args.creds, &plane.creds);
            or(&mut args.nkey, &plane.nkey);
            args.secret = plane.credentials.as_ref().map(NatsCredentials::place);
        }
        if args.js_domain.is_none() && args.js_api_prefix.is_none() {
            args.js_domain.clone_from(&plane.domain);
            args.js_api_prefix.clone_from(&plane.api_prefix);
        }
        if let Some(tls) = &plane.tls {
            or(&mut args.nats_ca, &tls.ca);
            or(&mut args.nats_cert, &tls.cert);
            or(&mut args.nats_key, &tls.key);
            args.nats_tls_first |= tls.first.unwrap_or(false);
        }
    }

    /// A path of the project file: from its folder on, `~/` and `$NAME` as in NATS contexts.
    fn path(&self, file: &str, environment: &Environment) -> PathBuf {
        self.folder.join(environment.expand(file))
    }
}
