//! Statements on what is to be deleted from the storages.

use super::tx::Tx;
use super::{Db, Row, SqlStore, dooming, rules};
use crate::objects::Role;
use crate::storage::{Artefact, BlobKey};
use crate::store::{
    BrokenRule, Doomed, Error, JobId, LiveObject, Micros, Outbox, OutboxId, OutboxState, Result,
};
use async_trait::async_trait;
use sqlx::Row as _;
use std::time::Duration;

/// Of a row of the outbox, whether a live row points at its object.
macro_rules! is_live {
    () => {
        "((role = 'raws' AND EXISTS (SELECT 1 FROM raw_files r \
           WHERE r.object_key = outbox.object_key AND r.is_deleted = 0)) \
          OR (role = 'stacks' AND (EXISTS (SELECT 1 FROM stacked_frames f WHERE f.fits_key = outbox.object_key) \
           OR EXISTS (SELECT 1 FROM stacked_frames t WHERE t.thumbnail_key = outbox.object_key) \
           OR EXISTS (SELECT 1 FROM stacked_frames s WHERE s.stars_key = outbox.object_key))))"
    };
}

fn doomed_of(row: &Row) -> Result<Doomed> {
    let id: OutboxId = row.try_get("id")?;
    let role: String = row.try_get("role")?;
    let role: Role =
        role.parse().map_err(|why| Error::Corrupt { what: "row of the outbox", id: id.0, why })?;
    Ok(Doomed {
        id,
        role,
        key: row.try_get("object_key")?,
        reason: row.try_get("reason")?,
        tries: row.try_get("tries")?,
    })
}

#[async_trait]
impl Outbox for SqlStore {
    async fn doom(&self, role: Role, key: &str, reason: &str, delay: Duration) -> Result<()> {
        transact!(self, tx => doom(&mut tx, role, key, reason, delay))
    }

    async fn doomed(&self, limit: i64, hold: Duration) -> Result<Vec<Doomed>> {
        transact!(self, tx => doomed(&mut tx, limit, hold))
    }

    async fn deleted(&self, id: OutboxId) -> Result<()> {
        transact!(self, tx => deleted(&mut tx, id))
    }

    async fn not_deleted(&self, id: OutboxId, error: &str, again_in: Duration) -> Result<()> {
        transact!(self, tx => not_deleted(&mut tx, id, error, again_in))
    }

    async fn outbox(&self) -> Result<OutboxState> {
        read!(self, tx => state(&mut tx))
    }

    async fn is_known(&self, role: Role, key: &str) -> Result<bool> {
        read!(self, tx => is_known(&mut tx, role, key))
    }

    async fn live_objects(&self, role: Role, after: &str, limit: i64) -> Result<Vec<LiveObject>> {
        read!(self, tx => rules::live_objects(&mut tx, role, after, limit))
    }

    async fn broken_rules(&self) -> Result<Vec<BrokenRule>> {
        read!(self, tx => rules::broken(&mut tx))
    }

    async fn recount_storage(&self) -> Result<i64> {
        transact!(self, tx => rules::recount(&mut tx))
    }

    async fn prune(&self, keep: Duration) -> Result<i64> {
        transact!(self, tx => rules::prune(&mut tx, keep))
    }

    async fn now(&self) -> Result<Micros> {
        self.clock().await
    }
}

async fn doom(tx: &mut Tx, role: Role, key: &str, reason: &str, delay: Duration) -> Result<()> {
    let due = tx.now.plus(delay);
    dooming::object(tx, role, key, reason, due).await
}

/// Each is hidden from other janitors until `hold` is over, by moving the time at which it is due.
async fn doomed(tx: &mut Tx, limit: i64, hold: Duration) -> Result<Vec<Doomed>> {
    let sql = concat!(
        "SELECT * FROM outbox WHERE due_at <= ? AND NOT ",
        is_live!(),
        " ORDER BY due_at, id LIMIT ?",
        skip_locked!()
    );
    let rows = sqlx::query::<Db>(sql).bind(tx.now).bind(limit.max(0)).fetch_all(tx.db()).await?;
    let until = tx.now.plus(hold);
    let mut list = Vec::with_capacity(rows.len());
    for row in &rows {
        let doomed = doomed_of(row)?;
        let sql = "UPDATE outbox SET due_at = ? WHERE id = ?";
        sqlx::query::<Db>(sql).bind(until).bind(doomed.id).execute(tx.db()).await?;
        list.push(doomed);
    }
    Ok(list)
}

async fn deleted(tx: &mut Tx, id: OutboxId) -> Result<()> {
    sqlx::query::<Db>("DELETE FROM outbox WHERE id = ?").bind(id).execute(tx.db()).await?;
    Ok(())
}

async fn not_deleted(tx: &mut Tx, id: OutboxId, error: &str, again_in: Duration) -> Result<()> {
    let sql = "UPDATE outbox SET tries = tries + 1, last_error = ?, due_at = ? WHERE id = ?";
    let due = tx.now.plus(again_in);
    let query = sqlx::query::<Db>(sql).bind(super::sessions::cut(error, 2_000)).bind(due).bind(id);
    query.execute(tx.db()).await?;
    Ok(())
}

async fn state(tx: &mut Tx) -> Result<OutboxState> {
    let sql = "SELECT COUNT(*), MIN(due_at) FROM outbox";
    let (pending, oldest) = sqlx::query_as::<Db, (i64, Option<Micros>)>(sql).fetch_one(tx.db()).await?;
    let overdue = oldest.filter(|due| *due < tx.now).map(|due| tx.now.since(due));
    Ok(OutboxState { pending, overdue })
}

/// What is staged is known as long as its attempt runs.
async fn is_known(tx: &mut Tx, role: Role, key: &str) -> Result<bool> {
    let live = match role {
        Role::Raws => {
            let sql = "SELECT COUNT(*) FROM raw_files WHERE object_key = ? AND is_deleted = 0";
            sqlx::query_scalar::<Db, i64>(sql).bind(key).fetch_one(tx.db()).await?
        }
        Role::Stacks => {
            let sql = "SELECT COUNT(*) FROM stacked_frames WHERE fits_key = ? OR thumbnail_key = ? OR stars_key = ?";
            sqlx::query_scalar::<Db, i64>(sql).bind(key).bind(key).bind(key).fetch_one(tx.db()).await?
        }
    };
    let sql = "SELECT COUNT(*) FROM outbox WHERE role = ? AND object_key = ?";
    let waits: i64 =
        sqlx::query_scalar::<Db, i64>(sql).bind(role.as_str()).bind(key).fetch_one(tx.db()).await?;
    Ok(live > 0 || waits > 0 || (role == Role::Stacks && is_staged(tx, key).await?))
}

async fn is_staged(tx: &mut Tx, key: &str) -> Result<bool> {
    let Some(job) = key.strip_prefix("staging/j").and_then(|rest| rest.split('/').next()) else {
        return Ok(false);
    };
    let Ok(job) = job.parse() else { return Ok(false) };
    let Some(job) = super::jobs::find(tx, JobId(job)).await? else { return Ok(false) };
    let of_attempt = |artefact| BlobKey::staged(job.id, job.epoch, artefact).as_str() == key;
    Ok(job.lease.is_some() && Artefact::ALL.into_iter().any(of_attempt))
}
