//! Statements on tokens of workers.

use super::tx::Tx;
use super::{Db, Row, SqlStore, inserted};
use crate::store::{Error, Micros, Result, TokenHash, WorkerId, WorkerToken, Workers};
use async_trait::async_trait;
use sqlx::Row as _;
use std::time::Duration;

fn worker_of(row: &Row) -> Result<WorkerToken> {
    Ok(WorkerToken {
        id: row.try_get("id")?,
        name: row.try_get("name")?,
        created_at: row.try_get("created_at")?,
        last_seen_at: row.try_get("last_seen_at")?,
        revoked_at: row.try_get("revoked_at")?,
    })
}

#[async_trait]
impl Workers for SqlStore {
    async fn add_worker(&self, name: &str, token: &TokenHash) -> Result<WorkerToken> {
        transact!(self, tx => add(&mut tx, name, token))
    }

    async fn worker(&self, token: &TokenHash) -> Result<Option<WorkerToken>> {
        let (found, now) = read!(self, tx => find(&mut tx, token))?;
        let Some(mut worker) = found else { return Ok(None) };
        if worker.last_seen_at.is_none_or(|seen| now.since(seen) > Duration::from_secs(60)) {
            worker.last_seen_at = transact!(self, tx => touch(&mut tx, worker.id))?;
        }
        Ok(Some(worker))
    }

    async fn revoke_worker(&self, name: &str) -> Result<()> {
        transact!(self, tx => revoke(&mut tx, name))
    }

    async fn workers(&self) -> Result<Vec<WorkerToken>> {
        read!(self, tx => list(&mut tx))
    }
}

async fn add(tx: &mut Tx, name: &str, token: &TokenHash) -> Result<WorkerToken> {
    let sql = "INSERT INTO worker_tokens (name, active_name, token_hash, created_at) VALUES (?, ?, ?, ?)";
    let query = sqlx::query::<Db>(sql).bind(name).bind(name).bind(&token[..]).bind(tx.now);
    let result = query.execute(tx.db()).await.map_err(|error| match error.as_database_error() {
        Some(e) if e.is_unique_violation() => Error::Conflict("worker name"),
        _ => error.into(),
    })?;
    Ok(WorkerToken {
        id: WorkerId(inserted(&result)),
        name: name.to_owned(),
        created_at: tx.now,
        last_seen_at: None,
        revoked_at: None,
    })
}

async fn find(tx: &mut Tx, token: &TokenHash) -> Result<(Option<WorkerToken>, Micros)> {
    let sql = "SELECT * FROM worker_tokens WHERE token_hash = ? AND revoked_at IS NULL";
    let row = sqlx::query::<Db>(sql).bind(&token[..]).fetch_optional(tx.db()).await?;
    Ok((row.as_ref().map(worker_of).transpose()?, tx.now))
}

async fn touch(tx: &mut Tx, worker: WorkerId) -> Result<Option<Micros>> {
    let sql = "UPDATE worker_tokens SET last_seen_at = ? WHERE id = ?";
    sqlx::query::<Db>(sql).bind(tx.now).bind(worker).execute(tx.db()).await?;
    Ok(Some(tx.now))
}

/// Its leases are over now; the next look at the queue hands the jobs on.
async fn revoke(tx: &mut Tx, name: &str) -> Result<()> {
    let sql = concat!("SELECT id FROM worker_tokens WHERE active_name = ?", for_update!());
    let id: Option<WorkerId> =
        sqlx::query_scalar::<Db, WorkerId>(sql).bind(name).fetch_optional(tx.db()).await?;
    let id = id.ok_or(Error::NotFound("worker token"))?;
    let sql = "UPDATE worker_tokens SET revoked_at = ?, active_name = NULL WHERE id = ?";
    sqlx::query::<Db>(sql).bind(tx.now).bind(id).execute(tx.db()).await?;
    let sql = "UPDATE stacking_jobs SET lease_expires_at = ?, updated_at = ? \
               WHERE worker_token_id = ? AND state IN ('processing', 'verifying') AND lease_expires_at > ?";
    let query = sqlx::query::<Db>(sql).bind(tx.now).bind(tx.now).bind(id).bind(tx.now);
    query.execute(tx.db()).await?;
    Ok(())
}

async fn list(tx: &mut Tx) -> Result<Vec<WorkerToken>> {
    let rows = sqlx::query::<Db>("SELECT * FROM worker_tokens ORDER BY id").fetch_all(tx.db()).await?;
    rows.iter().map(worker_of).collect()
}
