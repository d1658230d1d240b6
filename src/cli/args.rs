//! The arguments that several verbs share. The doc comments are the help text.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::model::duration::GoDuration;
use crate::model::text::{ConfigMapName, ProjectName};

/// What to read.
#[derive(Debug, Clone, Args)]
pub(super) struct InputArgs<Form = Output>
where
    Form: ValueEnum + Clone + Default + Send + Sync + 'static,
{
    /// Files and folders of manifests; `-` is stdin. The current folder where none is named
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// The same as PATH
    #[arg(short = 'f', long = "filename", value_name = "PATH")]
    pub files: Vec<PathBuf>,
    /// Folders that kustomize builds: `kustomize build`, or else `kubectl kustomize`
    #[arg(short, long, value_name = "DIR")]
    pub kustomize: Vec<PathBuf>,
    /// The namespace of objects that name none [default: the kubeconfig context's, or `default`]
    #[arg(short, long, value_parser = namespace)]
    pub namespace: Option<String>,
    /// The environment of the project file to go by: its servers, namespace and assumptions
    #[arg(long, value_name = "NAME")]
    pub env: Option<String>,
    /// How findings and results are printed
    #[arg(short, long, value_enum, default_value_t)]
    pub output: Form,
    /// The lightest finding that makes the run fail
    #[arg(long, value_enum, default_value_t = FailOn::Error)]
    pub fail_on: FailOn,
}

impl InputArgs {
    /// What a saved plan leaves open.
    pub(super) fn of_a_plan() -> Self {
        Self {
            paths: Vec::new(),
            files: Vec::new(),
            kustomize: Vec::new(),
            namespace: None,
            env: None,
            output: Output::Text,
            fail_on: FailOn::Error,
        }
    }
}

impl InputArgs<LinesOutput> {
    /// The same input, with the form as verbs that plan have it.
    pub(super) fn planned(&self) -> InputArgs {
        InputArgs {
            paths: self.paths.clone(),
            files: self.files.clone(),
            kustomize: self.kustomize.clone(),
            namespace: self.namespace.clone(),
            env: self.env.clone(),
            output: self.output.into(),
            fail_on: self.fail_on,
        }
    }
}

/// Which project, and what it may take over.
#[derive(Debug, Clone, Args)]
pub(super) struct ProjectArgs {
    /// The project that owns what is declared [default: `name` in evctl.yaml]
    #[arg(long, value_parser = project)]
    pub project: Option<String>,
    /// Take over objects that exist, differ and belong to nobody
    #[arg(long)]
    pub adopt: bool,
    /// Delete what the project owns and declares no longer
    #[arg(long)]
    pub prune: bool,
    /// Let this object be deleted and made anew, with what it holds, where it cannot be changed
    #[arg(long, value_name = "OBJECT")]
    pub allow_replace: Vec<String>,
    /// Take fields of the project's Kubernetes objects from the managers that own them
    #[arg(long)]
    pub force_conflicts: bool,
    /// Let --prune delete this object although it is protected
    #[arg(long, value_name = "OBJECT")]
    pub allow_delete: Vec<String>,
    /// Let --prune delete more than 10 objects, or more than a fifth of five or more
    #[arg(long)]
    pub allow_mass_delete: bool,
    /// Whether all that the project owns is to go.
    #[arg(skip)]
    pub destroy: bool,
}

impl ProjectArgs {
    /// A project that is allowed nothing.
    pub(super) fn of(project: Option<&str>) -> Self {
        Self {
            project: project.map(str::to_owned),
            adopt: false,
            prune: false,
            allow_replace: Vec::new(),
            force_conflicts: false,
            allow_delete: Vec::new(),
            allow_mass_delete: false,
            destroy: false,
        }
    }
}

/// Which servers take part.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Servers")]
pub(super) struct ServerArgs {
    /// The kubeconfig's context
    #[arg(long)]
    pub context: Option<String>,
    /// The kubeconfig file [default: $KUBECONFIG, then ~/.kube/config]
    #[arg(long, value_name = "FILE")]
    pub kubeconfig: Option<PathBuf>,
    /// Leave Kubernetes out, whatever the environment selects
    #[arg(long, conflicts_with_all = ["context", "kubeconfig"])]
    pub no_kubernetes: bool,
    #[command(flatten)]
    pub nats: NatsArgs,
    /// Leave NATS out, whatever the environment selects
    #[arg(long, conflicts_with = "NatsArgs")]
    pub no_nats: bool,
    /// Ask no server: compare with an empty world
    #[arg(long, conflicts_with_all = ["world", "context", "kubeconfig", "NatsArgs"])]
    pub offline: bool,
    /// Ask no server: compare with a world that `plan --save-world` wrote
    #[arg(long, value_name = "FILE", conflicts_with_all = ["context", "kubeconfig", "NatsArgs"])]
    pub world: Option<PathBuf>,
    /// How long any one answer of a server may take, such as 500ms or 30s [default: 10s; for NATS
    /// $NATS_TIMEOUT]
    #[arg(long, value_parser = duration)]
    pub timeout: Option<Duration>,
}

/// How to connect to NATS. Passwords and tokens are no flags, as every process can read those: they
/// come from variables, contexts and files.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct NatsArgs {
    /// The NATS context, as the `nats` CLI keeps them [default: $NATS_CONTEXT, then the selected one]
    #[arg(long, value_name = "NAME")]
    pub nats_context: Option<String>,
    /// The NATS servers, with commas between, in place of the context's [default: $NATS_URL]
    #[arg(long, value_name = "URL", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub nats_url: Option<String>,
    /// The ConfigMap by which the NATS channel connects, such as config-nats, in the cluster or the input;
    /// in namespace knative-eventing where it says none
    #[arg(long, value_name = "[NAMESPACE/]NAME", conflicts_with = "nats_context", value_parser = config_map)]
    pub nats_from: Option<ConfigMapName>,
    /// The NATS credentials file [default: $NATS_CREDS]
    #[arg(long, value_name = "FILE")]
    pub creds: Option<PathBuf>,
    /// The file with the seed of an NKey [default: $NATS_NKEY]
    #[arg(long, value_name = "FILE", conflicts_with = "creds")]
    pub nkey: Option<PathBuf>,
    /// Whom to trust over TLS, PEM [default: $NATS_CA, then the system's authorities]
    #[arg(long, alias = "tlsca", value_name = "FILE")]
    pub nats_ca: Option<PathBuf>,
    /// The client's certificate, PEM [default: $NATS_CERT]
    #[arg(long, alias = "tlscert", value_name = "FILE")]
    pub nats_cert: Option<PathBuf>,
    /// The key of the client's certificate, PEM [default: $NATS_KEY]
    #[arg(long, alias = "tlskey", value_name = "FILE")]
    pub nats_key: Option<PathBuf>,
    /// Begin TLS before the server says anything (its `handshake_first`)
    #[arg(long, alias = "tlsfirst")]
    pub nats_tls_first: bool,
    /// The JetStream domain
    #[arg(long, value_name = "NAME")]
    pub js_domain: Option<String>,
    /// What stands before the subjects of JetStream's API in place of $JS.API, where another account
    /// lets this one in
    #[arg(long, value_name = "PREFIX", conflicts_with = "js_domain")]
    pub js_api_prefix: Option<String>,
    /// Whether the servers are the project's to say, and no variable's.
    #[arg(skip)]
    pub own_context: bool,
    /// The Secret that the project's environment names for the credentials file: namespace, name, key.
    #[arg(skip)]
    pub secret: Option<(String, String, String)>,
}

impl NatsArgs {
    /// Whether any of it is said.
    pub(super) fn any(&self) -> bool {
        let files = [&self.creds, &self.nkey, &self.nats_ca, &self.nats_cert, &self.nats_key];
        let texts = [&self.nats_context, &self.nats_url, &self.js_domain, &self.js_api_prefix];
        self.nats_tls_first
            || self.nats_from.is_some()
            || files.into_iter().any(Option::is_some)
            || texts.into_iter().any(Option::is_some)
    }
}

/// The forms that every result has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Output {
    /// For people
    #[default]
    Text,
    /// One JSON document
    Json,
    /// JSON documents, each on a line of its own. Of verbs that have steps to tell of.
    #[value(skip)]
    Jsonl,
}

/// The forms of verbs that have steps to tell of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum LinesOutput {
    /// For people
    #[default]
    Text,
    /// One JSON document, at the end
    Json,
    /// A JSON document on a line for every finding, change or event, and one for the whole at the end
    Jsonl,
}

impl From<LinesOutput> for Output {
    fn from(output: LinesOutput) -> Self {
        match output {
            LinesOutput::Text => Self::Text,
            LinesOutput::Json => Self::Json,
            LinesOutput::Jsonl => Self::Jsonl,
        }
    }
}

/// The forms of a result that is findings and nothing else. Verbs with results of their own do not
/// take them: what they print would be half of what was asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum FindingsOutput {
    /// For people
    #[default]
    Text,
    /// One JSON document
    Json,
    /// A SARIF 2.1.0 log, for code scanning
    Sarif,
    /// Annotations of GitHub Actions, for a workflow's log
    Github,
}

/// How heavy a finding must be to make a run fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FailOn {
    /// Errors alone
    Error,
    /// Warnings too
    Warning,
}

impl From<FailOn> for crate::diag::Severity {
    fn from(fail_on: FailOn) -> Self {
        match fail_on {
            FailOn::Error => Self::Error,
            FailOn::Warning => Self::Warning,
        }
    }
}

fn duration(text: &str) -> Result<Duration, String> {
    let nanoseconds = GoDuration::parse(text)?.nanoseconds();
    if nanoseconds == 0 {
        return Err("no answer comes in no time; write 500ms or 30s".to_owned());
    }
    Ok(Duration::from_nanos(nanoseconds))
}

/// A time that may be none at all.
pub(super) fn patience(text: &str) -> Result<Duration, String> {
    match text {
        "0" => Ok(Duration::ZERO),
        text => Ok(Duration::from_nanos(GoDuration::parse(text)?.nanoseconds())),
    }
}

fn config_map(text: &str) -> Result<ConfigMapName, String> {
    ConfigMapName::parse(text)
}

pub(super) fn project(text: &str) -> Result<String, String> {
    ProjectName::parse(text).map(|name| name.as_str().to_owned())
}

pub(super) fn namespace(text: &str) -> Result<String, String> {
    crate::model::text::NamespaceName::parse(text).map(|name| name.as_str().to_owned())
}
