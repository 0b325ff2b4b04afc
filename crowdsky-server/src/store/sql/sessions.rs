//! Sessions, failures, audit.

use super::common::{cut, get, now};
use super::{Db, Row, SqlStore, reader, users};
use crate::secret::hex;
use crate::store::{
    AuditEntry, Error, Micros, NewSession, Result, Session, SessionId, Sessions, TokenHash, User, UserId,
};
use async_trait::async_trait;
use sqlx::{query, query_scalar};
use std::time::Duration;

fn session(row: &Row) -> Result<Session> {
    Ok(Session {
        id: get(row, "id")?,
        user_id: get(row, "user_id")?,
        created_at: get(row, "created_at")?,
        last_seen_at: get(row, "last_seen_at")?,
        expires_at: get(row, "expires_at")?,
        user_agent: get(row, "user_agent")?,
    })
}

macro_rules! columns {
    () => {
        "id, user_id, created_at, last_seen_at, expires_at, user_agent"
    };
}

#[async_trait]
impl Sessions for SqlStore {
    async fn open_session(&self, new: &NewSession) -> Result<Session> {
        transact!(self, |tx, now| {
            let agent = cut(&new.user_agent, 200);
            let expires_at = now.plus(new.lifetime);
            let id: i64 = query_scalar::<Db, i64>(
                "INSERT INTO sessions (user_id, token_hash, created_at, last_seen_at, expires_at, user_agent) \
                 VALUES (?, ?, ?, ?, ?, ?) RETURNING id",
            )
            .bind(new.user_id)
            .bind(hex(&new.token_hash))
            .bind(now)
            .bind(now)
            .bind(expires_at)
            .bind(&agent)
            .fetch_one(&mut *tx)
            .await?;
            let session = Session {
                id: SessionId(id),
                user_id: new.user_id,
                created_at: now,
                last_seen_at: now,
                expires_at,
                user_agent: agent,
            };
            Ok(session)
        })
    }

    async fn session(&self, token: &TokenHash, idle: Duration) -> Result<Option<(Session, User)>> {
        let mut connection = reader(self).await?;
        let now = now(&mut connection).await?;
        let sql = concat!(
            "SELECT ",
            columns!(),
            " FROM sessions WHERE token_hash = ? AND expires_at > ? AND last_seen_at > ?"
        );
        let row = query::<Db>(sql)
            .bind(hex(token))
            .bind(now)
            .bind(now.minus(idle))
            .fetch_optional(&mut *connection)
            .await?;
        let Some(found) = row.as_ref().map(session).transpose()? else { return Ok(None) };
        let Some(user) = users::user_in(&mut connection, found.user_id).await?.filter(|user| user.is_active)
        else {
            return Ok(None);
        };
        drop(connection);
        // A write for every request would make readers wait for each other.
        let stale = idle.div_f64(10.0).min(Duration::from_secs(60));
        if now.since(found.last_seen_at) > stale {
            let sql = "UPDATE sessions SET last_seen_at = ? WHERE id = ?";
            transact!(self, |tx, now| {
                query::<Db>(sql).bind(now).bind(found.id).execute(&mut *tx).await?;
                Ok(())
            })?;
        }
        Ok(Some((found, user)))
    }

    async fn sessions(&self, user: UserId, idle: Duration) -> Result<Vec<Session>> {
        let mut connection = reader(self).await?;
        let now = now(&mut connection).await?;
        let sql = concat!(
            "SELECT ",
            columns!(),
            " FROM sessions WHERE user_id = ? AND expires_at > ? AND last_seen_at > ? ORDER BY last_seen_at DESC, id DESC"
        );
        let rows =
            query::<Db>(sql).bind(user).bind(now).bind(now.minus(idle)).fetch_all(&mut *connection).await?;
        rows.iter().map(session).collect()
    }

    async fn close_session(&self, token: &TokenHash) -> Result<()> {
        transact!(self, |tx, _now| {
            query::<Db>("DELETE FROM sessions WHERE token_hash = ?")
                .bind(hex(token))
                .execute(&mut *tx)
                .await?;
            Ok(())
        })
    }

    async fn close_session_of(&self, user: UserId, id: SessionId) -> Result<()> {
        transact!(self, |tx, _now| {
            let sql = "DELETE FROM sessions WHERE user_id = ? AND id = ?";
            match query::<Db>(sql).bind(user).bind(id).execute(&mut *tx).await?.rows_affected() {
                0 => Err(Error::NotFound("session")),
                _ => Ok(()),
            }
        })
    }

    async fn note_failure(&self, key: &str) -> Result<()> {
        transact!(self, |tx, now| {
            let sql = "INSERT INTO login_failures (failure_key, failed_at) VALUES (?, ?)";
            query::<Db>(sql).bind(cut(key, 300)).bind(now).execute(&mut *tx).await?;
            Ok(())
        })
    }

    async fn failures(&self, key: &str, span: Duration) -> Result<(i64, Option<Duration>)> {
        let mut connection = reader(self).await?;
        let now = now(&mut connection).await?;
        let sql = "SELECT COUNT(*) AS failed, MAX(failed_at) AS latest FROM login_failures \
                   WHERE failure_key = ? AND failed_at > ?";
        let row =
            query::<Db>(sql).bind(cut(key, 300)).bind(now.minus(span)).fetch_one(&mut *connection).await?;
        let latest: Option<Micros> = get(&row, "latest")?;
        Ok((get(&row, "failed")?, latest.map(|latest| now.since(latest))))
    }

    async fn clear_failures(&self, key: &str) -> Result<()> {
        transact!(self, |tx, _now| {
            query::<Db>("DELETE FROM login_failures WHERE failure_key = ?")
                .bind(cut(key, 300))
                .execute(&mut *tx)
                .await?;
            Ok(())
        })
    }

    async fn audit(&self, entry: &AuditEntry) -> Result<()> {
        transact!(self, |tx, now| {
            query::<Db>(
                "INSERT INTO audit (logged_at, user_id, event, detail, request_id) VALUES (?, ?, ?, ?, ?)",
            )
            .bind(now)
            .bind(entry.user_id)
            .bind(cut(&entry.event, 40))
            .bind(cut(&entry.detail, 500))
            .bind(entry.request_id.as_deref().map(|id| cut(id, 64)))
            .execute(&mut *tx)
            .await?;
            Ok(())
        })
    }

    async fn audit_log(&self, limit: i64) -> Result<Vec<(Micros, AuditEntry)>> {
        let sql = "SELECT logged_at, user_id, event, detail, request_id FROM audit ORDER BY id DESC LIMIT ?";
        let rows = query::<Db>(sql).bind(limit).fetch_all(&mut *reader(self).await?).await?;
        let entry = |row: &Row| {
            let entry = AuditEntry {
                user_id: get(row, "user_id")?,
                event: get(row, "event")?,
                detail: get(row, "detail")?,
                request_id: get(row, "request_id")?,
            };
            Ok((get(row, "logged_at")?, entry))
        };
        rows.iter().map(entry).collect()
    }
}
