//! MariaDB 10.6 or later: many servers, one queue.
//!
//! READ COMMITTED, so that a claim locks the rows it takes and no gaps beside them; SKIP LOCKED, so that two claims never wait
//! for each other.

// The dialect, where it differs from SQLite's.
macro_rules! for_update {
    () => {
        " FOR UPDATE"
    };
}
macro_rules! skip_locked {
    () => {
        " FOR UPDATE SKIP LOCKED"
    };
}
macro_rules! clock {
    () => {
        "SELECT CAST(UNIX_TIMESTAMP(NOW(6)) * 1000000 AS SIGNED)"
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
use sqlx::mysql::{MySql, MySqlConnectOptions, MySqlPoolOptions, MySqlRow};
use sqlx::pool::PoolConnection;
use sqlx::{Connection, Executor, MySqlPool, Transaction};
use std::time::Duration;

type Db = MySql;
type Row = MySqlRow;

static MIGRATIONS: Migrator = sqlx::migrate!("migrations/mariadb");

/// A connection that was used so lately is used again without a question. No server restarts faster, so that after a restart
/// every connection is asked, found dead and replaced.
const TRUSTED: Duration = Duration::from_secs(1);

/// A database on a server.
#[derive(Debug, Clone)]
pub struct SqlStore {
    pool: MySqlPool,
}

impl SqlStore {
    /// Connects. `wait` is for a connection.
    ///
    /// # Errors
    /// What the server says, or that there is none.
    pub async fn open(options: MySqlConnectOptions, connections: u32, wait: Duration) -> Result<SqlStore> {
        let pool = MySqlPoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(wait)
            // Pings before each use were 3 of the 20 round trips of a job.
            .test_before_acquire(false)
            .before_acquire(|connection, about| {
                Box::pin(async move {
                    if about.idle_for > TRUSTED {
                        connection.ping().await?;
                    }
                    Ok(true)
                })
            })
            .after_connect(|connection, _| {
                Box::pin(async move {
                    connection.execute("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED").await?;
                    connection
                        .execute("SET SESSION time_zone = '+00:00', SESSION innodb_lock_wait_timeout = 5")
                        .await?;
                    Ok(())
                })
            })
            .connect_with(options.charset("utf8mb4"))
            .await?;
        Ok(SqlStore { pool })
    }
}

async fn begin(store: &SqlStore) -> Result<Transaction<'static, MySql>> {
    Ok(store.pool.begin().await?)
}

async fn reader(store: &SqlStore) -> Result<PoolConnection<MySql>> {
    Ok(store.pool.acquire().await?)
}

/// Whether the same may succeed at once: a deadlock, or a lock waited for too long.
fn in_the_way(cause: &sqlx::Error) -> bool {
    let said = cause
        .as_database_error()
        .and_then(|error| error.try_downcast_ref::<sqlx::mysql::MySqlDatabaseError>());
    said.is_some_and(|error| matches!(error.number(), 1213 | 1205 | 1020))
}

#[async_trait]
impl Store for SqlStore {
    async fn migrate(&self) -> Result<()> {
        Ok(MIGRATIONS.run(&self.pool).await?)
    }

    async fn ready(&self) -> Result<()> {
        check_schema(self, &MIGRATIONS).await
    }

    async fn close(&self) {
        self.pool.close().await;
    }
}
