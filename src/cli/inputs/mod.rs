//! Paths to inputs: what was named, then what lies in folders, each file once, in a stable order. A
//! file that cannot be read is an input that says so; nothing here stops a run.

mod bounded;
mod kustomize;
mod walk;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::ValueEnum;

use crate::diag::{Code, Finding};
use crate::model::project::FILE_NAME;
use crate::model::{How, Input, foreign, kustomization};

use super::args::InputArgs;
use super::settings::{self, Chosen};
use walk::Met;

/// Every input that the arguments name, the project files first, and what the project file says of
/// the run.
///
/// # Errors
/// `--env` names an environment that is not there.
pub(super) fn read<Form: ValueEnum + Default + Send + Sync>(
    args: &InputArgs<Form>,
) -> Result<(Vec<Input>, Chosen), String> {
    let mut paths: Vec<PathBuf> = args.paths.iter().chain(&args.files).cloned().collect();
    if paths.is_empty() && args.kustomize.is_empty() {
        paths.push(PathBuf::from("."));
    }
    let mut reader = Reader::default();
    for path in paths.iter().chain(&args.kustomize).filter(|path| !is_stdin(path)) {
        reader.project_file(path);
    }
    let chosen = settings::choose(args.env.as_deref(), &reader.inputs)?;
    let mut kustomize = args.kustomize.clone();
    let paths = sources(paths, &mut kustomize, &chosen);
    // What is named outright is taken first: a folder that holds it too changes nothing then.
    for path in paths.iter().filter(|path| !is_stdin(path) && !path.is_dir()) {
        reader.file(path, How::Named);
    }
    reader.folders(paths.iter().map(PathBuf::as_path).filter(|path| path.is_dir()));
    if paths.iter().any(|path| is_stdin(path)) {
        reader.inputs.push(bounded::stdin());
    }
    reader.inputs.extend(kustomize.iter().map(|folder| kustomize::input(folder)));
    Ok((reader.inputs, chosen))
}

/// The paths, with the sources that a project names in place of its folder.
fn sources(paths: Vec<PathBuf>, kustomize: &mut Vec<PathBuf>, chosen: &Chosen) -> Vec<PathBuf> {
    let Some(sources) = chosen.sources() else { return paths };
    let is_project = |path: &PathBuf| path.is_dir() && path.join(FILE_NAME).is_file();
    let (projects, mut others): (Vec<_>, Vec<_>) = paths.into_iter().partition(is_project);
    if !projects.is_empty() {
        others.extend(sources.paths);
        kustomize.extend(sources.kustomize);
    }
    others
}

fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

#[derive(Default)]
struct Reader {
    inputs: Vec<Input>,
    /// The files that were taken or are not to be, by their one true path.
    seen: BTreeSet<PathBuf>,
}

impl Reader {
    /// The project file that belongs to a path: in the folder itself, or beside the file.
    fn project_file(&mut self, path: &Path) {
        let folder = if path.is_dir() { Some(path) } else { path.parent() };
        let folder =
            folder.map(|folder| if folder == Path::new("") { Path::new(".") } else { folder });
        if let Some(file) =
            folder.map(|folder| folder.join(FILE_NAME)).filter(|file| file.is_file())
        {
            self.file(&file, How::Named);
        }
    }

    /// Reads a file that was not taken before.
    fn file(&mut self, path: &Path, how: How) {
        if self.seen.insert(identity(path)) {
            self.inputs.push(Input { how, ..bounded::file(path) });
        }
    }

    fn folders<'a>(&mut self, paths: impl Iterator<Item = &'a Path>) {
        let walked: Vec<(&Path, Vec<Met>)> = paths.map(|path| (path, walk::folder(path))).collect();
        let met = || walked.iter().flat_map(|(_, met)| met);
        let kustomizations = met().filter_map(|met| match met {
            Met::Kustomization(path) => Some((path.clone(), partial(path))),
            _ => None,
        });
        let kustomizations: Vec<(PathBuf, Vec<PathBuf>)> = kustomizations.collect();
        // A file that is named outright was taken already, patch or not.
        self.seen.extend(kustomizations.iter().flat_map(|(_, partial)| partial.iter().cloned()));
        for (path, met) in walked {
            // A project file alone is a project that declares nothing.
            if met.is_empty() && !path.join(FILE_NAME).is_file() {
                self.inputs.push(empty(path));
            }
            for met in met {
                self.met(met, &kustomizations);
            }
        }
    }

    fn met(&mut self, met: Met, kustomizations: &[(PathBuf, Vec<PathBuf>)]) {
        match met {
            Met::File(path) => self.file(&path, How::Found),
            Met::Chart(path) => self.file(&path, How::Passed(Box::new(foreign::chart()))),
            Met::Kustomization(path) => {
                let known = kustomizations.iter().find(|(of, _)| *of == path);
                let partial = known.map_or(0, |(_, partial)| partial.len());
                self.file(&path, How::Passed(Box::new(foreign::kustomization(partial))));
            }
            Met::Failed(path, why) => self.inputs.push(unreadable(&name(&path), &why)),
        }
    }
}

/// The files that a kustomization reads in ways of its own, by their true paths.
fn partial(path: &Path) -> Vec<PathBuf> {
    let folder = path.parent().unwrap_or_else(|| Path::new(""));
    let Ok(bytes) = bounded::read(path) else { return Vec::new() };
    let read = kustomization::read(&String::from_utf8_lossy(&bytes));
    let files: BTreeSet<PathBuf> = read
        .partial
        .iter()
        .map(|file| folder.join(file))
        .filter(|file| file.is_file() && walk::is_manifest_name(file))
        .map(|file| identity(&file))
        .collect();
    files.into_iter().collect()
}

/// One path for each file, whatever links and dots lead to it.
fn identity(path: &Path) -> PathBuf {
    std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

fn empty(path: &Path) -> Input {
    unreadable(
        &name(path),
        "it holds no .yaml, .yml or .json file; hidden and ignored ones do not count",
    )
}

/// An input that cannot be had.
fn unreadable(name: &str, why: &str) -> Input {
    let message = format!("`{name}` cannot be read: {why}");
    let help = "name a file or folder that is there and that you may read";
    Input::failed(name, Finding::new(Code::UnreadableFile, message, help))
}

/// How output calls a file.
fn name(path: &Path) -> String {
    let text = path.to_string_lossy();
    text.strip_prefix("./").unwrap_or(&text).to_owned()
}
