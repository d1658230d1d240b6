//! The `evctl` binary: hands the command line over and ends with the code that comes back.

use std::process::ExitCode;

fn main() -> ExitCode {
    evctl::cli::run(std::env::args_os())
}
