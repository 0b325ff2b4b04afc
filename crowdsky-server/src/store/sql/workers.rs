//! Tokens of workers.

use super::common::{cut, get};
use super::{Db, Row, SqlStore, reader};
use crate::secret::hex;
use crate::store::{Error, Result, TokenHash, WorkerId, WorkerToken, Workers};
use async_trait::async_trait;
use sqlx::{query, query_scalar};
use std::time::Duration;

fn worker(row: &Row) -> Result<WorkerToken> {
    Ok(WorkerToken {
        id: get(row, "id")?,
        name: get(row, "name")?,
        created_at: get(row, "created_at")?,
        last_seen_at: get(row, "last_seen_at")?,
        revoked_at: get(row, "revoked_at")?,
    })
}

macro_rules! columns {
    () => {
        "id, name, created_at, last_seen_at, revoked_at"
    };
}

#[async_trait]
impl Workers for SqlStore {
    async fn add_worker(&self, name: &str, token: &TokenHash) -> Result<WorkerToken> {
        transact!(self, |tx, now| {
            let name = cut(name, 64);
            let added = query_scalar::<Db, i64>(
                "INSERT INTO worker_tokens (name, active_name, token_hash, created_at) VALUES (?, ?, ?, ?) RETURNING id",
            )
            .bind(&name)
            .bind(&name)
            .bind(hex(token))
            .bind(now)
            .fetch_one(&mut *tx)
            .await;
            match added {
                Err(sqlx::Error::Database(said)) if said.is_unique_violation() => {
                    Err(Error::Conflict("worker's name"))
                }
                other => {
                    let id = WorkerId(other?);
                    Ok(WorkerToken { id, name, created_at: now, last_seen_at: None, revoked_at: None })
                }
            }
        })
    }

    async fn worker(&self, token: &TokenHash) -> Result<Option<WorkerToken>> {
        let mut connection = reader(self).await?;
        let sql =
            concat!("SELECT ", columns!(), " FROM worker_tokens WHERE token_hash = ? AND revoked_at IS NULL");
        let row = query::<Db>(sql).bind(hex(token)).fetch_optional(&mut *connection).await?;
        let Some(found) = row.as_ref().map(worker).transpose()? else { return Ok(None) };
        let now = super::now(&mut connection).await?;
        drop(connection);
        if found.last_seen_at.is_none_or(|seen| now.since(seen) > Duration::from_secs(60)) {
            transact!(self, |tx, now| {
                let sql = "UPDATE worker_tokens SET last_seen_at = ? WHERE id = ?";
                query::<Db>(sql).bind(now).bind(found.id).execute(&mut *tx).await?;
                Ok(())
            })?;
        }
        Ok(Some(found))
    }

    async fn revoke_worker(&self, name: &str) -> Result<()> {
        transact!(self, |tx, now| {
            let sql = concat!("SELECT id FROM worker_tokens WHERE active_name = ?", for_update!());
            let id: Option<i64> = query_scalar::<Db, i64>(sql).bind(name).fetch_optional(&mut *tx).await?;
            let id = id.ok_or(Error::NotFound("worker token"))?;
            query::<Db>("UPDATE worker_tokens SET revoked_at = ?, active_name = NULL WHERE id = ?")
                .bind(now)
                .bind(id)
                .execute(&mut *tx)
                .await?;
            query::<Db>(
                "UPDATE stacking_jobs SET lease_expires_at = ?, updated_at = ? \
                 WHERE worker_id = ? AND state IN ('processing', 'verifying')",
            )
            .bind(now)
            .bind(now)
            .bind(id)
            .execute(&mut *tx)
            .await?;
            Ok(())
        })
    }

    async fn workers(&self) -> Result<Vec<WorkerToken>> {
        let sql = concat!("SELECT ", columns!(), " FROM worker_tokens ORDER BY id");
        query::<Db>(sql).fetch_all(&mut *reader(self).await?).await?.iter().map(worker).collect()
    }
}
