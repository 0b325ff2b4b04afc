//! When work is handed back, when it is tried again, and when it ends.

use super::source::{Scripted, away, full};
use super::{plan, task};
use crate::harness::{Bench, small};
use crowdsky_server::jobs::SourceError;
use crowdsky_server::store::JobKind;
use crowdsky_server::worker::{Done, Plan, work};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// Less than anything a worker waits for: 20 s for a job, 30 s for the end of one, a minute for room.
const SOON: Duration = Duration::from_secs(15);

/// Works until told to stop, `span` after the source has heard this many things; what was done, and how long it took to end.
async fn worked_for(source: &Arc<Scripted>, heard: usize, span: Duration) -> (Done, Duration) {
    let stop = CancellationToken::new();
    let (told, mine) = (stop.clone(), source.clone());
    let worker = tokio::spawn(async move { work(mine, &plan(), told).await.unwrap() });
    let begin = Instant::now();
    while source.told().len() < heard {
        assert!(begin.elapsed() < Duration::from_secs(20), "no more than {:?}", source.told());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    tokio::time::sleep(span).await;
    let begin = Instant::now();
    stop.cancel();
    (worker.await.unwrap(), begin.elapsed())
}

/// The server has leased the job already when the worker is told to stop: nobody would do it until the lease ends.
#[tokio::test]
async fn u01_a_claim_on_its_way_is_handed_back() {
    let tasks = Mutex::new([task(1, JobKind::Noop)].into());
    // It gives one after a second: the worker has been told to stop long before, and waits 2 s for it.
    let source = Arc::new(Scripted { tasks, claim_takes: Duration::from_secs(1), ..Scripted::default() });
    let (done, took) = worked_for(&source, 0, Duration::from_millis(100)).await;
    assert_eq!(done, Done::default());
    assert_eq!(source.told(), ["claim", "release 1"]);
    assert!(took < SOON, "{took:?}");
}

/// One that waits for a job is not waited for.
#[tokio::test]
async fn u01_a_claim_that_gives_nothing_keeps_nobody() {
    let (done, took) = worked_for(&Arc::default(), 0, Duration::from_millis(100)).await;
    assert_eq!(done, Done::default());
    assert!(took < SOON, "{took:?}");
}

/// A server that restarts does not cost the work of minutes.
#[tokio::test]
async fn what_is_delivered_is_delivered_again() {
    let bench = Bench::new();
    // Two labels that would make a third.
    let labels = ["00002_a.fit", "a.fit", "a.fit", "A.fit", "00003_A.fit", "../a.fit"];
    let frames = bench.night("night", small(labels.len()));
    let frames = frames.iter().map(|frame| std::fs::read(frame).unwrap());
    let source = Scripted {
        tasks: Mutex::new([task(1, JobKind::Stack)].into()),
        frames: labels.map(str::to_owned).into_iter().zip(frames).collect(),
        deliver: Mutex::new([away(), away(), Ok(()), away()].into()),
        complete: Mutex::new([away()].into()),
        ..Scripted::default()
    };
    let source = Arc::new(source);
    let once = Plan { once: true, ..plan() };
    let done = work(source.clone(), &once, CancellationToken::new()).await.unwrap();
    assert_eq!(done, Done { completed: 1, other: 0 }, "{:?}", source.told());
    let [stack, thumbnail, stars, complete] =
        ["deliver stack 1", "deliver thumbnail 1", "deliver stars 1", "complete 1"];
    let expected = ["claim", stack, stack, stack, thumbnail, thumbnail, stars, complete, complete];
    assert_eq!(source.told(), expected);
    let facts = source.facts.lock().unwrap().clone().unwrap();
    assert_eq!((facts.n_frames_input, facts.n_frames_aligned), (6, 6), "each frame has a file of its own");
}

#[tokio::test]
async fn what_is_refused_or_lost_is_not_tried_again() {
    let lost = Arc::new(Scripted {
        tasks: Mutex::new([task(1, JobKind::Noop), task(2, JobKind::Noop)].into()),
        complete: Mutex::new(
            [Err(SourceError::LeaseLost), Err(SourceError::Refused("no".to_owned()))].into(),
        ),
        ..Scripted::default()
    });
    let (done, _) = worked_for(&lost, 5, Duration::ZERO).await;
    assert_eq!(done, Done { completed: 0, other: 2 });
    assert_eq!(lost.told(), ["claim", "complete 1", "claim", "complete 2", "fail worker_error 2"]);
}

/// The job is as good as before and its attempts are not used up; nor is the storage asked again at once.
#[tokio::test]
async fn a_full_storage_fails_no_job() {
    let source = Arc::new(Scripted {
        tasks: Mutex::new([task(1, JobKind::Noop), task(2, JobKind::Noop)].into()),
        complete: Mutex::new([full()].into()),
        ..Scripted::default()
    });
    let (done, took) = worked_for(&source, 3, Duration::from_secs(1)).await;
    assert_eq!(done, Done { completed: 0, other: 1 });
    assert_eq!(source.told(), ["claim", "complete 1", "release 1"]);
    assert!(took < SOON, "{took:?}");
}
