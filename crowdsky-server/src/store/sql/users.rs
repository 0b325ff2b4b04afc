//! Users.

use super::claim::doom_delivery;
use super::common::{Conn, corrupt, cut, delete_by_id, doom, get};
use super::jobs::locked_of_user;
use super::{Db, Row, SqlStore, reader};
use crate::objects::Role;
use crate::store::{Error, NewUser, Result, Tier, TokenHash, User, UserId, Users, normalise};
use async_trait::async_trait;
use sqlx::{query, query_scalar};

macro_rules! columns {
    () => {
        "id, username, email, password_hash, tier, storage_used, storage_limit, is_active, created_at"
    };
}

/// A user from a row with these columns.
pub(super) fn user(row: &Row) -> Result<User> {
    let id: i64 = get(row, "id")?;
    let tier: String = get(row, "tier")?;
    Ok(User {
        id: UserId(id),
        username: get(row, "username")?,
        email: get(row, "email")?,
        password_hash: get(row, "password_hash")?,
        tier: Tier::parse(&tier).ok_or_else(|| corrupt("user", id, format!("tier {tier:?}")))?,
        storage_used: get(row, "storage_used")?,
        storage_limit: get(row, "storage_limit")?,
        created_at: get(row, "created_at")?,
        is_active: get(row, "is_active")?,
    })
}

/// The user of that number, in a transaction.
pub(super) async fn user_in(tx: &mut Conn, id: UserId) -> Result<Option<User>> {
    let sql = concat!("SELECT ", columns!(), " FROM users WHERE id = ?");
    query::<Db>(sql).bind(id).fetch_optional(tx).await?.as_ref().map(user).transpose()
}

#[async_trait]
impl Users for SqlStore {
    async fn add_user(&self, new: &NewUser) -> Result<User> {
        transact!(self, |tx, now| {
            let added = query::<Db>(
                "INSERT INTO users (username, username_norm, email, email_norm, password_hash, tier, storage_used, \
                 storage_limit, fair_vt, is_active, created_at) VALUES (?, ?, ?, ?, ?, ?, 0, ?, 0, ?, ?) RETURNING id",
            )
            .bind(&new.username)
            .bind(normalise(&new.username))
            .bind(&new.email)
            .bind(normalise(&new.email))
            .bind(&new.password_hash)
            .bind(new.tier.as_str())
            .bind(new.storage_limit)
            .bind(true)
            .bind(now)
            .fetch_one(&mut *tx)
            .await;
            let row = match added {
                Err(sqlx::Error::Database(said)) if said.is_unique_violation() => {
                    return Err(Error::Conflict("user name or e-mail address"));
                }
                other => other?,
            };
            let id: i64 = get(&row, "id")?;
            user_in(&mut tx, UserId(id)).await?.ok_or(Error::NotFound("user"))
        })
    }

    async fn user(&self, id: UserId) -> Result<Option<User>> {
        user_in(&mut *reader(self).await?, id).await
    }

    async fn user_by_name(&self, username: &str) -> Result<Option<User>> {
        let sql = concat!("SELECT ", columns!(), " FROM users WHERE username_norm = ?");
        let row =
            query::<Db>(sql).bind(normalise(username)).fetch_optional(&mut *reader(self).await?).await?;
        row.as_ref().map(user).transpose()
    }

    async fn user_by_email(&self, email: &str) -> Result<Option<User>> {
        let sql = concat!("SELECT ", columns!(), " FROM users WHERE email_norm = ?");
        let row = query::<Db>(sql).bind(normalise(email)).fetch_optional(&mut *reader(self).await?).await?;
        row.as_ref().map(user).transpose()
    }

    async fn users(&self) -> Result<Vec<User>> {
        let sql = concat!("SELECT ", columns!(), " FROM users ORDER BY id");
        query::<Db>(sql).fetch_all(&mut *reader(self).await?).await?.iter().map(user).collect()
    }

    async fn set_password(&self, id: UserId, hash: &str, keep: Option<&TokenHash>) -> Result<()> {
        transact!(self, |tx, _now| {
            let set = query::<Db>("UPDATE users SET password_hash = ? WHERE id = ?")
                .bind(hash)
                .bind(id)
                .execute(&mut *tx);
            if set.await?.rows_affected() == 0 && user_in(&mut tx, id).await?.is_none() {
                return Err(Error::NotFound("user"));
            }
            let keep = keep.map(|token| crate::secret::hex(token)).unwrap_or_default();
            query::<Db>("DELETE FROM sessions WHERE user_id = ? AND token_hash <> ?")
                .bind(id)
                .bind(keep)
                .execute(&mut *tx)
                .await?;
            Ok(())
        })
    }

    async fn rehash(&self, id: UserId, hash: &str) -> Result<()> {
        transact!(self, |tx, _now| {
            query::<Db>("UPDATE users SET password_hash = ? WHERE id = ?")
                .bind(hash)
                .bind(id)
                .execute(&mut *tx)
                .await?;
            Ok(())
        })
    }

    async fn set_active(&self, id: UserId, active: bool) -> Result<()> {
        transact!(self, |tx, _now| {
            user_in(&mut tx, id).await?.ok_or(Error::NotFound("user"))?;
            query::<Db>("UPDATE users SET is_active = ? WHERE id = ?")
                .bind(active)
                .bind(id)
                .execute(&mut *tx)
                .await?;
            if !active {
                query::<Db>("DELETE FROM sessions WHERE user_id = ?").bind(id).execute(&mut *tx).await?;
            }
            Ok(())
        })
    }

    async fn set_tier(&self, id: UserId, tier: Tier, storage_limit: i64) -> Result<()> {
        transact!(self, |tx, _now| {
            user_in(&mut tx, id).await?.ok_or(Error::NotFound("user"))?;
            query::<Db>("UPDATE users SET tier = ?, storage_limit = ? WHERE id = ?")
                .bind(tier.as_str())
                .bind(storage_limit)
                .bind(id)
                .execute(&mut *tx)
                .await?;
            Ok(())
        })
    }

    async fn erase_user(&self, id: UserId) -> Result<()> {
        transact!(self, |tx, now| {
            // With the user's row locked, no upload and no completion can be charged to them meanwhile; with their jobs'
            // rows, none begins to be delivered.
            let lock = concat!("SELECT id FROM users WHERE id = ?", for_update!());
            query_scalar::<Db, i64>(lock)
                .bind(id)
                .fetch_optional(&mut *tx)
                .await?
                .ok_or(Error::NotFound("user"))?;
            let jobs = locked_of_user(&mut tx, id).await?;
            for (role, key) in objects_of(&mut tx, id).await? {
                doom(&mut tx, now, now, role, &key, "erased").await?;
            }
            for job in jobs.iter().filter(|job| job.lease.is_some()) {
                doom_delivery(&mut tx, now, job).await?;
            }
            let attempts = "SELECT job_attempts.id FROM job_attempts \
                            JOIN stacking_jobs ON stacking_jobs.id = job_attempts.job_id WHERE user_id = ?";
            let attempts: Vec<i64> = query_scalar::<Db, i64>(attempts).bind(id).fetch_all(&mut *tx).await?;
            delete_by_id(&mut tx, "DELETE FROM job_attempts WHERE id IN (", &attempts).await?;
            for sql in [
                "DELETE FROM stacked_frames WHERE user_id = ?",
                "DELETE FROM raw_files WHERE user_id = ?",
                "DELETE FROM stacking_jobs WHERE user_id = ?",
                "DELETE FROM upload_sessions WHERE user_id = ?",
                "DELETE FROM sessions WHERE user_id = ?",
                // Who it was is forgotten, that it happened is not.
                "UPDATE audit SET user_id = NULL, detail = '' WHERE user_id = ?",
                "DELETE FROM users WHERE id = ?",
            ] {
                query::<Db>(sql).bind(id).execute(&mut *tx).await?;
            }
            let entry =
                "INSERT INTO audit (logged_at, user_id, event, detail) VALUES (?, NULL, 'user_erased', ?)";
            query::<Db>(entry).bind(now).bind(cut(&id.to_string(), 500)).execute(&mut *tx).await?;
            Ok(())
        })
    }
}

/// Every object that a row of this user points at.
async fn objects_of(tx: &mut Conn, id: UserId) -> Result<Vec<(Role, String)>> {
    let mut objects = Vec::new();
    for (role, sql) in [
        (Role::Raws, "SELECT storage_key AS object FROM raw_files WHERE user_id = ? AND NOT is_deleted"),
        (Role::Stacks, "SELECT fits_key AS object FROM stacked_frames WHERE user_id = ?"),
        (
            Role::Stacks,
            "SELECT thumb_key AS object FROM stacked_frames WHERE user_id = ? AND thumb_key IS NOT NULL",
        ),
        (
            Role::Stacks,
            "SELECT stars_key AS object FROM stacked_frames WHERE user_id = ? AND stars_key IS NOT NULL",
        ),
    ] {
        for row in query::<Db>(sql).bind(id).fetch_all(&mut *tx).await? {
            objects.push((role, get(&row, "object")?));
        }
    }
    Ok(objects)
}
