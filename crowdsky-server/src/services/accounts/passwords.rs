//! Hashes of passwords: bcrypt, off the async threads, a few at a time.

use super::super::{Error, Result};
use std::time::Duration;
use tokio::sync::{OnceCell, Semaphore};

/// Bytes that bcrypt looks at. Longer passwords would be cut without a word (U-14).
const MOST_BYTES: usize = 72;
/// Longer queues than this are refused: 64 hashes of 0.3 s on one core are 20 s.
const QUEUE: usize = 64;
/// What everybody tries first. Not a list of all bad passwords: the length and the limits on tries do the rest.
const COMMON: &str = include_str!("common_passwords.txt");

/// Makes and checks hashes.
#[derive(Debug)]
pub(super) struct Passwords {
    cost: u32,
    running: Semaphore,
    waiting: Semaphore,
    /// Of a password nobody has: what is verified for users who do not exist, so that both take as long (U-12).
    dummy: OnceCell<String>,
}

impl Passwords {
    pub(super) fn new(cost: u32) -> Passwords {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Passwords {
            cost,
            running: Semaphore::new(cores),
            waiting: Semaphore::new(QUEUE),
            dummy: OnceCell::new(),
        }
    }

    /// The hash of a new password, if it is a good one.
    pub(super) async fn hash(&self, password: &str) -> Result<String> {
        check(password)?;
        self.rehash(password).await
    }

    /// The hash of a password that has been checked, or is in use.
    pub(super) async fn rehash(&self, password: &str) -> Result<String> {
        let (password, cost) = (password.to_owned(), self.cost);
        // Not `non_truncating_hash`: it counts the NUL that it adds, and so refuses 72 bytes, which PHP takes. What is cut
        // here is that NUL at most, for longer passwords do not come this far.
        self.off_thread(move || bcrypt::hash(password, cost)).await
    }

    /// Whether the password has this hash; without a hash it takes as long and is false.
    pub(super) async fn verify(&self, password: &str, hash: Option<&str>) -> Result<bool> {
        if password.len() > MOST_BYTES {
            // No hash of ours is of one; the work is done all the same.
            self.verify_any("too long", None).await?;
            return Ok(false);
        }
        self.verify_any(password, hash).await
    }

    async fn verify_any(&self, password: &str, hash: Option<&str>) -> Result<bool> {
        let known = hash.is_some();
        let hash = match hash {
            Some(hash) => hash.to_owned(),
            None => self.dummy.get_or_try_init(|| self.rehash("a password that nobody has")).await?.clone(),
        };
        let password = password.to_owned();
        let same = self.off_thread(move || bcrypt::verify(password, &hash)).await?;
        Ok(same && known)
    }

    /// Whether a hash is of another cost than new ones.
    pub(super) fn outdated(&self, hash: &str) -> bool {
        let cost = hash.split('$').nth(2).and_then(|cost| cost.parse::<u32>().ok());
        cost != Some(self.cost)
    }

    async fn off_thread<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> bcrypt::BcryptResult<T> + Send + 'static,
    ) -> Result<T> {
        let busy = || Error::Busy { retry_after: Duration::from_secs(5) };
        let _waiting = self.waiting.try_acquire().map_err(|_| busy())?;
        let _running = self.running.acquire().await.map_err(|_| busy())?;
        let done =
            tokio::task::spawn_blocking(work).await.map_err(|error| Error::Internal(error.to_string()))?;
        done.map_err(|error| Error::Internal(format!("bcrypt: {error}")))
    }
}

/// Whether a new password is a good one.
pub(super) fn check(password: &str) -> Result<()> {
    if password.chars().count() < 8 {
        return Err(Error::bad("bad_password", "Password must be at least 8 characters."));
    }
    if password.len() > MOST_BYTES {
        let message = "Password must be at most 72 bytes long (72 letters, fewer with accents or symbols).";
        return Err(Error::bad("bad_password", message));
    }
    let lower = password.to_lowercase();
    if COMMON.lines().any(|common| common == lower) {
        return Err(Error::bad(
            "bad_password",
            "That password is among the first that anybody tries; take another.",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[tokio::test]
    async fn u14_bcrypts_72_bytes_are_enough_and_more_are_refused() {
        let passwords = Passwords::new(4);
        let longest = "ä".repeat(36);
        let hash = passwords.hash(&longest).await.unwrap();
        assert!(hash.starts_with("$2b$04$") && !passwords.outdated(&hash));
        assert!(passwords.verify(&longest, Some(&hash)).await.unwrap());
        assert!(!passwords.verify(&format!("{longest}c"), Some(&hash)).await.unwrap());
        assert!(passwords.hash(&format!("{longest}c")).await.is_err());
        assert!(passwords.hash("seven77").await.is_err());
        assert!(passwords.hash("Password1").await.is_err(), "among the commonest");
    }

    #[tokio::test]
    async fn hashes_of_php_are_taken() {
        let passwords = Passwords::new(4);
        let hash = passwords.hash("correct horse").await.unwrap().replacen("$2b$", "$2y$", 1);
        assert!(passwords.verify("correct horse", Some(&hash)).await.unwrap());
        assert!(!passwords.verify("correct horse", None).await.unwrap());
        assert!(passwords.outdated("$2y$10$abcdefghijklmnopqrstuv"));
    }
}
