//! What a transaction can say no to.

use std::time::Duration;

/// Why a transaction did not happen. Nothing of it is left behind.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no such row, or it belongs to someone else.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// What must be unique is there already.
    #[error("{0} is taken")]
    Conflict(&'static str),
    /// A row is not in the state the transaction needs.
    #[error("the {what} is {state}")]
    WrongState {
        /// `upload session`, `job`.
        what: &'static str,
        /// The state it is in.
        state: String,
    },
    /// The files of an upload are not those the caller has read; read them again.
    #[error("the files of the upload session have changed meanwhile")]
    Changed,
    /// The lease has ended or belongs to another attempt.
    #[error("the lease on this job has been lost")]
    LeaseLost,
    /// A count would pass its limit.
    #[error("no more than {limit} {what} are allowed")]
    Limit {
        /// What is counted.
        what: &'static str,
        /// The most there may be.
        limit: i64,
    },
    /// The bytes would pass the user's quota.
    #[error("{used} of {limit} bytes are used; {wanted} more do not fit")]
    OutOfQuota {
        /// Bytes in use.
        used: i64,
        /// Bytes allowed.
        limit: i64,
        /// Bytes asked for.
        wanted: i64,
    },
    /// The schema is not the one this program was built for.
    #[error("the database has schema {found}, this program needs {needed}: {todo}")]
    Schema {
        /// Version found.
        found: i64,
        /// Version built for.
        needed: i64,
        /// What the operator does about it.
        todo: &'static str,
    },
    /// The settings name no database.
    #[error("{0}")]
    Settings(String),
    /// The database cannot be reached or is too busy; the same may succeed later.
    #[error("the database is not available; try again in {} s", retry_after.as_secs())]
    Unavailable {
        /// When to try again.
        retry_after: Duration,
        /// What it said.
        #[source]
        cause: sqlx::Error,
    },
    /// A row holds what it cannot.
    #[error("the {what} {id} in the database cannot be read: {why}")]
    Corrupt {
        /// Which table.
        what: &'static str,
        /// Which row.
        id: i64,
        /// What is wrong.
        why: String,
    },
    /// Anything else the database says.
    #[error("the database refused")]
    Database(#[from] sqlx::Error),
    /// A migration failed.
    #[error("the database could not be migrated")]
    Migrate(#[from] sqlx::migrate::MigrateError),
}

/// The answer of a transaction.
pub type Result<T> = std::result::Result<T, Error>;
