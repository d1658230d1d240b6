//! The folder of schemas: each in its file, one for all kinds, and settings for the editor. A second
//! run changes nothing, and nothing is overwritten that evctl did not write.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::model::schema::document::{self, ID_PREFIX};
use crate::model::schema::{Subject, combined, editor, names};

/// A file that could not be dealt with, and why.
type Refusal = (PathBuf, String);

/// What came of one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Done {
    New,
    Changed,
    Same,
}

/// What was written.
pub(super) struct Written {
    schemas: Vec<(PathBuf, Done)>,
    settings: Settings,
}

/// What came of the editor's settings.
enum Settings {
    New(PathBuf),
    /// They name our schemas already.
    Same,
    /// They are the user's; what to add to them.
    Theirs(PathBuf, Value),
}

/// Writes everything below a folder. Looks at everything before it writes anything.
///
/// # Errors
/// The file that is in the way, or that cannot be written.
pub(super) fn write(folder: &Path, subjects: &[Subject]) -> Result<Written, Refusal> {
    let files = files(folder, subjects);
    let mut plan = Vec::new();
    for (path, text) in files {
        let done = compare(&path, &text)?;
        plan.push((path, text, done));
    }
    let mut schemas = Vec::new();
    for (path, text, done) in plan {
        if done != Done::Same {
            create(&path, &text)?;
        }
        schemas.push((path, done));
    }
    Ok(Written { schemas, settings: settings(folder, subjects)? })
}

/// Every schema with its place.
fn files(folder: &Path, subjects: &[Subject]) -> Vec<(PathBuf, String)> {
    let base = folder.join(editor::FOLDER);
    let all = (base.join(editor::COMBINED), combined::of(subjects));
    let each =
        subjects.iter().map(|subject| (base.join(names::file(subject)), document::of(subject)));
    std::iter::once(all).chain(each).map(|(path, schema)| (path, format!("{schema:#}\n"))).collect()
}

fn compare(path: &Path, text: &str) -> Result<Done, Refusal> {
    match fs::read(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Done::New),
        Err(error) => Err((path.to_owned(), error.to_string())),
        Ok(there) if there == text.as_bytes() => Ok(Done::Same),
        Ok(there) if is_ours(&there) => Ok(Done::Changed),
        Ok(_) => {
            let why = format!("{} is there, and evctl did not write it", path.display());
            Err((path.to_owned(), why))
        }
    }
}

fn is_ours(bytes: &[u8]) -> bool {
    let schema: Option<Value> = serde_json::from_slice(bytes).ok();
    let id = schema.as_ref().and_then(|schema| schema.get("$id")).and_then(Value::as_str);
    id.is_some_and(|id| id.starts_with(ID_PREFIX))
}

fn create(path: &Path, text: &str) -> Result<(), Refusal> {
    let refusal = |error: std::io::Error| (path.to_owned(), format!("{}: {error}", path.display()));
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(refusal)?;
    }
    fs::write(path, text).map_err(refusal)
}

/// Settings that exist are the user's, and may hold comments: they are left alone.
fn settings(folder: &Path, subjects: &[Subject]) -> Result<Settings, Refusal> {
    let path = folder.join(editor::SETTINGS);
    let wanted = editor::settings(subjects);
    let names_ours = format!("{}/{}", editor::FOLDER, editor::COMBINED);
    match fs::read_to_string(&path) {
        Ok(text) if text.contains(&names_ours) => Ok(Settings::Same),
        Ok(_) => Ok(Settings::Theirs(path, wanted)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            create(&path, &format!("{wanted:#}\n"))?;
            Ok(Settings::New(path))
        }
        Err(error) => Err((path, error.to_string())),
    }
}

impl Written {
    /// What was written, a line for each file that is not as it was.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        for (path, done) in &self.schemas {
            match done {
                Done::New => text += &format!("+ {}\n", path.display()),
                Done::Changed => text += &format!("~ {}\n", path.display()),
                Done::Same => {}
            }
        }
        let same = self.schemas.iter().filter(|(_, done)| *done == Done::Same).count();
        if let Settings::New(path) = &self.settings {
            text += &format!("+ {}\n", path.display());
        }
        text += &format!(
            "{} schemas: {} written, {same} as they were\n",
            self.schemas.len(),
            self.schemas.len() - same
        );
        if let Settings::Theirs(path, wanted) = &self.settings {
            text += &format!(
                "{} is yours and was left alone; add to it:\n{wanted:#}\n",
                path.display()
            );
        }
        text
    }
}
