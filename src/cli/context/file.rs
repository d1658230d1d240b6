//! The files in which the `nats` CLI keeps its contexts, and which of them is selected
//! (shared/facts/jetstream.md §5). Knows nothing of what the values stand for.

use std::path::PathBuf;

use serde::Deserialize;

use crate::cli::environment::Environment;
use crate::live::LiveError;

/// The file of one context. What says nothing about a connection is left to the `nats` CLI.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct ContextFile {
    pub(super) url: String,
    pub(super) socks_proxy: String,
    pub(super) token: String,
    pub(super) user: String,
    pub(super) password: String,
    pub(super) creds: String,
    pub(super) nkey: String,
    pub(super) cert: String,
    pub(super) key: String,
    pub(super) ca: String,
    /// A user that `nsc` keeps; older than `nsc://` in `creds`.
    pub(super) nsc: String,
    pub(super) jetstream_domain: String,
    pub(super) jetstream_api_prefix: String,
    pub(super) inbox_prefix: String,
    pub(super) user_jwt: String,
    pub(super) user_seed: String,
    pub(super) tls_first: bool,
    pub(super) windows_cert_store: String,
}

/// The name of the context that `nats context select` has chosen.
pub(super) fn selected(environment: &Environment) -> Option<String> {
    let file = environment.config_home()?.join("nats").join("context.txt");
    let name = std::fs::read_to_string(file).ok()?.trim().to_owned();
    (!name.is_empty()).then_some(name)
}

/// Reads a context by its name, or by the path of its file where that ends in `.json`.
///
/// # Errors
/// There is none, or it is not one. Nothing of what is in it is repeated.
pub(super) fn read(name: &str, environment: &Environment) -> Result<ContextFile, LiveError> {
    let file = place(name, environment);
    let fail = |why: String| {
        LiveError::new(
            format!("the NATS context {name} cannot be used"),
            why,
            "`nats context ls` lists what there is",
        )
    };
    let Some(file) = file else { return Err(fail("that is no name of a context".to_owned())) };
    let in_file = |why: String| fail(format!("{}: {why}", file.display()));
    let text = std::fs::read_to_string(&file).map_err(|error| in_file(error.to_string()))?;
    let context: ContextFile = serde_json::from_str(&text).map_err(|error| {
        in_file(format!(
            "it is not a context's JSON (line {}, column {})",
            error.line(),
            error.column()
        ))
    })?;
    if !context.windows_cert_store.is_empty() {
        return Err(LiveError::new(
            format!("the NATS context {name} cannot be used"),
            "evctl does not read the certificate store of Windows",
            "name PEM files in `cert`, `key` and `ca` instead",
        ));
    }
    Ok(context)
}

fn place(name: &str, environment: &Environment) -> Option<PathBuf> {
    let path = PathBuf::from(name);
    let is_json = path.extension().is_some_and(|ending| ending == "json");
    if is_json && path.is_file() {
        return Some(path);
    }
    if name.is_empty() || name.contains(['/', '\\']) || name.contains("..") {
        return None;
    }
    let folder = environment.config_home().unwrap_or_default().join("nats").join("context");
    Some(folder.join(format!("{name}.json")))
}
