//! What `fsck` asks of the rows, and how they are kept few.

use super::tx::Tx;
use super::{Db, Row, users};
use crate::objects::{Role, StoredObject};
use crate::store::{BrokenRule, LiveObject, Result, UserId};
use sqlx::Row as _;
use std::time::Duration;

/// Bytes of the live objects of the user of the row around it.
macro_rules! live_bytes {
    () => {
        "CAST((SELECT COALESCE(SUM(r.size_bytes), 0) FROM raw_files r WHERE r.user_id = users.id AND r.is_deleted = 0) \
         + (SELECT COALESCE(SUM(s.fits_size + COALESCE(s.thumbnail_size, 0) + COALESCE(s.stars_size, 0)), 0) \
            FROM stacked_frames s WHERE s.user_id = users.id) AS SIGNED)"
    };
}

/// Each kind of object: where its key, size and hash are, and whose it is, for people.
const RAWS: &str = "SELECT object_key AS k, size_bytes AS n, sha256 AS h, id, user_id FROM raw_files \
                    WHERE is_deleted = 0 AND object_key > ? ORDER BY object_key LIMIT ?";
const STACKS: [(&str, &str); 3] = [
    (
        "stack",
        "SELECT fits_key AS k, fits_size AS n, fits_sha256 AS h, id, user_id FROM stacked_frames \
         WHERE fits_key > ? ORDER BY fits_key LIMIT ?",
    ),
    (
        "thumbnail of stack",
        "SELECT thumbnail_key AS k, thumbnail_size AS n, thumbnail_sha256 AS h, id, user_id FROM stacked_frames \
         WHERE thumbnail_key > ? ORDER BY thumbnail_key LIMIT ?",
    ),
    (
        "stars of stack",
        "SELECT stars_key AS k, stars_size AS n, stars_sha256 AS h, id, user_id FROM stacked_frames \
         WHERE stars_key > ? ORDER BY stars_key LIMIT ?",
    ),
];

fn live_of(row: &Row, what: &str) -> Result<LiveObject> {
    Ok(LiveObject {
        role: if what == "raw" { Role::Raws } else { Role::Stacks },
        object: StoredObject { key: row.try_get("k")?, size: row.try_get("n")?, sha256: row.try_get("h")? },
        owner: format!("{what} {}", row.try_get::<i64, _>("id")?),
        user_id: row.try_get("user_id")?,
    })
}

pub(super) async fn live_objects(
    tx: &mut Tx,
    role: Role,
    after: &str,
    limit: i64,
) -> Result<Vec<LiveObject>> {
    let limit = limit.max(0);
    let kinds: &[(&str, &'static str)] = match role {
        Role::Raws => &[("raw", RAWS)],
        Role::Stacks => &STACKS,
    };
    let mut live = Vec::new();
    for (what, sql) in kinds {
        for row in &sqlx::query::<Db>(*sql).bind(after).bind(limit).fetch_all(tx.db()).await? {
            live.push(live_of(row, what)?);
        }
    }
    live.sort_by(|a, b| a.object.key.cmp(&b.object.key));
    live.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(live)
}

/// Each finds the numbers of rows that break a rule.
const RULES: [(&str, &str, &str); 9] = [
    (
        "I1",
        "job {} runs without a lease",
        "SELECT id FROM stacking_jobs WHERE state IN ('processing', 'verifying') \
         AND (lease_token IS NULL OR lease_expires_at IS NULL)",
    ),
    (
        "I1",
        "job {} has a lease and does not run",
        "SELECT id FROM stacking_jobs WHERE state NOT IN ('processing', 'verifying') AND lease_token IS NOT NULL",
    ),
    (
        "I1",
        "job {} has more than one attempt that has not ended",
        "SELECT stacking_job_id FROM job_attempts WHERE outcome IS NULL GROUP BY stacking_job_id HAVING COUNT(*) > 1",
    ),
    (
        "I3",
        "job {} is completed and has no stack",
        "SELECT j.id FROM stacking_jobs j WHERE j.state = 'completed' AND j.kind = 'stack' \
         AND NOT EXISTS (SELECT 1 FROM stacked_frames s WHERE s.stacking_job_id = j.id)",
    ),
    (
        "I3",
        "stack {} is of a job that is not completed",
        "SELECT s.id FROM stacked_frames s WHERE NOT EXISTS \
         (SELECT 1 FROM stacking_jobs j WHERE j.id = s.stacking_job_id AND j.state = 'completed')",
    ),
    (
        "I5",
        "raw {} of a finalised session is in no job and not rejected",
        "SELECT r.id FROM raw_files r JOIN upload_sessions u ON u.id = r.upload_session_id \
         WHERE u.state = 'complete' AND r.stacking_job_id IS NULL AND r.rejected IS NULL",
    ),
    (
        "I5",
        "raw {} is in a job and rejected",
        "SELECT id FROM raw_files WHERE stacking_job_id IS NOT NULL AND rejected IS NOT NULL",
    ),
    (
        "I5",
        "job {} has another number of files than it counts",
        "SELECT j.id FROM stacking_jobs j WHERE j.kind = 'stack' AND j.state <> 'cancelled' AND j.frame_count <> \
         (SELECT COUNT(*) FROM raw_files r WHERE r.stacking_job_id = j.id)",
    ),
    (
        "I8",
        "job {} is ready and has no attempt left",
        "SELECT id FROM stacking_jobs WHERE state = 'ready' AND attempt >= max_attempts",
    ),
];

pub(super) async fn broken(tx: &mut Tx) -> Result<Vec<BrokenRule>> {
    let mut broken = Vec::new();
    for (rule, text, sql) in RULES {
        for id in sqlx::query_scalar::<Db, i64>(sql).fetch_all(tx.db()).await? {
            broken.push(BrokenRule { rule, detail: text.replace("{}", &id.to_string()) });
        }
    }
    let sql = concat!("SELECT id, storage_used, ", live_bytes!(), " FROM users ORDER BY id");
    for (id, used, live) in sqlx::query_as::<Db, (i64, i64, i64)>(sql).fetch_all(tx.db()).await? {
        if used != live {
            let detail = format!("user {id} is charged {used} bytes and has {live}");
            broken.push(BrokenRule { rule: "I7", detail });
        }
    }
    Ok(broken)
}

/// Each user's row is locked before their objects are summed up, as it is by all that changes them.
pub(super) async fn recount(tx: &mut Tx) -> Result<i64> {
    let ids = sqlx::query_scalar::<Db, UserId>("SELECT id FROM users ORDER BY id").fetch_all(tx.db()).await?;
    let mut wrong = 0;
    for id in ids {
        let used = users::lock(tx, id).await?.storage_used;
        let sql = concat!("SELECT ", live_bytes!(), " FROM users WHERE id = ?");
        let live: i64 = sqlx::query_scalar::<Db, i64>(sql).bind(id).fetch_one(tx.db()).await?;
        if used != live {
            users::use_storage(tx, id, live - used).await?;
            wrong += 1;
        }
    }
    Ok(wrong)
}

/// What nobody asks for any more. The count of cancelled jobs takes their files' rows along, whose objects are gone.
pub(super) async fn prune(tx: &mut Tx, keep: Duration) -> Result<i64> {
    let before = tx.now.minus(keep);
    let mut gone = 0;
    for sql in [
        "DELETE FROM sessions WHERE expires_at < ?",
        "DELETE FROM login_failures WHERE failed_at < ?",
        "UPDATE upload_sessions SET idempotency_key = NULL \
         WHERE idempotency_key IS NOT NULL AND state <> 'uploading' AND created_at < ?",
        "DELETE FROM job_attempts WHERE ended_at < ? AND stacking_job_id IN \
         (SELECT id FROM stacking_jobs WHERE state IN ('completed', 'cancelled'))",
        "DELETE FROM raw_files WHERE is_deleted = 1 AND stacking_job_id IN \
         (SELECT id FROM stacking_jobs WHERE state = 'cancelled' AND completed_at < ?)",
        "DELETE FROM stacking_jobs WHERE state = 'cancelled' AND completed_at < ?",
    ] {
        gone += sqlx::query::<Db>(sql).bind(before).execute(tx.db()).await?.rows_affected();
    }
    Ok(i64::try_from(gone).unwrap_or(i64::MAX))
}
