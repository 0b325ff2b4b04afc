//! The database, in sentences: one method is one transaction.
//!
//! [`Store`] is the sum of the traits, one file each; `sqlite/` and `mariadb/` implement them, and one contract suite runs
//! on both. No SQL shows above this folder, no FITS below it.

#[macro_use]
mod transact;

mod connect;
mod error;
mod ids;
mod jobs;
#[allow(clippy::duplicate_mod, reason = "one text of the SQL, compiled for each of the two databases")]
pub mod mariadb;
mod outbox;
mod sessions;
#[allow(clippy::duplicate_mod, reason = "as for mariadb")]
pub mod sqlite;
mod stacks;
mod time;
mod uploads;
mod users;
mod workers;

pub use connect::{check, connect};
pub use error::{Error, Result};
pub use ids::{JobId, OutboxId, RawId, SessionId, StackId, UploadId, UserId, WorkerId};
pub use jobs::{
    Attempt, Backoff, Claim, Completed, Failure, Heartbeat, Job, JobKind, JobState, Jobs, Lease, NewJob,
    QueueState,
};
pub use outbox::{BrokenRule, Doomed, LiveObject, Outbox, OutboxState};
pub use sessions::{AuditEntry, NewSession, Session, Sessions, TokenHash};
pub use stacks::{NewStack, Stack, StackQuery, Stacks};
pub use time::Micros;
pub use uploads::{
    Added, Earlier, Finalise, Finalised, NewFile, NewUpload, RawFile, Upload, UploadState, Uploads,
};
pub use users::{NewUser, Tier, User, Users, normalise};
pub use workers::{WorkerToken, Workers};

use async_trait::async_trait;
use std::fmt::Debug;

/// A database that holds all of CrowdSky's rows.
#[async_trait]
pub trait Store: Users + Sessions + Uploads + Jobs + Stacks + Workers + Outbox + Debug + Send + Sync {
    /// Brings the schema up to what this program needs, under a lock.
    async fn migrate(&self) -> Result<()>;
    /// Whether the database answers and has the schema this program needs. `Schema` if not.
    async fn ready(&self) -> Result<()>;
    /// Closes all connections, after what runs has ended.
    async fn close(&self);
}
