//! The `vouchsafe` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    vouchsafe::cli::run(std::env::args_os())
}
