//! What is to be done, and how; every job may run twice.
//!
//! A job reaches frames and delivers through [`WorkSource`] alone: it does not know whether it runs inside the server or on a
//! volunteer's machine.

mod again;
mod fail_point;
mod fetch;
mod stack_chunk;

use crate::services::Delivery;
use crate::storage::{Artefact, ByteStream};
use crate::store::{Failure, JobId, JobKind, RawId};
use async_trait::async_trait;
use std::fmt::Debug;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// A leased job.
#[derive(Clone, PartialEq, Eq)]
pub struct Task {
    /// Number.
    pub id: JobId,
    /// What is to be done.
    pub kind: JobKind,
    /// Of the lease.
    pub token: String,
    /// Claims of this job so far.
    pub epoch: i64,
    /// Which attempt it is.
    pub attempt: i64,
    /// Position key, for the log.
    pub chunk_key: String,
    /// OBJECT, for the log.
    pub object: Option<String>,
    /// How often to give a sign.
    pub heartbeat_every: Duration,
}

impl Debug for Task {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Whoever knows the token may end the job.
        let Task { id, kind, token: _, epoch, attempt, chunk_key, object, heartbeat_every } = self;
        let mut shown = f.debug_struct("Task");
        shown.field("id", id).field("kind", kind).field("epoch", epoch).field("attempt", attempt);
        shown.field("chunk_key", chunk_key).field("object", object).field("heartbeat_every", heartbeat_every);
        shown.finish_non_exhaustive()
    }
}

/// A frame of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// Number.
    pub id: RawId,
    /// A label, unique within the job.
    pub name: String,
    /// Bytes.
    pub size: u64,
    /// Hexadecimal SHA-256.
    pub sha256: String,
}

/// An artefact in a file, ready to be delivered.
#[derive(Debug, Clone)]
pub struct Made {
    /// Which.
    pub artefact: Artefact,
    /// Where.
    pub file: PathBuf,
    /// Bytes.
    pub size: u64,
    /// Its hash.
    pub sha256: [u8; 32],
}

/// Why a source does not do what it is asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// The lease is over: whatever is done for this job is done in vain.
    #[error("the lease on the job has been lost")]
    LeaseLost,
    /// It may work later.
    #[error("{what}")]
    Unavailable {
        /// What failed.
        what: String,
        /// When to try again, where the other side has said so.
        retry_after: Option<Duration>,
    },
    /// The storage is full: the job is as good as before, and is for later, when there is room.
    #[error("{what}")]
    NoRoom {
        /// What failed.
        what: String,
    },
    /// It will not work: a wrong token, a bad artefact.
    #[error("{0}")]
    Refused(String),
}

/// Where jobs come from and results go to.
#[async_trait]
pub trait WorkSource: Debug + Send + Sync {
    /// Up to `n` jobs, leased; waits up to `wait` for the first.
    async fn claim(&self, n: usize, wait: Duration) -> Result<Vec<Task>, SourceError>;
    /// The frames of a job, by time.
    async fn frames(&self, task: &Task) -> Result<Vec<Frame>, SourceError>;
    /// The bytes of a frame.
    async fn frame(&self, task: &Task, frame: &Frame) -> Result<ByteStream, SourceError>;
    /// Keeps the lease; true if the job is to be given up.
    async fn heartbeat(&self, task: &Task, progress: f64) -> Result<bool, SourceError>;
    /// Delivers an artefact; again, if need be.
    async fn deliver(&self, task: &Task, made: &Made) -> Result<(), SourceError>;
    /// Completes a job. Repeated, it changes nothing.
    async fn complete(&self, task: &Task, delivery: &Delivery) -> Result<(), SourceError>;
    /// Ends an attempt without success.
    async fn fail(&self, task: &Task, failure: &Failure) -> Result<(), SourceError>;
    /// Hands a job back; the attempt does not count.
    async fn release(&self, task: &Task) -> Result<(), SourceError>;
}

/// How a job ended without a result.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JobError {
    /// To be told to the source.
    #[error("{}", .0.message)]
    Failed(Failure),
    /// The source does not answer as it should.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// It was told to stop.
    #[error("stopped")]
    Stopped,
}

impl JobError {
    pub(crate) fn failed(code: &str, message: impl Into<String>, retry: bool) -> JobError {
        JobError::Failed(Failure { code: code.to_owned(), message: message.into(), retry })
    }
}

/// How far a job is, 0 to 1; written by the job, read by its heartbeat.
#[derive(Debug, Clone, Default)]
pub struct Progress(Arc<AtomicU64>);

impl Progress {
    /// Parts of a million are exact enough for a bar.
    const WHOLE: f64 = 1e6;

    /// Sets it.
    pub fn set(&self, part: f64) {
        self.0.store((part.clamp(0.0, 1.0) * Progress::WHOLE) as u64, Ordering::Relaxed);
    }

    /// Reads it.
    pub fn get(&self) -> f64 {
        self.0.load(Ordering::Relaxed) as f64 / Progress::WHOLE
    }
}

/// What a job runs with.
#[derive(Debug, Clone)]
pub struct Bench {
    /// Where files may lie while it runs; the system's folder for temporary files if not set.
    pub scratch: Option<PathBuf>,
    /// Threads of the computation; 0 for all cores.
    pub threads: usize,
    /// How far it is.
    pub progress: Progress,
    /// Cancelled when the job is to stop.
    pub stop: CancellationToken,
}

/// Does a job to its end: frames fetched, result delivered, job completed.
///
/// # Errors
/// [`JobError`]; nothing is left behind on this machine in any case.
pub async fn run(source: &dyn WorkSource, task: &Task, bench: &Bench) -> Result<(), JobError> {
    match task.kind {
        JobKind::Stack => stack_chunk::run(source, task, bench).await,
        JobKind::Noop => {
            let nothing = Delivery::default();
            again::again(bench, || source.complete(task, &nothing)).await
        }
    }
}

/// A folder for one job, gone when dropped.
fn scratch(bench: &Bench) -> Result<tempfile::TempDir, JobError> {
    let made = |folder: &Path| {
        std::fs::create_dir_all(folder)?;
        tempfile::Builder::new().prefix("crowdsky-job-").tempdir_in(folder)
    };
    made(&bench.scratch.clone().unwrap_or_else(std::env::temp_dir)).map_err(|error| {
        JobError::failed("worker_error", format!("no room for files on the worker: {error}"), true)
    })
}
