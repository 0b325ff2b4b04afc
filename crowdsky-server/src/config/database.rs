//! Where the rows are.

use super::Seconds;
use super::redact::{as_written, redacted};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::PathBuf;

/// Settings of the database.
#[derive(Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Database {
    /// `sqlite:PATH` or `mysql://USER@HOST:PORT/NAME` (MariaDB 10.6 or later); `crowdsky.sqlite` in the data folder if not set.
    pub url: Option<String>,
    /// Password for the `mysql:` address.
    #[serde(skip_serializing)]
    pub password: Option<SecretString>,
    /// A file with the password.
    pub password_file: Option<PathBuf>,
    /// Connections at most.
    pub max_connections: u32,
    /// A connection must be had within this, and a lock on SQLite.
    pub acquire_timeout_s: Seconds,
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = self.url.as_deref().map(redacted);
        as_written(f, "Database", &Database { url, ..self.clone() })
    }
}

impl Default for Database {
    fn default() -> Database {
        Database {
            url: None,
            password: None,
            password_file: None,
            max_connections: 16,
            acquire_timeout_s: Seconds::new(10),
        }
    }
}
