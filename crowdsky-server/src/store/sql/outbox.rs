//! The outbox, and what `fsck` asks.

use super::common::{corrupt, cut, doom, get};
use super::{Db, Row, SqlStore, prune, reader};
use crate::objects::{Role, StoredObject};
use crate::store::{BrokenRule, Doomed, LiveObject, Micros, Outbox, OutboxId, OutboxState, Result, UserId};
use async_trait::async_trait;
use sqlx::{query, query_scalar};
use std::time::Duration;

/// Live objects: what some row points at.
macro_rules! raws {
    () => {
        "SELECT storage_key AS object, size AS bytes, sha256 AS hash, user_id, id AS row_id, 'raw frame' AS what \
         FROM raw_files WHERE NOT is_deleted"
    };
}
macro_rules! stacks {
    () => {
        "SELECT fits_key AS object, fits_size AS bytes, fits_sha256 AS hash, user_id, id AS row_id, 'stack' AS what \
         FROM stacked_frames \
         UNION ALL SELECT thumb_key, thumb_size, thumb_sha256, user_id, id, 'thumbnail of stack' \
         FROM stacked_frames WHERE thumb_key IS NOT NULL \
         UNION ALL SELECT stars_key, stars_size, stars_sha256, user_id, id, 'star table of stack' \
         FROM stacked_frames WHERE stars_key IS NOT NULL"
    };
}

fn doomed(row: &Row) -> Result<Doomed> {
    let id: i64 = get(row, "id")?;
    let role: String = get(row, "role")?;
    Ok(Doomed {
        id: OutboxId(id),
        role: role.parse().map_err(|why: String| corrupt("delete", id, why))?,
        key: get(row, "storage_key")?,
        reason: get(row, "reason")?,
        tries: get(row, "tries")?,
    })
}

#[async_trait]
impl Outbox for SqlStore {
    async fn doom(&self, role: Role, key: &str, reason: &str, delay: Duration) -> Result<()> {
        transact!(self, |tx, now| { doom(&mut tx, now, now.plus(delay), role, key, reason).await })
    }

    async fn doomed(&self, limit: i64, hold: Duration) -> Result<Vec<Doomed>> {
        transact!(self, |tx, now| {
            let sql = concat!(
                "SELECT id, role, storage_key, reason, tries, \
                 EXISTS (SELECT 1 FROM raw_files WHERE raw_files.storage_key = outbox.storage_key AND NOT is_deleted) \
                 OR EXISTS (SELECT 1 FROM stacked_frames WHERE fits_key = outbox.storage_key) \
                 OR EXISTS (SELECT 1 FROM stacked_frames WHERE thumb_key = outbox.storage_key) \
                 OR EXISTS (SELECT 1 FROM stacked_frames WHERE stars_key = outbox.storage_key) AS live \
                 FROM outbox WHERE due_at <= ? ORDER BY due_at LIMIT ?",
                skip_locked!()
            );
            let rows = query::<Db>(sql).bind(now).bind(limit).fetch_all(&mut *tx).await?;
            let mut items = Vec::with_capacity(rows.len());
            for row in &rows {
                let item = doomed(row)?;
                if get::<i64>(row, "live")? != 0 {
                    // Whoever deletes the row that points at it puts the object on the list anew.
                    query::<Db>("DELETE FROM outbox WHERE id = ?").bind(item.id).execute(&mut *tx).await?;
                } else {
                    items.push(item);
                }
            }
            for item in &items {
                let sql = "UPDATE outbox SET due_at = ?, tries = tries + 1 WHERE id = ?";
                query::<Db>(sql).bind(now.plus(hold)).bind(item.id).execute(&mut *tx).await?;
            }
            Ok(items)
        })
    }

    async fn deleted(&self, id: OutboxId) -> Result<()> {
        transact!(self, |tx, _now| {
            query::<Db>("DELETE FROM outbox WHERE id = ?").bind(id).execute(&mut *tx).await?;
            Ok(())
        })
    }

    async fn not_deleted(&self, id: OutboxId, error: &str, again_in: Duration) -> Result<()> {
        transact!(self, |tx, now| {
            let sql = "UPDATE outbox SET due_at = ?, last_error = ? WHERE id = ?";
            query::<Db>(sql)
                .bind(now.plus(again_in))
                .bind(cut(error, 500))
                .bind(id)
                .execute(&mut *tx)
                .await?;
            Ok(())
        })
    }

    async fn outbox(&self) -> Result<OutboxState> {
        let mut connection = reader(self).await?;
        let now = super::now(&mut connection).await?;
        let sql = "SELECT COUNT(*) AS pending, MIN(due_at) AS oldest FROM outbox";
        let row = query::<Db>(sql).fetch_one(&mut *connection).await?;
        let oldest: Option<Micros> = get(&row, "oldest")?;
        let overdue = oldest.filter(|due| *due < now).map(|due| now.since(due));
        Ok(OutboxState { pending: get(&row, "pending")?, overdue })
    }

    async fn is_known(&self, role: Role, key: &str) -> Result<bool> {
        let sql = match role {
            Role::Raws => concat!(
                "SELECT EXISTS (SELECT 1 FROM (",
                raws!(),
                ") AS live WHERE object = ?) OR EXISTS (SELECT 1 FROM outbox WHERE storage_key = ? AND role = 'raws')"
            ),
            Role::Stacks => concat!(
                "SELECT EXISTS (SELECT 1 FROM (",
                stacks!(),
                ") AS live WHERE object = ?) OR EXISTS (SELECT 1 FROM outbox WHERE storage_key = ? AND role = 'stacks')"
            ),
        };
        let known =
            query_scalar::<Db, i64>(sql).bind(key).bind(key).fetch_one(&mut *reader(self).await?).await?;
        Ok(known != 0)
    }

    async fn live_objects(&self, role: Role, after: &str, limit: i64) -> Result<Vec<LiveObject>> {
        let sql = match role {
            Role::Raws => {
                concat!("SELECT * FROM (", raws!(), ") AS live WHERE object > ? ORDER BY object LIMIT ?")
            }
            Role::Stacks => {
                concat!("SELECT * FROM (", stacks!(), ") AS live WHERE object > ? ORDER BY object LIMIT ?")
            }
        };
        let rows = query::<Db>(sql).bind(after).bind(limit).fetch_all(&mut *reader(self).await?).await?;
        let live = |row: &Row| {
            let (what, id): (String, i64) = (get(row, "what")?, get(row, "row_id")?);
            Ok(LiveObject {
                role,
                object: StoredObject {
                    key: get(row, "object")?,
                    size: get(row, "bytes")?,
                    sha256: get(row, "hash")?,
                },
                owner: format!("{what} {id}"),
                user_id: get::<UserId>(row, "user_id")?,
            })
        };
        rows.iter().map(live).collect()
    }

    async fn broken_rules(&self) -> Result<Vec<BrokenRule>> {
        let mut connection = reader(self).await?;
        let mut broken = Vec::new();
        // Each statement gives the rows that break its rule: a number and what it is.
        for (rule, what, sql) in [
            (
                "I1",
                "a running job without a lease",
                "SELECT id FROM stacking_jobs \
              WHERE state IN ('processing', 'verifying') AND (lease_token IS NULL OR lease_expires_at IS NULL)",
            ),
            (
                "I1",
                "a job at rest with a lease",
                "SELECT id FROM stacking_jobs \
              WHERE state NOT IN ('processing', 'verifying') AND lease_token IS NOT NULL",
            ),
            (
                "I2",
                "a job that waits for raws that are deleted",
                "SELECT DISTINCT stacking_jobs.id FROM stacking_jobs \
              JOIN raw_files ON raw_files.job_id = stacking_jobs.id \
              WHERE state IN ('ready', 'processing', 'verifying', 'failed') AND raw_files.is_deleted",
            ),
            (
                "I3",
                "a completed job without a stack",
                "SELECT id FROM stacking_jobs \
              WHERE state = 'completed' AND kind = 'stack' \
              AND NOT EXISTS (SELECT 1 FROM stacked_frames WHERE stacked_frames.job_id = stacking_jobs.id)",
            ),
            (
                "I3",
                "a stack whose job is not completed",
                "SELECT stacked_frames.id FROM stacked_frames \
              LEFT JOIN stacking_jobs ON stacking_jobs.id = stacked_frames.job_id \
              WHERE stacking_jobs.id IS NULL OR stacking_jobs.state <> 'completed'",
            ),
            (
                "I5",
                "a raw frame of a finalised session in no job and not rejected",
                "SELECT raw_files.id FROM raw_files \
              JOIN upload_sessions ON upload_sessions.id = raw_files.upload_session_id \
              WHERE upload_sessions.state = 'complete' AND job_id IS NULL AND rejected IS NULL",
            ),
            (
                "I8",
                "a job that nothing can move on",
                "SELECT id FROM stacking_jobs \
              WHERE state = 'ready' AND attempt >= max_attempts",
            ),
            (
                "U-32",
                "an upload session whose user is gone",
                "SELECT id FROM upload_sessions \
              WHERE NOT EXISTS (SELECT 1 FROM users WHERE users.id = upload_sessions.user_id)",
            ),
            (
                "U-32",
                "a raw frame whose user is gone",
                "SELECT id FROM raw_files \
              WHERE NOT EXISTS (SELECT 1 FROM users WHERE users.id = raw_files.user_id)",
            ),
            (
                "U-32",
                "a job whose user is gone",
                "SELECT id FROM stacking_jobs \
              WHERE NOT EXISTS (SELECT 1 FROM users WHERE users.id = stacking_jobs.user_id)",
            ),
            (
                "U-32",
                "a stack whose user is gone",
                "SELECT id FROM stacked_frames \
              WHERE NOT EXISTS (SELECT 1 FROM users WHERE users.id = stacked_frames.user_id)",
            ),
        ] {
            let ids: Vec<i64> = query_scalar::<Db, i64>(sql).fetch_all(&mut *connection).await?;
            broken.extend(ids.iter().map(|id| BrokenRule { rule, detail: format!("{what}: {id}") }));
        }
        for (user, used, live) in usage(&mut connection).await? {
            if used != live {
                let detail = format!("user {user} is charged {used} bytes and has {live}");
                broken.push(BrokenRule { rule: "I7", detail });
            }
        }
        Ok(broken)
    }

    async fn recount_storage(&self) -> Result<i64> {
        transact!(self, |tx, _now| {
            let mut wrong = 0;
            for (user, used, live) in usage(&mut tx).await? {
                if used != live {
                    // The difference, for others add and take away meanwhile; both sums are of one instant.
                    let sql = "UPDATE users SET storage_used = storage_used + ? WHERE id = ?";
                    query::<Db>(sql).bind(live - used).bind(user).execute(&mut *tx).await?;
                    wrong += 1;
                }
            }
            Ok(wrong)
        })
    }

    async fn prune(&self, keep: Duration) -> Result<i64> {
        let mut gone = 0;
        loop {
            let some = transact!(self, |tx, now| { prune::some(&mut tx, now.minus(keep)).await })?;
            if some == 0 {
                return Ok(i64::try_from(gone).unwrap_or(i64::MAX));
            }
            gone += some;
        }
    }

    async fn now(&self) -> Result<Micros> {
        super::now(&mut *reader(self).await?).await
    }
}

/// Each user, what they are charged, and what their live objects sum up to.
async fn usage(connection: &mut super::common::Conn) -> Result<Vec<(i64, i64, i64)>> {
    let sql = "SELECT users.id AS id, storage_used, CAST(COALESCE((SELECT SUM(size) FROM raw_files \
               WHERE raw_files.user_id = users.id AND NOT is_deleted), 0) + COALESCE((SELECT SUM(fits_size \
               + COALESCE(thumb_size, 0) + COALESCE(stars_size, 0)) FROM stacked_frames \
               WHERE stacked_frames.user_id = users.id), 0) AS SIGNED) AS live FROM users ORDER BY users.id";
    let rows = query::<Db>(sql).fetch_all(connection).await?;
    rows.iter().map(|row| Ok((get(row, "id")?, get(row, "storage_used")?, get(row, "live")?))).collect()
}
