//! `-k DIR`: runs kustomize, and gathers the local files that it builds from, so that findings can
//! point there. The one place that starts a program.

use std::collections::BTreeSet;
use std::io::{self, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::diag::{Code, Finding};
use crate::model::input::OriginFile;
use crate::model::kustomization::{self, FILE_NAMES, normal};
use crate::model::{How, Input};

use super::bounded::{self, Failed};
use super::identity;

/// How long a build may take; one that fetches from other repositories takes seconds.
const LIMIT: Duration = Duration::from_mins(2);

/// The programs that can build, in the order of trying, each with its arguments before the folder.
const PROGRAMS: [(&str, &str); 2] = [("kustomize", "build"), ("kubectl", "kustomize")];

/// What kustomize makes of a folder, as one input.
pub(super) fn input(folder: &Path) -> Input {
    let shown = folder.to_string_lossy();
    let name = format!("kustomize build {shown}");
    for (program, argument) in PROGRAMS {
        let mut command = Command::new(program);
        command.arg(argument).arg(folder);
        return match output(&mut command, LIMIT) {
            Ok(bytes) => {
                let how = How::Built { folder: shown.to_string(), files: files(folder) };
                Input { name, content: Ok(bytes), how }
            }
            Err(Stopped::Absent) => continue,
            Err(Stopped::TooLarge) => Input::failed(&name, bounded::too_large(&name)),
            Err(Stopped::Failed(why)) => failed(&name, &shown, program, &why),
        };
    }
    let message =
        format!("`{shown}` cannot be built: there is no kustomize on PATH, and no kubectl");
    let help = "install one of them: https://kubectl.docs.kubernetes.io/installation/kustomize";
    Input::failed(&name, Finding::new(Code::KustomizeFailed, message, help))
}

fn failed(name: &str, folder: &str, program: &str, why: &str) -> Input {
    let message = format!("`{folder}` cannot be built: {program} says: {why}");
    let help = "mend the kustomization until `kustomize build` prints it; nothing of it was read";
    Input::failed(name, Finding::new(Code::KustomizeFailed, message, help))
}

/// Why a program gave nothing.
enum Stopped {
    Absent,
    TooLarge,
    Failed(String),
}

/// All that a program prints, within a time.
fn output(command: &mut Command, limit: Duration) -> Result<Vec<u8>, Stopped> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => Stopped::Absent,
        _ => Stopped::Failed(error.to_string()),
    })?;
    let printed = reader(child.stdout.take());
    let said = reader(child.stderr.take());
    // Both pipes close when the program ends, and the programs that it has started.
    let Ok(printed) = printed.recv_timeout(limit) else { return Err(overdue(child, limit)) };
    let Ok(said) = said.recv_timeout(limit) else { return Err(overdue(child, limit)) };
    if matches!(printed, Err(Failed::TooLarge)) {
        let _ = child.kill();
    }
    let status = child.wait().map_err(|error| Stopped::Failed(error.to_string()))?;
    match printed {
        Err(Failed::TooLarge) => Err(Stopped::TooLarge),
        Err(Failed::Io(error)) => Err(Stopped::Failed(error.to_string())),
        Ok(_) if !status.success() => {
            let said = said.unwrap_or_default();
            let said = String::from_utf8_lossy(&said).trim().to_owned();
            Err(Stopped::Failed(if said.is_empty() { status.to_string() } else { said }))
        }
        Ok(bytes) => Ok(bytes),
    }
}

fn overdue(mut child: Child, limit: Duration) -> Stopped {
    let _ = child.kill();
    let _ = child.wait();
    Stopped::Failed(format!("nothing within {} s; it was stopped", limit.as_secs()))
}

/// Reads a pipe in a thread of its own: a program that fills one while the other is read would wait
/// for ever.
fn reader(pipe: Option<impl Read + Send + 'static>) -> mpsc::Receiver<Result<Vec<u8>, Failed>> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let read = pipe.map_or(Ok(Vec::new()), bounded::all);
        let _ = sender.send(read);
    });
    receiver
}

/// The local files that a kustomization builds from, its own among them.
fn files(folder: &Path) -> Vec<OriginFile> {
    let mut files = Vec::new();
    gather(folder, &mut files, &mut BTreeSet::new());
    files
}

fn gather(path: &Path, files: &mut Vec<OriginFile>, seen: &mut BTreeSet<std::path::PathBuf>) {
    if !seen.insert(identity(path)) {
        return;
    }
    if path.is_file() {
        return files.extend(file(path));
    }
    let found = FILE_NAMES.iter().map(|name| path.join(name)).find(|file| file.is_file());
    let Some(own) = found.as_deref().and_then(file) else { return };
    let read = kustomization::read(&own.text);
    files.push(own);
    for resource in read.resources.iter().map(|resource| path.join(resource)) {
        gather(&resource, files, seen);
    }
}

fn file(path: &Path) -> Option<OriginFile> {
    let text = bounded::read(path).ok().and_then(|bytes| String::from_utf8(bytes).ok())?;
    Some(OriginFile { name: normal(&path.to_string_lossy()), text })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(script: &str, limit: Duration, expected: Result<&str, &str>) {
        let said = output(Command::new("sh").args(["-c", script]), limit);
        let said =
            said.map(|bytes| String::from_utf8(bytes).unwrap()).map_err(|stopped| match stopped {
                Stopped::Failed(why) => why,
                Stopped::Absent => "absent".to_owned(),
                Stopped::TooLarge => "too large".to_owned(),
            });
        assert_eq!(said.as_deref().map_err(String::as_str), expected, "{script}");
    }

    #[test]
    fn a_program_is_heard_out_or_stopped() {
        check("echo a; echo b >&2", LIMIT, Ok("a\n"));
        check("echo a; echo b >&2; exit 3", LIMIT, Err("b"));
        check("exit 3", LIMIT, Err("exit status: 3"));
        check("exec sleep 600", Duration::ZERO, Err("nothing within 0 s; it was stopped"));
        check("yes 12345678901234567890", LIMIT, Err("too large"));
    }
}
