//! Workers of the original: no lease tokens, no heartbeats, and their stack put on the storage by themselves.

use super::{Delivered, Delivery, Error, Facts, Result, Work, WorkerName};
use crate::storage::{Artefact, BlobKey};
use crate::store::{self, Failure, Job, JobId, JobState, RawFile};

/// What `complete_job.php` is told.
#[derive(Debug, Clone, Default)]
pub struct LegacyDelivery {
    /// Where the worker has put the stack.
    pub stack: String,
    /// Where it has put the thumbnail.
    pub thumbnail: Option<String>,
    /// Bytes of the stack.
    pub size: u64,
    /// About the stack.
    pub facts: Facts,
}

impl Work {
    /// Leases the next job without waiting, for half an hour: nothing will be heard meanwhile.
    pub async fn legacy_claim(&self, worker: &WorkerName) -> Result<Option<Job>> {
        Ok(self.store.claim(&self.wish(worker, 1, true)).await?.pop())
    }

    /// The frames of a job, by time; in any state of the job, as the original did.
    pub async fn legacy_files(&self, id: JobId) -> Result<(Job, Vec<RawFile>)> {
        let job = self.store.job(id).await?.ok_or(Error::NotFound("job"))?;
        let files = self.store.job_files(id).await?;
        Ok((job, files))
    }

    /// Where a worker of the original puts the artefacts of a job, below the storage's root.
    pub fn legacy_key(job: &Job, artefact: Artefact) -> BlobKey {
        BlobKey::legacy(job.user_id, job.object_name.as_deref(), &job.chunk_key, job.id, artefact)
    }

    /// Completes a job whose lease this worker has through `next_job.php`. The path must be the one expected for this job,
    /// and the object there is verified before anything is deleted (U-04, U-09).
    pub async fn legacy_complete(&self, worker: &WorkerName, id: JobId, told: &LegacyDelivery) -> Result<()> {
        let token = self.legacy_token(worker, id).await?;
        let job = match self.store.leased(id, &token).await {
            Err(store::Error::LeaseLost) => {
                // A replay, if this worker has completed it: its first answer may have been lost (U-08).
                self.store.complete(id, &token, None, self.settings.upkeep.grace_s.duration()).await?;
                return Ok(());
            }
            other => other?,
        };
        let mut artefacts = Vec::new();
        let stack = expected_key(&job, Artefact::Stack, &told.stack)?;
        let stored = self.blobs.stacks.size(&stack).await?;
        if stored.is_none() && job.state == JobState::Processing {
            let message =
                format!("Nothing is stored at {stack}; put the stack there before you complete the job.");
            return Err(Error::BadInput { code: "not_delivered", message });
        }
        artefacts.push(Delivered { artefact: Artefact::Stack, size: told.size, sha256: None });
        if let Some(path) = told.thumbnail.as_deref().filter(|path| !path.is_empty()) {
            let key = expected_key(&job, Artefact::Thumbnail, path)?;
            // The original's workers make thumbnails as a favour; a missing one is no reason to lose the stack.
            if let Some(size) = self.blobs.stacks.size(&key).await? {
                artefacts.push(Delivered { artefact: Artefact::Thumbnail, size, sha256: None });
            }
        }
        let mut facts = told.facts.clone();
        if facts.n_frames_input == 0 {
            facts.n_frames_input = job.frame_count;
        }
        let delivery = Delivery { facts, artefacts };
        self.complete_from(id, &token, &delivery, Work::legacy_key).await?;
        Ok(())
    }

    /// Fails a job whose lease this worker has through `next_job.php`.
    pub async fn legacy_fail(&self, worker: &WorkerName, id: JobId, message: &str) -> Result<JobState> {
        let token = self.legacy_token(worker, id).await?;
        let failure = Failure { code: "worker_error".to_owned(), message: message.to_owned(), retry: true };
        self.fail(id, &token, &failure).await
    }

    async fn legacy_token(&self, worker: &WorkerName, id: JobId) -> Result<String> {
        self.store.legacy_token(worker.id, id).await?.ok_or(Error::NotFound("job"))
    }
}

/// The key that the worker must have meant: paths are never taken from the wire.
fn expected_key(job: &Job, artefact: Artefact, path: &str) -> Result<BlobKey> {
    let expected = Work::legacy_key(job, artefact);
    let path = path.trim_matches('/');
    if path == expected.as_str() || path.ends_with(&format!("/{expected}")) {
        return Ok(expected);
    }
    let message = format!("The {} of job {} belongs at {expected}.", artefact.as_str(), job.id);
    Err(Error::BadInput { code: "wrong_path", message })
}
