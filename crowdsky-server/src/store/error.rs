//! What a transaction can say no to.

use sqlx::mysql::MySqlDatabaseError;
use std::time::Duration;

/// Why a transaction did not happen. Nothing of it is left behind, if [`Error::is_refusal`]; else nobody knows: the connection
/// may have broken while it was committed.
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
    Database(#[source] sqlx::Error),
    /// A migration failed.
    #[error("the database could not be migrated")]
    Migrate(#[from] sqlx::migrate::MigrateError),
}

impl From<sqlx::Error> for Error {
    /// The only way from what a driver says to what we say, so that no statement is forgotten: a database that restarts is
    /// one to wait for, in reads as in writes.
    fn from(cause: sqlx::Error) -> Error {
        if may_pass(&cause) { Error::unavailable(cause) } else { Error::Database(cause) }
    }
}

impl Error {
    /// Whether the transaction has looked and said no: then it has certainly not happened.
    pub fn is_refusal(&self) -> bool {
        use Error::*;
        matches!(
            self,
            NotFound(_)
                | Conflict(_)
                | WrongState { .. }
                | Changed
                | LeaseLost
                | Limit { .. }
                | OutOfQuota { .. }
        )
    }

    /// The same may succeed later.
    pub(super) fn unavailable(cause: sqlx::Error) -> Error {
        Error::Unavailable { retry_after: Duration::from_secs(5), cause }
    }
}

/// Whether a failure is one of the moment: no connection, a database that is going down, busy, full, or not to be written to.
fn may_pass(cause: &sqlx::Error) -> bool {
    use sqlx::Error as Sql;
    match cause {
        Sql::Io(_) | Sql::PoolTimedOut | Sql::PoolClosed | Sql::WorkerCrashed | Sql::Tls(_) => true,
        Sql::Database(said) => match said.try_downcast_ref::<MySqlDatabaseError>() {
            Some(mariadb) => {
                matches!(mariadb.code(), Some("08S01" | "08004")) || PASSING.contains(&mariadb.number())
            }
            // SQLite's code with its extension above the lowest byte. 5: BUSY, 6: LOCKED, 13: FULL.
            None => said
                .code()
                .and_then(|code| code.parse::<i64>().ok())
                .is_some_and(|code| matches!(code & 0xff, 5 | 6 | 13)),
        },
        _ => false,
    }
}

/// MariaDB's numbers of what passes: 1021, 1114: full; 1053, 1317, 1927: it is going down or ended this connection; 1203, 1040:
/// too many connections; 1205, 1213, 1020: somebody else was in the way; 1290, 1836: read-only, as during a failover.
const PASSING: [u16; 12] = [1020, 1021, 1040, 1053, 1114, 1203, 1205, 1213, 1290, 1317, 1836, 1927];

/// The answer of a transaction.
pub type Result<T> = std::result::Result<T, Error>;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use sqlx::{Connection, SqliteConnection, query, raw_sql};

    /// What SQLite says when the disk is full: an upload is to be repeated, not to be given up.
    #[tokio::test]
    async fn a_full_database_is_one_to_wait_for() {
        let mut connection = SqliteConnection::connect("sqlite::memory:").await.unwrap();
        let small = "PRAGMA max_page_count = 4; CREATE TABLE t (bytes BLOB)";
        raw_sql(small).execute(&mut connection).await.unwrap();
        let full =
            query("INSERT INTO t VALUES (zeroblob(100000))").execute(&mut connection).await.unwrap_err();
        let error = Error::from(full);
        assert!(matches!(error, Error::Unavailable { .. }), "{error:?}");
    }

    #[tokio::test]
    async fn a_statement_that_is_wrong_stays_wrong() {
        let mut connection = SqliteConnection::connect("sqlite::memory:").await.unwrap();
        let wrong = query("SELECT * FROM nothing").execute(&mut connection).await.unwrap_err();
        assert!(matches!(Error::from(wrong), Error::Database(_)));
    }
}
