//! Tokens of workers.

use super::{Micros, Result, WorkerId, sessions::TokenHash};
use async_trait::async_trait;

/// A worker's token: the secret itself is shown once and never stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkerToken {
    /// Number.
    pub id: WorkerId,
    /// Unique name.
    pub name: String,
    /// When it was made.
    pub created_at: Micros,
    /// Last use, to the minute.
    pub last_seen_at: Option<Micros>,
    /// Good for nothing since.
    pub revoked_at: Option<Micros>,
}

/// Rows of worker tokens.
#[async_trait]
pub trait Workers {
    /// Adds a token. `Conflict` if the name is taken by one that is not revoked.
    async fn add_worker(&self, name: &str, token: &TokenHash) -> Result<WorkerToken>;
    /// The token with this hash, unless it is revoked. Moves `last_seen_at` on when it is more than a minute old.
    async fn worker(&self, token: &TokenHash) -> Result<Option<WorkerToken>>;
    /// Revokes a token by name; its leases end at once. `NotFound` if there is none.
    async fn revoke_worker(&self, name: &str) -> Result<()>;
    /// All tokens, by number.
    async fn workers(&self) -> Result<Vec<WorkerToken>>;
}
