//! Finished stacks.

use super::common::{Conn, add_usage, doom, get};
use super::{Db, Row, SqlStore, reader};
use crate::objects::{Role, StoredObject};
use crate::store::{
    Error, JobId, Micros, NewStack, Result, Stack, StackId, StackQuery, Stacks, UserId, normalise,
};
use async_trait::async_trait;
use sqlx::{query, query_scalar};
use std::time::Duration;

macro_rules! columns {
    () => {
        "id, job_id, user_id, object_name, chunk_key, healpix_key, telescope_id, filter_name, fits_key, fits_size, \
         fits_sha256, thumb_key, thumb_size, thumb_sha256, stars_key, stars_size, stars_sha256, n_frames_input, \
         n_frames_aligned, total_exptime, date_obs_start, date_obs_end, ra_deg, dec_deg, n_stars, fwhm_px, eq_mode, \
         created_at"
    };
}

fn object(row: &Row, key: &str, size: &str, sha256: &str) -> Result<Option<StoredObject>> {
    let Some(key) = get::<Option<String>>(row, key)? else { return Ok(None) };
    let size = get::<Option<i64>>(row, size)?.unwrap_or_default();
    let sha256 = get::<Option<String>>(row, sha256)?.unwrap_or_default();
    Ok(Some(StoredObject { key, size, sha256 }))
}

fn stack(row: &Row) -> Result<Stack> {
    let fits = StoredObject {
        key: get(row, "fits_key")?,
        size: get(row, "fits_size")?,
        sha256: get(row, "fits_sha256")?,
    };
    Ok(Stack {
        id: get(row, "id")?,
        job_id: get(row, "job_id")?,
        user_id: get(row, "user_id")?,
        object_name: get(row, "object_name")?,
        chunk_key: get(row, "chunk_key")?,
        healpix_key: get(row, "healpix_key")?,
        telescope_id: get(row, "telescope_id")?,
        filter_name: get(row, "filter_name")?,
        made: NewStack {
            fits,
            thumbnail: object(row, "thumb_key", "thumb_size", "thumb_sha256")?,
            stars: object(row, "stars_key", "stars_size", "stars_sha256")?,
            n_frames_input: get(row, "n_frames_input")?,
            n_frames_aligned: get(row, "n_frames_aligned")?,
            total_exptime: get(row, "total_exptime")?,
            date_obs_start: get(row, "date_obs_start")?,
            date_obs_end: get(row, "date_obs_end")?,
            ra_deg: get(row, "ra_deg")?,
            dec_deg: get(row, "dec_deg")?,
            n_stars: get(row, "n_stars")?,
            fwhm_px: get(row, "fwhm_px")?,
            eq_mode: get(row, "eq_mode")?,
        },
        created_at: get(row, "created_at")?,
    })
}

/// The stack that a job has made.
pub(super) async fn stack_of_job_in(connection: &mut Conn, job: JobId) -> Result<Option<Stack>> {
    let sql = concat!("SELECT ", columns!(), " FROM stacked_frames WHERE job_id = ?");
    query::<Db>(sql).bind(job).fetch_optional(connection).await?.as_ref().map(stack).transpose()
}

/// Deletes the stack of a job, if there is one; its objects go to the outbox.
pub(super) async fn delete_stack_in(tx: &mut Conn, now: Micros, due: Micros, job: JobId) -> Result<()> {
    let Some(stack) = stack_of_job_in(&mut *tx, job).await? else { return Ok(()) };
    let objects = [Some(stack.made.fits), stack.made.thumbnail, stack.made.stars];
    let mut bytes = 0;
    for object in objects.into_iter().flatten() {
        doom(&mut *tx, now, due, Role::Stacks, &object.key, "deleted").await?;
        bytes += object.size;
    }
    query::<Db>("DELETE FROM stacked_frames WHERE id = ?").bind(stack.id).execute(&mut *tx).await?;
    add_usage(tx, stack.user_id, -bytes).await
}

#[async_trait]
impl Stacks for SqlStore {
    async fn stacks(&self, user: UserId, wish: &StackQuery) -> Result<Vec<Stack>> {
        let sql = concat!(
            "SELECT ",
            columns!(),
            " FROM stacked_frames WHERE user_id = ? AND (? IS NULL OR object_norm = ?) \
             ORDER BY date_obs_start DESC, id DESC LIMIT ? OFFSET ?"
        );
        let object = wish.object.as_deref().map(normalise);
        let limit = if wish.limit > 0 { wish.limit } else { i64::MAX };
        let rows = query::<Db>(sql)
            .bind(user)
            .bind(&object)
            .bind(&object)
            .bind(limit)
            .bind(wish.offset)
            .fetch_all(&mut *reader(self).await?)
            .await?;
        rows.iter().map(stack).collect()
    }

    async fn count_stacks(&self, user: UserId, wish: &StackQuery) -> Result<i64> {
        let sql = "SELECT COUNT(*) FROM stacked_frames WHERE user_id = ? AND (? IS NULL OR object_norm = ?)";
        let object = wish.object.as_deref().map(normalise);
        let count = query_scalar::<Db, i64>(sql).bind(user).bind(&object).bind(&object);
        Ok(count.fetch_one(&mut *reader(self).await?).await?)
    }

    async fn stacked_objects(&self, user: UserId) -> Result<Vec<(String, i64)>> {
        let sql = "SELECT MIN(object_name) AS object, COUNT(*) AS stacks FROM stacked_frames \
                   WHERE user_id = ? AND object_name IS NOT NULL GROUP BY object_norm ORDER BY object_norm";
        let rows = query::<Db>(sql).bind(user).fetch_all(&mut *reader(self).await?).await?;
        rows.iter().map(|row| Ok((get(row, "object")?, get(row, "stacks")?))).collect()
    }

    async fn stack(&self, user: UserId, id: StackId) -> Result<Option<Stack>> {
        let sql = concat!("SELECT ", columns!(), " FROM stacked_frames WHERE id = ? AND user_id = ?");
        let row = query::<Db>(sql).bind(id).bind(user).fetch_optional(&mut *reader(self).await?).await?;
        row.as_ref().map(stack).transpose()
    }

    async fn stack_of_job(&self, job: JobId) -> Result<Option<Stack>> {
        stack_of_job_in(&mut *reader(self).await?, job).await
    }

    async fn delete_stack(&self, user: UserId, id: StackId, grace: Duration) -> Result<()> {
        transact!(self, |tx, now| {
            let sql = "SELECT job_id FROM stacked_frames WHERE id = ? AND user_id = ?";
            let job: Option<i64> =
                query_scalar::<Db, i64>(sql).bind(id).bind(user).fetch_optional(&mut *tx).await?;
            let job = JobId(job.ok_or(Error::NotFound("stack"))?);
            super::settle::delete_job(&mut tx, now, user, job, grace).await
        })
    }
}
