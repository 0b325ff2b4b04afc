//! The ends of a job: verified and completed, deleted, or begun again by its user.

use super::Db;
use super::claim::{doom_delivery, end_attempt, must_hold, outcome};
use super::common::{Conn, add_usage, cut, doom};
use super::jobs::{job_in, locked};
use super::stacks::{delete_stack_in, stack_of_job_in};
use super::users::user_in;
use crate::objects::Role;
use crate::store::{
    Completed, Error, Job, JobId, JobKind, JobState, Micros, NewStack, Result, StackId, Tier, UserId,
    normalise,
};
use sqlx::{query, query_scalar};
use std::time::Duration;

pub(super) async fn start_verifying(
    tx: &mut Conn,
    now: Micros,
    id: JobId,
    token: &str,
    lease: Duration,
) -> Result<Job> {
    let job = locked(&mut *tx, id).await?;
    must_hold(&job, token, now)?;
    let sql = "UPDATE stacking_jobs SET state = 'verifying', lease_expires_at = ?, heartbeat_at = ?, updated_at = ? WHERE id = ?";
    query::<Db>(sql).bind(now.plus(lease)).bind(now).bind(now).bind(id).execute(&mut *tx).await?;
    job_in(tx, id).await?.ok_or(Error::NotFound("job"))
}

pub(super) async fn complete(
    tx: &mut Conn,
    now: Micros,
    id: JobId,
    token: &str,
    stack: Option<&NewStack>,
    grace: Duration,
) -> Result<Completed> {
    let job = locked(&mut *tx, id).await?;
    if job.state == JobState::Completed && outcome(&mut *tx, id, token).await?.as_deref() == Some("completed")
    {
        let stack = stack_of_job_in(&mut *tx, id).await?.map(|stack| stack.id);
        return Ok(Completed { stack, replay: true });
    }
    must_hold(&job, token, now)?;
    let made = match (job.kind, stack) {
        (JobKind::Noop, None) => None,
        (JobKind::Stack, Some(stack)) => Some(insert_stack(&mut *tx, now, &job, stack).await?),
        (kind, _) => {
            return Err(Error::WrongState { what: "delivery for the job", state: kind.as_str().to_owned() });
        }
    };
    end_attempt(&mut *tx, now, &job, "completed", None).await?;
    query::<Db>(
        "UPDATE stacking_jobs SET state = 'completed', lease_token = NULL, lease_expires_at = NULL, progress = 1, \
         error_code = NULL, error_message = NULL, completed_at = ?, updated_at = ? WHERE id = ?",
    )
    .bind(now)
    .bind(now)
    .bind(id)
    .execute(&mut *tx)
    .await?;
    if made.is_some() {
        let user = user_in(&mut *tx, job.user_id).await?.ok_or(Error::NotFound("user"))?;
        if user.tier != Tier::Raw {
            doom_raws(&mut *tx, now, now.plus(grace), &job, "stacked").await?;
        }
    }
    Ok(Completed { stack: made, replay: false })
}

async fn insert_stack(tx: &mut Conn, now: Micros, job: &Job, made: &NewStack) -> Result<StackId> {
    let object = job.object_name.as_deref();
    let id: i64 = query_scalar::<Db, i64>(
        "INSERT INTO stacked_frames (job_id, user_id, object_name, object_norm, chunk_key, healpix_key, telescope_id, \
         filter_name, fits_key, fits_size, fits_sha256, thumb_key, thumb_size, thumb_sha256, stars_key, stars_size, \
         stars_sha256, n_frames_input, n_frames_aligned, total_exptime, date_obs_start, date_obs_end, ra_deg, dec_deg, \
         n_stars, fwhm_px, eq_mode, created_at) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
    )
    .bind(job.id)
    .bind(job.user_id)
    .bind(object)
    .bind(cut(&normalise(object.unwrap_or_default()), 100))
    .bind(&job.chunk_key)
    .bind(&job.healpix_key)
    .bind(&job.telescope_id)
    .bind(&job.filter_name)
    .bind(&made.fits.key)
    .bind(made.fits.size)
    .bind(&made.fits.sha256)
    .bind(made.thumbnail.as_ref().map(|object| object.key.clone()))
    .bind(made.thumbnail.as_ref().map(|object| object.size))
    .bind(made.thumbnail.as_ref().map(|object| object.sha256.clone()))
    .bind(made.stars.as_ref().map(|object| object.key.clone()))
    .bind(made.stars.as_ref().map(|object| object.size))
    .bind(made.stars.as_ref().map(|object| object.sha256.clone()))
    .bind(made.n_frames_input)
    .bind(made.n_frames_aligned)
    .bind(made.total_exptime)
    .bind(made.date_obs_start)
    .bind(made.date_obs_end)
    .bind(made.ra_deg)
    .bind(made.dec_deg)
    .bind(made.n_stars)
    .bind(made.fwhm_px)
    .bind(made.eq_mode)
    .bind(now)
    .fetch_one(&mut *tx)
    .await?;
    let objects = [Some(&made.fits), made.thumbnail.as_ref(), made.stars.as_ref()];
    add_usage(tx, job.user_id, objects.into_iter().flatten().map(|object| object.size).sum()).await?;
    Ok(StackId(id))
}

/// The raws of a job go, and no longer count.
async fn doom_raws(tx: &mut Conn, now: Micros, due: Micros, job: &Job, reason: &str) -> Result<()> {
    let sql = "SELECT storage_key FROM raw_files WHERE job_id = ? AND NOT is_deleted";
    let keys: Vec<String> = query_scalar::<Db, String>(sql).bind(job.id).fetch_all(&mut *tx).await?;
    for key in &keys {
        doom(&mut *tx, now, due, Role::Raws, key, reason).await?;
    }
    let sql =
        "SELECT CAST(COALESCE(SUM(size), 0) AS SIGNED) FROM raw_files WHERE job_id = ? AND NOT is_deleted";
    let bytes: i64 = query_scalar::<Db, i64>(sql).bind(job.id).fetch_one(&mut *tx).await?;
    let sql = "UPDATE raw_files SET is_deleted = ? WHERE job_id = ?";
    query::<Db>(sql).bind(true).bind(job.id).execute(&mut *tx).await?;
    add_usage(tx, job.user_id, -bytes).await
}

pub(super) async fn delete_job(
    tx: &mut Conn,
    now: Micros,
    user: UserId,
    id: JobId,
    grace: Duration,
) -> Result<()> {
    let job = locked(&mut *tx, id).await?;
    if job.user_id != user {
        return Err(Error::NotFound("job"));
    }
    if job.state == JobState::Cancelled {
        return Ok(());
    }
    let due = now.plus(grace);
    let running = matches!(job.state, JobState::Processing | JobState::Verifying);
    if running {
        end_attempt(&mut *tx, now, &job, "cancelled", None).await?;
        doom_delivery(&mut *tx, now, &job).await?;
    }
    doom_raws(&mut *tx, now, due, &job, "deleted").await?;
    delete_stack_in(&mut *tx, now, due, id).await?;
    query::<Db>(
        "UPDATE stacking_jobs SET state = 'cancelled', cancel_requested = ?, lease_token = NULL, lease_expires_at = NULL, \
         completed_at = ?, updated_at = ? WHERE id = ?",
    )
    .bind(running)
    .bind(now)
    .bind(now)
    .bind(id)
    .execute(tx)
    .await?;
    Ok(())
}

pub(super) async fn retry_job(tx: &mut Conn, now: Micros, user: UserId, id: JobId) -> Result<()> {
    let job = locked(&mut *tx, id).await?;
    if job.user_id != user || job.state == JobState::Cancelled {
        return Err(Error::NotFound("job"));
    }
    if job.state != JobState::Failed {
        return Err(Error::WrongState { what: "job", state: job.legacy_status().to_owned() });
    }
    let sql = "SELECT COUNT(*) FROM raw_files WHERE job_id = ? AND NOT is_deleted";
    let files: i64 = query_scalar::<Db, i64>(sql).bind(id).fetch_one(&mut *tx).await?;
    if files == 0 && job.kind == JobKind::Stack {
        return Err(Error::WrongState {
            what: "job",
            state: "without frames: they have been deleted".to_owned(),
        });
    }
    query::<Db>(
        "UPDATE stacking_jobs SET state = 'ready', attempt = 0, run_after = ?, error_code = NULL, error_message = NULL, \
         progress = 0, completed_at = NULL, updated_at = ? WHERE id = ?",
    )
    .bind(now)
    .bind(now)
    .bind(id)
    .execute(tx)
    .await?;
    Ok(())
}
