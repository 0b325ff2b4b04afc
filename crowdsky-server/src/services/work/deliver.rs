//! Taking artefacts, and the steps from "delivered" to "completed".
//!
//! 1. Artefacts are staged under job and epoch, as many times as the worker likes.
//! 2. `complete` says what was staged: sizes and hashes.
//! 3. The job is `Verifying`; every artefact is moved to its final key, which holds the epoch: no two attempts write the same
//!    object, and workers cannot write it at all.
//! 4. Each is read back there and compared: what is verified is what is kept (I3).
//! 5. One transaction: the stack's row, the job, the quota, the raws to the outbox.
//!
//! A crash between any two steps is repaired by saying `complete` again under the same lease, or by the next attempt; the end
//! of an attempt puts what it has delivered on the list of deletes.

use super::verify::verify;
use super::{Error, Result, Work};
use crate::objects::StoredObject;
use crate::services::body::hashed;
use crate::storage::{self, Artefact, BlobKey, ByteStream};
use crate::store::{self, Job, JobId, JobKind, JobState, Micros, NewStack, StackId};
use std::time::Duration;

/// What a worker says of the stack it has made.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Facts {
    /// Frames given.
    pub n_frames_input: i64,
    /// Frames in it.
    pub n_frames_aligned: i64,
    /// Seconds.
    pub total_exptime: Option<f64>,
    /// Start of the first exposure.
    pub date_obs_start: Option<Micros>,
    /// End of the last.
    pub date_obs_end: Option<Micros>,
    /// Degrees.
    pub ra_deg: Option<f64>,
    /// Degrees.
    pub dec_deg: Option<f64>,
    /// Stars found.
    pub n_stars: Option<i64>,
    /// Pixels.
    pub fwhm_px: Option<f64>,
    /// EQMODE.
    pub eq_mode: Option<bool>,
}

/// An artefact, as the worker announces it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivered {
    /// Which.
    pub artefact: Artefact,
    /// Bytes.
    pub size: u64,
    /// Hexadecimal SHA-256, lower case; `None` where the worker's protocol has none.
    pub sha256: Option<String>,
}

/// The end of a job, as the worker tells it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Delivery {
    /// About the stack.
    pub facts: Facts,
    /// What is staged. A job of kind `Stack` has the stack at least, a no-op nothing.
    pub artefacts: Vec<Delivered>,
}

/// Bytes of an artefact at most: a stack of the largest frame is 200 MB.
fn most(artefact: Artefact) -> u64 {
    match artefact {
        Artefact::Stack => 512 << 20,
        Artefact::Thumbnail => 8 << 20,
        Artefact::Stars => 64 << 20,
    }
}

impl Work {
    /// Takes an artefact of a leased job: streamed, `length` bytes, with this hash.
    pub async fn put_artefact(
        &self,
        id: JobId,
        token: &str,
        artefact: Artefact,
        length: u64,
        sha256: Option<[u8; 32]>,
        body: ByteStream,
    ) -> Result<()> {
        let job = self.undelivered(id, token).await?;
        if length > most(artefact) {
            return Err(Error::TooLarge { limit: most(artefact) });
        }
        let key = BlobKey::staged(id, job.epoch, artefact);
        let (body, passed) = hashed(body);
        self.blobs.stacks.put(&key, length, body).await.map_err(|error| match error {
            storage::Error::Source { cause, .. } => Error::BrokenOff(cause.to_string()),
            other => other.into(),
        })?;
        if sha256.is_some_and(|announced| announced != passed.sha256()) {
            let message =
                "The artefact was changed on its way: its SHA-256 is not the one announced. Send it again.";
            return Err(Error::bad("digest_mismatch", message));
        }
        // Whoever lost the lease meanwhile has written under an epoch that is over; the sweep takes it.
        self.undelivered(id, token).await?;
        Ok(())
    }

    /// The job, if its artefacts may still be replaced: not once the worker has said that they are complete.
    async fn undelivered(&self, id: JobId, token: &str) -> Result<Job> {
        let job = self.store.leased(id, token).await?;
        if job.state != JobState::Processing {
            let state = format!("{}; its artefacts are delivered", job.state.as_str());
            return Err(store::Error::WrongState { what: "job", state }.into());
        }
        Ok(job)
    }

    /// Verifies what was delivered and completes the job. The same again, under the same lease, gives the same answer.
    pub async fn complete(&self, id: JobId, token: &str, delivery: &Delivery) -> Result<Option<StackId>> {
        let staged = |job: &Job, artefact| BlobKey::staged(job.id, job.epoch, artefact);
        self.complete_from(id, token, delivery, staged).await
    }

    pub(super) async fn complete_from(
        &self,
        id: JobId,
        token: &str,
        delivery: &Delivery,
        staged: impl Fn(&Job, Artefact) -> BlobKey,
    ) -> Result<Option<StackId>> {
        let jobs = &self.settings.jobs;
        let grace = self.settings.upkeep.grace_s.duration();
        let lease = jobs.lease_s.duration();
        let job = match self.store.start_verifying(id, token, lease).await {
            Err(store::Error::LeaseLost) => {
                // A replay, if this token has completed it; the store knows.
                return Ok(self.store.complete(id, token, None, grace).await?.stack);
            }
            other => other?,
        };
        if job.kind == JobKind::Noop {
            return Ok(self.store.complete(id, token, None, grace).await?.stack);
        }
        let verified = tokio::select! {
            verified = self.move_and_verify(&job, delivery, staged) => verified,
            lost = self.keep(id, token, lease) => Err(lost),
        };
        let stack = match verified {
            Ok(verified) => new_stack(delivery, verified)?,
            Err(error) => return self.completed_by_a_twin(id, token).await.ok_or(error),
        };
        let done = self.store.complete(id, token, Some(&stack), grace).await?;
        metrics::counter!("crowdsky_stacks_total").increment(1);
        Ok(done.stack)
    }

    /// What this token has completed meanwhile: a worker that hears nothing says `complete` again, and the one of the two
    /// that comes too late gets the same answer (I6).
    async fn completed_by_a_twin(&self, id: JobId, token: &str) -> Option<Option<StackId>> {
        match self.store.complete(id, token, None, Duration::ZERO).await {
            Ok(done) => Some(done.stack),
            Err(error) => {
                tracing::debug!(job = id.0, %error, "not completed by another request either");
                None
            }
        }
    }

    /// Renews the lease until it is lost.
    async fn keep(&self, id: JobId, token: &str, lease: Duration) -> Error {
        loop {
            tokio::time::sleep(lease / 3).await;
            match self.store.heartbeat(id, token, lease, None).await {
                Ok(beat) if beat.cancel => return store::Error::LeaseLost.into(),
                Ok(_) => {}
                Err(error) if error.is_refusal() => return error.into(),
                // The lease outlasts several signs; the next one may come through.
                Err(error) => tracing::warn!(job = id.0, %error, "the lease was not renewed"),
            }
        }
    }

    async fn move_and_verify(
        &self,
        job: &Job,
        delivery: &Delivery,
        staged: impl Fn(&Job, Artefact) -> BlobKey,
    ) -> Result<Vec<(Artefact, StoredObject)>> {
        if !delivery.artefacts.iter().any(|delivered| delivered.artefact == Artefact::Stack) {
            return Err(Error::bad("no_stack", "A job is completed with its stack; none was delivered."));
        }
        let mut verified = Vec::new();
        for delivered in &delivery.artefacts {
            let artefact = delivered.artefact;
            if verified.iter().any(|(seen, _): &(Artefact, StoredObject)| *seen == artefact) {
                return Err(Error::bad("twice", "Each artefact is delivered once."));
            }
            if delivered.size > most(artefact) {
                return Err(Error::TooLarge { limit: most(artefact) });
            }
            let object = job.object_name.as_deref();
            let finished =
                BlobKey::finished(job.user_id, object, &job.chunk_key, job.id, job.epoch, artefact);
            // Moved already, if the server died after that. What is staged anew is then too late: it must not replace what a
            // twin of this request may have verified.
            if self.blobs.stacks.size(&finished).await?.is_none() {
                match self.blobs.stacks.rename(&staged(job, artefact), &finished).await {
                    // Nothing was delivered; `verify` says so.
                    Err(storage::Error::NotFound { .. }) => {}
                    moved => moved?,
                }
            }
            let sha256 = verify(&*self.blobs.stacks, &finished, delivered).await?;
            let size = i64::try_from(delivered.size).unwrap_or(i64::MAX);
            verified.push((artefact, StoredObject { key: finished.to_string(), size, sha256 }));
        }
        Ok(verified)
    }

    /// The state of a job, for those who were told that their lease is lost.
    pub async fn state(&self, id: JobId) -> Result<JobState> {
        Ok(self.store.job(id).await?.ok_or(Error::NotFound("job"))?.state)
    }
}

fn new_stack(delivery: &Delivery, verified: Vec<(Artefact, StoredObject)>) -> Result<NewStack> {
    let of =
        |wanted| verified.iter().find(|(artefact, _)| *artefact == wanted).map(|(_, object)| object.clone());
    let facts = &delivery.facts;
    Ok(NewStack {
        fits: of(Artefact::Stack)
            .ok_or_else(|| Error::Internal("a stack that was verified is not there".to_owned()))?,
        thumbnail: of(Artefact::Thumbnail),
        stars: of(Artefact::Stars),
        n_frames_input: facts.n_frames_input,
        n_frames_aligned: facts.n_frames_aligned,
        total_exptime: facts.total_exptime,
        date_obs_start: facts.date_obs_start,
        date_obs_end: facts.date_obs_end,
        ra_deg: facts.ra_deg,
        dec_deg: facts.dec_deg,
        n_stars: facts.n_stars,
        fwhm_px: facts.fwhm_px,
        eq_mode: facts.eq_mode,
    })
}
