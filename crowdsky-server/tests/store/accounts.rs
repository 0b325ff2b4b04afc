//! Users, sessions, failures, worker tokens.

use super::stage::{LONG, SHORT, Stage, token};
use crowdsky_server::store::{Error, NewSession, NewUser, Tier, TokenHash};
use std::time::Duration;

fn hash(n: u8) -> TokenHash {
    [n; 32]
}

async fn session(stage: &Stage, user: crowdsky_server::store::UserId, n: u8, lifetime: Duration) {
    let new = NewSession { user_id: user, token_hash: hash(n), lifetime, user_agent: "x".repeat(500) };
    let session = stage.store.open_session(&new).await.unwrap();
    assert_eq!(session.user_agent.len(), 200);
}

pub(super) async fn u13_names_and_addresses_are_compared_without_case(stage: Stage) {
    let ada = stage.user("Ada").await;
    for (username, email) in [("aDA ", "other@example.org"), ("other", "ADA@example.org")] {
        let twin = NewUser {
            username: username.to_owned(),
            email: email.to_owned(),
            password_hash: String::new(),
            tier: Tier::Free,
            storage_limit: 0,
        };
        assert!(matches!(stage.store.add_user(&twin).await, Err(Error::Conflict(_))));
    }
    assert_eq!(stage.store.user_by_name(" ADA").await.unwrap().unwrap(), ada);
    assert_eq!(stage.store.user_by_email("Ada@Example.ORG").await.unwrap().unwrap(), ada);
    // A name is never looked for among the addresses, nor the other way.
    assert_eq!(stage.store.user_by_email("ada").await.unwrap(), None);
    assert_eq!(stage.store.user_by_name("ada@example.org").await.unwrap(), None);
    assert_eq!(stage.store.users().await.unwrap(), [ada]);
}

pub(super) async fn sessions_end_by_age_by_idleness_and_by_hand(stage: Stage) {
    let user = stage.user("ada").await.id;
    session(&stage, user, 1, LONG).await;
    session(&stage, user, 2, SHORT).await;
    session(&stage, user, 3, LONG).await;
    assert_eq!(stage.store.session(&hash(1), LONG).await.unwrap().unwrap().1.username, "ada");
    assert!(stage.store.session(&hash(9), LONG).await.unwrap().is_none());
    tokio::time::sleep(2 * SHORT).await;
    assert!(stage.store.session(&hash(2), LONG).await.unwrap().is_none(), "past its age");
    assert!(stage.store.session(&hash(1), SHORT).await.unwrap().is_none(), "idle for too long");
    let left = stage.store.sessions(user, LONG).await.unwrap();
    assert_eq!(left.len(), 2);
    let stranger = stage.user("eve").await.id;
    assert!(matches!(stage.store.close_session_of(stranger, left[0].id).await, Err(Error::NotFound(_))));
    stage.store.close_session_of(user, left[0].id).await.unwrap();
    stage.store.close_session(&hash(1)).await.unwrap();
    stage.store.close_session(&hash(1)).await.unwrap();
    assert_eq!(stage.store.sessions(user, LONG).await.unwrap().len(), 0);
}

pub(super) async fn a_new_password_ends_other_sessions(stage: Stage) {
    let user = stage.user("ada").await.id;
    session(&stage, user, 1, LONG).await;
    session(&stage, user, 2, LONG).await;
    stage.store.set_password(user, "new", Some(&hash(1))).await.unwrap();
    assert!(stage.store.session(&hash(1), LONG).await.unwrap().is_some());
    assert!(stage.store.session(&hash(2), LONG).await.unwrap().is_none());
    assert_eq!(stage.store.user(user).await.unwrap().unwrap().password_hash, "new");
    stage.store.set_active(user, false).await.unwrap();
    stage.store.set_active(user, true).await.unwrap();
    assert!(stage.store.session(&hash(1), LONG).await.unwrap().is_none(), "locked out: all sessions end");
}

pub(super) async fn u35_rows_are_printed_without_their_secrets(stage: Stage) {
    let user = stage.user("ada").await;
    stage.queued(&user, 1).await;
    let job = stage.claim("attic", LONG).await.unwrap();
    let printed = format!("{user:?} {job:?}");
    assert!(printed.contains("ada") && printed.contains("attic"), "{printed}");
    for secret in [token(&job), user.password_hash.as_str(), user.email.as_str()] {
        assert!(!printed.contains(secret), "{secret} in {printed}");
    }
}

pub(super) async fn u12_failures_are_counted(stage: Stage) {
    for _ in 0..3 {
        stage.store.note_failure("login:ada").await.unwrap();
    }
    stage.store.note_failure("login:eve").await.unwrap();
    let (count, ago) = stage.store.failures("login:ada", LONG).await.unwrap();
    assert!(count == 3 && ago.unwrap() < Duration::from_secs(30), "{count} {ago:?}");
    tokio::time::sleep(2 * SHORT).await;
    assert_eq!(stage.store.failures("login:ada", SHORT).await.unwrap(), (0, None));
    stage.store.clear_failures("login:ada").await.unwrap();
    assert_eq!(stage.store.failures("login:ada", LONG).await.unwrap(), (0, None));
}

pub(super) async fn worker_tokens_come_and_go(stage: Stage) {
    let worker = stage.store.add_worker("w1", &hash(1)).await.unwrap();
    assert!(matches!(stage.store.add_worker("w1", &hash(2)).await, Err(Error::Conflict(_))));
    assert_eq!(stage.store.worker(&hash(1)).await.unwrap().unwrap().id, worker.id);
    assert!(stage.store.worker(&hash(2)).await.unwrap().is_none());
    // A revoked token takes its leases with it.
    let user = stage.user("ada").await;
    stage.queued(&user, 1).await;
    let mut wish = stage.wish("w1", LONG);
    wish.worker_id = Some(worker.id);
    let job = stage.store.claim(&wish).await.unwrap().pop().unwrap();
    let raw = stage.store.job_files(job.id).await.unwrap()[0].id;
    assert!(stage.store.leased_file(Some(worker.id), raw).await.unwrap().is_some());
    assert!(stage.store.leased_file(None, raw).await.unwrap().is_none(), "another worker's frame");
    stage.store.revoke_worker("w1").await.unwrap();
    assert!(stage.store.worker(&hash(1)).await.unwrap().is_none());
    assert!(stage.store.leased_file(Some(worker.id), raw).await.unwrap().is_none());
    assert!(matches!(stage.store.leased(job.id, token(&job)).await, Err(Error::LeaseLost)));
    assert!(matches!(stage.store.revoke_worker("w1").await, Err(Error::NotFound(_))));
    stage.store.add_worker("w1", &hash(3)).await.unwrap();
    assert_eq!(stage.store.workers().await.unwrap().len(), 2);
}

pub(super) async fn u32_an_erased_user_leaves_nothing(stage: Stage) {
    let (ada, eve) = (stage.user("ada").await, stage.user("eve").await);
    stage.queued(&ada, 2).await;
    stage.queued(&eve, 1).await;
    session(&stage, ada.id, 1, LONG).await;
    let job = stage.claim("w", LONG).await.unwrap();
    let owner = job.user_id;
    stage.store.start_verifying(job.id, token(&job), LONG).await.unwrap();
    let stack = stage.new_stack();
    stage.store.complete(job.id, token(&job), Some(&stack), LONG).await.unwrap();
    stage.store.erase_user(owner).await.unwrap();
    assert!(stage.store.user(owner).await.unwrap().is_none());
    assert!(stage.store.job(job.id).await.unwrap().is_none());
    let doomed = stage.store.doomed(100, LONG).await.unwrap();
    assert!(doomed.iter().any(|item| item.key == stack.fits.key), "its stack goes: {doomed:?}");
    assert_eq!(stage.store.users().await.unwrap().len(), 1);
    stage.rules_hold().await;
}
