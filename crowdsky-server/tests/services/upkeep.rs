//! What goes by itself, what stays, and what keeps the janitor from its work.

use super::{claim, settings};
use crate::support::app::{TestApp, body};
use crate::support::rows::hand;
use crate::support::trouble::{Trouble, troubled};
use crowdsky_server::config::Seconds;
use crowdsky_server::objects::Role;
use crowdsky_server::services::{Fsck, Swept};
use crowdsky_server::storage::{BlobKey, Blobs};
use crowdsky_server::store::JobState;
use sqlx::raw_sql;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

const PATIENCE: Duration = Duration::from_secs(20);
const HOUR: Duration = Duration::from_secs(3600);
const FIX: Fsck = Fsck { fix: true, quick: false };

async fn put(server: &TestApp, role: Role, key: &str) {
    let key = BlobKey::parse(key).unwrap();
    server.app.blobs.of(role).put(&key, 3, body(b"abc".to_vec())).await.unwrap();
}

async fn pending(server: &TestApp) -> i64 {
    server.app.store.outbox().await.unwrap().pending
}

/// An older database was restored: the storage holds stacks and frames it knows nothing of. They stay until somebody decides.
#[tokio::test(flavor = "multi_thread")]
async fn a_restored_database_costs_no_stack() {
    let server = TestApp::start_with(settings()).await;
    put(&server, Role::Raws, "raws/u1/s1/lost.fit").await;
    put(&server, Role::Stacks, "stacks/u1/M_42/stack_lost.fits").await;
    put(&server, Role::Stacks, "staging/j9/e1/stack.fits").await;
    assert_eq!(server.app.upkeep.sweep().await.unwrap(), Swept { leftovers: 1, orphans: 2 });
    let doomed: Vec<String> =
        server.app.store.doomed(10, HOUR).await.unwrap().into_iter().map(|item| item.key).collect();
    assert_eq!(doomed, ["staging/j9/e1/stack.fits"]);
    let report = server.app.upkeep.fsck(Fsck::default()).await.unwrap();
    assert_eq!(
        report.problems.iter().map(|problem| problem.kind.as_str()).collect::<Vec<_>>(),
        ["orphan"; 2]
    );
    let report = server.app.upkeep.fsck(FIX).await.unwrap();
    assert!(report.is_clean() && report.problems.len() == 2, "{report:?}");
    assert_eq!(server.app.store.doomed(10, HOUR).await.unwrap(), [], "not before the grace time");
}

/// Both roles in one folder: what one of them knows is no orphan of the other.
#[tokio::test(flavor = "multi_thread")]
async fn both_roles_may_live_in_one_place() {
    let server =
        TestApp::start_over(settings(), |blobs| Blobs { raws: blobs.stacks.clone(), stacks: blobs.stacks })
            .await;
    let (user, _) = server.user("ada").await;
    server.stacked(&user, "M 42").await;
    server.queued(&user, "M 43").await;
    put(&server, Role::Stacks, "family/photograph.png").await;
    assert_eq!(server.app.upkeep.sweep().await.unwrap(), Swept::default());
    assert_eq!(server.app.upkeep.fsck(FIX).await.unwrap().problems, []);
}

/// Without a time nobody can say whether an object is an upload whose row comes next.
#[tokio::test(flavor = "multi_thread")]
async fn objects_without_a_time_are_left_alone() {
    let server = TestApp::start_over(settings(), |blobs| Blobs {
        raws: troubled(&blobs.raws, Trouble::NoTimes),
        ..blobs
    })
    .await;
    put(&server, Role::Raws, "raws/u1/s1/coming.fit").await;
    let report = server.app.upkeep.fsck(FIX).await.unwrap();
    assert_eq!((report.problems, pending(&server).await), (vec![], 0));
}

/// A step that fails is told, and the others are taken.
#[tokio::test(flavor = "multi_thread")]
async fn one_failing_step_keeps_no_other_from_its_work() {
    let server = TestApp::start_with(settings()).await;
    put(&server, Role::Raws, "raws/u1/s1/old.fit").await;
    server.app.store.doom(Role::Raws, "raws/u1/s1/old.fit", "deleted", Duration::ZERO).await.unwrap();
    let mut hand = hand(server.folder.path()).await;
    raw_sql("ALTER TABLE upload_sessions RENAME TO away").execute(&mut hand).await.unwrap();
    server.app.upkeep.round().await.unwrap_err();
    assert_eq!(pending(&server).await, 0, "the outbox was emptied all the same");
}

/// A storage that hangs in its deletes: leases end all the same, and other janitors get what this one cannot delete.
#[tokio::test(flavor = "multi_thread")]
async fn a_storage_that_hangs_holds_nobody_up() {
    let mut settings = settings();
    settings.upkeep.every_s = Seconds::new(0);
    settings.jobs.reap_every_s = Seconds::new(0);
    let begun = Arc::new(AtomicUsize::new(0));
    let server = TestApp::start_over(settings, |blobs| Blobs {
        raws: troubled(&blobs.raws, Trouble::DeletesHang(begun.clone())),
        ..blobs
    })
    .await;
    let (user, _) = server.user("ada").await;
    let (_, job) = server.queued(&user, "M 42").await;
    for k in 0..40 {
        let key = format!("raws/u1/s1/{k}.fit");
        server.app.store.doom(Role::Raws, &key, "deleted", Duration::ZERO).await.unwrap();
    }
    let stop = CancellationToken::new();
    let (upkeep, ended) = (server.app.upkeep.clone(), stop.clone());
    let janitor = tokio::spawn(async move { upkeep.run(ended).await });
    let begin = Instant::now();
    while begun.load(Ordering::SeqCst) < 8 {
        assert!(begin.elapsed() < PATIENCE, "the deletes never begin");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let others = server.app.store.doomed(100, HOUR).await.unwrap().len();
    assert_eq!(others, 32, "eight deletes run, no more are hidden");
    claim(&server, job, Duration::from_millis(100)).await;
    let begin = Instant::now();
    while server.app.store.job(job).await.unwrap().unwrap().state != JobState::Ready {
        assert!(begin.elapsed() < PATIENCE, "the lease never ends");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    stop.cancel();
    tokio::time::timeout(PATIENCE, janitor).await.unwrap().unwrap();
}
