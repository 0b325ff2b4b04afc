//! The log of servers and workers: to stderr, for people or as JSON.

use crate::cli::exit::Failure;
use crate::config::{Log, LogFormat};
use std::io::IsTerminal;
use tracing_subscriber::EnvFilter;

/// Starts the log. A second start in one process changes nothing.
pub(super) fn start(settings: &Log) -> Result<(), Failure> {
    let filter = EnvFilter::try_new(&settings.filter).map_err(|error| {
        Failure::Failed(format!("log.filter: {error}; write info, or crowdsky_server=debug"))
    })?;
    // Its layer against requests from other sites would log whole addresses, with the tokens in them.
    let quiet = "tower_http=info".parse().map_err(|error| Failure::Failed(format!("log.filter: {error}")))?;
    let filter = filter.add_directive(quiet);
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    // An error means that there is a log already.
    let _ = match settings.format {
        LogFormat::Text => log.with_target(false).try_init(),
        LogFormat::Json => log.json().flatten_event(true).try_init(),
    };
    Ok(())
}
