//! Register, sign in, sessions, passwords, worker tokens.

mod passwords;
mod throttle;

use super::audit::Audit;
use super::{Error, Result};
use crate::config::Settings;
use crate::secret::{random_hex, sha256};
use crate::storage::Blobs;
use crate::store::{
    self, NewSession, NewUser, Session, SessionId, Store, Tier, TokenHash, User, WorkerToken,
};
use passwords::Passwords;
use std::net::IpAddr;
use std::sync::Arc;
use throttle::Throttle;

/// Start of every worker's token: secret scanners and people know it by that.
const WORKER_PREFIX: &str = "csw_";
/// The same answer whether the name or the password is wrong (U-12).
const WRONG: &str = "Invalid username or password.";

/// What the audit log says of what `crowdsky user` has done.
const BY_OPERATOR: &str = "by the operator";

/// Where a request comes from.
#[derive(Debug, Clone)]
pub struct Client {
    /// Address.
    pub ip: IpAddr,
    /// What the browser calls itself.
    pub agent: String,
}

/// Who would like to come in.
#[derive(Debug, Clone)]
pub struct Registration {
    /// 3 to 64 characters, no `@`.
    pub username: String,
    /// One `@`, no spaces.
    pub email: String,
    /// 8 characters to 72 bytes.
    pub password: String,
}

/// Register, sign in, sessions, passwords, worker tokens.
#[derive(Debug, Clone)]
pub struct Accounts {
    store: Arc<dyn Store>,
    settings: Arc<Settings>,
    passwords: Arc<Passwords>,
    throttle: Arc<Throttle>,
    audit: Audit,
}

/// What the database holds of a token.
pub fn token_hash(token: &str) -> TokenHash {
    sha256(token.as_bytes())
}

impl Accounts {
    /// The service over these rows.
    pub fn new(store: Arc<dyn Store>, _: Blobs, settings: Arc<Settings>) -> Accounts {
        let passwords = Arc::new(Passwords::new(settings.accounts.bcrypt_cost));
        let throttle = Arc::new(Throttle::new(&settings.accounts));
        Accounts { audit: Audit::new(store.clone()), store, settings, passwords, throttle }
    }

    /// Adds a user and signs them in: the user and the session's token.
    ///
    /// # Errors
    /// `BadInput` with the sentence for the form, `TooMany`, `Forbidden` where strangers may not register.
    pub async fn register(&self, wish: &Registration, client: &Client) -> Result<(User, String)> {
        if !self.settings.accounts.open_registration {
            return Err(Error::Forbidden("Registration is closed on this server."));
        }
        // A slip of the finger is no registration: it costs none of the few an address has.
        let (username, email) = checked(wish)?;
        self.throttle.registration(client.ip)?;
        let user = self.add_checked(username, email, &wish.password).await?;
        self.audit.note("registered", Some(user.id), from(client)).await;
        let token = self.open_session(&user, client).await?;
        Ok((user, token))
    }

    /// Adds a user, as the operator does.
    ///
    /// # Errors
    /// `BadInput` with the sentence for the form.
    pub async fn add_user(&self, wish: &Registration) -> Result<User> {
        let (username, email) = checked(wish)?;
        self.add_checked(username, email, &wish.password).await
    }

    async fn add_checked(&self, username: &str, email: &str, password: &str) -> Result<User> {
        let user = NewUser {
            username: username.to_owned(),
            email: email.to_owned(),
            password_hash: self.passwords.rehash(password).await?,
            tier: Tier::Free,
            storage_limit: self.settings.accounts.quota_free_bytes,
        };
        match self.store.add_user(&user).await {
            Err(store::Error::Conflict(_)) => Err(Error::bad("taken", "Username or email already taken.")),
            other => Ok(other?),
        }
    }

    /// Signs in by name or e-mail address: the user and the session's token.
    ///
    /// # Errors
    /// `Unauthorised` with the same words whatever is wrong; `TooMany` after too many failures, for a growing time.
    pub async fn sign_in(&self, name: &str, password: &str, client: &Client) -> Result<(User, String)> {
        self.throttle.sign_in(client.ip)?;
        let name = name.trim();
        let key = format!("login:{}", store::normalise(name));
        let settings = &self.settings.accounts;
        let (failures, since) = self.store.failures(&key, settings.login_window_s.duration()).await?;
        throttle::after_failures(failures, since, settings.login_failures_per_account)?;
        // A name never has an @, an address always: one column, one person (U-13).
        let found = if name.contains('@') {
            self.store.user_by_email(name).await?
        } else {
            self.store.user_by_name(name).await?
        };
        let good =
            self.passwords.verify(password, found.as_ref().map(|user| user.password_hash.as_str())).await?;
        let id = found.as_ref().map(|user| user.id);
        let Some(user) = found.filter(|_| good) else {
            self.store.note_failure(&key).await?;
            metrics::counter!("crowdsky_login_failures_total").increment(1);
            self.audit.note("login_failed", id, from(client)).await;
            return Err(Error::Unauthorised(WRONG));
        };
        if !user.is_active {
            return Err(Error::Unauthorised("Account is deactivated."));
        }
        self.store.clear_failures(&key).await?;
        if self.passwords.outdated(&user.password_hash) {
            let hash = self.passwords.rehash(password).await?;
            self.store.rehash(user.id, &hash).await?;
        }
        self.audit.note("login_ok", Some(user.id), from(client)).await;
        let token = self.open_session(&user, client).await?;
        Ok((user, token))
    }

    async fn open_session(&self, user: &User, client: &Client) -> Result<String> {
        let token = random_hex::<32>();
        let session = NewSession {
            user_id: user.id,
            token_hash: token_hash(&token),
            lifetime: self.settings.accounts.session_lifetime_s.duration(),
            user_agent: client.agent.clone(),
        };
        self.store.open_session(&session).await?;
        Ok(token)
    }

    /// Whose session this is, if it has not ended.
    pub async fn session(&self, token: &str) -> Result<Option<(Session, User)>> {
        Ok(self.store.session(&token_hash(token), self.settings.accounts.session_idle_s.duration()).await?)
    }

    /// Ends the user's session of this token.
    pub async fn sign_out(&self, user: &User, token: &str) -> Result<()> {
        self.store.close_session(&token_hash(token)).await?;
        self.audit.note("logout", Some(user.id), "").await;
        Ok(())
    }

    /// The user's sessions, latest first.
    pub async fn sessions(&self, user: &User) -> Result<Vec<Session>> {
        Ok(self.store.sessions(user.id, self.settings.accounts.session_idle_s.duration()).await?)
    }

    /// Ends one of the user's sessions.
    pub async fn end_session(&self, user: &User, session: SessionId) -> Result<()> {
        self.store.close_session_of(user.id, session).await?;
        self.audit.note("session_ended", Some(user.id), format!("session {session}")).await;
        Ok(())
    }

    /// Sets a new password; every session ends, and this browser gets a new one, whose token is the answer.
    pub async fn change_password(
        &self,
        user: &User,
        current: &str,
        new: &str,
        client: &Client,
    ) -> Result<String> {
        self.prove(user, current, client).await?;
        let hash = self.passwords.hash(new).await?;
        self.store.set_password(user.id, &hash, None).await?;
        self.audit.note("password_changed", Some(user.id), from(client)).await;
        self.open_session(user, client).await
    }

    /// Sets a password without the old one, as the operator does; every session ends.
    pub async fn reset_password(&self, username: &str, new: &str) -> Result<()> {
        let user = self.store.user_by_name(username).await?.ok_or(Error::NotFound("user"))?;
        let hash = self.passwords.hash(new).await?;
        self.store.set_password(user.id, &hash, None).await?;
        self.audit.note("password_reset", Some(user.id), BY_OPERATOR).await;
        Ok(())
    }

    /// Locks a user out, or lets them in again.
    pub async fn set_active(&self, username: &str, active: bool) -> Result<()> {
        let user = self.store.user_by_name(username).await?.ok_or(Error::NotFound("user"))?;
        self.store.set_active(user.id, active).await?;
        let event = if active { "user_enabled" } else { "user_disabled" };
        self.audit.note(event, Some(user.id), BY_OPERATOR).await;
        Ok(())
    }

    /// Sets what a user may store, with the quota that goes with it.
    pub async fn set_tier(&self, username: &str, tier: Tier) -> Result<()> {
        let user = self.store.user_by_name(username).await?.ok_or(Error::NotFound("user"))?;
        let settings = &self.settings.accounts;
        let limit = match tier {
            Tier::Free => settings.quota_free_bytes,
            Tier::Pro => settings.quota_pro_bytes,
            Tier::Raw => settings.quota_raw_bytes,
        };
        self.store.set_tier(user.id, tier, limit).await?;
        self.audit.note("tier_set", Some(user.id), tier.as_str()).await;
        Ok(())
    }

    /// Deletes the account with all that belongs to it.
    pub async fn delete_account(&self, user: &User, password: &str, client: &Client) -> Result<()> {
        self.prove(user, password, client).await?;
        Ok(self.store.erase_user(user.id).await?)
    }

    /// Asks for the password once more, at the same price as a sign-in.
    async fn prove(&self, user: &User, password: &str, client: &Client) -> Result<()> {
        self.throttle.sign_in(client.ip)?;
        if self.passwords.verify(password, Some(&user.password_hash)).await? {
            return Ok(());
        }
        Err(Error::bad("wrong_password", "The current password is not right."))
    }

    /// Makes a worker's token; it is told here and never again.
    pub async fn new_worker(&self, name: &str) -> Result<String> {
        if name.is_empty() || name.len() > 64 || name.contains(char::is_control) {
            return Err(Error::bad("bad_name", "A worker's name has 1 to 64 characters."));
        }
        let token = format!("{WORKER_PREFIX}{}", random_hex::<32>());
        match self.store.add_worker(name, &token_hash(&token)).await {
            Err(store::Error::Conflict(_)) => Err(Error::bad(
                "taken",
                "There is a worker token of that name; revoke it first, or take another name.",
            )),
            other => {
                other?;
                self.audit.note("worker_token_new", None, name).await;
                Ok(token)
            }
        }
    }

    /// Revokes a worker's token; its leases end.
    pub async fn revoke_worker(&self, name: &str) -> Result<()> {
        self.store.revoke_worker(name).await?;
        self.audit.note("worker_token_revoked", None, name).await;
        Ok(())
    }

    /// The worker with this token. The comparison is one of hashes in an index: what it takes says nothing of the token.
    pub async fn worker(&self, token: &str) -> Result<Option<WorkerToken>> {
        Ok(self.store.worker(&token_hash(token)).await?)
    }
}

/// Name and address without the blanks around them, if these and the password are such as one may have.
fn checked(wish: &Registration) -> Result<(&str, &str)> {
    let username = wish.username.trim();
    if !(3..=64).contains(&username.chars().count())
        || username.contains('@')
        || username.contains(char::is_control)
    {
        let message = if username.contains('@') {
            "Username must not contain @."
        } else {
            "Username must be 3-64 characters."
        };
        return Err(Error::bad("bad_username", message));
    }
    let email = wish.email.trim();
    if !is_email(email) {
        return Err(Error::bad("bad_email", "Invalid email address."));
    }
    passwords::check(&wish.password)?;
    Ok((username, email))
}

/// Where a request came from, for the audit log.
fn from(client: &Client) -> String {
    format!("from {}", client.ip)
}

/// One `@` with something on both sides, a dot in the domain, no spaces: enough to catch a slip of the finger.
fn is_email(text: &str) -> bool {
    let mut parts = text.split('@');
    let (Some(name), Some(domain), None) = (parts.next(), parts.next(), parts.next()) else { return false };
    let clean =
        |part: &str| !part.is_empty() && !part.contains(|c: char| c.is_whitespace() || c.is_control());
    text.len() <= 255
        && clean(name)
        && clean(domain)
        && domain.contains('.')
        && !domain.starts_with('.')
        && !domain.ends_with('.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        assert!(["a@b.org", "first.last+tag@sub.example.com"].into_iter().all(is_email));
        assert!(
            !["", "a", "a@b", "a@@b.org", "a b@c.org", "a@b.org ", "@b.org", "a@.org", "a@b."]
                .into_iter()
                .any(is_email)
        );
    }
}
