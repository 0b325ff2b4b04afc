//! Upload sessions and raw frames.

use super::common::{Conn, add_usage, corrupt, cut, doom, get};
use super::jobs::insert_jobs;
use super::users::user_in;
use super::{Db, Row, SqlStore, earlier, reader};
use crate::objects::Role;
use crate::store::{
    Added, Earlier, Error, Finalise, Finalised, JobId, Micros, NewFile, NewUpload, RawFile, RawId, Result,
    Upload, UploadId, UploadState, Uploads, UserId,
};
use async_trait::async_trait;
use crowdsky_core::FrameMeta;
use sqlx::{QueryBuilder, query, query_scalar};

macro_rules! upload_columns {
    () => {
        "id, user_id, token, label, scrub_location, state, object_name, ra_deg, dec_deg, file_count, total_bytes, \
         created_at, completed_at, expires_at"
    };
}

macro_rules! file_columns {
    () => {
        "id, upload_session_id, user_id, job_id, filename, storage_key, size, sha256, meta, chunk_key, healpix_key, \
         rejected, is_deleted, created_at"
    };
}

/// Hashes in one statement. SQLite takes 32,766 placeholders, MariaDB 65,535 (U-34); but MariaDB makes a table of a list from
/// 1,000 on, and then reads every frame there is: 8 s instead of 5 ms among a million.
pub(super) const BATCH: usize = 500;

fn upload(row: &Row) -> Result<Upload> {
    let id: i64 = get(row, "id")?;
    let state: String = get(row, "state")?;
    Ok(Upload {
        id: UploadId(id),
        user_id: get(row, "user_id")?,
        token: get(row, "token")?,
        label: get(row, "label")?,
        scrub_location: get(row, "scrub_location")?,
        state: UploadState::parse(&state)
            .ok_or_else(|| corrupt("upload session", id, format!("state {state:?}")))?,
        object_name: get(row, "object_name")?,
        ra_deg: get(row, "ra_deg")?,
        dec_deg: get(row, "dec_deg")?,
        file_count: get(row, "file_count")?,
        total_bytes: get(row, "total_bytes")?,
        created_at: get(row, "created_at")?,
        completed_at: get(row, "completed_at")?,
        expires_at: get(row, "expires_at")?,
    })
}

/// A raw frame from a row with these columns.
pub(super) fn raw_file(row: &Row) -> Result<RawFile> {
    let id: i64 = get(row, "id")?;
    let meta: String = get(row, "meta")?;
    let meta: FrameMeta = serde_json::from_str(&meta)
        .map_err(|error| corrupt("raw frame", id, format!("its facts: {error}")))?;
    Ok(RawFile {
        id: RawId(id),
        upload_id: get(row, "upload_session_id")?,
        user_id: get(row, "user_id")?,
        job_id: get(row, "job_id")?,
        filename: get(row, "filename")?,
        key: get(row, "storage_key")?,
        size: get(row, "size")?,
        sha256: get(row, "sha256")?,
        meta,
        chunk_key: get(row, "chunk_key")?,
        healpix_key: get(row, "healpix_key")?,
        rejected: get(row, "rejected")?,
        is_deleted: get(row, "is_deleted")?,
        created_at: get(row, "created_at")?,
    })
}

/// The user's session, locked until the transaction ends.
async fn locked(tx: &mut Conn, user: UserId, id: UploadId) -> Result<Upload> {
    let sql = concat!(
        "SELECT ",
        upload_columns!(),
        " FROM upload_sessions WHERE id = ? AND user_id = ?",
        for_update!()
    );
    let row = query::<Db>(sql).bind(id).bind(user).fetch_optional(tx).await?;
    row.as_ref().map(upload).transpose()?.ok_or(Error::NotFound("upload session"))
}

fn must_be_open(upload: &Upload) -> Result<()> {
    match upload.state {
        UploadState::Uploading => Ok(()),
        state => Err(Error::WrongState { what: "upload session", state: state.as_str().to_owned() }),
    }
}

/// `M 42.fit`, or with a number before its ending where the session has a file of that name.
async fn free_name(tx: &mut Conn, upload: UploadId, wanted: &str) -> Result<String> {
    let wanted = cut(wanted, 240);
    let (stem, ending) = match wanted.rfind('.') {
        Some(dot) if dot > 0 => wanted.split_at(dot),
        _ => (wanted.as_str(), ""),
    };
    let mut name = wanted.clone();
    for n in 2.. {
        let sql = "SELECT COUNT(*) FROM raw_files WHERE upload_session_id = ? AND filename = ?";
        let taken: i64 = query_scalar::<Db, i64>(sql).bind(upload).bind(&name).fetch_one(&mut *tx).await?;
        if taken == 0 {
            break;
        }
        name = format!("{stem}_{n}{ending}");
    }
    Ok(name)
}

/// Takes all files of an open session away and gives the session its last state.
async fn close_without_jobs(tx: &mut Conn, now: Micros, upload: &Upload, reason: &str) -> Result<()> {
    let sql =
        concat!("SELECT ", file_columns!(), " FROM raw_files WHERE upload_session_id = ? AND NOT is_deleted");
    let files = query::<Db>(sql).bind(upload.id).fetch_all(&mut *tx).await?;
    let mut bytes = 0;
    for file in files.iter().map(raw_file) {
        let file = file?;
        doom(&mut *tx, now, now, Role::Raws, &file.key, reason).await?;
        bytes += file.size;
    }
    let sql = "UPDATE raw_files SET is_deleted = ? WHERE upload_session_id = ?";
    query::<Db>(sql).bind(true).bind(upload.id).execute(&mut *tx).await?;
    let sql = "UPDATE upload_sessions SET state = 'expired', completed_at = ? WHERE id = ?";
    query::<Db>(sql).bind(now).bind(upload.id).execute(&mut *tx).await?;
    add_usage(&mut *tx, upload.user_id, -bytes).await
}

#[async_trait]
impl Uploads for SqlStore {
    async fn open_upload(&self, new: &NewUpload) -> Result<Upload> {
        transact!(self, |tx, now| {
            // The user's row is the lock of what is counted for them.
            let lock = concat!("SELECT id FROM users WHERE id = ?", for_update!());
            let user: Option<i64> =
                query_scalar::<Db, i64>(lock).bind(new.user_id).fetch_optional(&mut *tx).await?;
            user.ok_or(Error::NotFound("user"))?;
            let sql = concat!(
                "SELECT ",
                upload_columns!(),
                " FROM upload_sessions WHERE user_id = ? AND idempotency_key = ?"
            );
            let same = query::<Db>(sql)
                .bind(new.user_id)
                .bind(&new.idempotency_key)
                .fetch_optional(&mut *tx)
                .await?;
            if let Some(same) = same {
                return upload(&same);
            }
            let sql = "SELECT COUNT(*) FROM upload_sessions WHERE user_id = ? AND state = 'uploading' AND expires_at > ?";
            let open = query_scalar::<Db, i64>(sql).bind(new.user_id).bind(now).fetch_one(&mut *tx).await?;
            if open >= new.max_open {
                return Err(Error::Limit { what: "open upload sessions", limit: new.max_open });
            }
            let id: i64 = query_scalar::<Db, i64>(
                "INSERT INTO upload_sessions (user_id, token, idempotency_key, label, scrub_location, state, file_count, \
                 total_bytes, created_at, expires_at) VALUES (?, ?, ?, ?, ?, 'uploading', 0, 0, ?, ?) RETURNING id",
            )
            .bind(new.user_id)
            .bind(&new.token)
            .bind(&new.idempotency_key)
            .bind(new.label.as_deref().map(|label| cut(label, 200)))
            .bind(new.scrub_location)
            .bind(now)
            .bind(now.plus(new.lifetime))
            .fetch_one(&mut *tx)
            .await?;
            locked(&mut tx, new.user_id, UploadId(id)).await
        })
    }

    async fn upload(&self, user: UserId, token: &str) -> Result<Option<Upload>> {
        let sql =
            concat!("SELECT ", upload_columns!(), " FROM upload_sessions WHERE token = ? AND user_id = ?");
        let row = query::<Db>(sql).bind(token).bind(user).fetch_optional(&mut *reader(self).await?).await?;
        row.as_ref().map(upload).transpose()
    }

    async fn upload_by_id(&self, user: UserId, id: UploadId) -> Result<Option<Upload>> {
        let sql = concat!("SELECT ", upload_columns!(), " FROM upload_sessions WHERE id = ? AND user_id = ?");
        let row = query::<Db>(sql).bind(id).bind(user).fetch_optional(&mut *reader(self).await?).await?;
        row.as_ref().map(upload).transpose()
    }

    async fn uploads(&self, user: UserId, limit: i64) -> Result<Vec<Upload>> {
        let sql = concat!(
            "SELECT ",
            upload_columns!(),
            " FROM upload_sessions WHERE user_id = ? ORDER BY id DESC LIMIT ?"
        );
        let rows = query::<Db>(sql).bind(user).bind(limit).fetch_all(&mut *reader(self).await?).await?;
        rows.iter().map(upload).collect()
    }

    async fn files(&self, user: UserId, id: UploadId) -> Result<Vec<RawFile>> {
        let sql = concat!(
            "SELECT ",
            file_columns!(),
            " FROM raw_files WHERE upload_session_id = ? AND user_id = ? AND NOT is_deleted ORDER BY id"
        );
        let rows = query::<Db>(sql).bind(id).bind(user).fetch_all(&mut *reader(self).await?).await?;
        rows.iter().map(raw_file).collect()
    }

    async fn files_with(&self, user: UserId, id: UploadId, sha256: &[String]) -> Result<Vec<RawFile>> {
        let mut connection = reader(self).await?;
        let mut files = Vec::new();
        for batch in sha256.chunks(BATCH) {
            let start = concat!(
                "SELECT ",
                file_columns!(),
                " FROM raw_files WHERE NOT is_deleted AND upload_session_id = "
            );
            let mut sql = QueryBuilder::<Db>::new(start);
            sql.push_bind(id).push(" AND user_id = ").push_bind(user).push(" AND sha256 IN (");
            let mut list = sql.separated(", ");
            for hash in batch {
                list.push_bind(hash);
            }
            list.push_unseparated(")");
            for row in sql.build().fetch_all(&mut *connection).await? {
                files.push(raw_file(&row)?);
            }
        }
        Ok(files)
    }

    async fn earlier(&self, user: UserId, besides: UploadId, sha256: &[String]) -> Result<Vec<Earlier>> {
        earlier::earlier(&mut *reader(self).await?, user, besides, sha256).await
    }

    async fn add_file(&self, new: &NewFile) -> Result<Added> {
        let meta =
            serde_json::to_string(&new.meta).map_err(|error| corrupt("raw frame", 0, error.to_string()))?;
        transact!(self, |tx, now| {
            let session = locked(&mut tx, new.user_id, new.upload_id).await?;
            must_be_open(&session)?;
            let sql = concat!(
                "SELECT ",
                file_columns!(),
                " FROM raw_files WHERE upload_session_id = ? AND sha256 = ?"
            );
            let same =
                query::<Db>(sql).bind(new.upload_id).bind(&new.sha256).fetch_optional(&mut *tx).await?;
            if let Some(same) = same {
                return Ok(Added::Have(raw_file(&same)?));
            }
            if session.file_count >= new.max_files {
                return Err(Error::Limit { what: "files in one session", limit: new.max_files });
            }
            let fits = "UPDATE users SET storage_used = storage_used + ? WHERE id = ? AND storage_used + ? <= storage_limit";
            let fits =
                query::<Db>(fits).bind(new.size).bind(new.user_id).bind(new.size).execute(&mut *tx).await?;
            if fits.rows_affected() == 0 {
                let user = user_in(&mut tx, new.user_id).await?.ok_or(Error::NotFound("user"))?;
                let (used, limit) = (user.storage_used, user.storage_limit);
                return Err(Error::OutOfQuota { used, limit, wanted: new.size });
            }
            let name = free_name(&mut tx, new.upload_id, &new.filename).await?;
            let id: i64 = query_scalar::<Db, i64>(
                "INSERT INTO raw_files (upload_session_id, user_id, filename, storage_key, size, sha256, meta, date_obs, \
                 chunk_key, healpix_key, is_deleted, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
            )
            .bind(new.upload_id)
            .bind(new.user_id)
            .bind(&name)
            .bind(&new.key)
            .bind(new.size)
            .bind(&new.sha256)
            .bind(&meta)
            .bind(new.meta.date_obs.map(Micros::from))
            .bind(&new.chunk_key)
            .bind(&new.healpix_key)
            .bind(false)
            .bind(now)
            .fetch_one(&mut *tx)
            .await?;
            query::<Db>(
                "UPDATE upload_sessions SET file_count = file_count + 1, total_bytes = total_bytes + ?, \
                 object_name = COALESCE(object_name, ?), ra_deg = COALESCE(ra_deg, ?), dec_deg = COALESCE(dec_deg, ?), \
                 expires_at = ? WHERE id = ?",
            )
            .bind(new.size)
            .bind(new.meta.object.as_deref().map(|object| cut(object, 100)))
            .bind(new.meta.pointing.map(|pointing| pointing.ra()))
            .bind(new.meta.pointing.map(|pointing| pointing.dec()))
            .bind(now.plus(new.lifetime))
            .bind(new.upload_id)
            .execute(&mut *tx)
            .await?;
            let sql = concat!("SELECT ", file_columns!(), " FROM raw_files WHERE id = ?");
            Ok(Added::New(raw_file(&query::<Db>(sql).bind(id).fetch_one(&mut *tx).await?)?))
        })
    }

    async fn drop_file(&self, user: UserId, id: UploadId, sha256: &str) -> Result<bool> {
        transact!(self, |tx, now| {
            must_be_open(&locked(&mut tx, user, id).await?)?;
            let sql = concat!(
                "SELECT ",
                file_columns!(),
                " FROM raw_files WHERE upload_session_id = ? AND sha256 = ?"
            );
            let Some(row) = query::<Db>(sql).bind(id).bind(sha256).fetch_optional(&mut *tx).await? else {
                return Ok(false);
            };
            let file = raw_file(&row)?;
            query::<Db>("DELETE FROM raw_files WHERE id = ?").bind(file.id).execute(&mut *tx).await?;
            let sql = "UPDATE upload_sessions SET file_count = file_count - 1, total_bytes = total_bytes - ? WHERE id = ?";
            query::<Db>(sql).bind(file.size).bind(id).execute(&mut *tx).await?;
            doom(&mut tx, now, now, Role::Raws, &file.key, "dropped").await?;
            add_usage(&mut tx, user, -file.size).await?;
            Ok(true)
        })
    }

    async fn finalise(&self, plan: &Finalise) -> Result<Finalised> {
        transact!(self, |tx, now| {
            let session = locked(&mut tx, plan.user_id, plan.upload_id).await?;
            if session.state == UploadState::Complete {
                return finalised(&mut tx, plan.upload_id, true).await;
            }
            must_be_open(&session)?;
            let sql = "SELECT id FROM raw_files WHERE upload_session_id = ? AND NOT is_deleted ORDER BY id";
            let there: Vec<i64> =
                query_scalar::<Db, i64>(sql).bind(plan.upload_id).fetch_all(&mut *tx).await?;
            let mut planned: Vec<i64> = plan.files.iter().map(|id| id.0).collect();
            planned.sort_unstable();
            if there != planned {
                return Err(Error::Changed);
            }
            insert_jobs(&mut tx, now, plan.user_id, plan.upload_id, &plan.jobs).await?;
            for (file, reason) in &plan.rejected {
                let sql = "UPDATE raw_files SET rejected = ? WHERE id = ? AND upload_session_id = ?";
                query::<Db>(sql)
                    .bind(cut(reason, 500))
                    .bind(file)
                    .bind(plan.upload_id)
                    .execute(&mut *tx)
                    .await?;
            }
            let sql = "UPDATE upload_sessions SET state = 'complete', completed_at = ? WHERE id = ?";
            query::<Db>(sql).bind(now).bind(plan.upload_id).execute(&mut *tx).await?;
            finalised(&mut tx, plan.upload_id, false).await
        })
    }

    async fn abandon_upload(&self, user: UserId, id: UploadId) -> Result<()> {
        transact!(self, |tx, now| {
            let session = locked(&mut tx, user, id).await?;
            if session.state == UploadState::Expired {
                return Ok(());
            }
            must_be_open(&session)?;
            close_without_jobs(&mut tx, now, &session, "abandoned").await
        })
    }

    async fn expire_uploads(&self, limit: i64) -> Result<i64> {
        transact!(self, |tx, now| {
            let sql = concat!(
                "SELECT ",
                upload_columns!(),
                " FROM upload_sessions WHERE state = 'uploading' AND expires_at <= ? ORDER BY expires_at LIMIT ?",
                skip_locked!()
            );
            let rows = query::<Db>(sql).bind(now).bind(limit).fetch_all(&mut *tx).await?;
            for row in &rows {
                close_without_jobs(&mut tx, now, &upload(row)?, "expired").await?;
            }
            Ok(rows.len() as i64)
        })
    }
}

/// What finalising made of a session.
async fn finalised(tx: &mut Conn, id: UploadId, replay: bool) -> Result<Finalised> {
    let sql = "SELECT id, chunk_key FROM stacking_jobs WHERE upload_session_id = ? ORDER BY id";
    let rows = query::<Db>(sql).bind(id).fetch_all(&mut *tx).await?;
    let job = |row: &Row| Ok((get::<JobId>(row, "id")?, get::<String>(row, "chunk_key")?));
    let jobs: Result<Vec<(JobId, String)>> = rows.iter().map(job).collect();
    let sql = "SELECT filename, rejected FROM raw_files WHERE upload_session_id = ? AND rejected IS NOT NULL ORDER BY id";
    let rows = query::<Db>(sql).bind(id).fetch_all(&mut *tx).await?;
    let file = |row: &Row| Ok((get::<String>(row, "filename")?, get::<String>(row, "rejected")?));
    let rejected: Result<Vec<(String, String)>> = rows.iter().map(file).collect();
    Ok(Finalised { jobs: jobs?, rejected: rejected?, replay })
}
