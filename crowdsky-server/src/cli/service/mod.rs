//! The roles that need the service, one per file: what the cargo feature `service` adds to the command line.

mod config;
mod demo;
mod fsck;
mod logging;
mod migrate;
mod serve;
mod user;
mod worker;
mod worker_token;

use super::exit::Failure;
use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(super) enum Role {
    Demo(demo::Args),
    Serve(serve::Args),
    Migrate(migrate::Args),
    Fsck(fsck::Args),
    User(user::Args),
    Worker(worker::Args),
    WorkerToken(worker_token::Args),
    Config(config::Args),
}

impl Role {
    /// Runs it; its name comes first.
    pub(super) fn run(&self) -> (&'static str, Result<(), Failure>) {
        match self {
            Role::Demo(args) => ("demo", demo::run(args)),
            Role::Serve(args) => ("serve", serve::run(args)),
            Role::Migrate(args) => ("migrate", migrate::run(args)),
            Role::Fsck(args) => ("fsck", fsck::run(args)),
            Role::User(args) => ("user", user::run(args)),
            Role::Worker(args) => ("worker", worker::run(args)),
            Role::WorkerToken(args) => ("worker-token", worker_token::run(args)),
            Role::Config(args) => ("config", config::run(args)),
        }
    }
}
