//! The life of a job in the hands of the original's workers.

use super::old_worker::{OldWorker, answered, error, frames_are_there, not_yours, path_of, put, state};
use crate::support::app::{TestApp, frame};
use crate::support::rows::end_leases;
use crowdsky_server::config::{Seconds, Settings};
use crowdsky_server::store::JobState;
use serde_json::{Value, json};
use std::time::Duration;

/// Attempts follow each other at once.
fn impatient() -> Settings {
    let mut settings = TestApp::settings();
    settings.jobs.backoff_first_s = Seconds::new(0);
    settings
}

fn delivery(job: &Value, size: usize) -> Value {
    json!({"job_id": job["job_id"], "ucloud_path": path_of(job), "n_frames_input": 1, "n_frames_aligned": 1,
        "total_exptime": 10.0, "date_obs_start": "2025-01-15T19:30:00.123", "file_size_bytes": size})
}

/// One attempt and three more, then the end; the original left the job in `retry` for ever (U-02).
#[tokio::test(flavor = "multi_thread")]
async fn u02_the_third_retry_is_the_last() {
    let server = TestApp::start_with(impatient()).await;
    let (user, _) = server.user("owner").await;
    let worker = OldWorker::new(&server, "attic").await;
    let (_, id) = server.queued(&user, "M 42").await;
    for expected in ["retry", "retry", "retry", "failed"] {
        assert_eq!(worker.next().await["job_id"], json!(id));
        let told = (200, json!({"ok": true, "status": expected}));
        assert_eq!(worker.fail(id).await, told);
        // The answer was lost, the worker asks again: nothing more happens.
        assert_eq!(worker.fail(id).await, told);
    }
    assert_eq!(answered(worker.get("/api/next_job.php")).await, (204, Value::Null));
    let job = server.app.store.job(id).await.unwrap().unwrap();
    assert_eq!(
        (job.state, job.attempt, job.error_message.as_deref()),
        (JobState::Failed, 4, Some("no darks"))
    );
    frames_are_there(&server, id).await;
}

/// The backlog is older than every grace time, and no frame goes that is not stacked (U-03).
#[tokio::test(flavor = "multi_thread")]
async fn u03_a_backlog_loses_no_frames() {
    let short = Duration::from_millis(50);
    let mut settings = impatient();
    settings.upkeep.grace_s = Seconds::new(0);
    settings.uploads.session_lifetime_s = short.into();
    let server = TestApp::start_with(settings).await;
    let (user, _) = server.user("owner").await;
    let worker = OldWorker::new(&server, "attic").await;
    let (_, id) = server.queued(&user, "M 42").await;
    tokio::time::sleep(3 * short).await;
    let cleanup = async || worker.get("/api/cleanup.php").send().await.unwrap().text().await.unwrap();
    let nothing = "Cleanup done: 0 expired sessions, 0 files deleted.";
    assert_eq!(cleanup().await, nothing);
    frames_are_there(&server, id).await;
    // Nor while it runs, nor when it has failed for good.
    for _ in 0..4 {
        worker.next().await;
        assert_eq!(cleanup().await, nothing);
        frames_are_there(&server, id).await;
        worker.fail(id).await;
        // What the attempt may have staged goes.
        cleanup().await;
        frames_are_there(&server, id).await;
    }
    assert_eq!(state(&server, id).await, JobState::Failed);
    server.app.jobs.retry(user.id, id).await.unwrap();
    let job = worker.next().await;
    let stack = frame("M 42");
    put(&server, &path_of(&job), &stack).await;
    assert_eq!(worker.complete(&delivery(&job, stack.len())).await, (200, json!({"ok": true})));
    assert_eq!(cleanup().await, "Cleanup done: 0 expired sessions, 1 files deleted.");
}

/// Nothing is deleted on a worker's word (U-04).
#[tokio::test(flavor = "multi_thread")]
async fn u04_frames_go_when_the_stack_has_been_read_back() {
    let server = TestApp::start_with(impatient()).await;
    let (user, browser) = server.user("owner").await;
    let worker = OldWorker::new(&server, "attic").await;
    let (_, id) = server.queued(&user, "M 42").await;
    let stack = frame("M 42");
    let refused = async |what: &str, told: &Value, words: &str| {
        let (status, answer) = worker.complete(told).await;
        assert_eq!(status, 400, "{what}: {answer}");
        assert!(answer["error"].as_str().unwrap().contains(words), "{what}: {answer}");
        assert!(!state(&server, id).await.is_final(), "{what}");
        assert_eq!(browser.text("/api/stacks_data.php").await, "[]", "{what}");
        frames_are_there(&server, id).await;
    };
    // What was announced once and is not good stays so: the worker fails the job, and the next attempt has its own object.
    let short = &stack[..stack.len() - 1];
    for (what, object, size, words) in [
        ("a byte is missing", short, stack.len(), "announced with 5760 bytes; 5759 are stored"),
        ("no pixels, and said so", &stack[..2880], 2880, "cannot be used"),
        ("blanks", &[b' '; 5760], 5760, "cannot be used"),
    ] {
        let job = worker.next().await;
        refused("nothing is stored", &delivery(&job, size), "Nothing is stored").await;
        put(&server, &path_of(&job), object).await;
        refused(what, &delivery(&job, size), words).await;
        refused("the same again", &delivery(&job, size), words).await;
        assert_eq!(worker.fail(id).await, (200, json!({"ok": true, "status": "retry"})));
    }
    let job = worker.next().await;
    put(&server, &path_of(&job), &stack).await;
    refused("no size", &delivery(&job, 0), "announced with 0 bytes").await;
    let below_zero = json!({"job_id": id, "ucloud_path": path_of(&job), "file_size_bytes": -5760});
    refused("size below zero", &below_zero, "announced with 0 bytes").await;
    assert_eq!(worker.complete(&delivery(&job, stack.len())).await, (200, json!({"ok": true})));
    assert_eq!(state(&server, id).await, JobState::Completed);
    // Not before the grace time.
    let due = server.app.store.doomed(100, Duration::ZERO).await.unwrap();
    assert!(due.iter().all(|item| !item.key.starts_with("raws/")), "{due:?}");
    let rows: Value = serde_json::from_str(&browser.text("/api/stacks_data.php").await).unwrap();
    let stored = browser.get(&format!("/download.php?id={}", rows[0]["id"])).await;
    assert_eq!(stored.bytes().await.unwrap(), stack);
    let report = server.app.upkeep.fsck(Default::default()).await.unwrap();
    assert!(report.is_clean(), "{report:?}");
}

/// What a worker repeats gets the same answer; what another worker says of the job changes nothing (U-08).
#[tokio::test(flavor = "multi_thread")]
async fn u08_a_job_is_that_of_one_worker() {
    let server = TestApp::start_with(impatient()).await;
    let (user, _) = server.user("owner").await;
    let (first, second) = (OldWorker::new(&server, "attic").await, OldWorker::new(&server, "cellar").await);
    let (_, id) = server.queued(&user, "M 42").await;
    let job = first.next().await;
    let stack = frame("M 42");
    put(&server, &path_of(&job), &stack).await;
    let told = delivery(&job, stack.len());
    let raw = server.app.store.job_files(id).await.unwrap()[0].id;
    let download = format!("/api/download_raw.php?file_id={raw}");
    for _ in 0..2 {
        assert_eq!(second.complete(&told).await, not_yours());
        assert_eq!(second.fail(id).await, not_yours());
        assert_eq!(answered(second.get(&download)).await, error(404, "File not found."));
        assert_eq!(state(&server, id).await, JobState::Processing);
    }
    assert_eq!(first.get(&download).send().await.unwrap().status(), 200);
    for _ in 0..3 {
        assert_eq!(first.complete(&told).await, (200, json!({"ok": true})));
        assert_eq!(second.complete(&told).await, not_yours());
    }
    // Too late to fail what is done.
    assert_eq!(first.fail(id).await, not_yours());
    assert_eq!(state(&server, id).await, JobState::Completed);
    assert_eq!(server.app.store.outbox().await.unwrap().pending, 1, "the frame waits once");
    assert_eq!(answered(first.get(&download)).await, error(404, "File not found."), "no lease, no frames");
}

/// A worker that was away longer than its lease has lost the job (U-01, U-08).
#[tokio::test(flavor = "multi_thread")]
async fn u08_a_stalled_worker_has_lost_its_job() {
    let mut settings = impatient();
    settings.jobs.legacy_lease_s = Seconds::new(60);
    let server = TestApp::start_with(settings).await;
    let (user, _) = server.user("owner").await;
    let (stalled, next) = (OldWorker::new(&server, "attic").await, OldWorker::new(&server, "cellar").await);
    let (_, id) = server.queued(&user, "M 42").await;
    let job = stalled.next().await;
    let stack = frame("M 42");
    put(&server, &path_of(&job), &stack).await;
    let told = delivery(&job, stack.len());
    end_leases(server.folder.path()).await;
    assert_eq!(stalled.complete(&told).await, not_yours(), "even before another has it");
    assert_eq!(stalled.fail(id).await, not_yours());
    let again = next.next().await;
    assert_eq!((&again["job_id"], &again["attempt"]), (&json!(id), &json!(2)));
    assert_eq!(stalled.complete(&told).await, not_yours());
    assert_eq!(next.complete(&told).await, (200, json!({"ok": true})));
    assert_eq!(stalled.complete(&told).await, not_yours());
    assert_eq!(stalled.fail(id).await, not_yours());
    assert_eq!(state(&server, id).await, JobState::Completed);
}
