//! Jobs, their leases and their attempts. The queue is the table.

use super::{Micros, NewStack, RawFile, RawId, Result, StackId, UploadId, UserId, WorkerId};
use async_trait::async_trait;
use std::fmt;
use std::time::Duration;

use super::JobId;

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobKind {
    /// Frames of one chunk to one stack.
    Stack,
    /// Nothing: measures the queue. It has no files and gives no stack.
    Noop,
}

impl JobKind {
    /// Its name in the database and on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            JobKind::Stack => "stack",
            JobKind::Noop => "noop",
        }
    }

    /// The kind of that name.
    pub fn parse(text: &str) -> Option<JobKind> {
        [JobKind::Stack, JobKind::Noop].into_iter().find(|kind| kind.as_str() == text)
    }
}

/// Where a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JobState {
    /// Waits for a worker, from `run_after` on.
    Ready,
    /// Leased to a worker.
    Processing,
    /// Delivered; the server reads the artefacts back. Still under the lease.
    Verifying,
    /// Has its stack.
    Completed,
    /// All attempts used, or not worth another.
    Failed,
    /// Deleted by the user.
    Cancelled,
}

impl JobState {
    /// All of them.
    pub const ALL: [JobState; 6] = [
        JobState::Ready,
        JobState::Processing,
        JobState::Verifying,
        JobState::Completed,
        JobState::Failed,
        JobState::Cancelled,
    ];

    /// Its name in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            JobState::Ready => "ready",
            JobState::Processing => "processing",
            JobState::Verifying => "verifying",
            JobState::Completed => "completed",
            JobState::Failed => "failed",
            JobState::Cancelled => "cancelled",
        }
    }

    /// The state of that name.
    pub fn parse(text: &str) -> Option<JobState> {
        JobState::ALL.into_iter().find(|state| state.as_str() == text)
    }

    /// Whether nothing more happens by itself.
    pub fn is_final(self) -> bool {
        matches!(self, JobState::Completed | JobState::Failed | JobState::Cancelled)
    }
}

/// A worker's right to a job for a time.
#[derive(Clone, PartialEq, Eq)]
pub struct Lease {
    /// 32 hexadecimal digits; whoever has them holds the lease.
    pub token: String,
    /// Ends then unless a heartbeat renews it.
    pub expires_at: Micros,
    /// Last sign of life.
    pub heartbeat_at: Micros,
    /// What the worker calls itself.
    pub worker: String,
    /// The token it came with; `None` for the embedded worker.
    pub worker_id: Option<WorkerId>,
    /// Claimed through `next_job.php`: no heartbeats, and `complete_job.php` may come without the token.
    pub legacy: bool,
}

/// Without the token (U-35).
impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (worker, legacy) = (&self.worker, &self.legacy);
        f.debug_struct("Lease")
            .field("worker", worker)
            .field("expires_at", &self.expires_at)
            .field("legacy", legacy)
            .finish_non_exhaustive()
    }
}

/// A job to be.
#[derive(Debug, Clone, PartialEq)]
pub struct NewJob {
    /// What is to be done.
    pub kind: JobKind,
    /// SHA-256 (hex) of what makes the group one; unique within the session.
    pub group_hash: String,
    /// Position key of the group: a label.
    pub chunk_key: String,
    /// HEALPix key of the group.
    pub healpix_key: Option<String>,
    /// OBJECT.
    pub object_name: Option<String>,
    /// TELESCOP.
    pub telescope_id: Option<String>,
    /// FILTER.
    pub filter_name: Option<String>,
    /// Seconds of one exposure.
    pub exptime: Option<f64>,
    /// Start of the 15 minutes.
    pub slot_start: Option<Micros>,
    /// Its files.
    pub files: Vec<RawId>,
    /// Attempts before it is given up.
    pub max_attempts: i64,
}

/// A job, as the row says.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// Number.
    pub id: JobId,
    /// What is to be done.
    pub kind: JobKind,
    /// Whose.
    pub user_id: UserId,
    /// Of which upload session.
    pub upload_id: UploadId,
    /// Position key of the group.
    pub chunk_key: String,
    /// HEALPix key of the group.
    pub healpix_key: Option<String>,
    /// OBJECT.
    pub object_name: Option<String>,
    /// TELESCOP.
    pub telescope_id: Option<String>,
    /// FILTER.
    pub filter_name: Option<String>,
    /// Seconds of one exposure.
    pub exptime: Option<f64>,
    /// Number of files.
    pub frame_count: i64,
    /// Where it stands.
    pub state: JobState,
    /// Attempts begun, the running one included; 0 before the first and again after a user's retry.
    pub attempt: i64,
    /// Attempts before it is given up.
    pub max_attempts: i64,
    /// Claims ever made. It never falls, so what is staged under it is never written by two attempts.
    pub epoch: i64,
    /// Not to be claimed before.
    pub run_after: Micros,
    /// While `Processing` or `Verifying`.
    pub lease: Option<Lease>,
    /// The user has deleted it while it ran.
    pub cancel_requested: bool,
    /// `bad_input`, `too_few_aligned`, `lease_expired`, ... of the last attempt that failed.
    pub error_code: Option<String>,
    /// The same for people.
    pub error_message: Option<String>,
    /// 0 to 1.
    pub progress: f64,
    /// When it was queued.
    pub created_at: Micros,
    /// When the running or last attempt began.
    pub started_at: Option<Micros>,
    /// When it came to its end.
    pub completed_at: Option<Micros>,
    /// Last change of anything above.
    pub updated_at: Micros,
}

impl Job {
    /// What the `.php` interface calls its state.
    pub fn legacy_status(&self) -> &'static str {
        match self.state {
            JobState::Ready if self.attempt == 0 => "pending",
            JobState::Ready => "retry",
            JobState::Processing | JobState::Verifying => "processing",
            JobState::Completed => "completed",
            JobState::Failed => "failed",
            JobState::Cancelled => "cancelled",
        }
    }
}

/// One attempt at a job.
#[derive(Debug, Clone, PartialEq)]
pub struct Attempt {
    /// Count, from 1.
    pub attempt: i64,
    /// What the worker calls itself.
    pub worker: String,
    /// Claim.
    pub started_at: Micros,
    /// End, if it has ended.
    pub ended_at: Option<Micros>,
    /// `completed`, `failed`, `lease_expired`, `released`, `cancelled`.
    pub outcome: Option<String>,
    /// Code of the error.
    pub error_code: Option<String>,
    /// The error for people.
    pub error_message: Option<String>,
}

/// A wish for jobs.
#[derive(Debug, Clone)]
pub struct Claim {
    /// What the worker calls itself.
    pub worker: String,
    /// The token it came with.
    pub worker_id: Option<WorkerId>,
    /// How many at most.
    pub n: i64,
    /// How long a lease lasts.
    pub lease: Duration,
    /// Through `next_job.php`.
    pub legacy: bool,
    /// For leases that have ended, found on the way.
    pub backoff: Backoff,
}

/// How long a job waits after an attempt that failed: `first * factor^(n-1)`, at most `cap`, give or take `jitter`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Backoff {
    /// After the first attempt.
    pub first: Duration,
    /// Growth.
    pub factor: f64,
    /// Longest.
    pub cap: Duration,
    /// 0.2: up to 20 % less or more, so that jobs that failed together do not come back together.
    pub jitter: f64,
}

impl Backoff {
    /// The delay after attempt number `attempt` (from 1); `chance` is a random number from 0 to 1.
    pub fn after(&self, attempt: i64, chance: f64) -> Duration {
        let grown = self.factor.max(1.0).powf((attempt - 1).clamp(0, 64) as f64);
        let seconds = (self.first.as_secs_f64() * grown).min(self.cap.as_secs_f64());
        Duration::from_secs_f64((seconds * (1.0 + self.jitter * (2.0 * chance - 1.0))).max(0.0))
    }
}

/// Why an attempt failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// `bad_input`, `too_few_aligned`, `no_files`, `worker_error`, ...
    pub code: String,
    /// For people, at most 2,000 characters.
    pub message: String,
    /// False: not worth another attempt.
    pub retry: bool,
}

/// The answer to a heartbeat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heartbeat {
    /// The lease runs until then.
    pub expires_at: Micros,
    /// The user has deleted the job; stop.
    pub cancel: bool,
}

/// What completing made; the same again if it is repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Completed {
    /// The stack; `None` for a no-op.
    pub stack: Option<StackId>,
    /// Whether it had been completed before, under the same lease.
    pub replay: bool,
}

/// How many jobs are where.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct QueueState {
    /// Count for each state; states without jobs are left out.
    pub jobs: Vec<(JobState, i64)>,
    /// Age of the oldest job that could be claimed now.
    pub oldest_ready: Option<Duration>,
}

/// Rows of jobs and attempts.
///
/// A lease is good while its token is that of the row, the job is `Processing` or `Verifying`, and the database's clock is
/// before `expires_at`. Every method that takes a token answers `LeaseLost` where it is not (and `NotFound` where there is
/// no such job), except for a replay: the token of the attempt that completed, failed or released the job gets the same
/// answer again.
#[async_trait]
pub trait Jobs {
    /// Adds jobs to a session, whatever its state: for the measurement of the queue and for tests.
    async fn enqueue(&self, user: UserId, upload: UploadId, jobs: &[NewJob]) -> Result<Vec<JobId>>;
    /// Leases the next jobs, fair between users; first ends the leases that are over.
    async fn claim(&self, claim: &Claim) -> Result<Vec<Job>>;
    /// Renews a lease.
    async fn heartbeat(
        &self,
        job: JobId,
        token: &str,
        lease: Duration,
        progress: Option<f64>,
    ) -> Result<Heartbeat>;
    /// Hands a job back; the attempt does not count.
    async fn release(&self, job: JobId, token: &str) -> Result<()>;
    /// Ends an attempt without success: `Ready` with a delay, or `Failed`. What it delivered (under its epoch) goes to the
    /// outbox.
    async fn fail(&self, job: JobId, token: &str, failure: &Failure, backoff: &Backoff) -> Result<JobState>;
    /// `Processing` to `Verifying`, the lease renewed. Again for the same token: no change.
    async fn start_verifying(&self, job: JobId, token: &str, lease: Duration) -> Result<Job>;
    /// One transaction: the stack's row (unique for the job), the job `Completed`, the quota, and the raws to the outbox,
    /// due after `grace` (not for tier `Raw`, whose raws stay). A no-op takes no stack.
    async fn complete(
        &self,
        job: JobId,
        token: &str,
        stack: Option<&NewStack>,
        grace: Duration,
    ) -> Result<Completed>;
    /// The job if the lease is good.
    async fn leased(&self, job: JobId, token: &str) -> Result<Job>;
    /// The job of that number, anyone's.
    async fn job(&self, job: JobId) -> Result<Option<Job>>;
    /// The job of that number if it is the user's and not cancelled.
    async fn job_of(&self, user: UserId, job: JobId) -> Result<Option<Job>>;
    /// Jobs of a session that are not cancelled, by chunk key and number.
    async fn jobs_of_upload(&self, user: UserId, upload: UploadId) -> Result<Vec<Job>>;
    /// Attempts at a job, first to last.
    async fn attempts(&self, job: JobId) -> Result<Vec<Attempt>>;
    /// Files of a job that are not deleted, by DATE-OBS and number.
    async fn job_files(&self, job: JobId) -> Result<Vec<RawFile>>;
    /// The lease's token under which this worker has, or last had, the job through `next_job.php`: such workers do not say it
    /// themselves. `None` once another claim has been made.
    async fn legacy_token(&self, worker: Option<WorkerId>, job: JobId) -> Result<Option<String>>;
    /// A raw frame of a job that this worker's token holds a good lease on.
    async fn leased_file(&self, worker: Option<WorkerId>, file: RawId) -> Result<Option<RawFile>>;
    /// Takes a job back, whatever its state (U-26): `Cancelled`, its lease void (a heartbeat of the holder says so), its raws,
    /// its staged artefacts and its stack to the outbox, due after `grace`, the quota given back. Again: no change.
    async fn delete_job(&self, user: UserId, job: JobId, grace: Duration) -> Result<()>;
    /// `Failed` to `Ready` with its attempts counted from 0. `WrongState` otherwise, or if its raws are gone.
    async fn retry_job(&self, user: UserId, job: JobId) -> Result<()>;
    /// Ends leases that are over: `Ready` with a delay, or `Failed` with `lease_expired`. Says how many.
    async fn reap(&self, backoff: &Backoff) -> Result<i64>;
    /// How many jobs are where.
    async fn queue(&self) -> Result<QueueState>;
    /// Jobs with `updated_at` at or after `since`, oldest change first, at most `limit`.
    async fn jobs_changed(&self, since: Micros, limit: i64) -> Result<Vec<Job>>;
}
