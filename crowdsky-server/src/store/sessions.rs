//! Signed-in browsers, failed attempts, and the audit log.

use super::{Micros, Result, SessionId, User, UserId};
use async_trait::async_trait;
use std::time::Duration;

/// SHA-256 of a secret token: the database never holds the token itself.
pub type TokenHash = [u8; 32];

/// A signed-in browser.
#[derive(Debug, Clone, PartialEq)]
pub struct Session {
    /// Number, by which the user may end it.
    pub id: SessionId,
    /// Whose.
    pub user_id: UserId,
    /// Sign-in.
    pub created_at: Micros,
    /// Last request, to the minute.
    pub last_seen_at: Micros,
    /// Ends then at the latest.
    pub expires_at: Micros,
    /// What the browser calls itself, cut to 200 characters.
    pub user_agent: String,
}

/// A session to be.
#[derive(Debug, Clone)]
pub struct NewSession {
    /// Whose.
    pub user_id: UserId,
    /// Of the token in the cookie.
    pub token_hash: TokenHash,
    /// Ends after this at the latest.
    pub lifetime: Duration,
    /// What the browser calls itself.
    pub user_agent: String,
}

/// Something worth remembering: who did what.
#[derive(Debug, Clone, Default)]
pub struct AuditEntry {
    /// Who, if known.
    pub user_id: Option<UserId>,
    /// `registered`, `login_ok`, `login_failed`, `logout`, `password_changed`, `job_deleted`, `worker_token_new`, ...
    pub event: String,
    /// On what; never a secret.
    pub detail: String,
    /// Of the request that did it.
    pub request_id: Option<String>,
}

/// Rows of sessions, attempts and the audit log.
#[async_trait]
pub trait Sessions {
    /// Opens a session.
    async fn open_session(&self, session: &NewSession) -> Result<Session>;
    /// The session of that token and its user, if it has not ended: not past `expires_at`, last seen within `idle`, the
    /// user active. Moves `last_seen_at` on when it is more than a minute old (or a tenth of `idle`, if that is less).
    async fn session(&self, token: &TokenHash, idle: Duration) -> Result<Option<(Session, User)>>;
    /// The sessions of a user that have not ended, latest first.
    async fn sessions(&self, user: UserId, idle: Duration) -> Result<Vec<Session>>;
    /// Ends the session of that token; none is fine.
    async fn close_session(&self, token: &TokenHash) -> Result<()>;
    /// Ends one session of the user. `NotFound` if it is not theirs.
    async fn close_session_of(&self, user: UserId, session: SessionId) -> Result<()>;

    /// Counts a failure under `key` (such as `login:NAME`).
    async fn note_failure(&self, key: &str) -> Result<()>;
    /// How many failures `key` has had within `span`, and how long ago the last was.
    async fn failures(&self, key: &str, span: Duration) -> Result<(i64, Option<Duration>)>;
    /// Forgets the failures of `key`.
    async fn clear_failures(&self, key: &str) -> Result<()>;

    /// Adds to the audit log.
    async fn audit(&self, entry: &AuditEntry) -> Result<()>;
    /// The latest entries, latest first, with their times.
    async fn audit_log(&self, limit: i64) -> Result<Vec<(Micros, AuditEntry)>>;
}
