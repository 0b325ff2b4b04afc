//! Who may come in.

use super::{Micros, Result, UserId, sessions::TokenHash};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What a user may use; the limits of each tier are settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    /// As one registers.
    Free,
    /// More storage.
    Pro,
    /// More storage, and raws are kept after stacking.
    Raw,
}

impl Tier {
    /// Its name in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Tier::Free => "free",
            Tier::Pro => "pro",
            Tier::Raw => "raw",
        }
    }

    /// The tier of that name.
    pub fn parse(text: &str) -> Option<Tier> {
        [Tier::Free, Tier::Pro, Tier::Raw].into_iter().find(|tier| tier.as_str() == text)
    }
}

/// A user, as the row says.
#[derive(Clone, PartialEq)]
pub struct User {
    /// Number.
    pub id: UserId,
    /// Name as it was written; compared by [`normalise`].
    pub username: String,
    /// E-mail address as it was written; compared by [`normalise`].
    pub email: String,
    /// bcrypt, with its own prefix, cost and salt.
    pub password_hash: String,
    /// What they may use.
    pub tier: Tier,
    /// Bytes of their live objects (I7).
    pub storage_used: i64,
    /// Bytes they may have.
    pub storage_limit: i64,
    /// When they registered.
    pub created_at: Micros,
    /// False: may not come in.
    pub is_active: bool,
}

/// A user to be.
#[derive(Clone)]
pub struct NewUser {
    /// Checked already.
    pub username: String,
    /// Checked already.
    pub email: String,
    /// bcrypt.
    pub password_hash: String,
    /// Tier.
    pub tier: Tier,
    /// Bytes they may have.
    pub storage_limit: i64,
}

/// Without the hash (U-35), and without the address.
impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("User")
            .field("id", &self.id)
            .field("username", &self.username)
            .field("tier", &self.tier)
            .field("storage_used", &self.storage_used)
            .field("is_active", &self.is_active)
            .finish_non_exhaustive()
    }
}

/// Without the hash (U-35), and without the address.
impl fmt::Debug for NewUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, tier) = (&self.username, &self.tier);
        f.debug_struct("NewUser").field("username", name).field("tier", tier).finish_non_exhaustive()
    }
}

/// How names and addresses are compared, on every database alike: without case, without surrounding space.
pub fn normalise(text: &str) -> String {
    text.trim().to_lowercase()
}

/// Rows of users.
#[async_trait]
pub trait Users {
    /// Adds a user. `Conflict` if the name or the address is taken (compared by [`normalise`]).
    async fn add_user(&self, user: &NewUser) -> Result<User>;
    /// The user of that number.
    async fn user(&self, id: UserId) -> Result<Option<User>>;
    /// The user of that name.
    async fn user_by_name(&self, username: &str) -> Result<Option<User>>;
    /// The user of that address.
    async fn user_by_email(&self, email: &str) -> Result<Option<User>>;
    /// All users, by number.
    async fn users(&self) -> Result<Vec<User>>;
    /// Sets the password's hash and ends every session of the user but `keep`.
    async fn set_password(&self, id: UserId, hash: &str, keep: Option<&TokenHash>) -> Result<()>;
    /// Replaces the hash by another one of the same password: nobody is signed out.
    async fn rehash(&self, id: UserId, hash: &str) -> Result<()>;
    /// Lets a user in or locks them out; locking out ends their sessions.
    async fn set_active(&self, id: UserId, active: bool) -> Result<()>;
    /// Sets tier and quota.
    async fn set_tier(&self, id: UserId, tier: Tier, storage_limit: i64) -> Result<()>;
    /// Deletes a user with all rows of theirs; every object of theirs goes to the outbox, due at once (U-32). A running
    /// job of theirs loses its lease.
    async fn erase_user(&self, id: UserId) -> Result<()>;
}
