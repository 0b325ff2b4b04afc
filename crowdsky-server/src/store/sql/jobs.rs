//! Jobs: how rows become jobs, and what is read; `claim.rs` and `settle.rs` hold what changes them.

use super::common::{Conn, corrupt, cut, get};
use super::uploads::raw_file;
use super::{Db, Row, SqlStore, claim, reader, settle};
use crate::store::{
    Attempt, Backoff, Claim, Completed, Error, Failure, Heartbeat, Job, JobId, JobKind, JobState, Jobs,
    Lease, Micros, NewJob, NewStack, QueueState, RawFile, RawId, Result, UploadId, UserId, WorkerId,
};
use async_trait::async_trait;
use sqlx::{query, query_scalar};
use std::time::Duration;

macro_rules! columns {
    () => {
        "id, kind, user_id, upload_session_id, chunk_key, healpix_key, object_name, telescope_id, filter_name, exptime, \
         frame_count, state, attempt, max_attempts, epoch, run_after, lease_token, lease_expires_at, heartbeat_at, \
         worker, worker_id, legacy, cancel_requested, error_code, error_message, progress, created_at, started_at, \
         completed_at, updated_at"
    };
}

macro_rules! file_columns {
    () => {
        "raw_files.id, raw_files.upload_session_id, raw_files.user_id, raw_files.job_id, raw_files.filename, \
         raw_files.storage_key, raw_files.size, raw_files.sha256, raw_files.meta, raw_files.chunk_key, \
         raw_files.healpix_key, raw_files.rejected, raw_files.is_deleted, raw_files.created_at"
    };
}

/// A job from a row with these columns.
pub(super) fn job(row: &Row) -> Result<Job> {
    let id: i64 = get(row, "id")?;
    let (kind, state): (String, String) = (get(row, "kind")?, get(row, "state")?);
    let lease = match get::<Option<String>>(row, "lease_token")? {
        Some(token) => Some(Lease {
            token,
            expires_at: get::<Option<Micros>>(row, "lease_expires_at")?.unwrap_or(Micros(0)),
            heartbeat_at: get::<Option<Micros>>(row, "heartbeat_at")?.unwrap_or(Micros(0)),
            worker: get::<Option<String>>(row, "worker")?.unwrap_or_default(),
            worker_id: get(row, "worker_id")?,
            legacy: get(row, "legacy")?,
        }),
        None => None,
    };
    Ok(Job {
        id: JobId(id),
        kind: JobKind::parse(&kind).ok_or_else(|| corrupt("job", id, format!("kind {kind:?}")))?,
        user_id: get(row, "user_id")?,
        upload_id: get(row, "upload_session_id")?,
        chunk_key: get(row, "chunk_key")?,
        healpix_key: get(row, "healpix_key")?,
        object_name: get(row, "object_name")?,
        telescope_id: get(row, "telescope_id")?,
        filter_name: get(row, "filter_name")?,
        exptime: get(row, "exptime")?,
        frame_count: get(row, "frame_count")?,
        state: JobState::parse(&state).ok_or_else(|| corrupt("job", id, format!("state {state:?}")))?,
        attempt: get(row, "attempt")?,
        max_attempts: get(row, "max_attempts")?,
        epoch: get(row, "epoch")?,
        run_after: get(row, "run_after")?,
        lease,
        cancel_requested: get(row, "cancel_requested")?,
        error_code: get(row, "error_code")?,
        error_message: get(row, "error_message")?,
        progress: get(row, "progress")?,
        created_at: get(row, "created_at")?,
        started_at: get(row, "started_at")?,
        completed_at: get(row, "completed_at")?,
        updated_at: get(row, "updated_at")?,
    })
}

/// The job of that number.
pub(super) async fn job_in(connection: &mut Conn, id: JobId) -> Result<Option<Job>> {
    let sql = concat!("SELECT ", columns!(), " FROM stacking_jobs WHERE id = ?");
    query::<Db>(sql).bind(id).fetch_optional(connection).await?.as_ref().map(job).transpose()
}

/// The same, locked until the transaction ends.
pub(super) async fn locked(tx: &mut Conn, id: JobId) -> Result<Job> {
    let sql = concat!("SELECT ", columns!(), " FROM stacking_jobs WHERE id = ?", for_update!());
    let row = query::<Db>(sql).bind(id).fetch_optional(tx).await?;
    row.as_ref().map(job).transpose()?.ok_or(Error::NotFound("job"))
}

/// All jobs of a user, locked until the transaction ends.
pub(super) async fn locked_of_user(tx: &mut Conn, user: UserId) -> Result<Vec<Job>> {
    let sql = concat!("SELECT ", columns!(), " FROM stacking_jobs WHERE user_id = ?", for_update!());
    query::<Db>(sql).bind(user).fetch_all(tx).await?.iter().map(job).collect()
}

/// Adds jobs and gives them their files.
///
/// Their place in the queue is start-time fair queueing in one number: each job stands its frames behind the user's last one,
/// or behind what is being served now if the user has none waiting (U-28).
pub(super) async fn insert_jobs(
    tx: &mut Conn,
    now: Micros,
    user: UserId,
    upload: UploadId,
    jobs: &[NewJob],
) -> Result<Vec<JobId>> {
    let mut served: i64 = 0;
    // One look-up in the index for each state; jobs are claimed in the order of their key, so the largest one claimed is
    // where the queue is. Of those that were cancelled most have never been served.
    for state in ["processing", "verifying", "completed", "failed"] {
        let sql = "SELECT COALESCE(MAX(fair_key), 0) FROM stacking_jobs WHERE state = ?";
        served = served.max(query_scalar::<Db, i64>(sql).bind(state).fetch_one(&mut *tx).await?);
    }
    let sql = concat!("SELECT fair_vt FROM users WHERE id = ?", for_update!());
    let own: Option<i64> = query_scalar::<Db, i64>(sql).bind(user).fetch_optional(&mut *tx).await?;
    let mut fair_key = own.ok_or(Error::NotFound("user"))?.max(served);
    let mut ids = Vec::with_capacity(jobs.len());
    for new in jobs {
        let frames = new.files.len() as i64;
        fair_key += frames.max(1);
        let id: i64 = query_scalar::<Db, i64>(
            "INSERT INTO stacking_jobs (kind, user_id, upload_session_id, group_hash, chunk_key, healpix_key, object_name, \
             telescope_id, filter_name, exptime, slot_start, frame_count, state, attempt, max_attempts, epoch, fair_key, \
             run_after, legacy, cancel_requested, progress, created_at, updated_at) \
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'ready', 0, ?, 0, ?, ?, ?, ?, 0, ?, ?) RETURNING id",
        )
        .bind(new.kind.as_str())
        .bind(user)
        .bind(upload)
        .bind(&new.group_hash)
        .bind(&new.chunk_key)
        .bind(&new.healpix_key)
        .bind(new.object_name.as_deref().map(|name| cut(name, 100)))
        .bind(new.telescope_id.as_deref().map(|name| cut(name, 100)))
        .bind(new.filter_name.as_deref().map(|name| cut(name, 40)))
        .bind(new.exptime)
        .bind(new.slot_start)
        .bind(frames)
        .bind(new.max_attempts)
        .bind(fair_key)
        .bind(now)
        .bind(false)
        .bind(false)
        .bind(now)
        .bind(now)
        .fetch_one(&mut *tx)
        .await?;
        for file in &new.files {
            let sql =
                "UPDATE raw_files SET job_id = ? WHERE id = ? AND upload_session_id = ? AND job_id IS NULL";
            let given = query::<Db>(sql).bind(id).bind(file).bind(upload).execute(&mut *tx).await?;
            if given.rows_affected() != 1 {
                return Err(Error::Changed);
            }
        }
        ids.push(JobId(id));
    }
    query::<Db>("UPDATE users SET fair_vt = ? WHERE id = ?")
        .bind(fair_key)
        .bind(user)
        .execute(&mut *tx)
        .await?;
    Ok(ids)
}

#[async_trait]
impl Jobs for SqlStore {
    async fn enqueue(&self, user: UserId, upload: UploadId, jobs: &[NewJob]) -> Result<Vec<JobId>> {
        transact!(self, |tx, now| { insert_jobs(&mut tx, now, user, upload, jobs).await })
    }

    async fn claim(&self, wish: &Claim) -> Result<Vec<Job>> {
        // Idle workers ask all the time; a look is cheaper than a write.
        let look = claim::look(self).await?;
        if !look.ready && !look.ended {
            return Ok(Vec::new());
        }
        transact!(self, |tx, now| { claim::claim(&mut tx, now, wish, look).await })
    }

    async fn heartbeat(
        &self,
        job: JobId,
        token: &str,
        lease: Duration,
        progress: Option<f64>,
    ) -> Result<Heartbeat> {
        transact!(self, |tx, now| { claim::heartbeat(&mut tx, now, job, token, lease, progress).await })
    }

    async fn release(&self, job: JobId, token: &str) -> Result<()> {
        transact!(self, |tx, now| { claim::release(&mut tx, now, job, token).await })
    }

    async fn fail(&self, job: JobId, token: &str, failure: &Failure, backoff: &Backoff) -> Result<JobState> {
        transact!(self, |tx, now| { claim::fail(&mut tx, now, job, token, failure, backoff).await })
    }

    async fn start_verifying(&self, job: JobId, token: &str, lease: Duration) -> Result<Job> {
        transact!(self, |tx, now| { settle::start_verifying(&mut tx, now, job, token, lease).await })
    }

    async fn complete(
        &self,
        job: JobId,
        token: &str,
        stack: Option<&NewStack>,
        grace: Duration,
    ) -> Result<Completed> {
        transact!(self, |tx, now| { settle::complete(&mut tx, now, job, token, stack, grace).await })
    }

    async fn leased(&self, job: JobId, token: &str) -> Result<Job> {
        let mut connection = reader(self).await?;
        let now = super::now(&mut connection).await?;
        let found = job_in(&mut connection, job).await?.ok_or(Error::NotFound("job"))?;
        claim::must_hold(&found, token, now)?;
        Ok(found)
    }

    async fn job(&self, id: JobId) -> Result<Option<Job>> {
        job_in(&mut *reader(self).await?, id).await
    }

    async fn job_of(&self, user: UserId, id: JobId) -> Result<Option<Job>> {
        let job = job_in(&mut *reader(self).await?, id).await?;
        Ok(job.filter(|job| job.user_id == user && job.state != JobState::Cancelled))
    }

    async fn jobs_of_upload(&self, user: UserId, upload: UploadId) -> Result<Vec<Job>> {
        let sql = concat!(
            "SELECT ",
            columns!(),
            " FROM stacking_jobs WHERE upload_session_id = ? AND user_id = ? AND state <> 'cancelled' ORDER BY chunk_key, id"
        );
        let rows = query::<Db>(sql).bind(upload).bind(user).fetch_all(&mut *reader(self).await?).await?;
        rows.iter().map(job).collect()
    }

    async fn attempts(&self, id: JobId) -> Result<Vec<Attempt>> {
        // An attempt that failed has failed; whether the job was tried again is for replays of it.
        let sql = "SELECT attempt, worker, started_at, ended_at, \
                   CASE outcome WHEN 'retry' THEN 'failed' ELSE outcome END AS outcome, error_code, error_message \
                   FROM job_attempts WHERE job_id = ? ORDER BY epoch";
        let attempt = |row: &Row| {
            Ok(Attempt {
                attempt: get(row, "attempt")?,
                worker: get(row, "worker")?,
                started_at: get(row, "started_at")?,
                ended_at: get(row, "ended_at")?,
                outcome: get(row, "outcome")?,
                error_code: get(row, "error_code")?,
                error_message: get(row, "error_message")?,
            })
        };
        query::<Db>(sql).bind(id).fetch_all(&mut *reader(self).await?).await?.iter().map(attempt).collect()
    }

    async fn job_files(&self, id: JobId) -> Result<Vec<RawFile>> {
        let sql = concat!(
            "SELECT ",
            file_columns!(),
            " FROM raw_files WHERE job_id = ? AND NOT is_deleted ORDER BY date_obs, id"
        );
        query::<Db>(sql).bind(id).fetch_all(&mut *reader(self).await?).await?.iter().map(raw_file).collect()
    }

    async fn legacy_token(&self, worker: Option<WorkerId>, job: JobId) -> Result<Option<String>> {
        let sql = "SELECT job_attempts.lease_token FROM stacking_jobs JOIN job_attempts \
                   ON job_attempts.job_id = stacking_jobs.id AND job_attempts.epoch = stacking_jobs.epoch \
                   WHERE stacking_jobs.id = ? AND stacking_jobs.legacy AND COALESCE(stacking_jobs.worker_id, 0) = ?";
        let worker = worker.map_or(0, |worker| worker.0);
        let token = query_scalar::<Db, String>(sql).bind(job).bind(worker);
        Ok(token.fetch_optional(&mut *reader(self).await?).await?)
    }

    async fn leased_file(&self, worker: Option<WorkerId>, file: RawId) -> Result<Option<RawFile>> {
        let mut connection = reader(self).await?;
        let now = super::now(&mut connection).await?;
        let sql = concat!(
            "SELECT ",
            file_columns!(),
            " FROM raw_files JOIN stacking_jobs ON stacking_jobs.id = raw_files.job_id \
             WHERE raw_files.id = ? AND NOT raw_files.is_deleted AND stacking_jobs.state = 'processing' \
             AND stacking_jobs.lease_expires_at > ? AND COALESCE(stacking_jobs.worker_id, 0) = ?"
        );
        let worker = worker.map_or(0, |worker| worker.0);
        let row = query::<Db>(sql).bind(file).bind(now).bind(worker).fetch_optional(&mut *connection).await?;
        row.as_ref().map(raw_file).transpose()
    }

    async fn delete_job(&self, user: UserId, job: JobId, grace: Duration) -> Result<()> {
        transact!(self, |tx, now| { settle::delete_job(&mut tx, now, user, job, grace).await })
    }

    async fn retry_job(&self, user: UserId, job: JobId) -> Result<()> {
        transact!(self, |tx, now| { settle::retry_job(&mut tx, now, user, job).await })
    }

    async fn reap(&self, backoff: &Backoff) -> Result<i64> {
        transact!(self, |tx, now| { claim::reap(&mut tx, now, backoff).await })
    }

    async fn queue(&self) -> Result<QueueState> {
        let mut connection = reader(self).await?;
        let now = super::now(&mut connection).await?;
        let mut queue = QueueState::default();
        let sql = "SELECT state, COUNT(*) AS jobs FROM stacking_jobs GROUP BY state ORDER BY state";
        for row in query::<Db>(sql).fetch_all(&mut *connection).await? {
            let state: String = get(&row, "state")?;
            let state =
                JobState::parse(&state).ok_or_else(|| corrupt("job", 0, format!("state {state:?}")))?;
            queue.jobs.push((state, get(&row, "jobs")?));
        }
        let sql = "SELECT MIN(run_after) FROM stacking_jobs WHERE state = 'ready' AND run_after <= ?";
        let oldest = query_scalar::<Db, Option<i64>>(sql).bind(now).fetch_one(&mut *connection).await?;
        queue.oldest_ready = oldest.map(|since| now.since(Micros(since)));
        Ok(queue)
    }

    async fn jobs_changed(&self, since: Micros, limit: i64) -> Result<Vec<Job>> {
        let sql = concat!(
            "SELECT ",
            columns!(),
            " FROM stacking_jobs WHERE updated_at >= ? ORDER BY updated_at, id LIMIT ?"
        );
        let rows = query::<Db>(sql).bind(since).bind(limit).fetch_all(&mut *reader(self).await?).await?;
        rows.iter().map(job).collect()
    }
}
