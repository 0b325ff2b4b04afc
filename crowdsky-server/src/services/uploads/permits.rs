//! How many uploads run at once: in all, and for one user.

use super::{Error, Result};
use crate::store::UserId;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The counters.
#[derive(Debug, Clone)]
pub(super) struct Permits {
    running: Arc<Mutex<Running>>,
    all: usize,
    each: usize,
}

#[derive(Debug, Default)]
struct Running {
    all: usize,
    of: HashMap<UserId, usize>,
}

/// The right to upload a file; ends when dropped.
#[derive(Debug)]
pub(super) struct Permit {
    running: Arc<Mutex<Running>>,
    user: UserId,
}

fn lock(running: &Mutex<Running>) -> MutexGuard<'_, Running> {
    // Numbers cannot be left half changed.
    running.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Permits {
    pub(super) fn new(all: usize, each: usize) -> Permits {
        Permits { running: Arc::default(), all, each }
    }

    /// `Busy` when all are taken, `TooMany` when this user has their share.
    pub(super) fn take(&self, user: UserId) -> Result<Permit> {
        let mut running = lock(&self.running);
        if running.all >= self.all {
            return Err(Error::Busy { retry_after: Duration::from_secs(2) });
        }
        let own = running.of.entry(user).or_default();
        if *own >= self.each {
            return Err(Error::TooMany { retry_after: Duration::from_secs(1) });
        }
        *own += 1;
        running.all += 1;
        metrics::gauge!("crowdsky_uploads_in_flight").set(running.all as f64);
        Ok(Permit { running: self.running.clone(), user })
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut running = lock(&self.running);
        running.all -= 1;
        metrics::gauge!("crowdsky_uploads_in_flight").set(running.all as f64);
        if let Some(own) = running.of.get_mut(&self.user) {
            *own -= 1;
            if *own == 0 {
                running.of.remove(&self.user);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn u21_shares_are_kept_and_given_back() {
        let permits = Permits::new(3, 2);
        let (ada, eve) = (UserId(1), UserId(2));
        let first = permits.take(ada).unwrap();
        let _second = permits.take(ada).unwrap();
        assert!(matches!(permits.take(ada), Err(Error::TooMany { .. })));
        let _third = permits.take(eve).unwrap();
        assert!(matches!(permits.take(eve), Err(Error::Busy { .. })));
        drop(first);
        permits.take(eve).unwrap();
        assert_eq!(lock(&permits.running).of.len(), 2);
    }
}
