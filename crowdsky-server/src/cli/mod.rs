//! The command line: one role per file.

mod append;
mod chunks;
mod config;
mod demo;
mod exit;
mod fsck;
mod inspect;
mod interrupt;
mod logging;
mod migrate;
mod outputs;
mod progress;
mod serve;
mod simulate;
mod size;
mod stack;
mod summary;
mod terminal;
mod user;
mod worker;
mod worker_token;

use clap::{CommandFactory, Parser, Subcommand};
use exit::Failure;
use std::process::ExitCode;

/// Stacks raw frames of Seestar telescopes.
#[derive(Debug, Parser)]
#[command(name = "crowdsky", version, arg_required_else_help = true, after_help = EXIT_STATUS)]
struct Cli {
    #[command(subcommand)]
    role: Role,
}

#[derive(Debug, Subcommand)]
enum Role {
    Stack(stack::Args),
    Inspect(inspect::Args),
    Simulate(simulate::Args),
    Demo(demo::Args),
    Serve(serve::Args),
    Migrate(migrate::Args),
    Fsck(fsck::Args),
    User(user::Args),
    Worker(worker::Args),
    WorkerToken(worker_token::Args),
    Config(config::Args),
}

const EXIT_STATUS: &str = "\
Exit status: 0 done, 1 failed (one line on stderr says why), 2 wrong usage, 3 nothing could be stacked.

Try it out:
  crowdsky simulate night
  crowdsky stack night -o stack.fits --preview stack.png
";

/// Runs the role named on the command line.
///
/// Faults of usage and `--help` end the process here, as `clap` does it.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let (role, done) = match cli.role {
        Role::Stack(args) => ("stack", stack::run(&args)),
        Role::Inspect(args) => ("inspect", inspect::run(&args)),
        Role::Simulate(args) => ("simulate", simulate::run(&args)),
        Role::Demo(args) => ("demo", demo::run(&args)),
        Role::Serve(args) => ("serve", serve::run(&args)),
        Role::Migrate(args) => ("migrate", migrate::run(&args)),
        Role::Fsck(args) => ("fsck", fsck::run(&args)),
        Role::User(args) => ("user", user::run(&args)),
        Role::Worker(args) => ("worker", worker::run(&args)),
        Role::WorkerToken(args) => ("worker-token", worker_token::run(&args)),
        Role::Config(args) => ("config", config::run(&args)),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Usage(message)) => {
            let mut command = Cli::command();
            command.build();
            let command = command.find_subcommand_mut(role).cloned().unwrap_or(command);
            command.clone().error(clap::error::ErrorKind::ValueValidation, message).exit()
        }
        Err(failure) => {
            if let Some(message) = failure.message() {
                terminal::complain(&format!("crowdsky {role}: {message}"));
            }
            ExitCode::from(failure.status())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_help_of_every_role_gives_an_example() {
        for role in Cli::command().get_subcommands_mut() {
            let help = role.render_long_help().to_string();
            assert!(help.contains(&format!("crowdsky {} ", role.get_name())), "{help}");
            assert!(help.contains("Example"), "{help}");
        }
    }
}
