//! Leases: given, kept, handed back, failed, and ended when nobody keeps them.
//!
//! Every change is made on the locked row and under the lease's token; a worker that has stalled can change nothing (U-08).

use super::common::{Conn, cut, doom, get};
use super::jobs::{job_in, locked};
use super::{Db, SqlStore, reader};
use crate::objects::Role;
use crate::storage::{Artefact, BlobKey};
use crate::store::transact::random_below;
use crate::store::{Backoff, Claim, Error, Failure, Heartbeat, Job, JobId, JobState, Micros, Result};
use sqlx::{query, query_scalar};
use std::time::Duration;

/// Leases that one claim or one sweep ends at most.
const REAPED_AT_ONCE: i64 = 50;
/// Longest message of an error that is kept, characters.
const MESSAGE: usize = 2000;
/// A move of an artefact that was under way when its attempt ended is over by then.
const MOVE: Duration = Duration::from_secs(3600);

/// Whether anything is ready, or a lease is over.
#[derive(Debug, Clone, Copy)]
pub(super) struct Look {
    pub(super) ready: bool,
    pub(super) ended: bool,
}

/// One statement: most claims of idle workers end here.
pub(super) async fn look(store: &SqlStore) -> Result<Look> {
    let sql = concat!(
        "SELECT EXISTS (SELECT 1 FROM stacking_jobs WHERE state = 'ready' AND run_after <= (",
        clock!(),
        ")) AS ready, \
         EXISTS (SELECT 1 FROM stacking_jobs WHERE state = 'processing' AND lease_expires_at <= (",
        clock!(),
        ")) OR EXISTS (SELECT 1 FROM stacking_jobs WHERE state = 'verifying' AND lease_expires_at <= (",
        clock!(),
        ")) AS ended"
    );
    let row = query::<Db>(sql).fetch_one(&mut *reader(store).await?).await?;
    let (ready, ended): (i64, i64) = (get(&row, "ready")?, get(&row, "ended")?);
    Ok(Look { ready: ready != 0, ended: ended != 0 })
}

/// The next jobs, leased; first those are taken back whose lease has ended, if a look has found any.
pub(super) async fn claim(tx: &mut Conn, now: Micros, wish: &Claim, look: Look) -> Result<Vec<Job>> {
    if look.ended {
        reap(&mut *tx, now, &wish.backoff).await?;
    }
    let sql = concat!(
        "SELECT id FROM stacking_jobs WHERE state = 'ready' AND run_after <= ? ORDER BY fair_key, id LIMIT ?",
        skip_locked!()
    );
    let ids: Vec<i64> = query_scalar::<Db, i64>(sql).bind(now).bind(wish.n).fetch_all(&mut *tx).await?;
    let mut jobs = Vec::with_capacity(ids.len());
    let worker = cut(&wish.worker, 64);
    for id in ids {
        let token = crate::secret::random_hex::<16>();
        query::<Db>(
            "UPDATE stacking_jobs SET state = 'processing', attempt = attempt + 1, epoch = epoch + 1, lease_token = ?, \
             lease_expires_at = ?, heartbeat_at = ?, worker = ?, worker_id = ?, legacy = ?, progress = 0, started_at = ?, \
             completed_at = NULL, updated_at = ? WHERE id = ?",
        )
        .bind(&token)
        .bind(now.plus(wish.lease))
        .bind(now)
        .bind(&worker)
        .bind(wish.worker_id)
        .bind(wish.legacy)
        .bind(now)
        .bind(now)
        .bind(id)
        .execute(&mut *tx)
        .await?;
        let job = job_in(&mut *tx, JobId(id)).await?.ok_or(Error::NotFound("job"))?;
        query::<Db>(
            "INSERT INTO job_attempts (job_id, epoch, attempt, worker, lease_token, started_at) VALUES (?, ?, ?, ?, ?, ?)",
        )
        .bind(id)
        .bind(job.epoch)
        .bind(job.attempt)
        .bind(&worker)
        .bind(&token)
        .bind(now)
        .execute(&mut *tx)
        .await?;
        jobs.push(job);
    }
    Ok(jobs)
}

/// `LeaseLost` unless this token holds the job now.
pub(super) fn must_hold(job: &Job, token: &str, now: Micros) -> Result<()> {
    let running = matches!(job.state, JobState::Processing | JobState::Verifying);
    let held = job.lease.as_ref().is_some_and(|lease| lease.token == token && lease.expires_at > now);
    if running && held { Ok(()) } else { Err(Error::LeaseLost) }
}

/// How the attempt with this token ended, if it has: for replays.
pub(super) async fn outcome(tx: &mut Conn, job: JobId, token: &str) -> Result<Option<String>> {
    let sql = "SELECT outcome FROM job_attempts WHERE job_id = ? AND lease_token = ?";
    let found = query_scalar::<Db, Option<String>>(sql).bind(job).bind(token).fetch_optional(tx).await?;
    Ok(found.flatten())
}

/// Writes down how the running attempt ended.
pub(super) async fn end_attempt(
    tx: &mut Conn,
    now: Micros,
    job: &Job,
    outcome: &str,
    error: Option<(&str, &str)>,
) -> Result<()> {
    query::<Db>(
        "UPDATE job_attempts SET ended_at = ?, outcome = ?, error_code = ?, error_message = ? \
         WHERE job_id = ? AND epoch = ? AND ended_at IS NULL",
    )
    .bind(now)
    .bind(outcome)
    .bind(error.map(|(code, _)| cut(code, 40)))
    .bind(error.map(|(_, message)| cut(message, MESSAGE)))
    .bind(job.id)
    .bind(job.epoch)
    .execute(tx)
    .await?;
    Ok(())
}

pub(super) async fn heartbeat(
    tx: &mut Conn,
    now: Micros,
    id: JobId,
    token: &str,
    lease: Duration,
    progress: Option<f64>,
) -> Result<Heartbeat> {
    let job = locked(&mut *tx, id).await?;
    if job.state == JobState::Cancelled && outcome(&mut *tx, id, token).await?.as_deref() == Some("cancelled")
    {
        return Ok(Heartbeat { expires_at: now, cancel: true });
    }
    must_hold(&job, token, now)?;
    let expires_at = now.plus(lease);
    let progress = progress.unwrap_or(job.progress).clamp(0.0, 1.0);
    // Progress is what people watch; a heartbeat without it is nobody's news.
    let updated_at = if progress == job.progress { job.updated_at } else { now };
    query::<Db>("UPDATE stacking_jobs SET lease_expires_at = ?, heartbeat_at = ?, progress = ?, updated_at = ? WHERE id = ?")
        .bind(expires_at)
        .bind(now)
        .bind(progress)
        .bind(updated_at)
        .bind(id)
        .execute(&mut *tx)
        .await?;
    Ok(Heartbeat { expires_at, cancel: job.cancel_requested })
}

pub(super) async fn release(tx: &mut Conn, now: Micros, id: JobId, token: &str) -> Result<()> {
    let job = locked(&mut *tx, id).await?;
    if outcome(&mut *tx, id, token).await?.as_deref() == Some("released") {
        return Ok(());
    }
    must_hold(&job, token, now)?;
    end_attempt(&mut *tx, now, &job, "released", None).await?;
    let attempt = job.attempt - 1;
    back_to_queue(tx, now, &job, attempt, now, None).await
}

pub(super) async fn fail(
    tx: &mut Conn,
    now: Micros,
    id: JobId,
    token: &str,
    failure: &Failure,
    backoff: &Backoff,
) -> Result<JobState> {
    let job = locked(&mut *tx, id).await?;
    if must_hold(&job, token, now).is_err() {
        // A replay: what came of it is written at the attempt, for the job may have gone on since.
        return match outcome(&mut *tx, id, token).await?.as_deref() {
            Some("failed") => Ok(JobState::Failed),
            Some("retry") => Ok(JobState::Ready),
            _ => Err(Error::LeaseLost),
        };
    }
    let retry = failure.retry && job.attempt < job.max_attempts;
    let outcome = if retry { "retry" } else { "failed" };
    end_attempt(&mut *tx, now, &job, outcome, Some((&failure.code, &failure.message))).await?;
    give_up_or_retry(tx, now, &job, retry, (&failure.code, &failure.message), backoff).await
}

/// Ends leases that nobody has kept. A lost lease counts as an attempt: a job that kills its workers must come to an end.
pub(super) async fn reap(tx: &mut Conn, now: Micros, backoff: &Backoff) -> Result<i64> {
    let mut reaped = 0;
    for sql in [
        concat!(
            "SELECT id FROM stacking_jobs WHERE state = 'processing' AND lease_expires_at <= ? LIMIT ?",
            skip_locked!()
        ),
        concat!(
            "SELECT id FROM stacking_jobs WHERE state = 'verifying' AND lease_expires_at <= ? LIMIT ?",
            skip_locked!()
        ),
    ] {
        let ids: Vec<i64> =
            query_scalar::<Db, i64>(sql).bind(now).bind(REAPED_AT_ONCE).fetch_all(&mut *tx).await?;
        for id in ids {
            let job = job_in(&mut *tx, JobId(id)).await?.ok_or(Error::NotFound("job"))?;
            let worker = job.lease.as_ref().map_or("its worker", |lease| lease.worker.as_str());
            let message = format!("Nothing was heard from {worker} while it worked on this.");
            end_attempt(&mut *tx, now, &job, "lease_expired", Some(("lease_expired", &message))).await?;
            let retry = job.attempt < job.max_attempts;
            give_up_or_retry(&mut *tx, now, &job, retry, ("lease_expired", &message), backoff).await?;
            reaped += 1;
        }
    }
    Ok(reaped)
}

async fn give_up_or_retry(
    tx: &mut Conn,
    now: Micros,
    job: &Job,
    retry: bool,
    error: (&str, &str),
    backoff: &Backoff,
) -> Result<JobState> {
    if retry {
        let again = now.plus(backoff.after(job.attempt, random_below(1 << 20) as f64 / (1u64 << 20) as f64));
        back_to_queue(tx, now, job, job.attempt, again, Some(error)).await?;
        return Ok(JobState::Ready);
    }
    doom_delivery(&mut *tx, now, job).await?;
    query::<Db>(
        "UPDATE stacking_jobs SET state = 'failed', lease_token = NULL, lease_expires_at = NULL, error_code = ?, \
         error_message = ?, completed_at = ?, updated_at = ? WHERE id = ?",
    )
    .bind(cut(error.0, 40))
    .bind(cut(error.1, MESSAGE))
    .bind(now)
    .bind(now)
    .bind(job.id)
    .execute(tx)
    .await?;
    Ok(JobState::Failed)
}

async fn back_to_queue(
    tx: &mut Conn,
    now: Micros,
    job: &Job,
    attempt: i64,
    run_after: Micros,
    error: Option<(&str, &str)>,
) -> Result<()> {
    doom_delivery(&mut *tx, now, job).await?;
    query::<Db>(
        "UPDATE stacking_jobs SET state = 'ready', attempt = ?, run_after = ?, lease_token = NULL, lease_expires_at = NULL, \
         progress = 0, error_code = ?, error_message = ?, updated_at = ? WHERE id = ?",
    )
    .bind(attempt)
    .bind(run_after)
    .bind(error.map(|(code, _)| cut(code, 40)))
    .bind(error.map(|(_, message)| cut(message, MESSAGE)))
    .bind(now)
    .bind(job.id)
    .execute(tx)
    .await?;
    Ok(())
}

/// What an attempt that ends without success may have left in the storage goes: what is staged, and, where delivery had
/// begun, what was moved to its last place. Both keys hold the epoch, so nobody will ever write them again.
pub(super) async fn doom_delivery(tx: &mut Conn, now: Micros, job: &Job) -> Result<()> {
    if job.kind == crate::store::JobKind::Noop {
        return Ok(());
    }
    for artefact in Artefact::ALL {
        let staged = BlobKey::staged(job.id, job.epoch, artefact);
        doom(&mut *tx, now, now, Role::Stacks, staged.as_str(), "staged").await?;
        if job.state == JobState::Verifying {
            let object = job.object_name.as_deref();
            let finished =
                BlobKey::finished(job.user_id, object, &job.chunk_key, job.id, job.epoch, artefact);
            doom(&mut *tx, now, now.plus(MOVE), Role::Stacks, finished.as_str(), "unverified").await?;
        }
    }
    Ok(())
}
