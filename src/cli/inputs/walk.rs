//! What lies in a folder and below it, but for hidden entries, npm's packages and what `.evctlignore`
//! files leave out.
//! Links are followed, never in a circle. Reads no manifest.

use std::path::{Path, PathBuf};

use ignore::{DirEntry, Error, WalkBuilder};

use crate::model::kustomization;
use crate::model::project::FILE_NAME;

/// The file that says what is left out, in the form of .gitignore.
const IGNORE_FILE: &str = ".evctlignore";

/// What a Helm chart is known by.
const CHART: &str = "Chart.yaml";

/// Something that was met.
pub(super) enum Met {
    File(PathBuf),
    /// The `Chart.yaml` of a Helm chart.
    Chart(PathBuf),
    Kustomization(PathBuf),
    /// A place that cannot be read, and why.
    Failed(PathBuf, String),
}

/// All that is of interest in a folder, in the order of names.
pub(super) fn folder(path: &Path) -> Vec<Met> {
    let mut walk = WalkBuilder::new(path);
    walk.standard_filters(false).hidden(true).parents(true).follow_links(true);
    walk.add_custom_ignore_filename(IGNORE_FILE).sort_by_file_name(Ord::cmp);
    walk.filter_entry(|entry| !is_of_chart(entry) && !is_of_packages(entry));
    let mut met = Vec::new();
    for entry in walk.build() {
        match entry {
            Ok(entry) => {
                met.extend(entry.error().map(|error| failed(path, error)));
                met.extend(file(entry));
            }
            Err(error) => met.extend(Some(failed(path, &error)).filter(|_| matters(&error))),
        }
    }
    met
}

fn file(entry: DirEntry) -> Option<Met> {
    let name = entry.file_name().to_string_lossy().into_owned();
    if entry.file_type().is_none_or(|kind| kind.is_dir()) || name == FILE_NAME {
        return None;
    }
    let path = entry.into_path();
    match name.as_str() {
        CHART => Some(Met::Chart(path)),
        name if kustomization::FILE_NAMES.contains(&name) => Some(Met::Kustomization(path)),
        _ => is_manifest_name(&path).then_some(Met::File(path)),
    }
}

/// Whether a file's name is that of a manifest.
pub(super) fn is_manifest_name(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    matches!(extension, Some("yaml" | "yml" | "json"))
}

/// Whether an entry of a chart is for Helm alone. Its `crds` are plain manifests.
fn is_of_chart(entry: &DirEntry) -> bool {
    let name = entry.file_name().to_string_lossy();
    let is_folder = entry.file_type().is_some_and(|kind| kind.is_dir());
    let named = if is_folder {
        matches!(&*name, "templates" | "charts")
    } else {
        name.starts_with("values") && is_manifest_name(Path::new(&*name))
    };
    let is_root = entry.depth() == 0;
    named && !is_root && entry.path().parent().is_some_and(|folder| folder.join(CHART).is_file())
}

/// Whether an entry is where npm keeps other people's files: hundreds of .json, and no manifest.
fn is_of_packages(entry: &DirEntry) -> bool {
    entry.depth() > 0 && entry.file_name() == "node_modules"
}

fn failed(folder: &Path, error: &Error) -> Met {
    let place = place(error).unwrap_or(folder).to_owned();
    Met::Failed(place, why(error))
}

/// What is wrong, without the path that the library puts before it.
fn why(error: &Error) -> String {
    match error {
        Error::WithPath { err, .. } | Error::WithDepth { err, .. } => why(err),
        Error::Partial(errors) => errors.iter().map(why).collect::<Vec<_>>().join("; "),
        other => other.to_string(),
    }
}

fn place(error: &Error) -> Option<&Path> {
    match error {
        Error::WithPath { path, .. } => Some(path),
        Error::WithDepth { err, .. } | Error::WithLineNumber { err, .. } => place(err),
        Error::Partial(errors) => errors.iter().find_map(place),
        _ => None,
    }
}

/// A circle of links is met once without it, and a broken link counts where its name is a manifest's.
fn matters(error: &Error) -> bool {
    match error {
        Error::Loop { .. } => false,
        Error::WithPath { path, err } => matters(err) && (is_manifest_name(path) || path.is_dir()),
        Error::WithDepth { err, .. } | Error::WithLineNumber { err, .. } => matters(err),
        Error::Partial(errors) => errors.iter().any(matters),
        _ => true,
    }
}
