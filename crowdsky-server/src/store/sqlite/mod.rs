//! SQLite: one file beside the server.
//!
//! One connection writes, others read. Every transaction that may write begins with `BEGIN IMMEDIATE`: a read that becomes a
//! write fails at once with SQLITE_BUSY_SNAPSHOT, which no busy timeout covers. `synchronous=FULL`: what is acknowledged
//! survives a power cut, for a ninth of the speed of NORMAL and still thousands of transactions a second.

// The dialect, where it differs from MariaDB's: no row locks, for there is one writer.
macro_rules! for_update {
    () => {
        ""
    };
}
macro_rules! skip_locked {
    () => {
        ""
    };
}
macro_rules! clock {
    () => {
        "SELECT CAST(unixepoch('subsec') * 1000000 AS INTEGER)"
    };
}

#[path = "../sql/claim.rs"]
mod claim;
#[path = "../sql/common.rs"]
mod common;
#[path = "../sql/earlier.rs"]
mod earlier;
#[path = "../sql/jobs.rs"]
mod jobs;
#[path = "../sql/outbox.rs"]
mod outbox;
#[path = "../sql/prune.rs"]
mod prune;
#[path = "../sql/sessions.rs"]
mod sessions;
#[path = "../sql/settle.rs"]
mod settle;
#[path = "../sql/stacks.rs"]
mod stacks;
#[path = "../sql/uploads.rs"]
mod uploads;
#[path = "../sql/users.rs"]
mod users;
#[path = "../sql/workers.rs"]
mod workers;

use super::{Result, Store};
use async_trait::async_trait;
use common::{check_schema, now};
use sqlx::migrate::Migrator;
use sqlx::pool::PoolConnection;
use sqlx::sqlite::{
    Sqlite, SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteRow, SqliteSynchronous,
};
use sqlx::{SqlitePool, Transaction};
use std::path::Path;
use std::time::Duration;

type Db = Sqlite;
type Row = SqliteRow;

static MIGRATIONS: Migrator = sqlx::migrate!("migrations/sqlite");

/// A database in one file.
#[derive(Debug, Clone)]
pub struct SqlStore {
    writer: SqlitePool,
    readers: SqlitePool,
}

impl SqlStore {
    /// Opens the file, which is made if it is not there. `wait` is for locks of other processes and for a connection.
    ///
    /// # Errors
    /// What SQLite says, if the file cannot be opened or is no database.
    pub async fn open(file: &Path, readers: u32, wait: Duration) -> Result<SqlStore> {
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(wait);
        // No test before each use: a file does not hang up.
        let pool = |connections| {
            let options = SqlitePoolOptions::new().max_connections(connections).acquire_timeout(wait);
            options.test_before_acquire(false)
        };
        let writer = pool(1).connect_with(options.clone()).await?;
        let readers = pool(readers.max(1)).connect_with(options.read_only(true)).await?;
        Ok(SqlStore { writer, readers })
    }
}

async fn begin(store: &SqlStore) -> Result<Transaction<'static, Sqlite>> {
    Ok(store.writer.begin_with("BEGIN IMMEDIATE").await?)
}

async fn reader(store: &SqlStore) -> Result<PoolConnection<Sqlite>> {
    Ok(store.readers.acquire().await?)
}

/// Whether the same may succeed at once: BUSY and LOCKED, and their extended codes.
fn in_the_way(cause: &sqlx::Error) -> bool {
    let code =
        cause.as_database_error().and_then(|error| error.code()).and_then(|code| code.parse::<i64>().ok());
    code.is_some_and(|code| matches!(code & 0xff, 5 | 6))
}

#[async_trait]
impl Store for SqlStore {
    async fn migrate(&self) -> Result<()> {
        Ok(MIGRATIONS.run(&self.writer).await?)
    }

    async fn ready(&self) -> Result<()> {
        check_schema(self, &MIGRATIONS).await
    }

    async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}
