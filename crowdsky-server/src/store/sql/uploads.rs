//! Statements on upload sessions and raw frames.

use super::dooming::{self, Reason};
use super::finalise;
use super::tx::{BATCH, Tx, places};
use super::{Db, Row, SqlStore, inserted, users};
use crate::objects::Role;
use crate::store::{
    Added, Error, Finalise, Finalised, Micros, NewFile, NewUpload, RawFile, RawId, Result, Upload, UploadId,
    UploadState, Uploads, UserId,
};
use async_trait::async_trait;
use sqlx::{AssertSqlSafe, Row as _};

pub(super) fn upload_of(row: &Row) -> Result<Upload> {
    let id: UploadId = row.try_get("id")?;
    let state: String = row.try_get("state")?;
    let state = UploadState::parse(&state).ok_or_else(|| Error::Corrupt {
        what: "upload session",
        id: id.0,
        why: format!("there is no state {state:?}"),
    })?;
    Ok(Upload {
        id,
        user_id: row.try_get("user_id")?,
        token: row.try_get("token")?,
        label: row.try_get("label")?,
        scrub_location: row.try_get::<i64, _>("scrub_location")? != 0,
        state,
        object_name: row.try_get("object_name")?,
        ra_deg: row.try_get("ra_deg")?,
        dec_deg: row.try_get("dec_deg")?,
        file_count: row.try_get("file_count")?,
        total_bytes: row.try_get("total_bytes")?,
        created_at: row.try_get("created_at")?,
        completed_at: row.try_get("completed_at")?,
        expires_at: row.try_get("expires_at")?,
    })
}

pub(super) fn raw_of(row: &Row) -> Result<RawFile> {
    let id: RawId = row.try_get("id")?;
    let meta: String = row.try_get("meta")?;
    let meta = serde_json::from_str(&meta).map_err(|error| Error::Corrupt {
        what: "raw frame",
        id: id.0,
        why: error.to_string(),
    })?;
    Ok(RawFile {
        id,
        upload_id: row.try_get("upload_session_id")?,
        user_id: row.try_get("user_id")?,
        job_id: row.try_get("stacking_job_id")?,
        filename: row.try_get("filename")?,
        key: row.try_get("object_key")?,
        size: row.try_get("size_bytes")?,
        sha256: row.try_get("sha256")?,
        meta,
        chunk_key: row.try_get("chunk_key")?,
        healpix_key: row.try_get("healpix_key")?,
        rejected: row.try_get("rejected")?,
        is_deleted: row.try_get::<i64, _>("is_deleted")? != 0,
        created_at: row.try_get("created_at")?,
    })
}

#[async_trait]
impl Uploads for SqlStore {
    async fn open_upload(&self, upload: &NewUpload) -> Result<Upload> {
        transact!(self, tx => open(&mut tx, upload))
    }

    async fn upload(&self, user: UserId, token: &str) -> Result<Option<Upload>> {
        read!(self, tx => by_token(&mut tx, user, token))
    }

    async fn upload_by_id(&self, user: UserId, id: UploadId) -> Result<Option<Upload>> {
        read!(self, tx => by_id(&mut tx, user, id))
    }

    async fn uploads(&self, user: UserId, limit: i64) -> Result<Vec<Upload>> {
        read!(self, tx => latest(&mut tx, user, limit))
    }

    async fn files(&self, user: UserId, upload: UploadId) -> Result<Vec<RawFile>> {
        read!(self, tx => files(&mut tx, user, upload))
    }

    async fn files_with(&self, user: UserId, upload: UploadId, sha256: &[String]) -> Result<Vec<RawFile>> {
        read!(self, tx => files_with(&mut tx, user, upload, sha256))
    }

    async fn add_file(&self, file: &NewFile) -> Result<Added> {
        transact!(self, tx => add_file(&mut tx, file))
    }

    async fn drop_file(&self, user: UserId, upload: UploadId, sha256: &str) -> Result<bool> {
        transact!(self, tx => drop_file(&mut tx, user, upload, sha256))
    }

    async fn finalise(&self, plan: &Finalise) -> Result<Finalised> {
        transact!(self, tx => finalise::finalise(&mut tx, plan))
    }

    async fn abandon_upload(&self, user: UserId, upload: UploadId) -> Result<()> {
        transact!(self, tx => finalise::abandon(&mut tx, user, upload))
    }

    async fn expire_uploads(&self, limit: i64) -> Result<i64> {
        transact!(self, tx => finalise::expire(&mut tx, limit))
    }
}

async fn open(tx: &mut Tx, new: &NewUpload) -> Result<Upload> {
    users::lock(tx, new.user_id).await?;
    if let Some(key) = &new.idempotency_key {
        let sql = "SELECT * FROM upload_sessions WHERE user_id = ? AND idempotency_key = ?";
        let row = sqlx::query::<Db>(sql).bind(new.user_id).bind(key).fetch_optional(tx.db()).await?;
        if let Some(row) = row {
            return upload_of(&row);
        }
    }
    let sql = "SELECT COUNT(*) FROM upload_sessions WHERE user_id = ? AND state = 'uploading'";
    let open: i64 = sqlx::query_scalar::<Db, i64>(sql).bind(new.user_id).fetch_one(tx.db()).await?;
    if open >= new.max_open {
        return Err(Error::Limit { what: "open upload sessions", limit: new.max_open });
    }
    let sql = "INSERT INTO upload_sessions \
               (user_id, token, idempotency_key, label, scrub_location, state, created_at, expires_at) \
               VALUES (?, ?, ?, ?, ?, 'uploading', ?, ?)";
    let result = sqlx::query::<Db>(sql)
        .bind(new.user_id)
        .bind(&new.token)
        .bind(new.idempotency_key.as_deref())
        .bind(new.label.as_deref())
        .bind(i64::from(new.scrub_location))
        .bind(tx.now)
        .bind(tx.now.plus(new.lifetime))
        .execute(tx.db())
        .await?;
    by_id(tx, new.user_id, UploadId(inserted(&result))).await?.ok_or(Error::NotFound("upload session"))
}

async fn by_token(tx: &mut Tx, user: UserId, token: &str) -> Result<Option<Upload>> {
    let sql = "SELECT * FROM upload_sessions WHERE token = ? AND user_id = ?";
    let row = sqlx::query::<Db>(sql).bind(token).bind(user).fetch_optional(tx.db()).await?;
    row.as_ref().map(upload_of).transpose()
}

async fn by_id(tx: &mut Tx, user: UserId, id: UploadId) -> Result<Option<Upload>> {
    let sql = "SELECT * FROM upload_sessions WHERE id = ? AND user_id = ?";
    let row = sqlx::query::<Db>(sql).bind(id).bind(user).fetch_optional(tx.db()).await?;
    row.as_ref().map(upload_of).transpose()
}

async fn latest(tx: &mut Tx, user: UserId, limit: i64) -> Result<Vec<Upload>> {
    let sql = "SELECT * FROM upload_sessions WHERE user_id = ? ORDER BY id DESC LIMIT ?";
    let rows = sqlx::query::<Db>(sql).bind(user).bind(limit.max(0)).fetch_all(tx.db()).await?;
    rows.iter().map(upload_of).collect()
}

/// The session, whose row stays as it is until the transaction ends.
pub(super) async fn lock(tx: &mut Tx, user: UserId, id: UploadId) -> Result<Upload> {
    let sql = concat!("SELECT * FROM upload_sessions WHERE id = ? AND user_id = ?", for_update!());
    let row = sqlx::query::<Db>(sql).bind(id).bind(user).fetch_optional(tx.db()).await?;
    row.as_ref().map(upload_of).transpose()?.ok_or(Error::NotFound("upload session"))
}

/// `WrongState` unless the session takes files. One whose time is over takes none, even before a janitor has seen it.
pub(super) fn must_be_open(upload: &Upload, now: Micros) -> Result<()> {
    let state = match upload.state {
        UploadState::Uploading if upload.expires_at > now => return Ok(()),
        UploadState::Uploading => UploadState::Expired,
        state => state,
    };
    Err(Error::WrongState { what: "upload session", state: state.as_str().to_owned() })
}

pub(super) async fn files(tx: &mut Tx, user: UserId, upload: UploadId) -> Result<Vec<RawFile>> {
    let sql =
        "SELECT * FROM raw_files WHERE upload_session_id = ? AND user_id = ? AND is_deleted = 0 ORDER BY id";
    let rows = sqlx::query::<Db>(sql).bind(upload).bind(user).fetch_all(tx.db()).await?;
    rows.iter().map(raw_of).collect()
}

async fn files_with(tx: &mut Tx, user: UserId, upload: UploadId, sha256: &[String]) -> Result<Vec<RawFile>> {
    let mut found = Vec::new();
    for batch in sha256.chunks(BATCH) {
        let sql = format!(
            "SELECT * FROM raw_files WHERE upload_session_id = ? AND user_id = ? AND is_deleted = 0 AND sha256 IN ({})",
            places(batch.len())
        );
        // Only places for values are put in.
        let mut query = sqlx::query::<Db>(AssertSqlSafe(sql)).bind(upload).bind(user);
        for hash in batch {
            query = query.bind(hash.as_str());
        }
        for row in &query.fetch_all(tx.db()).await? {
            found.push(raw_of(row)?);
        }
    }
    found.sort_by_key(|file| file.id);
    found.dedup_by_key(|file| file.id);
    Ok(found)
}

async fn with_hash(tx: &mut Tx, upload: UploadId, sha256: &str) -> Result<Option<RawFile>> {
    let sql = "SELECT * FROM raw_files WHERE upload_session_id = ? AND sha256 = ?";
    let row = sqlx::query::<Db>(sql).bind(upload).bind(sha256).fetch_optional(tx.db()).await?;
    row.as_ref().map(raw_of).transpose()
}

async fn add_file(tx: &mut Tx, file: &NewFile) -> Result<Added> {
    let upload = lock(tx, file.user_id, file.upload_id).await?;
    if let Some(have) = with_hash(tx, upload.id, &file.sha256).await? {
        return Ok(Added::Have(have));
    }
    must_be_open(&upload, tx.now)?;
    if upload.file_count >= file.max_files {
        return Err(Error::Limit { what: "files in one upload session", limit: file.max_files });
    }
    take_quota(tx, file.user_id, file.size).await?;
    let filename = free_name(tx, upload.id, &file.filename).await?;
    let meta = serde_json::to_string(&file.meta).map_err(|error| Error::Corrupt {
        what: "header of upload session",
        id: upload.id.0,
        why: error.to_string(),
    })?;
    let sql = "INSERT INTO raw_files (upload_session_id, user_id, filename, object_key, size_bytes, sha256, meta, date_obs, \
               chunk_key, healpix_key, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    sqlx::query::<Db>(sql)
        .bind(upload.id)
        .bind(file.user_id)
        .bind(&filename)
        .bind(&file.key)
        .bind(file.size)
        .bind(&file.sha256)
        .bind(&meta)
        .bind(file.meta.date_obs.map(Micros::from))
        .bind(file.chunk_key.as_deref())
        .bind(file.healpix_key.as_deref())
        .bind(tx.now)
        .execute(tx.db())
        .await?;
    let pointing = file.meta.pointing;
    let sql = "UPDATE upload_sessions SET file_count = file_count + 1, total_bytes = total_bytes + ?, \
               object_name = COALESCE(object_name, ?), ra_deg = COALESCE(ra_deg, ?), dec_deg = COALESCE(dec_deg, ?) \
               WHERE id = ?";
    sqlx::query::<Db>(sql)
        .bind(file.size)
        .bind(file.meta.object.as_deref())
        .bind(pointing.map(|at| at.ra()))
        .bind(pointing.map(|at| at.dec()))
        .bind(upload.id)
        .execute(tx.db())
        .await?;
    with_hash(tx, upload.id, &file.sha256).await?.map(Added::New).ok_or(Error::NotFound("raw frame"))
}

/// Adds bytes to a user's, if they fit (U-20).
async fn take_quota(tx: &mut Tx, user: UserId, wanted: i64) -> Result<()> {
    let user = users::lock(tx, user).await?;
    let (used, limit) = (user.storage_used, user.storage_limit);
    if used.saturating_add(wanted) > limit {
        return Err(Error::OutOfQuota { used, limit, wanted });
    }
    users::use_storage(tx, user.id, wanted).await
}

/// `name`, or `name-2`, `name-3`, ... before the ending, whichever the session does not have yet (U-05).
async fn free_name(tx: &mut Tx, upload: UploadId, name: &str) -> Result<String> {
    let (stem, ending) = match name.rfind('.') {
        Some(at) if at > 0 && name.len() - at <= 16 => name.split_at(at),
        _ => (name, ""),
    };
    // 255 characters are what the column holds; the suffix needs at most 20.
    let stem = super::sessions::cut(stem, 215);
    let mut n = 1;
    loop {
        let candidate = if n == 1 { format!("{stem}{ending}") } else { format!("{stem}-{n}{ending}") };
        let sql = "SELECT COUNT(*) FROM raw_files WHERE upload_session_id = ? AND filename = ?";
        let query = sqlx::query_scalar::<Db, i64>(sql).bind(upload).bind(&candidate);
        if query.fetch_one(tx.db()).await? == 0 {
            return Ok(candidate);
        }
        n += 1;
    }
}

async fn drop_file(tx: &mut Tx, user: UserId, upload: UploadId, sha256: &str) -> Result<bool> {
    let upload = lock(tx, user, upload).await?;
    must_be_open(&upload, tx.now)?;
    let Some(file) = with_hash(tx, upload.id, sha256).await? else { return Ok(false) };
    users::use_storage(tx, user, -file.size).await?;
    let (due, reason) = (tx.now, Reason::Deleted);
    dooming::object(tx, Role::Raws, &file.key, reason.as_str(), due).await?;
    sqlx::query::<Db>("DELETE FROM raw_files WHERE id = ?").bind(file.id).execute(tx.db()).await?;
    let sql =
        "UPDATE upload_sessions SET file_count = file_count - 1, total_bytes = total_bytes - ? WHERE id = ?";
    sqlx::query::<Db>(sql).bind(file.size).bind(upload.id).execute(tx.db()).await?;
    Ok(true)
}
