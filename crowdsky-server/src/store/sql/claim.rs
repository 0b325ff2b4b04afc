//! How a job gets its lease, and what becomes of one whose lease is over.

use super::tx::{Tx, random};
use super::{Db, dooming, jobs};
use crate::store::{Backoff, Claim, Error, Failure, Job, JobState, Lease, Result};
use std::time::Duration;

/// Leases given in one transaction: it holds locks, so it is kept short.
const MOST: i64 = 100;

pub(super) async fn claim(tx: &mut Tx, claim: &Claim) -> Result<Vec<Job>> {
    reap(tx, &claim.backoff).await?;
    // The index gives them in this order. Without it MariaDB might sort all ready jobs, and so lock them all, and others
    // who skip what is locked would find none.
    let sql = concat!(
        "SELECT * FROM stacking_jobs ",
        ready_index!(),
        " WHERE state = 'ready' AND run_after <= ? ORDER BY fair_key, id LIMIT ?",
        skip_locked!()
    );
    let query = sqlx::query::<Db>(sql).bind(tx.now).bind(claim.n.clamp(0, MOST));
    let rows = query.fetch_all(tx.db()).await?;
    let mut leased = Vec::with_capacity(rows.len());
    for row in &rows {
        leased.push(lease(tx, jobs::job_of_row(row)?, claim).await?);
    }
    if let Some(last) = leased.last() {
        advance_clock(tx, last).await?;
    }
    Ok(leased)
}

/// Starts an attempt.
async fn lease(tx: &mut Tx, job: Job, claim: &Claim) -> Result<Job> {
    let lease = Lease {
        token: new_token()?,
        expires_at: tx.now.plus(claim.lease),
        heartbeat_at: tx.now,
        worker: super::sessions::cut(&claim.worker, 255).to_owned(),
        worker_id: claim.worker_id,
        legacy: claim.legacy,
    };
    let sql = "UPDATE stacking_jobs SET state = 'processing', attempt = attempt + 1, epoch = epoch + 1, lease_token = ?, \
               lease_expires_at = ?, heartbeat_at = ?, worker = ?, worker_token_id = ?, legacy = ?, progress = 0, \
               started_at = ?, updated_at = ? WHERE id = ? AND state = 'ready'";
    sqlx::query::<Db>(sql)
        .bind(&lease.token)
        .bind(lease.expires_at)
        .bind(lease.heartbeat_at)
        .bind(&lease.worker)
        .bind(lease.worker_id)
        .bind(i64::from(lease.legacy))
        .bind(tx.now)
        .bind(tx.now)
        .bind(job.id)
        .execute(tx.db())
        .await?;
    let job = Job {
        state: JobState::Processing,
        attempt: job.attempt + 1,
        epoch: job.epoch + 1,
        progress: 0.0,
        started_at: Some(tx.now),
        updated_at: tx.now,
        ..job
    };
    let sql = "INSERT INTO job_attempts (stacking_job_id, epoch, attempt, lease_token, worker, started_at) \
               VALUES (?, ?, ?, ?, ?, ?)";
    sqlx::query::<Db>(sql)
        .bind(job.id)
        .bind(job.epoch)
        .bind(job.attempt)
        .bind(&lease.token)
        .bind(&lease.worker)
        .bind(tx.now)
        .execute(tx.db())
        .await?;
    Ok(Job { lease: Some(lease), ..job })
}

/// 32 random hexadecimal digits.
fn new_token() -> Result<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| sqlx::Error::Io(std::io::Error::other(error)))?;
    Ok(format!("{:032x}", u128::from_be_bytes(bytes)))
}

/// The virtual time of the queue is the largest `fair_key` claimed. It is the largest of eight rows; a claim moves one of
/// them, so that claims at once seldom wait for each other. Last in the transaction, for the same reason.
async fn advance_clock(tx: &mut Tx, last: &Job) -> Result<()> {
    let sql = "UPDATE queue_clock SET virtual_time = \
               (SELECT fair_key FROM stacking_jobs WHERE stacking_jobs.id = ?) \
               WHERE id = ? AND virtual_time < (SELECT fair_key FROM stacking_jobs WHERE stacking_jobs.id = ?)";
    let row = last.id.0 % 8;
    sqlx::query::<Db>(sql).bind(last.id).bind(row).bind(last.id).execute(tx.db()).await?;
    Ok(())
}

/// Ends the leases that are over, at most a hundred at a time. What another transaction is busy with is left to it.
pub(super) async fn reap(tx: &mut Tx, backoff: &Backoff) -> Result<i64> {
    let sql = concat!(
        "SELECT * FROM stacking_jobs WHERE state IN ('processing', 'verifying') AND lease_expires_at <= ? \
         ORDER BY lease_expires_at, id LIMIT ?",
        skip_locked!()
    );
    let rows = sqlx::query::<Db>(sql).bind(tx.now).bind(MOST).fetch_all(tx.db()).await?;
    for row in &rows {
        let failure = Failure {
            code: "lease_expired".to_owned(),
            message: "The worker was not heard from in time.".to_owned(),
            retry: true,
        };
        end_attempt(tx, &jobs::job_of_row(row)?, "lease_expired", &failure, backoff).await?;
    }
    Ok(rows.len() as i64)
}

/// An attempt ends without success: the job waits for the next one, or has failed. The caller has locked it.
pub(super) async fn end_attempt(
    tx: &mut Tx,
    job: &Job,
    outcome: &str,
    failure: &Failure,
    backoff: &Backoff,
) -> Result<JobState> {
    // 1 + 3 attempts: the fourth that fails is the last (U-02).
    let again = failure.retry && job.attempt < job.max_attempts;
    let state = if again { JobState::Ready } else { JobState::Failed };
    let run_after = if again { tx.now.plus(delay(backoff, job.attempt)) } else { job.run_after };
    let completed_at = (!again).then_some(tx.now);
    let (code, message) =
        (super::sessions::cut(&failure.code, 64), super::sessions::cut(&failure.message, 2_000));
    let sql = "UPDATE stacking_jobs SET state = ?, run_after = ?, completed_at = ?, error_code = ?, error_message = ?, \
               lease_token = NULL, lease_expires_at = NULL, heartbeat_at = NULL, progress = 0, updated_at = ? \
               WHERE id = ? AND epoch = ? AND state IN ('processing', 'verifying')";
    let done = sqlx::query::<Db>(sql)
        .bind(state.as_str())
        .bind(run_after)
        .bind(completed_at)
        .bind(code)
        .bind(message)
        .bind(tx.now)
        .bind(job.id)
        .bind(job.epoch)
        .execute(tx.db())
        .await?;
    if done.rows_affected() == 0 {
        return Err(Error::LeaseLost);
    }
    record_end(tx, job, outcome, state, Some((code, message))).await?;
    dooming::left_by_attempt(tx, job).await?;
    Ok(state)
}

/// Writes down how the running attempt ended, and in which state that left the job: what a replay is told.
pub(super) async fn record_end(
    tx: &mut Tx,
    job: &Job,
    outcome: &str,
    state: JobState,
    error: Option<(&str, &str)>,
) -> Result<()> {
    let sql = "UPDATE job_attempts SET ended_at = ?, outcome = ?, result_state = ?, error_code = ?, error_message = ? \
               WHERE stacking_job_id = ? AND epoch = ? AND outcome IS NULL";
    sqlx::query::<Db>(sql)
        .bind(tx.now)
        .bind(outcome)
        .bind(state.as_str())
        .bind(error.map(|(code, _)| code))
        .bind(error.map(|(_, message)| message))
        .bind(job.id)
        .bind(job.epoch)
        .execute(tx.db())
        .await?;
    Ok(())
}

/// How long to wait after the attempt of that count has failed.
fn delay(backoff: &Backoff, attempt: i64) -> Duration {
    let growth = backoff.factor.powf((attempt - 1).clamp(0, 64) as f64);
    let capped = (backoff.first.as_secs_f64() * growth).min(backoff.cap.as_secs_f64());
    let spread = 1.0 + backoff.jitter * (2.0 * random() - 1.0);
    Duration::try_from_secs_f64(capped * spread).unwrap_or(backoff.cap)
}
