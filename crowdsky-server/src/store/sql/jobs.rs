//! Statements that read jobs; what changes them is in `claim.rs`, `settle.rs` and `withdraw.rs`.

use super::tx::Tx;
use super::uploads::raw_of;
use super::{Db, Row, SqlStore, claim, finalise, inserted, settle, uploads, withdraw};
use crate::store::{
    Attempt, Backoff, Claim, Completed, Error, Failure, Heartbeat, Job, JobId, JobKind, JobState, Jobs,
    Lease, Micros, NewJob, NewStack, QueueState, RawFile, RawId, Result, UploadId, UserId, WorkerId,
};
use async_trait::async_trait;
use sqlx::Row as _;
use std::time::Duration;

pub(super) fn job_of_row(row: &Row) -> Result<Job> {
    let id: JobId = row.try_get("id")?;
    let corrupt = |why: String| Error::Corrupt { what: "job", id: id.0, why };
    let (kind, state): (String, String) = (row.try_get("kind")?, row.try_get("state")?);
    let state = JobState::parse(&state).ok_or_else(|| corrupt(format!("there is no state {state:?}")))?;
    let lease = match (state, row.try_get::<Option<String>, _>("lease_token")?) {
        (JobState::Processing | JobState::Verifying, Some(token)) => Some(Lease {
            token,
            expires_at: row.try_get("lease_expires_at")?,
            heartbeat_at: row.try_get("heartbeat_at")?,
            worker: row.try_get("worker")?,
            worker_id: row.try_get("worker_token_id")?,
            legacy: row.try_get::<i64, _>("legacy")? != 0,
        }),
        _ => None,
    };
    Ok(Job {
        id,
        kind: JobKind::parse(&kind).ok_or_else(|| corrupt(format!("there is no kind {kind:?}")))?,
        user_id: row.try_get("user_id")?,
        upload_id: row.try_get("upload_session_id")?,
        chunk_key: row.try_get("chunk_key")?,
        healpix_key: row.try_get("healpix_key")?,
        object_name: row.try_get("object_name")?,
        telescope_id: row.try_get("telescope_id")?,
        filter_name: row.try_get("filter_name")?,
        exptime: row.try_get("exptime")?,
        frame_count: row.try_get("frame_count")?,
        state,
        attempt: row.try_get("attempt")?,
        max_attempts: row.try_get("max_attempts")?,
        epoch: row.try_get("epoch")?,
        run_after: row.try_get("run_after")?,
        lease,
        cancel_requested: row.try_get::<i64, _>("cancel_requested")? != 0,
        error_code: row.try_get("error_code")?,
        error_message: row.try_get("error_message")?,
        progress: row.try_get("progress")?,
        created_at: row.try_get("created_at")?,
        started_at: row.try_get("started_at")?,
        completed_at: row.try_get("completed_at")?,
        updated_at: row.try_get("updated_at")?,
    })
}

fn attempt_of(row: &Row) -> Result<Attempt> {
    Ok(Attempt {
        attempt: row.try_get("attempt")?,
        worker: row.try_get("worker")?,
        started_at: row.try_get("started_at")?,
        ended_at: row.try_get("ended_at")?,
        outcome: row.try_get("outcome")?,
        error_code: row.try_get("error_code")?,
        error_message: row.try_get("error_message")?,
    })
}

#[async_trait]
impl Jobs for SqlStore {
    async fn enqueue(&self, user: UserId, upload: UploadId, jobs: &[NewJob]) -> Result<Vec<JobId>> {
        transact!(self, tx => enqueue(&mut tx, user, upload, jobs))
    }

    async fn claim(&self, claim: &Claim) -> Result<Vec<Job>> {
        transact!(self, tx => claim::claim(&mut tx, claim))
    }

    async fn heartbeat(
        &self,
        job: JobId,
        token: &str,
        lease: Duration,
        progress: Option<f64>,
    ) -> Result<Heartbeat> {
        transact!(self, tx => settle::heartbeat(&mut tx, job, token, lease, progress))
    }

    async fn release(&self, job: JobId, token: &str) -> Result<()> {
        transact!(self, tx => settle::release(&mut tx, job, token))
    }

    async fn fail(&self, job: JobId, token: &str, failure: &Failure, backoff: &Backoff) -> Result<JobState> {
        transact!(self, tx => settle::fail(&mut tx, job, token, failure, backoff))
    }

    async fn start_verifying(&self, job: JobId, token: &str, lease: Duration) -> Result<Job> {
        transact!(self, tx => settle::start_verifying(&mut tx, job, token, lease))
    }

    async fn complete(
        &self,
        job: JobId,
        token: &str,
        stack: Option<&NewStack>,
        grace: Duration,
    ) -> Result<Completed> {
        transact!(self, tx => settle::complete(&mut tx, job, token, stack, grace))
    }

    async fn leased(&self, job: JobId, token: &str) -> Result<Job> {
        read!(self, tx => leased(&mut tx, job, token))
    }

    async fn job(&self, job: JobId) -> Result<Option<Job>> {
        read!(self, tx => find(&mut tx, job))
    }

    async fn job_of(&self, user: UserId, job: JobId) -> Result<Option<Job>> {
        let found = read!(self, tx => find(&mut tx, job))?;
        Ok(found.filter(|job| job.user_id == user && job.state != JobState::Cancelled))
    }

    async fn jobs_of_upload(&self, user: UserId, upload: UploadId) -> Result<Vec<Job>> {
        read!(self, tx => of_upload(&mut tx, user, upload))
    }

    async fn attempts(&self, job: JobId) -> Result<Vec<Attempt>> {
        read!(self, tx => attempts(&mut tx, job))
    }

    async fn job_files(&self, job: JobId) -> Result<Vec<RawFile>> {
        read!(self, tx => files(&mut tx, job))
    }

    async fn leased_file(&self, worker: Option<WorkerId>, file: RawId) -> Result<Option<RawFile>> {
        read!(self, tx => leased_file(&mut tx, worker, file))
    }

    async fn delete_job(&self, user: UserId, job: JobId, grace: Duration) -> Result<()> {
        transact!(self, tx => withdraw::delete_job(&mut tx, user, job, grace))
    }

    async fn retry_job(&self, user: UserId, job: JobId) -> Result<()> {
        transact!(self, tx => withdraw::retry_job(&mut tx, user, job))
    }

    async fn reap(&self, backoff: &Backoff) -> Result<i64> {
        transact!(self, tx => claim::reap(&mut tx, backoff))
    }

    async fn queue(&self) -> Result<QueueState> {
        read!(self, tx => queue(&mut tx))
    }

    async fn jobs_changed(&self, since: Micros, limit: i64) -> Result<Vec<Job>> {
        read!(self, tx => changed(&mut tx, since, limit))
    }
}

async fn enqueue(tx: &mut Tx, user: UserId, upload: UploadId, jobs: &[NewJob]) -> Result<Vec<JobId>> {
    uploads::lock(tx, user, upload).await?;
    finalise::enqueue(tx, user, upload, jobs).await
}

pub(super) async fn insert(
    tx: &mut Tx,
    user: UserId,
    upload: UploadId,
    job: &NewJob,
    fair_key: i64,
) -> Result<JobId> {
    let sql = "INSERT INTO stacking_jobs (kind, user_id, upload_session_id, group_hash, chunk_key, healpix_key, \
               object_name, telescope_id, filter_name, exptime, slot_start, frame_count, state, max_attempts, run_after, \
               fair_key, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'ready', ?, ?, ?, ?, ?)";
    let result = sqlx::query::<Db>(sql)
        .bind(job.kind.as_str())
        .bind(user)
        .bind(upload)
        .bind(&job.group_hash)
        .bind(&job.chunk_key)
        .bind(job.healpix_key.as_deref())
        .bind(job.object_name.as_deref())
        .bind(job.telescope_id.as_deref())
        .bind(job.filter_name.as_deref())
        .bind(job.exptime)
        .bind(job.slot_start)
        .bind(i64::try_from(job.files.len()).unwrap_or(i64::MAX))
        .bind(job.max_attempts)
        .bind(tx.now)
        .bind(fair_key)
        .bind(tx.now)
        .bind(tx.now)
        .execute(tx.db())
        .await
        .map_err(|error| match error.as_database_error() {
            Some(e) if e.is_unique_violation() => Error::Conflict("group of this upload session"),
            _ => error.into(),
        })?;
    Ok(JobId(inserted(&result)))
}

pub(super) async fn find(tx: &mut Tx, id: JobId) -> Result<Option<Job>> {
    let row = sqlx::query::<Db>("SELECT * FROM stacking_jobs WHERE id = ?")
        .bind(id)
        .fetch_optional(tx.db())
        .await?;
    row.as_ref().map(job_of_row).transpose()
}

/// The job, whose row stays as it is until the transaction ends.
pub(super) async fn lock(tx: &mut Tx, id: JobId) -> Result<Job> {
    let sql = concat!("SELECT * FROM stacking_jobs WHERE id = ?", for_update!());
    let row = sqlx::query::<Db>(sql).bind(id).fetch_optional(tx.db()).await?;
    row.as_ref().map(job_of_row).transpose()?.ok_or(Error::NotFound("job"))
}

/// Whether the job is held under this token now.
pub(super) fn is_held(job: &Job, token: &str, now: Micros) -> bool {
    job.lease.as_ref().is_some_and(|lease| lease.token == token && lease.expires_at > now)
}

async fn leased(tx: &mut Tx, id: JobId, token: &str) -> Result<Job> {
    let job = find(tx, id).await?.ok_or(Error::NotFound("job"))?;
    if is_held(&job, token, tx.now) { Ok(job) } else { Err(Error::LeaseLost) }
}

async fn of_upload(tx: &mut Tx, user: UserId, upload: UploadId) -> Result<Vec<Job>> {
    let sql = "SELECT * FROM stacking_jobs WHERE upload_session_id = ? AND user_id = ? AND state <> 'cancelled' \
               ORDER BY chunk_key, id";
    let rows = sqlx::query::<Db>(sql).bind(upload).bind(user).fetch_all(tx.db()).await?;
    rows.iter().map(job_of_row).collect()
}

async fn attempts(tx: &mut Tx, id: JobId) -> Result<Vec<Attempt>> {
    let sql = "SELECT * FROM job_attempts WHERE stacking_job_id = ? ORDER BY epoch";
    let rows = sqlx::query::<Db>(sql).bind(id).fetch_all(tx.db()).await?;
    rows.iter().map(attempt_of).collect()
}

async fn files(tx: &mut Tx, id: JobId) -> Result<Vec<RawFile>> {
    let sql = "SELECT * FROM raw_files WHERE stacking_job_id = ? AND is_deleted = 0 ORDER BY date_obs, id";
    let rows = sqlx::query::<Db>(sql).bind(id).fetch_all(tx.db()).await?;
    rows.iter().map(raw_of).collect()
}

async fn leased_file(tx: &mut Tx, worker: Option<WorkerId>, file: RawId) -> Result<Option<RawFile>> {
    let row = sqlx::query::<Db>("SELECT * FROM raw_files WHERE id = ? AND is_deleted = 0")
        .bind(file)
        .fetch_optional(tx.db())
        .await?;
    let Some(file) = row.as_ref().map(raw_of).transpose()? else { return Ok(None) };
    let Some(job) = file.job_id else { return Ok(None) };
    let job = find(tx, job).await?;
    let lease = job.and_then(|job| job.lease);
    Ok(lease.filter(|lease| lease.worker_id == worker && lease.expires_at > tx.now).map(|_| file))
}

async fn queue(tx: &mut Tx) -> Result<QueueState> {
    let sql = "SELECT state, COUNT(*) FROM stacking_jobs GROUP BY state ORDER BY state";
    let counts = sqlx::query_as::<Db, (String, i64)>(sql).fetch_all(tx.db()).await?;
    let jobs = counts.into_iter().filter_map(|(state, n)| Some((JobState::parse(&state)?, n))).collect();
    let sql = "SELECT MIN(run_after) FROM stacking_jobs WHERE state = 'ready' AND run_after <= ?";
    let oldest: Option<Micros> =
        sqlx::query_scalar::<Db, Option<Micros>>(sql).bind(tx.now).fetch_one(tx.db()).await?;
    Ok(QueueState { jobs, oldest_ready: oldest.map(|oldest| tx.now.since(oldest)) })
}

async fn changed(tx: &mut Tx, since: Micros, limit: i64) -> Result<Vec<Job>> {
    let sql = "SELECT * FROM stacking_jobs WHERE updated_at >= ? ORDER BY updated_at, id LIMIT ?";
    let rows = sqlx::query::<Db>(sql).bind(since).bind(limit.max(0)).fetch_all(tx.db()).await?;
    rows.iter().map(job_of_row).collect()
}
