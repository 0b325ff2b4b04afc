//! The life of a job: leases, attempts, replays, deletes.

use super::stage::{AT_ONCE, LONG, SHORT, Stage, token};
use crowdsky_server::objects::Role;
use crowdsky_server::storage::{Artefact, BlobKey};
use crowdsky_server::store::{Claim, Error, Failure, JobState};
use std::time::Duration;

fn failure(code: &str, retry: bool) -> Failure {
    Failure { code: code.to_owned(), message: format!("because of {code}"), retry }
}

pub(super) async fn a_job_is_claimed_completed_and_replayed(stage: Stage) {
    let user = stage.user("ada").await;
    let (_, id) = stage.queued(&user, 3).await;
    assert_eq!(stage.used(&user).await, 3000);
    let job = stage.claim("w", LONG).await.unwrap();
    assert_eq!((job.id, job.attempt, job.epoch, job.frame_count), (id, 1, 1, 3));
    assert_eq!(stage.claim("w2", LONG).await, None, "leased to one only");
    let beat = stage.store.heartbeat(id, token(&job), LONG, Some(0.5)).await.unwrap();
    assert!(!beat.cancel);
    assert_eq!(stage.store.job(id).await.unwrap().unwrap().progress, 0.5);
    stage.store.start_verifying(id, token(&job), LONG).await.unwrap();
    stage.store.start_verifying(id, token(&job), LONG).await.unwrap();
    let stack = stage.new_stack();
    let done = stage.store.complete(id, token(&job), Some(&stack), LONG).await.unwrap();
    assert!(!done.replay);
    let again = stage.store.complete(id, token(&job), Some(&stage.new_stack()), LONG).await.unwrap();
    assert_eq!((again.stack, again.replay), (done.stack, true));
    let row = stage.store.stack(user.id, done.stack.unwrap()).await.unwrap().unwrap();
    assert_eq!((row.made, row.object_name.as_deref()), (stack, Some("M 31")));
    assert_eq!(stage.used(&user).await, 5300, "the stack counts, the raws do not any more");
    let attempts = stage.store.attempts(id).await.unwrap();
    assert_eq!(attempts.iter().map(|a| a.outcome.as_deref()).collect::<Vec<_>>(), [Some("completed")]);
    assert_eq!(stage.store.stacked_objects(user.id).await.unwrap(), [("M 31".to_owned(), 1)]);
    stage.rules_hold().await;
}

pub(super) async fn u01_a_lease_that_ends_gives_the_job_back(stage: Stage) {
    let user = stage.user("ada").await;
    let (_, id) = stage.queued(&user, 1).await;
    let lost = stage.claim("killed", SHORT).await.unwrap();
    tokio::time::sleep(2 * SHORT).await;
    let again = stage.claim("next", LONG).await.unwrap();
    assert_eq!((again.id, again.attempt, again.epoch), (id, 2, 2));
    assert!(matches!(stage.store.heartbeat(id, token(&lost), LONG, None).await, Err(Error::LeaseLost)));
    let attempts = stage.store.attempts(id).await.unwrap();
    assert_eq!(attempts[0].outcome.as_deref(), Some("lease_expired"));
    assert_eq!(stage.store.reap(&AT_ONCE).await.unwrap(), 0);
    stage.rules_hold().await;
}

pub(super) async fn u02_one_attempt_and_three_more(stage: Stage) {
    let user = stage.user("ada").await;
    let (_, id) = stage.queued(&user, 1).await;
    for attempt in 1..=4 {
        let job = stage.claim("w", LONG).await.unwrap();
        assert_eq!(job.attempt, attempt);
        let state =
            stage.store.fail(id, token(&job), &failure("worker_error", true), &AT_ONCE).await.unwrap();
        let replay = stage.store.fail(id, token(&job), &failure("other", true), &AT_ONCE).await.unwrap();
        let expected = if attempt < 4 { JobState::Ready } else { JobState::Failed };
        assert_eq!((state, replay), (expected, expected));
    }
    assert_eq!(stage.claim("w", LONG).await, None, "a dead letter");
    let job = stage.store.job(id).await.unwrap().unwrap();
    assert_eq!((job.legacy_status(), job.error_code.as_deref()), ("failed", Some("worker_error")));
    assert_eq!(stage.store.attempts(id).await.unwrap().len(), 4);
    stage.rules_hold().await;
}

pub(super) async fn u08_a_stalled_worker_changes_nothing(stage: Stage) {
    let user = stage.user("ada").await;
    let (_, id) = stage.queued(&user, 1).await;
    let stalled = stage.claim("stalled", SHORT).await.unwrap();
    tokio::time::sleep(2 * SHORT).await;
    // Even before another has it: the lease is over.
    let late = stage.store.complete(id, token(&stalled), Some(&stage.new_stack()), LONG).await;
    assert!(matches!(late, Err(Error::LeaseLost)));
    let next = stage.claim("next", LONG).await.unwrap();
    for token in [token(&stalled), "0123"] {
        let store = &stage.store;
        assert!(matches!(store.start_verifying(id, token, LONG).await, Err(Error::LeaseLost)));
        assert!(matches!(
            store.complete(id, token, Some(&stage.new_stack()), LONG).await,
            Err(Error::LeaseLost)
        ));
        assert!(matches!(store.fail(id, token, &failure("x", false), &AT_ONCE).await, Err(Error::LeaseLost)));
        assert!(matches!(store.release(id, token).await, Err(Error::LeaseLost)));
        assert!(matches!(store.leased(id, token).await, Err(Error::LeaseLost)));
    }
    let stack = stage.new_stack();
    stage.store.complete(id, token(&next), Some(&stack), LONG).await.unwrap();
    let late = stage.store.complete(id, token(&stalled), Some(&stage.new_stack()), LONG).await;
    assert!(matches!(late, Err(Error::LeaseLost)), "not even afterwards");
    assert_eq!(stage.store.stack_of_job(id).await.unwrap().unwrap().made.fits, stack.fits);
    stage.rules_hold().await;
}

pub(super) async fn a_released_attempt_does_not_count(stage: Stage) {
    let user = stage.user("ada").await;
    let (_, id) = stage.queued(&user, 1).await;
    for epoch in 1..=6 {
        let job = stage.claim("w", LONG).await.unwrap();
        assert_eq!((job.attempt, job.epoch), (1, epoch));
        stage.store.release(id, token(&job)).await.unwrap();
        stage.store.release(id, token(&job)).await.unwrap();
    }
    assert_eq!(stage.store.job(id).await.unwrap().unwrap().legacy_status(), "pending");
}

pub(super) async fn not_worth_another_attempt(stage: Stage) {
    let user = stage.user("ada").await;
    let (_, id) = stage.queued(&user, 1).await;
    let job = stage.claim("w", LONG).await.unwrap();
    let state = stage.store.fail(id, token(&job), &failure("bad_input", false), &AT_ONCE).await.unwrap();
    assert_eq!(state, JobState::Failed);
    stage.rules_hold().await;
}

pub(super) async fn u26_a_deleted_job_tells_its_worker(stage: Stage) {
    let (user, eve) = (stage.user("ada").await, stage.user("eve").await);
    let (upload, id) = stage.queued(&user, 2).await;
    let job = stage.claim("w", LONG).await.unwrap();
    assert!(matches!(stage.store.delete_job(eve.id, id, LONG).await, Err(Error::NotFound(_))));
    stage.store.delete_job(user.id, id, LONG).await.unwrap();
    stage.store.delete_job(user.id, id, LONG).await.unwrap();
    assert!(stage.store.heartbeat(id, token(&job), LONG, None).await.unwrap().cancel);
    let late = stage.store.complete(id, token(&job), Some(&stage.new_stack()), LONG).await;
    assert!(matches!(late, Err(Error::LeaseLost)));
    assert_eq!(stage.store.job_of(user.id, id).await.unwrap(), None);
    assert_eq!(stage.store.jobs_of_upload(user.id, upload.id).await.unwrap(), []);
    assert_eq!(stage.used(&user).await, 0);
    // The raws wait for the grace time, what was staged does not.
    let due = stage.store.doomed(100, LONG).await.unwrap();
    assert!(!due.is_empty() && due.iter().all(|item| item.reason == "staged"), "{due:?}");
    stage.rules_hold().await;
}

pub(super) async fn retry_begins_again(stage: Stage) {
    let user = stage.user("ada").await;
    let (_, id) = stage.queued(&user, 1).await;
    assert!(matches!(stage.store.retry_job(user.id, id).await, Err(Error::WrongState { .. })));
    let job = stage.claim("w", LONG).await.unwrap();
    stage.store.fail(id, token(&job), &failure("bad_input", false), &AT_ONCE).await.unwrap();
    stage.store.retry_job(user.id, id).await.unwrap();
    let again = stage.claim("w", LONG).await.unwrap();
    assert_eq!((again.attempt, again.epoch), (1, 2), "the attempts count anew, the claims go on");
}

pub(super) async fn u04_raws_go_only_with_the_stack(stage: Stage) {
    let user = stage.user("ada").await;
    let (_, id) = stage.queued(&user, 2).await;
    let job = stage.claim("w", LONG).await.unwrap();
    let raws = stage.store.job_files(id).await.unwrap();
    let nothing = stage.store.complete(id, token(&job), None, LONG).await;
    assert!(matches!(nothing, Err(Error::WrongState { .. })), "no stack, no completion");
    assert_eq!(stage.store.doomed(100, LONG).await.unwrap(), []);
    // Longer than a busy machine takes from one question to the next.
    let grace = Duration::from_secs(2);
    stage.store.complete(id, token(&job), Some(&stage.new_stack()), grace).await.unwrap();
    assert_eq!(stage.store.doomed(100, LONG).await.unwrap(), [], "not before the grace time");
    tokio::time::sleep(grace + SHORT).await;
    let mut doomed: Vec<_> =
        stage.store.doomed(100, LONG).await.unwrap().into_iter().map(|item| item.key).collect();
    let mut keys: Vec<_> = raws.into_iter().map(|raw| raw.key).collect();
    doomed.sort();
    keys.sort();
    assert_eq!(doomed, keys);
    stage.rules_hold().await;
}

pub(super) async fn u03_a_backlog_loses_no_raws(stage: Stage) {
    let user = stage.user("ada").await;
    let mut wish = stage.new_upload(&user);
    wish.lifetime = SHORT;
    let upload = stage.store.open_upload(&wish).await.unwrap();
    let id = stage.finalised(&upload, 2).await;
    let used = stage.used(&user).await;
    // Older than its session may last, and nobody has come to stack it.
    tokio::time::sleep(2 * SHORT).await;
    for _ in 0..4 {
        assert_eq!(stage.store.expire_uploads(10).await.unwrap(), 0);
        let doomed = stage.store.doomed(100, LONG).await.unwrap();
        assert!(doomed.iter().all(|item| item.reason == "staged"), "{doomed:?}");
        assert_eq!((stage.store.job_files(id).await.unwrap().len(), stage.used(&user).await), (2, used));
        let job = stage.claim("w", LONG).await.unwrap();
        stage.store.fail(id, token(&job), &failure("worker_error", true), &AT_ONCE).await.unwrap();
    }
    assert_eq!(stage.store.job(id).await.unwrap().unwrap().state, JobState::Failed);
    assert_eq!(stage.store.prune(std::time::Duration::ZERO).await.unwrap(), 0);
    assert_eq!((stage.store.job_files(id).await.unwrap().len(), stage.used(&user).await), (2, used));
    stage.rules_hold().await;
}

pub(super) async fn u08_a_legacy_worker_is_known_by_its_token(stage: Stage) {
    let user = stage.user("ada").await;
    let (_, id) = stage.queued(&user, 1).await;
    let mut workers = Vec::new();
    for (k, name) in ["attic", "cellar"].into_iter().enumerate() {
        workers.push(stage.store.add_worker(name, &[k as u8; 32]).await.unwrap().id);
    }
    let held = async |k: usize| stage.store.legacy_token(Some(workers[k]), id).await.unwrap();
    let claim = async |k: usize, legacy| {
        let wish = Claim { worker_id: Some(workers[k]), legacy, ..stage.wish("w", LONG) };
        stage.store.claim(&wish).await.unwrap().remove(0)
    };
    assert_eq!(held(0).await, None, "never claimed");
    let first = claim(0, true).await;
    assert_eq!((held(0).await.as_deref(), held(1).await), (Some(token(&first)), None));
    stage.store.fail(id, token(&first), &failure("worker_error", true), &AT_ONCE).await.unwrap();
    assert_eq!(held(0).await.as_deref(), Some(token(&first)), "for what it repeats");
    let second = claim(1, true).await;
    assert_eq!((held(0).await, held(1).await.as_deref()), (None, Some(token(&second))));
    stage.store.release(id, token(&second)).await.unwrap();
    claim(1, false).await;
    assert_eq!(held(1).await, None, "its tokens are for those who keep them");
}

/// Whatever has become of the job since.
pub(super) async fn i6_a_failure_told_again_gets_the_same_answer(stage: Stage) {
    let user = stage.user("ada").await;
    let (_, id) = stage.queued(&user, 1).await;
    let first = stage.claim("w", LONG).await.unwrap();
    let tell = async |token: &str, retry| {
        stage.store.fail(id, token, &failure("worker_error", retry), &AT_ONCE).await.unwrap()
    };
    assert_eq!(tell(token(&first), true).await, JobState::Ready);
    let second = stage.claim("w", LONG).await.unwrap();
    assert_eq!(tell(token(&second), false).await, JobState::Failed);
    assert_eq!(tell(token(&first), true).await, JobState::Ready, "the first attempt gave it back");
    stage.store.retry_job(user.id, id).await.unwrap();
    assert_eq!(tell(token(&second), false).await, JobState::Failed, "the second one ended it");
    let attempts = stage.store.attempts(id).await.unwrap();
    assert_eq!(
        attempts.iter().map(|a| a.outcome.as_deref().unwrap()).collect::<Vec<_>>(),
        ["failed", "failed"]
    );
}

/// What an attempt has staged, and what was moved while it was verified, waits in the outbox however it ends.
pub(super) async fn a_delivery_that_ends_badly_leaves_nothing(stage: Stage) {
    let user = stage.user("ada").await;
    for end in ["failed", "released", "expired", "deleted", "erased"] {
        let (_, id) = stage.queued(&user, 1).await;
        let job = stage.claim("w", LONG).await.unwrap();
        let verifying = if end == "expired" { SHORT } else { LONG };
        stage.store.start_verifying(id, token(&job), verifying).await.unwrap();
        match end {
            "failed" => {
                let state = stage.store.fail(id, token(&job), &failure("x", false), &AT_ONCE).await.unwrap();
                assert_eq!(state, JobState::Failed);
            }
            "released" => stage.store.release(id, token(&job)).await.unwrap(),
            "expired" => {
                tokio::time::sleep(2 * SHORT).await;
                assert_eq!(stage.store.reap(&AT_ONCE).await.unwrap(), 1);
            }
            "deleted" => stage.store.delete_job(user.id, id, LONG).await.unwrap(),
            _ => stage.store.erase_user(user.id).await.unwrap(),
        }
        let object = job.object_name.as_deref();
        for artefact in Artefact::ALL {
            let staged = BlobKey::staged(id, job.epoch, artefact);
            let moved = BlobKey::finished(job.user_id, object, &job.chunk_key, id, job.epoch, artefact);
            for key in [staged, moved] {
                assert!(stage.store.is_known(Role::Stacks, key.as_str()).await.unwrap(), "{end}: {key}");
            }
        }
        if matches!(end, "released" | "expired") {
            // Out of the way of the next one.
            stage.store.delete_job(user.id, id, LONG).await.unwrap();
        }
    }
    let due = stage.store.doomed(100, LONG).await.unwrap();
    assert!(!due.iter().any(|item| item.reason == "unverified"), "a move may still be under way: {due:?}");
}
