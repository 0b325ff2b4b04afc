//! What is to be deleted from the storages: rows first, bytes later, and only from here.

use super::{Micros, OutboxId, Result, UserId};
use crate::objects::{Role, StoredObject};
use async_trait::async_trait;
use std::time::Duration;

/// An object to be deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doomed {
    /// Number.
    pub id: OutboxId,
    /// In which storage.
    pub role: Role,
    /// Its key.
    pub key: String,
    /// Why: `stacked`, `expired`, `deleted`, `erased`, `staged`, `unverified`, `refused`, `orphan`.
    pub reason: String,
    /// How often it has been tried.
    pub tries: i64,
}

/// How full the outbox is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OutboxState {
    /// Deletes that wait.
    pub pending: i64,
    /// Of these, how long the oldest one is overdue.
    pub overdue: Option<Duration>,
}

/// An object some live row points at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveObject {
    /// In which storage.
    pub role: Role,
    /// What the row says of it.
    pub object: StoredObject,
    /// `raw 12`, `stack 3`, `thumbnail of stack 3`: for people.
    pub owner: String,
    /// Whose.
    pub user_id: UserId,
}

/// A rule of the rows that does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokenRule {
    /// `I1` to `I8`, `U-32`.
    pub rule: &'static str,
    /// What is wrong and where.
    pub detail: String,
}

/// Rows of the outbox, and what `fsck` asks.
#[async_trait]
pub trait Outbox {
    /// Puts an object on the list, due after `delay`.
    async fn doom(&self, role: Role, key: &str, reason: &str, delay: Duration) -> Result<()>;
    /// Up to `limit` objects that are due, hidden from other janitors for `hold`. An object that a live row points at is
    /// never among them (I2); that it was to be deleted is forgotten.
    async fn doomed(&self, limit: i64, hold: Duration) -> Result<Vec<Doomed>>;
    /// It is gone.
    async fn deleted(&self, id: OutboxId) -> Result<()>;
    /// It could not be deleted; try again later.
    async fn not_deleted(&self, id: OutboxId, error: &str, again_in: Duration) -> Result<()>;
    /// How full the outbox is.
    async fn outbox(&self) -> Result<OutboxState>;
    /// Whether a live row, or a delete that waits, knows this object: if not, it is an orphan.
    async fn is_known(&self, role: Role, key: &str) -> Result<bool>;
    /// Objects of live rows in the order of their keys, after `after`, at most `limit`.
    async fn live_objects(&self, role: Role, after: &str, limit: i64) -> Result<Vec<LiveObject>>;
    /// Checks the rules I1 to I3, I5, I7, I8 and U-32 (no row outlives its user) on the rows alone.
    async fn broken_rules(&self) -> Result<Vec<BrokenRule>>;
    /// Sets each user's `storage_used` to what their live objects sum up to; says how many were wrong (I7).
    async fn recount_storage(&self) -> Result<i64>;
    /// Forgets ended sessions, old failures, replay records and cancelled jobs older than `keep`. Says how many rows.
    async fn prune(&self, keep: Duration) -> Result<i64>;
    /// The database's clock.
    async fn now(&self) -> Result<Micros>;
}
