//! The outbox, the rules, and what is forgotten.

use super::stage::{LONG, SHORT, Stage, token};
use crowdsky_server::objects::Role;
use crowdsky_server::store::NewSession;
use std::time::Duration;

pub(super) async fn the_outbox_never_touches_what_is_live(stage: Stage) {
    let user = stage.user("ada").await;
    let upload = stage.upload(&user).await;
    let live = stage.file(&upload, "a.fit").await;
    stage.store.doom(Role::Raws, &live.key, "orphan", Duration::ZERO).await.unwrap();
    stage.store.doom(Role::Raws, "raws/gone", "orphan", Duration::ZERO).await.unwrap();
    let doomed = stage.store.doomed(10, LONG).await.unwrap();
    assert_eq!(doomed.iter().map(|item| item.key.as_str()).collect::<Vec<_>>(), ["raws/gone"], "I2");
    assert_eq!(stage.store.doomed(10, LONG).await.unwrap(), [], "hidden from the next janitor");
    stage.store.not_deleted(doomed[0].id, "no answer", SHORT).await.unwrap();
    tokio::time::sleep(2 * SHORT).await;
    let again = stage.store.doomed(10, LONG).await.unwrap();
    assert_eq!((again[0].id, again[0].tries), (doomed[0].id, 1));
    assert!(stage.store.is_known(Role::Raws, "raws/gone").await.unwrap());
    stage.store.deleted(again[0].id).await.unwrap();
    assert!(!stage.store.is_known(Role::Raws, "raws/gone").await.unwrap());
    assert!(stage.store.is_known(Role::Raws, &live.key).await.unwrap());
    let objects = stage.store.live_objects(Role::Raws, "", 10).await.unwrap();
    assert_eq!(objects.iter().map(|live| &live.object.key).collect::<Vec<_>>(), [&live.key]);
    assert_eq!(stage.store.live_objects(Role::Raws, &live.key, 10).await.unwrap(), []);
    assert_eq!(stage.store.outbox().await.unwrap().pending, 0, "what is live is on the list no more");
}

pub(super) async fn rules_hold_and_broken_ones_are_found(stage: Stage) {
    let user = stage.user("ada").await;
    stage.queued(&user, 2).await;
    stage.rules_hold().await;
    assert_eq!(stage.store.recount_storage().await.unwrap(), 0);
    assert_eq!(stage.store.prune(Duration::ZERO).await.unwrap(), 0, "nothing that is over");
}

pub(super) async fn u32_a_row_without_its_user_is_found(stage: Stage) {
    let user = stage.user("ada").await;
    stage.queued(&user, 1).await;
    let job = stage.claim("w", LONG).await.unwrap();
    stage.store.complete(job.id, token(&job), Some(&stage.new_stack()), LONG).await.unwrap();
    stage.rules_hold().await;
    stage.by_hand("DELETE FROM users").await;
    let mut broken: Vec<String> =
        stage.store.broken_rules().await.unwrap().into_iter().map(|broken| broken.detail).collect();
    broken.sort();
    assert_eq!(
        broken,
        [
            "a job whose user is gone: 1",
            "a raw frame whose user is gone: 1",
            "a stack whose user is gone: 1",
            "an upload session whose user is gone: 1",
        ]
    );
}

pub(super) async fn what_is_over_is_forgotten(stage: Stage) {
    let user = stage.user("ada").await;
    // More than one transaction takes.
    let upload = stage.upload(&user).await;
    let jobs: Vec<_> = (0..250).map(|_| stage.new_job(&[])).collect();
    for job in stage.store.enqueue(user.id, upload.id, &jobs).await.unwrap() {
        stage.store.delete_job(user.id, job, LONG).await.unwrap();
    }
    let (_, kept) = stage.queued(&user, 2).await;
    stage.claim("w", LONG).await.unwrap();
    stage.store.note_failure("login:ada").await.unwrap();
    for (k, lifetime) in [SHORT, LONG].into_iter().enumerate() {
        let new =
            NewSession { user_id: user.id, token_hash: [k as u8; 32], lifetime, user_agent: String::new() };
        stage.store.open_session(&new).await.unwrap();
    }
    tokio::time::sleep(2 * SHORT).await;
    assert_eq!(stage.store.prune(LONG).await.unwrap(), 0, "not yet");
    assert_eq!(stage.store.prune(Duration::ZERO).await.unwrap(), 252);
    assert_eq!(stage.store.prune(Duration::ZERO).await.unwrap(), 0);
    assert_eq!(stage.store.jobs_of_upload(user.id, upload.id).await.unwrap(), []);
    assert_eq!(stage.store.sessions(user.id, LONG).await.unwrap().len(), 1);
    assert_eq!(
        (stage.store.job_files(kept).await.unwrap().len(), stage.store.attempts(kept).await.unwrap().len()),
        (2, 1)
    );
    stage.rules_hold().await;
}
