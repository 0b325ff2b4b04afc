//! Work: on threads of its own, while Python's threads run, Ctrl-C is heard and progress is told.

use crate::error;
use crowdsky_stack::{Progress, Stage};
use pyo3::prelude::*;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long it may take until Ctrl-C is heard.
const LOOK: Duration = Duration::from_millis(100);

/// What the work tells and is told.
#[derive(Default)]
struct Desk {
    stop: bool,
    done: bool,
    /// What has been told last and not yet been passed on.
    news: Option<(Stage, usize, usize)>,
}

/// The work's side of it.
#[derive(Default)]
pub(crate) struct Watch {
    desk: Mutex<Desk>,
    changed: Condvar,
}

impl Watch {
    /// No code that can panic runs while the lock is held, so a poisoned one is as good as any.
    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, what: impl FnOnce(&mut Desk)) {
        what(&mut self.desk());
        self.changed.notify_all();
    }

    /// Waits for news, the end, or [`LOOK`].
    fn wait(&self) -> (Option<(Stage, usize, usize)>, bool) {
        let wanted = |desk: &mut Desk| desk.news.is_none() && !desk.done;
        let waited = self.changed.wait_timeout_while(self.desk(), LOOK, wanted);
        let (mut desk, _) = waited.unwrap_or_else(PoisonError::into_inner);
        (desk.news.take(), desk.done)
    }
}

impl Progress for Watch {
    fn update(&self, stage: Stage, done: usize, total: usize) {
        self.change(|desk| desk.news = Some((stage, done, total)));
    }

    fn stopped(&self) -> bool {
        self.desk().stop
    }
}

/// Says that the work has ended, however it ends.
struct End<'a>(&'a Watch);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.change(|desk| desk.done = true);
    }
}

/// Does `work` on another thread. `progress`, if given, is called with the stage's name, what is done and how much there is, from the
/// thread that called. What it raises, and Ctrl-C, end the work within a moment. A panic becomes a `CrowdskyError`.
pub(crate) fn run<T: Send>(
    py: Python<'_>,
    progress: Option<&Bound<'_, PyAny>>,
    work: impl FnOnce(&Watch) -> T + Send,
) -> PyResult<T> {
    let watch = Watch::default();
    std::thread::scope(|scope| {
        let worker = scope.spawn(|| {
            let _end = End(&watch);
            work(&watch)
        });
        let mut raised = None;
        loop {
            let (news, done) = py.detach(|| watch.wait());
            if let (Some((stage, done, total)), Some(progress), None) = (news, progress, &raised) {
                raised = progress.call1((name(stage), done, total)).err();
            }
            if raised.is_none() {
                raised = py.check_signals().err();
            }
            if raised.is_some() {
                watch.change(|desk| desk.stop = true);
            }
            if done {
                break;
            }
        }
        let result = py.detach(|| worker.join());
        match (raised, result) {
            (Some(raised), _) => Err(raised),
            (None, Ok(result)) => Ok(result),
            (None, Err(panic)) => Err(error::panicked(&*panic)),
        }
    })
}

/// Does short `work`, some 100 ms at most, on `threads` threads of its own. Threads that live on would not be there in a forked child,
/// which waits for them for ever; to start them takes 50 us.
pub(crate) fn briefly<T: Send>(
    py: Python<'_>,
    threads: usize,
    work: impl FnOnce() -> T + Send,
) -> PyResult<T> {
    let done = py.detach(|| {
        let pool = pool(threads)?;
        // What a panic leaves behind is not looked at again.
        let work = std::panic::AssertUnwindSafe(|| pool.install(work));
        Ok::<_, PyErr>(std::panic::catch_unwind(work))
    })?;
    done.map_err(|panic| error::panicked(&*panic))
}

/// Threads that end with the call they are for; as many as [`number`] says.
pub(crate) fn pool(threads: usize) -> PyResult<rayon::ThreadPool> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(number(threads)).build();
    pool.map_err(|e| error::threads(&e))
}

/// Threads for a call that asks for `threads`, 0 for one per core.
pub(crate) fn number(threads: usize) -> usize {
    if threads == 0 { std::thread::available_parallelism().map_or(1, usize::from) } else { threads }
}

fn name(stage: Stage) -> &'static str {
    match stage {
        Stage::Headers => "headers",
        Stage::Frames => "frames",
        Stage::Register => "register",
        Stage::Combine => "combine",
        Stage::Catalogue => "catalogue",
        _ => "stack",
    }
}
