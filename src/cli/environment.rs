//! The process environment, read here alone and handed on as a value.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

/// Every variable of the process.
#[derive(Debug, Clone, Default)]
pub(super) struct Environment(BTreeMap<String, OsString>);

impl Environment {
    /// The environment of this process.
    pub(super) fn read() -> Self {
        Self(
            std::env::vars_os()
                .filter_map(|(name, value)| Some((name.into_string().ok()?, value)))
                .collect(),
        )
    }

    /// A variable that is there and not empty.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.0
            .get(name)
            .and_then(|value| value.clone().into_string().ok())
            .filter(|text| !text.is_empty())
    }

    /// A variable that names a file or folder.
    pub(super) fn path(&self, name: &str) -> Option<PathBuf> {
        self.0.get(name).filter(|value| !value.is_empty()).map(PathBuf::from)
    }

    /// Whether a variable is there and not empty.
    pub(super) fn is_set(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(|value| !value.is_empty())
    }

    /// The user's home folder.
    pub(super) fn home(&self) -> Option<PathBuf> {
        self.path("HOME").or_else(|| self.path("USERPROFILE"))
    }

    /// Where programs keep their settings.
    pub(super) fn config_home(&self) -> Option<PathBuf> {
        self.path("XDG_CONFIG_HOME").or_else(|| Some(self.home()?.join(".config")))
    }

    /// `~/` and `$NAME` in a path, as NATS contexts have them.
    pub(super) fn expand(&self, text: &str) -> PathBuf {
        let home = self.home().map(|home| home.to_string_lossy().into_owned()).unwrap_or_default();
        let text = match text.strip_prefix("~/") {
            Some(rest) => format!("{home}/{rest}"),
            None => text.to_owned(),
        };
        let parts = text.split('/').map(|part| match part.strip_prefix('$') {
            Some(name) => self.text(name.trim_matches(['{', '}'])).unwrap_or_default(),
            None => part.to_owned(),
        });
        PathBuf::from(parts.collect::<Vec<_>>().join("/"))
    }
}

#[cfg(test)]
impl Environment {
    /// An environment of these variables alone.
    pub(super) fn of(variables: &[(&str, &str)]) -> Self {
        Self(
            variables
                .iter()
                .map(|(name, value)| ((*name).to_owned(), OsString::from(value)))
                .collect(),
        )
    }
}
