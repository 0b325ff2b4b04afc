//! The binary `crowdsky`.

use std::process::ExitCode;

fn main() -> ExitCode {
    crowdsky_server::cli::main()
}
