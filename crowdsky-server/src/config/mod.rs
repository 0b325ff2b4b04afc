//! The settings, by aspect. Read once, then passed on; every default is here and nowhere else.

mod accounts;
mod check;
mod database;
mod http;
mod jobs;
mod load;
mod log;
mod redact;
mod seconds;
mod secret;
mod storage;
mod upkeep;
mod uploads;
mod worker;

pub use accounts::Accounts;
pub use database::Database;
pub use http::Http;
pub use jobs::Jobs;
pub use load::{ConfigError, SYSTEM_FILE, load};
pub use log::{Log, LogFormat};
pub(crate) use redact::redacted;
pub use seconds::Seconds;
pub use secret::{SecretError, read_secret};
pub use storage::{Storage, StorageKind, StoragePlace};
pub use upkeep::Upkeep;
pub use uploads::Uploads;
pub use worker::{ArtifactMode, Artifacts, Worker};

use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// All settings of a server or a worker. An unknown key is an error.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Where everything is kept that has no place of its own; `./crowdsky-data` if not set.
    pub data_dir: Option<PathBuf>,
    /// Where it listens, and how it is reached.
    pub http: Http,
    /// Where the rows are.
    pub database: Database,
    /// Where the bytes are.
    pub storage: Storage,
    /// Users, passwords, sessions, rate limits, quotas.
    pub accounts: Accounts,
    /// What an upload may be.
    pub uploads: Uploads,
    /// Leases, attempts, delays.
    pub jobs: Jobs,
    /// Workers, embedded and remote.
    pub worker: Worker,
    /// What is deleted when.
    pub upkeep: Upkeep,
    /// What is logged, and how.
    pub log: Log,
}

impl Settings {
    /// Where everything is kept that has no place of its own.
    pub fn data_dir(&self) -> PathBuf {
        self.data_dir.clone().unwrap_or_else(|| PathBuf::from("crowdsky-data"))
    }
}
