//! The `evctl` binary: hands the command line over and ends with the code that comes back.

use std::process::ExitCode;

/// docs/decisions/0009-memory.md.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    evctl::cli::run(std::env::args_os())
}
