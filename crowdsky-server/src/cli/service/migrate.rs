//! Role `migrate`: brings the database's schema up to what this program needs.

use super::serve::{Place, block_on};
use crate::cli::exit::Failure;
use crate::cli::terminal;
use crate::store;

const EXAMPLES: &str = "\
Example:
  crowdsky migrate --config /etc/crowdsky/config.toml

Several may run at once: they wait for each other. `serve` does it by itself on SQLite.
";

/// Brings the database up to date.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Args {
    #[command(flatten)]
    place: Place,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let settings = args.place.settings(&[])?;
    block_on(async {
        let failed = |error: store::Error| Failure::because(&error);
        let rows = store::connect(&settings.database, &settings.data_dir()).await.map_err(failed)?;
        rows.migrate().await.map_err(failed)?;
        rows.ready().await.map_err(failed)?;
        rows.close().await;
        terminal::say("the database is up to date")
    })
}
