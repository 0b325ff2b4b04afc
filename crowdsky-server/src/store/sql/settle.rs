//! What the holder of a lease can say about its job.

use super::dooming::{self, Reason};
use super::tx::Tx;
use super::{Db, claim, jobs, stacks, users};
use crate::store::{
    Backoff, Completed, Error, Failure, Heartbeat, Job, JobId, JobKind, JobState, NewStack, Result, StackId,
    Tier,
};
use std::time::Duration;

/// What a token is good for.
enum Held {
    /// The lease runs; the job's row is locked.
    Now(Job),
    /// The attempt has ended: how, and in which state that left the job.
    Before { outcome: String, state: String, job: Job },
}

async fn hold(tx: &mut Tx, id: JobId, token: &str) -> Result<Held> {
    let job = jobs::lock(tx, id).await?;
    if jobs::is_held(&job, token, tx.now) {
        return Ok(Held::Now(job));
    }
    let sql = "SELECT outcome, result_state FROM job_attempts \
               WHERE stacking_job_id = ? AND lease_token = ? AND outcome IS NOT NULL AND result_state IS NOT NULL";
    let query = sqlx::query_as::<Db, (String, String)>(sql).bind(id).bind(token);
    let (outcome, state) = query.fetch_optional(tx.db()).await?.ok_or(Error::LeaseLost)?;
    Ok(Held::Before { outcome, state, job })
}

/// Runs a guarded update: no row means that the lease is lost.
macro_rules! guarded {
    ($tx:expr, $query:expr) => {
        match $query.execute($tx.db()).await?.rows_affected() {
            0 => Err(Error::LeaseLost),
            _ => Ok(()),
        }
    };
}

pub(super) async fn heartbeat(
    tx: &mut Tx,
    id: JobId,
    token: &str,
    lease: Duration,
    progress: Option<f64>,
) -> Result<Heartbeat> {
    let job = match hold(tx, id, token).await? {
        Held::Now(job) => job,
        Held::Before { outcome, .. } if outcome == "cancelled" => {
            return Ok(Heartbeat { expires_at: tx.now, cancel: true });
        }
        Held::Before { .. } => return Err(Error::LeaseLost),
    };
    let expires_at = tx.now.plus(lease);
    let progress = progress.filter(|p| p.is_finite()).map_or(job.progress, |p| p.clamp(0.0, 1.0));
    let sql = "UPDATE stacking_jobs SET lease_expires_at = ?, heartbeat_at = ?, progress = ?, updated_at = ? \
               WHERE id = ? AND lease_token = ? AND state IN ('processing', 'verifying') AND lease_expires_at > ?";
    let query = sqlx::query::<Db>(sql)
        .bind(expires_at)
        .bind(tx.now)
        .bind(progress)
        .bind(tx.now)
        .bind(id)
        .bind(token)
        .bind(tx.now);
    guarded!(tx, query)?;
    Ok(Heartbeat { expires_at, cancel: job.cancel_requested })
}

pub(super) async fn release(tx: &mut Tx, id: JobId, token: &str) -> Result<()> {
    let job = match hold(tx, id, token).await? {
        Held::Now(job) => job,
        Held::Before { outcome, .. } if outcome == "released" => return Ok(()),
        Held::Before { .. } => return Err(Error::LeaseLost),
    };
    let sql = "UPDATE stacking_jobs SET state = 'ready', attempt = attempt - 1, run_after = ?, lease_token = NULL, \
               lease_expires_at = NULL, heartbeat_at = NULL, progress = 0, updated_at = ? \
               WHERE id = ? AND lease_token = ? AND state IN ('processing', 'verifying') AND lease_expires_at > ?";
    let query = sqlx::query::<Db>(sql).bind(tx.now).bind(tx.now).bind(id).bind(token).bind(tx.now);
    guarded!(tx, query)?;
    claim::record_end(tx, &job, "released", JobState::Ready, None).await?;
    dooming::left_by_attempt(tx, &job).await
}

pub(super) async fn fail(
    tx: &mut Tx,
    id: JobId,
    token: &str,
    failure: &Failure,
    backoff: &Backoff,
) -> Result<JobState> {
    match hold(tx, id, token).await? {
        Held::Now(job) => claim::end_attempt(tx, &job, "failed", failure, backoff).await,
        Held::Before { outcome, state, .. } if outcome == "failed" => {
            let why = format!("there is no state {state:?}");
            JobState::parse(&state).ok_or(Error::Corrupt { what: "attempt at job", id: id.0, why })
        }
        Held::Before { .. } => Err(Error::LeaseLost),
    }
}

pub(super) async fn start_verifying(tx: &mut Tx, id: JobId, token: &str, lease: Duration) -> Result<Job> {
    match hold(tx, id, token).await? {
        Held::Now(_) => {}
        Held::Before { outcome, job, .. } if outcome == "completed" => return Ok(job),
        Held::Before { .. } => return Err(Error::LeaseLost),
    }
    let sql = "UPDATE stacking_jobs SET state = 'verifying', lease_expires_at = ?, heartbeat_at = ?, updated_at = ? \
               WHERE id = ? AND lease_token = ? AND state IN ('processing', 'verifying') AND lease_expires_at > ?";
    let query = sqlx::query::<Db>(sql)
        .bind(tx.now.plus(lease))
        .bind(tx.now)
        .bind(tx.now)
        .bind(id)
        .bind(token)
        .bind(tx.now);
    guarded!(tx, query)?;
    jobs::find(tx, id).await?.ok_or(Error::NotFound("job"))
}

/// All or nothing: no raw is doomed without the row of the stack that has replaced it (U-04).
pub(super) async fn complete(
    tx: &mut Tx,
    id: JobId,
    token: &str,
    stack: Option<&NewStack>,
    grace: Duration,
) -> Result<Completed> {
    let job = match hold(tx, id, token).await? {
        Held::Now(job) => job,
        Held::Before { outcome, .. } if outcome == "completed" => {
            return Ok(Completed { stack: stacks::id_of_job(tx, id).await?, replay: true });
        }
        Held::Before { .. } => return Err(Error::LeaseLost),
    };
    let stack = match (job.kind, stack) {
        (JobKind::Noop, _) => None,
        (JobKind::Stack, Some(stack)) => Some(store(tx, &job, stack, grace).await?),
        (JobKind::Stack, None) => {
            return Err(Error::WrongState {
                what: "job",
                state: "one that gives a stack, and none came".to_owned(),
            });
        }
    };
    let sql = "UPDATE stacking_jobs SET state = 'completed', completed_at = ?, progress = 1, error_code = NULL, \
               error_message = NULL, lease_token = NULL, lease_expires_at = NULL, heartbeat_at = NULL, updated_at = ? \
               WHERE id = ? AND lease_token = ? AND state IN ('processing', 'verifying') AND lease_expires_at > ?";
    let query = sqlx::query::<Db>(sql).bind(tx.now).bind(tx.now).bind(id).bind(token).bind(tx.now);
    guarded!(tx, query)?;
    claim::record_end(tx, &job, "completed", JobState::Completed, None).await?;
    Ok(Completed { stack, replay: false })
}

/// The stack's row, the quota, and what the stack makes superfluous. The user's row comes first: rows that refer to it would
/// otherwise take a weaker lock on it, and two such transactions would wait for each other.
async fn store(tx: &mut Tx, job: &Job, stack: &NewStack, grace: Duration) -> Result<StackId> {
    let user = users::lock(tx, job.user_id).await?;
    let objects = [Some(&stack.fits), stack.thumbnail.as_ref(), stack.stars.as_ref()];
    let bytes = objects.iter().flatten().map(|object| object.size).sum();
    users::use_storage(tx, user.id, bytes).await?;
    let id = stacks::insert(tx, job, stack).await?;
    if user.tier != Tier::Raw {
        dooming::raws_of_job(tx, job, Reason::Stacked, grace).await?;
    }
    dooming::staged(tx, job).await?;
    Ok(id)
}
