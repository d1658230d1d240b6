//! Values that say where they are kept: `env://NAME`, `file://PATH`, `data:;base64,…`, `nsc://…`. What
//! they stand for is read here and shown nowhere.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::cli::environment::Environment;
use crate::live::LiveError;

/// Something longer, which is kept in a file or behind a reference.
#[derive(Clone)]
pub(super) enum Kept {
    /// As contexts and variables have it: a path with `~` and `$NAME` to fill in, or a reference.
    Text(String),
    /// A path as it stands.
    File(PathBuf),
}

impl Kept {
    /// `None` for an empty text.
    pub(super) fn text(text: &str) -> Option<Self> {
        (!text.is_empty()).then(|| Self::Text(text.to_owned()))
    }

    /// What is kept. `what` says what it is, for messages.
    ///
    /// # Errors
    /// It cannot be read from where it is said to be.
    pub(super) fn read(&self, what: &str, environment: &Environment) -> Result<String, LiveError> {
        match self {
            Self::File(path) => contents(path, what),
            Self::Text(text) => match Reference::of(text) {
                Some(reference) => reference.read(what, environment),
                None if is_secret(text) => Err(LiveError::new(
                    format!("{what} for NATS cannot be had"),
                    "the name of a file is expected, and the secret itself is said",
                    "write it to a file and name that, or name the variable that holds it: env://NAME",
                )),
                None => contents(&environment.expand(text), what),
            },
        }
    }
}

/// A short value, such as a password: itself, unless it is a reference.
///
/// # Errors
/// It cannot be read from where it is said to be.
pub(super) fn literal(
    text: &str,
    what: &str,
    environment: &Environment,
) -> Result<String, LiveError> {
    match Reference::of(text) {
        Some(reference) => {
            let value = reference.read(what, environment)?;
            Ok(value.trim_end_matches(['\r', '\n']).to_owned())
        }
        None => Ok(text.to_owned()),
    }
}

/// Where a value is kept.
#[derive(Debug, PartialEq, Eq)]
enum Reference<'a> {
    Variable(&'a str),
    File(&'a str),
    /// What stands behind `data:`.
    Data(&'a str),
    /// A user that `nsc` keeps: operator, account and user.
    Nsc(&'a str),
    /// A password manager's.
    OnePassword,
}

impl<'a> Reference<'a> {
    /// The reference that a text is. The short forms `env:NAME` and `file:PATH` count where the rest is
    /// a name or an absolute path: anything else may be a password.
    fn of(text: &'a str) -> Option<Self> {
        if let Some((scheme, rest)) = text.split_once("://") {
            return match scheme.to_ascii_lowercase().as_str() {
                "env" => Some(Self::Variable(rest)),
                "file" => Some(Self::File(rest)),
                "nsc" => Some(Self::Nsc(rest)),
                "op" => Some(Self::OnePassword),
                _ => None,
            };
        }
        let (scheme, rest) = text.split_once(':')?;
        let is_name = |text: &str| {
            let first = text.chars().next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
            first && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        };
        match scheme {
            "env" if is_name(rest) => Some(Self::Variable(rest)),
            "file" if rest.starts_with(['/', '~', '$']) => Some(Self::File(rest)),
            "data" if rest.contains(',') => Some(Self::Data(rest)),
            _ => None,
        }
    }

    fn read(&self, what: &str, environment: &Environment) -> Result<String, LiveError> {
        let fail = |why: String, help: &str| {
            Err(LiveError::new(format!("{what} for NATS cannot be had"), why, help))
        };
        match self {
            Self::Variable(name) => match environment.text(name) {
                Some(value) => Ok(value),
                None => fail(
                    format!("the variable {name} is not set, or empty"),
                    "set it, or change what names it",
                ),
            },
            Self::File(path) => contents(&environment.expand(path), what),
            Self::Data(data) => match decoded(data) {
                Some(text) => Ok(text),
                None => fail(
                    "what stands behind `data:` is no text in base64".to_owned(),
                    "write `data:;base64,` and the text in base64",
                ),
            },
            Self::Nsc(user) => kept_by_nsc(user, what, environment),
            Self::OnePassword => fail(
                "evctl does not run 1Password's `op`".to_owned(),
                "name a variable (`env://NAME`) and run evctl under `op run`, or a file that `op read` \
                 writes",
            ),
        }
    }
}

/// Whether a text is what a file should hold: credentials, a JWT, or an NKey's seed.
fn is_secret(text: &str) -> bool {
    let is_seed = |text: &str| {
        let base32 = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit();
        text.starts_with('S') && text.len() >= 50 && text.chars().all(base32)
    };
    text.contains("-----BEGIN") || text.starts_with("eyJ") || is_seed(text.trim())
}

fn contents(file: &Path, what: &str) -> Result<String, LiveError> {
    std::fs::read_to_string(file).map_err(|error| {
        LiveError::new(
            format!("{what} {} cannot be read", file.display()),
            error.to_string(),
            "name the right file, and see that it may be read",
        )
    })
}

fn decoded(data: &str) -> Option<String> {
    let (head, payload) = data.split_once(',')?;
    head.split(';').any(|part| part.trim() == "base64").then_some(())?;
    String::from_utf8(STANDARD.decode(payload).ok()?).ok()
}

/// The credentials file that `nsc` has written for a user, in one of the folders where it does.
pub(super) fn kept_by_nsc(
    user: &str,
    what: &str,
    environment: &Environment,
) -> Result<String, LiveError> {
    let names: Vec<&str> = user.trim_start_matches("nsc://").split('/').collect();
    let is_name = |name: &&str| !matches!(*name, "" | "." | "..");
    let fail = |why: String| {
        LiveError::new(
            format!("{what} for NATS cannot be had"),
            why,
            "write it to a file with `nsc generate creds`, and name that as `creds`",
        )
    };
    let [operator, account, name] = names.as_slice() else {
        return Err(fail(format!("nsc://{user} is not operator, account and user")));
    };
    if !names.iter().all(is_name) {
        return Err(fail(format!("nsc://{user} is not operator, account and user")));
    }
    let data = environment.path("XDG_DATA_HOME");
    let data = data.or_else(|| Some(environment.home()?.join(".local").join("share")));
    let folders = [
        environment.path("NKEYS_PATH"),
        data.map(|data| data.join("nats").join("nsc").join("keys")),
        environment.home().map(|home| home.join(".nkeys")),
    ];
    let file = Path::new(operator).join(account).join(format!("{name}.creds"));
    let places: Vec<PathBuf> =
        folders.into_iter().flatten().map(|folder| folder.join("creds").join(&file)).collect();
    match places.iter().find(|place| place.is_file()) {
        Some(place) => contents(place, what),
        None => {
            let sought: Vec<String> =
                places.iter().map(|place| place.display().to_string()).collect();
            Err(fail(format!("nsc keeps none for {user}: there is no {}", sought.join(", no "))))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Result<&str, &str>) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("kept"), "from a file\n").unwrap();
        let home = folder.path().to_str().unwrap();
        let nsc = folder.path().join(".nkeys/creds/O/A");
        std::fs::create_dir_all(&nsc).unwrap();
        std::fs::write(nsc.join("u.creds"), "from nsc").unwrap();
        let environment = Environment::of(&[("NAME", "from a variable"), ("HOME", home)]);
        let found = literal(&text.replace("HOME", home), "the password", &environment);
        match (found, expected) {
            (Ok(found), Ok(expected)) => assert_eq!(found, expected),
            (Err(error), Err(expected)) => assert!(error.why.contains(expected), "{error}"),
            (found, expected) => panic!("{:?} is not {expected:?}", found.map_err(|e| e.why)),
        }
    }

    #[test]
    fn references_are_followed() {
        check("env://NAME", Ok("from a variable"));
        check("env:NAME", Ok("from a variable"));
        check("file://HOME/kept", Ok("from a file"));
        check("file:~/kept", Ok("from a file"));
        check("data:;base64,c2VjcmV0", Ok("secret"));
        check("data:text/plain;base64,c2VjcmV0", Ok("secret"));
        check("nsc://O/A/u", Ok("from nsc"));
    }

    #[test]
    fn anything_else_is_itself() {
        for text in ["s3cret", "a:b", "env:not a name", "file:kept", "http://x", "data:none", ""] {
            check(text, Ok(text));
        }
    }

    #[test]
    fn what_cannot_be_followed_is_said() {
        check("env://OTHER", Err("OTHER is not set"));
        check("file:///nowhere", Err("No such file"));
        check("data:,c2VjcmV0", Err("base64"));
        check("op://vault/item/field", Err("1Password"));
        check("nsc://O/A/v", Err("v.creds"));
        check("nsc://O/../v", Err("operator, account and user"));
    }
}
