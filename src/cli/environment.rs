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

    /// Where programs keep what they can do without.
    pub(super) fn cache_home(&self) -> Option<PathBuf> {
        // A home that is not there, as containers have it, is not made for a cache.
        let home = || self.home().filter(|home| home.is_dir());
        self.path("XDG_CACHE_HOME").or_else(|| Some(home()?.join(".cache")))
    }

    /// `~`, `$NAME` and `${NAME}` in a path, as NATS contexts have them. What is not set is empty.
    pub(super) fn expand(&self, text: &str) -> PathBuf {
        let home = self.home().map(|home| home.to_string_lossy().into_owned()).unwrap_or_default();
        let text = match text.strip_prefix('~') {
            Some(rest) if rest.is_empty() || rest.starts_with('/') => format!("{home}{rest}"),
            _ => text.to_owned(),
        };
        let mut parts = text.split('$');
        let mut expanded = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let (name, rest) = match part.strip_prefix('{').and_then(|part| part.split_once('}')) {
                Some(braced) => braced,
                None => {
                    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
                    part.split_at(part.find(|c| !is_name(c)).unwrap_or(part.len()))
                }
            };
            match name {
                "" => expanded.push('$'),
                name => expanded.push_str(&self.text(name).unwrap_or_default()),
            }
            expanded.push_str(rest);
        }
        PathBuf::from(expanded)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_filled_in() {
        let environment = Environment::of(&[("HOME", "/home/ann"), ("NAME", "shop")]);
        for (text, expanded) in [
            ("~/a", "/home/ann/a"),
            ("~", "/home/ann"),
            ("~bob/a", "~bob/a"),
            ("$HOME/$NAME.creds", "/home/ann/shop.creds"),
            ("/x/${NAME}s/$OTHER/y", "/x/shops//y"),
            ("a$/b", "a$/b"),
        ] {
            assert_eq!(environment.expand(text), PathBuf::from(expanded), "{text}");
        }
    }
}
