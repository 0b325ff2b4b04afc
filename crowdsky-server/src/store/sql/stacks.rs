//! Statements on finished stacks.

use super::dooming::{self, Reason};
use super::tx::Tx;
use super::{Db, Row, SqlStore, inserted, users, withdraw};
use crate::objects::StoredObject;
use crate::store::{
    Error, Job, JobId, NewStack, Result, Stack, StackId, StackQuery, Stacks, UserId, normalise,
};
use async_trait::async_trait;
use sqlx::Row as _;
use std::time::Duration;

pub(super) fn stack_of(row: &Row) -> Result<Stack> {
    let fits = StoredObject {
        key: row.try_get("fits_key")?,
        size: row.try_get("fits_size")?,
        sha256: row.try_get("fits_sha256")?,
    };
    let optional = |key: &str, size: &str, sha256: &str| -> Result<Option<StoredObject>> {
        let Some(key) = row.try_get::<Option<String>, _>(key)? else { return Ok(None) };
        Ok(Some(StoredObject { key, size: row.try_get(size)?, sha256: row.try_get(sha256)? }))
    };
    Ok(Stack {
        id: row.try_get("id")?,
        job_id: row.try_get("stacking_job_id")?,
        user_id: row.try_get("user_id")?,
        object_name: row.try_get("object_name")?,
        chunk_key: row.try_get("chunk_key")?,
        healpix_key: row.try_get("healpix_key")?,
        telescope_id: row.try_get("telescope_id")?,
        filter_name: row.try_get("filter_name")?,
        made: NewStack {
            fits,
            thumbnail: optional("thumbnail_key", "thumbnail_size", "thumbnail_sha256")?,
            stars: optional("stars_key", "stars_size", "stars_sha256")?,
            n_frames_input: row.try_get("n_frames_input")?,
            n_frames_aligned: row.try_get("n_frames_aligned")?,
            total_exptime: row.try_get("total_exptime")?,
            date_obs_start: row.try_get("date_obs_start")?,
            date_obs_end: row.try_get("date_obs_end")?,
            ra_deg: row.try_get("ra_deg")?,
            dec_deg: row.try_get("dec_deg")?,
            n_stars: row.try_get("n_stars")?,
            fwhm_px: row.try_get("fwhm_px")?,
            eq_mode: row.try_get::<Option<i64>, _>("eq_mode")?.map(|flag| flag != 0),
        },
        created_at: row.try_get("created_at")?,
    })
}

#[async_trait]
impl Stacks for SqlStore {
    async fn stacks(&self, user: UserId, query: &StackQuery) -> Result<Vec<Stack>> {
        read!(self, tx => list(&mut tx, user, query))
    }

    async fn count_stacks(&self, user: UserId, query: &StackQuery) -> Result<i64> {
        read!(self, tx => count(&mut tx, user, query))
    }

    async fn stacked_objects(&self, user: UserId) -> Result<Vec<(String, i64)>> {
        read!(self, tx => objects(&mut tx, user))
    }

    async fn stack(&self, user: UserId, id: StackId) -> Result<Option<Stack>> {
        read!(self, tx => find(&mut tx, user, id))
    }

    async fn stack_of_job(&self, job: JobId) -> Result<Option<Stack>> {
        read!(self, tx => find_of_job(&mut tx, job))
    }

    async fn delete_stack(&self, user: UserId, id: StackId, grace: Duration) -> Result<()> {
        transact!(self, tx => delete(&mut tx, user, id, grace))
    }
}

pub(super) async fn insert(tx: &mut Tx, job: &Job, stack: &NewStack) -> Result<StackId> {
    let sql = "INSERT INTO stacked_frames (stacking_job_id, user_id, object_name, object_norm, chunk_key, healpix_key, \
               telescope_id, filter_name, fits_key, fits_size, fits_sha256, thumbnail_key, thumbnail_size, \
               thumbnail_sha256, stars_key, stars_size, stars_sha256, n_frames_input, n_frames_aligned, total_exptime, \
               date_obs_start, date_obs_end, ra_deg, dec_deg, n_stars, fwhm_px, eq_mode, created_at) \
               VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    let mut query = sqlx::query::<Db>(sql)
        .bind(job.id)
        .bind(job.user_id)
        .bind(job.object_name.as_deref())
        .bind(job.object_name.as_deref().map(normalise))
        .bind(&job.chunk_key)
        .bind(job.healpix_key.as_deref())
        .bind(job.telescope_id.as_deref())
        .bind(job.filter_name.as_deref());
    for object in [Some(&stack.fits), stack.thumbnail.as_ref(), stack.stars.as_ref()] {
        query = query
            .bind(object.map(|object| object.key.as_str()))
            .bind(object.map(|object| object.size))
            .bind(object.map(|object| object.sha256.as_str()));
    }
    let query = query
        .bind(stack.n_frames_input)
        .bind(stack.n_frames_aligned)
        .bind(stack.total_exptime)
        .bind(stack.date_obs_start)
        .bind(stack.date_obs_end)
        .bind(stack.ra_deg)
        .bind(stack.dec_deg)
        .bind(stack.n_stars)
        .bind(stack.fwhm_px)
        .bind(stack.eq_mode.map(i64::from))
        .bind(tx.now);
    let result = query.execute(tx.db()).await.map_err(|error| match error.as_database_error() {
        Some(e) if e.is_unique_violation() => Error::Conflict("stack of this job"),
        _ => error.into(),
    })?;
    Ok(StackId(inserted(&result)))
}

async fn list(tx: &mut Tx, user: UserId, query: &StackQuery) -> Result<Vec<Stack>> {
    let limit = if query.limit > 0 { query.limit } else { i64::MAX };
    let object = query.object.as_deref().map(normalise);
    let sql = "SELECT * FROM stacked_frames WHERE user_id = ? AND (? IS NULL OR object_norm = ?) \
               ORDER BY date_obs_start DESC, id DESC LIMIT ? OFFSET ?";
    let rows = sqlx::query::<Db>(sql)
        .bind(user)
        .bind(object.as_deref())
        .bind(object.as_deref())
        .bind(limit)
        .bind(query.offset.max(0))
        .fetch_all(tx.db())
        .await?;
    rows.iter().map(stack_of).collect()
}

async fn count(tx: &mut Tx, user: UserId, query: &StackQuery) -> Result<i64> {
    let object = query.object.as_deref().map(normalise);
    let sql = "SELECT COUNT(*) FROM stacked_frames WHERE user_id = ? AND (? IS NULL OR object_norm = ?)";
    let query = sqlx::query_scalar::<Db, i64>(sql).bind(user).bind(object.as_deref()).bind(object.as_deref());
    Ok(query.fetch_one(tx.db()).await?)
}

async fn objects(tx: &mut Tx, user: UserId) -> Result<Vec<(String, i64)>> {
    let sql = "SELECT MIN(object_name), COUNT(*) FROM stacked_frames WHERE user_id = ? AND object_name IS NOT NULL \
               GROUP BY object_norm ORDER BY object_norm";
    Ok(sqlx::query_as::<Db, (String, i64)>(sql).bind(user).fetch_all(tx.db()).await?)
}

async fn find(tx: &mut Tx, user: UserId, id: StackId) -> Result<Option<Stack>> {
    let sql = "SELECT * FROM stacked_frames WHERE id = ? AND user_id = ?";
    let row = sqlx::query::<Db>(sql).bind(id).bind(user).fetch_optional(tx.db()).await?;
    row.as_ref().map(stack_of).transpose()
}

async fn find_of_job(tx: &mut Tx, job: JobId) -> Result<Option<Stack>> {
    let sql = "SELECT * FROM stacked_frames WHERE stacking_job_id = ?";
    let row = sqlx::query::<Db>(sql).bind(job).fetch_optional(tx.db()).await?;
    row.as_ref().map(stack_of).transpose()
}

pub(super) async fn id_of_job(tx: &mut Tx, job: JobId) -> Result<Option<StackId>> {
    let sql = "SELECT id FROM stacked_frames WHERE stacking_job_id = ?";
    Ok(sqlx::query_scalar::<Db, StackId>(sql).bind(job).fetch_optional(tx.db()).await?)
}

/// The stack of a job, if there is one: its objects to the outbox, its bytes given back, its row gone. The caller has locked the
/// job.
pub(super) async fn remove_of_job(tx: &mut Tx, user: UserId, job: JobId, grace: Duration) -> Result<()> {
    let sql = "SELECT * FROM stacked_frames WHERE stacking_job_id = ?";
    let Some(row) = sqlx::query::<Db>(sql).bind(job).fetch_optional(tx.db()).await? else { return Ok(()) };
    let made = stack_of(&row)?.made;
    let objects = [Some(&made.fits), made.thumbnail.as_ref(), made.stars.as_ref()];
    let bytes: i64 = objects.iter().flatten().map(|object| object.size).sum();
    users::use_storage(tx, user, -bytes).await?;
    let due = tx.now.plus(grace);
    dooming::objects_of_stack(tx, &row, Reason::Deleted, due).await?;
    sqlx::query::<Db>("DELETE FROM stacked_frames WHERE stacking_job_id = ?")
        .bind(job)
        .execute(tx.db())
        .await?;
    Ok(())
}

/// A stack goes with its job, of which nothing else is left: its raws too, where the tier kept them.
async fn delete(tx: &mut Tx, user: UserId, id: StackId, grace: Duration) -> Result<()> {
    let stack = find(tx, user, id).await?.ok_or(Error::NotFound("stack"))?;
    withdraw::delete_job(tx, user, stack.job_id, grace).await
}
