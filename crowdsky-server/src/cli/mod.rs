//! The command line: one role per file; those that need the service in `service/`.

#[cfg(any(test, not(feature = "service")))]
mod absent;
mod append;
mod chunks;
mod exit;
mod inspect;
mod interrupt;
mod outputs;
mod progress;
#[cfg(feature = "service")]
mod service;
mod simulate;
mod size;
mod stack;
mod summary;
mod terminal;

pub use exit::causes;
pub use inspect::inspect_json;

use clap::error::ErrorKind;
use clap::{Command, CommandFactory, FromArgMatches, Parser, Subcommand};
use exit::Failure;
use std::ffi::OsString;
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
    #[cfg(feature = "service")]
    #[command(flatten)]
    Service(service::Role),
}

const EXIT_STATUS: &str = "\
Exit status: 0 done, 1 failed (one line on stderr says why), 2 wrong usage, 3 nothing could be stacked.

Try it out:
  crowdsky simulate night
  crowdsky stack night -o stack.fits --preview stack.png
";

/// Runs the role named on the command line of this process.
pub fn main() -> ExitCode {
    ExitCode::from(run_from(std::env::args_os()))
}

/// Runs the role that `args` name, and gives the exit status; the process goes on. The first of them is the program's name, as
/// help and faults of usage show it.
///
/// Results go to the standard output of the process and faults to its standard error. While a stack is made, SIGINT and
/// SIGTERM end it with status 1. Handlers that were there are called as well; where there was none, these two signals do not
/// end the process any more from then on.
///
/// ```
/// use crowdsky_server::cli::run_from;
///
/// let name = "python -m crowdsky";
/// assert_eq!(run_from([name, "--version"]), 0);
/// assert_eq!(run_from([name, "inspect", "missing.fit"]), 1);
/// assert_eq!(run_from([name, "polish"]), 2);
/// assert_eq!(run_from([name, "simulate", "night", "--clouds", "3"]), 2);
/// assert_eq!(run_from([name, "stack", "missing", "-o", "stack.fits"]), 3);
/// ```
pub fn run_from<A: Into<OsString> + Clone>(args: impl IntoIterator<Item = A>) -> u8 {
    let mut command = Cli::command();
    let cli = match parse(&mut command, args) {
        Ok(cli) => cli,
        Err(error) => return explain(&error),
    };
    let (role, done) = match &cli.role {
        Role::Stack(args) => ("stack", stack::run(args)),
        Role::Inspect(args) => ("inspect", inspect::run(args)),
        Role::Simulate(args) => ("simulate", simulate::run(args)),
        #[cfg(feature = "service")]
        Role::Service(role) => role.run(),
    };
    match done {
        Ok(()) => 0,
        Err(Failure::Usage(message)) => explain(&wrong_usage(command, role, message)),
        Err(failure) => complain(&format!("crowdsky {role}"), &failure),
    }
}

fn parse<A: Into<OsString> + Clone>(
    command: &mut Command,
    args: impl IntoIterator<Item = A>,
) -> Result<Cli, clap::Error> {
    let parsed = command.try_get_matches_from_mut(args);
    #[cfg(not(feature = "service"))]
    let parsed = parsed.map_err(|error| absent::explained(error, command));
    Cli::from_arg_matches(&parsed?).map_err(|error| error.format(command))
}

/// A fault of usage that only the role itself could find.
fn wrong_usage(mut command: Command, role: &str, message: String) -> clap::Error {
    command.build();
    command.find_subcommand_mut(role).cloned().unwrap_or(command).error(ErrorKind::ValueValidation, message)
}

/// Prints what the parser of options has to say: help, or a fault. The exit status.
fn explain(error: &clap::Error) -> u8 {
    match error.print() {
        Err(broken) if !error.use_stderr() => complain("crowdsky", &terminal::not_printed(broken)),
        // Should stderr fail, nobody is left to be told.
        _ => u8::try_from(error.exit_code()).unwrap_or(2),
    }
}

/// Says why something failed, and gives the exit status.
fn complain(who: &str, failure: &Failure) -> u8 {
    if let Some(message) = failure.message() {
        terminal::complain(&format!("{who}: {message}"));
    }
    failure.status()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
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

    #[test]
    fn the_program_has_the_name_it_was_called_by() {
        let mut command = Cli::command();
        let name = "python -m crowdsky";
        let help = parse(&mut command, [name, "stack", "--help"]).unwrap_err().to_string();
        assert!(help.contains("Usage: python -m crowdsky stack "), "{help}");
        parse(&mut command, [name, "stack", "night", "-o", "s.fits"]).unwrap();
        let fault = wrong_usage(command, "stack", "no".to_owned()).to_string();
        assert!(fault.contains("error: no\n\nUsage: python -m crowdsky stack "), "{fault}");
    }
}
