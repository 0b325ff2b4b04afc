//! The rows in one SQLite file.
//!
//! One connection writes and a pool of others reads (write-ahead log). Every transaction that may write begins with
//! `BEGIN IMMEDIATE`: one that begins by reading and writes later fails at once with `SQLITE_BUSY_SNAPSHOT` when another has
//! written meanwhile, and no time-out covers that. `synchronous=FULL`: what is acknowledged survives a power cut, at about
//! 2,800 transactions a second instead of 23,000.
//!
//! The statements are those of `../sql/`, which are the same for both databases.

// What the statements leave open.
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
macro_rules! ready_index {
    () => {
        "INDEXED BY stacking_jobs_ready"
    };
}

#[macro_use]
#[path = "../sql/tx.rs"]
mod tx;
#[path = "../sql/claim.rs"]
mod claim;
#[path = "../sql/dooming.rs"]
mod dooming;
#[path = "../sql/finalise.rs"]
mod finalise;
#[path = "../sql/jobs.rs"]
mod jobs;
#[path = "../sql/outbox.rs"]
mod outbox;
#[path = "../sql/rules.rs"]
mod rules;
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
#[path = "../sql/withdraw.rs"]
mod withdraw;
#[path = "../sql/workers.rs"]
mod workers;

use super::schema;
use super::{Result, Store};
use async_trait::async_trait;
use sqlx::migrate::Migrator;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteQueryResult,
    SqliteSynchronous,
};
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;
use tx::Tx;

type Db = sqlx::Sqlite;
type Conn = sqlx::SqliteConnection;
type Row = sqlx::sqlite::SqliteRow;

/// The clock has milliseconds; two rows of the same one are told apart by their numbers.
const NOW: &str = "SELECT CAST(ROUND(unixepoch('subsec') * 1000) AS INTEGER) * 1000";

static MIGRATIONS: Migrator = sqlx::migrate!("migrations/sqlite");

/// The rows in one SQLite file.
#[derive(Debug, Clone)]
pub struct SqlStore {
    writer: SqlitePool,
    readers: SqlitePool,
}

impl SqlStore {
    /// Opens a file, made if it is not there. The schema is not touched: see [`Store::migrate`].
    pub async fn open(path: &Path) -> Result<SqlStore> {
        let options = SqliteConnectOptions::new().filename(path);
        SqlStore::connect(options, 8, Duration::from_secs(10)).await
    }

    /// Opens the file of a `sqlite:` address.
    pub(super) async fn open_url(url: &str, readers: u32, patience: Duration) -> Result<SqlStore> {
        SqlStore::connect(SqliteConnectOptions::from_str(url)?, readers, patience).await
    }

    async fn connect(options: SqliteConnectOptions, readers: u32, patience: Duration) -> Result<SqlStore> {
        let options = options
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(patience);
        let pool = |most: u32| SqlitePoolOptions::new().max_connections(most).acquire_timeout(patience);
        // The writer comes first: it makes the file and its log.
        let writer = pool(1).connect_with(options.clone()).await?;
        let readers = pool(readers.max(1)).connect_lazy_with(options.pragma("query_only", "ON"));
        Ok(SqlStore { writer, readers })
    }

    async fn begin(&self) -> Result<Tx> {
        Tx::new(self.writer.begin_with("BEGIN IMMEDIATE").await?).await
    }

    async fn begin_read(&self) -> Result<Tx> {
        Tx::new(self.readers.begin().await?).await
    }
}

#[async_trait]
impl Store for SqlStore {
    async fn migrate(&self) -> Result<()> {
        schema::not_newer(&MIGRATIONS, self.schema().await?)?;
        // One program at a time: the writer's connection, and each migration is a transaction. Two programs that start at once
        // are kept apart by an exclusive lock on the file.
        Ok(MIGRATIONS.run(&self.writer).await?)
    }

    async fn ready(&self) -> Result<()> {
        self.clock().await?;
        schema::matches(&MIGRATIONS, self.schema().await?)
    }

    async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

impl SqlStore {
    /// The number of the last migration; 0 if there is none.
    async fn schema(&self) -> Result<i64> {
        let tables = "SELECT COUNT(*) FROM sqlite_master WHERE name = '_sqlx_migrations'";
        if sqlx::query_scalar::<Db, i64>(tables).fetch_one(&self.writer).await? == 0 {
            return Ok(0);
        }
        Ok(sqlx::query_scalar::<Db, i64>(schema::VERSION).fetch_one(&self.writer).await?)
    }
}

/// The number given to the row just inserted.
fn inserted(result: &SqliteQueryResult) -> i64 {
    result.last_insert_rowid()
}

/// Whether another transaction was in the way: SQLITE_BUSY and SQLITE_LOCKED with all their kinds.
fn is_busy(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|e| e.code()?.parse::<u32>().ok());
    code.is_some_and(|code| matches!(code & 0xff, 5 | 6))
}

/// Whether the file could not be reached: SQLITE_IOERR, SQLITE_FULL, SQLITE_CANTOPEN.
fn is_lost(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|e| e.code()?.parse::<u32>().ok());
    code.is_some_and(|code| matches!(code & 0xff, 10 | 13 | 14))
}
