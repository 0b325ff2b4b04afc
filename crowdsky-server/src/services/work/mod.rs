//! What workers do: claim, fetch frames, deliver, fail.
//!
//! | File | What it knows |
//! |---|---|
//! | `mod.rs` | leases, and what a lease allows to read |
//! | `deliver.rs` | taking artefacts, and the steps from "delivered" to "completed" |
//! | `verify.rs` | reading an artefact back: size, hash, and whether it is what it says |
//! | `legacy.rs` | the same for workers that put their stack on the storage themselves and know no leases |

mod deliver;
mod legacy;
mod verify;

pub use deliver::{Delivered, Delivery, Facts};
pub use legacy::LegacyDelivery;

use super::{Doorbell, Error, Result};
use crate::config::Settings;
use crate::storage::{Blob, BlobKey, Blobs};
use crate::store::{Claim, Failure, Heartbeat, Job, JobId, JobState, RawFile, RawId, Store, WorkerId};
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Jobs that one claim may take.
pub const MAX_CLAIM: i64 = 16;
/// How often a claim that waits looks into the database: other servers queue jobs too.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Who asks for work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkerName {
    /// What it calls itself.
    pub name: String,
    /// The token it came with; `None` for the embedded worker.
    pub id: Option<WorkerId>,
}

/// What workers do: claim, fetch frames, deliver, fail.
#[derive(Debug, Clone)]
pub struct Work {
    store: Arc<dyn Store>,
    blobs: Blobs,
    settings: Arc<Settings>,
    bell: Doorbell,
}

impl Work {
    /// The service over these rows and bytes; `bell` rings when jobs are queued.
    pub fn new(store: Arc<dyn Store>, blobs: Blobs, settings: Arc<Settings>, bell: Doorbell) -> Work {
        Work { store, blobs, settings, bell }
    }

    /// Leases up to `n` jobs; waits up to `wait` for the first.
    pub async fn claim(&self, worker: &WorkerName, n: i64, wait: Duration) -> Result<Vec<Job>> {
        let wish = self.wish(worker, n.clamp(1, MAX_CLAIM), false);
        let deadline = Instant::now() + wait.min(self.settings.jobs.long_poll_s.duration());
        loop {
            let jobs = self.store.claim(&wish).await?;
            let left = deadline.saturating_duration_since(Instant::now());
            if !jobs.is_empty() || left.is_zero() {
                return Ok(jobs);
            }
            let nap = tokio::time::sleep(left.min(LOOK_EVERY));
            tokio::select! {
                () = self.bell.wait() => {}
                () = nap => {}
            }
        }
    }

    fn wish(&self, worker: &WorkerName, n: i64, legacy: bool) -> Claim {
        let jobs = &self.settings.jobs;
        let lease = if legacy { jobs.legacy_lease_s } else { jobs.lease_s };
        Claim {
            worker: worker.name.clone(),
            worker_id: worker.id,
            n,
            lease: lease.duration(),
            legacy,
            backoff: jobs.backoff(),
        }
    }

    /// How often workers are asked to give a sign.
    pub fn heartbeat_every(&self) -> Duration {
        self.settings.jobs.heartbeat_s.duration()
    }

    /// Renews a lease.
    pub async fn heartbeat(&self, job: JobId, token: &str, progress: Option<f64>) -> Result<Heartbeat> {
        Ok(self.store.heartbeat(job, token, self.settings.jobs.lease_s.duration(), progress).await?)
    }

    /// Hands a job back; the attempt does not count.
    pub async fn release(&self, job: JobId, token: &str) -> Result<()> {
        self.store.release(job, token).await?;
        self.bell.ring();
        Ok(())
    }

    /// Ends an attempt without success.
    pub async fn fail(&self, job: JobId, token: &str, failure: &Failure) -> Result<JobState> {
        let state = self.store.fail(job, token, failure, &self.settings.jobs.backoff()).await?;
        metrics::counter!("crowdsky_job_failures_total", "code" => known(&failure.code)).increment(1);
        Ok(state)
    }

    /// The frames of a leased job, by time.
    pub async fn files(&self, job: JobId, token: &str) -> Result<Vec<RawFile>> {
        self.store.leased(job, token).await?;
        Ok(self.store.job_files(job).await?)
    }

    /// A frame of a job that this worker leases now, or a part of it. Nobody else's (server-rules 6.4).
    pub async fn raw(
        &self,
        worker: Option<WorkerId>,
        file: RawId,
        range: Option<Range<u64>>,
    ) -> Result<(RawFile, Blob)> {
        let row =
            self.store.leased_file(worker, file).await?.ok_or(Error::NotFound("frame of a job you lease"))?;
        let key = BlobKey::parse(&row.key).map_err(crate::storage::Error::from)?;
        let blob = self.blobs.raws.get(&key, range).await?;
        if blob.size != u64::try_from(row.size).unwrap_or(0) {
            let message =
                format!("frame {file} has {} bytes in the storage, {} in the database", blob.size, row.size);
            return Err(Error::Internal(message));
        }
        Ok((row, blob))
    }
}

/// The code of a failure as a label: a worker may send any word, and each new label is kept for ever.
fn known(code: &str) -> &'static str {
    let codes = ["bad_input", "too_few_aligned", "no_files", "storage_unavailable", "worker_error"];
    codes.into_iter().find(|known| *known == code).unwrap_or("other")
}
