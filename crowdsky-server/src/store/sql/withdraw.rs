//! What a user can do to a job: delete it, or have it tried again.

use super::dooming::{self, Reason};
use super::tx::Tx;
use super::{Db, claim, jobs, stacks, users};
use crate::store::{Error, Job, JobId, JobState, Result, UserId};
use std::time::Duration;

async fn lock(tx: &mut Tx, user: UserId, id: JobId) -> Result<Job> {
    let job = jobs::lock(tx, id).await?;
    if job.user_id == user { Ok(job) } else { Err(Error::NotFound("job")) }
}

pub(super) async fn delete_job(tx: &mut Tx, user: UserId, id: JobId, grace: Duration) -> Result<()> {
    let job = lock(tx, user, id).await?;
    if job.state == JobState::Cancelled {
        return Ok(());
    }
    users::lock(tx, user).await?;
    stacks::remove_of_job(tx, user, id, grace).await?;
    dooming::raws_of_job(tx, &job, Reason::Deleted, grace).await?;
    if job.lease.is_some() {
        claim::record_end(tx, &job, "cancelled", JobState::Cancelled, None).await?;
        dooming::left_by_attempt(tx, &job).await?;
    }
    let sql = "UPDATE stacking_jobs SET state = 'cancelled', cancel_requested = 1, completed_at = ?, lease_token = NULL, \
               lease_expires_at = NULL, heartbeat_at = NULL, updated_at = ? WHERE id = ?";
    sqlx::query::<Db>(sql).bind(tx.now).bind(tx.now).bind(id).execute(tx.db()).await?;
    Ok(())
}

pub(super) async fn retry_job(tx: &mut Tx, user: UserId, id: JobId) -> Result<()> {
    let job = lock(tx, user, id).await?;
    let wrong = |state: &str| Err(Error::WrongState { what: "job", state: state.to_owned() });
    match job.state {
        JobState::Failed => {}
        JobState::Cancelled => return Err(Error::NotFound("job")),
        state => return wrong(state.as_str()),
    }
    let sql = "SELECT COUNT(*) FROM raw_files WHERE stacking_job_id = ? AND is_deleted = 0";
    let files: i64 = sqlx::query_scalar::<Db, i64>(sql).bind(id).fetch_one(tx.db()).await?;
    if files < job.frame_count {
        return wrong("failed, and its files are gone");
    }
    let sql = "UPDATE stacking_jobs SET state = 'ready', attempt = 0, run_after = ?, completed_at = NULL, progress = 0, \
               error_code = NULL, error_message = NULL, updated_at = ? WHERE id = ? AND state = 'failed'";
    sqlx::query::<Db>(sql).bind(tx.now).bind(tx.now).bind(id).execute(tx.db()).await?;
    Ok(())
}
