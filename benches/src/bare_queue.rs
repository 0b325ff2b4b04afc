//! The queue with nothing around it: the two transactions that any queue in this table needs, through sqlx alone.
//!
//! No leases that end, no attempts, no look before the claim; one statement where that is enough.

use sqlx::mysql::MySqlPoolOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Executor, MySqlPool, SqlitePool, query, query_scalar};
use std::path::Path;

/// An instant that is past for `run_after` and one that is far off for leases, microseconds since 1970.
const NOW: i64 = 4_000_000_000_000_000;
const LATER: i64 = 5_000_000_000_000_000;

/// CrowdSky's table of jobs, without CrowdSky.
#[derive(Debug, Clone)]
pub enum BareQueue {
    /// One connection, as SQLite has one writer.
    Sqlite(SqlitePool),
    /// One connection for each worker.
    Mariadb(MySqlPool),
}

impl BareQueue {
    /// Opens the file as the server does: WAL, and every commit synced.
    ///
    /// # Errors
    /// What SQLite says.
    pub async fn sqlite(file: &Path) -> sqlx::Result<BareQueue> {
        let options = SqliteConnectOptions::new()
            .filename(file)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true);
        Ok(BareQueue::Sqlite(SqlitePoolOptions::new().max_connections(1).connect_with(options).await?))
    }

    /// Connects `workers` times, with READ COMMITTED as the server does.
    ///
    /// # Errors
    /// What MariaDB says.
    pub async fn mariadb(url: &str, workers: u32) -> sqlx::Result<BareQueue> {
        let pool = MySqlPoolOptions::new().max_connections(workers).after_connect(|connection, _| {
            Box::pin(async move {
                connection.execute("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED").await.map(drop)
            })
        });
        Ok(BareQueue::Mariadb(pool.connect(url).await?))
    }

    /// Leases the next job under this token.
    ///
    /// # Errors
    /// What the database says.
    pub async fn claim(&self, token: &str) -> sqlx::Result<Option<i64>> {
        match self {
            BareQueue::Sqlite(pool) => {
                let mut tx = pool.begin_with("BEGIN IMMEDIATE").await?;
                let sql = "UPDATE stacking_jobs SET state = 'processing', attempt = attempt + 1, lease_token = ?, \
                           lease_expires_at = ?, heartbeat_at = ? WHERE id = (SELECT id FROM stacking_jobs \
                           WHERE state = 'ready' AND run_after <= ? ORDER BY fair_key, id LIMIT 1) RETURNING id";
                let claim = query_scalar(sql).bind(token).bind(LATER).bind(NOW).bind(NOW);
                let id = claim.fetch_optional(&mut *tx).await?;
                tx.commit().await?;
                Ok(id)
            }
            BareQueue::Mariadb(pool) => {
                let mut tx = pool.begin().await?;
                let sql = "SELECT id FROM stacking_jobs WHERE state = 'ready' AND run_after <= ? \
                           ORDER BY fair_key, id LIMIT 1 FOR UPDATE SKIP LOCKED";
                let id: Option<i64> = query_scalar(sql).bind(NOW).fetch_optional(&mut *tx).await?;
                let sql = "UPDATE stacking_jobs SET state = 'processing', attempt = attempt + 1, lease_token = ?, \
                           lease_expires_at = ?, heartbeat_at = ? WHERE id = ?";
                query(sql).bind(token).bind(LATER).bind(NOW).bind(id).execute(&mut *tx).await?;
                tx.commit().await?;
                Ok(id)
            }
        }
    }

    /// Completes a job under the token it was claimed with; false if the lease is another's.
    ///
    /// # Errors
    /// What the database says.
    pub async fn complete(&self, id: i64, token: &str) -> sqlx::Result<bool> {
        let sql = "UPDATE stacking_jobs SET state = 'completed', lease_token = NULL, lease_expires_at = NULL, \
                   completed_at = ? WHERE id = ? AND state = 'processing' AND lease_token = ? AND lease_expires_at > ?";
        // A statement alone is a transaction of its own.
        let changed = match self {
            BareQueue::Sqlite(pool) => {
                query(sql).bind(NOW).bind(id).bind(token).bind(NOW).execute(pool).await?.rows_affected()
            }
            BareQueue::Mariadb(pool) => {
                query(sql).bind(NOW).bind(id).bind(token).bind(NOW).execute(pool).await?.rows_affected()
            }
        };
        Ok(changed == 1)
    }
}
