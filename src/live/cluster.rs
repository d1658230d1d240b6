//! One connection to a Kubernetes API server, and what its errors mean to people.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error as _;
use std::path::Path;
use std::time::Duration;

use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::core::Status;
use kube::{Client, Config, Error};
use smol_str::SmolStr;

use super::discovery::Kind;
use super::discovery_cache::Cache;
use super::{ClusterTarget, LiveError, backoff};

/// An open connection, and the kinds looked up so far by (apiVersion, kind).
#[derive(Clone)]
pub(super) struct Cluster {
    pub(super) client: Client,
    pub(super) name: String,
    pub(super) version: String,
    pub(super) timeout: Duration,
    pub(super) kinds: BTreeMap<(String, String), Kind>,
    /// Declared kinds, as (group, kind), that it does not serve and can do without; `None` until the
    /// declared kinds are looked up.
    pub(super) unserved: Option<BTreeSet<(SmolStr, SmolStr)>>,
    pub(super) cache: Cache,
    namespace: String,
}

impl Cluster {
    pub(super) async fn connect(
        target: &ClusterTarget,
        timeout: Duration,
        cache: Option<&Path>,
    ) -> Result<Self, LiveError> {
        let mut config = config(target).await?;
        config.connect_timeout = Some(timeout);
        config.read_timeout = Some(timeout);
        config.write_timeout = Some(timeout);
        // A refused connection is an answer: no waiting and trying again behind the user's back.
        config.default_retry = false;
        let context =
            target.context.clone().map(|context| format!("{context} @ ")).unwrap_or_default();
        let server = without_credentials(&config.cluster_url);
        let name = format!("{context}{server}");
        let namespace = config.default_namespace.clone();
        let client = backoff::client(config).map_err(|error| match error {
            Error::Auth(_) => without_login(&name),
            error => LiveError::new(
                format!("the kubeconfig for {name} cannot be used"),
                words(&error),
                "check certificates, keys and the user's auth section",
            ),
        })?;
        let mut cluster = Self {
            client,
            name,
            version: String::new(),
            timeout,
            kinds: BTreeMap::new(),
            unserved: None,
            cache: Cache::default(),
            namespace,
        };
        let version = cluster.ask("its version", cluster.client.apiserver_version()).await?;
        cluster.version = version.git_version;
        if let Some(folder) = cache {
            cluster.cache = Cache::read(folder, &server, &cluster.version);
        }
        Ok(cluster)
    }

    /// The same connection, with one kind more.
    pub(super) fn with(&self, api_version: String, kind: String, found: Kind) -> Self {
        let mut kinds = self.kinds.clone();
        kinds.insert((api_version, kind), found);
        Self { kinds, ..self.clone() }
    }

    /// The namespace of the context.
    pub(super) fn namespace(&self) -> &str {
        &self.namespace
    }

    /// Waits for an answer, at most the time limit, and puts what is wrong into words.
    pub(super) async fn ask<T>(
        &self,
        what: &str,
        asked: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, LiveError> {
        match tokio::time::timeout(self.timeout, asked).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(self.error(what, &error)),
            Err(_) => Err(self.unreachable("no answer in time")),
        }
    }

    /// An error that is nobody's but ours.
    pub(super) fn odd(&self, what: &str, why: &str) -> LiveError {
        LiveError::new(
            format!("{what} could not be read from {}", self.name),
            why,
            "that is a mistake of evctl's: please report it",
        )
    }

    fn unreachable(&self, why: &str) -> LiveError {
        LiveError::new(
            format!("the cluster {} cannot be reached", self.name),
            why,
            "see that the API server is up and the context is right, give it longer with --timeout, \
             or leave the plane out with --no-kubernetes",
        )
    }

    /// What an error means to people.
    pub(super) fn error(&self, what: &str, error: &Error) -> LiveError {
        match status(error) {
            Some(status) if status.code == 401 => LiveError::new(
                format!("the cluster {} refuses the credentials", self.name),
                "401 Unauthorized",
                "log in again, or choose another --context",
            ),
            Some(status) if status.code == 403 => LiveError::new(
                format!("{what} may not be read from {}", self.name),
                format!("403 {}", status.message),
                "ask for the right to get, list and patch what the project declares",
            ),
            Some(status) => LiveError::new(
                format!("{what} cannot be read from {}", self.name),
                format!("{} {}", status.code, status.message),
                "see what the API server's log says",
            ),
            None if matches!(error, Error::Auth(_)) => without_login(&self.name),
            None => self.unreachable(&words(error)),
        }
    }
}

/// The API server's own answer, where the error is one.
pub(super) fn status(error: &Error) -> Option<&Status> {
    match error {
        Error::Api(status) => Some(status),
        _ => None,
    }
}

/// An error with all of its causes, each once.
pub(super) fn words(error: &Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let text = inner.to_string();
        if !words.contains(&text) {
            words = format!("{words}: {text}");
        }
        cause = inner.source();
    }
    words
}

async fn config(target: &ClusterTarget) -> Result<Config, LiveError> {
    let options =
        KubeConfigOptions { context: target.context.clone(), ..KubeConfigOptions::default() };
    let loaded = match &target.kubeconfig {
        None if target.in_cluster => {
            return Config::incluster().map_err(|error| {
                LiveError::new(
                    "the pod's own service account cannot be used",
                    error.to_string(),
                    "name a --kubeconfig",
                )
            });
        }
        None => Config::from_kubeconfig(&options).await,
        Some(path) => match Kubeconfig::read_from(path) {
            Ok(kubeconfig) => Config::from_custom_kubeconfig(kubeconfig, &options).await,
            Err(error) => Err(error),
        },
    };
    loaded.map_err(|error| {
        LiveError::new(
            "no cluster can be made out of the kubeconfig",
            // The lines below the first repeat the file, which holds credentials.
            error.to_string().lines().next().unwrap_or_default(),
            "name the right --kubeconfig and --context, or leave the plane out with --no-kubernetes",
        )
    })
}

/// A server's URL as output may show it.
fn without_credentials(url: &http::Uri) -> String {
    let text = url.to_string();
    let text = text.trim_end_matches('/');
    match text.split_once("://") {
        Some((scheme, rest)) => {
            let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
            format!("{scheme}://{host}")
        }
        None => text.to_owned(),
    }
}

/// The words of such an error repeat the plugin's command line and output, which hold secrets.
fn without_login(name: &str) -> LiveError {
    LiveError::new(
        format!("no credentials can be had for the cluster {name}"),
        "the kubeconfig user's login (exec plugin, token file or auth provider) failed",
        "run `kubectl get namespaces` with the same context to see why, then try again",
    )
}
