//! The `evctl` binary: hands the command line over and ends with the code that comes back.

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

use std::process::ExitCode;

fn main() -> ExitCode {
    evctl::cli::run(std::env::args_os())
}
