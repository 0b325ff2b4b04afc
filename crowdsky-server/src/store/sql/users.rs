//! Statements on users.

use super::dooming::{self, Reason};
use super::tx::Tx;
use super::{Db, Row, SqlStore, inserted};
use crate::store::{Error, NewUser, Result, Tier, TokenHash, User, UserId, Users, normalise};
use async_trait::async_trait;
use sqlx::Row as _;

pub(super) fn user_of(row: &Row) -> Result<User> {
    let id: UserId = row.try_get("id")?;
    let tier: String = row.try_get("tier")?;
    let tier = Tier::parse(&tier).ok_or_else(|| Error::Corrupt {
        what: "user",
        id: id.0,
        why: format!("there is no tier {tier:?}"),
    })?;
    Ok(User {
        id,
        username: row.try_get("username")?,
        email: row.try_get("email")?,
        password_hash: row.try_get("password_hash")?,
        tier,
        storage_used: row.try_get("storage_used")?,
        storage_limit: row.try_get("storage_limit")?,
        created_at: row.try_get("created_at")?,
        is_active: row.try_get::<i64, _>("is_active")? != 0,
    })
}

#[async_trait]
impl Users for SqlStore {
    async fn add_user(&self, user: &NewUser) -> Result<User> {
        transact!(self, tx => add(&mut tx, user))
    }

    async fn user(&self, id: UserId) -> Result<Option<User>> {
        read!(self, tx => find(&mut tx, id))
    }

    async fn user_by_name(&self, username: &str) -> Result<Option<User>> {
        let name = normalise(username);
        read!(self, tx => find_by(&mut tx, "SELECT * FROM users WHERE username_norm = ?", &name))
    }

    async fn user_by_email(&self, email: &str) -> Result<Option<User>> {
        let email = normalise(email);
        read!(self, tx => find_by(&mut tx, "SELECT * FROM users WHERE email_norm = ?", &email))
    }

    async fn users(&self) -> Result<Vec<User>> {
        read!(self, tx => all(&mut tx))
    }

    async fn set_password(&self, id: UserId, hash: &str, keep: Option<&TokenHash>) -> Result<()> {
        transact!(self, tx => set_password(&mut tx, id, hash, keep))
    }

    async fn set_active(&self, id: UserId, active: bool) -> Result<()> {
        transact!(self, tx => set_active(&mut tx, id, active))
    }

    async fn set_tier(&self, id: UserId, tier: Tier, storage_limit: i64) -> Result<()> {
        transact!(self, tx => set_tier(&mut tx, id, tier, storage_limit))
    }

    async fn erase_user(&self, id: UserId) -> Result<()> {
        transact!(self, tx => erase(&mut tx, id))
    }
}

async fn add(tx: &mut Tx, user: &NewUser) -> Result<User> {
    let (name, email) = (normalise(&user.username), normalise(&user.email));
    if find_by(tx, "SELECT * FROM users WHERE username_norm = ?", &name).await?.is_some() {
        return Err(Error::Conflict("username"));
    }
    if find_by(tx, "SELECT * FROM users WHERE email_norm = ?", &email).await?.is_some() {
        return Err(Error::Conflict("email"));
    }
    let sql = "INSERT INTO users (username, username_norm, email, email_norm, password_hash, tier, storage_limit, created_at) \
               VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
    let result = sqlx::query::<Db>(sql)
        .bind(&user.username)
        .bind(&name)
        .bind(&user.email)
        .bind(&email)
        .bind(&user.password_hash)
        .bind(user.tier.as_str())
        .bind(user.storage_limit)
        .bind(tx.now)
        .execute(tx.db())
        .await
        .map_err(|error| match error.as_database_error() {
            // Someone else was quicker between the questions above and this; the index that refused has the column in its name.
            Some(e) if e.is_unique_violation() => {
                Error::Conflict(if e.message().contains("email") { "email" } else { "username" })
            }
            _ => error.into(),
        })?;
    find(tx, UserId(inserted(&result))).await?.ok_or(Error::NotFound("user"))
}

pub(super) async fn find(tx: &mut Tx, id: UserId) -> Result<Option<User>> {
    let row = sqlx::query::<Db>("SELECT * FROM users WHERE id = ?").bind(id).fetch_optional(tx.db()).await?;
    row.as_ref().map(user_of).transpose()
}

async fn find_by(tx: &mut Tx, sql: &'static str, value: &str) -> Result<Option<User>> {
    let row = sqlx::query::<Db>(sql).bind(value).fetch_optional(tx.db()).await?;
    row.as_ref().map(user_of).transpose()
}

/// The user, whose row stays as it is until the transaction ends.
pub(super) async fn lock(tx: &mut Tx, id: UserId) -> Result<User> {
    let sql = concat!("SELECT * FROM users WHERE id = ?", for_update!());
    let row = sqlx::query::<Db>(sql).bind(id).fetch_optional(tx.db()).await?;
    row.as_ref().map(user_of).transpose()?.ok_or(Error::NotFound("user"))
}

/// Adds to what a user's objects take; less than nothing to take away (I7).
pub(super) async fn use_storage(tx: &mut Tx, id: UserId, bytes: i64) -> Result<()> {
    let sql = "UPDATE users SET storage_used = storage_used + ? WHERE id = ?";
    sqlx::query::<Db>(sql).bind(bytes).bind(id).execute(tx.db()).await?;
    Ok(())
}

async fn all(tx: &mut Tx) -> Result<Vec<User>> {
    let rows = sqlx::query::<Db>("SELECT * FROM users ORDER BY id").fetch_all(tx.db()).await?;
    rows.iter().map(user_of).collect()
}

async fn set_password(tx: &mut Tx, id: UserId, hash: &str, keep: Option<&TokenHash>) -> Result<()> {
    let sql = "UPDATE users SET password_hash = ? WHERE id = ?";
    let done = sqlx::query::<Db>(sql).bind(hash).bind(id).execute(tx.db()).await?;
    if done.rows_affected() == 0 {
        return Err(Error::NotFound("user"));
    }
    // No token hashes to nothing, so an empty one keeps none.
    let keep: &[u8] = keep.map_or(&[], |hash| hash);
    let sql = "DELETE FROM sessions WHERE user_id = ? AND token_hash <> ?";
    sqlx::query::<Db>(sql).bind(id).bind(keep).execute(tx.db()).await?;
    Ok(())
}

async fn set_active(tx: &mut Tx, id: UserId, active: bool) -> Result<()> {
    let sql = "UPDATE users SET is_active = ? WHERE id = ?";
    let done = sqlx::query::<Db>(sql).bind(i64::from(active)).bind(id).execute(tx.db()).await?;
    if done.rows_affected() == 0 {
        return Err(Error::NotFound("user"));
    }
    if !active {
        sqlx::query::<Db>("DELETE FROM sessions WHERE user_id = ?").bind(id).execute(tx.db()).await?;
    }
    Ok(())
}

async fn set_tier(tx: &mut Tx, id: UserId, tier: Tier, storage_limit: i64) -> Result<()> {
    let sql = "UPDATE users SET tier = ?, storage_limit = ? WHERE id = ?";
    let query = sqlx::query::<Db>(sql).bind(tier.as_str()).bind(storage_limit).bind(id);
    match query.execute(tx.db()).await?.rows_affected() {
        0 => Err(Error::NotFound("user")),
        _ => Ok(()),
    }
}

/// The objects go to the outbox before the rows that know them are gone (U-32); the rows of all other tables go with the
/// user's by their foreign keys.
async fn erase(tx: &mut Tx, id: UserId) -> Result<()> {
    let user = lock(tx, id).await?;
    dooming::raws_of_user(tx, id, Reason::Erased).await?;
    dooming::stacks_of_user(tx, id, Reason::Erased).await?;
    dooming::staged_of_user(tx, id).await?;
    let sql = "UPDATE audit SET user_id = NULL, detail = '' WHERE user_id = ?";
    sqlx::query::<Db>(sql).bind(id).execute(tx.db()).await?;
    for name in [&user.username, &user.email] {
        let sql = "DELETE FROM login_failures WHERE subject = ?";
        let subject = format!("login:{}", normalise(name));
        sqlx::query::<Db>(sql).bind(subject).execute(tx.db()).await?;
    }
    sqlx::query::<Db>("DELETE FROM users WHERE id = ?").bind(id).execute(tx.db()).await?;
    Ok(())
}
