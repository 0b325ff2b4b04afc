//! Role `config`: whether the settings are good, and what they come to.

use super::serve::Place;
use crate::cli::exit::Failure;
use crate::cli::terminal;
use crate::config::{ArtifactMode, Settings, StorageKind, StoragePlace, read_secret};
use crate::objects::Role;
use crate::storage::WebdavStore;
use crate::store;
use clap::Subcommand;

const EXAMPLES: &str = "\
Examples:
  crowdsky config check --config /etc/crowdsky/config.toml
  crowdsky config dump
  CROWDSKY__HTTP__LISTEN=127.0.0.1:9000 crowdsky config dump

Settings come from defaults, the file, the environment (CROWDSKY__SECTION__KEY) and flags; the later wins. Neither command asks
anything of the database or the storages, and neither prints a secret.
";

/// Checks the settings, or prints them.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Args {
    #[command(flatten)]
    place: Place,
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Clone, Copy, Subcommand)]
enum What {
    /// Says whether the settings can be used: keys, values, addresses, files of secrets.
    Check,
    /// Prints all settings as TOML, without secrets.
    Dump,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let settings = args.place.settings(&[])?;
    match args.what {
        What::Check => {
            check(&settings)?;
            terminal::say("the settings are good")
        }
        What::Dump => {
            let text =
                toml::to_string_pretty(&settings.redacted()).map_err(|error| Failure::because(&error))?;
            terminal::say(text.trim_end())
        }
    }
}

fn check(settings: &Settings) -> Result<(), Failure> {
    store::check(&settings.database).map_err(|error| Failure::because(&error))?;
    let direct = settings.worker.artifacts.mode == ArtifactMode::Direct;
    let places = [
        (Role::Raws, &settings.storage.raws, true),
        (Role::Stacks, &settings.storage.stacks, true),
        (Role::Stacks, &settings.worker.artifacts.storage, direct),
    ];
    for (role, place, used) in places {
        if used {
            check_place(role, place)?;
        }
    }
    let worker = &settings.worker;
    read_secret("worker.token", worker.token.as_ref(), worker.token_file.as_deref())
        .map_err(|error| Failure::because(&error))?;
    Ok(())
}

/// A folder is made when it is needed; a WebDAV server has an address and secrets that can be read.
fn check_place(role: Role, place: &StoragePlace) -> Result<(), Failure> {
    match place.kind {
        StorageKind::Local => Ok(()),
        StorageKind::Webdav => {
            WebdavStore::open(role, place).map(drop).map_err(|error| Failure::because(&error))
        }
    }
}
