//! From "delivered" to "completed", with others in the way.

use super::{claim, settings};
use crate::support::app::{TestApp, body, frame};
use crate::support::trouble::{Trouble, troubled};
use crowdsky_server::secret::sha256;
use crowdsky_server::services::{Delivered, Delivery, Error, Facts, Fsck};
use crowdsky_server::storage::{Artefact, Blobs};
use crowdsky_server::store::{self, Failure, JobId, JobState};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

const LEASE: Duration = Duration::from_secs(60);

/// A server with this trouble in its storage of stacks, and a job whose stack is staged; its token and what is to be said.
async fn staged(trouble: Option<Trouble>) -> (TestApp, store::User, JobId, String, Delivery) {
    let server = TestApp::start_over(settings(), |blobs| match trouble {
        Some(trouble) => Blobs { stacks: troubled(&blobs.stacks, trouble), ..blobs },
        None => blobs,
    })
    .await;
    let (user, _) = server.user("ada").await;
    let (_, job) = server.queued(&user, "M 42").await;
    let token = claim(&server, job, LEASE).await;
    put(&server, job, &token).await.unwrap();
    let fits = frame("M 42");
    let hash = crowdsky_server::secret::hex(&sha256(&fits));
    let artefact = Delivered { artefact: Artefact::Stack, size: fits.len() as u64, sha256: Some(hash) };
    (server, user, job, token, Delivery { facts: Facts::default(), artefacts: vec![artefact] })
}

/// Stages the stack.
async fn put(server: &TestApp, job: JobId, token: &str) -> Result<(), Error> {
    let fits = frame("M 42");
    let (length, hash) = (fits.len() as u64, sha256(&fits));
    server.app.work.put_artefact(job, token, Artefact::Stack, length, Some(hash), body(fits)).await
}

/// No rule is broken, and no object is unknown to the rows.
async fn all_is_well(server: &TestApp) {
    let report = server.app.upkeep.fsck(Fsck::default()).await.unwrap();
    assert_eq!(report.problems, []);
}

/// Bytes that come between "delivered" and the move are what is verified, and refused; the next attempt delivers anew.
#[tokio::test(flavor = "multi_thread")]
async fn i3_what_is_kept_is_what_was_verified() {
    let (server, _, job, token, delivery) = staged(Some(Trouble::BytesBeforeMove(frame("M 43")))).await;
    for _ in 0..2 {
        let error = server.app.work.complete(job, &token, &delivery).await.unwrap_err();
        assert!(matches!(error, Error::BadInput { code: "digest_mismatch", .. }), "{error:?}");
    }
    let failure = Failure { code: "worker_error".to_owned(), message: "refused".to_owned(), retry: true };
    assert_eq!(server.app.work.fail(job, &token, &failure).await.unwrap(), JobState::Ready);
    all_is_well(&server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn i3_nothing_is_staged_any_more_once_all_is_delivered() {
    let (server, _, job, token, delivery) = staged(None).await;
    server.app.store.start_verifying(job, &token, LEASE).await.unwrap();
    let error = put(&server, job, &token).await.unwrap_err();
    assert!(matches!(error, Error::Store(store::Error::WrongState { .. })), "{error:?}");
    server.app.work.complete(job, &token, &delivery).await.unwrap();
    all_is_well(&server).await;
}

/// A worker hears nothing and says it again: whichever of the two comes first, both get the same answer.
#[tokio::test(flavor = "multi_thread")]
async fn i6_two_say_complete_at_once() {
    let (server, _, job, token, delivery) =
        staged(Some(Trouble::FirstReadHangs(AtomicBool::new(false)))).await;
    let (work, first_token, said) = (server.app.work.clone(), token.clone(), delivery.clone());
    let first = tokio::spawn(async move { work.complete(job, &first_token, &said).await });
    while server.app.store.job(job).await.unwrap().unwrap().state != JobState::Verifying {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // The first one reads first, and hangs there.
    tokio::time::sleep(Duration::from_millis(200)).await;
    let second = server.app.work.complete(job, &token, &delivery).await.unwrap();
    let first = tokio::time::timeout(Duration::from_secs(20), first).await.unwrap().unwrap().unwrap();
    assert_eq!(first, second);
    assert!(first.is_some());
    all_is_well(&server).await;
}

/// The job is deleted after its stack was moved and before it is verified: nothing of it stays.
#[tokio::test(flavor = "multi_thread")]
async fn u26_a_job_that_is_deleted_while_it_is_verified_leaves_nothing() {
    let (server, user, job, token, delivery) =
        staged(Some(Trouble::FirstReadHangs(AtomicBool::new(false)))).await;
    let work = server.app.work.clone();
    let verified = tokio::spawn(async move { work.complete(job, &token, &delivery).await });
    let moved = || walk(server.folder.path()).iter().any(|path| path.contains("M_42"));
    while !moved() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    server.app.jobs.delete(user.id, job).await.unwrap();
    let lost = tokio::time::timeout(Duration::from_secs(20), verified).await.unwrap().unwrap();
    assert!(matches!(lost, Err(Error::Store(store::Error::LeaseLost))), "{lost:?}");
    assert!(moved(), "it is still there, and waits in the outbox");
    all_is_well(&server).await;
}

fn walk(folder: &std::path::Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(walk(&path)) } else { found.push(path.display().to_string()) }
    }
    found
}
