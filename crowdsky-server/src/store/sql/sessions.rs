//! Statements on signed-in browsers, failed attempts, and the audit log.

use super::tx::Tx;
use super::users::user_of;
use super::{Db, Row, SqlStore, inserted};
use crate::store::{
    AuditEntry, Error, Micros, NewSession, Result, Session, SessionId, Sessions, TokenHash, User, UserId,
};
use async_trait::async_trait;
use sqlx::Row as _;
use std::time::Duration;

fn session_of(row: &Row) -> Result<Session> {
    Ok(Session {
        id: row.try_get("id")?,
        user_id: row.try_get("user_id")?,
        created_at: row.try_get("created_at")?,
        last_seen_at: row.try_get("last_seen_at")?,
        expires_at: row.try_get("expires_at")?,
        user_agent: row.try_get("user_agent")?,
    })
}

#[async_trait]
impl Sessions for SqlStore {
    async fn open_session(&self, session: &NewSession) -> Result<Session> {
        transact!(self, tx => open(&mut tx, session))
    }

    async fn session(&self, token: &TokenHash, idle: Duration) -> Result<Option<(Session, User)>> {
        let (found, now) = read!(self, tx => find(&mut tx, token, idle))?;
        let Some((mut session, user)) = found else { return Ok(None) };
        if now.since(session.last_seen_at) > (idle / 10).min(Duration::from_secs(60)) {
            session.last_seen_at = transact!(self, tx => touch(&mut tx, session.id))?;
        }
        Ok(Some((session, user)))
    }

    async fn sessions(&self, user: UserId, idle: Duration) -> Result<Vec<Session>> {
        read!(self, tx => list(&mut tx, user, idle))
    }

    async fn close_session(&self, token: &TokenHash) -> Result<()> {
        transact!(self, tx => close(&mut tx, token))
    }

    async fn close_session_of(&self, user: UserId, session: SessionId) -> Result<()> {
        transact!(self, tx => close_of(&mut tx, user, session))
    }

    async fn note_failure(&self, key: &str) -> Result<()> {
        transact!(self, tx => note_failure(&mut tx, key))
    }

    async fn failures(&self, key: &str, span: Duration) -> Result<(i64, Option<Duration>)> {
        read!(self, tx => failures(&mut tx, key, span))
    }

    async fn clear_failures(&self, key: &str) -> Result<()> {
        transact!(self, tx => clear_failures(&mut tx, key))
    }

    async fn audit(&self, entry: &AuditEntry) -> Result<()> {
        transact!(self, tx => audit(&mut tx, entry))
    }

    async fn audit_log(&self, limit: i64) -> Result<Vec<(Micros, AuditEntry)>> {
        read!(self, tx => audit_log(&mut tx, limit))
    }
}

/// At most so many characters of a text.
pub(super) fn cut(text: &str, most: usize) -> &str {
    text.char_indices().nth(most).map_or(text, |(at, _)| &text[..at])
}

async fn open(tx: &mut Tx, new: &NewSession) -> Result<Session> {
    let (now, expires_at) = (tx.now, tx.now.plus(new.lifetime));
    let user_agent = cut(&new.user_agent, 200);
    let sql = "INSERT INTO sessions (user_id, token_hash, created_at, last_seen_at, expires_at, user_agent) \
               VALUES (?, ?, ?, ?, ?, ?)";
    let result = sqlx::query::<Db>(sql)
        .bind(new.user_id)
        .bind(&new.token_hash[..])
        .bind(now)
        .bind(now)
        .bind(expires_at)
        .bind(user_agent)
        .execute(tx.db())
        .await
        .map_err(|error| match error.as_database_error() {
            Some(e) if e.is_foreign_key_violation() => Error::NotFound("user"),
            _ => error.into(),
        })?;
    Ok(Session {
        id: SessionId(inserted(&result)),
        user_id: new.user_id,
        created_at: now,
        last_seen_at: now,
        expires_at,
        user_agent: user_agent.to_owned(),
    })
}

async fn find(tx: &mut Tx, token: &TokenHash, idle: Duration) -> Result<(Option<(Session, User)>, Micros)> {
    let sql = "SELECT * FROM sessions WHERE token_hash = ? AND expires_at > ? AND last_seen_at > ?";
    let query = sqlx::query::<Db>(sql).bind(&token[..]).bind(tx.now).bind(tx.now.minus(idle));
    let row = query.fetch_optional(tx.db()).await?;
    let Some(session) = row.as_ref().map(session_of).transpose()? else { return Ok((None, tx.now)) };
    let row = sqlx::query::<Db>("SELECT * FROM users WHERE id = ? AND is_active = 1")
        .bind(session.user_id)
        .fetch_optional(tx.db())
        .await?;
    let user = row.as_ref().map(user_of).transpose()?;
    Ok((user.map(|user| (session, user)), tx.now))
}

async fn touch(tx: &mut Tx, session: SessionId) -> Result<Micros> {
    let sql = "UPDATE sessions SET last_seen_at = ? WHERE id = ?";
    sqlx::query::<Db>(sql).bind(tx.now).bind(session).execute(tx.db()).await?;
    Ok(tx.now)
}

async fn list(tx: &mut Tx, user: UserId, idle: Duration) -> Result<Vec<Session>> {
    let sql = "SELECT * FROM sessions WHERE user_id = ? AND expires_at > ? AND last_seen_at > ? \
               ORDER BY created_at DESC, id DESC";
    let query = sqlx::query::<Db>(sql).bind(user).bind(tx.now).bind(tx.now.minus(idle));
    query.fetch_all(tx.db()).await?.iter().map(session_of).collect()
}

async fn close(tx: &mut Tx, token: &TokenHash) -> Result<()> {
    let sql = "DELETE FROM sessions WHERE token_hash = ?";
    sqlx::query::<Db>(sql).bind(&token[..]).execute(tx.db()).await?;
    Ok(())
}

async fn close_of(tx: &mut Tx, user: UserId, session: SessionId) -> Result<()> {
    let sql = "DELETE FROM sessions WHERE id = ? AND user_id = ?";
    match sqlx::query::<Db>(sql).bind(session).bind(user).execute(tx.db()).await?.rows_affected() {
        0 => Err(Error::NotFound("session")),
        _ => Ok(()),
    }
}

async fn note_failure(tx: &mut Tx, key: &str) -> Result<()> {
    let sql = "INSERT INTO login_failures (subject, failed_at) VALUES (?, ?)";
    sqlx::query::<Db>(sql).bind(cut(key, 300)).bind(tx.now).execute(tx.db()).await?;
    Ok(())
}

async fn failures(tx: &mut Tx, key: &str, span: Duration) -> Result<(i64, Option<Duration>)> {
    let sql = "SELECT COUNT(*), MAX(failed_at) FROM login_failures WHERE subject = ? AND failed_at > ?";
    let (count, last) = sqlx::query_as::<Db, (i64, Option<Micros>)>(sql)
        .bind(cut(key, 300))
        .bind(tx.now.minus(span))
        .fetch_one(tx.db())
        .await?;
    Ok((count, last.map(|last| tx.now.since(last))))
}

async fn clear_failures(tx: &mut Tx, key: &str) -> Result<()> {
    let sql = "DELETE FROM login_failures WHERE subject = ?";
    sqlx::query::<Db>(sql).bind(cut(key, 300)).execute(tx.db()).await?;
    Ok(())
}

async fn audit(tx: &mut Tx, entry: &AuditEntry) -> Result<()> {
    let sql = "INSERT INTO audit (logged_at, user_id, event, detail, request_id) VALUES (?, ?, ?, ?, ?)";
    sqlx::query::<Db>(sql)
        .bind(tx.now)
        .bind(entry.user_id)
        .bind(cut(&entry.event, 64))
        .bind(cut(&entry.detail, 2_000))
        .bind(entry.request_id.as_deref().map(|id| cut(id, 64)))
        .execute(tx.db())
        .await?;
    Ok(())
}

async fn audit_log(tx: &mut Tx, limit: i64) -> Result<Vec<(Micros, AuditEntry)>> {
    let rows = sqlx::query::<Db>("SELECT * FROM audit ORDER BY id DESC LIMIT ?")
        .bind(limit.max(0))
        .fetch_all(tx.db())
        .await?;
    let entry = |row: &Row| {
        let entry = AuditEntry {
            user_id: row.try_get("user_id")?,
            event: row.try_get("event")?,
            detail: row.try_get("detail")?,
            request_id: row.try_get("request_id")?,
        };
        Ok((row.try_get("logged_at")?, entry))
    };
    rows.iter().map(entry).collect()
}
