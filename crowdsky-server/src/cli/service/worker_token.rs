//! Role `worker-token`: who may do jobs for this server.

use super::serve::{Place, block_on, open};
use crate::cli::exit::Failure;
use crate::cli::terminal;
use clap::Subcommand;

const EXAMPLES: &str = "\
Examples:
  crowdsky worker-token new attic > token.txt
  crowdsky worker-token revoke attic
  crowdsky worker-token list

A token is printed once; the database keeps its SHA-256. A revoked token's jobs go to the next worker.
";

/// Makes, lists and revokes tokens of workers.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Args {
    #[command(flatten)]
    place: Place,
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Clone, Subcommand)]
enum What {
    /// Prints a new token.
    New {
        /// By which you will know it.
        name: String,
    },
    /// Makes a token useless.
    Revoke {
        /// Its name.
        name: String,
    },
    /// Lists all tokens by name.
    List,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let settings = args.place.settings(&[])?;
    block_on(async {
        let app = open(settings).await?;
        match &args.what {
            What::New { name } => {
                let token = app.accounts.new_worker(name).await.map_err(|error| Failure::because(&error))?;
                terminal::say(&token)?;
            }
            What::Revoke { name } => {
                app.accounts.revoke_worker(name).await.map_err(|error| Failure::because(&error))?;
                terminal::say("revoked")?;
            }
            What::List => {
                for worker in app.store.workers().await.map_err(|error| Failure::because(&error))? {
                    let seen = worker.last_seen_at.map_or("never".to_owned(), |seen| seen.to_datetime());
                    let state = if worker.revoked_at.is_some() { "revoked" } else { "good" };
                    terminal::say(&format!("{}\t{state}\tlast seen {seen}", worker.name))?;
                }
            }
        }
        app.store.close().await;
        Ok(())
    })
}
