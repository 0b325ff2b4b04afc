//! What has expired, what is to be deleted, whether all is there.
//!
//! Every server has a janitor; two at once do no harm: rows are taken with a hold, deletes may run twice.

mod fsck;
mod orphans;

pub use fsck::{Fsck, Problem, Report};
pub use orphans::Swept;

use super::Result;
use crate::config::Settings;
use crate::storage::{BlobKey, Blobs};
use crate::store::{Doomed, Store};
use futures_util::future::join_all;
use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Deletes that run at once, and that a janitor takes at once: what it takes is hidden from the others, and a storage that
/// hangs must not hide more than this.
const DELETES: usize = 8;
/// How long deletes that a janitor has taken are hidden from the others.
const HOLD: Duration = Duration::from_secs(300);
/// Upload sessions that expire in one transaction.
const SESSIONS: i64 = 20;
/// How often records that nobody needs are looked for; the first time after this as well.
const PRUNE_EVERY: Duration = Duration::from_secs(3600);
/// A server's first sweep comes after this, so that a restart does not list whole storages.
const FIRST_SWEEP: Duration = Duration::from_secs(3600);
/// How often orphans are looked for: it lists whole storages.
const SWEEP_EVERY: Duration = Duration::from_secs(6 * 3600);
/// Shortest pause between two steps, whatever the settings say.
const BREATH: Duration = Duration::from_millis(50);

/// What one round did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Round {
    /// Leases ended.
    pub reaped: i64,
    /// Upload sessions expired.
    pub expired: i64,
    /// Objects deleted.
    pub deleted: i64,
    /// Objects that could not be deleted.
    pub failed: i64,
}

/// What has expired, what is to be deleted, whether all is there.
#[derive(Debug, Clone)]
pub struct Upkeep {
    store: Arc<dyn Store>,
    blobs: Blobs,
    settings: Arc<Settings>,
}

impl Upkeep {
    /// The service over these rows and bytes.
    pub fn new(store: Arc<dyn Store>, blobs: Blobs, settings: Arc<Settings>) -> Upkeep {
        Upkeep { store, blobs, settings }
    }

    /// One round: leases that are over, sessions that are over, deletes that are due. A step that fails keeps none of the
    /// others from being taken.
    ///
    /// # Errors
    /// What the first failing step said.
    pub async fn round(&self) -> Result<Round> {
        let reaped = told("leases", self.reap().await);
        let expired = told("upload sessions", self.expire().await);
        let emptied = told("outbox", self.empty_outbox().await);
        let (deleted, failed) = emptied?;
        Ok(Round { reaped: reaped?, expired: expired?, deleted, failed })
    }

    async fn reap(&self) -> Result<i64> {
        let reaped = self.store.reap(&self.settings.jobs.backoff()).await?;
        if reaped > 0 {
            metrics::counter!("crowdsky_leases_expired_total").increment(reaped.unsigned_abs());
        }
        Ok(reaped)
    }

    async fn expire(&self) -> Result<i64> {
        Ok(self.store.expire_uploads(SESSIONS).await?)
    }

    async fn prune(&self) -> Result<i64> {
        Ok(self.store.prune(self.settings.upkeep.keep_records_s.duration()).await?)
    }

    /// Deletes what is due, a few objects at a time.
    async fn empty_outbox(&self) -> Result<(i64, i64)> {
        let (mut deleted, mut failed) = (0, 0);
        while deleted + failed < self.settings.upkeep.batch {
            let some = self.store.doomed(DELETES as i64, HOLD).await?;
            if some.is_empty() {
                break;
            }
            for done in join_all(some.into_iter().map(|item| self.delete(item))).await {
                if done? { deleted += 1 } else { failed += 1 }
            }
        }
        Ok((deleted, failed))
    }

    /// Deletes one object; if that fails it comes again, later each time.
    async fn delete(&self, item: Doomed) -> Result<bool> {
        let gone = match BlobKey::parse(&item.key) {
            Ok(key) => self.blobs.of(item.role).delete(&key).await,
            Err(error) => Err(error.into()),
        };
        match gone {
            Ok(()) => {
                self.store.deleted(item.id).await?;
                Ok(true)
            }
            Err(error) => {
                let cap = self.settings.upkeep.retry_cap_s.duration();
                let again_in = Duration::from_secs(15).saturating_mul(1 << item.tries.clamp(0, 16)).min(cap);
                tracing::warn!(key = item.key, %error, again_s = again_in.as_secs(), "not deleted");
                self.store.not_deleted(item.id, &error.to_string(), again_in).await?;
                Ok(false)
            }
        }
    }

    /// All steps, each at its own pace, until `stop`: a storage that hangs does not keep leases from being ended. A failing
    /// step is told and taken again.
    pub async fn run(&self, stop: CancellationToken) {
        let every = self.settings.upkeep.every_s.duration();
        let reap_every = self.settings.jobs.reap_every_s.duration();
        let steps = async {
            tokio::join!(
                again("leases", reap_every, reap_every, || self.reap()),
                again("upload sessions", every, every, || self.expire()),
                again("outbox", every, every, || self.empty_outbox()),
                again("records", PRUNE_EVERY, PRUNE_EVERY, || self.prune()),
                again("orphans", FIRST_SWEEP, SWEEP_EVERY, || self.sweep()),
            )
        };
        // A step that is left half done is done by whoever comes next: rows change in transactions, deletes may run twice.
        tokio::select! {
            () = stop.cancelled() => {}
            _ = steps => {}
        }
    }
}

/// Takes a step after `first` and then after every pause.
async fn again<T: Debug + Default + PartialEq, F: Future<Output = Result<T>>>(
    step: &'static str,
    first: Duration,
    every: Duration,
    take: impl Fn() -> F,
) {
    let mut pause = first;
    loop {
        tokio::time::sleep(pause.max(BREATH)).await;
        if let Ok(done) = told(step, take().await)
            && done != T::default()
        {
            tracing::debug!(step, ?done, "upkeep");
        }
        pause = every;
    }
}

/// The same, and if it is a failure, the log has it.
fn told<T>(step: &'static str, done: Result<T>) -> Result<T> {
    if let Err(error) = &done {
        tracing::warn!(step, %error, "upkeep failed; the next round comes");
    }
    done
}
