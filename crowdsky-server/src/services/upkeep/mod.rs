//! What has expired, what is to be deleted, whether all is there.
//!
//! Every server has a janitor; two at once do no harm: rows are taken with a hold, deletes may run twice.

mod fsck;

pub use fsck::{Fsck, Problem, Report};

use super::Result;
use crate::config::Settings;
use crate::objects::Role;
use crate::storage::{BlobKey, Blobs};
use crate::store::{Doomed, Store};
use futures_util::StreamExt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio_util::sync::CancellationToken;

/// Deletes that run at once.
const DELETES: usize = 8;
/// Upload sessions that expire in one transaction.
const SESSIONS: i64 = 20;
/// How long deletes that a janitor has taken are hidden from the others.
const HOLD: Duration = Duration::from_secs(300);
/// How often orphans are looked for: it lists whole storages.
const SWEEP_EVERY: Duration = Duration::from_secs(6 * 3600);

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
    /// Rows forgotten.
    pub pruned: i64,
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

    /// One round: leases that are over, sessions that are over, deletes that are due, records nobody needs.
    pub async fn round(&self) -> Result<Round> {
        let reaped = self.store.reap(&self.settings.jobs.backoff()).await?;
        if reaped > 0 {
            metrics::counter!("crowdsky_leases_expired_total").increment(reaped.unsigned_abs());
        }
        let expired = self.store.expire_uploads(SESSIONS).await?;
        let (deleted, failed) = self.empty_outbox().await?;
        let pruned = self.store.prune(self.settings.upkeep.keep_records_s.duration()).await?;
        Ok(Round { reaped, expired, deleted, failed, pruned })
    }

    /// Deletes what is due.
    async fn empty_outbox(&self) -> Result<(i64, i64)> {
        let doomed = self.store.doomed(self.settings.upkeep.batch, HOLD).await?;
        let deletes = doomed.into_iter().map(|item| self.delete(item));
        let done: Vec<Result<bool>> =
            futures_util::stream::iter(deletes).buffer_unordered(DELETES).collect().await;
        let (mut deleted, mut failed) = (0, 0);
        for done in done {
            if done? { deleted += 1 } else { failed += 1 }
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

    /// Puts objects that no row knows, and that are old enough to belong to no upload, on the list of deletes.
    pub async fn sweep(&self) -> Result<i64> {
        let mut found = 0;
        let age = self.settings.upkeep.orphan_age_s.duration();
        for role in [Role::Raws, Role::Stacks] {
            let mut objects = self.blobs.of(role).list().await?;
            while let Some(object) = objects.next().await {
                let object = object?;
                let old = object.modified.and_then(|time| SystemTime::now().duration_since(time).ok());
                // Without a time nobody can say; without a good key it is not ours.
                if old.is_none_or(|old| old < age) || BlobKey::parse(&object.key).is_err() {
                    continue;
                }
                if !self.store.is_known(role, &object.key).await? {
                    self.store.doom(role, &object.key, "orphan", Duration::ZERO).await?;
                    found += 1;
                }
            }
        }
        Ok(found)
    }

    /// Rounds until `stop`; a failing one is told and followed by the next.
    pub async fn run(&self, stop: CancellationToken) {
        // A server's first sweep comes after an hour, so that a restart does not list whole storages.
        let mut next_sweep = tokio::time::Instant::now() + Duration::from_secs(3600);
        let (every, reap_every) =
            (self.settings.upkeep.every_s.duration(), self.settings.jobs.reap_every_s.duration());
        let every = every.min(reap_every).max(Duration::from_millis(50));
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(every) => {}
            }
            match self.round().await {
                Ok(round) if round == Round::default() => {}
                Ok(round) => tracing::debug!(?round, "upkeep"),
                Err(error) => tracing::warn!(%error, "upkeep failed; the next round comes"),
            }
            if tokio::time::Instant::now() >= next_sweep {
                next_sweep += SWEEP_EVERY;
                match self.sweep().await {
                    Ok(found) => tracing::info!(found, "looked for orphans"),
                    Err(error) => tracing::warn!(%error, "the sweep for orphans failed"),
                }
            }
        }
    }
}
