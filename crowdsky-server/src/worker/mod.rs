//! Who does it: claim, run, settle, until told to stop. Knows no job by name.

mod backoff;
mod direct;
mod name;
mod remote;
mod upload;

pub use direct::Direct;
pub use name::default_name;
pub use remote::{Patience, Remote, Terms};

use crate::jobs::{self, Bench, JobError, Progress, SourceError, Task, WorkSource};
use crate::store::Failure;
use backoff::{Backoff, chance};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Tries to tell the source how a job has ended.
const SETTLE_TRIES: u32 = 5;
/// How long a claim waits for a job.
const WAIT: Duration = Duration::from_secs(20);
/// A claim on its way when the worker is told to stop is waited for so long: what it gives would be held by nobody until its
/// lease ends.
const LAST_CLAIM: Duration = Duration::from_secs(2);
/// How soon to look for work again when what was made had no room.
const NO_ROOM_PAUSE: Duration = Duration::from_secs(60);

/// How a worker works.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Jobs at once.
    pub jobs: usize,
    /// Threads of one job; 0 for its share of the cores.
    pub threads: usize,
    /// Where files lie while a job runs.
    pub scratch: Option<PathBuf>,
    /// Longest pause after failures.
    pub backoff_cap: Duration,
    /// After the first claim, whatever it gives, no other.
    pub once: bool,
    /// When told to stop, jobs may finish within this; then they are handed back.
    pub drain: Duration,
}

/// What a worker has done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Done {
    /// Jobs completed.
    pub completed: u64,
    /// Jobs failed, lost or handed back.
    pub other: u64,
}

/// Works until `stop` is cancelled (or, with `once`, until what the first claim gave is done).
///
/// A failing server is waited for, never a reason to end; a source that refuses (a wrong token) is one with `once` only.
///
/// # Errors
/// With `once`: what the source said to the claim.
pub async fn work(
    source: Arc<dyn WorkSource>,
    plan: &Plan,
    stop: CancellationToken,
) -> Result<Done, SourceError> {
    let mut backoff = Backoff::new(plan.backoff_cap);
    let mut running: JoinSet<Ended> = JoinSet::new();
    let mut done = Done::default();
    // Told to stop: jobs go on for `drain`, then this is cancelled as well.
    let hard_stop = CancellationToken::new();
    let mut no_room = false;
    let mut count = |finished: Result<Ended, tokio::task::JoinError>, no_room: &mut bool| match finished {
        Ok(Ended::Completed) => done.completed += 1,
        Ok(ended) => {
            done.other += 1;
            *no_room |= ended == Ended::NoRoom;
        }
        Err(error) => {
            done.other += 1;
            tracing::error!(%error, "a job's task died; its lease will end");
        }
    };
    while !stop.is_cancelled() {
        while let Some(finished) = running.try_join_next() {
            count(finished, &mut no_room);
        }
        if std::mem::take(&mut no_room) {
            let pause = backoff.next(Some(NO_ROOM_PAUSE), chance());
            tracing::warn!(pause_s = pause.as_secs_f64(), "no room for what is made");
            tokio::select! {
                () = stop.cancelled() => break,
                () = tokio::time::sleep(pause) => {}
            }
            continue;
        }
        let free = plan.jobs.max(1) - running.len();
        if free == 0 {
            tokio::select! {
                () = stop.cancelled() => {}
                Some(finished) = running.join_next() => count(finished, &mut no_room),
            }
            continue;
        }
        // With jobs running, a claim must not keep the worker from noticing their end for long.
        let wait = if plan.once { Duration::ZERO } else { WAIT };
        let Some(claimed) = claim(&*source, free, wait, &stop).await else { break };
        match claimed {
            Ok(tasks) => {
                backoff.reset();
                for task in tasks {
                    running.spawn(one(source.clone(), task, plan.clone(), hard_stop.clone()));
                }
            }
            Err(error) if plan.once => return Err(error),
            Err(error) => {
                let asked = match &error {
                    SourceError::Unavailable { retry_after, .. } => *retry_after,
                    _ => None,
                };
                let pause = backoff.next(asked, chance());
                tracing::warn!(%error, pause_s = pause.as_secs_f64(), "no work to be had");
                tokio::select! {
                    () = stop.cancelled() => break,
                    () = tokio::time::sleep(pause) => {}
                }
            }
        }
        if plan.once {
            break;
        }
    }
    let drain = tokio::time::sleep(plan.drain);
    tokio::pin!(drain);
    loop {
        tokio::select! {
            finished = running.join_next() => match finished {
                Some(finished) => count(finished, &mut no_room),
                None => break,
            },
            () = &mut drain, if stop.is_cancelled() && !hard_stop.is_cancelled() => hard_stop.cancel(),
            () = stop.cancelled(), if !stop.is_cancelled() => {}
        }
    }
    Ok(done)
}

/// How a job ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ended {
    Completed,
    /// Handed back: what was made could not be stored, and the next would not be either.
    NoRoom,
    Other,
}

/// Jobs, or none if told to stop: those that come all the same are handed back.
async fn claim(
    source: &dyn WorkSource,
    free: usize,
    wait: Duration,
    stop: &CancellationToken,
) -> Option<Result<Vec<Task>, SourceError>> {
    let claim = source.claim(free, wait);
    tokio::pin!(claim);
    let late = tokio::select! {
        claimed = &mut claim => return Some(claimed),
        () = stop.cancelled() => tokio::time::timeout(LAST_CLAIM, claim).await,
    };
    if let Ok(Ok(tasks)) = late {
        for task in tasks {
            tracing::info!(job = task.id.0, "handed back");
            settle(&task, || source.release(&task)).await;
        }
    }
    None
}

/// Does one job under its lease.
async fn one(source: Arc<dyn WorkSource>, task: Task, plan: Plan, stop: CancellationToken) -> Ended {
    let began = std::time::Instant::now();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = if plan.threads > 0 { plan.threads } else { (cores / plan.jobs.max(1)).max(1) };
    // Its own: a lost lease stops this job and no other.
    let own_stop = stop.child_token();
    let bench = Bench {
        scratch: plan.scratch.clone(),
        threads,
        progress: Progress::default(),
        stop: own_stop.clone(),
    };
    tracing::info!(job = task.id.0, attempt = task.attempt, chunk = %task.chunk_key, "begins");
    let ended = tokio::select! {
        ended = jobs::run(&*source, &task, &bench) => ended,
        lost = keep(&*source, &task, &bench.progress) => Err(lost),
        () = own_stop.cancelled() => Err(JobError::Stopped),
    };
    own_stop.cancel();
    let seconds = began.elapsed().as_secs_f64();
    match ended {
        Ok(()) => {
            tracing::info!(job = task.id.0, seconds, "completed");
            metrics::histogram!("crowdsky_job_run_seconds").record(seconds);
            return Ended::Completed;
        }
        Err(JobError::Stopped) => {
            tracing::info!(job = task.id.0, "handed back");
            settle(&task, || source.release(&task)).await;
        }
        Err(JobError::Source(SourceError::LeaseLost)) => tracing::warn!(job = task.id.0, "the lease is lost"),
        Err(JobError::Source(SourceError::NoRoom { what })) => {
            tracing::warn!(job = task.id.0, error = what, "handed back");
            settle(&task, || source.release(&task)).await;
            return Ended::NoRoom;
        }
        Err(JobError::Source(error)) => {
            tracing::warn!(job = task.id.0, %error, "failed");
            let failure =
                Failure { code: "worker_error".to_owned(), message: error.to_string(), retry: true };
            settle(&task, || source.fail(&task, &failure)).await;
        }
        Err(JobError::Failed(failure)) => {
            tracing::warn!(job = task.id.0, code = failure.code, error = failure.message, "failed");
            settle(&task, || source.fail(&task, &failure)).await;
        }
    }
    Ended::Other
}

/// Gives signs of life until the lease is lost or the job is to be given up.
async fn keep(source: &dyn WorkSource, task: &Task, progress: &Progress) -> JobError {
    loop {
        tokio::time::sleep(task.heartbeat_every).await;
        match source.heartbeat(task, progress.get()).await {
            Ok(false) => {}
            Ok(true) | Err(SourceError::LeaseLost) => return JobError::Source(SourceError::LeaseLost),
            // The lease outlasts several signs; the next one may come through.
            Err(error) => tracing::warn!(job = task.id.0, %error, "no answer to a heartbeat"),
        }
    }
}

/// Tells the source how it ended; a source that does not answer finds out when the lease ends.
async fn settle<F: Future<Output = Result<(), SourceError>>>(task: &Task, tell: impl Fn() -> F) {
    for tries in 0..SETTLE_TRIES {
        match tell().await {
            Ok(()) => return,
            Err(SourceError::Unavailable { .. }) => {
                tokio::time::sleep(Duration::from_millis(200 << tries)).await
            }
            Err(error) => {
                tracing::warn!(job = task.id.0, %error, "the end of the job could not be told");
                return;
            }
        }
    }
    tracing::warn!(job = task.id.0, "the end of the job could not be told; its lease will end");
}
