//! The queue as a whole.

use super::stage::{AT_ONCE, LONG, Stage, token};
use crowdsky_server::store::{JobState, Micros};
use std::collections::BTreeSet;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

pub(super) async fn u33_the_clock_is_the_databases_and_utc(stage: Stage) {
    let machines = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_micros() as i64;
    let (before, minute) = (machines(), 60_000_000);
    let user = stage.user("ada").await;
    let earlier = stage.store.now().await.unwrap();
    let (_, id) = stage.queued(&user, 1).await;
    let job = stage.claim("w", LONG).await.unwrap();
    let later = stage.store.now().await.unwrap();
    // One machine here; a zone would be off by hours.
    assert!((before - minute..machines() + minute).contains(&earlier.0), "{earlier:?} at {before}");
    for stamp in [job.created_at, job.started_at.unwrap(), job.updated_at, job.run_after] {
        assert!((earlier..=later).contains(&stamp), "{stamp:?} is not from {earlier:?} to {later:?}");
    }
    let expires = job.lease.unwrap().expires_at;
    assert!((earlier.plus(LONG)..=later.plus(LONG)).contains(&expires), "{expires:?}");
    assert_eq!(stage.store.job(id).await.unwrap().unwrap().created_at, job.created_at, "to the microsecond");
}

pub(super) async fn u28_one_users_thousand_jobs_do_not_block_the_next(stage: Stage) {
    let (ada, eve) = (stage.user("ada").await, stage.user("eve").await);
    let upload = stage.upload(&ada).await;
    let jobs: Vec<_> = (0..1000).map(|_| stage.new_job(&[])).collect();
    stage.store.enqueue(ada.id, upload.id, &jobs).await.unwrap();
    // Some of them are done before the other user comes.
    for _ in 0..5 {
        let job = stage.claim("w", LONG).await.unwrap();
        stage.store.complete(job.id, token(&job), None, LONG).await.unwrap();
    }
    let upload = stage.upload(&eve).await;
    stage.store.enqueue(eve.id, upload.id, &[stage.new_job(&[]), stage.new_job(&[])]).await.unwrap();
    let mut next = Vec::new();
    for _ in 0..6 {
        next.push(stage.claim("w", LONG).await.unwrap().user_id);
    }
    assert_eq!(next.iter().filter(|user| **user == eve.id).count(), 2, "both within the next six: {next:?}");
}

pub(super) async fn none_twice_none_lost(stage: Stage) {
    let user = stage.user("ada").await;
    let upload = stage.upload(&user).await;
    let jobs: Vec<_> = (0..200).map(|_| stage.new_job(&[])).collect();
    let queued: BTreeSet<_> =
        stage.store.enqueue(user.id, upload.id, &jobs).await.unwrap().into_iter().collect();
    let workers = (0..8).map(|k| {
        let stage = stage.clone();
        tokio::spawn(async move {
            let mut done = Vec::new();
            while let Some(job) = stage.claim(&format!("w{k}"), LONG).await {
                if job.epoch == 1 && job.id.0 % 7 == 0 {
                    // Some are handed back first, and reapers run all the time.
                    stage.store.release(job.id, token(&job)).await.unwrap();
                    stage.store.reap(&AT_ONCE).await.unwrap();
                    continue;
                }
                stage.store.complete(job.id, token(&job), None, LONG).await.unwrap();
                done.push(job.id);
            }
            done
        })
    });
    let mut all = Vec::new();
    for worker in workers.collect::<Vec<_>>() {
        all.extend(worker.await.unwrap());
    }
    assert_eq!(all.len(), 200);
    assert_eq!(all.into_iter().collect::<BTreeSet<_>>(), queued);
    assert_eq!(stage.store.queue().await.unwrap().jobs, [(JobState::Completed, 200)]);
    stage.rules_hold().await;
}

pub(super) async fn changes_are_seen(stage: Stage) {
    let user = stage.user("ada").await;
    let (_, id) = stage.queued(&user, 1).await;
    let before = stage.store.now().await.unwrap();
    tokio::time::sleep(Duration::from_millis(5)).await;
    assert_eq!(stage.store.jobs_changed(before.plus(Duration::from_secs(60)), 10).await.unwrap(), []);
    let state = stage.store.queue().await.unwrap();
    assert_eq!(state.jobs, [(JobState::Ready, 1)]);
    assert!(state.oldest_ready.is_some());
    stage.claim("w", LONG).await.unwrap();
    let changed = stage.store.jobs_changed(before, 10).await.unwrap();
    assert_eq!(
        changed.iter().map(|job| (job.id, job.state)).collect::<Vec<_>>(),
        [(id, JobState::Processing)]
    );
    assert_eq!(stage.store.jobs_changed(Micros(0), 10).await.unwrap().len(), 1);
}

/// A user queues much and deletes it: those who come later stand where the queue is, not where it would have been.
pub(super) async fn u28_deleted_jobs_push_nobody_back(stage: Stage) {
    let (ada, eve, cleo) = (stage.user("ada").await, stage.user("eve").await, stage.user("cleo").await);
    let upload = stage.upload(&cleo).await;
    let jobs: Vec<_> = (0..20).map(|_| stage.new_job(&[])).collect();
    stage.store.enqueue(cleo.id, upload.id, &jobs).await.unwrap();
    let upload = stage.upload(&ada).await;
    let jobs: Vec<_> = (0..50).map(|_| stage.new_job(&[])).collect();
    for job in stage.store.enqueue(ada.id, upload.id, &jobs).await.unwrap() {
        stage.store.delete_job(ada.id, job, LONG).await.unwrap();
    }
    let upload = stage.upload(&eve).await;
    stage.store.enqueue(eve.id, upload.id, &[stage.new_job(&[])]).await.unwrap();
    let mut next = Vec::new();
    for _ in 0..3 {
        next.push(stage.claim("w", LONG).await.unwrap().user_id);
    }
    assert!(next.contains(&eve.id), "behind twenty jobs of another: {next:?}");
}
