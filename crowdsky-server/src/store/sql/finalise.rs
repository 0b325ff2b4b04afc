//! The end of an upload session: its files become jobs, or go.

use super::dooming::{self, Reason};
use super::jobs;
use super::tx::{BATCH, Tx, places};
use super::uploads::{lock, must_be_open, upload_of};
use super::{Db, users};
use crate::store::{
    Error, Finalise, Finalised, JobId, NewJob, RawId, Result, Upload, UploadId, UploadState, UserId,
};
use sqlx::AssertSqlSafe;
use std::collections::BTreeSet;

/// Under a lock on the session's row: no file comes in between, and a second call waits and then gets the first one's answer
/// (U-07).
pub(super) async fn finalise(tx: &mut Tx, plan: &Finalise) -> Result<Finalised> {
    let upload = lock(tx, plan.user_id, plan.upload_id).await?;
    if upload.state == UploadState::Complete {
        return again(tx, &upload).await;
    }
    must_be_open(&upload, tx.now)?;
    let sql = "SELECT id FROM raw_files WHERE upload_session_id = ? AND is_deleted = 0 ORDER BY id";
    let there = sqlx::query_scalar::<Db, RawId>(sql).bind(upload.id).fetch_all(tx.db()).await?;
    let there = BTreeSet::from_iter(there);
    // Each file in one job or rejected, once (I5).
    let planned = plan.jobs.iter().flat_map(|job| &job.files).chain(plan.rejected.iter().map(|(id, _)| id));
    let placed = Vec::from_iter(planned.copied());
    if there != BTreeSet::from_iter(plan.files.iter().copied())
        || placed.len() != there.len()
        || there != BTreeSet::from_iter(placed)
    {
        return Err(Error::Changed);
    }
    enqueue(tx, plan.user_id, upload.id, &plan.jobs).await?;
    for (file, reason) in &plan.rejected {
        let sql = "UPDATE raw_files SET rejected = ? WHERE id = ?";
        sqlx::query::<Db>(sql).bind(reason).bind(*file).execute(tx.db()).await?;
    }
    let sql = "UPDATE upload_sessions SET state = 'complete', completed_at = ? WHERE id = ? AND state = 'uploading'";
    sqlx::query::<Db>(sql).bind(tx.now).bind(upload.id).execute(tx.db()).await?;
    Ok(Finalised { replay: false, ..again(tx, &upload).await? })
}

/// What was finalised, from its rows.
async fn again(tx: &mut Tx, upload: &Upload) -> Result<Finalised> {
    let sql = "SELECT id, chunk_key FROM stacking_jobs WHERE upload_session_id = ? ORDER BY id";
    let jobs = sqlx::query_as::<Db, (JobId, String)>(sql).bind(upload.id).fetch_all(tx.db()).await?;
    let sql = "SELECT filename, rejected FROM raw_files WHERE upload_session_id = ? AND rejected IS NOT NULL ORDER BY id";
    let rejected = sqlx::query_as::<Db, (String, String)>(sql).bind(upload.id).fetch_all(tx.db()).await?;
    Ok(Finalised { jobs, rejected, replay: true })
}

/// Adds jobs at the user's place in the queue: `fair_key = max(virtual time of the queue, the user's) + frames`, after which
/// the user's virtual time is that. A user with a thousand jobs waits behind their own, not the others behind them (U-28).
pub(super) async fn enqueue(
    tx: &mut Tx,
    user: UserId,
    upload: UploadId,
    jobs: &[NewJob],
) -> Result<Vec<JobId>> {
    users::lock(tx, user).await?;
    let clock = "SELECT COALESCE(MAX(virtual_time), 0) FROM queue_clock";
    let clock: i64 = sqlx::query_scalar::<Db, i64>(clock).fetch_one(tx.db()).await?;
    let own = "SELECT virtual_time FROM users WHERE id = ?";
    let own: i64 = sqlx::query_scalar::<Db, i64>(own).bind(user).fetch_one(tx.db()).await?;
    let mut fair_key = clock.max(own);
    let mut ids = Vec::with_capacity(jobs.len());
    for job in jobs {
        // A job without files costs as much as one of one file, or a thousand of them would all come first.
        fair_key += i64::try_from(job.files.len()).unwrap_or(i64::MAX / 2).max(1);
        let id = jobs::insert(tx, user, upload, job, fair_key).await?;
        for batch in job.files.chunks(BATCH) {
            let sql = format!(
                "UPDATE raw_files SET stacking_job_id = ? \
                 WHERE upload_session_id = ? AND stacking_job_id IS NULL AND id IN ({})",
                places(batch.len())
            );
            // Only places for values are put in.
            let mut query = sqlx::query::<Db>(AssertSqlSafe(sql)).bind(id).bind(upload);
            for file in batch {
                query = query.bind(*file);
            }
            if query.execute(tx.db()).await?.rows_affected() != batch.len() as u64 {
                return Err(Error::Changed);
            }
        }
        ids.push(id);
    }
    let sql = "UPDATE users SET virtual_time = ? WHERE id = ?";
    sqlx::query::<Db>(sql).bind(fair_key).bind(user).execute(tx.db()).await?;
    Ok(ids)
}

pub(super) async fn abandon(tx: &mut Tx, user: UserId, upload: UploadId) -> Result<()> {
    let upload = lock(tx, user, upload).await?;
    match upload.state {
        UploadState::Uploading => end(tx, &upload, Reason::Deleted).await,
        UploadState::Expired => Ok(()),
        UploadState::Complete => {
            Err(Error::WrongState { what: "upload session", state: upload.state.as_str().to_owned() })
        }
    }
}

pub(super) async fn expire(tx: &mut Tx, limit: i64) -> Result<i64> {
    let sql = concat!(
        "SELECT * FROM upload_sessions WHERE state = 'uploading' AND expires_at <= ? ORDER BY expires_at, id LIMIT ?",
        skip_locked!()
    );
    let rows = sqlx::query::<Db>(sql).bind(tx.now).bind(limit.max(0)).fetch_all(tx.db()).await?;
    for row in &rows {
        end(tx, &upload_of(row)?, Reason::Expired).await?;
    }
    Ok(rows.len() as i64)
}

/// The objects of an open session go, and its rows but its own.
async fn end(tx: &mut Tx, upload: &Upload, reason: Reason) -> Result<()> {
    dooming::raws_of_upload(tx, upload.user_id, upload.id, reason).await?;
    let sql = "UPDATE upload_sessions SET state = 'expired', file_count = 0, total_bytes = 0 WHERE id = ?";
    sqlx::query::<Db>(sql).bind(upload.id).execute(tx.db()).await?;
    Ok(())
}
