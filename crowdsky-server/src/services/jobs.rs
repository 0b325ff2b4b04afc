//! A user's jobs: look at them, delete them, try them again. What workers do with them is [`super::Work`].

use super::audit::Audit;
use super::{Doorbell, Error, Result};
use crate::config::Settings;
use crate::storage::Blobs;
use crate::store::{self, Attempt, Job, JobId, StackId, Store, Upload, UserId};
use std::sync::Arc;

/// Sessions that the list shows.
const LISTED: i64 = 50;

/// A user's jobs.
#[derive(Debug, Clone)]
pub struct Jobs {
    store: Arc<dyn Store>,
    settings: Arc<Settings>,
    bell: Doorbell,
    audit: Audit,
}

/// A session with its jobs, by chunk key.
#[derive(Debug)]
pub struct SessionJobs {
    /// The session.
    pub upload: Upload,
    /// Its jobs.
    pub jobs: Vec<Job>,
}

/// A job, and what became of each attempt at it.
#[derive(Debug)]
pub struct JobStory {
    /// The job.
    pub job: Job,
    /// First to last.
    pub attempts: Vec<Attempt>,
    /// What it made, once it is completed.
    pub stack: Option<StackId>,
}

impl Jobs {
    /// The service over these rows; `bell` is rung when a job is queued again.
    pub fn new(store: Arc<dyn Store>, _blobs: Blobs, settings: Arc<Settings>, bell: Doorbell) -> Jobs {
        Jobs { audit: Audit::new(store.clone()), store, settings, bell }
    }

    /// The user's latest sessions, latest first.
    ///
    /// # Errors
    /// What the database says.
    pub async fn sessions(&self, user: UserId) -> Result<Vec<Upload>> {
        Ok(self.store.uploads(user, LISTED).await?)
    }

    /// The session of that token with its jobs.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is none or it is another's.
    pub async fn session(&self, user: UserId, token: &str) -> Result<SessionJobs> {
        let upload = self.store.upload(user, token).await?.ok_or(Error::NotFound("upload session"))?;
        let jobs = self.store.jobs_of_upload(user, upload.id).await?;
        Ok(SessionJobs { upload, jobs })
    }

    /// One job with its attempts.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is none of that number or it is another's.
    pub async fn story(&self, user: UserId, id: JobId) -> Result<JobStory> {
        let job = self.store.job_of(user, id).await?.ok_or(Error::NotFound("job"))?;
        let attempts = self.store.attempts(id).await?;
        let stack = self.store.stack_of_job(id).await?.map(|stack| stack.id);
        Ok(JobStory { job, attempts, stack })
    }

    /// The stack a job of the user has made.
    ///
    /// # Errors
    /// What the database says.
    pub async fn stack_of(&self, job: &Job) -> Result<Option<StackId>> {
        if job.state != store::JobState::Completed {
            return Ok(None);
        }
        Ok(self.store.stack_of_job(job.id).await?.map(|stack| stack.id))
    }

    /// Deletes a job, whatever its state; what it made and what it was to be made of go when the grace time is over. Deleted
    /// again, it stays deleted (I6).
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is none of that number or it is another's.
    pub async fn delete(&self, user: UserId, id: JobId) -> Result<()> {
        self.store.delete_job(user, id, self.settings.upkeep.grace_s.duration()).await?;
        self.audit.note("job_deleted", Some(user), format!("job {id}")).await;
        Ok(())
    }

    /// Queues a failed job again, its attempts counted from 0.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is none of that number or it is another's; the job's state if it has not failed.
    pub async fn retry(&self, user: UserId, id: JobId) -> Result<()> {
        self.store.retry_job(user, id).await?;
        self.audit.note("job_retried", Some(user), format!("job {id}")).await;
        self.bell.ring();
        Ok(())
    }
}
