//! Reads files and stdin up to a size that no manifest reaches: nothing makes evctl fill the memory.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use crate::diag::{Code, Finding};
use crate::model::Input;

use super::{name, unreadable};

/// The largest input. A generated repository of 50,000 documents is half of it.
const LIMIT: u64 = 64 << 20;

/// Why there are no bytes.
pub(super) enum Failed {
    TooLarge,
    Io(io::Error),
}

impl From<io::Error> for Failed {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// The bytes of a file.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, Failed> {
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    if metadata.is_file() && metadata.len() > LIMIT {
        return Err(Failed::TooLarge);
    }
    all(file)
}

/// Everything that can be read, if it is not too much.
pub(super) fn all(reader: impl Read) -> Result<Vec<u8>, Failed> {
    let mut bytes = Vec::new();
    reader.take(LIMIT + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LIMIT { Err(Failed::TooLarge) } else { Ok(bytes) }
}

/// A file as an input that was named.
pub(super) fn file(path: &Path) -> Input {
    input(&name(path), read(path))
}

/// What comes in on stdin.
pub(super) fn stdin() -> Input {
    input("stdin", all(io::stdin().lock()))
}

fn input(name: &str, read: Result<Vec<u8>, Failed>) -> Input {
    match read {
        Ok(bytes) => Input::named(name, Ok(bytes)),
        Err(Failed::TooLarge) => Input::failed(name, too_large(name)),
        Err(Failed::Io(error)) => unreadable(name, &error.to_string()),
    }
}

/// What is said of an input beyond the limit.
pub(super) fn too_large(name: &str) -> Finding {
    let message = format!("`{name}` is larger than {} MiB; none of it was read", LIMIT >> 20);
    let help = "split it, or keep what is no manifest out of the folder (.evctlignore)";
    Finding::new(Code::TooLarge, message, help)
}
