//! How objects get to the outbox: in the same transaction that takes away the row which points at them.

use super::tx::Tx;
use super::{Db, Row};
use crate::objects::Role;
use crate::storage::{Artefact, BlobKey};
use crate::store::{Job, JobKind, Micros, Result, UploadId, UserId};
use sqlx::Row as _;
use std::time::Duration;

/// Why an object is to be deleted.
#[derive(Debug, Clone, Copy)]
pub(super) enum Reason {
    /// Its frames are in a stack.
    Stacked,
    /// Its session was never finalised.
    Expired,
    /// The user says so.
    Deleted,
    /// The user is gone.
    Erased,
    /// An attempt left it behind.
    Staged,
}

impl Reason {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Reason::Stacked => "stacked",
            Reason::Expired => "expired",
            Reason::Deleted => "deleted",
            Reason::Erased => "erased",
            Reason::Staged => "staged",
        }
    }
}

/// Puts one object on the list.
pub(super) async fn object(tx: &mut Tx, role: Role, key: &str, reason: &str, due: Micros) -> Result<()> {
    let sql = "INSERT INTO outbox (role, object_key, reason, due_at, created_at) VALUES (?, ?, ?, ?, ?)";
    let query = sqlx::query::<Db>(sql).bind(role.as_str()).bind(key).bind(reason).bind(due).bind(tx.now);
    query.execute(tx.db()).await?;
    Ok(())
}

/// Raws of a job that are not deleted: to the outbox, marked, their bytes given back. The caller has locked the job.
pub(super) async fn raws_of_job(tx: &mut Tx, job: &Job, reason: Reason, grace: Duration) -> Result<()> {
    let size = "SELECT CAST(COALESCE(SUM(size_bytes), 0) AS SIGNED) FROM raw_files \
                WHERE stacking_job_id = ? AND is_deleted = 0";
    let bytes: i64 = sqlx::query_scalar::<Db, i64>(size).bind(job.id).fetch_one(tx.db()).await?;
    super::users::use_storage(tx, job.user_id, -bytes).await?;
    let doom = "INSERT INTO outbox (role, object_key, reason, due_at, created_at) \
                SELECT 'raws', object_key, ?, ?, ? FROM raw_files WHERE stacking_job_id = ? AND is_deleted = 0";
    let due = tx.now.plus(grace);
    let query = sqlx::query::<Db>(doom).bind(reason.as_str()).bind(due).bind(tx.now).bind(job.id);
    query.execute(tx.db()).await?;
    let mark = "UPDATE raw_files SET is_deleted = 1 WHERE stacking_job_id = ? AND is_deleted = 0";
    sqlx::query::<Db>(mark).bind(job.id).execute(tx.db()).await?;
    Ok(())
}

/// Raws of a session, with their rows. The caller has locked the session.
pub(super) async fn raws_of_upload(
    tx: &mut Tx,
    user: UserId,
    upload: UploadId,
    reason: Reason,
) -> Result<()> {
    let size = "SELECT CAST(COALESCE(SUM(size_bytes), 0) AS SIGNED) FROM raw_files \
                WHERE upload_session_id = ? AND is_deleted = 0";
    let bytes: i64 = sqlx::query_scalar::<Db, i64>(size).bind(upload).fetch_one(tx.db()).await?;
    super::users::use_storage(tx, user, -bytes).await?;
    let doom = "INSERT INTO outbox (role, object_key, reason, due_at, created_at) \
                SELECT 'raws', object_key, ?, ?, ? FROM raw_files WHERE upload_session_id = ? AND is_deleted = 0";
    let query = sqlx::query::<Db>(doom).bind(reason.as_str()).bind(tx.now).bind(tx.now).bind(upload);
    query.execute(tx.db()).await?;
    let sql = "DELETE FROM raw_files WHERE upload_session_id = ?";
    sqlx::query::<Db>(sql).bind(upload).execute(tx.db()).await?;
    Ok(())
}

/// All raws of a user. Their rows and the count of bytes go with the user.
pub(super) async fn raws_of_user(tx: &mut Tx, user: UserId, reason: Reason) -> Result<()> {
    let doom = "INSERT INTO outbox (role, object_key, reason, due_at, created_at) \
                SELECT 'raws', object_key, ?, ?, ? FROM raw_files WHERE user_id = ? AND is_deleted = 0";
    let query = sqlx::query::<Db>(doom).bind(reason.as_str()).bind(tx.now).bind(tx.now).bind(user);
    query.execute(tx.db()).await?;
    // What waits for its grace need not wait any longer; `raws/uN/` is in the key of every raw of the user, `stacks/uN/` of
    // every stack.
    let hurry = "UPDATE outbox SET due_at = ? WHERE due_at > ? AND object_key LIKE ?";
    for prefix in [format!("raws/u{user}/%"), format!("stacks/u{user}/%")] {
        sqlx::query::<Db>(hurry).bind(tx.now).bind(tx.now).bind(prefix).execute(tx.db()).await?;
    }
    Ok(())
}

/// All stacks of a user.
pub(super) async fn stacks_of_user(tx: &mut Tx, user: UserId, reason: Reason) -> Result<()> {
    let rows = sqlx::query::<Db>("SELECT * FROM stacked_frames WHERE user_id = ?")
        .bind(user)
        .fetch_all(tx.db())
        .await?;
    for row in &rows {
        objects_of_stack(tx, row, reason, tx.now).await?;
    }
    Ok(())
}

/// The up to three objects of a stack. Its row, and the count of bytes, are the caller's.
pub(super) async fn objects_of_stack(tx: &mut Tx, row: &Row, reason: Reason, due: Micros) -> Result<()> {
    for column in ["fits_key", "thumbnail_key", "stars_key"] {
        if let Some(key) = row.try_get::<Option<String>, _>(column)? {
            object(tx, Role::Stacks, &key, reason.as_str(), due).await?;
        }
    }
    Ok(())
}

/// What the latest attempt at a job may have left: staged, and moved to its place before a commit that never came. Many of these
/// objects do not exist; deleting them is no error.
pub(super) async fn left_by_attempt(tx: &mut Tx, job: &Job) -> Result<()> {
    if job.epoch == 0 || job.kind == JobKind::Noop {
        return Ok(());
    }
    staged(tx, job).await?;
    for artefact in Artefact::ALL {
        let object_name = job.object_name.as_deref();
        let key = BlobKey::finished(job.user_id, object_name, &job.chunk_key, job.id, job.epoch, artefact);
        object(tx, Role::Stacks, key.as_str(), Reason::Staged.as_str(), tx.now).await?;
    }
    Ok(())
}

/// What the latest attempt has staged.
pub(super) async fn staged(tx: &mut Tx, job: &Job) -> Result<()> {
    for artefact in Artefact::ALL {
        let key = BlobKey::staged(job.id, job.epoch, artefact);
        object(tx, Role::Stacks, key.as_str(), Reason::Staged.as_str(), tx.now).await?;
    }
    Ok(())
}

/// What running attempts of a user may have left.
pub(super) async fn staged_of_user(tx: &mut Tx, user: UserId) -> Result<()> {
    let sql = "SELECT * FROM stacking_jobs WHERE user_id = ? AND state IN ('processing', 'verifying')";
    let rows = sqlx::query::<Db>(sql).bind(user).fetch_all(tx.db()).await?;
    for row in &rows {
        left_by_attempt(tx, &super::jobs::job_of_row(row)?).await?;
    }
    Ok(())
}
