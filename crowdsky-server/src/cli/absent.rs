//! What a build without the feature `service` says to those who ask for a role of the service.

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Command, Error};

/// The roles in `service/`, by name.
const ROLES: [&str; 8] = ["demo", "serve", "migrate", "fsck", "user", "worker", "worker-token", "config"];

/// The error of the parser of options, or a plainer one.
pub(super) fn explained(error: Error, command: &mut Command) -> Error {
    match error.get(ContextKind::InvalidSubcommand) {
        Some(ContextValue::String(role)) if ROLES.contains(&role.as_str()) => {
            let message = format!(
                "{role} is a role of the service, which this build does not have: \
                 `cargo install crowdsky-server` installs the whole program"
            );
            command.error(ErrorKind::InvalidSubcommand, message)
        }
        _ => error,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn told(role: &str) -> String {
        let mut command = Command::new("crowdsky").subcommand(Command::new("stack"));
        let error = command.try_get_matches_from_mut(["crowdsky", role]).unwrap_err();
        let error = explained(error, &mut command);
        assert_eq!(error.exit_code(), 2);
        error.to_string()
    }

    #[test]
    fn roles_that_are_not_there_are_told_from_those_that_nobody_has() {
        assert!(told("serve").contains("cargo install crowdsky-server"), "{}", told("serve"));
        assert!(told("stakc").contains("unrecognized subcommand 'stakc'"), "{}", told("stakc"));
    }

    #[cfg(feature = "service")]
    #[test]
    fn they_are_those_of_the_service() {
        let command = <crate::cli::Cli as clap::CommandFactory>::command();
        let all: Vec<&str> = command.get_subcommands().map(Command::get_name).collect();
        assert_eq!(all, [&["stack", "inspect", "simulate"][..], &ROLES].concat());
    }
}
