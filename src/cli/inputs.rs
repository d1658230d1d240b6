//! Paths to inputs: folders are read whole, in a stable order. A file that cannot be read is an
//! input that says so; nothing here stops a run.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::ValueEnum;

use crate::model::Input;
use crate::model::project::FILE_NAME;

use super::args::InputArgs;

/// Folders deeper than this are left out: a link that leads back up.
const DEPTH: usize = 32;

/// Every input that the arguments name, the project file first.
pub(super) fn read<Form: ValueEnum + Default + Send + Sync>(args: &InputArgs<Form>) -> Vec<Input> {
    let mut paths: Vec<PathBuf> = args.paths.iter().chain(&args.files).cloned().collect();
    if paths.is_empty() {
        paths.push(PathBuf::from("."));
    }
    let mut files: Vec<PathBuf> = paths.iter().filter_map(|path| project_file(path)).collect();
    let mut inputs = Vec::new();
    for path in &paths {
        if path.as_os_str() == "-" {
            inputs.push(stdin());
        } else if path.is_dir() {
            let before = files.len();
            folder(path, DEPTH, &mut files, &mut inputs);
            if files.len() == before {
                let content = Err("it holds no .yaml, .yml or .json file".to_owned());
                inputs.push(Input { name: name(path), content });
            }
        } else {
            files.push(path.clone());
        }
    }
    let mut seen = std::collections::BTreeSet::new();
    files.retain(|file| seen.insert(file.clone()));
    let read = files.iter().map(|file| Input {
        name: name(file),
        content: std::fs::read(file).map_err(|error| error.to_string()),
    });
    read.chain(inputs).collect()
}

/// The project file that belongs to a path: in the folder itself, or beside the file.
fn project_file(path: &Path) -> Option<PathBuf> {
    let folder = if path.is_dir() { path } else { path.parent()? };
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    Some(folder.join(FILE_NAME)).filter(|file| file.is_file())
}

fn folder(path: &Path, depth: usize, files: &mut Vec<PathBuf>, inputs: &mut Vec<Input>) {
    let listed = std::fs::read_dir(path)
        .and_then(|entries| entries.map(|entry| entry.map(|entry| entry.path())).collect());
    let mut entries: Vec<PathBuf> = match listed {
        Ok(entries) => entries,
        Err(error) => {
            inputs.push(Input { name: name(path), content: Err(error.to_string()) });
            return;
        }
    };
    entries.sort();
    for entry in entries {
        let file_name = entry.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if file_name.starts_with('.') || file_name == FILE_NAME {
            continue;
        }
        if entry.is_dir() {
            if depth > 0 {
                folder(&entry, depth - 1, files, inputs);
            }
        } else if matches!(
            entry.extension().and_then(|e| e.to_str()),
            Some("yaml" | "yml" | "json")
        ) {
            files.push(entry);
        }
    }
}

fn stdin() -> Input {
    let mut bytes = Vec::new();
    let content =
        std::io::stdin().read_to_end(&mut bytes).map(|_| bytes).map_err(|e| e.to_string());
    Input { name: "stdin".to_owned(), content }
}

fn name(path: &Path) -> String {
    let text = path.to_string_lossy();
    text.strip_prefix("./").unwrap_or(&text).to_owned()
}
